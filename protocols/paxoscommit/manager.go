package paxoscommit

import (
	"slices"
	"time"

	"quorumlab/protocols"
	"quorumlab/protocols/resource"
)

// A resource manager must propose in its own instance once at most: that it is
// prepared, in ballot 0, when that is on its disk; or never, which it may say of
// itself only if no restart can make it forget.

// process returns the node's part in a transaction, nil if there is none, or it
// is decided. The pointer is good until another is added or removed.
func (n *Node) process(id resource.ID) *Process {
	at, found := n.findProcess(id)
	if !found {
		return nil
	}
	return &n.Processes[at]
}

func (n *Node) findProcess(id resource.ID) (int, bool) {
	return slices.BinarySearchFunc(n.Processes, id, func(p Process, id resource.ID) int {
		return compareIDs(p.Transaction, id)
	})
}

func (n *Node) addProcess(p Process) *Process {
	at, _ := n.findProcess(p.Transaction)
	n.Processes = slices.Insert(n.Processes, at, p)
	return &n.Processes[at]
}

// dropProcess forgets the node's part in a transaction.
func (n *Node) dropProcess(id resource.ID, out *protocols.Effects) {
	if at, found := n.findProcess(id); found {
		n.Processes = slices.Delete(n.Processes, at, at+1)
		out.CancelTimer(protocols.Timer{Name: timerProcess, Key: uint64(id)})
	}
}

// onAsked executes a participant's part (Perform, Execute).
func (n *Node) onAsked(from protocols.NodeID, task Task, r resource.Request, watermark uint64, out *protocols.Effects) {
	n.Store.Advance(from, watermark)
	if from != r.Transaction.Coordinator() || n.answeredAgain(task, &r, out) {
		return
	}
	if n.process(r.Transaction) == nil {
		n.addProcess(Process{Transaction: r.Transaction, State: Working, Task: task})
	}
	n.execute(r, out)
}

// onPrepare executes a participant's part, if that is not done yet, and votes.
func (n *Node) onPrepare(from protocols.NodeID, m Prepare, out *protocols.Effects) {
	n.Store.Advance(from, m.Watermark)
	n.forgetBelow(from, m.Watermark, m.Born, out)
	id := m.Request.Transaction
	if from != id.Coordinator() || n.answeredAgain(TaskPrepare, &m.Request, out) {
		return
	}
	p := n.process(id)
	if p == nil && m.Executed {
		// It has failed since, and its locks are lost.
		n.refuse(TaskPrepare, id, Answer{Refusal: protocols.Conflict}, out)
		return
	}
	if p == nil {
		p = n.addProcess(Process{Transaction: id, State: Working})
	}
	p.Task, p.Managers, p.Watermark, p.Born = TaskPrepare, m.Managers, m.Watermark, m.Born
	n.execute(m.Request, out)
}

// answeredAgain answers what was answered before, and reports that it did or
// that there is nothing to say (yet).
func (n *Node) answeredAgain(task Task, r *resource.Request, out *protocols.Effects) bool {
	id := r.Transaction
	if p := n.process(id); p != nil {
		if p.State == Ready && task == TaskPrepare && p.Mark <= n.Written {
			n.offer(p, n.Settings.acceptors(id), out) // those asked first may have failed
		}
		return p.State != Working
	}
	decision, over := n.Store.IsOver(id)
	switch {
	case !over:
		return false
	case task == TaskPerform:
		n.performedAgain(r, decision, out)
	case decision == resource.Abort:
		n.refuse(task, id, Answer{Refusal: protocols.Aborted}, out)
	case task == TaskPrepare && decision == resource.Commit && r.ReadsOnly():
		n.send(id.Coordinator(), Voted{Transaction: id, Vote: resource.ReadOnly}, out)
	}
	return true
}

// performedAgain tells once more what came of a transaction that only this node
// took part in. If the client has asked for something else since, nobody waits
// for it.
func (n *Node) performedAgain(r *resource.Request, decision resource.Decision, out *protocols.Effects) {
	performed := Performed{Transaction: r.Transaction, Vote: resource.No, Answer: Answer{Superseded: true}}
	if session := n.Store.Sessions[r.Client]; session.Transaction == r.Transaction {
		performed.Answer = Answer{Results: session.Results, Refusal: session.Refusal}
		if decision == resource.Commit {
			performed.Vote = resource.Yes
		}
	}
	n.send(r.Transaction.Coordinator(), performed, out)
}

