package threepc

import (
	"slices"

	"quorumlab/protocols"
	"quorumlab/protocols/commitment"
	"quorumlab/protocols/resource"
)

// The termination protocol must bring to an end what a coordinator left that is
// not heard of. A process stands in for it: it asks the others where they stand,
// moves them to a common state from which all may decide alike, and decides.
// What it may conclude from what it hears is where the three variants differ.

// onProcessDue acts when nothing was heard of the leader for too long.
func (n *Node) onProcessDue(id resource.ID, out *protocols.Effects) {
	p := n.Processes.Find(id)
	if p == nil || p.State.Decided() {
		return
	}
	if l := n.Leads.Find(id); l != nil && l.Phase != Deposed {
		n.watch(p, out) // it leads itself
		return
	}
	if p.State == Working {
		// It has promised nothing.
		n.leave(id, out)
		return
	}
	p.Tries++
	n.watch(p, out)
	ballot := Ballot(0)
	if n.Settings.Termination != terminationSimple || !p.Recovered {
		ballot = p.Elected.After(n.Self)
		out.Note(protocols.Note{Kind: Elected, Term: uint64(ballot), Slot: uint64(id), Text: "stands in for the coordinator"})
	}
	n.poll(p, ballot, out)
}

// poll asks all processes where they stand.
func (n *Node) poll(p *Process, ballot Ballot, out *protocols.Effects) {
	l := n.Leads.Find(p.Transaction)
	if l == nil {
		l = n.Leads.Add(Lead{Lead: commitment.Lead{Transaction: p.Transaction}, Cohort: p.Cohort})
	}
	l.Ballot, l.Reports, l.Reached, l.Group = ballot, nil, nil, nil
	n.enter(l, Polling, l.Cohort, out)
}

// onPoll tells where the process stands, and binds it to the ballot.
func (n *Node) onPoll(from protocols.NodeID, m Poll, out *protocols.Effects) {
	p := n.Processes.Find(m.Transaction)
	switch {
	case p == nil:
		n.reportGone(from, m, out)
		return
	case p.Task == commitment.TaskPerform:
		return // nobody else takes part
	case p.State == Working:
		n.leave(m.Transaction, out)
		n.reportGone(from, m, out)
		return
	case m.Ballot != 0 && m.Ballot < p.Elected:
		return
	}
	if m.Ballot > p.Elected && !p.State.Decided() {
		n.elect(p, from, m.Ballot, out)
	}
	report := Report{
		Transaction: m.Transaction, Ballot: m.Ballot, State: p.State,
		Attempt: p.Attempt, Up: p.Up, Recovered: p.Recovered,
	}
	if n.Settings.Termination == terminationE3PC {
		report.Elected = p.Elected
	}
	n.Say(&p.Pending, from, report, out)
}

// elect takes part in a higher ballot, and in no lower one any more.
func (n *Node) elect(p *Process, leader protocols.NodeID, ballot Ballot, out *protocols.Effects) {
	p.Elected = ballot
	n.watch(p, out)
	if n.Settings.Termination == terminationE3PC {
		n.Force(&p.Pending, p.Transaction, p.shift(), whatElected, out)
	}
	l := n.Leads.Find(p.Transaction)
	if l == nil || l.Ballot == ballot && leader == n.Self || l.Phase == Telling || l.Ballot == 0 {
		return
	}
	if n.Coordinates(p.Transaction) {
		n.enter(l, Deposed, nil, out)
	} else {
		n.Leads.Drop(p.Transaction, commitment.TimerLead, out)
	}
}

// reportGone tells of a transaction that is decided here, or was never voted
// for: then it is aborted now, on disk, lest a late CanCommit change that.
func (n *Node) reportGone(to protocols.NodeID, m Poll, out *protocols.Effects) {
	id := m.Transaction
	report := Report{Transaction: id, Ballot: m.Ballot, State: Aborted}
	decision, over := n.Store.IsOver(id)
	switch {
	case over && decision == resource.Undecided:
		report.Over = true
		n.Send(to, report, out)
	case over && decision == resource.Commit:
		report.State = Committed
		n.Send(to, report, out)
	default:
		n.resume(n.Store.Resolve(id, resource.Abort), out)
		// A process in name only, until the record is on disk.
		p := n.Processes.Add(Process{Share: commitment.Share{Transaction: id, State: Aborted}})
		n.Force(&p.Pending, id, resource.Resolved{Transaction: id, Decision: resource.Abort}, whatResolved, out)
		n.Say(&p.Pending, to, report, out)
	}
}

// onReport hears where a process stands.
func (n *Node) onReport(from protocols.NodeID, m Report, out *protocols.Effects) {
	if p := n.Processes.Find(m.Transaction); m.State.Decided() && p != nil {
		switch {
		case !p.State.Decided():
			n.decide(p, m.State.Decision(), out)
		case p.State != m.State:
			noteSplit(m.Transaction, m.State.Decision(), out)
		}
		return
	}
	l := n.Leads.Find(m.Transaction)
	if l == nil || l.Phase != Polling || l.Ballot != m.Ballot || !l.Answered(from) {
		return
	}
	l.Reports = append(l.Reports, Told{From: from, Report: m})
	if len(l.Awaited) == 0 {
		n.judge(l, out)
	}
}

