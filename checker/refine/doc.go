// Package refine holds the real Zab against the published specification: every
// step that a node makes must be a step of Zab.tla, or change nothing of what that
// speaks of. Zab.tla is the high-level specification of the ZooKeeper project
// (zookeeper-specifications/protocol-spec), after Junqueira, Reed, Serafini, "Zab:
// High-performance broadcast for primary-backup systems" (DSN 2011). The model
// zab-spec (package checker/explore/reference) is a transcription of it, and a test of
// that package makes runs of the real protocol in it, as it is, action by action: most
// need none of the room that is given below.
//
// # What is judged
//
// All actions of the specification but those of its oracle are one server's: they
// read and write its variables, take the first message of a channel and append to
// others. So the mapping goes server by server. A [Server] has the variables; it
// sees what its node is given (events) and does (messages, writes, notes), never what the
// node has in memory: a mutant cannot talk it round. What it sees must be a list of
// actions, each enabled, else there is a [Deviation]. Channels need no mapping of
// their own: links are FIFO, and a message of the specification is under way from
// when its action is taken until the receiver's is, in whatever form.
//
// # The variables
//
//	state            the Role notes; connectInfo: FOLLOWERINFO that was sent
//	zabState         how far the session, or the reign, has got
//	leaderOracle     whom the real election names; not judged, see below
//	acceptedEpoch,   as on the disk: what a message vouches for must be
//	currentEpoch,    there (FollowerProcessNEWEPOCH, …NEWLEADER, …PROPOSE),
//	history          and each single write must be one of the action's
//	lastCommitted    the last Delivered note, or the snapshot in its place
//	learners         who is connected to the reign
//	cepochRecv       Peer.Informed, with the highest f.p in Reign.Seen
//	ackeRecv         Peer.Promised
//	ackldRecv        Peer.Synced
//	ackSid           Peer.Acked, of each server the last; its own is what is on its disk
//	sendCounter      Peer.Sent
//
// Messages: FOLLOWERINFO is CEPOCH, LEADERINFO is NEWEPOCH. ACKEPOCH tells the end
// of a history, for a zxid names all before it. DIFF, TRUNC or SNAP with the
// proposals up to NEWLEADER are NEWLEADER with the whole history: together they must
// give the leader's. The ACK of it is ACKLD, UPTODATE is COMMITLD. PROPOSAL is PROPOSE;
// ACK and COMMIT stand for all up to theirs. INFORM is PROPOSE and COMMIT at once.
//
// IsQuorum goes by the configurations in the history (quorum.go): a majority,
// and of a configuration that is not known to be committed one as well. Without a
// Reconfigure it is the specification's. A snapshot stands for the history that it
// replaces, cutting the log's head changes nothing. An observer is a follower that no
// quorum counts. The hand-over at the end of an epoch's counter is a Timeout, after which
// the oracle names the one that was handed over to.
//
// # Where the specification is given more room
//
// Zab.tla writes to disk and sends in one step, and cuts connections at both ends
// at once. No real system can. In these places what it does at once is taken apart:
//
//   - A step that waits for the disk is taken when what it answers leaves: until
//     then its message counts as under way.
//   - A leader may send its history and its proposals before its own disk has them.
//     It counts itself, in ackeRecv, ackldRecv and ackSid, only when that has.
//     A Restart before that finds less than what was sent: a server of the
//     specification that has received that much and vouched for nothing.
//   - A follower's log becomes that of NEWLEADER write by write. A Restart on the way
//     finds a part of it, and the former currentEpoch: less than the specification
//     has, and no vote was given for it. What is written must lead to the leader's history,
//     and currentEpoch may not be written before.
//   - In a Timeout each end leaves by itself. The other goes on with what was under
//     way until it learns of it: for it the Timeout is later. Nothing that it sends
//     then is heard.
//   - What a late learner acknowledges with NEWLEADER counts, and may commit. In the
//     specification it counts, but nothing is committed before the next ACK.
//   - A COMMIT is taken while the disk is still at work on a PROPOSE before it.
//   - The oracle may answer two servers differently at one time.
//
// # What is outside
//
// Clients, sessions and reads, of which the specification has none: who answers
// them wrongly is linearizability's. Elections, for safety does not rest on them. What is in a
// snapshot: its zxid is judged, its content by the invariant "snapshot". Rot: a server that
// finds part of its history unreadable is one of less history, that must not be
// counted before it has adopted a leader's; one without readable metadata must halt.
// Liveness: a node that does nothing takes no step that could be wrong, except that
// COMMIT and COMMITLD must be carried out at once.
//
// # Invariants
//
//   - A Server is exported plain data. Of a node that keeps to the specification it
//     knows next to nothing that the node's own state does not tell: a world that
//     has Servers in it has hardly more states (0.9 % in `check zab`).
//   - Whoever follows a node gives the Server each event from its Recovered on, and a
//     new Server to each life.
//
// This package is pure: no clock, no randomness, no input or output, no goroutine,
// no walk over a map. Of this module it may import what package checker may, and
// protocols/zab, whose messages and records it reads.
package refine
