package paxoscommit

import (
	"quorumlab/protocols"
	"quorumlab/protocols/commitment"
	"quorumlab/protocols/resource"
)

// A resource manager must propose in its own instance once at most: that it is
// prepared, in ballot 0, when that is on its disk; or never, which it may say of
// itself only if no restart can make it forget.

// leave aborts what the manager has not voted YES for.
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

// onPrepare executes a participant's part, if that is not done yet, and votes.
func (n *Node) onPrepare(from protocols.NodeID, m Prepare, out *protocols.Effects) {
	n.Store.Advance(from, m.Watermark)
	n.forgetBelow(from, m.Watermark, m.Born, out)
	id := m.Request.Transaction
	if from != id.Coordinator() || n.answeredAgain(commitment.TaskVote, &m.Request, out) {
		return
	}
	p := n.Processes.Find(id)
	if p == nil && m.Executed {
		// It has failed since, and its locks are lost.
		n.refuse(commitment.TaskVote, id, commitment.Answer{Refusal: protocols.Conflict}, out)
		return
	}
	if p == nil {
		p = n.Processes.Add(Process{Share: commitment.NewShare(id, commitment.TaskVote)})
	}
	p.Task, p.Managers, p.Watermark, p.Born = commitment.TaskVote, m.Managers, m.Watermark, m.Born
	n.execute(m.Request, out)
}

// answeredAgain answers what was answered before, and reports that it did or
// that there is nothing to say (yet).
func (n *Node) answeredAgain(task commitment.Task, r *resource.Request, out *protocols.Effects) bool {
	id := r.Transaction
	if p := n.Processes.Find(id); p != nil {
		if p.State == Ready && task == commitment.TaskVote && p.Mark <= n.Written {
			n.offer(p, n.Settings.acceptors(id), out) // those asked first may have failed
		}
		return p.State != commitment.Working
	}
	answer, over := n.Again(task, r)
	switch {
	case answer.Vote == resource.No && task != commitment.TaskPerform:
		n.refuse(task, id, answer.Answer, out)
	case answer.Vote != "":
		n.Send(id.Coordinator(), answerTo(task, answer), out)
	}
	return over
}

// answerTo returns the message that answers a task. That to commitment.TaskVote is not a YES.
func answerTo(task commitment.Task, answer commitment.Reported) protocols.Message {
	switch task {
	case commitment.TaskPerform:
		return Performed(answer)
	case commitment.TaskExecute:
		return Executed(answer)
	}
	return Voted{Transaction: answer.Transaction, Vote: answer.Vote, Answer: answer.Answer}
}

// execute executes a request for the first time, or again after it had to wait
// for locks, and goes on to what the coordinator has asked for.
func (n *Node) execute(r resource.Request, out *protocols.Effects) {
	p := n.Processes.Find(r.Transaction)
	if p == nil || p.State != commitment.Working {
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
	case outcome.Vote == resource.ReadOnly:
		n.voteReadOnly(p.Task, answer, out)
	case n.leadsBallot(r.Transaction):
		// It waited for locks too long: as the coordinator the node has asked
		// the acceptors for a ballot, and ballot 0 is past.
		n.refuse(p.Task, r.Transaction, commitment.Answer{Refusal: protocols.Aborted}, out)
	default:
		n.prepare(p, out)
	}
}

// leadsBallot tells whether the node leads a ballot above 0.
func (n *Node) leadsBallot(id resource.ID) bool {
	l := n.Leads.Find(id)
	return l != nil && l.Ballot > 0
}

// refuse answers NO, and is done with the transaction.
func (n *Node) refuse(task commitment.Task, id resource.ID, why commitment.Answer, out *protocols.Effects) {
	first := n.Processes.Find(id) != nil
	answer := answerTo(task, commitment.Reported{Transaction: id, Vote: resource.No, Answer: why})
	no, votes := answer.(Voted)
	if votes && n.Settings.Faults > 0 {
		no.Forced = true
		n.cancel(id, id.Coordinator(), no, out).Unwilling = first // it has voted when that is on disk
		return
	}
	// The coordinator, the only acceptor, sees to it that nothing comes of a late YES.
	n.leave(id, out)
	if votes && first {
		commitment.NoteVote(id, resource.No, out)
	}
	n.Send(id.Coordinator(), answer, out)
}

