package paxoscommit

import (
	"cmp"
	"slices"

	"quorumlab/protocols"
	"quorumlab/protocols/commitment"
	"quorumlab/protocols/resource"
)

// The coordinator must bring all resource managers to propose, and learns from the
// acceptors what is chosen. It keeps nothing on disk: what it decides is chosen.

// watermark returns the count below which all that the node has begun in this
// life is over; what it began in earlier lives it no longer coordinates.
func (n *Node) watermark() uint64 {
	at, _ := n.Leads.Place(resource.NewID(n.Self, 1))
	for ; at < len(n.Leads) && n.Coordinates(n.Leads[at].Transaction); at++ {
		if count := n.Leads[at].Transaction.Count(); count >= n.Born {
			return count
		}
	}
	return n.Numbers.Next
}

// Begin implements commitment.Protocol.
func (n *Node) Begin(id resource.ID, errand commitment.Errand, out *protocols.Effects) {
	undertaking := errand.Undertaking()
	out.Note(protocols.Note{Kind: protocols.Begun, Slot: uint64(id), Value: undertaking})
	l := n.Leads.Add(Lead{
		Lead: commitment.Lead{Transaction: id, Errand: errand}, Managers: resource.Voters(errand.Parts),
	})
	n.Store.Advance(n.Self, n.watermark())
	n.forgetBelow(n.Self, n.watermark(), n.Born, out)
	switch {
	case len(undertaking.Participants) == 1:
		n.enter(l, Performing, undertaking.Participants, out)
	case errand.Mixed():
		n.enter(l, Executing, undertaking.Participants, out)
	default:
		n.enter(l, Preparing, l.Managers, out)
	}
}

// enter begins a phase, in which some must answer.
func (n *Node) enter(l *Lead, phase commitment.Phase, awaited []protocols.NodeID, out *protocols.Effects) {
	l.Enter(phase, awaited)
	l.Heard = nil
	n.askAgain(l, out)
}

// askAgain asks all that have not answered.
func (n *Node) askAgain(l *Lead, out *protocols.Effects) {
	for _, to := range l.Awaited {
		n.ask(l, to, out)
	}
	l.AskLater(n.Settings.Patience, out)
}

// ask sends somebody what the phase is about.
func (n *Node) ask(l *Lead, to protocols.NodeID, out *protocols.Effects) {
	id := l.Transaction
	switch l.Phase {
	case Performing:
		n.Send(to, Perform{Request: l.Errand.RequestTo(id, to), Watermark: n.watermark()}, out)
	case Executing:
		n.Send(to, Execute{Request: l.Errand.RequestTo(id, to), Watermark: n.watermark()}, out)
	case Releasing, Preparing:
		n.Send(to, Prepare{
			Request: l.Errand.RequestTo(id, to), Watermark: n.watermark(), Born: n.Born, Managers: l.Managers, Executed: l.Errand.Mixed(),
		}, out)
	case Promising:
		n.Send(to, Phase1a{Transaction: id, Managers: l.Managers, Ballot: l.Ballot}, out)
	case Accepting:
		n.Send(to, Phase2a{Transaction: id, Managers: l.Managers, Ballot: l.Ballot, Values: l.Values}, out)
	case Telling:
		n.Send(to, Decide{Transaction: id, Decision: l.Decision, Answer: n.Coordinates(id)}, out)
	}
}

// readers returns the participants that change nothing.
func (l *Lead) readers() []protocols.NodeID {
	return slices.DeleteFunc(resource.Nodes(l.Errand.Parts), func(node protocols.NodeID) bool {
		return slices.Contains(l.Managers, node)
	})
}

func (n *Node) onLeadDue(id resource.ID, out *protocols.Effects) {
	l := n.Leads.Find(id)
	if l == nil {
		return
	}
	l.Rounds = min(l.Rounds+1, n.Settings.TimeoutTicks) // more make no difference
	if l.Rounds >= n.Settings.TimeoutTicks {
		switch l.Phase {
		case Executing, Releasing:
			n.cancelled(l, 0, out)
			return
		case Preparing:
			l.Errand.Refusal = cmp.Or(l.Errand.Refusal, protocols.Aborted)
			n.recover(l, out)
			return
		case Promising, Accepting, Waiting:
			n.retry(l, out)
			return
		}
	}
	n.askAgain(l, out)
}

