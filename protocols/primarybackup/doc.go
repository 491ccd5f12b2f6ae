// Package primarybackup is primary-backup replication, asynchronous or
// synchronous (Alsberg and Day 1976; Budhiraja, Marzullo, Schneider and Toueg
// 1993; as built by MySQL, PostgreSQL and Redis): one node, the primary, puts
// all writes into one log and ships it to the others, the backups.
//
// Time is cut into terms. A term has one primary, which its number names (term
// t belongs to node (t-1) mod n), so two nodes never lead one term. Node 1
// leads term 1. A node that restarts as primary, or takes over, claims the next
// term of its own and puts it on disk before it acts in it. Whoever hears of a
// higher term follows its primary, and gives up what its own log holds beyond
// the new primary's: with replication=async this is where acknowledged writes
// are lost.
//
// A write: the primary appends an entry, forces it to disk and ships it; when
// it is committed it is applied and answered. Committed means on the primary's
// disk (async, none) or on the disks of all nodes that are waited for (sync). A
// backup that a client asks hands the write on and answers when the entry, with
// the client's number in it, has come back to it through the log.
//
// What the parameters choose:
//
//	replication  async: answer first, ship afterwards. sync: ship first.
//	             none: never ship; the backups stay as they are.
//	wait         sync waits for all nodes, or only for those alive, that is
//	             heard from within takeover_after (MySQL's "semi-sync").
//	reads        local: every node answers from its own state, at once.
//	             confirmed: a backup asks the primary how far the log is
//	             committed, and answers when it has got as far.
//	takeover     off: the primary stays the primary. timeout: a backup that
//	             has not heard from it for takeover_after claims a term.
//	empty_disk   new: a node with an empty disk is new. ask: it may have been wiped,
//	             and asks all others before it leads.
//
// What holds: without take-over, confirmed reads are linearizable and no
// acknowledged write is ever lost, in either mode, but while a link is cut a
// backup's reads (sync: all writes as well) wait. With local reads every node
// always answers, sometimes what is no longer true. With sync, wait=all and
// take-over acknowledged writes still survive. With async or wait=alive a
// take-over may lose them, and a primary that is cut off rather than dead leads
// on: no time-out can tell one from the other.
//
// Always: every acknowledgement follows the disk write it speaks of; one
// primary a term; of one term's entries every log holds a prefix.
//
// The default is new, as with the systems that this stands for: MySQL, PostgreSQL and
// Redis take a wiped primary for an empty one, and with ask no cluster begins before all
// its nodes have been up, nor does one of which a node is gone for good. Consensus
// (packages paxos, zab) need not choose: there a quorum remembers.
//
// What it does not do: with empty_disk=new, tell a disk that was wiped from a new
// one before a backup shows it that it is not. Until then node 1 leads term 1 once more,
// answers reads from nothing and, with async, writes that nobody else will have; with
// empty_disk=ask it does not, and a new cluster begins when all its nodes have been up. And
// with sync and wait=all a take-over restores reads but no writes, which wait for all nodes,
// the dead one included, until it is back.
//
// It needs stream links. It may import protocols, protocols/state and
// protocols/machine only, and reads no clock, random source or map order.
package primarybackup