// judge concludes from the reports. None is of a decision: that would have been
// taken over at once.
func (n *Node) judge(l *Lead, out *protocols.Effects) {
	if p := n.Processes.Find(l.Transaction); p == nil || p.State.Decided() {
		n.enter(l, Deposed, nil, out) // it is on its way to the disk
		return
	}
	switch {
	case l.Ballot == 0:
		n.judgeFailed(l, out)
	case n.Settings.Termination == terminationSimple:
		n.judgeSimply(l, out)
	case n.Settings.Termination == terminationQuorum:
		n.judgeByQuorums(l, out)
	default:
		n.judgeByAttempts(l, out)
	}
}

// in returns who of those who reported is in a state.
func (l *Lead) in(state State) []protocols.NodeID {
	var nodes []protocols.NodeID
	for _, told := range l.Reports {
		if told.Report.State == state {
			nodes = append(nodes, told.From)
		}
	}
	return nodes
}

// judgeSimply counts on the silent being dead. If one of those alive has
// precommitted, none has aborted, and they commit; if none has, no dead one can
// have committed, and they abort (Skeen 1981; Bernstein, Hadzilacos and Goodman,
// section 7.5). Who has failed meanwhile does not count.
func (n *Node) judgeSimply(l *Lead, out *protocols.Effects) {
	l.Reports = slices.DeleteFunc(l.Reports, func(t Told) bool { return t.Report.Recovered })
	if len(l.in(Precommitted)) == 0 {
		n.conclude(l, resource.Abort, out)
		return
	}
	group := append(l.in(Waiting), l.in(Precommitted)...)
	slices.Sort(group)
	l.Target, l.Group = Precommitted, group
	n.enter(l, Moving, group, out)
}

// judgeByQuorums decides only what as many are ready for as make the opposite
// impossible: whoever has moved to one side never moves to the other (Skeen, "A
// quorum-based commit protocol", 1982).
func (n *Node) judgeByQuorums(l *Lead, out *protocols.Effects) {
	size := len(l.Cohort)
	waiting, ready, against := l.in(Waiting), l.in(Precommitted), l.in(Preaborted)
	switch {
	case len(ready) > 0 && len(ready)+len(waiting) >= n.Settings.quorum(Precommitted, size):
		l.Target, l.Reached = Precommitted, ready
	case len(against)+len(waiting) >= n.Settings.quorum(Preaborted, size):
		l.Target, l.Reached = Preaborted, against
	default:
		n.stuck(l, noQuorum, out)
		return
	}
	n.move(l, waiting, out)
}

// judgeByAttempts goes by the latest attempt that a quorum knows of, and makes it
// again (Keidar and Dolev, "Increasing the resilience of distributed and
// replicated database systems", 1998): unlike above, processes change sides, for
// a later attempt of a quorum outweighs all earlier ones.
func (n *Node) judgeByAttempts(l *Lead, out *protocols.Effects) {
	if len(l.Reports) < n.Settings.quorum(Precommitted, len(l.Cohort)) {
		n.stuck(l, noQuorum, out)
		return
	}
	latest := Ballot(0)
	l.Target = Preaborted
	var all []protocols.NodeID
	for _, told := range l.Reports {
		all = append(all, told.From)
		if r := &told.Report; r.Attempt > latest {
			latest, l.Target = r.Attempt, r.State
		}
	}
	l.Reached = nil
	n.move(l, all, out)
}

// move makes processes ready for a decision.
func (n *Node) move(l *Lead, nodes []protocols.NodeID, out *protocols.Effects) {
	slices.Sort(nodes)
	l.Group = nodes
	n.enter(l, Moving, nodes, out)
	n.proceed(l, out)
}

// quorum returns how many processes must be in a state before it is decided on.
func (s *Settings) quorum(target State, size int) int {
	commit := size/2 + 1
	if s.CommitQuorum > 0 && s.Termination == terminationQuorum {
		commit = min(s.CommitQuorum, size)
	}
	if target == Precommitted || s.Termination == terminationE3PC {
		return commit
	}
	return size + 1 - commit
}

// onSilent acts when some have not moved in time, and reports whether that is
// the end of the phase.
func (n *Node) onSilent(l *Lead, out *protocols.Effects) bool {
	if n.Settings.Termination == terminationSimple {
		// They are dead. The node's own disk must have it.
		if slices.Contains(l.Awaited, n.Self) {
			return false
		}
		n.conclude(l, resource.Commit, out)
		return true
	}
	if n.Coordinates(l.Transaction) && l.Ballot == first(l.Transaction) {
		return false
	}
	n.stuck(l, noQuorum, out)
	return true
}

// stuck gives a ballot up. The process will try again.
func (n *Node) stuck(l *Lead, why string, out *protocols.Effects) {
	out.Note(protocols.Note{Kind: Stuck, Term: uint64(l.Ballot), Slot: uint64(l.Transaction), Text: why})
	n.giveUp(l, out)
}

// giveUp leads no longer. The coordinator keeps the transaction in mind.
func (n *Node) giveUp(l *Lead, out *protocols.Effects) {
	if n.Coordinates(l.Transaction) {
		n.enter(l, Deposed, nil, out)
	} else {
		n.Leads.Drop(l.Transaction, commitment.TimerLead, out)
	}
}
