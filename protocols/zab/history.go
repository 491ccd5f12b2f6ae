package zab

import (
	"sort"

	"quorumlab/protocols"
	"quorumlab/protocols/machine"
)

// This file keeps the log in memory and on disk (see snapshot.go for its head). It must guarantee that the
// disk gets every change in the order made, that one write is under way at a
// time (later ones share the next), and that the node knows exactly how much of
// its log and which of its metadata are on disk.

// Transaction is a client's command at its place in the history: the record of
// the log, and the value of the notes Broadcast and Delivered.
type Transaction struct {
	Zxid    Zxid
	Client  protocols.ClientID
	Request uint64
	Command protocols.Command
}

// Origin implements protocols.Originated.
func (t Transaction) Origin() (protocols.ClientID, uint64) { return t.Client, t.Request }

// Carries implements protocols.Carrier.
func (t Transaction) Carries() protocols.Command { return t.Command }

// Meta is the metadata on disk.
type Meta struct {
	AcceptedEpoch Epoch
	CurrentEpoch  Epoch
	// Life is the number of the node's boots.
	Life uint32
	// Damaged says that part of the log was lost, see Node.
	Damaged bool
	// Configured is the version of the active configuration.
	Configured Zxid
}

// History is the log, as it is on disk. Its last committed transactions are
// ZooKeeper's ring of committed proposals as well.
type History struct {
	// Base is the zxid of the transaction before Entries[0], which was cut
	// off; 0 if nothing was.
	Base Zxid
	// First is the disk's index of Entries[0].
	First   uint64
	Entries []Entry
	// Applied is the disk's index of the last transaction that the state
	// includes; First-1 if that is the one at Base.
	Applied uint64
	// Snapshot is the same of the saved snapshot.
	Snapshot uint64
	Weight   machine.Weight
}

// Entry is one transaction of the log.
type Entry struct {
	Zxid Zxid
	// Transaction is a Transaction, see Propose.
	Transaction protocols.Record
}

// Stable is what the node knows of its disk. Writes are numbered from 1 in the
// order they were wanted.
type Stable struct {
	// Mark is that of the last Persist; Writing says that it is under way.
	Mark    uint64
	Writing bool
	// Waiting are the writes for the next Persist.
	Waiting []protocols.Write
	// Queued, Handed and Durable are the numbers of the last write that was
	// wanted, given to the disk, and finished.
	Queued, Handed, Durable uint64
	// MetaWrite and LogWrite are the numbers of the last write of each kind.
	MetaWrite, LogWrite uint64
	// IndexHanded and IndexDurable are the disk's indices up to which the
	// log of History was given to the disk, and is on it.
	IndexHanded, IndexDurable uint64
}

// last returns the zxid at the log's end.
func (h *History) last() Zxid {
	if len(h.Entries) == 0 {
		return h.Base
	}
	return h.Entries[len(h.Entries)-1].Zxid
}

// next returns the disk's index of the next entry.
func (h *History) next() uint64 { return h.First + uint64(len(h.Entries)) }

// zxidAt returns the zxid at the disk's index, or 0 if that is no longer known.
func (h *History) zxidAt(index uint64) Zxid {
	switch {
	case index >= h.First:
		return h.Entries[index-h.First].Zxid
	case index == h.First-1:
		return h.Base
	}
	return 0
}

// upTo returns how many entries have a zxid of at most z.
func (h *History) upTo(z Zxid) int {
	return sort.Search(len(h.Entries), func(i int) bool { return h.Entries[i].Zxid > z })
}

// between returns the entries after one zxid up to another.
func (h *History) between(after, to Zxid) []Entry {
	return h.Entries[h.upTo(after):h.upTo(to)]
}

// queue adds a write for the next Persist.
func (n *Node) queue(write protocols.Write) {
	n.Stable.Waiting = append(n.Stable.Waiting, write)
	n.Stable.Queued++
}

// appendLog adds a transaction, which is given twice, to the log.
func (n *Node) appendLog(transaction *Transaction, record protocols.Record) {
	n.History.Entries = append(n.History.Entries, Entry{Zxid: transaction.Zxid, Transaction: record})
	n.configure(transaction.Zxid, transaction)
	n.queue(protocols.Append{Record: record})
	n.Stable.LogWrite = n.Stable.Queued
}

// cut keeps the first count entries of the log. What was delivered is
// committed, and no leader may ask to cut it.
func (n *Node) cut(count int) {
	from := n.History.First + uint64(count)
	if n.History.Applied >= from {
		panic("zab: a delivered transaction is to be cut from the log")
	}
	clear(n.History.Entries[count:])
	n.History.Entries = n.History.Entries[:count]
	n.forget(n.History.last())
	n.cutDisk(from)
}

// cutDisk cuts the log on disk from an index on.
func (n *Node) cutDisk(from uint64) {
	n.queue(protocols.CutTail{From: from})
	n.Stable.LogWrite = n.Stable.Queued
	n.Stable.IndexHanded = min(n.Stable.IndexHanded, from-1)
	n.Stable.IndexDurable = min(n.Stable.IndexDurable, from-1)
}

// writeMeta puts the node's epochs on disk.
func (n *Node) writeMeta() {
	n.queue(protocols.SetMeta{Meta: Meta{
		AcceptedEpoch: n.AcceptedEpoch, CurrentEpoch: n.CurrentEpoch, Life: n.Life, Damaged: n.Damaged,
		Configured: n.Active.Configuration.Version,
	}})
	n.Stable.MetaWrite = n.Stable.Queued
}

// flush gives the disk all that waits, unless it is still busy. This is group
// commit: whatever gathers during one write goes into the next.
func (n *Node) flush(out *protocols.Effects) {
	s := &n.Stable
	if s.Writing || len(s.Waiting) == 0 {
		return
	}
	s.Mark++
	s.Writing = true
	s.Handed = s.Queued
	s.IndexHanded = n.History.next() - 1
	out.Persist(s.Mark, s.Waiting...)
	s.Waiting = nil // the effect has it now
}

func (n *Node) onPersisted(mark uint64, out *protocols.Effects) {
	s := &n.Stable
	if !s.Writing || mark != s.Mark {
		return // of no Persist that is under way
	}
	s.Writing = false
	s.Durable = s.Handed
	s.IndexDurable = s.IndexHanded
	switch n.Role {
	case FollowingLeader, ObservingLeader:
		n.followerOnDurable(out)
	case LeadingFollowers:
		n.leaderOnDurable(out)
	case Looking: // a later role will look at Stable
	}
}

// zxidDurable returns the end of the log's part that is on disk.
func (n *Node) zxidDurable() Zxid { return n.History.zxidAt(n.Stable.IndexDurable) }
