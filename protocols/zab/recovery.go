package zab

import "quorumlab/protocols"

// Recovery must take up the promises and the history that the disk kept, and
// nothing else: what is not on disk was never vowed. It delivers nothing. The
// end of the log may be uncommitted, and only an established leader can tell.

// onRecovered begins a life.
func (n *Node) onRecovered(disk protocols.Disk, out *protocols.Effects) {
	if why := n.load(disk); why != "" {
		n.halt(why, out)
		return
	}
	out.Note(protocols.Note{Kind: protocols.Restored})
	n.Life++
	n.writeMeta()
	n.look("", out)
}

// load takes over what the disk kept. It returns what is wrong with it, or "".
func (n *Node) load(disk protocols.Disk) string {
	if len(disk.Damaged) > 0 {
		// To leave the record out would be to vote, and perhaps lead, with
		// a hole in what was acknowledged.
		return "a record of the log is damaged"
	}
	if disk.Meta != nil {
		meta, ok := disk.Meta.(Meta)
		if !ok {
			return "the metadata is not Zab's"
		}
		n.AcceptedEpoch, n.CurrentEpoch, n.Life = meta.AcceptedEpoch, meta.CurrentEpoch, meta.Life
	}
	h := &n.History
	h.First = max(disk.First, 1)
	h.Applied = h.First - 1
	h.Entries = make([]Entry, 0, len(disk.Log))
	for _, record := range disk.Log {
		transaction, ok := record.(Transaction)
		if !ok || !transaction.Zxid.follows(h.last()) {
			return "the log has a hole"
		}
		h.Entries = append(h.Entries, Entry{Zxid: transaction.Zxid, Transaction: record})
	}
	if n.CurrentEpoch > n.AcceptedEpoch {
		return "the epochs on disk contradict one another"
	}
	if h.last().Epoch() > n.AcceptedEpoch {
		return "the log is ahead of the accepted epoch"
	}
	n.Stable.IndexHanded = h.next() - 1
	n.Stable.IndexDurable = h.next() - 1
	return ""
}

// halt stops the node for good: silence is safe, a wrong vote is not.
func (n *Node) halt(why string, out *protocols.Effects) {
	n.Halted = true
	out.Note(protocols.Note{Kind: protocols.Halted, Text: why})
}
