package zab

import (
	"slices"

	"quorumlab/protocols"
)

// Recovery must take up the promises and the history that the disk kept, and
// nothing else: what is not on disk was never vowed. It delivers nothing beyond
// the snapshot. The end of the log may be uncommitted, and only an established
// leader can tell.

// onRecovered begins a life.
func (n *Node) onRecovered(disk protocols.Disk, out *protocols.Effects) {
	if why := n.load(disk, out); why != "" {
		n.halt(why, out)
		return
	}
	n.look("", out)
}

// load takes over what the disk kept. It returns what is wrong with it, or "".
func (n *Node) load(disk protocols.Disk, out *protocols.Effects) string {
	if disk.MetaDamaged {
		// Which epochs it accepted and how many lives it had nobody can
		// tell it.
		return disk.Unreadable()
	}
	if disk.Meta != nil {
		meta, ok := disk.Meta.(Meta)
		if !ok {
			return "the metadata is not Zab's"
		}
		n.AcceptedEpoch, n.CurrentEpoch = meta.AcceptedEpoch, meta.CurrentEpoch
		n.Life, n.Damaged = meta.Life, meta.Damaged
	}
	if disk.Snapshot != nil {
		snapshot, ok := disk.Snapshot.(Snapshot)
		if !ok {
			return "the snapshot is not Zab's"
		}
		n.Saved = snapshot
		n.activate(snapshot.Configuration, out)
	}
	base := n.Saved.Base
	records, cutHead, cutTail, ok := n.readable(disk)
	if !ok {
		return "a record of the log is not Zab's"
	}
	why := n.loadLog(max(disk.First, cutHead, 1), records, out)
	if n.Pending.Quorum > 0 && n.Pending.Configuration.Version == metaOf(disk).Configured {
		n.activate(n.Pending.Configuration, out)
	}
	n.Life++
	n.writeMeta() // and with it that the log is damaged, before it is cut
	if n.Saved.Base != base {
		n.queue(protocols.SaveSnapshot{Snapshot: n.Saved})
	}
	if cutHead != 0 {
		n.queue(protocols.CutHead{Before: cutHead})
	}
	if cutTail != 0 {
		n.queue(protocols.CutTail{From: cutTail})
	}
	if disk.SnapshotDamaged { // in its place one of nothing, when the log is gone
		n.queue(protocols.SaveSnapshot{Snapshot: n.Saved})
	}
	return why
}

// readable returns the records that continue the snapshot's base, and what has
// to be cut off the disk: what is before them, which a crash left between the
// writes of a snapshot and of the cut (before cutHead); and from a damaged record
// on all that follows (from cutTail). To go on with a hole would be to vote, and
// perhaps lead, without what was acknowledged. So the node is Damaged from then
// on, unless the snapshot stands for what the damaged records said; and it is if the
// snapshot itself is damaged.
func (n *Node) readable(disk protocols.Disk) (records []protocols.Record, cutHead, cutTail uint64, ok bool) {
	if disk.SnapshotDamaged { // the log does not begin anywhere
		n.Damaged = true
		return nil, 0, disk.First, true
	}
	records = disk.Log
	skip, holed := 0, false
	for i, record := range records {
		switch transaction, ours := record.(Transaction); {
		case record == nil:
			holed = true
		case !ours:
			return nil, 0, 0, false
		case transaction.Zxid <= n.Saved.Base || holed && transaction.Zxid <= n.Saved.Zxid:
			n.Saved.Base = max(n.Saved.Base, transaction.Zxid)
			skip, holed = i+1, false
		}
	}
	if skip > 0 {
		cutHead = disk.First + uint64(skip)
		records = records[skip:]
	}
	hole := slices.Index(records, nil)
	if hole < 0 {
		return records, cutHead, 0, true
	}
	n.Damaged = true
	if hole == 0 || records[hole-1].(Transaction).Zxid < n.Saved.Zxid {
		n.Saved.Base, hole = n.Saved.Zxid, 0
	}
	return records[:hole], cutHead, max(disk.First, cutHead) + uint64(hole), true
}

// loadLog takes over the records of the log, and restores the snapshot's state.
func (n *Node) loadLog(first uint64, records []protocols.Record, out *protocols.Effects) string {
	h := &n.History
	h.First, h.Base = first, n.Saved.Base
	included := uint64(0)
	h.Entries = make([]Entry, 0, len(records))
	for _, record := range records {
		transaction := record.(Transaction)
		if !transaction.Zxid.follows(h.last()) {
			return "the log has a hole"
		}
		h.Entries = append(h.Entries, Entry{Zxid: transaction.Zxid, Transaction: record})
		if transaction.Zxid <= n.Saved.Zxid {
			included++
		}
		n.configure(transaction.Zxid, &transaction)
	}
	switch {
	case n.CurrentEpoch > n.AcceptedEpoch:
		return "the epochs on disk contradict one another"
	case h.last().Epoch() > n.AcceptedEpoch:
		return "the log is ahead of the accepted epoch"
	case h.last() < n.Saved.Zxid:
		return "the log does not reach the snapshot"
	}
	n.restore(out)
	h.Applied += included
	h.Snapshot += included
	n.Stable.IndexHanded = h.next() - 1
	n.Stable.IndexDurable = h.next() - 1
	return ""
}

// halt stops the node for good: silence is safe, a wrong vote is not.
func (n *Node) halt(why string, out *protocols.Effects) {
	n.Halted = true
	out.Note(protocols.Note{Kind: protocols.Halted, Text: why})
}
