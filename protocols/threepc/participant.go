package threepc

import (
	"slices"

	"quorumlab/protocols"
	"quorumlab/protocols/commitment"
	"quorumlab/protocols/resource"
)

// A process must vote once, know on disk what it has promised, and move through
// the states (Skeen, "Nonblocking Commit Protocols", 1981) without ever being
// next to both ends: from waiting it can be aborted, from precommitted
// committed.

// leave aborts what the process has promised nothing about.
func (n *Node) leave(id resource.ID, out *protocols.Effects) {
	n.Processes.Drop(id, commitment.TimerShare, out)
	n.resume(n.Store.Resolve(id, resource.Abort), out)
}

// onOrder executes a participant's part (Perform, Execute).
func (n *Node) onOrder(from protocols.NodeID, task commitment.Task, m commitment.Order, out *protocols.Effects) {
	n.Store.Advance(from, m.Watermark)
	id := m.Request.Transaction
	if from != id.Coordinator() || n.answeredAgain(task, &m.Request, out) {
		return
	}
	if n.Processes.Find(id) == nil {
		n.Processes.Add(Process{Share: commitment.NewShare(id, task)})
	}
	n.execute(m.Request, out)
}

// onCanCommit executes a participant's part, if that is not done yet, and votes.
func (n *Node) onCanCommit(from protocols.NodeID, m CanCommit, out *protocols.Effects) {
	n.Store.Advance(from, m.Watermark)
	id := m.Request.Transaction
	if from != id.Coordinator() || n.answeredAgain(commitment.TaskVote, &m.Request, out) {
		return
	}
	p := n.Processes.Find(id)
	switch {
	case p == nil && m.Executed:
		// It has failed since, and its locks are lost.
		n.refuse(commitment.TaskVote, id, commitment.Answer{Refusal: protocols.Conflict}, out)
		return
	case p == nil:
		p = n.Processes.Add(Process{Share: commitment.NewShare(id, commitment.TaskVote)})
	}
	p.Task, p.Cohort = commitment.TaskVote, m.Cohort
	if len(m.Request.Commands) == 0 {
		n.enroll(p, true, out)
		return
	}
	n.execute(m.Request, out)
}

// answeredAgain answers what was answered before, and reports that it did or
// that there is nothing to say (yet).
func (n *Node) answeredAgain(task commitment.Task, r *resource.Request, out *protocols.Effects) bool {
	id := r.Transaction
	if p := n.Processes.Find(id); p != nil {
		if p.State == Waiting && task == commitment.TaskVote {
			n.Say(&p.Pending, id.Coordinator(), n.yes(id), out)
		}
		return p.State != Working
	}
	answer, over := n.Again(task, r)
	if answer.Vote != "" {
		n.Send(id.Coordinator(), answerTo(task, answer), out)
	}
	return over
}

// execute executes a request for the first time, or again after it had to wait
// for locks, and goes on to what the coordinator has asked for.
func (n *Node) execute(r resource.Request, out *protocols.Effects) {
	p := n.Processes.Find(r.Transaction)
	if p == nil || p.State != Working {
		return
	}
	outcome := n.Store.Execute(r)
	commitment.NoteBlocked(&r, outcome, out)
	if p.Task != commitment.TaskPerform {
		n.watch(p, out)
	}
	answer := commitment.Reported{Transaction: r.Transaction, Vote: outcome.Vote, Answer: commitment.AnswerOf(&outcome)}
	switch {
	case outcome.Wait:
	case commitment.Finishes(p.Task, &outcome):
		n.Finish(&p.Share, &r, &outcome, whatFinished, out)
	case outcome.Vote == resource.No:
		n.refuse(p.Task, r.Transaction, answer.Answer, out)
	case p.Task == commitment.TaskExecute:
		n.Send(r.Transaction.Coordinator(), Executed(answer), out)
	case outcome.Vote == resource.ReadOnly && slices.Contains(p.Cohort, n.Self):
		n.enrollReader(p, out)
	case outcome.Vote == resource.ReadOnly:
		n.voteReadOnly(p.Task, answer, out)
	default:
		n.enroll(p, false, out)
	}
}

// refuse answers NO, and is done with the transaction.
func (n *Node) refuse(task commitment.Task, id resource.ID, why commitment.Answer, out *protocols.Effects) {
	if n.Processes.Find(id) != nil {
		n.Processes.Drop(id, commitment.TimerShare, out)
		if task == commitment.TaskVote {
			commitment.NoteVote(id, resource.No, out)
		}
		n.resume(n.Store.Resolve(id, resource.Abort), out)
	}
	n.Send(id.Coordinator(), answerTo(task, commitment.Reported{Transaction: id, Vote: resource.No, Answer: why}), out)
}

// voteReadOnly is done with the transaction too.
func (n *Node) voteReadOnly(task commitment.Task, answer commitment.Reported, out *protocols.Effects) {
	id := answer.Transaction
	n.Processes.Drop(id, commitment.TimerShare, out)
	free := n.ReadOnly(id, task, out)
	n.Send(id.Coordinator(), answerTo(task, answer), out)
	n.resume(free, out)
}

// onFinished: what nobody else takes part in is on disk.
func (n *Node) onFinished(p *Process, out *protocols.Effects) {
	record := p.Finished
	n.Processes.Drop(p.Transaction, commitment.TimerShare, out)
	performed, free := n.Finished(record, out)
	n.Send(performed.Transaction.Coordinator(), Performed(performed), out)
	n.resume(free, out)
}

