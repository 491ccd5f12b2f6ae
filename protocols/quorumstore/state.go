package quorumstore

import (
	"slices"
	"time"

	"quorumlab/protocols"
	"quorumlab/protocols/machine"
)

// Node is one participant: protocols.Node as plain data.
type Node struct {
	Settings Settings
	// Initial holds the values that the keys are given with.
	Initial map[string]string

	// What is on disk, and only that: Cells are the keys that the node owns,
	// Hints what it keeps for others.
	Cells map[string]Cell
	Hints []Hint

	// The disk. DiskFirst is the index of its first record, DiskNext the one
	// that the next will have; records before DiskApplied are in Cells.
	DiskFirst, DiskNext, DiskApplied uint64
	Mark                             uint64    // of the latest Persist
	Writing                          []Writing // the Persists under way, oldest first

	// Life counts the lives of the node; it is ready to coordinate once the
	// number of this one is on disk. Numbered counts what it has numbered.
	Life     uint64
	Ready    bool
	Numbered uint64
	// Halted: of the disk so much is lost that the node must do nothing.
	Halted bool
	// Damaged: the disk has lost records, and with them versions that the
	// node had vouched for. Until the others have filled the gaps it tells
	// nobody what it holds. Synced are those whose part is in.
	Damaged bool
	Synced  []protocols.NodeID
	// Round is the number of the anti-entropy round under way, Peer the last
	// node that one was begun with.
	Round uint64
	Peer  protocols.NodeID

	// Operations are those that the node coordinates, by growing number;
	// Waiting are requests that came before it was ready.
	Operations []Operation
	Waiting    []protocols.Requested
	// Clients holds the last request of each client.
	Clients map[protocols.ClientID]Session
}

// Settings are a node's configuration, the same in every life.
type Settings struct {
	Self    protocols.NodeID
	Members []protocols.NodeID // those that keep keys
	Ring    []Token
	Tick    time.Duration
	N, R, W int
	// Conflicts is one of the values of the parameter of that name.
	Conflicts             string
	WriteBack, ReadRepair bool
	Sloppy                bool
	// HandoffAfter is after how many ticks a stand-in is asked, Patience
	// after how many an operation is given up.
	HandoffAfter, Patience uint64
	HandoffEvery           time.Duration
	SyncEvery              time.Duration // 0: never
	SnapshotEvery          uint64        // records; 0: never
	TombstoneAge           time.Duration
}

// Cell is what the node holds of a key. At is the record of the log that says
// so; if that is no more, the snapshot does.
type Cell struct {
	Versions []Version
	At       uint64
}

// Hint is what the node holds of a key for its owner, to be handed over.
type Hint struct {
	Number   uint64
	Owner    protocols.NodeID
	Key      string
	Versions []Version
	At       uint64 // as in Cell
}

// Writing is a Persist under way. When it is done Versions are held, of Key and
// for the owner For (0: the node itself), and To is told, with Number.
type Writing struct {
	Mark     uint64
	Key      string
	For      protocols.NodeID
	Versions []Version
	Asked    []Version // of them, those that To asked to keep
	At       uint64    // the record; 0: the Persist holds none of a key
	To       protocols.NodeID
	Number   uint64
}

// Session is the last request that a client made of this node.
type Session struct {
	Request  uint64
	Answered bool
	Result   machine.Result
	Refusal  string
}

// The records on disk.
type (
	// Kept says that these versions of a key are held, for an owner or, if
	// For is 0, as one's own.
	Kept struct {
		Key      string
		For      protocols.NodeID
		Versions []Version
	}
	// Handed says that a hint is not needed any more: its owner has it.
	Handed struct {
		For protocols.NodeID
		Key string
	}
	// Born says in the log what Meta says, for the case that Meta is damaged.
	Born struct{ Life uint64 }
	// Meta is the metadata; see Node for the fields.
	Meta struct {
		Life    uint64
		Damaged bool
	}
	// Snapshot stands for all records before the log's first.
	Snapshot struct {
		Life  uint64
		Cells map[string][]Version
		Hints []Hint
	}
)

// The names of the timers.
const (
	timerResend  = "resend"       // of an operation (the key): what was not answered is asked again
	timerHandoff = "handoff"      // time to offer the hints to their owners
	timerSync    = "anti-entropy" // time to compare with the next node
)

// Step makes the node take one event.
func (n *Node) Step(now time.Duration, event protocols.Event, out *protocols.Effects) {
	if n.Halted {
		return
	}
	switch event := event.(type) {
	case protocols.Recovered:
		n.onRecovered(now, event.Disk, out)
	case protocols.Received:
		n.onReceived(now, event.From, event.Message, out)
	case protocols.TimerFired:
		n.onTimer(now, event.Timer, out)
	case protocols.Requested:
		n.onRequested(now, event, out)
	case protocols.Persisted:
		n.onPersisted(now, event.Mark, out)
	}
	if !n.Halted {
		n.compact(now, out)
	}
}

func (n *Node) onReceived(now time.Duration, from protocols.NodeID, message protocols.Message, out *protocols.Effects) {
	switch message := message.(type) {
	case Fetch:
		n.onFetch(from, message, out)
	case Fetched:
		n.answered(now, from, message.Number, message.Versions, out)
	case Store:
		n.onStore(from, message, out)
	case Stored:
		n.onStored(from, message, out)
	case Digest:
		n.onDigest(now, from, message, out)
	case Agreed:
		n.onAgreed(now, from, message, out)
	case Contents:
		n.onContents(now, from, message, out)
	}
}

func (n *Node) onTimer(now time.Duration, timer protocols.Timer, out *protocols.Effects) {
	switch timer.Name {
	case timerResend:
		n.onResendDue(now, timer.Key, out)
	case timerHandoff:
		n.onHandoffDue(out)
	case timerSync:
		n.onSyncDue(now, out)
	}
}

// perLife is how many numbers a node has for each life: a million a second last
// for eleven days, and the next life begins where they end.
const perLife = 1_000_000_000_000

// next returns a number that the node has never used before, in any life.
func (n *Node) next() uint64 {
	n.Numbered++
	return n.Life*perLife + n.Numbered
}

// operation returns the place of an operation, false if it is over.
func (n *Node) operation(number uint64) (int, bool) {
	return slices.BinarySearchFunc(n.Operations, number, func(o Operation, number uint64) int {
		switch {
		case o.Number < number:
			return -1
		case o.Number > number:
			return 1
		}
		return 0
	})
}

// Keeps implements protocols.Partial.
func (n *Node) Keeps(key string) bool { return n.Settings.owns(n.Settings.Self, key) }

// Replicated implements protocols.Replica: it shows what a reader of this node
// alone would see, siblings side by side, and what the node keeps for others
// where it holds nothing of its own.
func (n *Node) Replicated() protocols.StateMachine {
	kv := machine.NewKV()
	for i := range n.Hints {
		if value, values := result(n.Hints[i].Versions); values > 0 {
			kv.Values[n.Hints[i].Key] = value.Value
		}
	}
	for _, key := range sortedKeys(n.Cells) {
		if value, values := result(n.Cells[key].Versions); values > 0 {
			kv.Values[key] = value.Value
		}
	}
	return kv
}