// onPerformed tells the client what the only participant has done.
func (n *Node) onPerformed(from protocols.NodeID, m Performed, out *protocols.Effects) {
	l := n.Leads.Find(m.Transaction)
	if l == nil || l.Phase != Performing || !l.Answered(from) {
		return
	}
	l.Errand.TellAlone(m.Answer, out)
	n.Leads.Drop(m.Transaction, commitment.TimerLead, out)
}

// onExecuted goes on when all have executed, and so hold their locks: first those
// who have only read may give them up. Their votes must be known before others
// are asked: from then on it is the managers' instances that decide.
func (n *Node) onExecuted(from protocols.NodeID, m Executed, out *protocols.Effects) {
	l := n.Leads.Find(m.Transaction)
	if l == nil || l.Phase != Executing || !l.Answered(from) {
		return
	}
	l.Errand.Keep(from, m.Answer)
	switch {
	case m.Vote == resource.No && !m.Answer.Earlier:
		n.cancelled(l, from, out)
	case len(l.Awaited) > 0:
	case l.Errand.Earlier > 0:
		n.cancelled(l, from, out)
	default:
		n.enter(l, Releasing, l.readers(), out)
	}
}

// onVoted hears of a NO, or of one who has only read.
func (n *Node) onVoted(from protocols.NodeID, m Voted, out *protocols.Effects) {
	l := n.Leads.Find(m.Transaction)
	if l == nil || l.Phase != Releasing && l.Phase != Preparing || !l.Answered(from) {
		return
	}
	if m.Vote == resource.No {
		l.Errand.Keep(from, m.Answer)
		if !m.Answer.Earlier || len(l.Awaited) == 0 {
			n.cancelled(l, from, out)
		}
		return
	}
	if l.Phase == Releasing && len(l.Awaited) == 0 {
		if len(l.Managers) > 0 {
			n.enter(l, Preparing, l.Managers, out)
		} else {
			n.conclude(l, resource.Commit, out)
		}
	}
}

// conclude tells what is decided: the client first, then the managers.
func (n *Node) conclude(l *Lead, decision resource.Decision, out *protocols.Effects) {
	id := l.Transaction
	l.Decision = decision
	told := l.Managers
	if n.Coordinates(id) {
		commitment.NoteDecision(id, decision, out)
		l.Errand.Tell(l.Decision, out)
		if decision == resource.Abort {
			told = append(l.readers(), told...) // who have only read hold locks, perhaps
		}
	} else if at, found := slices.BinarySearch(told, id.Coordinator()); !found {
		told = slices.Insert(slices.Clone(told), at, id.Coordinator())
	}
	faster := n.Settings.Faster && l.Phase == Preparing
	l.Enter(Telling, told)
	l.Heard = nil
	for _, to := range told {
		if !faster || to == n.Self { // the acceptors have told the others
			n.ask(l, to, out)
		}
	}
	l.AskLater(n.Settings.Patience, out)
	if !n.Coordinates(id) || len(told) == 0 {
		n.Leads.Drop(id, commitment.TimerLead, out)
	}
}

// cancelled ends a transaction that cannot be committed any more: a manager will
// never be prepared, or none was asked to be. Abort is the only thing that can be
// chosen then, so nobody needs to know of it for ever, and nobody acknowledges it.
func (n *Node) cancelled(l *Lead, no protocols.NodeID, out *protocols.Effects) {
	id := l.Transaction
	l.Decision = resource.Abort
	commitment.NoteDecision(id, resource.Abort, out)
	l.Errand.Tell(l.Decision, out)
	for _, node := range resource.Nodes(l.Errand.Parts) {
		if node != no {
			n.Send(node, Decide{Transaction: id, Decision: resource.Abort}, out)
		}
	}
	n.Leads.Drop(id, commitment.TimerLead, out)
}

func (n *Node) onDone(from protocols.NodeID, m Done, out *protocols.Effects) {
	l := n.Leads.Find(m.Transaction)
	if l == nil || l.Phase != Telling || !l.Answered(from) || len(l.Awaited) > 0 {
		return
	}
	n.Leads.Drop(m.Transaction, commitment.TimerLead, out)
}
