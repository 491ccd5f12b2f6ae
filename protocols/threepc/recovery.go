package threepc

import (
	"slices"

	"quorumlab/protocols"
	"quorumlab/protocols/commitment"
	"quorumlab/protocols/resource"
)

// Recovery must find again every promise, and hold its locks. A process that has
// failed since it voted may not conclude anything from its own state: those that
// went on without it may have decided. It asks; and if all have failed, those
// that have come back wait until the last to fail is among them.

// Enrolled is the record that the node takes part in a transaction. With Bare it
// is its YES, for it owns no key; else that is the record resource.Prepared,
// which comes with it.
type Enrolled struct {
	Transaction resource.ID
	Cohort      []protocols.NodeID
	Bare        bool
}

// Shift is the record that a process has moved on; see Process for the fields.
type Shift struct {
	Transaction      resource.ID
	State            State
	Elected, Attempt Ballot
	Up               []protocols.NodeID
}

// Ended is the record that all know the decision on one of the node's own
// transactions. It need not be forced: they would be told once more.
type Ended struct{ Transaction resource.ID }

// Table is what a snapshot holds beside the store: the processes that are not
// decided, and the node's own transactions of which not all know the decision.
type Table struct {
	Processes []Process
	Untold    []Untold
}

// Untold is a decision that not all are known to know.
type Untold struct {
	Transaction resource.ID
	Cohort      []protocols.NodeID
}

// Recover implements commitment.Protocol.
func (n *Node) Recover(found resource.Recovered, disk protocols.Disk, out *protocols.Effects) {
	table, _ := found.Protocol.(Table)
	for _, p := range table.Processes {
		n.recall(p)
	}
	for _, u := range table.Untold {
		n.own(u.Transaction, u.Cohort)
	}
	for _, record := range found.Records {
		n.replay(record)
	}
	n.sift(disk, out)
	n.Store.Advance(n.Self, n.watermark())
	n.Reserve(out)
	n.takeUp(out)
}

// recall takes a process up again as it was on disk.
func (n *Node) recall(p Process) {
	if known := n.Processes.Find(p.Transaction); known != nil {
		*known = p
	} else {
		n.Processes.Add(p)
	}
	n.own(p.Transaction, p.Cohort)
}

// own makes the node the coordinator that it was.
func (n *Node) own(id resource.ID, cohort []protocols.NodeID) {
	if n.Coordinates(id) && n.Leads.Find(id) == nil {
		n.Leads.Add(Lead{Lead: commitment.Lead{Transaction: id, Phase: Deposed}, Cohort: cohort})
	}
}

func (n *Node) replay(record protocols.Record) {
	switch r := record.(type) {
	case Enrolled:
		n.recall(Process{
			Share: commitment.Share{Transaction: r.Transaction, State: Waiting, Task: commitment.TaskVote},
			Bare:  r.Bare, Cohort: r.Cohort, Elected: first(r.Transaction), Up: r.Cohort,
		})
	case Shift:
		if p := n.Processes.Find(r.Transaction); p != nil {
			p.State, p.Elected, p.Attempt, p.Up = r.State, r.Elected, r.Attempt, r.Up
		}
	case Ended:
		n.Leads.Remove(r.Transaction)
	}
}

// sift keeps, of what the disk tells, what is not over: processes that are in
// doubt, and decisions that must still be told. Perhaps the node failed before it
// could say what it had just written down: now it says so.
func (n *Node) sift(disk protocols.Disk, out *protocols.Effects) {
	n.Processes = slices.DeleteFunc(n.Processes, func(p Process) bool {
		if decision := commitment.Resolved(disk.Log, p.Transaction); decision != resource.Undecided {
			commitment.NoteDecision(p.Transaction, decision, out)
		}
		if p.Bare {
			_, over := n.Store.IsOver(p.Transaction)
			return over
		}
		// Also one below its coordinator's watermark may be in doubt here: the
		// coordinator failed before it had voted, and does not know it.
		_, doubtful := n.Store.Branches[p.Transaction]
		if doubtful {
			commitment.NoteVote(p.Transaction, resource.Yes, out)
		}
		return !doubtful
	})
	n.Leads = slices.DeleteFunc(n.Leads, func(l Lead) bool {
		decision, _ := n.Store.IsOver(l.Transaction)
		return decision == resource.Undecided && n.Processes.Find(l.Transaction) == nil
	})
}

// takeUp goes on with what the disk tells.
func (n *Node) takeUp(out *protocols.Effects) {
	for i := range n.Leads {
		l := &n.Leads[i]
		if decision, _ := n.Store.IsOver(l.Transaction); decision != resource.Undecided {
			l.Decision = decision
			n.enter(l, Telling, n.Others(l.Cohort), out)
		}
	}
	n.Leads = slices.DeleteFunc(n.Leads, func(l Lead) bool { return l.Phase == Telling && len(l.Awaited) == 0 })
	for i := range n.Processes {
		p := &n.Processes[i]
		p.Recovered = true
		n.watch(p, out)
		n.poll(p, 0, out)
	}
}

// judgeFailed concludes from the answers to a mere question. As long as somebody
// lives who has not failed since he voted it is his to decide. If all have
// failed, the state of the last who did counts: those before him may not have
// known what he decided. He is among those whom nobody who is back has seen
// fail, so all of them must be back (Skeen, "Determining the last process to
// fail", 1985). With quorums no process needs to wait for another like this.
func (n *Node) judgeFailed(l *Lead, out *protocols.Effects) {
	if n.Settings.Termination != terminationSimple {
		n.giveUp(l, out)
		return
	}
	last := slices.Clone(l.Cohort)
	ready := false
	for _, told := range l.Reports {
		if !told.Report.Recovered {
			n.giveUp(l, out)
			return
		}
		last = slices.DeleteFunc(last, func(node protocols.NodeID) bool { return !slices.Contains(told.Report.Up, node) })
	}
	back := 0
	for _, told := range l.Reports {
		if slices.Contains(last, told.From) {
			back++
			ready = ready || told.Report.State == Precommitted
		}
	}
	switch {
	case back < len(last):
		n.stuck(l, lastIsAway, out)
	case ready:
		n.conclude(l, resource.Commit, out)
	default:
		n.conclude(l, resource.Abort, out)
	}
}

// Table implements commitment.Protocol.
func (n *Node) Table() protocols.Record {
	var table Table
	for _, p := range n.Processes {
		// The record of a decision that is on its way to the disk stays in the log.
		if p.State != Working && len(p.Cohort) > 0 {
			p.Share = p.ToKeep()
			table.Processes = append(table.Processes, p)
		}
	}
	for i := range n.Leads {
		if l := &n.Leads[i]; n.Coordinates(l.Transaction) && len(l.Cohort) > 0 {
			table.Untold = append(table.Untold, Untold{Transaction: l.Transaction, Cohort: l.Cohort})
		}
	}
	return table
}
