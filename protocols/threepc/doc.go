// Package threepc is three-phase commit (Skeen, "Nonblocking Commit Protocols",
// SIGMOD 1981), with the termination and recovery that make it more than a
// diagram (Bernstein, Hadzilacos and Goodman, "Concurrency Control and Recovery
// in Database Systems", 1987, section 7.5): an atomic commitment in which no
// process waits for one that is dead.
//
// Two-phase commit blocks because somebody who has voted YES cannot tell if
// those whom he does not reach have committed or aborted. Here a state lies
// between: nobody commits until all know that all voted YES.
//
//	coordinator            the others, itself among them
//	CanCommit ───────────▶ execute, lock, force the YES          waiting
//	          ◀─────────── Vote
//	PreCommit ───────────▶ force                                 precommitted
//	          ◀─────────── Ack
//	DoCommit  ───────────▶ force, carry out, unlock              committed
//	          ◀─────────── Done
//
// Every node coordinates what clients ask of it, and takes part with the keys
// that it owns (package resource). The processes of a transaction, its cohort,
// are those who change something and the coordinator, which has a YES of its own
// to give. A single participant decides alone (Perform), and who only reads gives
// up its locks with its vote, when all have executed (Execute); how it ends it does
// not know. A coordinator that only reads does both: it gives up its locks, and YES.
//
// # Termination
//
// A process that hears nothing stands in for the coordinator: it polls the cohort
// with a ballot above those it knows, and who answers hears no lower ballot any
// more. What it may then conclude is chosen by the parameter termination:
//
//   - simple: who does not answer is dead. If one who lives has precommitted all
//     the living do, and commit; if none has, they abort. Nothing ever blocks as
//     long as the silent are dead. They are not where a cut, a lost message or a
//     pause silences them: then a precommitted side commits and a waiting side
//     aborts.
//   - quorum (Skeen, "A quorum-based commit protocol", 1982): commit if as many as
//     the commit quorum have precommitted, abort if as many as the abort quorum
//     have preaborted. The two quorums overlap and nobody changes sides, so it
//     never splits. It blocks without a quorum; and for good, while some are away,
//     if the others are on both sides.
//   - e3pc (Keidar and Dolev, "Increasing the resilience of distributed and
//     replicated database systems", 1998): attempts are numbered, on disk, and the
//     latest that a majority knows of is made again. Any majority of the cohort
//     that is connected decides.
//
// # Recovery
//
// Who has failed since its YES counts as dead with termination=simple: it asks.
// If all have failed, the state of the last who did counts, so they wait until it
// is surely back: each precommits with the names of those who had not failed, and
// all that nobody has seen fail must be there (Skeen, "Determining the last
// process to fail", 1985). With quorums whoever is back takes part again.
//
// # Invariants
//
//   - In all modes: who votes YES, precommits, preaborts or decides has it on disk
//     before it says so; nobody decides twice; commit needs every YES; locks in
//     doubt are held, across restarts; once all is well everything is decided.
//   - quorum, e3pc: no two decide differently, whatever fails; and so the sum of
//     balances stays. simple: only as long as the silent are dead.
//
// It lives with datagrams: whoever awaits an answer asks again each tick. It may
// import protocols, protocols/state, protocols/machine, protocols/resource and
// protocols/commitment only, and reads no random source or map order; clock readings serve fairness.
package threepc
