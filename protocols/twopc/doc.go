// Package twopc is two-phase commit (Gray, "Notes on Data Base Operating
// Systems", 1978; presumed abort and commit: Mohan, Lindsay and Obermarck,
// "Transaction Management in the R* Distributed Database Management System",
// TODS 1986). Every node owns a part of the keys (package resource), is the
// coordinator of what clients ask of it, and a participant in what touches its
// keys.
//
// A transaction over several nodes:
//
//	coordinator                         participants
//	Prepare, with the commands    ──→   execute, take locks, force Prepared
//	                              ←──   Ballotted: YES, NO or read-only
//	force Decision, answer the client
//	Decide                        ──→   carry it out, free the locks, force Resolved
//	forget, when all have         ←──   Ack
//
// From its YES until it hears the decision a participant is in doubt: it can
// neither commit nor abort, and keeps its locks, across its own restarts. If the
// coordinator is down all that time, it blocks: that is what two-phase commit
// costs, and what three-phase commit and Paxos Commit are for.
//
// If somebody takes part who only reads, all execute first (Work, Worked), for a
// reader gives up its locks with its vote: see package resource. A transaction
// with one participant is committed by that one (Perform, Performed): one phase.
//
// What the parameters choose:
//
//	ranges     which node owns a key.
//	presume    abort: a coordinator that knows nothing of a transaction says that
//	           it was aborted, so an abort is not forced, not acknowledged, and
//	           forgotten at once. commit: it says committed; then it must force
//	           the names of the participants before it asks them (Collecting), and
//	           aborts are forced and acknowledged. nothing: both are.
//	inquiry    in doubt, ask the coordinator, or all (cooperative termination).
//	heuristic  a participant that has been in doubt for heuristic_after decides by
//	           itself. If it is wrong that is damage, which is noted when the
//	           decision is known, by the participant, which asks until it knows, and
//	           by the coordinator.
//
// A client that asks again is told what it was told: by the same coordinator, from the
// record of its decision (see outcomes.go); by another, if all participants have the
// answer to its last request.
//
// Costs, of a transaction over remote participants (asserted by tests): presumed
// abort: a commit takes 4 messages and 2 forced writes a participant, and 1 at the
// coordinator; an abort none at the coordinator. Presumed commit: a commit takes 3
// messages and 1 forced write a participant, and 2 at the coordinator. A reader
// takes 2 messages (beside Work) and no forced write. On datagrams a coordinator
// that presumes commit must also have an abort acknowledged by those who voted NO:
// a copy of Prepare that comes late could make them vote YES later on, and ask.
//
// What holds: AC1 to AC5 (but for AC1 to AC3 after heuristic decisions), locks in doubt
// are held, the sum of what is moved about is constant, single reads and writes
// and transfers are linearizable, each request is executed once. Links may lose,
// repeat and reorder. What does not: progress while a coordinator is down.
//
// It may import protocols, protocols/state, protocols/machine, protocols/resource
// and protocols/commitment only; it reads no clock but the coordinator's, to tell how
// old a transaction is, and no random source or map order.
package twopc
