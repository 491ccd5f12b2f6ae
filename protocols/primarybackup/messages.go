package primarybackup

import (
	"fmt"

	"quorumlab/protocols"
	"quorumlab/protocols/machine"
)

// Every message names the sender's term.

// Follow asks the primary to ship its log (backup to primary; an answer to
// Heartbeat, too). Ends holds, for each term that the sender's log has entries
// of, the last of them, oldest first; it has none before Base.
type Follow struct {
	Term uint64
	Base uint64
	Ends []End
}

// Sync answers Follow: the receiver keeps its log up to Match, gives up what
// lies beyond, and will be sent the entries after it. With Replace it takes
// Snapshot instead of all its log; that is never sent as one message, but as
// Parts. Last is the last index of the sender's log.
type Sync struct {
	Term     uint64
	Match    End
	Replace  bool
	Snapshot Snapshot
	Last     uint64
	Commit   uint64
}

// Part is one of the messages that stand for a Sync with Replace: a chunk of its
// snapshot's machine, which the Sync in it leaves out.
type Part struct {
	Sync  Sync
	Chunk machine.Chunk
}

// Append ships entries, each following the one before.
type Append struct {
	Term    uint64
	Entries []Entry
	Commit  uint64
}

// Heartbeat tells that the primary is there, what is committed, and whether it
// is shipping its log to the receiver.
type Heartbeat struct {
	Term, Commit uint64
	Shipping     bool
}

// Ack tells the primary that the log up to End is on the backup's disk, and
// with it Term, so that the backup will not follow an earlier one again.
type Ack struct {
	Term uint64
	End  End
}

// Newer tells a node of a higher term than it acts in.
type Newer struct{ Term uint64 }

// Forward hands a client's write to the primary.
type Forward struct {
	Term    uint64
	Client  protocols.ClientID
	Request uint64
	Command protocols.Command
}

// ReadAsk asks the primary how far the log is committed, for a client's read.
type ReadAsk struct {
	Term    uint64
	Client  protocols.ClientID
	Request uint64
}

// ReadIndex answers ReadAsk.
type ReadIndex struct {
	Term    uint64
	Client  protocols.ClientID
	Request uint64
	Index   uint64
}

// Kept tells whether the sender's disk bears the acknowledgement out.
func (m Ack) Kept(durable protocols.Disk) string {
	if why := keptTerm(durable, m.Term); why != "" {
		return why
	}
	if !holds(durable, m.End) {
		return fmt.Sprintf("entry %d of term %d is not on disk", m.End.Index, m.End.Term)
	}
	return ""
}

// Kept tells whether the sender's claim to the term is on its disk.
func (m Sync) Kept(durable protocols.Disk) string { return keptTerm(durable, m.Term) }

// Kept is as for Sync.
func (m Part) Kept(durable protocols.Disk) string { return m.Sync.Kept(durable) }

// Kept tells whether the claim to the term, and what is said to be committed,
// are on the sender's disk.
func (m Append) Kept(durable protocols.Disk) string { return keptCommit(durable, m.Term, m.Commit) }

// Kept is as for Append.
func (m Heartbeat) Kept(durable protocols.Disk) string { return keptCommit(durable, m.Term, m.Commit) }

// Kept is as for Append.
func (m ReadIndex) Kept(durable protocols.Disk) string { return keptCommit(durable, m.Term, m.Index) }

func keptTerm(disk protocols.Disk, term uint64) string {
	if kept := metaOf(disk); kept.Term < term {
		return fmt.Sprintf("term %d is not on disk, only %d", term, kept.Term)
	}
	return ""
}

func keptCommit(disk protocols.Disk, term, commit uint64) string {
	if why := keptTerm(disk, term); why != "" {
		return why
	}
	last := snapshotOf(disk).End.Index
	if len(disk.Log) > 0 {
		if entry, readable := disk.Log[len(disk.Log)-1].(Entry); readable {
			last = max(last, entry.Index)
		}
	}
	if last < commit {
		return fmt.Sprintf("entry %d is said to be committed, the disk has %d", commit, last)
	}
	return ""
}

// holds tells whether an entry is on disk, by itself or in the snapshot.
func holds(disk protocols.Disk, end End) bool {
	if snapshot := snapshotOf(disk).End; snapshot.Index >= end.Index {
		return snapshot.Index > end.Index || snapshot == end
	}
	for i := len(disk.Log) - 1; i >= 0; i-- {
		entry, readable := disk.Log[i].(Entry)
		if readable && entry.Index <= end.Index {
			return entry.Index == end.Index && entry.Term == end.Term
		}
	}
	return false
}

// metaOf returns the disk's metadata; before the first write it is term 1.
func metaOf(disk protocols.Disk) Meta {
	if meta, written := disk.Meta.(Meta); written {
		return meta
	}
	return Meta{Term: 1}
}

func snapshotOf(disk protocols.Disk) Snapshot {
	snapshot, _ := disk.Snapshot.(Snapshot)
	return snapshot
}

// termOf returns the term that a message names; 0 for what is no message of
// this protocol.
func termOf(message protocols.Message) uint64 {
	switch message := message.(type) {
	case Follow:
		return message.Term
	case Sync:
		return message.Term
	case Part:
		return message.Sync.Term
	case Append:
		return message.Term
	case Heartbeat:
		return message.Term
	case Ack:
		return message.Term
	case Newer:
		return message.Term
	case Forward:
		return message.Term
	case ReadAsk:
		return message.Term
	case ReadIndex:
		return message.Term
	default:
		return 0
	}
}
