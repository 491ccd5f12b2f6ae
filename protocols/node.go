package protocols

import "time"

// NodeID names a participant. The first is 1; 0 names nobody.
type NodeID uint16

// ClientID names a client session. The first is 1; 0 names nobody. Later
// sessions have higher numbers.
type ClientID uint32

// Node is one participant of a protocol: a deterministic step machine.
//
// Step is given one Event, with the node's own clock reading, and appends
// Effects. It reads no clock, random source, file, socket or map order, and
// starts no goroutine: equal state, reading and event give equal state and
// effects, on every machine.
//
// The concrete type is a pointer to a struct of exported plain data (values,
// slices, maps and interfaces holding such), so that the packages which drive
// it can copy, encode, compare and show it without code of its own. What a
// node has put into an effect it never writes to again: messages, records and
// commands are shared, not copied.
type Node interface {
	Step(now time.Duration, event Event, out *Effects)
}

// Replica is a Node that keeps a copy of a state machine. Who looks at it must
// not change it.
type Replica interface {
	Node
	Replicated() StateMachine
}

// Partial is a Replica that keeps a part of the keys only; of the others it may
// hold something or nothing.
type Partial interface {
	Replica
	Keeps(key string) bool
}

// Answerer is a Replica that remembers what it answered to clients.
type Answerer interface {
	Replica
	// Answered returns the result of a request that was executed, if it is
	// known; over tells that it never will be executed, or known, any more.
	Answered(client ClientID, request uint64) (result Result, answered, over bool)
}

// Message is what one node sends to another: a struct of exported plain data.
type Message any

// Record is what a node keeps on its disk: a struct of exported plain data.
type Record any

// Command is what a client asks of a replicated state machine. To a protocol
// it is opaque.
type Command any

// Result is what a state machine answers to a Command.
type Result any

// StateMachine is what a replicated protocol replicates commands into. Like a
// Node it is a pointer to exported plain data, and deterministic.
type StateMachine interface {
	// Apply executes a command and returns its result.
	Apply(command Command) Result
	// Query answers a command that changes nothing. It reports false, and
	// changes nothing, when the command is not such a one.
	Query(command Command) (Result, bool)
	// Snapshot returns the whole state as a record that later changes of the
	// machine do not touch.
	Snapshot() Record
	// Restore replaces the state by a snapshot's.
	Restore(snapshot Record)
}

// Timer names one timer of a node. Key tells apart timers of one kind (a
// transaction's number, say).
type Timer struct {
	Name string
	Key  uint64
}

// Advisory is a Message that only helps to get on, such as a vote of an election
// that picks who tries next: no proof of safety speaks of it. Who bounds what is
// explored may have such messages arrive in one order.
type Advisory interface{ Advises() }

// Vow is a Message that is true only if something is on its sender's stable
// storage: a YES, a promise, an accept, an acknowledgement. Checkers ask it of
// every message that is sent (invariant "force order").
type Vow interface {
	// Kept returns "" if the durable image bears the message out, else what
	// is missing, in words.
	Kept(durable Disk) string
}
