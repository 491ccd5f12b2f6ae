package paxos

import (
	"time"

	"quorumlab/protocols"
)

// Recovery must take up every promise and vote that the disk kept. If some of it
// cannot be read, the acceptor that this node was is lost: to vote in its name
// would be to break promises that nobody remembers. The node comes back as
// another one, without a vote until the others have agreed to it (formation.go).

// onRecovered begins a life.
func (n *Node) onRecovered(now time.Duration, disk protocols.Disk, out *protocols.Effects) {
	n.Silence = n.Options.Election
	n.Stable.First = max(disk.First, 1)
	n.Stable.Next = disk.Next()
	n.Log.First = 1
	meta, known := disk.Meta.(Meta)
	if known {
		n.Promised, n.Seen = meta.Promised, meta.Promised
		n.Incarnation, n.Formation.Confirmed, n.Formation.Forgotten = meta.Incarnation, meta.Confirmed, meta.Forgotten
		copy(n.Registered, meta.Registered)
	}
	n.Life = meta.Life + 1
	n.writeMeta()
	if snapshot, ok := disk.Snapshot.(Snapshot); ok {
		n.Snapshot = snapshot
		n.Log.Weight.Begin(snapshot.Sessions)
		n.restore(snapshot, out)
		n.Log.First = snapshot.Slot + 1
	} else {
		out.Note(protocols.Note{Kind: protocols.Restored})
		n.noteConfiguration(&n.Configurations[0], out)
	}
	chosen, damage := n.load(disk)
	switch {
	case damage != "":
		n.lose(disk, damage, out)
	default:
		n.noteVotes(out)
		for n.Chosen < chosen && n.Log.at(n.Chosen+1) != nil {
			n.apply(out)
		}
	}
	if n.Options.Reads == ReadLease && (known || damage != "") {
		n.Lease.Until = now + n.Options.Lease // whatever was granted before
	}
	out.Note(protocols.Note{Kind: protocols.Role, Text: "following"})
	n.begin(out)
	n.tick(out)
}

// load takes up the votes. It returns how far they say the log is chosen, and
// what is wrong with them, or "".
func (n *Node) load(disk protocols.Disk) (chosen uint64, damage string) {
	if damage = disk.Unreadable(); damage != "" {
		return 0, damage
	}
	if disk.Meta == nil && disk.Next() > 1 {
		return 0, "there are votes, but no promises"
	}
	for i, record := range disk.Log {
		vote, ok := record.(Vote)
		if !ok {
			return 0, "a record of the log is no vote"
		}
		chosen = max(chosen, vote.Chosen)
		if vote.Slot < n.Log.First {
			continue
		}
		for n.Log.next() <= vote.Slot {
			n.Log.Entries = append(n.Log.Entries, Entry{})
		}
		n.Log.Entries[vote.Slot-n.Log.First] = Entry{
			Ballot: vote.Ballot, Value: vote.Value, Index: n.Stable.First + uint64(i),
		}
	}
	return chosen, ""
}

// noteVotes tells of the votes that the disk kept: the last of them may have got
// there without the node's knowing, just before it crashed.
func (n *Node) noteVotes(out *protocols.Effects) {
	for i, e := range n.Log.Entries {
		if e.Ballot != 0 {
			out.Note(protocols.Note{
				Kind: protocols.Accepted, Term: uint64(e.Ballot), Slot: n.Log.First + uint64(i), Value: e.Value,
			})
		}
	}
}

// lose drops the votes of an acceptor that is lost. Its incarnation ends with
// it.
func (n *Node) lose(disk protocols.Disk, why string, out *protocols.Effects) {
	out.Note(protocols.Note{Kind: protocols.Lost, Text: why})
	n.Log.Entries = nil
	n.Formation.Confirmed = false
	if n.Incarnation != 0 {
		n.Incarnation++
	} else {
		n.Formation.Forgotten = true
	}
	n.writeMeta()
	if disk.SnapshotDamaged {
		n.queue(protocols.SaveSnapshot{Snapshot: n.snapshot()}) // the state at the beginning
	}
	if n.Stable.Next > n.Stable.First {
		n.Stable.First = n.Stable.Next
		n.queue(protocols.CutHead{Before: n.Stable.Next})
	}
}
