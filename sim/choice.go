package sim

import (
	"fmt"
	"slices"
	"time"

	"quorumlab/protocols"
)

// Kind is the kind of a Choice.
type Kind uint8

// The kinds of choice. Behind each stands which fields of Choice it uses.
const (
	// Deliver takes packet ID off the link Node→Peer and gives it to Peer.
	// On a stream ID is that of the oldest packet in flight.
	Deliver Kind = iota + 1
	// Drop loses packet ID of the datagram link Node→Peer.
	Drop
	// Duplicate copies packet ID of the datagram link Node→Peer.
	Duplicate
	// Corrupt flips bits of packet ID of the link Node→Peer. When it is
	// delivered the receiver's checksum finds that: a datagram is thrown
	// away, a stream breaks.
	Corrupt
	// Break breaks the stream between Node and Peer. Of what is in flight
	// Keep packets of Node→Peer and ID packets of Peer→Node still arrive.
	Break
	// Fire lets the timer that was armed as number ID of Node run out.
	Fire
	// Sync completes the force (fsync) under way on Node's disk.
	Sync
	// FailSync ends the force under way on Node's disk in an error. Keep of
	// the unforced writes are on the disk all the same. It stops the node.
	FailSync
	// Crash stops Node. Keep of its unforced writes are on the disk; with
	// ID 1 the next one was being written and is torn.
	Crash
	// Restart boots Node from its disk.
	Restart
	// Pause stops Node's handling of events, Resume lets it go on.
	Pause
	Resume
	// Invoke lets Client start the next operation of its script.
	Invoke
	// Arrive lets call ID of a client, or the answer to it, arrive.
	Arrive
	// Expire lets Client wait no longer for the answer to call ID.
	Expire
	// Lose loses call ID of a client, or the answer to it, on the way.
	Lose
)

var kindNames = [...]string{
	Deliver: "deliver", Drop: "drop", Duplicate: "duplicate", Corrupt: "corrupt", Break: "break",
	Fire: "fire", Sync: "sync", FailSync: "fail-sync", Crash: "crash", Restart: "restart",
	Pause: "pause", Resume: "resume", Invoke: "invoke", Arrive: "arrive", Expire: "expire",
	Lose: "lose",
}

// String returns the kind's name as it stands in traces.
func (k Kind) String() string {
	if int(k) < len(kindNames) && kindNames[k] != "" {
		return kindNames[k]
	}
	return "none"
}

// MarshalText gives the kind's name.
func (k Kind) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// UnmarshalText reads the kind's name.
func (k *Kind) UnmarshalText(text []byte) error {
	at := slices.Index(kindNames[:], string(text))
	if at < 1 {
		return fmt.Errorf("no choice %q", text)
	}
	*k = Kind(at)
	return nil
}

// Choice is one thing that may happen next in a world. It is small, plain and
// comparable: schedulers keep many of them.
type Choice struct {
	Kind   Kind               `json:"kind"`
	Node   protocols.NodeID   `json:"node,omitzero"`
	Peer   protocols.NodeID   `json:"peer,omitzero"`
	Keep   uint32             `json:"keep,omitzero"`
	Client protocols.ClientID `json:"client,omitzero"`
	ID     uint64             `json:"id,omitzero"`
}

// Step tells what applying one choice or fault did. A caller may use one Step
// again and again: the slices are emptied, not renewed.
type Step struct {
	// Number counts the steps of a run, from 1. Time is the true virtual
	// time. Both are the scheduler's.
	Number uint64
	Time   time.Duration
	// Choice is what was applied; its Kind is 0 if it was a Fault.
	Choice Choice
	Fault  *Fault
	// Done tells that the choice was enabled: something changed.
	Done bool
	// Node is the node that handled Event, at its own clock reading Clock,
	// with Effects; 0 if none did.
	Node    protocols.NodeID
	Clock   time.Duration
	Event   protocols.Event
	Effects protocols.Effects
	// Stopped is the node that went down by this step, 0 if none.
	Stopped protocols.NodeID
	// Lost counts messages that this step lost: dropped, cut off, corrupted
	// or sent to a node that is down.
	Lost int
	// Client is what a client saw.
	Client ClientStep
	// What the step set going, for the scheduler to choose instants for.
	Sent  []Flight
	Armed []Armed
	Calls []uint64
	// Syncing: a force began on Node's disk.
	Syncing bool
}

// Flight is a packet under way on the link From→To.
type Flight struct {
	From, To protocols.NodeID
	ID       uint64
	// Marker: it is no message but the news that the stream broke.
	Marker bool
}

// Armed is a timer that is set: the ID'th of all timers that Node ever set.
type Armed struct {
	Node     protocols.NodeID
	ID       uint64
	Timer    protocols.Timer
	Min, Max time.Duration // on the node's own clock, from Set
	Set      time.Duration
}

// reset makes it a step that did nothing; Number and Time stay. It is done before
// each step, and to renew the whole costs several times as much as to empty it.
func (s *Step) reset() {
	s.Choice, s.Fault, s.Done = Choice{}, nil, false
	s.Node, s.Clock, s.Event, s.Effects = 0, 0, nil, s.Effects[:0]
	s.Stopped, s.Lost, s.Syncing = 0, 0, false
	if s.Client.Client != 0 {
		s.Client = ClientStep{}
	}
	s.Sent, s.Armed, s.Calls = s.Sent[:0], s.Armed[:0], s.Calls[:0]
}
