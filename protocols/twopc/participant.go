package twopc

import (
	"maps"
	"slices"

	"quorumlab/protocols"
	"quorumlab/protocols/commitment"
	"quorumlab/protocols/resource"
)

// A participant must have forced all that it needs to commit before it says YES,
// and from then on neither commit nor abort by itself, however long it takes
// (but see onPatienceEnds), and keep its locks.

// execute executes a request, and parks the message if it has to wait.
func (n *Node) execute(from protocols.NodeID, m protocols.Message, r *resource.Request, out *protocols.Effects) resource.Outcome {
	waited := n.Store.Waits(r.Transaction)
	outcome := n.Store.Execute(*r)
	delete(n.Parked, r.Transaction)
	if outcome.Wait {
		n.Parked[r.Transaction] = commitment.Envelope{From: from, Message: m}
	}
	if !waited {
		commitment.NoteBlocked(r, outcome, out)
	}
	return outcome
}

// wake lets requests try again that waited for locks.
func (n *Node) wake(free []resource.Request) {
	for i := range free {
		if parked, waits := n.Parked[free[i].Transaction]; waits {
			n.Inbox = append(n.Inbox, parked)
		}
	}
}

// advance takes note of what a coordinator has forgotten.
func (n *Node) advance(coordinator protocols.NodeID, oldest uint64) {
	n.Store.Advance(coordinator, oldest)
	n.forgetHeuristics(coordinator, oldest)
	if len(n.Denied) > 0 {
		maps.DeleteFunc(n.Denied, func(id resource.ID, _ bool) bool {
			return id.Coordinator() == coordinator && id.Count() < oldest
		})
	}
}

// drop forgets a request that waits.
func (n *Node) drop(id resource.ID) {
	n.Store.Forget(id)
	delete(n.Parked, id)
}

func (n *Node) onWork(from protocols.NodeID, m Work, out *protocols.Effects) {
	id := m.Request.Transaction
	n.advance(id.Coordinator(), m.Oldest)
	if _, over := n.Store.IsOver(id); over || n.Denied[id] {
		n.drop(id)
		return // the coordinator will decide without this answer
	}
	outcome := n.execute(from, m, &m.Request, out)
	if outcome.Wait {
		return
	}
	worked := Worked{
		Transaction: id, Refusal: outcome.Refusal, Results: outcome.Results,
		Earlier: outcome.Earlier, Superseded: outcome.Superseded,
	}
	if branch := n.Store.Branches[id]; outcome.Vote != resource.No && !branch.Prepared {
		n.setTimer(timerWork, id, 2*n.Settings.VoteTimeout, out)
	}
	n.Send(from, worked, out)
}

// onWorkForgotten: nobody asked the branch to prepare. Not being prepared, it
// may be aborted.
func (n *Node) onWorkForgotten(id resource.ID) {
	if branch, executed := n.Store.Branches[id]; executed && !branch.Prepared {
		n.Denied[id] = true
		n.wake(n.Store.Release(id))
	}
}

func (n *Node) onPrepare(from protocols.NodeID, m Prepare, out *protocols.Effects) {
	id := m.Request.Transaction
	n.advance(id.Coordinator(), m.Oldest)
	branch, executed := n.Store.Branches[id]
	decision, over := n.Store.IsOver(id)
	switch {
	case executed && branch.Prepared:
		if _, durable := n.Doubts[id]; durable {
			n.sayYes(id, out)
		}
		return
	case over:
		n.drop(id)
		if decision == resource.Abort {
			n.sayNo(from, id, resource.Outcome{Refusal: protocols.Aborted}, out)
		}
		return
	case n.Denied[id], m.Executed && !executed:
		n.sayNo(from, id, resource.Outcome{Refusal: protocols.Aborted}, out)
		return
	}
	outcome := n.execute(from, m, &m.Request, out)
	switch {
	case outcome.Wait:
	case outcome.Vote == resource.No:
		n.sayNo(from, id, outcome, out)
	case outcome.Vote == resource.ReadOnly:
		commitment.Note(protocols.Voted, id, protocols.VoteReadOnly, out)
		n.Send(from, Ballotted{Transaction: id, Vote: resource.ReadOnly, Results: outcome.Results}, out)
		out.CancelTimer(commitment.TimerOf(timerWork, id))
		n.wake(n.Store.Release(id))
	default:
		out.CancelTimer(commitment.TimerOf(timerWork, id))
		n.Journal.Force(n.Store.Prepare(id), id, awaitPrepared, out)
	}
}

