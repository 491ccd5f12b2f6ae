package paxoscommit

import (
	"cmp"
	"slices"

	"quorumlab/protocols"
	"quorumlab/protocols/machine"
	"quorumlab/protocols/resource"
)

// The coordinator must bring all resource managers to propose, and learns from the
// acceptors what is chosen. It keeps nothing on disk: what it decides is chosen.

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

// watermark returns the count below which all that the node has begun in this
// life is over; what it began in earlier lives it no longer coordinates.
func (n *Node) watermark() uint64 {
	at, _ := n.findLead(resource.NewID(n.Settings.Self, 1))
	for ; at < len(n.Leads) && n.coordinates(n.Leads[at].Transaction); at++ {
		if count := n.Leads[at].Transaction.Count(); count >= n.Born {
			return count
		}
	}
	return n.Numbers.Next
}

// begin starts a transaction for a client.
func (n *Node) begin(id resource.ID, errand Errand, out *protocols.Effects) {
	errand.Results = make([][]machine.Result, len(errand.Parts))
	l := Lead{Transaction: id, Errand: errand}
	for i := range errand.Parts {
		if part := &errand.Parts[i]; !part.ReadsOnly() {
			l.Managers = append(l.Managers, part.Node)
		}
	}
	participants := resource.Nodes(errand.Parts)
	out.Note(protocols.Note{Kind: protocols.Begun, Slot: uint64(id), Value: protocols.Undertaking{
		Client: errand.Client, Request: errand.Request, Participants: participants,
	}})
	at := n.addLead(l)
	n.Store.Advance(n.Settings.Self, n.watermark())
	n.forgetBelow(n.Settings.Self, n.watermark(), n.Born, out)
	switch {
	case len(participants) == 1:
		n.enter(at, Performing, participants, out)
	case errand.mixed():
		n.enter(at, Executing, participants, out)
	default:
		n.enter(at, Preparing, at.Managers, out)
	}
}

// enter begins a phase, in which some must answer.
func (n *Node) enter(l *Lead, phase Phase, awaited []protocols.NodeID, out *protocols.Effects) {
	l.Phase, l.Awaited, l.Heard, l.Rounds = phase, slices.Clone(awaited), nil, 0
	n.askAgain(l, out)
}

// askAgain asks all that have not answered.
func (n *Node) askAgain(l *Lead, out *protocols.Effects) {
	for _, to := range l.Awaited {
		n.ask(l, to, out)
	}
	n.askLater(l, out)
}

// askLater sees to it that those who do not answer will be asked once more.
func (n *Node) askLater(l *Lead, out *protocols.Effects) {
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
	case Releasing, Preparing:
		n.send(to, Prepare{
			Request: l.requestTo(to), Watermark: n.watermark(), Born: n.Born, Managers: l.Managers, Executed: l.Errand.mixed(),
		}, out)
	case Promising:
		n.send(to, Phase1a{Transaction: id, Managers: l.Managers, Ballot: l.Ballot}, out)
	case Accepting:
		n.send(to, Phase2a{Transaction: id, Managers: l.Managers, Ballot: l.Ballot, Values: l.Values}, out)
	case Telling:
		n.send(to, Decide{Transaction: id, Decision: l.Decision, Answer: n.coordinates(id)}, out)
	}
}

// requestTo returns what one participant is to do.
func (l *Lead) requestTo(to protocols.NodeID) resource.Request {
	e := &l.Errand
	return resource.Request{
		Transaction: l.Transaction, Begun: e.Begun, Client: e.Client, Number: e.Request,
		Participants: resource.Nodes(e.Parts), Conditional: e.Conditional, Commands: e.Parts[l.partOf(to)].Commands,
	}
}

// partOf returns the place of a participant's part, -1 if it has none.
func (l *Lead) partOf(node protocols.NodeID) int {
	return slices.IndexFunc(l.Errand.Parts, func(p resource.Part) bool { return p.Node == node })
}

