package threepc

import (
	"cmp"
	"slices"

	"quorumlab/protocols"
	"quorumlab/protocols/commitment"
	"quorumlab/protocols/resource"
)

// The coordinator must bring all processes to vote, then to know that all have
// voted YES, and only then commit: three round trips.

// watermark returns the count below which all the node's own transactions are
// over. Those of an earlier life of which the disk says nothing are: nobody can
// have precommitted without this node's own YES.
func (n *Node) watermark() uint64 {
	at, _ := n.Leads.Place(resource.NewID(n.Self, 1))
	if at < len(n.Leads) && n.Coordinates(n.Leads[at].Transaction) {
		return n.Leads[at].Transaction.Count()
	}
	return n.Numbers.Next
}

// Begin implements commitment.Protocol.
func (n *Node) Begin(id resource.ID, errand commitment.Errand, out *protocols.Effects) {
	l := Lead{Lead: commitment.Lead{Transaction: id, Ballot: first(id), Errand: errand}}
	l.Cohort = resource.Voters(errand.Parts)
	if at, found := slices.BinarySearch(l.Cohort, n.Self); !found && len(l.Cohort) > 0 {
		l.Cohort = slices.Insert(l.Cohort, at, n.Self)
	}
	undertaking := errand.Undertaking()
	out.Note(protocols.Note{Kind: protocols.Begun, Slot: uint64(id), Value: undertaking})
	at := n.Leads.Add(l)
	n.Store.Advance(n.Self, n.watermark())
	switch {
	case len(undertaking.Participants) == 1:
		n.enter(at, Performing, undertaking.Participants, out)
	case errand.Mixed():
		n.enter(at, Executing, undertaking.Participants, out)
	default:
		n.enter(at, Voting, at.Cohort, out)
	}
}

// enter begins a phase, in which some must answer.
func (n *Node) enter(l *Lead, phase commitment.Phase, awaited []protocols.NodeID, out *protocols.Effects) {
	l.Enter(phase, awaited)
	if phase == Deposed {
		out.CancelTimer(commitment.TimerOf(commitment.TimerLead, l.Transaction))
		return
	}
	n.askAgain(l, out)
}

// askAgain asks all that have not answered, and sees to it that they will be
// asked once more.
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
	case Voting:
		n.Send(to, CanCommit{
			Request: l.Errand.RequestTo(id, to), Watermark: n.watermark(), Cohort: l.Cohort, Executed: l.Errand.Mixed() && l.Errand.PartOf(to) >= 0,
		}, out)
	case Polling:
		n.Send(to, Poll{Transaction: id, Ballot: l.Ballot}, out)
	case Moving:
		if l.Target == Precommitted {
			n.Send(to, PreCommit{Transaction: id, Ballot: l.Ballot, Up: l.Group}, out)
		} else {
			n.Send(to, PreAbort{Transaction: id, Ballot: l.Ballot}, out)
		}
	case Telling:
		if l.Decision == resource.Commit {
			n.Send(to, DoCommit{Transaction: id, Answer: n.Coordinates(id)}, out)
		} else {
			n.Send(to, DoAbort{Transaction: id, Answer: n.Coordinates(id)}, out)
		}
	}
}

