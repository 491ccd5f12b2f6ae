package primarybackup

import (
	"time"

	"quorumlab/protocols"
	"quorumlab/protocols/machine"
)

// Node is one participant: protocols.Node as plain data.
type Node struct {
	Settings Settings
	Role     Role
	// Term is the highest term heard of; a primary leads it, a backup
	// follows the node that it belongs to.
	Term uint64
	// Lost is the highest index that damage to the disk may have taken from
	// the log, 0 if there was none: until it has the log up to there again
	// the node must not lead.
	Lost uint64
	// Blank: the disk is empty, or was once, and not all others have told since what
	// they know; Unheard are those who have not. The node must not lead. Used: some
	// of them knew of somebody who led. New: the disk was empty when this life began,
	// and nothing was heard of a primary since.
	Blank, Used, New bool
	Unheard          []protocols.NodeID

	// The log: a snapshot, and the entries after it.
	Snapshot Snapshot
	Log      []Entry
	// Commit is the highest index known to be committed; Applied, at most
	// Commit, the highest in the state machine.
	Commit, Applied uint64
	Sessions        machine.Sessions

	// The disk. DiskNext is the index that the next record will have there;
	// it differs from the entry's index once a snapshot was received.
	DiskNext uint64
	Mark     uint64    // of the latest Persist
	Writing  []Writing // the Persists under way, oldest first
	// Durable is the highest index, and DurableTerm the highest term, on
	// stable storage.
	Durable, DurableTerm uint64

	// As a backup. Synced: the log is a prefix of the primary's of Term.
	// Asked: Follow was sent, and is not yet answered. Following: it was.
	Synced, Asked, Following bool
	// Incoming is what has arrived of the snapshot that is to replace the log.
	Incoming machine.Assembly

	// As a primary. Claim is the mark of the Persist of its claim. Barrier is the last index inherited from earlier terms.
	Claim   uint64
	Barrier uint64
	Backups []Backup // in growing order of Node
	// Held are messages of backups that came too early: Follow before the
	// claim was on disk, Forward and ReadAsk before the node had settled.
	Held []Held

	// Writes and Reads are the requests that clients made of this node and
	// that are not yet answered, one a client.
	Writes map[protocols.ClientID]Write
	Reads  map[protocols.ClientID]Read
}

// Settings are a node's configuration, the same in every life.
type Settings struct {
	Self          protocols.NodeID
	Nodes         []protocols.NodeID
	Tick          time.Duration
	Replication   string
	Wait          string
	Reads         string
	Takeover      string
	TakeoverAfter time.Duration
	// AskFirst: an empty disk may have been wiped.
	AskFirst bool
	// SnapshotEvery is the number of entries after which a snapshot replaces
	// them; 0: never.
	SnapshotEvery uint64
}

// Role is what a node is doing.
type Role string

// The roles.
const (
	// RoleBackup follows the primary of its term.
	RoleBackup Role = "backup"
	// RoleClaiming waits until its claim to a term is on disk.
	RoleClaiming Role = "claiming"
	// RoleSettling leads its term but has not yet delivered all that it
	// inherited: it accepts backups, and makes clients wait.
	RoleSettling Role = "settling"
	// RolePrimary leads its term.
	RolePrimary Role = "primary"
	// RoleHalted can neither lead, its disk being damaged, nor follow: nobody
	// takes over, or it does not know what it vowed.
	RoleHalted Role = "halted"
)

// End names an entry, and with it the whole log up to there: two logs that
// both hold the entry are equal up to it.
type End struct{ Index, Term uint64 }

// Entry is one record of the log. Index counts from 1. Prev is the term of the
// entry before it (0: there is none), which chains the log together.
type Entry struct {
	Index, Term, Prev uint64
	// Commit is what was committed when the entry was made, so that a node
	// that restarts knows what it may deliver.
	Commit  uint64
	Client  protocols.ClientID
	Request uint64
	Command protocols.Command
}

// Origin implements protocols.Originated.
func (e Entry) Origin() (protocols.ClientID, uint64) { return e.Client, e.Request }

