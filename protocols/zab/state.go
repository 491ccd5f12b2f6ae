package zab

import (
	"time"

	"quorumlab/protocols"
	"quorumlab/protocols/machine"
)

// Node is one server of the ensemble. Every vote counts the same; a node's id
// is its server id (sid).
type Node struct {
	Self protocols.NodeID
	// Nodes holds all nodes in growing order, Position the index of Self.
	// Slices with an entry a node are indexed by position.
	Nodes    []protocols.NodeID
	Position int
	Options  Options

	// Active is the last configuration that is known to be committed,
	// Pending a later one in the log, of which that is not known.
	Active  Electorate
	Pending Electorate
	// Damaged says that the disk has lost part of the log. The node does not
	// vote until a leader has given it back.
	Damaged bool

	// Halted says that the node found its disk broken and does nothing more.
	Halted bool
	Role   Role
	Phase  Phase

	// AcceptedEpoch is the highest epoch that this node promised not to go
	// behind, CurrentEpoch that of the last leader whose history it adopted.
	// The disk has them once Stable says so.
	AcceptedEpoch Epoch
	CurrentEpoch  Epoch
	// Life counts the node's boots, Attempts its attempts to join a leader in
	// this one.
	Life     uint32
	Attempts uint32

	History History
	// Saved is the last snapshot that was given to the disk.
	Saved    Snapshot
	Stable   Stable
	Election Election
	// Following is the zero value unless the node is following or observing,
	// Leading unless it is leading.
	Following Following
	Leading   Leading
	// HandedOver is the epoch whose leader handed over, from then on until the
	// next is established; else 0.
	HandedOver Epoch
	// Parked holds what nodes that already follow this one sent while it did
	// not yet know that it leads, by position; Attempt 0 stands for nothing.
	Parked []FollowerInfo

	Sessions machine.Sessions
	// Writes are the commands that this node proposed or handed to its
	// leader, or will when a hand-over is over; Reads those whose read index
	// it waits for; both in the order asked.
	Writes []Write
	Reads  []Read
	// ReadsAsked numbers the reads of this life.
	ReadsAsked uint64
	// Touched are clients heard since the last ping, of whom the leader does
	// not learn by other messages.
	Touched []protocols.ClientID
}

// Replicated implements protocols.Replica.
func (n *Node) Replicated() protocols.StateMachine { return n.Sessions.Machine }

// Answered implements protocols.Answerer.
func (n *Node) Answered(client protocols.ClientID, request uint64) (result protocols.Result, answered, over bool) {
	return n.Sessions.Answered(client, request)
}

// Options are the parameters of a Node, parsed.
type Options struct {
	Tick time.Duration
	// SyncLimit and InitLimit are numbers of ticks.
	SyncLimit, InitLimit uint64
	FinalizeWait         time.Duration
	// LocalReads answers reads from the node's own state, however stale.
	LocalReads bool
	// CounterMax is the counter after which an epoch is used up.
	CounterMax uint32
	// SnapCount is the most transactions delivered between two snapshots, 0
	// for none; CommitLogCount the number of those delivered that the log
	// keeps in front of a snapshot; SnapChunk the size of a part of a
	// snapshot that is sent, in bytes.
	SnapCount      uint64
	CommitLogCount uint64
	SnapChunk      int
	// SnapWindow is how many parts of a snapshot are sent ahead of what the
	// receiver has asked for.
	SnapWindow uint32
	// SessionTimeout is the number of ticks after which a leader ends the
	// session of a client that is silent; 0: it does not.
	SessionTimeout uint64
}

// Role is what a node is doing.
type Role uint8

// The roles.
const (
	Looking Role = iota + 1
	FollowingLeader
	LeadingFollowers
	ObservingLeader
)

// String returns ZooKeeper's word, in lower case.
func (r Role) String() string {
	switch r {
	case Looking:
		return "looking"
	case FollowingLeader:
		return "following"
	case LeadingFollowers:
		return "leading"
	case ObservingLeader:
		return "observing"
	}
	return "none"
}

// Phase is how far a learner or leader has got in its epoch; of a looking node
// it is 0.
type Phase uint8

// The phases.
const (
	Discovery Phase = iota + 1
	Synchronization
	Broadcast
)

// String names the phase.
func (p Phase) String() string {
	switch p {
	case Discovery:
		return "discovery"
	case Synchronization:
		return "synchronization"
	case Broadcast:
		return "broadcast"
	}
	return "none"
}

// Following is what a learner, that is a follower or an observer, knows of its
// attempt to follow one leader.
type Following struct {
	Leader protocols.NodeID
	// Attempt is unique among all attempts this node ever makes.
	Attempt uint64
	Stage   FollowerStage
	// Epoch is the leader's, 0 before LEADERINFO.
	Epoch Epoch
	// Counted says that this attempt accepted Epoch: only one leader may
	// count a node's ACKEPOCH of an epoch.
	Counted bool
	// Await is the number of the disk write that the stage waits for.
	Await uint64
	// How is the way the history was brought up to date.
	How string
	// Snap is the SNAP of which Parts come in.
	Snap  Snap
	Parts machine.Assembly
	// Committed is the highest zxid that the leader called committed.
	Committed Zxid
	// Acked is the last zxid acknowledged to the leader.
	Acked Zxid
	// Silence counts the ticks since the leader was heard.
	Silence uint64
}

