package primarybackup

import (
	"fmt"
	"slices"

	"quorumlab/protocols"
)

// This file keeps the log: in memory and, by Persist, on disk. The log must
// stay one chain (each entry names the term of the one before), also after a
// crash between any two writes.

// last returns the log's end.
func (n *Node) last() End {
	if len(n.Log) == 0 {
		return n.Snapshot.End
	}
	entry := n.Log[len(n.Log)-1]
	return End{Index: entry.Index, Term: entry.Term}
}

// has tells whether the log, or its snapshot's end, is the entry named.
func (n *Node) has(end End) bool {
	if end.Index < n.Snapshot.End.Index || end.Index > n.last().Index {
		return false
	}
	return n.endAt(end.Index) == end
}

// endAt returns the entry's name. The index lies between the snapshot's and
// the log's end, both included.
func (n *Node) endAt(index uint64) End {
	if index == n.Snapshot.End.Index {
		return n.Snapshot.End
	}
	return End{Index: index, Term: n.Log[n.at(index)].Term}
}

// at returns the place of an entry in n.Log.
func (n *Node) at(index uint64) int { return int(index - n.Snapshot.End.Index - 1) }

// between returns the entries after one index up to another. The slice may go
// into a message: the array below is never written to again.
func (n *Node) between(after, to uint64) []Entry {
	from, end := n.at(after+1), n.at(to+1)
	return n.Log[from:end:end]
}

// onDisk returns the index that an entry's record has on disk; the entry after
// the last has the next one.
func (n *Node) onDisk(index uint64) uint64 { return n.DiskNext - (n.last().Index + 1 - index) }

// persist writes to the disk what the node's state now says.
func (n *Node) persist(out *protocols.Effects, writes ...protocols.Write) {
	n.Mark++
	n.Writing = append(n.Writing, Writing{Mark: n.Mark, Last: n.last().Index, Term: n.Term})
	out.Persist(n.Mark, writes...)
}

// written takes note of what is on disk.
func (n *Node) written(mark uint64) {
	done := 0
	for done < len(n.Writing) && n.Writing[done].Mark <= mark {
		n.Durable, n.DurableTerm = n.Writing[done].Last, n.Writing[done].Term
		done++
	}
	n.Writing = slices.Delete(n.Writing, 0, done)
}

// extend appends entries, which must follow the log's end.
func (n *Node) extend(entries []Entry, out *protocols.Effects) {
	writes := make([]protocols.Write, 0, len(entries))
	for _, entry := range entries {
		if end := n.last(); entry.Index != end.Index+1 || entry.Prev != end.Term {
			panic(fmt.Sprintf("primarybackup: entry %d after term %d does not follow entry %d of term %d",
				entry.Index, entry.Prev, end.Index, end.Term))
		}
		n.Log = append(n.Log, entry)
		n.DiskNext++
		writes = append(writes, protocols.Append{Record: entry})
	}
	n.persist(out, writes...)
}

// truncate gives up all entries after one that the log has.
func (n *Node) truncate(after uint64, out *protocols.Effects) {
	if after == n.last().Index {
		return
	}
	for _, entry := range n.Log[n.at(after+1):] {
		text := "entry given up"
		if entry.Index <= n.Applied {
			text = "applied entry given up"
		}
		out.Note(protocols.Note{Kind: Discarded, Term: entry.Term, Slot: entry.Index, Value: entry, Text: text})
	}
	cut := n.onDisk(after + 1)
	// Clipped, for messages share the array: the next append makes a new one.
	n.Log = slices.Clip(n.Log[:n.at(after+1)])
	n.DiskNext = cut
	n.forgetDurable(after)
	n.persist(out, protocols.CutTail{From: cut})
	n.Commit = min(n.Commit, after)
	if n.Applied > after {
		n.rebuild(after, out)
	}
}

// Discarded is the kind of a Note that an entry was given up because the
// primary of a later term does not have it.
const Discarded protocols.NoteKind = "discarded"

// forgetDurable lowers what is, and what will be known to be, on disk.
func (n *Node) forgetDurable(after uint64) {
	n.Durable = min(n.Durable, after)
	for i := range n.Writing {
		n.Writing[i].Last = min(n.Writing[i].Last, after)
	}
}

// rebuild makes the state machine the one after an index that it has passed.
func (n *Node) rebuild(index uint64, out *protocols.Effects) {
	n.Sessions.Restore(n.Snapshot.Machine)
	for _, entry := range n.between(n.Snapshot.End.Index, index) {
		n.Sessions.Apply(entry.Client, entry.Request, entry.Command)
	}
	n.Applied = index
	n.restored("rolled back", out)
}

// restored tells which state the machine has been given.
func (n *Node) restored(how string, out *protocols.Effects) {
	end := n.endAt(n.Applied)
	out.Note(protocols.Note{Kind: protocols.Restored, Term: end.Term, Slot: end.Index, Text: how})
}

// replace takes a snapshot instead of the whole log.
func (n *Node) replace(snapshot Snapshot, out *protocols.Effects) {
	// The snapshot first: if a crash comes between the writes, records that
	// do not follow it in the chain are cut off when the node recovers.
	writes := []protocols.Write{protocols.SaveSnapshot{Snapshot: snapshot}}
	if len(n.Log) > 0 {
		n.DiskNext = n.onDisk(n.Log[0].Index)
		writes = append(writes, protocols.CutTail{From: n.DiskNext})
	}
	n.Log, n.Snapshot = nil, snapshot
	n.forgetDurable(0)
	n.persist(out, writes...)
	n.Commit, n.Applied = snapshot.End.Index, snapshot.End.Index
	n.Sessions.Restore(snapshot.Machine)
	n.restored("snapshot received", out)
}

// compact replaces the applied entries by a snapshot, if there are enough. It is
// the last act of a step: what backups that follow still need is shipped then.
func (n *Node) compact(out *protocols.Effects) {
	every := n.Settings.SnapshotEvery
	if every == 0 || n.Applied-n.Snapshot.End.Index < every {
		return
	}
	snapshot := Snapshot{End: n.endAt(n.Applied), Machine: n.Sessions.Snapshot()}
	before := n.onDisk(n.Applied + 1)
	n.Log = slices.Clone(n.Log[n.at(n.Applied+1):])
	n.Snapshot = snapshot
	n.persist(out, protocols.SaveSnapshot{Snapshot: snapshot}, protocols.CutHead{Before: before})
}

// ends returns the last entry of each term in the log, oldest first, beginning
// with the snapshot's.
func (n *Node) ends() []End {
	ends := []End{n.Snapshot.End}
	for _, entry := range n.Log {
		end := End{Index: entry.Index, Term: entry.Term}
		if ends[len(ends)-1].Term == end.Term {
			ends[len(ends)-1] = end
		} else {
			ends = append(ends, end)
		}
	}
	return ends
}

// match returns the last entry that this log and the one described by a Follow
// both have, or false if there is none that both still hold. Of the highest
// term in both, both hold the entries up to the lower of the two ends.
func (n *Node) match(follow Follow) (End, bool) {
	own := n.ends()
	for i := len(own) - 1; i >= 0; i-- {
		for _, theirs := range follow.Ends {
			if theirs.Term != own[i].Term {
				continue
			}
			common := End{Index: min(theirs.Index, own[i].Index), Term: theirs.Term}
			return common, common.Index >= follow.Base && n.has(common)
		}
	}
	return End{}, false
}
