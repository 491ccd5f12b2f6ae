// Package tcp runs a node of any protocol for real: on sockets, on the wall
// clock and on a disk that outlives it. It is a loop around Step, as the
// simulator is, and calls the very same code.
//
// # The loop
//
//	peers' streams ──┐ (wait for room)                ┌─→ a queue and a writer a peer
//	clients' requests ┤ (bounded by their number)      ├─→ the disk, which tells its marks
//	the disk's marks ─┼─→ mailbox ─→ one goroutine: ───┼─→ timers
//	breaks ───────────┘              Step              └─→ who waits for a reply
//
// One goroutine calls Step (driver.go), so no lock is around the node. It carries
// out the effects of a step before the next one, and wakes the writers after a batch
// of steps: what a batch sends to one peer goes out in one frame.
//
// # Streams
//
// Between two nodes there is at most one connection, which either may dial (peer.go,
// handshake.go, accept.go). It behaves as the virtual link of package network does;
// the conformance test holds both to the same cases. For protocols of datagrams the
// same streams serve: what a break takes with it is lost, and nobody is told.
//
// Frames and their checksums are those of package network. A frame holds as many
// messages as waited (outbox.go), each as canonical bytes (package state). A frame
// beyond the limit, a wrong checksum, bytes that are no message, silence: each ends
// the stream and nothing else.
//
// # Bounds
//
// Whatever comes from outside is bounded (Limits). A loop that does not keep up lets
// its peers' streams stand still, their queues fill, and when one is full its stream
// breaks: a node never waits for another, so no two wait for each other.
//
// # Trust
//
// With an Identity both ends of a connection show certificates of one authority, and
// each that it is the node which it says it is (identity.go). Without one whoever can
// reach the port can speak as any node. Either way nodes trust what nodes say: they
// are assumed to crash, not to lie.
//
// # Time
//
// Timers and the readings that Step is given are those of one clock that nobody sets,
// and that on Linux goes on while the machine sleeps: what a lease needs. It begins
// anywhere, since no protocol keeps a reading across a restart.
//
// The package knows no protocol by name: nodes, codecs and disks are passed in. Of
// this module it may import protocols, protocols/state and network.
package tcp
