package paxos

import (
	"fmt"

	"quorumlab/protocols"
	"quorumlab/protocols/machine"
)

// Messages may be lost, doubled, late and out of order. So each says what it
// belongs to (a ballot, a slot, a number), and whoever waits for an answer asks
// again.

// Vote is what an acceptor accepted in a slot: a record of the log on disk, and
// part of a Promise.
type Vote struct {
	Slot   uint64
	Ballot Ballot
	// Value is a Command, a Noop or a Readmission. It is an interface so
	// that one copy serves the log, the disk, all peers and all notes.
	Value protocols.Record
	// Chosen: all slots up to it hold, in the writer's log, what was chosen.
	Chosen uint64
}

// Command is a client's command, the value of a slot.
type Command struct {
	Client  protocols.ClientID
	Request uint64
	Command protocols.Command
}

// Origin implements protocols.Originated.
func (c Command) Origin() (protocols.ClientID, uint64) { return c.Client, c.Request }

// Carries implements protocols.Carrier.
func (c Command) Carries() protocols.Command { return c.Command }

// Noop is a value that does nothing: it fills a slot that would stay a hole.
type Noop struct{}

// Prepare (1a) asks for a promise.
type Prepare struct {
	Ballot Ballot
	// From is the first slot that the sender does not know to be chosen.
	From uint64
}

// Promise (1b): the sender accepts nothing below Ballot any more.
type Promise struct {
	Ballot      Ballot
	Incarnation uint32
	// Chosen: all slots up to it are chosen, whether the sender still has
	// them or not. Who gets this must learn them, and may propose for none.
	Chosen uint64
	// Accepted are the sender's votes for the slots after that.
	Accepted []Vote
}

// PromisePart (1b) is a part of a promise whose votes are more than a message may
// carry: those for the slots from First on and before Next. A part whose Next is 0 is
// the last.
type PromisePart struct {
	Ballot      Ballot
	Incarnation uint32
	Chosen      uint64
	First, Next uint64
	Accepted    []Vote
}

// Continue (1a) asks for the part of a promise that begins with a slot.
type Continue struct {
	Ballot Ballot
	From   uint64
}

// Reject answers what is of a ballot too low.
type Reject struct {
	Ballot   Ballot
	Promised Ballot
}

// Accept (2a) asks to accept values for slots that follow each other.
type Accept struct {
	Ballot Ballot
	First  uint64
	Values []protocols.Record
	Chosen uint64
}

// Accepted (2b): the sender has accepted what was proposed in Ballot for the
// slots from First to Last.
type Accepted struct {
	Ballot      Ballot
	Incarnation uint32
	First, Last uint64
}

// Commit tells that all slots up to Chosen are chosen.
type Commit struct {
	Ballot Ballot
	Chosen uint64
}

// Heartbeat is a leader's sign of life, and asks for one.
type Heartbeat struct {
	Ballot Ballot
	Round  uint64
	Chosen uint64
}

// HeartbeatReply tells that the sender got a heartbeat when it had promised
// nothing above Ballot. With leases it grants one.
type HeartbeatReply struct {
	Ballot      Ballot
	Round       uint64
	Incarnation uint32
}

// Canvass (pre-vote) asks whether a Prepare would be welcome.
type Canvass struct{ Ballot Ballot }

// CanvassReply answers it.
type CanvassReply struct {
	Ballot      Ballot
	Incarnation uint32
	Welcome     bool
	Promised    Ballot
	Chosen      uint64
}

// Ask asks for what was chosen from a slot on.
type Ask struct{ From uint64 }

// Learn tells what was chosen.
type Learn struct {
	First uint64
	// Ballots and Values of the slots from First on.
	Ballots []Ballot
	Values  []protocols.Record
	// Chosen is how far the sender knows.
	Chosen uint64
}

// Fetch asks for a part of the snapshot after Slot: the Part'th, from 1.
type Fetch struct {
	Slot uint64
	Part uint32
}

// Part is a part of a snapshot. The last also has who votes.
type Part struct {
	Slot           uint64
	Chunk          machine.Chunk
	Configurations []Configuration
	Incarnations   []uint32
}

// Submit hands a client's command to the leader.
type Submit struct {
	Client  protocols.ClientID
	Request uint64
	Command protocols.Command
}

