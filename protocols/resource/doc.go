// Package resource is what a participant of an atomic commitment owns: a
// key-value store that can execute its part of a transaction tentatively,
// promise to be able to carry it out whatever happens, and then commit or abort
// it. Two-phase commit, three-phase commit and Paxos Commit use it alike; it
// knows nothing of their messages.
//
// # The life of a branch
//
// A transaction's part at one node is its branch (the word of X/Open's XA).
//
//	Execute ── locks all keys, or waits, or votes NO ── a Branch, volatile
//	Prepare ── the record Prepared, to be forced before a YES is told
//	Resolve ── the record Resolved; locks released, waiting requests returned
//
// A node that alone takes part decides alone: Execute, then Alone gives the one
// record to be forced (Finished), then Resolve. What only reads and changes
// nothing needs no record at all (vote ReadOnly, then Release). The records are
// handed to a [Journal], which keeps those that need not be forced until one
// that must be is written.
//
// # Locks
//
// A branch takes all its locks in one instant, shared for keys that it only
// reads, else exclusive, and keeps them until it is resolved: two-phase locking.
// A request that meets another's lock waits if it holds nothing anywhere else
// (a single participant), or if it began before all that are in its way;
// else it votes NO with protocols.Conflict (wait-die: Rosenkrantz, Stearns and
// Lewis, "System Level Concurrency Control for Distributed Database Systems",
// 1978). So no circle of waiting ever closes. Begun is the coordinator's clock
// reading: wrong clocks make it less fair, not less safe.
//
// A participant that only reads may give up its locks with its vote only if all
// locks of the transaction have been taken by then, everywhere: else it is not
// two-phase, and not serializable. So where there is more than one participant
// and one of them only reads, all must have executed before any is asked to vote.
//
// # What is on disk
//
// Committed values change in memory when a branch is resolved, never before.
// Prepared and Finished hold the value of each key that is written before and
// after (undo and redo): the redo part is replayed at recovery, the undo part
// is for people who must repair what a heuristic decision broke. Recover
// rebuilds the store, with the locks of all branches in doubt, from a snapshot
// and the records after it; replaying a record twice does no harm.
//
// # Numbers, repetitions
//
// Numbers gives transactions numbers that no restart repeats: the coordinator
// and a counter, of which blocks are reserved on disk. Over and the watermarks
// tell a late copy of a message about a transaction that is over from one about
// a new transaction. Sessions hold the answer to each client's last request, so
// that a retry, perhaps by way of another coordinator, is executed once. There are
// at most machine.SessionLimit of them.
//
// # Invariants
//
//   - A branch in doubt holds all its locks, across restarts.
//   - A transaction is carried out at most once; a request that changes
//     something, too.
//   - The log is bounded: see Journal.Compact.
//   - State is exported plain data. The package may import protocols,
//     protocols/state and protocols/machine, and reads no clock, random source
//     or map order.
package resource
