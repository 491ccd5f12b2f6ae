// Package paxos is Multi-Paxos as a production system needs it: a log of slots,
// in each of which a quorum of acceptors chooses one value, whatever crashes, is
// lost, doubled or late; with a stable leader, changeable members, snapshots,
// client sessions and linearizable reads.
//
// # The protocol in a page
//
// A ballot is a number and the node that made it. An acceptor promises ballots,
// and accepts values in them; both are on its disk before it says so, and neither
// ever falls. A value is chosen in a slot when a quorum accepted it in one ballot.
//
//   - Election (election.go): a node that hears no leader asks whether others do
//     (pre-vote), and then tries to lead. This only picks: safety rests on ballots.
//   - Phase 1 (prepare.go): PREPARE → PROMISE, once for all slots that are open.
//     A promise tells up to where the promiser knows the log to be chosen, and
//     its votes after that. What is chosen the candidate learns; what was accepted
//     it proposes anew, the vote of the highest ballot in each slot; holes it
//     fills with no-ops. When all that is applied it is established.
//     Votes that are too many for a message are told in parts (parts.go).
//   - Phase 2 (accept.go): ACCEPT → ACCEPTED. In steady state that is all: two
//     message delays, and one forced write an acceptor, for a batch of commands.
//   - Learning (learn.go): the leader tells how far the log is chosen. A node
//     that voted in its ballot knows the values, others ask for them, and those
//     far behind fetch a snapshot in parts (snapshot.go).
//   - Clients (client.go): whoever is asked hands a command to the leader, and
//     answers when it has come back through the log. Sessions see to it that it
//     is executed once.
//   - Reads (read.go, lease.go): by a round of heartbeats (read index), by the
//     leader's lease, as a command in the log, or locally.
//   - Members (reconfigure.go): a command in slot i that changes them does so from
//     slot i+alpha on. Nodes that are no members follow as learners.
//   - Recovery (recovery.go, formation.go): a node takes up what its disk kept. If
//     that is lost or damaged it comes back as another acceptor, without a vote
//     until a readmission has gone through the log.
//
// # Single-decree Paxos
//
// With slots=1 there is one slot, so one decree: the first command that is chosen
// is executed, all others are refused (conflict). With proposers=all, too, every
// node that is asked makes ballots itself, as in the Synod protocol.
//
// # Durable order
//
// promise → PROMISE; own promise of a ballot → PREPARE in it; vote → ACCEPTED;
// incarnation on the disks of a quorum → first vote; snapshot → cut of the log.
// Each arrow is a wait for [protocols.Persisted]; the messages are
// [protocols.Vow]s. One write is under way at a time, and what gathers meanwhile
// shares the next.
//
// # What it assumes
//
// Links may do anything to datagrams but forge them; on streams it works as
// well. Clocks matter for nothing but leases: with reads=lease, in true time t each
// clock advances by between (1-drift)·t and (1+drift)·t, and is never set while
// the node runs. If that is broken, reads may be stale and nothing else breaks.
//
// Q1 and Q2 may differ (flexible quorums), as long as q1 + q2 is more than the
// number of members.
//
// # Invariants
//
//   - agreement, validity: one value a slot is chosen, and was proposed.
//   - one-value-a-ballot, p2c, promise: what the proof of agreement rests on.
//   - configuration: slot i is chosen by the members decided at or below i-alpha.
//   - lease: no two nodes hold a lease at one time.
//   - prefix: of any two applied logs one is the beginning of the other.
//   - durability: what a client was told, every later leader has applied.
//   - force-order: no vow leaves a node before what it vows is on disk.
//   - one-leader-an-epoch, epoch-established-once: ballots are unique.
//
// # Sources
//
// Lamport, "The part-time parliament" (TOCS 1998), "Paxos made simple" (2001);
// Lamport, Malkhi, Zhou, "Reconfiguring a state machine" (2010); Chandra,
// Griesemer, Redstone, "Paxos made live" (PODC 2007); van Renesse, Altinbuken,
// "Paxos made moderately complex" (2015); Howard, Malkhi, Spiegelman, "Flexible
// Paxos" (OPODIS 2016); Ongaro, "Consensus: bridging theory and practice" (2014)
// for sessions and reads; Gray, Cheriton, "Leases" (SOSP 1989).
//
// This package is pure: no clock, no randomness, no input or output, no
// goroutine, no walk over a map. Of this module it may import protocols,
// protocols/state and protocols/machine.
package paxos
