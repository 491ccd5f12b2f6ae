// Package commitment is what the protocols of atomic commitment have in common
// beside what they commit (package resource): two-phase commit, three-phase
// commit and Paxos Commit are built on it, and hold only what tells them apart,
// which is how the participants' votes become a decision that all learn.
//
// A node of such a protocol is a [Site] and a [Protocol] around it:
//
//	event ─→ Site.Step ─→ Recover: what the disk kept
//	                      Busy, Begin: a client's request, divided and numbered
//	                      Receive: a message, perhaps of the node to itself
//	                      Forced: a record is on disk
//	                      Fire: a timer
//	                      Table: a snapshot is due; what of the protocol's must it hold
//
// Whoever a client asks coordinates: an [Errand] is what it was asked, and what it
// has heard from those who carry it out. Each of them has a [Share] in it until it
// is decided there. A [Lead] is a transaction as somebody sees it who tries to bring
// it to its end, in a [Ballot] if there may be several who do. What may be said only
// once something is on disk is held by a [Pending].
//
// A transaction with one participant is committed by that one, without a vote; who
// only reads gives up its locks with its vote, once all have executed. Both are the
// same in all protocols (see alone.go).
//
// # Invariants
//
//   - A client is told only what is surely so: of a request that may have been
//     carried out earlier it is not told that it was refused.
//   - What a Pending holds is sent only when all that was forced before is on disk.
//   - State is exported plain data. The package may import protocols,
//     protocols/state, protocols/machine and protocols/resource, and reads no clock,
//     random source or map order.
package commitment