// readers returns the participants that change nothing.
func (l *Lead) readers() []protocols.NodeID {
	return slices.DeleteFunc(resource.Nodes(l.Errand.Parts), func(node protocols.NodeID) bool {
		return slices.Contains(l.Managers, node)
	})
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

// onExecuted goes on when all have executed, and so hold their locks: first those
// who have only read may give them up. Their votes must be known before others
// are asked: from then on it is the managers' instances that decide.
func (n *Node) onExecuted(from protocols.NodeID, m Executed, out *protocols.Effects) {
	l := n.lead(m.Transaction)
	if l == nil || l.Phase != Executing || !l.answered(from) {
		return
	}
	l.keep(from, m.Answer)
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
	l := n.lead(m.Transaction)
	if l == nil || l.Phase != Releasing && l.Phase != Preparing || !l.answered(from) {
		return
	}
	if m.Vote == resource.No {
		l.keep(from, m.Answer)
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

// keep keeps what the client is to be told of a part.
func (l *Lead) keep(from protocols.NodeID, answer Answer) {
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

// conclude tells what is decided: the client first, then the managers.
func (n *Node) conclude(l *Lead, decision resource.Decision, out *protocols.Effects) {
	id := l.Transaction
	l.Decision = decision
	told := l.Managers
	if n.coordinates(id) {
		n.noteDecision(id, decision, out)
		n.answerClient(l, out)
		if decision == resource.Abort {
			told = append(l.readers(), told...) // who have only read hold locks, perhaps
		}
	} else if at, found := slices.BinarySearch(told, id.Coordinator()); !found {
		told = slices.Insert(slices.Clone(told), at, id.Coordinator())
	}
	faster := n.Settings.Faster && l.Phase == Preparing
	l.Phase, l.Awaited, l.Heard, l.Rounds = Telling, slices.Clone(told), nil, 0
	for _, to := range told {
		if !faster || to == n.Settings.Self { // the acceptors have told the others
			n.ask(l, to, out)
		}
	}
	n.askLater(l, out)
	if !n.coordinates(id) || len(told) == 0 {
		n.dropLead(id, out)
	}
}

// cancelled ends a transaction that cannot be committed any more: a manager will
// never be prepared, or none was asked to be. Abort is the only thing that can be
// chosen then, so nobody needs to know of it for ever, and nobody acknowledges it.
func (n *Node) cancelled(l *Lead, no protocols.NodeID, out *protocols.Effects) {
	id := l.Transaction
	l.Decision = resource.Abort
	n.noteDecision(id, resource.Abort, out)
	n.answerClient(l, out)
	for _, node := range resource.Nodes(l.Errand.Parts) {
		if node != no {
			n.send(node, Decide{Transaction: id, Decision: resource.Abort}, out)
		}
	}
	n.dropLead(id, out)
}

// answerClient tells the client what has become of its request, if that is known
// for sure.
func (n *Node) answerClient(l *Lead, out *protocols.Effects) {
	e := &l.Errand
	switch {
	case e.Client == 0: // asked in an earlier life
	case l.Decision == resource.Commit && slices.ContainsFunc(e.Results, func(r []machine.Result) bool { return r == nil }):
		// Another has led it to its end, and who knows the results has not
		// been heard of.
	case l.Decision == resource.Commit || e.Earlier == len(e.Parts):
		out.Reply(e.Client, e.Request, resource.Join(e.Parts, e.Conditional, e.Results))
	case !e.Silent:
		out.Refuse(e.Client, e.Request, cmp.Or(e.Refusal, protocols.Aborted))
	}
}

func (n *Node) onDone(from protocols.NodeID, m Done, out *protocols.Effects) {
	l := n.lead(m.Transaction)
	if l == nil || l.Phase != Telling || !l.answered(from) || len(l.Awaited) > 0 {
		return
	}
	n.dropLead(m.Transaction, out)
}
