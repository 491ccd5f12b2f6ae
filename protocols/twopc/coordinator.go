package twopc

import (
	"slices"
	"time"

	"quorumlab/protocols"
	"quorumlab/protocols/machine"
	"quorumlab/protocols/resource"
)

// The coordinator must not tell a decision, to anybody, before it is where the
// presumption needs it (on disk, for all but what is presumed), and must not
// forget one as long as a participant may ask and be told otherwise.

func (n *Node) onRequested(now time.Duration, event protocols.Requested, out *protocols.Effects) {
	if asked, busy := n.Asked[event.Client]; busy && event.Client != 0 {
		if event.Request <= asked.Number {
			return // the answer will come
		}
		n.giveUp(asked.Transaction, out)
	}
	parts, conditional, err := n.Settings.Ownership.Split(event.Command)
	if err != nil {
		out.Reply(event.Client, event.Request, resource.Impossible(event.Command, err))
		return
	}
	id, ok := n.Numbers.Take(n.Settings.Self)
	if !ok {
		n.Unnumbered = append(n.Unnumbered, event)
		return
	}
	n.reserve(out)
	n.Open = append(n.Open, id)
	n.Asked[event.Client] = Asked{Number: event.Request, Transaction: id}
	if len(parts) == 1 {
		n.single(id, now, event, parts[0], conditional, out)
		return
	}
	t := Transaction{
		Client: event.Client, Number: event.Request, Begun: now, Parts: parts, Conditional: conditional,
		Stage: StageVoting,
	}
	for i := range parts {
		t.Ballots = append(t.Ballots, Ballot{Node: parts[i].Node})
		if parts[i].ReadsOnly() {
			t.Stage = StageWorking
		}
	}
	if n.Settings.Presume == presumeCommit && len(resource.Voters(parts)) > 0 {
		record := Collecting{Transaction: id, Participants: resource.Nodes(parts)}
		n.Transactions[id] = Transaction{Stage: StageCollecting}
		n.Journal.Force(record, id, awaitCollecting, out)
		t.Stage = StageCollecting
		n.Transactions[id] = t
		return
	}
	n.Transactions[id] = t
	n.ask(id, out)
}

// reserve has more numbers reserved, if they will soon be needed.
func (n *Node) reserve(out *protocols.Effects) {
	if record, due := n.Numbers.Reserve(); due {
		n.Journal.Force(record, 0, awaitReservation, out)
	}
}

func (n *Node) onReserved(now time.Duration, out *protocols.Effects) {
	n.Numbers.Granted()
	waiting := n.Unnumbered
	n.Unnumbered = nil
	for _, event := range waiting {
		n.onRequested(now, event, out)
	}
}

// ask begins to ask the participants.
func (n *Node) ask(id resource.ID, out *protocols.Effects) {
	t := n.Transactions[id]
	if t.Stage == StageCollecting {
		t.Stage = StageVoting
		if slices.ContainsFunc(t.Parts, func(p resource.Part) bool { return p.ReadsOnly() }) {
			t.Stage = StageWorking
		}
		n.Transactions[id] = t
	}
	out.Note(protocols.Note{Kind: protocols.Begun, Slot: uint64(id), Value: protocols.Undertaking{
		Client: t.Client, Request: t.Number, Participants: resource.Nodes(t.Parts),
	}})
	n.setTimer(timerVote, id, n.Settings.VoteTimeout, out)
	n.askAgain(id, &t, out)
}

// askAgain asks those who have not answered.
func (n *Node) askAgain(id resource.ID, t *Transaction, out *protocols.Effects) {
	executed := slices.ContainsFunc(t.Parts, func(p resource.Part) bool { return p.ReadsOnly() })
	for i := range t.Ballots {
		b := &t.Ballots[i]
		switch {
		case t.Stage == StageWorking && !b.Executed:
			n.send(b.Node, Work{Request: n.requestOf(id, t, i), Oldest: n.oldest()}, out)
		case t.Stage == StageVoting && b.Vote == "":
			n.send(b.Node, Prepare{Request: n.requestOf(id, t, i), Executed: executed, Oldest: n.oldest()}, out)
		}
	}
	n.setTimer(timerRetry, id, n.Settings.Retry, out)
}