// enroll binds the process by its YES. A bare one has nothing to change.
func (n *Node) enroll(p *Process, bare bool, out *protocols.Effects) {
	id := p.Transaction
	p.State, p.Bare, p.Elected, p.Up = Waiting, bare, first(id), p.Cohort
	n.watch(p, out)
	var record protocols.Record = Enrolled{Transaction: id, Cohort: p.Cohort, Bare: bare}
	if !bare {
		n.Journal.Keep(record)
		record = n.Store.Prepare(id)
	}
	n.Force(&p.Pending, id, record, whatVote, out)
	n.Say(&p.Pending, id.Coordinator(), n.yes(id), out)
}

// enrollReader has a coordinator vote that only reads: it gives up its locks like any
// other reader, and is bound by its YES like any other coordinator.
func (n *Node) enrollReader(p *Process, out *protocols.Effects) {
	commitment.NoteVote(p.Transaction, resource.ReadOnly, out)
	free := n.Store.Release(p.Transaction)
	n.enroll(p, true, out)
	n.resume(free, out)
}

// yes is the process's vote, with the results of its branch.
func (n *Node) yes(id resource.ID) Vote {
	return Vote{Transaction: id, Vote: resource.Yes, Answer: commitment.Answer{Results: n.Store.Branches[id].Results}}
}

func (n *Node) watch(p *Process, out *protocols.Effects) {
	n.Watch(&p.Share, p.Cohort, n.Settings.Patience, out)
}

// resume executes what waited for locks.
func (n *Node) resume(free []resource.Request, out *protocols.Effects) {
	for _, r := range free {
		n.execute(r, out)
	}
}

// onMove precommits, or makes ready to abort. What a leader says that the process
// has since been taken from by a higher ballot does not count: the states that
// it went by may have changed.
func (n *Node) onMove(from protocols.NodeID, id resource.ID, ballot Ballot, target State, up []protocols.NodeID, out *protocols.Effects) {
	p := n.Processes.Find(id)
	switch {
	case p == nil:
		// Another has led it to its end meanwhile.
		n.reportGone(from, Poll{Transaction: id, Ballot: ballot}, out)
		return
	case p.State == Working || ballot < p.Elected:
		return
	case p.State.Decided():
		n.Say(&p.Pending, from, Report{Transaction: id, Ballot: ballot, State: p.State}, out)
		return
	case n.Settings.Termination == terminationSimple && p.Recovered:
		return // counted among the dead, it waits to be told
	}
	n.watch(p, out)
	if n.moves(p, ballot, target, up) {
		p.Elected, p.Attempt, p.State = ballot, ballot, target
		if up != nil {
			p.Up = up
		}
		what := whatPrecommit
		if target == Preaborted {
			what = whatPreabort
		}
		n.Force(&p.Pending, id, p.shift(), what, out)
	}
	if p.State == target {
		n.Say(&p.Pending, from, Ack{Transaction: id, Ballot: ballot, State: target}, out)
	}
}

// moves tells whether a process must write down that it moves. With E3PC it
// moves in any direction; else only from waiting, and then for good.
func (n *Node) moves(p *Process, ballot Ballot, target State, up []protocols.NodeID) bool {
	switch n.Settings.Termination {
	case terminationE3PC:
		return p.Attempt != ballot || p.State != target
	case terminationQuorum:
		return p.State == Waiting
	}
	return p.State == Waiting || !slices.Equal(p.Up, up)
}

// shift is the record of where a process now stands.
func (p *Process) shift() Shift {
	return Shift{Transaction: p.Transaction, State: p.State, Elected: p.Elected, Attempt: p.Attempt, Up: p.Up}
}

// onDecision carries a decision out, unless it has one.
func (n *Node) onDecision(from protocols.NodeID, id resource.ID, decision resource.Decision, answer bool, out *protocols.Effects) {
	p := n.Processes.Find(id)
	switch {
	case p == nil:
		n.decidedBefore(from, id, decision, answer, out)
		return
	case p.Task == commitment.TaskPerform:
		return
	case p.State == Working && decision == resource.Abort:
		n.leave(id, out)
		n.decidedBefore(from, id, decision, answer, out)
		return
	case !p.State.Decided():
		n.decide(p, decision, out)
	case p.State.Decision() != decision:
		noteSplit(id, decision, out)
	}
	if answer {
		n.Say(&p.Pending, from, Done{Transaction: id, Decision: p.State.Decision()}, out)
	}
}

// decidedBefore answers a decision on what is over here, or never began.
func (n *Node) decidedBefore(from protocols.NodeID, id resource.ID, decision resource.Decision, answer bool, out *protocols.Effects) {
	known, over := n.Store.IsOver(id)
	if known != resource.Undecided && known != decision {
		noteSplit(id, decision, out)
		decision = known
	}
	if !over && decision == resource.Abort {
		n.Store.Resolve(id, resource.Abort)
	}
	if answer && (over || decision == resource.Abort) {
		n.Send(from, Done{Transaction: id, Decision: decision}, out)
	}
}

// decide makes a decision this process's own.
func (n *Node) decide(p *Process, decision resource.Decision, out *protocols.Effects) {
	if p.State == Working {
		panic("threepc: a process decides that has not voted")
	}
	p.State = commitment.StateOf(decision)
	n.Force(&p.Pending, p.Transaction, resource.Resolved{Transaction: p.Transaction, Decision: decision}, whatResolved, out)
}

// onResolved carries out what is decided, on disk.
func (n *Node) onResolved(id resource.ID, out *protocols.Effects) {
	decision := resource.Abort
	if p := n.Processes.Find(id); p != nil {
		decision = p.State.Decision()
		n.Release(&p.Pending, out)
		n.Processes.Drop(id, commitment.TimerShare, out)
	}
	free := n.Store.Resolve(id, decision)
	commitment.NoteDecision(id, decision, out)
	n.tell(id, decision, out)
	n.resume(free, out)
}