// Carries implements protocols.Carrier.
func (e Entry) Carries() protocols.Command { return e.Command }

// Snapshot stands for the log up to End. If that is 0 it is the state that the
// machine was given with.
type Snapshot struct {
	End     End
	Machine protocols.Record
}

// Meta is the metadata on disk; see Node for the fields.
type Meta struct {
	Term, Lost uint64
	Blank      bool
}

// Writing is a Persist under way: with Mark, the log up to Last and Term are
// on disk.
type Writing struct{ Mark, Last, Term uint64 }

// Backup is what a primary knows of a backup.
type Backup struct {
	Node protocols.NodeID
	// Following: the entries up to Sent are on their way or there.
	Following bool
	Sent      uint64
	// Acked is the highest index on the backup's disk, 0 if not known.
	Acked uint64
	// Silent: not heard from for takeover_after.
	Silent bool
}

// Held is a message kept for later.
type Held struct {
	From    protocols.NodeID
	Message protocols.Message
}

// Write is a client's command that waits to be applied.
type Write struct {
	Request uint64
	Command protocols.Command
}

// Read is a client's query that waits until Index is applied; Known is false
// as long as the primary has not told the Index.
type Read struct {
	Request uint64
	Command protocols.Command
	Known   bool
	Index   uint64
}

// The names of the timers.
const (
	timerHeartbeat = "heartbeat" // primary: time to tell the backups it is there
	timerRetry     = "retry"     // time to try the link with a node (the key) again
	timerSilence   = "silence"   // primary: a backup (the key) was not heard from
	timerTakeover  = "takeover"  // backup: the primary was not heard from
)

// Step makes the node take one event.
func (n *Node) Step(_ time.Duration, event protocols.Event, out *protocols.Effects) {
	if n.Role == RoleHalted {
		return
	}
	switch event := event.(type) {
	case protocols.Recovered:
		n.onRecovered(event.Disk, out)
	case protocols.Received:
		n.onReceived(event.From, event.Message, out)
	case protocols.TimerFired:
		n.onTimer(event.Timer, out)
	case protocols.Requested:
		n.onRequested(event, out)
	case protocols.Persisted:
		n.onPersisted(event.Mark, out)
	case protocols.Disconnected:
		n.onDisconnected(event.Peer, out)
	}
	n.compact(out)
}

func (n *Node) onTimer(timer protocols.Timer, out *protocols.Effects) {
	switch timer.Name {
	case timerHeartbeat:
		n.onHeartbeatDue(out)
	case timerRetry:
		n.onRetryDue(protocols.NodeID(timer.Key), out)
	case timerSilence:
		n.onSilence(protocols.NodeID(timer.Key), out)
	case timerTakeover:
		n.onPrimarySilent(out)
	case timerInquire:
		n.inquire(out)
	}
}

// leads tells whether the node acts as the primary of its term.
func (n *Node) leads() bool { return n.Role == RoleSettling || n.Role == RolePrimary }

// owner returns the node that a term belongs to.
func (s Settings) owner(term uint64) protocols.NodeID {
	return s.Nodes[(term-1)%uint64(len(s.Nodes))]
}

// nextOwn returns the node's own first term after the given one.
func (s Settings) nextOwn(term uint64) uint64 {
	for term++; s.owner(term) != s.Self; {
		term++
	}
	return term
}

func (n *Node) note(out *protocols.Effects, kind protocols.NoteKind, slot uint64, text string) {
	out.Note(protocols.Note{Kind: kind, Term: n.Term, Slot: slot, Text: text})
}

// take changes the role.
func (n *Node) take(role Role, out *protocols.Effects) {
	n.Role = role
	n.note(out, protocols.Role, 0, string(role))
}

// Replicated implements protocols.Replica.
func (n *Node) Replicated() protocols.StateMachine { return n.Sessions.Machine }

// Answered implements protocols.Answerer.
func (n *Node) Answered(client protocols.ClientID, request uint64) (result protocols.Result, answered, over bool) {
	return n.Sessions.Answered(client, request)
}