func (n *Node) onLeadDue(id resource.ID, out *protocols.Effects) {
	l := n.Leads.Find(id)
	if l == nil {
		return
	}
	l.Rounds = min(l.Rounds+1, n.Settings.TimeoutTicks) // more make no difference
	if l.Rounds >= n.Settings.TimeoutTicks {
		switch l.Phase {
		case Executing, Voting:
			l.Errand.Refusal = cmp.Or(l.Errand.Refusal, protocols.Aborted)
			n.conclude(l, resource.Abort, out)
			return
		case Polling:
			n.judge(l, out)
			return
		case Moving:
			if n.onSilent(l, out) {
				return
			}
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

// onExecuted goes on to the vote when all have executed, and so hold their locks.
func (n *Node) onExecuted(from protocols.NodeID, m Executed, out *protocols.Effects) {
	l := n.Leads.Find(m.Transaction)
	if l == nil || l.Phase != Executing || !l.Answered(from) {
		return
	}
	l.Errand.Keep(from, m.Answer)
	switch {
	case m.Vote == resource.No && !m.Answer.Earlier:
		n.conclude(l, resource.Abort, out)
	case len(l.Awaited) > 0:
	case l.Errand.Earlier > 0:
		n.conclude(l, resource.Abort, out)
	default:
		n.enter(l, Voting, l.everybody(), out)
	}
}

// everybody returns the participants and the cohort, in growing order.
func (l *Lead) everybody() []protocols.NodeID {
	nodes := append(resource.Nodes(l.Errand.Parts), l.Cohort...)
	slices.Sort(nodes)
	return slices.Compact(nodes)
}

// onVote precommits when all have voted, and aborts when one has voted NO.
func (n *Node) onVote(from protocols.NodeID, m Vote, out *protocols.Effects) {
	l := n.Leads.Find(m.Transaction)
	if l == nil || l.Phase != Voting || !l.Answered(from) {
		return
	}
	if m.Vote == resource.No || m.Answer.Results != nil { // else what Executed told
		l.Errand.Keep(from, m.Answer)
	}
	switch {
	case m.Vote == resource.No && !m.Answer.Earlier:
		n.conclude(l, resource.Abort, out)
	case len(l.Awaited) > 0:
	case l.Errand.Earlier > 0: // all are waited for, to tell the first answers
		n.conclude(l, resource.Abort, out)
	case len(l.Cohort) == 0: // all have only read
		commitment.NoteDecision(l.Transaction, resource.Commit, out)
		l.Decision = resource.Commit
		l.Errand.Tell(l.Decision, out)
		n.Leads.Drop(l.Transaction, commitment.TimerLead, out)
	default:
		l.Target, l.Group = Precommitted, l.Cohort
		n.enter(l, Moving, l.Cohort, out)
	}
}

// onAck goes on when as many as must be are in the state that was asked for.
func (n *Node) onAck(from protocols.NodeID, m Ack, out *protocols.Effects) {
	l := n.Leads.Find(m.Transaction)
	if l == nil || l.Phase != Moving || l.Ballot != m.Ballot || l.Target != m.State || !l.Answered(from) {
		return
	}
	l.Reached = append(l.Reached, from)
	n.proceed(l, out)
}

// proceed decides if enough processes are ready for it.
func (n *Node) proceed(l *Lead, out *protocols.Effects) {
	switch {
	case n.Settings.Termination == terminationSimple && len(l.Awaited) > 0:
	case n.Settings.Termination != terminationSimple && len(l.Reached) < n.Settings.quorum(l.Target, len(l.Cohort)):
	case l.Target == Precommitted:
		n.conclude(l, resource.Commit, out)
	default:
		n.conclude(l, resource.Abort, out)
	}
}

// conclude decides as the leader: first the node's own process, on disk, then
// the others hear of it (tell).
func (n *Node) conclude(l *Lead, decision resource.Decision, out *protocols.Effects) {
	id := l.Transaction
	n.enter(l, Deposed, nil, out)
	p := n.Processes.Find(id)
	switch {
	case p != nil && p.State == Working:
		n.Processes.Drop(id, commitment.TimerShare, out)
		n.resume(n.Store.Resolve(id, resource.Abort), out)
		n.decideBare(id, decision, out)
	case p != nil && !p.State.Decided():
		n.decide(p, decision, out)
	case p == nil:
		n.decideBare(id, decision, out)
	}
}

// decideBare makes a decision of the coordinator's on disk that has not voted
// itself (or voted NO): it can only be abort.
func (n *Node) decideBare(id resource.ID, decision resource.Decision, out *protocols.Effects) {
	if decision != resource.Abort {
		panic("threepc: a coordinator commits that has not voted YES")
	}
	n.Journal.Force(resource.Resolved{Transaction: id, Decision: decision}, id, whatResolved, out)
}

// tell makes a decision known, if the node leads the transaction.
func (n *Node) tell(id resource.ID, decision resource.Decision, out *protocols.Effects) {
	l := n.Leads.Find(id)
	if l == nil || l.Phase == Telling {
		return
	}
	l.Decision = decision
	others := l.Cohort
	if decision == resource.Abort {
		others = l.everybody() // those who have only read hold locks, perhaps
	}
	others = n.Others(others)
	if n.Coordinates(id) {
		l.Errand.Tell(l.Decision, out)
	}
	n.enter(l, Telling, others, out)
	if !n.Coordinates(id) || len(others) == 0 {
		n.endLead(l, out)
	}
}

// endLead ends a transaction of which all know the decision; it may be forgotten.
func (n *Node) endLead(l *Lead, out *protocols.Effects) {
	id := l.Transaction
	if n.Coordinates(id) && len(l.Cohort) > 0 {
		n.Journal.Keep(Ended{Transaction: id})
	}
	n.Leads.Drop(id, commitment.TimerLead, out)
}

func (n *Node) onDone(from protocols.NodeID, m Done, out *protocols.Effects) {
	l := n.Leads.Find(m.Transaction)
	if l == nil || l.Phase != Telling || !l.Answered(from) {
		return
	}
	if m.Decision != l.Decision {
		noteSplit(m.Transaction, m.Decision, out)
	}
	if len(l.Awaited) == 0 {
		n.endLead(l, out)
	}
}
