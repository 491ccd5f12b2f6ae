package twopc

import (
	"slices"
	"time"

	"quorumlab/protocols"
	"quorumlab/protocols/commitment"
	"quorumlab/protocols/resource"
)

// The coordinator must not tell a decision, to anybody, before it is where the
// presumption needs it (on disk, for all but what is presumed), and must not
// forget one as long as a participant may ask and be told otherwise.

// Busy implements commitment.Protocol. What a client asks for anew it no longer
// waits for.
func (n *Node) Busy(r protocols.Requested, out *protocols.Effects) bool {
	asked, busy := n.Asked[r.Client]
	switch {
	case !busy || r.Client == 0:
	case r.Request <= asked.Number:
		return true // the answer will come
	default:
		n.giveUp(asked.Transaction, out)
	}
	return n.repeat(r, out)
}

// Begin implements commitment.Protocol.
func (n *Node) Begin(id resource.ID, errand commitment.Errand, out *protocols.Effects) {
	n.Open = append(n.Open, id)
	n.Asked[errand.Client] = Asked{Number: errand.Request, Transaction: id}
	if len(errand.Parts) == 1 {
		n.Singles[id] = errand
		n.perform(id, &errand, out)
		return
	}
	t := Transaction{Errand: errand, Stage: StageVoting}
	for i := range errand.Parts {
		t.Ballots = append(t.Ballots, Ballot{Node: errand.Parts[i].Node})
	}
	if n.Settings.Presume == presumeCommit && len(resource.Voters(errand.Parts)) > 0 {
		record := Collecting{Transaction: id, Participants: resource.Nodes(errand.Parts)}
		t.Stage = StageCollecting
		n.Transactions[id] = t
		n.Journal.Force(record, id, awaitCollecting, out)
		return
	}
	n.Transactions[id] = t
	n.ask(id, out)
}

// ask begins to ask the participants.
func (n *Node) ask(id resource.ID, out *protocols.Effects) {
	t := n.Transactions[id]
	t.Stage = StageVoting
	if t.Errand.Mixed() {
		t.Stage = StageWorking
	}
	n.Transactions[id] = t
	out.Note(protocols.Note{Kind: protocols.Begun, Slot: uint64(id), Value: t.Errand.Undertaking()})
	n.setTimer(timerVote, id, n.Settings.VoteTimeout, out)
	n.askAgain(id, &t, out)
}

// askAgain asks those who have not answered.
func (n *Node) askAgain(id resource.ID, t *Transaction, out *protocols.Effects) {
	executed := t.Errand.Mixed()
	for i := range t.Ballots {
		b := &t.Ballots[i]
		switch {
		case t.Stage == StageWorking && !b.Executed:
			n.Send(b.Node, Work{Request: requestTo(id, &t.Errand, b.Node), Oldest: n.oldest()}, out)
		case t.Stage == StageVoting && b.Vote == "":
			n.Send(b.Node, Prepare{Request: requestTo(id, &t.Errand, b.Node), Executed: executed, Oldest: n.oldest()}, out)
		}
	}
	n.setTimer(timerRetry, id, n.Settings.Retry, out)
}

// requestTo returns what a participant is to do, and whom it can ask in doubt.
func requestTo(id resource.ID, errand *commitment.Errand, node protocols.NodeID) resource.Request {
	r := errand.RequestTo(id, node)
	r.Voters = resource.Voters(errand.Parts)
	return r
}

// oldest returns the lowest count that is not forgotten.
func (n *Node) oldest() uint64 {
	if len(n.Open) == 0 {
		return n.Numbers.Next
	}
	return n.Open[0].Count()
}

// setTimer lets a timer fire after one to two times a span.
func (n *Node) setTimer(name string, id resource.ID, span time.Duration, out *protocols.Effects) {
	out.SetTimer(commitment.TimerOf(name, id), span, 2*span)
}

// ballot returns a participant's ballot, nil if it does not take part.
func (t *Transaction) ballot(node protocols.NodeID) *Ballot {
	for i := range t.Ballots {
		if t.Ballots[i].Node == node {
			return &t.Ballots[i]
		}
	}
	return nil
}

