package threepc

import (
	"slices"
	"time"

	"quorumlab/protocols"
	"quorumlab/protocols/resource"
)

// A process must vote once, know on disk what it has promised, and move through
// the states (Skeen, "Nonblocking Commit Protocols", 1981) without ever being
// next to both ends: from waiting it can be aborted, from precommitted
// committed.

// process returns the node's part in a transaction, nil if there is none, or it
// is decided. The pointer is good until another is enrolled or removed.
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

// onCanCommit executes a participant's part, if that is not done yet, and votes.
func (n *Node) onCanCommit(from protocols.NodeID, m CanCommit, out *protocols.Effects) {
	n.Store.Advance(from, m.Watermark)
	id := m.Request.Transaction
	if from != id.Coordinator() || n.answeredAgain(TaskVote, &m.Request, out) {
		return
	}
	p := n.process(id)
	switch {
	case p == nil && m.Executed:
		// It has failed since, and its locks are lost.
		n.refuse(from, TaskVote, id, Answer{Refusal: protocols.Conflict}, out)
		return
	case p == nil:
		p = n.addProcess(Process{Transaction: id, State: Working})
	}
	p.Task, p.Cohort = TaskVote, m.Cohort
	if len(m.Request.Commands) == 0 {
		n.enroll(p, true, out)
		return
	}
	n.execute(m.Request, out)
}

