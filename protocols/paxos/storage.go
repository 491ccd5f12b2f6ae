package paxos

import (
	"slices"

	"quorumlab/protocols"
	"quorumlab/protocols/machine"
)

// This file keeps the log in memory and on disk. It must guarantee that the
// disk gets every change in the order made, that one write is under way at a
// time (later ones share the next: group commit), and that a message which is
// true only if something is on disk waits until it is.
//
// The log on disk is a journal: votes in the order in which they were cast. A
// slot may be in it several times, and the last time counts.

// Log is what is kept of the slots from First on, in memory.
type Log struct {
	First   uint64
	Entries []Entry
	Weight  machine.Weight
}

// Entry is a slot: what the node accepted there last, or learned. Ballot 0:
// nothing.
type Entry struct {
	Ballot Ballot
	Value  protocols.Record
	// Index is the disk's index of the record.
	Index uint64
}

// next returns the first slot after the log.
func (l *Log) next() uint64 { return l.First + uint64(len(l.Entries)) }

// at returns the entry of a slot, nil if there is none.
func (l *Log) at(slot uint64) *Entry {
	if slot < l.First || slot >= l.next() || l.Entries[slot-l.First].Ballot == 0 {
		return nil
	}
	return &l.Entries[slot-l.First]
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
	// First and Next are the first and the next index of the disk's log, when
	// all of that is done.
	First, Next uint64
	// Held are messages that wait for a write, in the order of the writes.
	Held []Held
}

// Held is a message that may go once a write is done. To may be the node
// itself.
type Held struct {
	Write   uint64
	To      int
	Message protocols.Message
	// Values are those that an Accepted is about.
	Values []protocols.Record
}

func (n *Node) queue(write protocols.Write) {
	n.Stable.Waiting = append(n.Stable.Waiting, write)
	n.Stable.Queued++
}

// writeMeta puts the promise and the rest of the metadata on disk.
func (n *Node) writeMeta() {
	n.queue(protocols.SetMeta{Meta: Meta{
		Promised: n.Promised, Incarnation: n.Incarnation, Confirmed: n.Formation.Confirmed,
		Forgotten:  n.Formation.Forgotten,
		Registered: slices.Clone(n.Registered), Life: n.Life,
	}})
}

// record puts a vote, or what was learned, into the log. The caller has made
// sure that the slot is neither gone nor too far ahead.
func (n *Node) record(slot uint64, ballot Ballot, value protocols.Record) {
	for n.Log.next() <= slot {
		n.Log.Entries = append(n.Log.Entries, Entry{})
	}
	n.Log.Entries[slot-n.Log.First] = Entry{Ballot: ballot, Value: value, Index: n.Stable.Next}
	n.queue(protocols.Append{Record: Vote{Slot: slot, Ballot: ballot, Value: value, Chosen: n.Chosen}})
	n.Stable.Next++
}

// hold sends a message once all that was written so far is on disk.
func (n *Node) hold(to int, message protocols.Message, values []protocols.Record) {
	n.Stable.Held = append(n.Stable.Held, Held{Write: n.Stable.Queued, To: to, Message: message, Values: values})
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
	out.Persist(s.Mark, s.Waiting...)
	s.Waiting = nil // the effect has it now
}
