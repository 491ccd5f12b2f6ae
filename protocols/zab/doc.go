// Package zab is ZooKeeper's atomic broadcast as it runs in production: a
// primary broadcasts transactions, all nodes deliver them in one order, and
// when a primary fails another takes over without losing, inventing or
// reordering one.
//
// # The protocol in a page
//
// A transaction is numbered by a zxid: an epoch and, within it, a counter that
// starts at 1. A node is looking, following, leading or observing.
//
//   - Election (election.go): looking nodes exchange votes until a quorum backs
//     one node. A vote is ordered by epoch, last zxid, node id, so that the
//     winner has the longest history. This only picks: safety rests on what
//     follows.
//   - Discovery (discovery.go): FOLLOWERINFO → the leader takes an epoch above
//     all that a quorum accepted → LEADERINFO → ACKEPOCH. A node that accepted
//     an epoch takes part in none below it.
//   - Synchronization (synchronization.go): each follower's log is made equal to
//     the leader's: DIFF adds what it lacks, TRUNC first cuts what the leader
//     does not have, SNAP replaces all by a snapshot, sent in parts. NEWLEADER →
//     ACK → UPTODATE. With a quorum of those ACKs the epoch is established, and
//     with it the leader's whole history committed.
//   - Broadcast (broadcast.go): PROPOSAL → ACK, after the write to disk →
//     COMMIT, with a quorum of ACKs and in order.
//   - Observers, the nodes that are not members, do all that followers do but
//     count for nothing: they are synchronized, get what is committed (INFORM),
//     answer reads and forward writes (membership.go).
//   - Hand-over (handover.go): when the counter of an epoch is used up, or the
//     leader is no member any more, it commits what it proposed and names who
//     leads next, itself if it can. That node begins with discovery at once.
//   - Reconfiguration (reconfiguration.go): a client's [protocols.Reconfigure]
//     changes the members. From that transaction on commits need a quorum of the
//     old and one of the new members.
//   - Snapshots (snapshot.go): after snapCount transactions a node puts a
//     snapshot on disk and cuts the log's head, all but commitLogCount
//     transactions for those who lag behind.
//   - Sessions (client.go) are part of the replicated state. The leader alone
//     ends those of silent clients, by a transaction.
//   - A leader without recent contact to a quorum, and a follower without
//     contact to its leader, look again (contact.go, role.go).
//
// # Durable order
//
// At the leader: acceptedEpoch → LEADERINFO; a quorum of ACKEPOCH and history →
// currentEpoch → established. At a follower: acceptedEpoch → ACKEPOCH; history →
// currentEpoch → ACK of NEWLEADER; transaction → ACK. Each arrow is a wait for
// [protocols.Persisted]; the messages that depend on one are [protocols.Vow]s. A
// snapshot goes to disk before the log's head is cut. Every step hands over what waits for the disk at most once,
// and only when nothing is under way there, so that many transactions share one
// write (group commit).
//
// # One stream a pair
//
// ZooKeeper opens a connection for each role; here all messages of a pair share
// one stream that outlives roles. So a follower numbers its attempts to join a
// leader, never using a number twice, not even after a restart (Meta.Life), and
// the messages up to UPTODATE carry that number and the epoch. Messages of the
// broadcast carry the epoch alone. That is enough: a leader that gets
// FOLLOWERINFO of a new attempt has, the stream being FIFO, got all messages of
// the old one; a follower that gets LEADERINFO of its attempt likewise; and
// where a break lost messages both learn of it and give up the attempt. CLOSE
// takes the place of closing a connection.
//
// # Where it differs from ZooKeeper
//
//   - A restarted node delivers nothing until an established leader tells it
//     what is committed. ZooKeeper applies its whole log at once, and takes
//     back what the next leader does not have.
//   - ACK and COMMIT are cumulative: one stands for all before it.
//   - A follower logs every proposal of a DIFF, committed or not, before it acks
//     NEWLEADER. Its log is then ahead of its currentEpoch for a while, which
//     understates its vote and is therefore safe.
//   - A leader that hears of an accepted epoch above its own looks again, since
//     that node could never join it.
//   - At the end of an epoch's counter the leader hands over to itself, in a new
//     epoch. ZooKeeper's gives up and leaves the rest to time-outs. The same
//     message names the successor of a leader that is no member any more, in the
//     place of a field of COMMITANDACTIVATE; and who is told keeps its clients'
//     requests and asks them anew in the next epoch.
//   - A node that does not vote, as far as it knows, backs the best vote that it
//     hears of: others may have a configuration in their logs by which it does.
//     Who has only the older one follows a leader of either.
//   - Reads are linearizable (parameter reads=sync): the leader confirms by a
//     round of pings that it still leads, and the node that answers has applied
//     all that was committed when the read came (read.go).
//   - The ring of committed proposals and the log on disk are one: what the node
//     keeps in memory is what is on its disk. SNAP sends the snapshot that was
//     saved last and then goes on as DIFF does, so it needs none of its own.
//   - TRUNC may cut across the start of an epoch, for the reason given in
//     synchronization.go. A log never ends with the mere start of an epoch
//     (counter 0): NEWLEADER leaves no trace in it.
//   - A node that finds a record of its log damaged cuts the log there (all of it
//     if it is the snapshot that is damaged), and has no vote until it has adopted
//     the history of a leader: its ACKEPOCH does not count. The others thus form
//     their quorum without it, as if it were down, and so have whatever was
//     committed with its help; and of that the leader's history has all. ZooKeeper
//     refuses to start. With damaged metadata a node halts: nobody can tell it
//     what it promised. A disk that was lost whole looks like that of a new node:
//     only an operator can tell. The node has to be made an observer first
//     (Reconfigure), and a member again when it has caught up.
//
// # Invariants
//
//   - zab-integrity: what is delivered was broadcast before.
//   - zab-total-order, zab-agreement, prefix: of any two delivered sequences one
//     is a prefix of the other.
//   - local-primary-order, global-primary-order: a primary's transactions are
//     delivered in the order it broadcast them, those of an earlier epoch first.
//   - primary-integrity: a primary broadcasts only after it delivered all that
//     anyone ever delivers of earlier epochs.
//   - durability: what a client was told is in every later leader's history.
//   - joint quorums: what is proposed from a configuration on is committed by
//     quorums of the old and of the new members, until that is committed.
//   - force-order: no vow leaves a node before what it vows is on disk.
//   - one-leader-an-epoch: no two nodes lead one epoch.
//   - snapshot: a state taken over is what delivering the history up to there
//     gives; exactly-once: a request delivered again changes nothing.
//
// # Sources
//
// Junqueira, Reed, Serafini, "Zab: High-performance broadcast for primary-backup
// systems" (DSN 2011); Medeiros, "ZooKeeper's atomic broadcast protocol: theory
// and practice" (2012); Shraer, Reed, Malkhi, Junqueira, "Dynamic reconfiguration
// of primary/backup clusters" (USENIX ATC 2012); the behaviour of Apache ZooKeeper
// 3.10.
//
// This package is pure: no clock, no randomness, no input or output, no
// goroutine, no walk over a map. Of this module it may import protocols,
// protocols/state and protocols/machine.
package zab
