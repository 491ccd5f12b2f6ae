package refine

import (
	"fmt"

	"quorumlab/protocols"
	"quorumlab/protocols/zab"
)

// This file has the follower's actions. NEWLEADER of the specification carries the
// whole history; here DIFF, TRUNC or SNAP, proposals and then NEWLEADER say what it
// is. The follower's log may be on the way there when it crashes.

// followerReceived takes up what comes from the leader.
func (x *step) followerReceived(message protocols.Message) {
	f := &x.Session
	switch m := message.(type) {
	case zab.LeaderInfo:
		if m.Attempt == f.Attempt && f.Stage == Connected && m.Epoch >= x.Accepted {
			f.Epoch, f.Stage, f.Counted = m.Epoch, Accepting, m.Epoch > x.Accepted
			x.Accepted = m.Epoch
		}
	case zab.Diff:
		if f.is(m.Epoch, m.Attempt) && f.Stage == Accepted && m.Zxid == x.last() {
			f.Stage = Receiving
		}
	case zab.Trunc:
		if f.is(m.Epoch, m.Attempt) && f.Stage == Accepted && x.has(m.Zxid) {
			x.cut(x.upTo(m.Zxid))
			f.Stage = Receiving
		}
	case zab.Snap:
		if f.is(m.Epoch, m.Attempt) && f.Stage == Accepted && m.Zxid > x.last() {
			f.Stage, f.Snap = Loading, m.Zxid
		}
	case zab.NewLeader:
		if f.is(m.Epoch, m.Attempt) && f.Stage == Receiving && m.Zxid == x.last() {
			f.Stage, f.NewLeader = Recording, m.Zxid
			x.mayAdopt(f.Epoch)
		}
	case zab.UpToDate:
		if f.is(m.Epoch, m.Attempt) && f.Stage == Adopted && m.Committed <= x.last() {
			f.Stage = Broadcasting
			x.due, x.dueBy = m.Committed, FollowerProcessCOMMITLD
			x.take(FollowerProcessCOMMITLD, f.Leader, m.Committed)
		}
	case zab.Propose:
		x.onPropose(m.Epoch, m.Transaction, Receiving)
	case zab.Inform:
		x.onInform(m)
	case zab.InformAndActivate:
		x.onInform(zab.Inform(m))
	case zab.Commit:
		x.onCommit(m)
	case zab.CommitAndActivate:
		x.onCommit(zab.Commit(m))
	}
}

// is reports whether a message belongs to the session.
func (f *Session) is(epoch zab.Epoch, attempt uint64) bool {
	return epoch == f.Epoch && attempt == f.Attempt
}

// onPropose takes a transaction into the history if it goes on there. Else the
// specification counts what it calls an inconsistency; a node has to leave, and
// puts nothing on its disk.
func (x *step) onPropose(epoch zab.Epoch, record protocols.Record, least Stage) (zab.Zxid, bool) {
	t, ok := txnOf(record)
	f := &x.Session
	if !ok || epoch != f.Epoch || f.Stage < least || !follows(t.Zxid, x.last()) {
		return 0, false
	}
	x.Server.take(t)
	return t.Zxid, true
}

// onInform is PROPOSE and COMMIT at once, to an observer.
func (x *step) onInform(m zab.Inform) {
	if z, ok := x.onPropose(m.Epoch, m.Transaction, Recording); ok {
		x.onCommit(zab.Commit{Epoch: m.Epoch, Zxid: z})
	}
}

// onCommit has the follower deliver. Before COMMITLD it waits for that.
func (x *step) onCommit(m zab.Commit) {
	f := &x.Session
	if m.Epoch != f.Epoch || f.Stage < Broadcasting || m.Zxid > x.last() {
		return
	}
	x.due, x.dueBy = m.Zxid, FollowerProcessCOMMIT
	x.take(FollowerProcessCOMMIT, f.Leader, m.Zxid)
}

// connect is FollowLeader and ConnectAndFollowerSendCEPOCH.
func (x *step) connect(to protocols.NodeID, m zab.FollowerInfo) {
	did := fmt.Sprintf("it sends FOLLOWERINFO(%d) to %s", m.AcceptedEpoch, x.name(to))
	switch {
	case x.State != Looking:
		x.deviate(Connect, did, "it is %v already", x.State)
	case m.AcceptedEpoch != x.Accepted:
		x.deviate(Connect, did, "its acceptedEpoch is %d", x.Accepted)
	}
	x.State = Following
	x.Session = Session{Leader: to, Attempt: m.Attempt, Stage: Connected}
	x.take(Connect, to, 0)
}