func (n *Node) onWorked(from protocols.NodeID, m Worked, out *protocols.Effects) {
	t, known := n.Transactions[m.Transaction]
	b := t.ballot(from)
	if !known || t.Stage != StageWorking || b == nil || b.Executed {
		return
	}
	if m.Refusal != "" || m.Earlier || m.Superseded { // who only reads never answers so
		n.refused(m.Transaction, &t, b, m.Answer(), out)
		return
	}
	b.Executed = true
	t.Errand.Keep(from, m.Answer())
	if slices.ContainsFunc(t.Ballots, func(b Ballot) bool { return !b.Executed }) {
		n.Transactions[m.Transaction] = t
		return
	}
	t.Stage = StageVoting
	n.askAgain(m.Transaction, &t, out)
	n.Transactions[m.Transaction] = t
}

func (n *Node) onBallotted(from protocols.NodeID, m Ballotted, out *protocols.Effects) {
	t, known := n.Transactions[m.Transaction]
	b := t.ballot(from)
	if !known || b == nil || b.Vote != "" || t.Stage != StageVoting && t.Stage != StageWorking {
		return
	}
	switch {
	case m.Vote == resource.No && (!m.Earlier || t.Errand.Mixed()):
		n.refused(m.Transaction, &t, b, m.Answer(), out)
		return
	case t.Stage == StageWorking:
		return
	}
	b.Vote = m.Vote
	t.Errand.Keep(from, m.Answer())
	n.Transactions[m.Transaction] = t
	n.count(m.Transaction, &t, out)
}

// count decides when all have voted. Those of whom a client's request was carried out
// before are waited for as well: if all say so the client is told what it was then.
func (n *Node) count(id resource.ID, t *Transaction, out *protocols.Effects) {
	yes, no := 0, 0
	for i := range t.Ballots {
		switch t.Ballots[i].Vote {
		case "":
			return
		case resource.Yes:
			yes++
		case resource.No:
			no++
		}
	}
	switch {
	case no > 0:
		n.decide(id, t, resource.Abort, out)
	case yes > 0:
		n.decide(id, t, resource.Commit, out)
	default: // all have read, and nobody waits for a word
		n.answer(t, resource.Commit, out)
		n.forget(id, out)
	}
}

// refused aborts a transaction to which a participant says NO.
func (n *Node) refused(id resource.ID, t *Transaction, b *Ballot, why commitment.Answer, out *protocols.Effects) {
	b.Vote = resource.No
	t.Errand.Keep(b.Node, why)
	n.decide(id, t, resource.Abort, out)
}

// onVotesLate: a participant that has not answered in time is taken for dead.
func (n *Node) onVotesLate(id resource.ID, out *protocols.Effects) {
	t, known := n.Transactions[id]
	if known && (t.Stage == StageVoting || t.Stage == StageWorking) {
		n.decide(id, &t, resource.Abort, out)
	}
}

// logs tells whether a decision is forced, by the coordinator before it is told
// and by participants before they acknowledge it: all but what is presumed.
func (s *Settings) logs(decision resource.Decision) bool {
	switch s.Presume {
	case presumeAbort:
		return decision == resource.Commit
	case presumeCommit:
		return decision == resource.Abort
	}
	return true
}

// decide makes a decision. It is told once it is on disk. Even the commit that
// is presumed must be: till then it is the record Collecting that counts.
func (n *Node) decide(id resource.ID, t *Transaction, decision resource.Decision, out *protocols.Effects) {
	t.Decision, t.Stage = decision, StageDeciding
	var tell []protocols.NodeID
	for i := range t.Ballots {
		b := &t.Ballots[i]
		if b.Tell = n.mustKnow(b, decision); b.Tell {
			tell = append(tell, b.Node)
		}
	}
	out.CancelTimer(commitment.TimerOf(timerVote, id))
	n.Transactions[id] = *t
	if decision == resource.Abort && (n.Settings.Presume == presumeAbort || len(tell) == 0) {
		n.tell(id, out)
		return
	}
	record := Decision{Transaction: id, Decision: decision, Tell: tell}
	if decision == resource.Commit {
		e := &t.Errand
		record.Client, record.Request, record.Result = e.Client, e.Request, e.Result()
	}
	n.Journal.Force(record, id, awaitDecision, out)
}