// FollowerStage orders what a follower goes through.
type FollowerStage uint8

// The stages of a follower.
const (
	// Connecting: the number of this life is not yet on disk.
	Connecting FollowerStage = iota + 1
	// Introduced: FOLLOWERINFO is sent, LEADERINFO is to come.
	Introduced
	// Accepting: acceptedEpoch is not yet on disk.
	Accepting
	// Promised: ACKEPOCH is sent, DIFF, TRUNC or SNAP is to come.
	Promised
	// Loading: the parts of a snapshot are to come.
	Loading
	// Receiving: proposals and then NEWLEADER are to come.
	Receiving
	// Recording: the history is not yet on disk.
	Recording
	// Adopting: currentEpoch is not yet on disk.
	Adopting
	// Adopted: NEWLEADER is acknowledged; Phase tells of UPTODATE.
	Adopted
)

// Leading is what a leader knows of its epoch.
type Leading struct {
	// Epoch is 0 until a quorum has told which epochs it accepted; EpochSeen
	// is the highest of those.
	Epoch     Epoch
	EpochSeen Epoch
	// EpochWrite and HistoryWrite are the numbers of the disk writes that
	// the epoch and the initial history wait for; Recorded says that the
	// second was waited for and currentEpoch written, Adopted that both are on
	// disk.
	EpochWrite   uint64
	HistoryWrite uint64
	Promised     bool
	Recorded     bool
	Adopted      bool
	// Learners has an entry a node, this one's own included.
	Learners []Learner
	// Counter is that of the last proposal, Committed the last zxid committed.
	Counter   uint32
	Committed Zxid
	// HalfTicks counts the heartbeats, Since is the tick when the phase began, or
	// a follower got on with a snapshot.
	HalfTicks uint64
	Since     uint64
	// Round numbers the rounds of pings, Confirmed is the last that a quorum
	// answered.
	Round     uint64
	Confirmed uint64
	// Reads wait for a round of pings, in the order asked.
	Reads []ReadWaiting
	// Activity tells when clients were last heard. It is new with each epoch,
	// so that a new leader gives every session its whole time.
	Activity machine.Activity
}

// Learner is what a leader knows of one other node.
type Learner struct {
	Stage   LearnerStage
	Attempt uint64
	// LastZxid is the end of the learner's log when it promised.
	LastZxid Zxid
	// Snap is the snapshot that it is getting, Chunks its parts that are still
	// to be sent.
	Snap   Zxid
	Chunks []machine.Chunk
	// Acked is the zxid up to which its log is known to be on its disk.
	Acked Zxid
	// Sent is, of an observer, the last transaction it was sent.
	Sent Zxid
	// Ponged is the last round of pings it answered.
	Ponged uint64
	// Joined and Deadline are ticks: when it connected, or got on with a
	// snapshot, and until when it must be heard again.
	Joined   uint64
	Deadline uint64
	// Due is a zxid that it must acknowledge by the tick DueTick.
	Due     Zxid
	DueTick uint64
	// Informed, Promised and Synced say that it counts for the quorum of
	// FOLLOWERINFO, ACKEPOCH and ACK of NEWLEADER. They outlast its
	// connection: what was promised in an epoch stays promised.
	Informed bool
	Promised bool
	Synced   bool
}

// LearnerStage orders what a leader goes through with a learner.
type LearnerStage uint8

// The stages of a learner. One that is not connected has stage 0.
const (
	// Joined: FOLLOWERINFO came.
	Joined LearnerStage = iota + 1
	// Invited: LEADERINFO is sent.
	Invited
	// Waiting: ACKEPOCH came; a quorum of them is awaited.
	Waiting
	// Fetching: the parts of a snapshot are sent as it asks for them.
	Fetching
	// Syncing: all up to NEWLEADER is sent, proposals are forwarded.
	Syncing
	// Serving: NEWLEADER is acknowledged.
	Serving
)

// lookup returns the position of a node.
func (n *Node) lookup(id protocols.NodeID) (position int, ok bool) {
	// Ids mostly are 1, 2, 3 …: look there first.
	if p := int(id) - 1; p >= 0 && p < len(n.Nodes) && n.Nodes[p] == id {
		return p, true
	}
	for p, node := range n.Nodes {
		if node == id {
			return p, true
		}
	}
	return 0, false
}

// learns reports whether the node follows or observes.
func (n *Node) learns() bool { return n.Role == FollowingLeader || n.Role == ObservingLeader }

// serving reports whether the node takes part in an established epoch.
func (n *Node) serving() bool { return n.Phase == Broadcast }
