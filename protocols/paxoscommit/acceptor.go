package paxoscommit

import (
	"slices"

	"quorumlab/protocols"
	"quorumlab/protocols/commitment"
	"quorumlab/protocols/resource"
)

// An acceptor deals with all instances of a transaction as with one: a promise
// and an acceptance are one record, and one message, for all of them. In ballot 0
// it waits until all managers have proposed. It must not forget a transaction
// while somebody may still ask what became of it.

// Promised is the record that the acceptor takes part in a ballot.
type Promised struct {
	Transaction resource.ID
	Managers    []protocols.NodeID
	Ballot      Ballot
}

// Accepted is the record that it has accepted a value in each instance.
type Accepted struct {
	Transaction resource.ID
	Managers    []protocols.NodeID
	Ballot      Ballot
	Values      []Value
}

// Forgotten is the record that the acceptor need not remember a transaction any
// more. It is not forced: it would ask again.
type Forgotten struct{ Transaction resource.ID }

// learn returns what the acceptor knows of a transaction, which may be nothing so
// far. It returns nil if the node is no acceptor of it.
func (n *Node) learn(id resource.ID, managers []protocols.NodeID, out *protocols.Effects) *Acceptance {
	if !slices.Contains(n.Settings.acceptors(id), n.Self) {
		return nil
	}
	known := n.Acceptances.Find(id)
	if known == nil {
		known = n.Acceptances.Add(Acceptance{Transaction: id, Managers: managers, Floor: n.floor(id)})
		n.settleLater(id, out)
	}
	return known
}

func (n *Node) settleLater(id resource.ID, out *protocols.Effects) {
	patience := 4 * n.Settings.Timeout()
	out.SetTimer(commitment.TimerOf(timerSettle, id), patience, patience+n.Settings.Timeout())
}

// onOffered takes a manager's own proposal, and accepts when all have proposed.
func (n *Node) onOffered(from protocols.NodeID, m Offered, out *protocols.Effects) {
	id := m.Transaction
	n.forgetBelow(id.Coordinator(), m.Watermark, m.Born, out)
	if n.Coordinates(id) {
		// The coordinator accepts only for what it is still waiting for, lest
		// a late vote commit what it has aborted.
		if l := n.Leads.Find(id); l == nil || l.Phase != Preparing {
			return
		}
	}
	a := n.learn(id, m.Managers, out)
	switch {
	case a == nil || a.bound() > 0 || !slices.Contains(a.Managers, from):
		return
	case a.Values != nil:
		n.tellAccepted(a, out)
		return
	}
	if slices.ContainsFunc(a.Offers, func(o Offer) bool { return o.Manager == from }) {
		return
	}
	a.Offers = append(a.Offers, Offer{Manager: from, Answer: m.Answer})
	if len(a.Offers) < len(a.Managers) {
		return
	}
	slices.SortFunc(a.Offers, func(x, y Offer) int { return int(x.Manager) - int(y.Manager) })
	a.Values = slices.Repeat([]Value{Prepared}, len(a.Managers))
	n.forceAcceptance(a, Accepted{Transaction: id, Managers: a.Managers, Values: a.Values}, whatAccepted, out)
	n.tellAccepted(a, out)
}

// tellAccepted tells the leader what was accepted in its ballot; in ballot 0 that
// is the coordinator, and with Faster Paxos Commit all managers.
func (n *Node) tellAccepted(a *Acceptance, out *protocols.Effects) {
	id := a.Transaction
	m := Phase2b{Transaction: id, Ballot: a.Ballot, Values: a.Values}
	if a.Ballot > 0 {
		n.Say(&a.Pending, a.Ballot.Leader(), m, out)
		return
	}
	for _, o := range a.Offers {
		m.Answers = append(m.Answers, o.Answer)
	}
	n.Say(&a.Pending, id.Coordinator(), m, out)
	if !n.Settings.Faster {
		return
	}
	m.Answers = nil
	for _, manager := range a.Managers {
		if manager != id.Coordinator() {
			n.Say(&a.Pending, manager, m, out)
		}
	}
}

// onPhase1a promises to take part in a ballot, and in no lower one.
func (n *Node) onPhase1a(from protocols.NodeID, m Phase1a, out *protocols.Effects) {
	a := n.learn(m.Transaction, m.Managers, out)
	switch {
	case a == nil:
		return
	case m.Ballot < a.bound():
		n.Say(&a.Pending, from, Higher{Transaction: m.Transaction, Ballot: a.bound()}, out)
		return
	case m.Ballot > a.Promised:
		a.Promised = m.Ballot
		n.forceAcceptance(a, Promised{Transaction: m.Transaction, Managers: a.Managers, Ballot: m.Ballot}, whatPromised, out)
	}
	n.Say(&a.Pending, from, Phase1b{Transaction: m.Transaction, Ballot: m.Ballot, Accepted: a.Ballot, Values: a.Values}, out)
}

// onPhase2a accepts what a leader proposes.
func (n *Node) onPhase2a(from protocols.NodeID, m Phase2a, out *protocols.Effects) {
	a := n.learn(m.Transaction, m.Managers, out)
	switch {
	case a == nil:
		return
	case m.Ballot < a.bound():
		n.Say(&a.Pending, from, Higher{Transaction: m.Transaction, Ballot: a.bound()}, out)
		return
	case a.Values == nil || a.Ballot < m.Ballot:
		a.Promised, a.Ballot, a.Values = m.Ballot, m.Ballot, m.Values
		record := Accepted{Transaction: m.Transaction, Managers: a.Managers, Ballot: m.Ballot, Values: m.Values}
		n.forceAcceptance(a, record, whatAccepted, out)
	}
	n.tellAccepted(a, out)
}

