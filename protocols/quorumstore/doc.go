// Package quorumstore is a store of keys without a leader, after Amazon's Dynamo
// (DeCandia et al., SOSP 2007): every key has N owners among the nodes, a write
// is done when W of them have it on disk, a read when R have answered. Any node
// coordinates for any client, so one that is cut off with few owners, or none,
// may still serve. What that costs is what the parameters are for.
//
// # The way of a request
//
// A consistent ring gives each key its owners and, behind them, stand-ins. The
// node that is asked
//
//	fetches   what the owners hold of the key, until R have answered; then, if
//	stores    it is a write, it makes a new version and has the owners keep it,
//	          until W say that it is on their disks.
//
// With conflicts=lww a write needs no fetch. Owners that do not answer are asked
// again every tick; after handoff_after ticks a stand-in is asked to keep a hint
// in an owner's place, which it hands over when the owner is back. After timeout
// ticks the request is given up: refused (no-quorum) if nothing but fetches was
// sent, for then it surely did not happen; else in silence, since any replica
// that got it may bring it to light.
//
// Three things make replicas equal again: hints; read repair, by which a reader
// sends what it found to owners that lack it; and anti-entropy, by which owners
// compare Merkle trees, pair by pair, and ship what differs.
//
// # Which version wins (conflicts)
//
//   - logical: a version is stamped one above all that R owners have told, then
//     by node, client and request; the highest stamp wins. With R+W > N,
//     writeback=on and sloppy=off this is the atomic register of Attiya, Bar-Noy
//     and Dolev (JACM 1995), for several writers (Lynch and Shvartsman 1997):
//     every key is linearizable. Without the write-back it is not: two readers,
//     one after the other, may see a new value and then the old one.
//   - lww: a version is stamped by the coordinator's wall clock. A node whose
//     clock is slow acknowledges writes that lose against older ones.
//   - siblings: a version carries the version vector of what its writer had seen
//     (Parker et al. 1983), and replaces that only. Versions that do not know of
//     each other stay side by side. A read answers all of them, joined by
//     machine.Siblings and noted (siblings-read): it does not pretend that there
//     is one value. The next write, having seen them, replaces them. The vector
//     counts by client, not by node: a client writes one thing after another, so
//     that a node needs no memory of its own to number them, and a retry is known
//     as the same write; the price is an entry for each client of the key.
//
// # Sloppy or strict
//
// A hint is on a stand-in's disk and will reach its owner. Whether it counts for
// W is a choice between the letter of availability and the meaning of a quorum.
// sloppy=on counts stand-ins for R and for W, as Dynamo does: both sides of a cut
// take writes, and a read quorum need not meet a write quorum (no R+W > N helps).
// sloppy=off keeps hints, too, for they make owners whole sooner than anti-entropy
// does, but counts owners alone.
//
// # What holds
//
//   - A replica tells only what is on its disk, in acknowledgements (invariant
//     force-order) and to readers alike.
//   - Merging is the join of a semilattice, whatever comes late, twice or out of
//     order; so when all is quiet, healed and handed over, owners are equal.
//   - Log and memory are bounded: a snapshot replaces snapshot_every records. A
//     deleted key leaves a tombstone, which the first snapshot drops that is made
//     tombstone_age ticks or more after the delete (by the clocks of coordinator
//     and owner). A replica, hint or message that was away for longer may bring
//     the deleted value back, as in Cassandra with gc_grace_seconds.
//   - A node whose disk has lost records, its snapshot or its metadata answers no
//     fetch until Merkle trees have shown it equal to min(N-1, N-W+1) other owners
//     of each key: as many as must contain one that has any write which W owners
//     had kept. (Of what one owner alone had kept, with W = 1, there may be none;
//     and with N = 1 there is nobody, so that it stays silent.) Hints that are lost
//     with a disk are lost.
//
// # What it cannot do
//
// Compare-and-set, addition and transactions depend on the value that they
// replace, and are refused (unsupported): without consensus two of them may both
// succeed. The members of the ring are those of the start. A write that its
// client retries at another node is, but for siblings, a second write of the
// same value: give clients whose history is to be linearizable no second node.
//
// It is made for datagram links. The package may import protocols,
// protocols/state and protocols/machine only, and reads no random source or map
// order; the clock that lww trusts is the reading that comes with each event.
package quorumstore
