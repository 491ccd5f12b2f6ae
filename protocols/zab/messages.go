package zab

import (
	"quorumlab/protocols"
	"quorumlab/protocols/machine"
)

// Every message names what it belongs to, so that what is left over from an
// earlier role or attempt is recognised: a notification its round, CLOSE and
// FOLLOWERINFO the attempt, the others the epoch or both. The comments give the
// names of ZooKeeper's packets.

// Notification is a vote of fast leader election.
type Notification struct {
	// State is the sender's role.
	State Role
	Vote  Vote
	// Configuration is the sender's active one, zero if that is still the one
	// that the ensemble began with. Seen is the version of the last in its log.
	Configuration Configuration
	Seen          Zxid
}

// Vote proposes a leader.
type Vote struct {
	// Leader is 0 in the vote of a node that does not count.
	Leader protocols.NodeID
	// Zxid is the last of the proposed leader's log.
	Zxid Zxid
	// Round is the election's number (logical clock).
	Round uint64
	// PeerEpoch is the proposed leader's current epoch; of an established
	// epoch, that epoch.
	PeerEpoch Epoch
}

// FollowerInfo (FOLLOWERINFO) begins an attempt to follow.
type FollowerInfo struct {
	Attempt       uint64
	AcceptedEpoch Epoch
	// Version is that of the sender's active configuration.
	Version Zxid
	// HandedOver is the epoch whose leader named the receiver its successor,
	// or 0.
	HandedOver Epoch
}

// ObserverInfo (OBSERVERINFO) begins an attempt of a node that does not vote.
type ObserverInfo FollowerInfo

// LeaderInfo (LEADERINFO) asks a follower to accept an epoch.
type LeaderInfo struct {
	Attempt uint64
	Epoch   Epoch
}

// AckEpoch (ACKEPOCH) tells that the sender goes behind Epoch no more, and how
// long its history is.
type AckEpoch struct {
	Attempt uint64
	Epoch   Epoch
	// Counted is false if the sender had accepted Epoch before, or its log is
	// damaged: it may join then, but does not count (ZooKeeper sends the
	// current epoch -1).
	Counted      bool
	CurrentEpoch Epoch
	LastZxid     Zxid
}

// Diff (DIFF) tells a follower to keep its whole log; proposals follow.
type Diff struct {
	Attempt uint64
	Epoch   Epoch
	// Zxid is the end of the follower's log.
	Zxid Zxid
}

// Trunc (TRUNC) tells a follower to cut its log after Zxid; proposals follow.
type Trunc struct {
	Attempt uint64
	Epoch   Epoch
	Zxid    Zxid
}

// Snap (SNAP) tells a follower that the whole state comes, in parts, and takes
// the place of its log; proposals follow.
type Snap struct {
	Attempt uint64
	Epoch   Epoch
	// Zxid is the last transaction that the state includes, Configuration
	// the one that was active then.
	Zxid          Zxid
	Configuration Configuration
}

// SnapPart is one part of the state.
type SnapPart struct {
	Attempt uint64
	Epoch   Epoch
	Chunk   machine.Chunk
}

// SnapNext asks for more parts. ZooKeeper leaves that to TCP, and to a thread for each
// learner; here the leader would have to hold the whole snapshot ready to be sent.
type SnapNext struct {
	Attempt uint64
	Epoch   Epoch
	// Received is how many have come.
	Received uint32
}

// NewLeader (NEWLEADER) ends the history that the follower has to adopt.
type NewLeader struct {
	Attempt uint64
	Epoch   Epoch
	// Zxid is the last of that history.
	Zxid Zxid
}

// AckNewLeader (ACK of NEWLEADER) tells that the history is on the sender's
// disk, and then Epoch as its current epoch.
type AckNewLeader struct {
	Attempt uint64
	Epoch   Epoch
	// Zxid is the last transaction on the sender's disk.
	Zxid Zxid
}

// UpToDate (UPTODATE) tells that the epoch is established and the follower may
// serve.
type UpToDate struct {
	Attempt uint64
	Epoch   Epoch
	// Committed is the last zxid committed.
	Committed Zxid
}

// Propose (PROPOSAL) carries a transaction.
type Propose struct {
	// Epoch is that of the sender; in a DIFF the transaction's may be older.
	Epoch Epoch
	// Transaction is a Transaction. It is an interface so that one copy
	// serves the log, the disk, all peers and all notes.
	Transaction protocols.Record
}