// execute executes a request for the first time, or again after it had to wait
// for locks, and goes on to what the coordinator has asked for.
func (n *Node) execute(r resource.Request, out *protocols.Effects) {
	p := n.process(r.Transaction)
	if p == nil || p.State != Working {
		return
	}
	outcome := n.Store.Execute(r)
	if outcome.Blocker != 0 {
		text := "waits"
		if !outcome.Wait {
			text = "refused"
		}
		out.Note(protocols.Note{
			Kind: protocols.Blocked, Slot: uint64(outcome.Blocker),
			Value: protocols.Asker{Client: r.Client, Request: r.Number}, Text: text,
		})
	}
	if p.Task != TaskPerform {
		n.watch(p, out)
	}
	answer := Answer{
		Results: outcome.Results, Refusal: outcome.Refusal, Earlier: outcome.Earlier, Superseded: outcome.Superseded,
	}
	switch {
	case outcome.Wait:
	case outcome.Vote == resource.No && p.Task == TaskPerform && !answer.Earlier && !answer.Superseded:
		n.finish(p, resource.RefuseAlone(&r, outcome.Refusal), out)
	case outcome.Vote == resource.No:
		n.refuse(p.Task, r.Transaction, answer, out)
	case p.Task == TaskExecute:
		n.send(r.Transaction.Coordinator(), Executed{Transaction: r.Transaction, Vote: outcome.Vote, Answer: answer}, out)
	case outcome.Vote == resource.ReadOnly:
		n.voteReadOnly(p, answer, out)
	case p.Task == TaskPerform:
		n.finish(p, n.Store.Alone(r.Transaction), out)
	case n.leadsBallot(r.Transaction):
		// It waited for locks too long: as the coordinator the node has asked
		// the acceptors for a ballot, and ballot 0 is past.
		n.refuse(p.Task, r.Transaction, Answer{Refusal: protocols.Aborted}, out)
	default:
		n.prepare(p, out)
	}
}

// leadsBallot tells whether the node leads a ballot above 0.
func (n *Node) leadsBallot(id resource.ID) bool {
	l := n.lead(id)
	return l != nil && l.Ballot > 0
}

// refuse answers NO, and is done with the transaction.
func (n *Node) refuse(task Task, id resource.ID, answer Answer, out *protocols.Effects) {
	to := id.Coordinator()
	switch task {
	case TaskPerform:
		n.dropProcess(id, out)
		n.resume(n.Store.Resolve(id, resource.Abort), out)
		n.send(to, Performed{Transaction: id, Vote: resource.No, Answer: answer}, out)
	case TaskExecute:
		n.dropProcess(id, out)
		n.resume(n.Store.Resolve(id, resource.Abort), out)
		n.send(to, Executed{Transaction: id, Vote: resource.No, Answer: answer}, out)
	case TaskPrepare:
		no := Voted{Transaction: id, Vote: resource.No, Answer: answer, Forced: n.Settings.Faults > 0}
		first := n.process(id) != nil
		if no.Forced {
			n.cancel(id, to, no, out).Unwilling = first // it has voted when that is on disk
			return
		}
		// The coordinator, the only acceptor, sees to it that nothing comes
		// of a late YES.
		n.dropProcess(id, out)
		n.resume(n.Store.Resolve(id, resource.Abort), out)
		if first {
			n.noteVote(id, protocols.VoteNo, out)
		}
		n.send(to, no, out)
	}
}

// cancel aborts by itself what the node has not voted YES for, or what is aborted
// and perhaps not so on its disk, and says so. Once it has, no late copy of Prepare
// may make it vote YES: the coordinator, or acceptors that forget, rely on that.
func (n *Node) cancel(id resource.ID, to protocols.NodeID, message protocols.Message, out *protocols.Effects) *Process {
	n.dropProcess(id, out)
	n.resume(n.Store.Resolve(id, resource.Abort), out)
	// A process in name only, until the record is on disk.
	p := n.addProcess(Process{Transaction: id, State: Cancelled})
	n.force(p, resource.Resolved{Transaction: id, Decision: resource.Abort}, whatResolved, out)
	n.say(p, to, message, out)
	return p
}

