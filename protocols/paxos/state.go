package paxos

import (
	"time"

	"quorumlab/protocols"
	"quorumlab/protocols/machine"
)

// Node is one replica: acceptor, learner and, at times, the leader (proposer).
// A slice with an entry a node, and a bit of a set, are indexed by position in
// Nodes.
type Node struct {
	Self     protocols.NodeID
	Nodes    []protocols.NodeID
	Position int
	Options  Options

	// The acceptor. Promised is on disk when Stable says so; Seen is the
	// highest ballot ever heard of.
	Promised Ballot
	Seen     Ballot
	// Incarnation is which acceptor of this name the node is, 0 while it has
	// yet to find out (formation.go). Registered are the incarnations that it
	// remembers for others.
	Incarnation uint32
	Registered  []uint32
	// Life counts the node's boots.
	Life      uint32
	Formation Formation
	Stable    Stable

	// The learner. All slots up to Chosen are chosen and applied; Log holds
	// of them what was not yet dropped.
	Log      Log
	Chosen   uint64
	Catching Catching
	// Configurations are in the order of their slots; the first is that of
	// slot Log.First or of an earlier one. Incarnations are the acceptors by
	// which nodes vote in configurations to come.
	Configurations []Configuration
	Incarnations   []uint32
	Sessions       machine.Sessions
	// Snapshot is the one on disk, a Snapshot; nil if there is none.
	Snapshot  protocols.Record
	Serving   Serving
	Receiving Receiving

	// The leader that this node follows, itself included; 0 if it knows none.
	Leader protocols.NodeID
	// Silence counts half ticks since a leader or a candidate was heard, up
	// to the time-out. Armed says that the election timer runs; Failures
	// counts the attempts to lead that came to nothing.
	Silence  uint64
	Armed    bool
	Failures uint64
	Leading  Leading
	Lease    Grant

	// Waits are the commands that clients asked of this node, Reads the reads
	// whose index it waits for, both in the order asked.
	Waits      []Wait
	Reads      []Read
	ReadsAsked uint64
	ReadAsked  uint64 // the last one that the leader was asked about
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
	// Election is the time-out, in half ticks.
	Election   uint64
	Canvass    bool
	Backoff    bool
	AllPropose bool
	// Slots is the last slot, 0 if there is none.
	Slots  uint64
	Alpha  uint64
	Batch  int
	Window int // of batches under way
	// Q1 and Q2 are the sizes of the quorums, 0 for a majority.
	Q1, Q2 int
	Reads  ReadMode
	// Lease is for how long a grant binds the granter, LeaseHeld for how long
	// the holder relies on it.
	Lease, LeaseHeld time.Duration
	// Compact is how many slots are executed between two snapshots, Retain
	// how many executed ones are kept for those who lag.
	Compact, Retain uint64
	Part            int // size of a part of a snapshot
	// Session is the number of half ticks after which the session of a silent
	// client ends, 0: never.
	Session uint64
	// AskBlank: with an empty disk the node first asks whether it was here
	// before.
	AskBlank bool
}

// ReadMode is how commands that change nothing are answered.
type ReadMode uint8

// The ways to read.
const (
	ReadLog   ReadMode = iota + 1 // as a command in the log
	ReadRound                     // confirmed by a round of heartbeats
	ReadLease                     // by the leader's lease; without one as ReadRound
	ReadLocal                     // from the node's own state, however stale
)

// Stage is how far an attempt to lead has got.
type Stage uint8

// The stages. A node that makes no attempt has 0.
const (
	// Canvassing: it asks whether an attempt would be welcome.
	Canvassing Stage = iota + 1
	// Preparing: a quorum of promises is to come, or what it told of is
	// still to be learned.
	Preparing
	// Recovering: the slots that others left open are proposed anew.
	Recovering
	// Established: they are executed, and clients are served.
	Established
)

// String names the stage.
func (s Stage) String() string {
	switch s {
	case Canvassing:
		return "canvassing"
	case Preparing:
		return "preparing"
	case Recovering:
		return "recovering"
	case Established:
		return "established"
	}
	return "none"
}

// Leading is what a candidate or leader knows of its attempt.
type Leading struct {
	Stage  Stage
	Ballot Ballot
	// Age counts the half ticks of a stage before Established.
	Age uint64
	// Answered are those that welcomed (Canvassing) or promised, with their
	// Incarnations.
	Answered     uint64
	Incarnations []uint32
	// Told is, by node, how far its promise has come, of those that come in parts; nil
	// if none does.
	Told []Told
	// Known is the highest Chosen that a promise told of.
	Known uint64
	// Inherited are the votes that promises told of, the highest of each
	// slot, by growing slot.
	Inherited []Vote
	// Next is the first slot that is not proposed in this ballot. Open are
	// the slots from Chosen+1 to Next-1.
	Next uint64
	Open []Open
	// OpenBytes are those of the values of open slots; before Recovering those that this
	// node has voted for.
	OpenBytes int
	// Batches are the last slots of the messages under way.
	Batches []uint64
	// Queue are commands not yet proposed; Pending is the last request of
	// each client that is in Queue or proposed and not executed.
	Queue    []protocols.Record
	Pending  map[protocols.ClientID]uint64
	Activity machine.Activity
	// Round numbers the heartbeats, SentAt is when the last ones were sent
	// (own clock, with leases only), by round. Acked is the last round that
	// each node answered, as the acceptor AckedAs; Heard is how many half
	// ticks ago it last did.
	Round   uint64
	SentAt  []time.Duration
	Acked   []uint64
	AckedAs []uint32
	Heard   []uint64
	// Until is when each node's grant runs out, on the own clock; Leased is
	// the last end of the lease that was told of.
	Until  []time.Duration
	Leased time.Duration
	// Reads wait for a round of heartbeats, in the order asked.
	Reads []ReadWaiting
}

// Told is what has come of a promise that comes in parts (parts.go).
type Told struct {
	// Incarnation is that of the acceptor whose parts they are, Next the slot from
	// which on its votes are still to come; 0: nothing has come.
	Incarnation uint32
	Next        uint64
	// Age counts the half ticks since the next part was asked for.
	Age uint64
}

// Open is a slot that is proposed and not applied.
type Open struct {
	// Votes are those who accepted it, Chosen that they are enough.
	Votes  uint64
	Chosen bool
	// Age counts the half ticks since it was last sent.
	Age uint64
}

// leads tells whether the node is the established leader.
func (n *Node) leads() bool { return n.Leading.Stage == Established }

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
