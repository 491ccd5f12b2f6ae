package threepc

import (
	"cmp"
	"slices"

	"quorumlab/protocols"
	"quorumlab/protocols/machine"
	"quorumlab/protocols/resource"
)

// The coordinator must bring all processes to vote, then to know that all have
// voted YES, and only then commit: three round trips.

func compareIDs(a, b resource.ID) int { return cmp.Compare(a, b) }

// lead returns the transaction as the node leads it, nil if it does not. The
// pointer is good until another is added or removed.
func (n *Node) lead(id resource.ID) *Lead {
	at, found := n.findLead(id)
	if !found {
		return nil
	}
	return &n.Leads[at]
}

func (n *Node) findLead(id resource.ID) (int, bool) {
	return slices.BinarySearchFunc(n.Leads, id, func(l Lead, id resource.ID) int {
		return compareIDs(l.Transaction, id)
	})
}

func (n *Node) addLead(l Lead) *Lead {
	at, _ := n.findLead(l.Transaction)
	n.Leads = slices.Insert(n.Leads, at, l)
	return &n.Leads[at]
}

// dropLead ends the node's concern for a transaction as a leader.
func (n *Node) dropLead(id resource.ID, out *protocols.Effects) {
	if at, found := n.findLead(id); found {
		n.Leads = slices.Delete(n.Leads, at, at+1)
		out.CancelTimer(protocols.Timer{Name: timerLead, Key: uint64(id)})
	}
}

// coordinates tells whether the transaction is the node's own.
func (n *Node) coordinates(id resource.ID) bool { return id.Coordinator() == n.Settings.Self }

// watermark returns the count below which all the node's own transactions are
// over. Those of an earlier life of which the disk says nothing are: nobody can
// have precommitted without this node's own YES.
func (n *Node) watermark() uint64 {
	at, _ := n.findLead(resource.NewID(n.Settings.Self, 1))
	if at < len(n.Leads) && n.coordinates(n.Leads[at].Transaction) {
		return n.Leads[at].Transaction.Count()
	}
	return n.Numbers.Next
}

// begin starts a transaction for a client.
func (n *Node) begin(id resource.ID, errand Errand, out *protocols.Effects) {
	l := Lead{Transaction: id, Ballot: first(id), Errand: errand}
	l.Errand.Results = make([][]machine.Result, len(errand.Parts))
	participants := resource.Nodes(errand.Parts)
	for i := range errand.Parts {
		if part := &errand.Parts[i]; !part.ReadsOnly() {
			l.Cohort = append(l.Cohort, part.Node)
		}
	}
	if at, found := slices.BinarySearch(l.Cohort, n.Settings.Self); !found && len(l.Cohort) > 0 {
		l.Cohort = slices.Insert(l.Cohort, at, n.Settings.Self)
	}
	out.Note(protocols.Note{Kind: protocols.Begun, Slot: uint64(id), Value: protocols.Undertaking{
		Client: errand.Client, Request: errand.Request, Participants: participants,
	}})
	at := n.addLead(l)
	n.Store.Advance(n.Settings.Self, n.watermark())
	switch {
	case len(participants) == 1:
		n.enter(at, Performing, participants, out)
	case errand.mixed():
		n.enter(at, Executing, participants, out)
	default:
		n.enter(at, Voting, at.Cohort, out)
	}
}