// voteReadOnly gives up the locks with the vote: all locks of the transaction
// were taken by now. If anything is to become of it is not this node's affair.
func (n *Node) voteReadOnly(p *Process, answer Answer, out *protocols.Effects) {
	id, task := p.Transaction, p.Task
	n.dropProcess(id, out)
	free := n.Store.Release(id)
	if task == TaskPerform {
		n.send(id.Coordinator(), Performed{Transaction: id, Vote: resource.ReadOnly, Answer: answer}, out)
	} else {
		free = append(free, n.Store.Resolve(id, resource.Commit)...)
		n.noteVote(id, protocols.VoteReadOnly, out)
		n.send(id.Coordinator(), Voted{Transaction: id, Vote: resource.ReadOnly, Answer: answer}, out)
	}
	n.resume(free, out)
}

// finish commits, or refuses for good, what nobody else takes part in.
func (n *Node) finish(p *Process, record resource.Finished, out *protocols.Effects) {
	p.State, p.Finished = Committed, record
	if record.Refusal != "" {
		p.State = Cancelled
	}
	n.force(p, record, whatFinished, out)
}

// onFinished carries out what Finished has put on disk.
func (n *Node) onFinished(p *Process, out *protocols.Effects) {
	id, record := p.Transaction, p.Finished
	n.dropProcess(id, out)
	performed := Performed{Transaction: id, Vote: resource.Yes, Answer: Answer{Results: record.Branch.Results}}
	vote, decision := protocols.VoteYes, resource.Commit
	var free []resource.Request
	if record.Refusal == "" {
		free = n.Store.Resolve(id, resource.Commit)
	} else {
		free = n.Store.Refused(record)
		performed.Vote, performed.Answer = resource.No, Answer{Refusal: record.Refusal}
		vote, decision = protocols.VoteNo, resource.Abort
	}
	n.noteVote(id, vote, out)
	n.noteDecision(id, decision, out)
	n.send(id.Coordinator(), performed, out)
	n.resume(free, out)
}

// prepare binds the manager by its YES.
func (n *Node) prepare(p *Process, out *protocols.Effects) {
	p.State = Ready
	n.watch(p, out)
	n.Journal.Keep(Enrolled{Transaction: p.Transaction, Managers: p.Managers})
	n.force(p, n.Store.Prepare(p.Transaction), whatPrepared, out)
}

// onPrepared proposes, in the manager's own instance, that it is prepared.
func (n *Node) onPrepared(p *Process, acceptors []protocols.NodeID, out *protocols.Effects) {
	n.noteVote(p.Transaction, protocols.VoteYes, out)
	out.Note(protocols.Note{Kind: protocols.Proposed, Slot: instance(p.Transaction, n.Settings.Self), Value: Prepared})
	n.offer(p, acceptors, out)
}

func (n *Node) offer(p *Process, acceptors []protocols.NodeID, out *protocols.Effects) {
	for _, acceptor := range acceptors {
		n.send(acceptor, Offered{
			Transaction: p.Transaction, Managers: p.Managers, Watermark: p.Watermark, Born: p.Born,
			Answer: Answer{Results: n.Store.Branches[p.Transaction].Results},
		}, out)
	}
}

// force puts a record about a transaction on disk.
func (n *Node) force(p *Process, record protocols.Record, what string, out *protocols.Effects) {
	n.Journal.Force(record, p.Transaction, what, out)
	p.Mark = n.Journal.Mark
}

// say sends what is true only once all that is being forced about the
// transaction is on disk.
func (n *Node) say(p *Process, to protocols.NodeID, message protocols.Message, out *protocols.Effects) {
	if p.Mark <= n.Written {
		n.send(to, message, out)
		return
	}
	p.Held = append(p.Held, Held{Mark: p.Mark, To: to, Message: message})
}

// release sends of what was held what the disk now bears out, and returns the rest.
func (n *Node) release(held []Held, out *protocols.Effects) []Held {
	done := 0
	for done < len(held) && held[done].Mark <= n.Written {
		n.send(held[done].To, held[done].Message, out)
		done++
	}
	return slices.Delete(held, 0, done)
}

