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
	// Nodes holds the voters in growing order, Position the index of Self.
	// Slices with an entry a voter are indexed by position.
	Nodes    []protocols.NodeID
	Position int
	// Quorum is the number of voters that make a majority.
	Quorum  int
	Options Options

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

	History  History
	Stable   Stable
	Election Election
	// Following is the zero value unless the node is following, Leading
	// unless it is leading.
	Following Following
	Leading   Leading
	// Parked holds what nodes that already follow this one sent while it was
	// still looking, by position; Attempt 0 stands for nothing.
	Parked []FollowerInfo

	Sessions machine.Sessions
	// Writes are the commands that this node proposed or handed to its
	// leader, Reads those whose read index it waits for, both in the order
	// asked.
	Writes []Write
	Reads  []Read
	// ReadsAsked numbers the reads of this life.
	ReadsAsked uint64
}

// Replicated implements protocols.Replica.
func (n *Node) Replicated() protocols.StateMachine { return n.Sessions.Machine }

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
}

// Role is what a node is doing.
type Role uint8

// The roles. ZooKeeper's OBSERVING is to come.
const (
	Looking Role = iota + 1
	FollowingLeader
	LeadingFollowers
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
	}
	return "none"
}

// Phase is how far a follower or leader has got in its epoch; of a looking node
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

// Following is what a follower knows of its attempt to follow one leader.
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
	// Promised: ACKEPOCH is sent, DIFF or TRUNC is to come.
	Promised
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
	// Learners has an entry a voter, this node's own included.
	Learners []Learner
	// Counter is that of the last proposal, Committed the last zxid committed.
	Counter   uint32
	Committed Zxid
	// HalfTicks counts the heartbeats, Since is the tick when the phase began.
	HalfTicks uint64
	Since     uint64
	// Round numbers the rounds of pings, Confirmed is the last that a quorum
	// answered.
	Round     uint64
	Confirmed uint64
	// Reads wait for a round of pings, in the order asked.
	Reads []ReadWaiting
}

// Learner is what a leader knows of one voter.
type Learner struct {
	Stage   LearnerStage
	Attempt uint64
	// LastZxid is the end of the learner's log when it promised.
	LastZxid Zxid
	// Acked is the zxid up to which its log is known to be on its disk.
	Acked Zxid
	// Ponged is the last round of pings it answered.
	Ponged uint64
	// Joined and Deadline are ticks: when it connected, and until when it
	// must be heard again.
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
	// Syncing: all up to NEWLEADER is sent, proposals are forwarded.
	Syncing
	// Serving: NEWLEADER is acknowledged.
	Serving
)

// lookup returns the position of a voter.
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

// serving reports whether the node takes part in an established epoch.
func (n *Node) serving() bool { return n.Phase == Broadcast }