// answeredAgain answers what was answered before, and reports that it did or
// that there is nothing to say (yet).
func (n *Node) answeredAgain(task Task, r *resource.Request, out *protocols.Effects) bool {
	id := r.Transaction
	if p := n.process(id); p != nil {
		if p.State == Waiting && task == TaskVote {
			n.say(p, id.Coordinator(), Vote{Transaction: id, Vote: resource.Yes, Answer: n.answerOf(id)}, out)
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
		n.refuse(id.Coordinator(), task, id, Answer{Refusal: protocols.Aborted}, out)
	case task == TaskVote && decision == resource.Commit && r.ReadsOnly() && len(r.Commands) > 0:
		n.send(id.Coordinator(), Vote{Transaction: id, Vote: resource.ReadOnly}, out)
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
	coordinator := r.Transaction.Coordinator()
	answer := Answer{
		Results: outcome.Results, Refusal: outcome.Refusal, Earlier: outcome.Earlier, Superseded: outcome.Superseded,
	}
	switch {
	case outcome.Wait:
	case outcome.Vote == resource.No && p.Task == TaskPerform && !answer.Earlier && !answer.Superseded:
		n.finish(p, resource.RefuseAlone(&r, outcome.Refusal), out)
	case outcome.Vote == resource.No:
		n.refuse(coordinator, p.Task, r.Transaction, answer, out)
	case p.Task == TaskExecute:
		n.send(coordinator, Executed{Transaction: r.Transaction, Vote: outcome.Vote, Answer: answer}, out)
	case outcome.Vote == resource.ReadOnly:
		n.voteReadOnly(p, answer, out)
	case p.Task == TaskPerform:
		n.finish(p, n.Store.Alone(r.Transaction), out)
	default:
		n.enroll(p, false, out)
	}
}

// refuse answers NO, and is done with the transaction.
func (n *Node) refuse(to protocols.NodeID, task Task, id resource.ID, answer Answer, out *protocols.Effects) {
	if n.process(id) != nil {
		n.dropProcess(id, out)
		if task == TaskVote {
			n.noteVote(id, resource.No, out)
		}
		n.resume(n.Store.Resolve(id, resource.Abort), out)
	}
	switch task {
	case TaskPerform:
		n.send(to, Performed{Transaction: id, Vote: resource.No, Answer: answer}, out)
	case TaskExecute:
		n.send(to, Executed{Transaction: id, Vote: resource.No, Answer: answer}, out)
	case TaskVote:
		n.send(to, Vote{Transaction: id, Vote: resource.No, Answer: answer}, out)
	}
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
		n.noteVote(id, resource.ReadOnly, out)
		n.send(id.Coordinator(), Vote{Transaction: id, Vote: resource.ReadOnly, Answer: answer}, out)
	}
	n.resume(free, out)
}

// finish commits, or refuses for good, what nobody else takes part in.
func (n *Node) finish(p *Process, record resource.Finished, out *protocols.Effects) {
	p.State, p.Finished = Committed, record
	if record.Refusal != "" {
		p.State = Aborted
	}
	n.force(p, record, whatFinished, out)
}

// onFinished carries out what Finished has put on disk.
func (n *Node) onFinished(p *Process, out *protocols.Effects) {
	id, record := p.Transaction, p.Finished
	n.dropProcess(id, out)
	performed := Performed{Transaction: id, Vote: resource.Yes, Answer: Answer{Results: record.Branch.Results}}
	var free []resource.Request
	if record.Refusal == "" {
		free = n.Store.Resolve(id, resource.Commit)
		n.noteVote(id, resource.Yes, out)
		n.noteDecision(id, resource.Commit, out)
	} else {
		free = n.Store.Refused(record)
		performed.Vote, performed.Answer = resource.No, Answer{Refusal: record.Refusal}
		n.noteVote(id, resource.No, out)
		n.noteDecision(id, resource.Abort, out)
	}
	n.send(id.Coordinator(), performed, out)
	n.resume(free, out)
}

// enroll binds the process by its YES. A bare one owns no key.
func (n *Node) enroll(p *Process, bare bool, out *protocols.Effects) {
	id := p.Transaction
	p.State, p.Bare, p.Elected, p.Up = Waiting, bare, first(id), p.Cohort
	n.watch(p, out)
	enrolled := Enrolled{Transaction: id, Cohort: p.Cohort, Bare: bare}
	if bare {
		n.force(p, enrolled, whatVote, out)
	} else {
		n.Journal.Keep(enrolled)
		n.force(p, n.Store.Prepare(id), whatVote, out)
	}
	n.say(p, id.Coordinator(), Vote{Transaction: id, Vote: resource.Yes, Answer: n.answerOf(id)}, out)
}

// answerOf returns the results of a branch.
func (n *Node) answerOf(id resource.ID) Answer {
	return Answer{Results: n.Store.Branches[id].Results}
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

// watch starts the time-out of the transaction's leader anew. A process waits
// the longer the later it stands in the cohort, and the more often it has waited
// in vain, so that two seldom stand in for the coordinator at once.
func (n *Node) watch(p *Process, out *protocols.Effects) {
	rank := max(slices.Index(p.Cohort, n.Settings.Self), 0)
	half := n.Settings.timeout() / 2
	shortest := time.Duration(4+rank+min(p.Tries, maxTries)) * half
	out.SetTimer(protocols.Timer{Name: timerProcess, Key: uint64(p.Transaction)}, shortest, shortest+half)
}

// maxTries bounds by how much patience grows.
const maxTries = 2

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
	p := n.process(id)
	switch {
	case p == nil:
		// Another has led it to its end meanwhile.
		n.reportGone(from, Poll{Transaction: id, Ballot: ballot}, out)
		return
	case p.State == Working || ballot < p.Elected:
		return
	case p.State.decided():
		n.say(p, from, Report{Transaction: id, Ballot: ballot, State: p.State}, out)
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
		n.force(p, p.shift(), what, out)
	}
	if p.State == target {
		n.say(p, from, Ack{Transaction: id, Ballot: ballot, State: target}, out)
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
	p := n.process(id)
	switch {
	case p == nil:
		n.decidedBefore(from, id, decision, answer, out)
		return
	case p.Task == TaskPerform:
		return
	case p.State == Working && decision == resource.Abort:
		n.dropProcess(id, out)
		n.resume(n.Store.Resolve(id, resource.Abort), out)
		n.decidedBefore(from, id, decision, answer, out)
		return
	case !p.State.decided():
		n.decide(p, decision, out)
	case p.State.decision() != decision:
		n.noteSplit(id, decision, out)
	}
	if answer {
		n.say(p, from, Done{Transaction: id, Decision: p.State.decision()}, out)
	}
}

// decidedBefore answers a decision on what is over here, or never began.
func (n *Node) decidedBefore(from protocols.NodeID, id resource.ID, decision resource.Decision, answer bool, out *protocols.Effects) {
	known, over := n.Store.IsOver(id)
	if known != resource.Undecided && known != decision {
		n.noteSplit(id, decision, out)
		decision = known
	}
	if !over && decision == resource.Abort {
		n.Store.Resolve(id, resource.Abort)
	}
	if answer && (over || decision == resource.Abort) {
		n.send(from, Done{Transaction: id, Decision: decision}, out)
	}
}

// decide makes a decision this process's own.
func (n *Node) decide(p *Process, decision resource.Decision, out *protocols.Effects) {
	if p.State == Working {
		panic("threepc: a process decides that has not voted")
	}
	p.State = stateOf(decision)
	n.force(p, resource.Resolved{Transaction: p.Transaction, Decision: decision}, whatResolved, out)
}

// onResolved carries out what is decided, on disk.
func (n *Node) onResolved(id resource.ID, out *protocols.Effects) {
	decision := resource.Abort
	if p := n.process(id); p != nil {
		decision = p.State.decision()
		n.release(p, out)
		n.dropProcess(id, out)
	}
	free := n.Store.Resolve(id, decision)
	n.noteDecision(id, decision, out)
	n.tell(id, decision, out)
	n.resume(free, out)
}

// release sends what was held until now.
func (n *Node) release(p *Process, out *protocols.Effects) {
	done := 0
	for done < len(p.Held) && p.Held[done].Mark <= n.Written {
		n.send(p.Held[done].To, p.Held[done].Message, out)
		done++
	}
	p.Held = slices.Delete(p.Held, 0, done)
}
