package paxoscommit

import (
	"slices"

	"quorumlab/protocols"
	"quorumlab/protocols/commitment"
	"quorumlab/protocols/resource"
)

// Recovery, of a transaction whose coordinator is not heard of, is Paxos: whoever
// leads a higher ballot proposes what a quorum of acceptors may have chosen, and
// abort where nothing can have been. Any manager may lead; no two ballots are equal.

// Enrolled is the record that comes with resource.Prepared: who the managers are.
type Enrolled struct {
	Transaction resource.ID
	Managers    []protocols.NodeID
}

// Led is the record that a manager leads a ballot, so that it never leads it again.
type Led struct {
	Transaction resource.ID
	Ballot      Ballot
}

// Table is what a snapshot holds beside the store: the transactions in doubt, and
// what the node has accepted, or may have promised.
type Table struct {
	Processes   []Process
	Acceptances []Acceptance
	Floors      []Floor
}

// recover leads the transaction in a higher ballot.
func (n *Node) recover(l *Lead, out *protocols.Effects) {
	p := n.Processes.Find(l.Transaction)
	decision, _ := n.Store.IsOver(l.Transaction)
	if p != nil && p.State.Decided() {
		decision = p.State.Decision()
	}
	if decision != resource.Undecided { // the node's own part has been told
		n.conclude(l, decision, out)
		return
	}
	highest := max(l.Ballot, l.Highest)
	if p != nil {
		highest = max(highest, p.Ballot)
	}
	l.Ballot, l.Latest, l.Values = highest.After(n.Self), 0, nil
	out.Note(protocols.Note{Kind: Recovering, Term: uint64(l.Ballot), Slot: uint64(l.Transaction)})
	if p == nil || p.State != Ready {
		// The coordinator, whose next life will not know the transaction.
		n.enter(l, Promising, n.Settings.acceptors(l.Transaction), out)
		return
	}
	p.Ballot = l.Ballot
	n.Force(&p.Pending, p.Transaction, Led{Transaction: l.Transaction, Ballot: l.Ballot}, whatLed, out)
	n.enter(l, Waiting, nil, out)
}

// onLed begins the ballot that is on disk now, unless the manager has been told.
func (n *Node) onLed(p *Process, out *protocols.Effects) {
	if l := n.Leads.Find(p.Transaction); l != nil && l.Phase == Waiting && l.Ballot == p.Ballot && p.State == Ready && p.Mark <= n.Written {
		n.enter(l, Promising, n.Settings.acceptors(l.Transaction), out)
	}
}

// retry gives a ballot up in which too few acceptors answer. The coordinator goes
// on with another one; a manager is patient for a while.
func (n *Node) retry(l *Lead, out *protocols.Effects) {
	if n.Coordinates(l.Transaction) {
		n.recover(l, out)
	} else {
		n.Leads.Drop(l.Transaction, commitment.TimerLead, out)
	}
}

// onHigher gives way to a higher ballot.
func (n *Node) onHigher(m Higher, out *protocols.Effects) {
	l := n.Leads.Find(m.Transaction)
	if l == nil || m.Ballot <= l.Ballot || l.Phase != Promising && l.Phase != Accepting {
		return
	}
	l.Highest = max(l.Highest, m.Ballot)
	if n.Coordinates(l.Transaction) {
		n.enter(l, Waiting, nil, out)
		return
	}
	if p := n.Processes.Find(l.Transaction); p != nil {
		p.Ballot = max(p.Ballot, m.Ballot)
	}
	n.Leads.Drop(m.Transaction, commitment.TimerLead, out)
}

// onPhase1b proposes when a quorum of acceptors has promised.
func (n *Node) onPhase1b(from protocols.NodeID, m Phase1b, out *protocols.Effects) {
	l := n.Leads.Find(m.Transaction)
	if l == nil || l.Phase != Promising || m.Ballot != l.Ballot || !l.Answered(from) {
		return
	}
	l.Heard = append(l.Heard, from)
	if m.Values != nil && (l.Values == nil || m.Accepted > l.Latest) {
		l.Latest, l.Values = m.Accepted, m.Values
	}
	if len(l.Heard) < n.Settings.quorum() {
		return
	}
	if l.Values == nil {
		l.Values = slices.Repeat([]Value{Aborted}, len(l.Managers))
	}
	for i, manager := range l.Managers {
		out.Note(protocols.Note{
			Kind: protocols.Proposed, Term: uint64(l.Ballot), Slot: instance(l.Transaction, manager), Value: l.Values[i],
		})
	}
	n.enter(l, Accepting, n.Settings.acceptors(l.Transaction), out)
}