// Ack (ACK) tells that the sender has everything up to Zxid on disk.
type Ack struct {
	Epoch Epoch
	Zxid  Zxid
}

// Commit (COMMIT) tells that everything up to Zxid is committed.
type Commit struct {
	Epoch Epoch
	Zxid  Zxid
}

// CommitAndActivate (COMMITANDACTIVATE) is the Commit of a configuration.
type CommitAndActivate Commit

// Inform (INFORM) carries a transaction that is committed to an observer.
type Inform struct {
	Epoch Epoch
	// Transaction is a Transaction, see Propose.
	Transaction protocols.Record
}

// InformAndActivate (INFORMANDACTIVATE) is the Inform of a configuration.
type InformAndActivate Inform

// HandOver tells that all of the epoch is committed, and who is to lead the next.
// It does what the designated leader in ZooKeeper's COMMITANDACTIVATE does.
type HandOver struct {
	Epoch  Epoch
	Leader protocols.NodeID
}

// Ping (PING) asks for a sign of life.
type Ping struct {
	Epoch Epoch
	Round uint64
}

// Pong (the answer to PING) tells that the sender got the ping of Round while
// it followed in Epoch.
type Pong struct {
	Epoch Epoch
	Round uint64
}

// Touch tells of clients that the sender heard and the leader did not. In ZooKeeper
// the answer to PING does.
type Touch struct {
	Epoch   Epoch
	Clients []protocols.ClientID
}

// Request (REQUEST) forwards a client's command to the leader.
type Request struct {
	Epoch   Epoch
	Client  protocols.ClientID
	Request uint64
	Command protocols.Command
}

// Refused answers a Request that the leader does not propose. Without a Refusal
// the same request was proposed before.
type Refused struct {
	Epoch   Epoch
	Client  protocols.ClientID
	Request uint64
	Refusal string
}

// ReadIndex (SYNC, to the leader) asks how far to apply before a read.
type ReadIndex struct {
	Epoch Epoch
	// Client asks; the leader takes it for a sign of life.
	Client protocols.ClientID
	Number uint64
}

// ReadIndexReply (SYNC, to the follower) answers a ReadIndex and all before it.
type ReadIndexReply struct {
	Epoch  Epoch
	Number uint64
	// Zxid is the last one that was committed when the leader got the
	// ReadIndex.
	Zxid Zxid
}

// Close ends an attempt, from either side, as closing a connection does in
// ZooKeeper.
type Close struct {
	Attempt uint64
}

// Kept implements protocols.Vow: the leader is the first to accept its epoch.
func (m LeaderInfo) Kept(durable protocols.Disk) string {
	if metaOf(durable).AcceptedEpoch < m.Epoch {
		return "acceptedEpoch is not on disk"
	}
	return ""
}

// Kept implements protocols.Vow.
func (m AckEpoch) Kept(durable protocols.Disk) string {
	if metaOf(durable).AcceptedEpoch < m.Epoch {
		return "acceptedEpoch is not on disk"
	}
	return ""
}

// Kept implements protocols.Vow.
func (m AckNewLeader) Kept(durable protocols.Disk) string {
	if lastZxidOf(durable) < m.Zxid || !continues(durable) {
		return "the history is not on disk"
	}
	if metaOf(durable).CurrentEpoch < m.Epoch {
		return "currentEpoch is not on disk"
	}
	return ""
}

// Kept implements protocols.Vow.
func (m Ack) Kept(durable protocols.Disk) string {
	if lastZxidOf(durable) < m.Zxid || !continues(durable) {
		return "the transaction is not on disk"
	}
	return ""
}

func metaOf(disk protocols.Disk) Meta {
	meta, _ := disk.Meta.(Meta)
	return meta
}

// continues reports whether the log on disk goes on from where the snapshot says.
// What is before, a crash may have left there.
func continues(disk protocols.Disk) bool {
	snapshot, _ := disk.Snapshot.(Snapshot)
	if len(disk.Log) == 0 {
		return true
	}
	first, _ := disk.Log[0].(Transaction)
	return first.Zxid <= snapshot.Base || first.Zxid.follows(snapshot.Base)
}

func lastZxidOf(disk protocols.Disk) Zxid {
	snapshot, _ := disk.Snapshot.(Snapshot)
	if len(disk.Log) == 0 {
		return snapshot.Zxid
	}
	last, _ := disk.Log[len(disk.Log)-1].(Transaction)
	return max(last.Zxid, snapshot.Zxid)
}
