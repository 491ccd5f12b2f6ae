// Package cost measures what a client's operation costs, from what a run shows:
// messages and their bytes, forced writes, and message delays. A [Meter] is an
// observer of a run (sim.Observer) that knows no protocol.
//
// # What an operation has caused
//
// A step is on account of a request if what the node handles in it is: the
// request itself, as it is asked; a message sent in such a step; the end of a
// write that such a step handed to the disk; or a timer that such a step set, as
// long as some request that the step knew of is still open. What it then sends
// and writes is on account of the request, too. Everything else is upkeep:
// elections, heartbeats, and what follows from them. Reads and writes are told
// apart (protocols.StateMachine.Query); a message or a force that serves both
// counts for both, one that serves many requests of a kind counts once. So the
// messages of a kind divided by its answered operations are what one operation
// costs, batching included.
//
// A force is an fsync that ended; one may cover several Persist effects, those
// that were there when it began. It counts for the role that the node's latest
// note Role named.
//
// # Message delays
//
// The delay of an operation is the number of messages, one after the other, that
// brought about its answer (Lamport: Lower Bounds for Asynchronous Consensus,
// 2006): the length of the chain that leads from the step in which the request
// was asked to that in which it is answered. Each link of it is a message that a
// step handles, or a local wait (a write to disk, a timer), which adds nothing.
// The way from the client to the node and back is not counted.
//
// In a batch or a pipeline what a node handles need not be on account of the one
// request that it then moves on: a disk that is busy, say, ends an earlier write
// and only then takes the next. Of a request that the event at hand knows nothing
// of, the chain goes on from where the node first learned of it. With requests
// that cross each other the figure is therefore one of the chains that lead to
// the answer, neither surely the longest nor the shortest; with one request at a
// time it is exact.
//
// This package is pure: no clock, no randomness, no input or output, no
// goroutine, no walk over a map but in order. Of this module it may import what
// package checker may.
package cost