// onPhase2b learns what is chosen, when a quorum of acceptors has accepted it in
// one ballot.
func (n *Node) onPhase2b(from protocols.NodeID, m Phase2b, out *protocols.Effects) {
	l := n.Leads.Find(m.Transaction)
	if l == nil {
		n.learnFaster(from, m, out)
		return
	}
	for i := range m.Answers {
		l.Errand.Keep(l.Managers[i], m.Answers[i])
	}
	first := l.Phase == Preparing && m.Ballot == 0
	if !first && (l.Phase != Accepting || m.Ballot != l.Ballot) || slices.Contains(l.Heard, from) {
		return
	}
	l.Heard = append(l.Heard, from)
	l.Answered(from)
	if len(l.Heard) >= n.Settings.quorum() {
		n.conclude(l, n.chosen(m.Transaction, l.Managers, m, out), out)
	}
}

// chosen notes what is chosen, and returns what it comes to: commit if all
// managers are prepared.
func (n *Node) chosen(id resource.ID, managers []protocols.NodeID, m Phase2b, out *protocols.Effects) resource.Decision {
	for i, manager := range managers {
		out.Note(protocols.Note{
			Kind: protocols.Chosen, Term: uint64(m.Ballot), Slot: instance(id, manager), Value: m.Values[i],
		})
	}
	if slices.Contains(m.Values, Aborted) {
		return resource.Abort
	}
	return resource.Commit
}

// learnFaster lets a manager learn from the acceptors themselves (Faster Paxos
// Commit).
func (n *Node) learnFaster(from protocols.NodeID, m Phase2b, out *protocols.Effects) {
	p := n.Processes.Find(m.Transaction)
	if p == nil || p.State != Ready || m.Ballot != 0 || slices.Contains(p.Heard, from) {
		return
	}
	p.Heard = append(p.Heard, from)
	if len(p.Heard) >= n.Settings.quorum() {
		n.decide(p, n.chosen(m.Transaction, p.Managers, m, out), out)
		n.Say(&p.Pending, m.Transaction.Coordinator(), Done{Transaction: m.Transaction, Decision: p.State.Decision()}, out)
	}
}

// Recover implements commitment.Protocol.
func (n *Node) Recover(found resource.Recovered, disk protocols.Disk, out *protocols.Effects) {
	n.Born = n.Numbers.Next
	table, _ := found.Protocol.(Table)
	for _, p := range table.Processes {
		n.Processes.Add(p)
	}
	n.Acceptances, n.Floors = slices.Clone(table.Acceptances), slices.Clone(table.Floors)
	for _, record := range found.Records {
		n.replay(record, out)
	}
	n.sift(disk, out)
	n.Reserve(out)
	for i := range n.Acceptances {
		n.Acceptances[i].noteKept(out)
		n.settleLater(n.Acceptances[i].Transaction, out)
	}
	for i := range n.Processes {
		p := &n.Processes[i]
		n.watch(p, out)
		n.onPrepared(p, n.Settings.acceptors(p.Transaction), out)
	}
}

func (n *Node) replay(record protocols.Record, out *protocols.Effects) {
	switch r := record.(type) {
	case Enrolled:
		if n.Processes.Find(r.Transaction) == nil {
			n.Processes.Add(Process{
				Share:    commitment.Share{Transaction: r.Transaction, State: Ready, Task: commitment.TaskVote},
				Managers: r.Managers,
			})
		}
	case Led:
		if p := n.Processes.Find(r.Transaction); p != nil {
			p.Ballot = max(p.Ballot, r.Ballot)
		}
	case Promised:
		if a := n.learn(r.Transaction, r.Managers, out); a != nil {
			a.Promised = max(a.Promised, r.Ballot)
		}
	case Accepted:
		if a := n.learn(r.Transaction, r.Managers, out); a != nil {
			a.Promised, a.Ballot, a.Values = max(a.Promised, r.Ballot), r.Ballot, r.Values
		}
	case Forgotten:
		if a := n.Acceptances.Find(r.Transaction); a != nil {
			n.raiseFloor(a)
		}
		n.Acceptances.Remove(r.Transaction)
	}
}

// sift keeps, of what the disk tells, the transactions in doubt. Perhaps the node
// failed before it could say what it had just written down: now it says so.
func (n *Node) sift(disk protocols.Disk, out *protocols.Effects) {
	n.Processes = slices.DeleteFunc(n.Processes, func(p Process) bool {
		if decision := commitment.Resolved(disk.Log, p.Transaction); decision != resource.Undecided {
			commitment.NoteDecision(p.Transaction, decision, out)
		}
		_, branch := n.Store.Branches[p.Transaction]
		return !branch
	})
}

// Table implements commitment.Protocol.
func (n *Node) Table() protocols.Record {
	table := Table{Floors: slices.Clone(n.Floors)}
	for _, p := range n.Processes {
		// The record of a decision that is on its way to the disk stays in the log.
		if p.State != commitment.Working && len(p.Managers) > 0 {
			p.Share, p.Heard = p.ToKeep(), nil
			table.Processes = append(table.Processes, p)
		}
	}
	for _, a := range n.Acceptances {
		if a.Promised > 0 || a.Values != nil {
			a.Offers, a.Settled, a.Pending, a.Underway = nil, nil, commitment.Pending{}, nil
			table.Acceptances = append(table.Acceptances, a)
		}
	}
	return table
}
