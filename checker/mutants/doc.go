// Package mutants is the bug zoo: nodes that err in one known way, to prove
// that what judges runs sees it.
//
// A [Mutant] wraps a node of production code, which has no switch for it: it
// drops, delays or forges events and effects on their way. Each names the
// system or paper that made the mistake in earnest, the property that breaks,
// the scenario that shows it, and within how many seeds.
//
// Invariants:
//   - But for its one error a wrapper passes on everything, unchanged and in
//     order.
//   - A wrapper is a pointer to plain data, as the contract asks of a node:
//     worlds of mutants can be cloned, encoded and compared. [Types] returns
//     the types that a codec must know for that.
//   - A wrapper draws no lots. If it errs now and then, what it is given
//     decides when.
//
// This package is pure: no clock, no randomness, no input or output, no
// goroutine. Of this module it may import protocols, protocols/hint,
// protocols/state, network, sim, sim/trace and checker, and the protocols into
// whose state, messages and records a mutant reaches (protocols/paxos, protocols/zab); where the
// notes of the contract are enough it knows no more.
package mutants