// sayNo votes NO. It needs no record: to vote otherwise after a restart, if it is
// asked again, does no harm.
func (n *Node) sayNo(to protocols.NodeID, id resource.ID, why resource.Outcome, out *protocols.Effects) {
	n.Denied[id] = true
	commitment.Note(protocols.Voted, id, protocols.VoteNo, out)
	n.Send(to, Ballotted{
		Transaction: id, Vote: resource.No, Refusal: why.Refusal,
		Earlier: why.Earlier, Superseded: why.Superseded, Results: why.Results,
	}, out)
}

// onPrepared: the branch is prepared on disk. From here on it is in doubt.
func (n *Node) onPrepared(id resource.ID, out *protocols.Effects) {
	if _, executed := n.Store.Branches[id]; !executed {
		return // aborted in the meantime
	}
	n.Doubts[id] = Doubt{}
	n.sayYes(id, out)
	n.setTimer(timerDoubt, id, n.Settings.DoubtAfter, out)
	n.waitPatiently(id, out)
}

func (n *Node) sayYes(id resource.ID, out *protocols.Effects) {
	if !n.Doubts[id].Told {
		commitment.Note(protocols.Voted, id, protocols.VoteYes, out)
		n.Doubts[id] = Doubt{Told: true}
	}
	n.Send(id.Coordinator(), Ballotted{
		Transaction: id, Vote: resource.Yes, Results: n.Store.Branches[id].Results,
	}, out)
}

// onDecide carries a decision out: at once, for it cannot change any more. It is
// acknowledged when the participant has it on disk, if the coordinator is not to
// forget it before.
func (n *Node) onDecide(from protocols.NodeID, m Decide, out *protocols.Effects) {
	id := m.Transaction
	branch, executed := n.Store.Branches[id]
	decision, over := n.Store.IsOver(id)
	h, alone := n.Heuristics[id]
	switch {
	case n.awaits(id, awaitAlone):
		return // it will be told again, or ask
	case alone:
		n.onTruth(h, m.Decision, out)
		return
	case over:
		n.onDecidedAgain(id, decision, m.Decision, out)
		return
	case m.Decision == resource.Commit && (!executed || !branch.Prepared):
		return // it is not for a transaction that the node voted YES to
	}
	n.resolve(id, m.Decision, out)
	record := resource.Resolved{Transaction: id, Decision: m.Decision}
	switch {
	case n.Settings.logs(m.Decision):
		n.Journal.Force(record, id, awaitResolved, out)
	case executed && branch.Prepared:
		n.Journal.Keep(record)
	}
}

// resolve carries a decision out.
func (n *Node) resolve(id resource.ID, decision resource.Decision, out *protocols.Effects) {
	if _, executed := n.Store.Branches[id]; executed {
		commitment.Note(protocols.Decided, id, string(decision), out)
	}
	delete(n.Parked, id)
	delete(n.Doubts, id)
	delete(n.Denied, id)
	for _, timer := range []string{timerDoubt, timerHeuristic, timerWork} {
		out.CancelTimer(commitment.TimerOf(timer, id))
	}
	n.wake(n.Store.Resolve(id, decision))
}

// onDecidedAgain: the transaction is over here. Once that is on disk the
// coordinator is told so again. If it is told otherwise now, a coordinator that has
// forgotten the transaction, since all had acknowledged it, answered a late inquiry by
// its presumption, and that counts for nothing.
func (n *Node) onDecidedAgain(id resource.ID, was, is resource.Decision, out *protocols.Effects) {
	if was == is && n.Settings.logs(is) && !n.awaits(id, awaitResolved) {
		n.Send(id.Coordinator(), Ack{Transaction: id, Decision: was}, out)
	}
}

// awaits tells whether a record about a transaction is being forced.
func (n *Node) awaits(id resource.ID, what string) bool {
	return slices.ContainsFunc(n.Journal.Awaited, func(a resource.Awaited) bool {
		return a.Transaction == id && a.What == what
	})
}

// onResolved: the end of the branch is on disk. If all have acknowledged the
// transaction meanwhile it is forgotten here, and nobody is in doubt of it.
func (n *Node) onResolved(id resource.ID, out *protocols.Effects) {
	decision, _ := n.Store.IsOver(id)
	inquirers := n.Inquirers[id]
	delete(n.Inquirers, id)
	if decision == resource.Undecided {
		return
	}
	for _, inquirer := range inquirers {
		n.Send(inquirer, Decide{Transaction: id, Decision: decision}, out)
	}
	if n.Settings.logs(decision) {
		n.Send(id.Coordinator(), Ack{Transaction: id, Decision: decision}, out)
	}
}