// watch starts the time-out of the transaction's leader anew. A manager waits the
// longer the later it stands among them, and the more often it has waited in
// vain, so that two seldom lead at once.
func (n *Node) watch(p *Process, out *protocols.Effects) {
	rank := max(slices.Index(p.Managers, n.Settings.Self), 0)
	half := n.Settings.timeout() / 2
	shortest := time.Duration(4+rank+min(p.Tries, maxTries)) * half
	out.SetTimer(protocols.Timer{Name: timerProcess, Key: uint64(p.Transaction)}, shortest, shortest+half)
}

// maxTries bounds by how much patience grows.
const maxTries = 2

// onProcessDue acts when nothing was heard of a leader for too long.
func (n *Node) onProcessDue(id resource.ID, out *protocols.Effects) {
	p := n.process(id)
	if p == nil || p.State.decided() {
		return
	}
	switch {
	case n.lead(id) != nil:
		n.watch(p, out) // it leads itself
	case p.State == Working:
		// It has promised nothing.
		n.dropProcess(id, out)
		n.resume(n.Store.Resolve(id, resource.Abort), out)
	default:
		p.Tries++
		n.watch(p, out)
		n.recover(n.addLead(Lead{Transaction: id, Managers: p.Managers}), out)
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
	if l := n.lead(id); l != nil && n.coordinates(id) && from != n.Settings.Self && l.Decision == resource.Undecided {
		n.conclude(l, m.Decision, out)
	}
	p := n.process(id)
	done := Done{Transaction: id, Decision: m.Decision}
	switch {
	case p == nil:
		n.decidedBefore(from, m, done, out)
		return
	case p.Task == TaskPerform:
		return
	case p.State == Working && m.Decision == resource.Abort && m.Answer:
		n.cancel(id, from, done, out)
		return
	case !p.State.decided() && m.Decision == resource.Abort && !m.Answer:
		n.abort(p, out)
		return
	case p.State == Ready:
		n.decide(p, m.Decision, out)
	}
	if m.Answer && p.State.decided() {
		n.say(p, from, done, out)
	}
}

// decidedBefore answers a decision on what is over here, or never began.
func (n *Node) decidedBefore(from protocols.NodeID, m Decide, done Done, out *protocols.Effects) {
	known, over := n.Store.IsOver(m.Transaction)
	switch {
	case !m.Answer:
	case over && known != resource.Abort && m.Decision == resource.Commit:
		n.send(from, done, out)
	case m.Decision == resource.Abort:
		n.cancel(m.Transaction, from, done, out)
	}
}

// abort carries out an abort that need not be on disk: if the node forgets it, it
// will hear it again.
func (n *Node) abort(p *Process, out *protocols.Effects) {
	id, prepared := p.Transaction, p.State == Ready
	n.dropProcess(id, out)
	if prepared {
		n.Journal.Keep(resource.Resolved{Transaction: id, Decision: resource.Abort})
	}
	free := n.Store.Resolve(id, resource.Abort)
	n.noteDecision(id, resource.Abort, out)
	n.resume(free, out)
	if l := n.lead(id); l != nil && !n.coordinates(id) {
		n.dropLead(id, out)
	}
}

// decide makes a decision the manager's own.
func (n *Node) decide(p *Process, decision resource.Decision, out *protocols.Effects) {
	p.State = stateOf(decision)
	n.force(p, resource.Resolved{Transaction: p.Transaction, Decision: decision}, whatResolved, out)
}

// onResolved carries out what is decided, on disk.
func (n *Node) onResolved(p *Process, out *protocols.Effects) {
	id, decision, held := p.Transaction, p.State.decision(), p.Held
	if p.Unwilling {
		n.noteVote(id, protocols.VoteNo, out)
	}
	n.dropProcess(id, out)
	free := n.Store.Resolve(id, decision)
	n.noteDecision(id, decision, out)
	n.release(held, out)
	n.resume(free, out)
	if l := n.lead(id); l != nil && !n.coordinates(id) {
		n.dropLead(id, out)
	}
}

// onForgettable tells an acceptor that the node is done with a transaction, and
// will never begin it anew.
func (n *Node) onForgettable(from protocols.NodeID, m Forgettable, out *protocols.Effects) {
	id := m.Transaction
	if n.process(id) != nil || n.lead(id) != nil {
		return
	}
	decision, over := n.Store.IsOver(id)
	if !m.Manager || over && decision != resource.Abort {
		n.send(from, Settled{Transaction: id}, out)
	} else {
		n.cancel(id, from, Settled{Transaction: id}, out)
	}
}