// ReadIndex asks the leader how far to execute before the reads up to Number.
// Life is the sender's: its numbers begin anew with each.
type ReadIndex struct {
	Life   uint32
	Number uint64
}

// ReadIndexReply answers it.
type ReadIndexReply struct {
	Life   uint32
	Number uint64
	Index  uint64
}

// Introduce asks whether the sender, whose disk is empty, was ever here.
type Introduce struct{}

// Introduced answers it.
type Introduced struct {
	// Known are the last incarnations that the answering node knows of, by
	// position, its own among them; 0: none.
	Known []uint32
	// Blank: the answering node has just begun, too.
	Blank bool
}

// Register asks to remember the sender's incarnation, for the day that it
// forgets it.
type Register struct{ Incarnation uint32 }

// Registered tells that it is remembered.
type Registered struct{ Incarnation uint32 }

// Readmit asks the leader to let the sender vote again, in this incarnation.
type Readmit struct{ Incarnation uint32 }

// Meta is the metadata on disk.
type Meta struct {
	Promised    Ballot
	Incarnation uint32
	// Confirmed: the incarnation is registered with enough others. Forgotten:
	// there was one before, which the node has forgotten.
	Confirmed, Forgotten bool
	// Life counts the node's boots.
	Life uint32
	// Registered are the incarnations of the nodes, by position, that this
	// one remembers for them.
	Registered []uint32
}

// Kept implements protocols.Vow: a ballot is used when it is on its maker's disk.
func (m Prepare) Kept(durable protocols.Disk) string { return promiseKept(durable, m.Ballot) }

// Kept implements protocols.Vow.
func (m Promise) Kept(durable protocols.Disk) string {
	if missing := promiseKept(durable, m.Ballot); missing != "" {
		return missing
	}
	return votesKept(durable, m.Accepted)
}

// Kept implements protocols.Vow.
func (m PromisePart) Kept(durable protocols.Disk) string {
	if missing := promiseKept(durable, m.Ballot); missing != "" {
		return missing
	}
	return votesKept(durable, m.Accepted)
}

// Kept implements protocols.Vow.
func (m Continue) Kept(durable protocols.Disk) string { return promiseKept(durable, m.Ballot) }

// Kept implements protocols.Vow.
func (m Accepted) Kept(durable protocols.Disk) string {
	for slot := m.First; slot <= m.Last; slot++ {
		if missing := voteKept(durable, slot, m.Ballot); missing != "" {
			return missing
		}
	}
	return ""
}

// Kept implements protocols.Vow: what a blank node knows it was told just now.
func (m Introduced) Kept(durable protocols.Disk) string {
	meta, _ := durable.Meta.(Meta)
	for _, known := range m.Known {
		if !m.Blank && known > meta.Incarnation && !contains(meta.Registered, known) {
			return fmt.Sprintf("incarnation %d is not on disk", known)
		}
	}
	return ""
}

// Kept implements protocols.Vow.
func (m Registered) Kept(durable protocols.Disk) string {
	if meta, _ := durable.Meta.(Meta); !contains(meta.Registered, m.Incarnation) {
		return fmt.Sprintf("incarnation %d is not on disk", m.Incarnation)
	}
	return ""
}

func contains(list []uint32, wanted uint32) bool {
	for _, x := range list {
		if x >= wanted {
			return true
		}
	}
	return false
}

func promiseKept(durable protocols.Disk, ballot Ballot) string {
	if meta, _ := durable.Meta.(Meta); meta.Promised < ballot {
		return fmt.Sprintf("the promise of ballot %v is not on disk", ballot)
	}
	return ""
}

func votesKept(durable protocols.Disk, votes []Vote) string {
	for _, v := range votes {
		if missing := voteKept(durable, v.Slot, v.Ballot); missing != "" {
			return missing
		}
	}
	return ""
}

// voteKept looks for a vote of this ballot or a later one, from the log's end.
func voteKept(durable protocols.Disk, slot uint64, ballot Ballot) string {
	if s, ok := durable.Snapshot.(Snapshot); ok && slot <= s.Slot {
		return ""
	}
	for i := len(durable.Log) - 1; i >= 0; i-- {
		if v, ok := durable.Log[i].(Vote); ok && v.Slot == slot {
			if v.Ballot >= ballot {
				return ""
			}
			break
		}
	}
	return fmt.Sprintf("the vote for slot %d in ballot %v is not on disk", slot, ballot)
}