// cancel aborts by itself what the node has not voted YES for, or what is aborted
// and perhaps not so on its disk, and says so. Once it has, no late copy of Prepare
// may make it vote YES: the coordinator, or acceptors that forget, rely on that.
func (n *Node) cancel(id resource.ID, to protocols.NodeID, message protocols.Message, out *protocols.Effects) *Process {
	n.leave(id, out)
	// A process in name only, until the record is on disk.
	p := n.Processes.Add(Process{Share: commitment.Share{Transaction: id, State: commitment.Aborted}})
	n.Force(&p.Pending, id, resource.Resolved{Transaction: id, Decision: resource.Abort}, whatResolved, out)
	n.Say(&p.Pending, to, message, out)
	return p
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

// prepare binds the manager by its YES.
func (n *Node) prepare(p *Process, out *protocols.Effects) {
	p.State = Ready
	n.watch(p, out)
	n.Journal.Keep(Enrolled{Transaction: p.Transaction, Managers: p.Managers})
	n.Force(&p.Pending, p.Transaction, n.Store.Prepare(p.Transaction), whatPrepared, out)
}

// onPrepared proposes, in the manager's own instance, that it is prepared.
func (n *Node) onPrepared(p *Process, acceptors []protocols.NodeID, out *protocols.Effects) {
	commitment.NoteVote(p.Transaction, resource.Yes, out)
	out.Note(protocols.Note{Kind: protocols.Proposed, Slot: instance(p.Transaction, n.Self), Value: Prepared})
	n.offer(p, acceptors, out)
}

func (n *Node) offer(p *Process, acceptors []protocols.NodeID, out *protocols.Effects) {
	for _, acceptor := range acceptors {
		n.Send(acceptor, Offered{
			Transaction: p.Transaction, Managers: p.Managers, Watermark: p.Watermark, Born: p.Born,
			Answer: commitment.Answer{Results: n.Store.Branches[p.Transaction].Results},
		}, out)
	}
}

func (n *Node) watch(p *Process, out *protocols.Effects) {
	n.Watch(&p.Share, p.Managers, n.Settings.Patience, out)
}

// onProcessDue acts when nothing was heard of a leader for too long.
func (n *Node) onProcessDue(id resource.ID, out *protocols.Effects) {
	p := n.Processes.Find(id)
	if p == nil || p.State.Decided() {
		return
	}
	switch {
	case n.Leads.Find(id) != nil:
		n.watch(p, out) // it leads itself
	case p.State == commitment.Working:
		// It has promised nothing.
		n.leave(id, out)
	default:
		p.Tries++
		n.watch(p, out)
		n.recover(n.Leads.Add(Lead{Lead: commitment.Lead{Transaction: id}, Managers: p.Managers}), out)
	}
}

// resume executes what waited for locks.
func (n *Node) resume(free []resource.Request, out *protocols.Effects) {
	for _, r := range free {
		n.execute(r, out)
	}
}

// onDecide carries a decision out.
func (n *Node) onDecide(from protocols.NodeID, m Decide, out *protocols.Effects) {
	id := m.Transaction
	if l := n.Leads.Find(id); l != nil && n.Coordinates(id) && from != n.Self && l.Decision == resource.Undecided {
		n.conclude(l, m.Decision, out)
	}
	p := n.Processes.Find(id)
	done := Done{Transaction: id, Decision: m.Decision}
	switch {
	case p == nil:
		n.decidedBefore(from, m, done, out)
		return
	case p.Task == commitment.TaskPerform:
		return
	case p.State == commitment.Working && m.Decision == resource.Abort && m.Answer:
		n.cancel(id, from, done, out)
		return
	case !p.State.Decided() && m.Decision == resource.Abort && !m.Answer:
		n.abort(p, out)
		return
	case p.State == Ready:
		n.decide(p, m.Decision, out)
	}
	if m.Answer && p.State.Decided() {
		n.Say(&p.Pending, from, done, out)
	}
}

// decidedBefore answers a decision on what is over here, or never began.
func (n *Node) decidedBefore(from protocols.NodeID, m Decide, done Done, out *protocols.Effects) {
	known, over := n.Store.IsOver(m.Transaction)
	switch {
	case !m.Answer:
	case over && known != resource.Abort && m.Decision == resource.Commit:
		n.Send(from, done, out)
	case m.Decision == resource.Abort:
		n.cancel(m.Transaction, from, done, out)
	}
}

// abort carries out an abort that need not be on disk: if the node forgets it, it
// will hear it again.
func (n *Node) abort(p *Process, out *protocols.Effects) {
	id, prepared := p.Transaction, p.State == Ready
	n.Processes.Drop(id, commitment.TimerShare, out)
	if prepared {
		n.Journal.Keep(resource.Resolved{Transaction: id, Decision: resource.Abort})
	}
	free := n.Store.Resolve(id, resource.Abort)
	commitment.NoteDecision(id, resource.Abort, out)
	n.resume(free, out)
	if l := n.Leads.Find(id); l != nil && !n.Coordinates(id) {
		n.Leads.Drop(id, commitment.TimerLead, out)
	}
}

// decide makes a decision the manager's own.
func (n *Node) decide(p *Process, decision resource.Decision, out *protocols.Effects) {
	p.State = commitment.StateOf(decision)
	n.Force(&p.Pending, p.Transaction, resource.Resolved{Transaction: p.Transaction, Decision: decision}, whatResolved, out)
}

// onResolved carries out what is decided, on disk.
func (n *Node) onResolved(p *Process, out *protocols.Effects) {
	id, decision, pending := p.Transaction, p.State.Decision(), p.Pending
	if p.Unwilling {
		commitment.NoteVote(id, resource.No, out)
	}
	n.Processes.Drop(id, commitment.TimerShare, out)
	free := n.Store.Resolve(id, decision)
	commitment.NoteDecision(id, decision, out)
	n.Release(&pending, out)
	n.resume(free, out)
	if l := n.Leads.Find(id); l != nil && !n.Coordinates(id) {
		n.Leads.Drop(id, commitment.TimerLead, out)
	}
}

// onForgettable tells an acceptor that the node is done with a transaction, and
// will never begin it anew.
func (n *Node) onForgettable(from protocols.NodeID, m Forgettable, out *protocols.Effects) {
	id := m.Transaction
	if n.Processes.Find(id) != nil || n.Leads.Find(id) != nil {
		return
	}
	decision, over := n.Store.IsOver(id)
	if !m.Manager || over && decision != resource.Abort {
		n.Send(from, Settled{Transaction: id}, out)
	} else {
		n.cancel(id, from, Settled{Transaction: id}, out)
	}
}