// forceAcceptance writes a promise, or an acceptance of values.
func (n *Node) forceAcceptance(a *Acceptance, record protocols.Record, what string, out *protocols.Effects) {
	n.Force(&a.Pending, a.Transaction, record, what, out)
	u := Undertaken{Ballot: a.Promised, Mark: a.Mark}
	if what == whatAccepted {
		u.Ballot, u.Values = a.Ballot, a.Values
	}
	a.Underway = append(a.Underway, u)
}

// onAcceptanceForced tells of a promise or an acceptance that is on disk.
func (n *Node) onAcceptanceForced(a *Acceptance, out *protocols.Effects) {
	if len(a.Underway) > 0 && a.Underway[0].Mark <= n.Written {
		a.note(a.Underway[0].Ballot, a.Underway[0].Values, out)
		a.Underway = a.Underway[1:]
	}
	n.Release(&a.Pending, out)
}

// note tells of the promise of a ballot, or of the acceptance of values in it.
func (a *Acceptance) note(ballot Ballot, values []Value, out *protocols.Effects) {
	for i, manager := range a.Managers {
		note := protocols.Note{Kind: protocols.Promised, Term: uint64(ballot), Slot: instance(a.Transaction, manager)}
		if values != nil {
			note.Kind, note.Value = protocols.Accepted, values[i]
		}
		out.Note(note)
	}
}

// noteKept tells at boot of what the disk kept: the last of it may have got there
// without the node's knowing, just before it crashed.
func (a *Acceptance) noteKept(out *protocols.Effects) {
	if a.Values != nil {
		a.note(a.Ballot, a.Values, out)
	}
	if a.Promised > 0 {
		a.note(a.Promised, nil, out)
	}
}

// forgetBelow forgets the transactions of a coordinator that are over at all
// resource managers, of those that it began in its present life.
func (n *Node) forgetBelow(coordinator protocols.NodeID, watermark, born uint64, out *protocols.Effects) {
	from, _ := n.Acceptances.Place(resource.NewID(coordinator, max(born, 1)))
	to, _ := n.Acceptances.Place(resource.NewID(coordinator, max(watermark, 1)))
	for i := from; i < to; i++ {
		n.forget(&n.Acceptances[i], out)
	}
	if from < to {
		n.Acceptances = slices.Delete(n.Acceptances, from, to)
	}
}

func (n *Node) forget(a *Acceptance, out *protocols.Effects) {
	if a.Promised > 0 || a.Values != nil {
		n.Journal.Keep(Forgotten{Transaction: a.Transaction})
	}
	n.raiseFloor(a)
	out.CancelTimer(commitment.TimerOf(timerSettle, a.Transaction))
}

// raiseFloor keeps in mind what was promised in a transaction that is forgotten. A
// leader's message may still be on its way: it must not get a promise of a lower
// ballot, as if there had been none.
func (n *Node) raiseFloor(a *Acceptance) {
	if a.bound() == 0 {
		return
	}
	coordinator := a.Transaction.Coordinator()
	at := slices.IndexFunc(n.Floors, func(f Floor) bool { return f.Coordinator == coordinator })
	if at < 0 {
		at = len(n.Floors)
		n.Floors = append(n.Floors, Floor{Coordinator: coordinator})
	}
	f := &n.Floors[at]
	f.Count, f.Ballot = max(f.Count, a.Transaction.Count()), max(f.Ballot, a.bound())
}

// floor returns the ballot below which nothing is promised in a transaction of which
// the acceptor knows nothing (any more).
func (n *Node) floor(id resource.ID) Ballot {
	for _, f := range n.Floors {
		if f.Coordinator == id.Coordinator() && id.Count() <= f.Count {
			return f.Ballot
		}
	}
	return 0
}

// bound returns the ballot below which the acceptor takes part in none.
func (a *Acceptance) bound() Ballot { return max(a.Promised, a.Floor) }

// onSettleDue asks those concerned if they are done with a transaction. Its
// coordinator should long have said so of itself: it has failed since.
func (n *Node) onSettleDue(id resource.ID, out *protocols.Effects) {
	a := n.Acceptances.Find(id)
	if a == nil {
		return
	}
	if a.Promised == 0 && a.Values == nil {
		// Nothing is on disk: nothing was said that could be relied on.
		n.Acceptances.Remove(id)
		return
	}
	n.settleLater(id, out)
	for _, node := range a.concerned() {
		if !slices.Contains(a.Settled, node) {
			n.Send(node, Forgettable{Transaction: id, Manager: slices.Contains(a.Managers, node)}, out)
		}
	}
}

// concerned returns who may still ask what became of the transaction: the managers,
// and the coordinator, which may have stood still and lead it yet.
func (a *Acceptance) concerned() []protocols.NodeID {
	coordinator := a.Transaction.Coordinator()
	at, found := slices.BinarySearch(a.Managers, coordinator)
	if found {
		return a.Managers
	}
	return slices.Insert(slices.Clone(a.Managers), at, coordinator)
}

func (n *Node) onSettled(from protocols.NodeID, m Settled, out *protocols.Effects) {
	a := n.Acceptances.Find(m.Transaction)
	if a == nil || slices.Contains(a.Settled, from) || !slices.Contains(a.concerned(), from) {
		return
	}
	a.Settled = append(a.Settled, from)
	if len(a.Settled) == len(a.concerned()) && a.Mark <= n.Written {
		n.forget(a, out)
		n.Acceptances.Remove(m.Transaction)
	}
}