func (n *Node) requestOf(id resource.ID, t *Transaction, i int) resource.Request {
	return resource.Request{
		Transaction: id, Begun: t.Begun, Client: t.Client, Number: t.Number, Commands: t.Parts[i].Commands,
		Participants: resource.Nodes(t.Parts), Voters: resource.Voters(t.Parts), Conditional: t.Conditional,
	}
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
	out.SetTimer(timerOf(name, id), span, 2*span)
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
	if m.Refusal != "" || m.Earlier || m.Superseded {
		n.refused(m.Transaction, &t, b, Ballotted{
			Refusal: m.Refusal, Earlier: m.Earlier, Superseded: m.Superseded, Results: m.Results,
		}, out)
		return
	}
	b.Executed, b.Results = true, m.Results
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
	if m.Vote == resource.No {
		n.refused(m.Transaction, &t, b, m, out)
		return
	}
	if t.Stage == StageWorking {
		return
	}
	b.Vote, b.Results = m.Vote, m.Results
	n.Transactions[m.Transaction] = t
	yes := 0
	for i := range t.Ballots {
		switch t.Ballots[i].Vote {
		case "":
			return
		case resource.Yes:
			yes++
		}
	}
	if yes == 0 { // all have read, and nobody waits for a word
		n.answer(&t, out)
		n.forget(m.Transaction, out)
		return
	}
	n.decide(m.Transaction, &t, resource.Commit, out)
}

// refused aborts a transaction to which a participant says NO.
func (n *Node) refused(id resource.ID, t *Transaction, b *Ballot, m Ballotted, out *protocols.Effects) {
	b.Vote, b.Earlier, b.Results = resource.No, m.Earlier, m.Results
	t.Refusal = m.Refusal
	if m.Earlier || m.Superseded {
		t.Refusal = "" // what became of the request is not for this transaction to say
	}
	n.decide(id, t, resource.Abort, out)
}

// onVotesLate: a participant that has not answered in time is taken for dead.
func (n *Node) onVotesLate(id resource.ID, out *protocols.Effects) {
	t, known := n.Transactions[id]
	if known && (t.Stage == StageVoting || t.Stage == StageWorking) {
		t.Refusal = protocols.Aborted
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
	out.CancelTimer(timerOf(timerVote, id))
	n.Transactions[id] = *t
	if decision == resource.Abort && (n.Settings.Presume == presumeAbort || len(tell) == 0) {
		n.tell(id, out)
		return
	}
	n.Journal.Force(Decision{Transaction: id, Decision: decision, Tell: tell}, id, awaitDecision, out)
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
	note(out, protocols.Decided, id, string(t.Decision))
	n.answer(&t, out)
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
			n.send(b.Node, Decide{Transaction: id, Decision: t.Decision, Logged: logged}, out)
		}
	}
	n.setTimer(timerRetry, id, n.Settings.Retry, out)
}

// answer tells the client, if it waits here.
func (n *Node) answer(t *Transaction, out *protocols.Effects) {
	if t.Client == 0 || len(t.Parts) == 0 {
		return
	}
	if asked := n.Asked[t.Client]; asked.Number != t.Number {
		return
	}
	delete(n.Asked, t.Client)
	if t.Decision != resource.Abort {
		results := make([][]machine.Result, len(t.Ballots))
		for i := range t.Ballots {
			results[i] = t.Ballots[i].Results
		}
		out.Reply(t.Client, t.Number, resource.Join(t.Parts, t.Conditional, results))
		return
	}
	if t.Refusal != "" {
		out.Refuse(t.Client, t.Number, t.Refusal)
	}
}

func (n *Node) onAck(from protocols.NodeID, m Ack, out *protocols.Effects) {
	t, known := n.Transactions[m.Transaction]
	b := t.ballot(from)
	if !known || t.Stage != StageTelling || b == nil || b.Acked {
		return
	}
	b.Acked = true
	n.Transactions[m.Transaction] = t
	if m.Decision != t.Decision {
		note(out, protocols.Damage, m.Transaction, string(t.Decision))
	}
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
	out.CancelTimer(timerOf(timerRetry, id))
	out.CancelTimer(timerOf(timerVote, id))
}
