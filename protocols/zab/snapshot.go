package zab

import (
	"slices"

	"quorumlab/protocols"
	"quorumlab/protocols/machine"
)

// Snapshots must bound the log without ever leaving a crash a state that is
// worse than the one before: the snapshot goes to disk first and then the log's
// head, and what a crash in between leaves of the head is recognised by Base. A
// snapshot is taken between two transactions of a broadcast and written with
// what else waits for the disk, so that proposals go on; never on the way to
// leading or following, which would make a fail-over take longer the more data
// there are.

// Snapshot is the record of the state after a transaction, all before it
// included.
type Snapshot struct {
	// Zxid is that transaction's. The log goes on after Base, which is at most
	// Zxid: the transactions between them are kept for those who lag behind.
	Zxid Zxid
	Base Zxid
	// Configuration is the one that was active then.
	Configuration Configuration
	// State is that of the sessions and the state machine.
	State protocols.Record
}

// snapshot takes a snapshot if enough was delivered since the last.
func (n *Node) snapshot() {
	h := &n.History
	every := n.Options.SnapCount
	if every == 0 {
		return
	}
	// Nodes take theirs at different times, so that not all disks are busy
	// at once (ZooKeeper draws lots).
	every -= every / 2 * uint64(n.Position) / uint64(len(n.Nodes))
	if h.Applied-h.Snapshot < every && !h.Weight.Full(1) {
		return
	}
	if n.sending() && h.Applied-h.Snapshot < snapPatience*every && !h.Weight.Full(snapPatience) {
		return
	}
	first := n.retained()
	n.Saved = Snapshot{
		Zxid: h.zxidAt(h.Applied), Base: h.zxidAt(first - 1),
		Configuration: n.Active.Configuration, State: n.Sessions.Snapshot(),
	}
	h.Weight.Begin(n.Saved.State)
	n.queue(protocols.SaveSnapshot{Snapshot: n.Saved})
	n.queue(protocols.CutHead{Before: first})
	h.Entries = slices.Clone(h.Entries[first-h.First:]) // lets go of the rest
	h.Base, h.First, h.Snapshot = n.Saved.Base, first, h.Applied
}

// retained returns the disk's index of the first delivered entry that is kept for those
// who lag.
func (n *Node) retained() uint64 {
	h := &n.History
	first := h.Applied + 1
	for bytes := 0; first > h.First && h.Applied+1-first < n.Options.CommitLogCount; first-- {
		bytes += machine.SizeOf(h.Entries[first-1-h.First].Transaction.(Transaction).Command)
		if bytes > machine.WeightKept {
			break
		}
	}
	return first
}

// snapPatience is how many times as long as else a leader goes on without a new
// snapshot while it sends the last one: who gets that needs the log from there on.
const snapPatience = 8

// sending reports whether a learner is getting the saved snapshot.
func (n *Node) sending() bool {
	return slices.ContainsFunc(n.Leading.Learners, func(l Learner) bool {
		return l.Stage == Fetching && l.Snap == n.Saved.Zxid
	})
}

// install takes a leader's snapshot in the place of the whole log, which ends
// before it. A crash after the first of the writes leaves a log that the
// snapshot stands for.
func (n *Node) install(s Snapshot, out *protocols.Effects) {
	n.Saved = s
	n.queue(protocols.SaveSnapshot{Snapshot: s})
	n.cutDisk(n.History.First)
	n.restore(out)
	n.History.Entries = nil
	n.forget(0)
	n.activate(s.Configuration, out)
}

// restore makes the state that of the saved snapshot, before all entries.
func (n *Node) restore(out *protocols.Effects) {
	h := &n.History
	h.Base = n.Saved.Base
	h.Applied, h.Snapshot = h.First-1, h.First-1
	h.Weight.Begin(n.Saved.State)
	n.Sessions.Restore(n.Saved.State)
	out.Note(protocols.Note{Kind: protocols.Restored, Slot: uint64(n.Saved.Zxid)})
}