// enter begins a phase, in which some must answer.
func (n *Node) enter(l *Lead, phase Phase, awaited []protocols.NodeID, out *protocols.Effects) {
	l.Phase, l.Awaited, l.Rounds = phase, slices.Clone(awaited), 0
	if phase == Deposed {
		out.CancelTimer(protocols.Timer{Name: timerLead, Key: uint64(l.Transaction)})
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
	interval := n.Settings.Tick
	if l.Phase == Performing || l.Phase == Telling {
		interval = n.Settings.timeout() // there is nothing to hurry for
	}
	out.SetTimer(protocols.Timer{Name: timerLead, Key: uint64(l.Transaction)}, interval, interval)
}

// ask sends somebody what the phase is about.
func (n *Node) ask(l *Lead, to protocols.NodeID, out *protocols.Effects) {
	id := l.Transaction
	switch l.Phase {
	case Performing:
		n.send(to, Perform{Request: l.requestTo(to), Watermark: n.watermark()}, out)
	case Executing:
		n.send(to, Execute{Request: l.requestTo(to), Watermark: n.watermark()}, out)
	case Voting:
		n.send(to, CanCommit{
			Request: l.requestTo(to), Watermark: n.watermark(), Cohort: l.Cohort, Executed: l.Errand.mixed() && l.partOf(to) >= 0,
		}, out)
	case Polling:
		n.send(to, Poll{Transaction: id, Ballot: l.Ballot}, out)
	case Moving:
		if l.Target == Precommitted {
			n.send(to, PreCommit{Transaction: id, Ballot: l.Ballot, Up: l.Group}, out)
		} else {
			n.send(to, PreAbort{Transaction: id, Ballot: l.Ballot}, out)
		}
	case Telling:
		if l.Decision == resource.Commit {
			n.send(to, DoCommit{Transaction: id, Answer: n.coordinates(id)}, out)
		} else {
			n.send(to, DoAbort{Transaction: id, Answer: n.coordinates(id)}, out)
		}
	}
}

// requestTo returns what one participant is to do.
func (l *Lead) requestTo(to protocols.NodeID) resource.Request {
	e := &l.Errand
	r := resource.Request{
		Transaction: l.Transaction, Begun: e.Begun, Client: e.Client, Number: e.Request,
		Participants: resource.Nodes(e.Parts), Conditional: e.Conditional,
	}
	if at := l.partOf(to); at >= 0 {
		r.Commands = e.Parts[at].Commands
	}
	return r
}

// partOf returns the place of a participant's part, -1 if it has none.
func (l *Lead) partOf(node protocols.NodeID) int {
	return slices.IndexFunc(l.Errand.Parts, func(p resource.Part) bool { return p.Node == node })
}

// answered takes note that somebody has answered in this phase, and reports
// whether that was awaited.
func (l *Lead) answered(from protocols.NodeID) bool {
	at := slices.Index(l.Awaited, from)
	if at >= 0 {
		l.Awaited = slices.Delete(l.Awaited, at, at+1)
	}
	return at >= 0
}

func (n *Node) onLeadDue(id resource.ID, out *protocols.Effects) {
	l := n.lead(id)
	if l == nil {
		return
	}
	l.Rounds++
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
	l := n.lead(m.Transaction)
	if l == nil || l.Phase != Performing || !l.answered(from) {
		return
	}
	e := &l.Errand
	answer := m.Answer
	switch {
	case answer.Superseded:
	case answer.Refusal != "":
		out.Refuse(e.Client, e.Request, answer.Refusal)
	default:
		out.Reply(e.Client, e.Request, resource.Join(e.Parts, e.Conditional, [][]machine.Result{answer.Results}))
	}
	n.dropLead(m.Transaction, out)
}

// onExecuted goes on to the vote when all have executed, and so hold their locks.
func (n *Node) onExecuted(from protocols.NodeID, m Executed, out *protocols.Effects) {
	l := n.lead(m.Transaction)
	if l == nil || l.Phase != Executing || !l.answered(from) {
		return
	}
	n.keepAnswer(l, from, m.Answer)
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
	l := n.lead(m.Transaction)
	if l == nil || l.Phase != Voting || !l.answered(from) {
		return
	}
	if m.Vote != resource.ReadOnly || m.Answer.Results != nil {
		n.keepAnswer(l, from, m.Answer)
	}
	switch {
	case m.Vote == resource.No && !m.Answer.Earlier:
		n.conclude(l, resource.Abort, out)
	case len(l.Awaited) > 0:
	case l.Errand.Earlier > 0: // all are waited for, to tell the first answers
		n.conclude(l, resource.Abort, out)
	case len(l.Cohort) == 0: // all have only read
		n.noteDecision(l.Transaction, resource.Commit, out)
		l.Decision = resource.Commit
		n.answerClient(l, out)
		n.dropLead(l.Transaction, out)
	default:
		l.Target, l.Group = Precommitted, l.Cohort
		n.enter(l, Moving, l.Cohort, out)
	}
}

// keepAnswer keeps what the client is to be told of a part.
func (n *Node) keepAnswer(l *Lead, from protocols.NodeID, answer Answer) {
	e := &l.Errand
	if at := l.partOf(from); at >= 0 {
		e.Results[at] = answer.Results
	}
	if answer.Earlier {
		e.Earlier++
	}
	e.Silent = e.Silent || answer.Earlier || answer.Superseded
	e.Refusal = cmp.Or(e.Refusal, answer.Refusal)
}

// onAck goes on when as many as must be are in the state that was asked for.
func (n *Node) onAck(from protocols.NodeID, m Ack, out *protocols.Effects) {
	l := n.lead(m.Transaction)
	if l == nil || l.Phase != Moving || l.Ballot != m.Ballot || l.Target != m.State || !l.answered(from) {
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
	p := n.process(id)
	switch {
	case p != nil && p.State == Working:
		n.dropProcess(id, out)
		n.resume(n.Store.Resolve(id, resource.Abort), out)
		n.decideBare(id, decision, out)
	case p != nil && !p.State.decided():
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
	l := n.lead(id)
	if l == nil || l.Phase == Telling {
		return
	}
	l.Decision = decision
	others := l.Cohort
	if decision == resource.Abort {
		others = l.everybody() // those who have only read hold locks, perhaps
	}
	others = slices.DeleteFunc(slices.Clone(others), func(node protocols.NodeID) bool { return node == n.Settings.Self })
	if n.coordinates(id) {
		n.answerClient(l, out)
	}
	n.enter(l, Telling, others, out)
	if !n.coordinates(id) || len(others) == 0 {
		n.endLead(l, out)
	}
}

// endLead ends a transaction of which all know the decision; it may be forgotten.
func (n *Node) endLead(l *Lead, out *protocols.Effects) {
	id := l.Transaction
	if n.coordinates(id) && len(l.Cohort) > 0 {
		n.Journal.Keep(Ended{Transaction: id})
	}
	n.dropLead(id, out)
}

// answerClient tells the client what has become of its request, if that is known
// for sure.
func (n *Node) answerClient(l *Lead, out *protocols.Effects) {
	e := &l.Errand
	switch {
	case e.Client == 0: // asked in an earlier life
	case l.Decision == resource.Commit || e.Earlier == len(e.Parts):
		out.Reply(e.Client, e.Request, resource.Join(e.Parts, e.Conditional, e.Results))
	case !e.Silent:
		out.Refuse(e.Client, e.Request, cmp.Or(e.Refusal, protocols.Aborted))
	}
}

func (n *Node) onDone(from protocols.NodeID, m Done, out *protocols.Effects) {
	l := n.lead(m.Transaction)
	if l == nil || l.Phase != Telling || !l.answered(from) {
		return
	}
	if m.Decision != l.Decision {
		n.noteSplit(m.Transaction, m.Decision, out)
	}
	if len(l.Awaited) == 0 {
		n.endLead(l, out)
	}
}
