// Package paxoscommit is Paxos Commit (Gray and Lamport, "Consensus on
// transaction commit", TODS 2006): atomic commitment in which what every
// participant votes is chosen by consensus, so that no single failure blocks it.
// Two-phase commit is the case in which no failure is tolerated.
//
// Each resource manager of a transaction (each participant that changes something)
// has an instance of Paxos of its own, which chooses if it is prepared or aborted.
// The transaction is committed if all instances choose prepared. The acceptors are
// the first 2F+1 nodes; F of them may fail. With F=0 the coordinator is the only
// one, and the protocol is two-phase commit, message by message and force by force.
//
//	coordinator            managers                acceptors
//	Prepare  ────────────▶ execute, lock,
//	                       force Prepared
//	                       Offered ──────────────▶ when all managers have:
//	                       (phase 2a, ballot 0)    force Accepted
//	         ◀──────────────────────────────────── Phase2b
//	of F+1 acceptors: all prepared is chosen
//	Decide   ────────────▶ force, carry out, unlock
//	         ◀──────────── Done
//
// Every node coordinates what clients ask of it. All instances of a transaction
// share their promises, acceptances and messages. Managers offer to F+1 acceptors
// first, the coordinator among them if it is one, and to all when they are asked
// again. A manager that cannot be prepared tells the coordinator so; its instance
// then can choose nothing but abort, for it has on disk that it will never offer.
// Who only reads gives up its locks with its vote, before the managers are asked.
// A single participant decides alone (Perform).
//
// # Recovery
//
// A manager in doubt that hears nothing, or a coordinator that waits in vain,
// leads a ballot above 0: phase 1 asks the acceptors what they have accepted,
// phase 2 proposes that again, or abort if nothing can be chosen. Two leaders may
// disturb each other, and nothing worse. The coordinator keeps nothing on disk: a
// transaction that it has forgotten ends this way.
//
// With variant=faster the acceptors tell the managers themselves, which saves a
// message delay and costs F+1 messages a manager.
//
// # What may be forgotten
//
// An acceptor must remember a transaction while somebody may ask. It forgets when
// the coordinator says that all managers are done (Watermark, Born: only what it
// began in its present life), or else when they, and it, say so (Forgettable).
//
// # Invariants
//
//   - AC1 to AC5; locks in doubt are held, across restarts; the sum of balances
//     stays; with F+1 acceptors up and in reach nothing blocks for long.
//   - Those of Paxos, an instance a slot: one value a ballot, one value chosen. A
//     YES, a promise, an acceptance and a NO that counts are on disk before they
//     are told, and so is a ballot that a manager leads: it is never led again.
//
// It lives with datagrams: whoever awaits an answer asks again each tick. It may
// import protocols, protocols/state, protocols/machine, protocols/resource and
// protocols/commitment only, and reads no random source or map order; clock readings serve fairness.
package paxoscommit