// ackEpoch is FollowerProcessNEWEPOCH: what it answers is true only when the
// epoch is on disk, and the history that it tells of.
func (x *step) ackEpoch(to protocols.NodeID, m zab.AckEpoch) {
	did := fmt.Sprintf("it sends ACKEPOCH(%d, %v) for epoch %d to %s", m.CurrentEpoch, m.LastZxid, m.Epoch, x.name(to))
	f := &x.Session
	onDisk, sure := x.stable()
	const action = FollowerProcessNEWEPOCH
	switch {
	case to != f.Leader || f.Stage != Accepting || !f.is(m.Epoch, m.Attempt):
		x.deviate(action, did, "no NEWEPOCH(%d) of that leader waits for an answer", m.Epoch)
	case x.Stable.Accepted < m.Epoch:
		x.deviate(action, did, "acceptedEpoch on its disk is %d", x.Stable.Accepted)
	case m.LastZxid != x.last():
		x.deviate(action, did, "its history ends with %v", x.last())
	case m.Counted && (!f.Counted || x.Damaged):
		x.deviate(action, did, "it has taken part in that epoch before, or has lost part of its history, and must not count")
	case m.Counted && (!sure || onDisk != m.LastZxid || x.Stable.Current != m.CurrentEpoch):
		x.deviate(action, did, "that is not what is on its disk")
	case m.CurrentEpoch != x.Stable.Current && m.CurrentEpoch != x.Written.Current && m.CurrentEpoch != x.Adopting:
		x.deviate(action, did, "its currentEpoch is %d", x.Written.Current)
	}
	f.Stage = Accepted
	x.take(action, to, m.LastZxid)
}

// ackNewLeader is FollowerProcessNEWLEADER, and FollowerProcessPROPOSE of what has
// got to the disk since.
func (x *step) ackNewLeader(to protocols.NodeID, m zab.AckNewLeader) {
	did := fmt.Sprintf("it sends ACK of NEWLEADER(%d, %v) to %s", m.Epoch, m.Zxid, x.name(to))
	f := &x.Session
	onDisk, sure := x.stable()
	const action = FollowerProcessNEWLEADER
	switch {
	case to != f.Leader || f.Stage != Recording || !f.is(m.Epoch, m.Attempt):
		x.deviate(action, did, "no NEWLEADER(%d) of that leader waits for an answer", m.Epoch)
	case !x.adopted(m.Epoch):
		x.deviate(action, did, "on its disk are not the leader's history up to %v and then currentEpoch %d, which is %d there%s",
			f.NewLeader, m.Epoch, x.Stable.Current, tellStable(onDisk, sure))
	case m.Zxid < f.NewLeader || m.Zxid > x.last() || !sure || onDisk < m.Zxid:
		x.deviate(action, did, "the leader's history ends with %v%s", f.NewLeader, tellStable(onDisk, sure))
	}
	x.take(action, to, f.NewLeader)
	if m.Zxid > f.NewLeader {
		x.take(FollowerProcessPROPOSE, to, m.Zxid)
	}
	f.Stage, f.Acked, f.NewLeader = Adopted, m.Zxid, 0
}

// ack is FollowerProcessPROPOSE, of one transaction or of several.
func (x *step) ack(to protocols.NodeID, m zab.Ack) {
	did := fmt.Sprintf("it sends ACK(%v) to %s", m.Zxid, x.name(to))
	f := &x.Session
	onDisk, sure := x.stable()
	const action = FollowerProcessPROPOSE
	switch {
	case to != f.Leader || m.Epoch != f.Epoch || f.Stage < Accepted:
		x.deviate(action, did, "it does not follow that leader in epoch %d", m.Epoch)
	case f.Stage < Adopted:
		x.deviate(action, did, "NEWLEADER comes before that, and is not yet acknowledged")
	case m.Zxid <= f.Acked || !x.has(m.Zxid):
		x.deviate(action, did, "no PROPOSE(%v) waits for an answer: its history ends with %v, acknowledged up to %v", m.Zxid, x.last(), f.Acked)
	case !sure || onDisk < m.Zxid:
		x.deviate(action, did, "that is not in the history on its disk%s", tellStable(onDisk, sure))
	}
	x.take(action, to, m.Zxid)
	f.Acked = m.Zxid
}

// install has a snapshot take the place of the history.
func (x *step) install(z zab.Zxid) {
	x.History, x.Later, x.Base = nil, nil, z
	x.Ops = append(x.Ops, Op{Kind: Installs, Zxid: z}, Op{Kind: Empties})
	x.Committed = z
	x.Session.Stage, x.Session.Snap = Receiving, 0
}