// mustKnow tells whether a participant is told a decision. One that voted NO
// need not be; but where commit is presumed it must have the abort on its disk: a
// copy of Prepare that comes late might make it vote YES, and what it then asks
// about would be presumed committed.
func (n *Node) mustKnow(b *Ballot, decision resource.Decision) bool {
	switch b.Vote {
	case resource.ReadOnly:
		return false
	case resource.No:
		return n.Settings.Presume == presumeCommit
	}
	return true
}

// tell tells a decision to the client and the participants.
func (n *Node) tell(id resource.ID, out *protocols.Effects) {
	t, known := n.Transactions[id]
	if !known {
		return
	}
	t.Stage = StageTelling
	commitment.Note(protocols.Decided, id, string(t.Decision), out)
	if t.Decision == resource.Commit {
		n.remember(t.Errand.Client, t.Errand.Request, t.Errand.Result())
	}
	n.answer(&t, t.Decision, out)
	n.Transactions[id] = t
	n.tellAgain(id, &t, out)
	if !n.Settings.logs(t.Decision) || !slices.ContainsFunc(t.Ballots, func(b Ballot) bool { return b.Tell }) {
		n.forget(id, out)
	}
}

// tellAgain tells those who have not acknowledged the decision.
func (n *Node) tellAgain(id resource.ID, t *Transaction, out *protocols.Effects) {
	logged := n.Settings.logs(t.Decision) || t.Decision == resource.Commit
	for i := range t.Ballots {
		if b := &t.Ballots[i]; b.Tell && !b.Acked {
			n.Send(b.Node, Decide{Transaction: id, Decision: t.Decision, Logged: logged}, out)
		}
	}
	n.setTimer(timerRetry, id, n.Settings.Retry, out)
}

// answer tells the client, if it waits here.
func (n *Node) answer(t *Transaction, decision resource.Decision, out *protocols.Effects) {
	e := &t.Errand
	if asked := n.Asked[e.Client]; e.Client == 0 || asked.Number != e.Request {
		return
	}
	delete(n.Asked, e.Client)
	e.Tell(decision, out)
}

func (n *Node) onAck(from protocols.NodeID, m Ack, out *protocols.Effects) {
	if m.Told != resource.Undecided && m.Told != m.Decision {
		commitment.Note(protocols.Damage, m.Transaction, string(m.Told), out)
	}
	t, known := n.Transactions[m.Transaction]
	b := t.ballot(from)
	if !known || t.Stage != StageTelling || b == nil || b.Acked {
		return
	}
	b.Acked = true
	n.Transactions[m.Transaction] = t
	if slices.ContainsFunc(t.Ballots, func(b Ballot) bool { return b.Tell && !b.Acked }) {
		return
	}
	n.Journal.Keep(End{Transaction: m.Transaction})
	n.forget(m.Transaction, out)
}

func (n *Node) onRetryDue(id resource.ID, out *protocols.Effects) {
	if s, known := n.Singles[id]; known {
		n.perform(id, &s, out)
		return
	}
	t, known := n.Transactions[id]
	switch {
	case !known || t.Stage == StageDeciding || t.Stage == StageCollecting:
	case t.Stage == StageTelling:
		n.tellAgain(id, &t, out)
	default:
		n.askAgain(id, &t, out)
	}
}

// forget strikes a transaction off.
func (n *Node) forget(id resource.ID, out *protocols.Effects) {
	delete(n.Transactions, id)
	delete(n.Singles, id)
	if at, found := slices.BinarySearch(n.Open, id); found {
		n.Open = slices.Delete(n.Open, at, at+1)
	}
	out.CancelTimer(commitment.TimerOf(timerRetry, id))
	out.CancelTimer(commitment.TimerOf(timerVote, id))
}
