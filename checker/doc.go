// Package checker judges runs: it holds what a run shows against invariants,
// step by step, and says in words what breaks one, and where.
//
// A [Set] is an observer of a run (sim.Observer) that checks any number of
// invariants in one pass. It knows no protocol by name. It reads
//
//   - the notes that nodes emit: Leading, Broadcast, Delivered and Restored;
//   - Recovered events: the node's volatile state is gone, and it delivers anew;
//   - messages that implement protocols.Vow, and the disks of their senders;
//   - what clients were told;
//   - the state of nodes that are protocols.Replicas, at a few steps: it is held
//     against a replay of what was delivered (protocols.Carrier).
//
// [All] lists the invariants with their sentences and sources; [NewSet] makes
// a set of them by name. Those of Zab are the properties of primary-order
// atomic broadcast: Junqueira, Reed, Serafini, "Zab: High-performance broadcast
// for primary-backup systems" (DSN 2011).
//
// # What a transaction is
//
// A transaction is what a Broadcast note names: the epoch in which it was
// broadcast (Term), its number (Slot) and its Value. Equal numbers with unequal
// values are two transactions. Delivered and Broadcast notes of one transaction
// must agree in all three; in particular the Term of a Delivered note is that
// of the broadcast, not that of the node's present epoch. A Value stands
// for a client's request if it is protocols.Originated.
//
// # All lives count
//
// The sequences that nodes deliver are kept as one tree in which equal
// beginnings are one path. A healthy run is a single path, stored once for all
// nodes. What a node delivered before it crashed stays in the tree: an
// invariant that a later life breaks against it is broken (the properties are
// uniform). A node that lags behind on a path is taken to deliver the rest of
// it some day.
//
// # Invariants of the package
//
//   - A verdict, once Violated, stays, with the first step that broke it.
//   - Unknown is said only when a node took a state from elsewhere (Restored)
//     that nobody was seen to reach, so that its place is not known.
//   - A step without notes, vows and answers costs a type switch an effect; a
//     delivery that others made before costs no allocation.
//
// This package is pure: no clock, no randomness, no input or output, no
// goroutine, no walk over a map. Of this module it may import protocols,
// protocols/hint, protocols/state, network, sim and sim/trace.
package checker
