package refine

import (
	"fmt"

	"quorumlab/protocols"
	"quorumlab/protocols/zab"
)

// This file has the leader's actions. A leader of the specification counts itself
// from the start; here it does when its own disk has what it vouches for.

// onInfo puts a CEPOCH in: under way until a reign takes it.
func (x *step) onInfo(at int, m zab.FollowerInfo) {
	info := Info{Attempt: m.Attempt, Accepted: m.AcceptedEpoch}
	switch x.State {
	case Leading:
		x.admit(at, info)
		x.choose()
	case Following:
		if m.HandedOver == 0 || m.HandedOver != x.Session.Epoch {
			return // it is refused
		}
		x.Infos[at] = info
	default:
		x.Infos[at] = info
	}
}

// lead is UpdateLeader: the oracle names the server.
func (x *step) lead() {
	if x.State != Looking {
		x.deviate(UpdateLeader, "it begins to lead", "it is %v", x.State)
	}
	x.State, x.Session = Leading, Session{}
	x.Reign = Reign{Seen: x.Accepted, Peers: make([]Peer, len(x.Nodes))}
	x.take(UpdateLeader, 0, 0)
	if at, ok := x.position(x.Self); ok {
		x.Reign.Peers[at].Informed = true
	}
	for at, info := range x.Infos {
		if info.Attempt != 0 {
			x.admit(at, info)
			x.Infos[at] = Info{}
		}
	}
	x.choose()
}

// admit is LeaderProcessCEPOCH of one server.
func (x *step) admit(at int, info Info) {
	g := &x.Reign
	p := &g.Peers[at]
	*p = Peer{Attempt: info.Attempt, Stage: Joined, Informed: p.Informed, Promised: p.Promised, Synced: p.Synced}
	if g.Epoch == 0 {
		g.Seen, p.Informed = max(g.Seen, info.Accepted), true
	}
	x.take(LeaderProcessCEPOCH, x.Nodes[at], 0)
}

// choose is LeaderProcessCEPOCH once a quorum has told its epochs.
func (x *step) choose() {
	g := &x.Reign
	if g.Epoch == 0 && x.quorum(func(p int) bool { return g.Peers[p].Informed }) {
		g.Epoch = g.Seen + 1
		x.Accepted = g.Epoch
	}
}

// drop takes a server from the learners, as RemoveLearner does. What it has told
// of its epochs and histories stays told.
func (x *step) drop(at int) {
	p := &x.Reign.Peers[at]
	*p = Peer{Informed: p.Informed, Promised: p.Promised, Synced: p.Synced}
}

// leaderReceived takes up what comes from a learner.
func (x *step) leaderReceived(at int, message protocols.Message) {
	g := &x.Reign
	p := &g.Peers[at]
	switch m := message.(type) {
	case zab.AckEpoch:
		if m.Epoch != g.Epoch || m.Attempt != p.Attempt || p.Stage != Invited {
			return
		}
		if !g.Formed && (m.CurrentEpoch > x.Stable.Current || m.CurrentEpoch == x.Stable.Current && m.LastZxid > x.last()) {
			return // a better history than the leader's: it is not taken, the learner has to go
		}
		p.Stage, p.Last = Told, m.LastZxid
		p.Promised = p.Promised || m.Counted
		x.take(LeaderProcessACKEPOCH, x.Nodes[at], m.LastZxid)
		x.form()
	case zab.AckNewLeader:
		if m.Epoch == g.Epoch && m.Attempt == p.Attempt && p.Stage == Sent {
			p.Stage, p.Synced, p.Acked = Serving, true, m.Zxid
			x.take(LeaderProcessACKLD, x.Nodes[at], m.Zxid)
		}
	case zab.Ack:
		if m.Epoch == g.Epoch && p.Stage == Serving && m.Zxid > p.Acked && m.Zxid <= x.last() {
			p.Acked = m.Zxid
			x.take(LeaderProcessACK, x.Nodes[at], m.Zxid)
		}
	}
}

// form is LeaderProcessACKEPOCH once a quorum has accepted the epoch: the leader's
// history, the most recent of all those told, is that of the epoch.
func (x *step) form() {
	g := &x.Reign
	if g.Formed || g.Epoch == 0 || !x.quorum(func(p int) bool { return g.Peers[p].Promised || x.itself(p) && x.Stable.Accepted >= g.Epoch }) {
		return
	}
	g.Formed = true
	x.mayAdopt(g.Epoch)
}

func (x *step) itself(position int) bool { return x.Nodes[position] == x.Self }

// invite is NEWEPOCH.
func (x *step) invite(to protocols.NodeID, at int, m zab.LeaderInfo) {
	did := fmt.Sprintf("it sends LEADERINFO(%d) to %s", m.Epoch, x.name(to))
	g := &x.Reign
	const action = LeaderProcessCEPOCH
	switch {
	case x.State != Leading || g.Epoch == 0:
		x.deviate(action, did, "no quorum has told its epochs")
		return
	case m.Epoch != g.Epoch:
		x.deviate(action, did, "the epoch after all that were told is %d", g.Epoch)
	case g.Peers[at].Stage != Joined || g.Peers[at].Attempt != m.Attempt:
		x.deviate(action, did, "no CEPOCH of that server waits for an answer")
	case x.Stable.Accepted < m.Epoch:
		x.deviate(action, did, "acceptedEpoch on its disk is %d", x.Stable.Accepted)
	}
	g.Peers[at].Stage = Invited
}

// synchronize begins NEWLEADER: the learner is to keep what it has up to common.
func (x *step) synchronize(to protocols.NodeID, at int, how string, common zab.Zxid) {
	did := fmt.Sprintf("it sends %s(%v) to %s", how, common, x.name(to))
	g := &x.Reign
	const action = LeaderProcessACKEPOCH
	if x.State != Leading || !g.Formed {
		x.deviate(action, did, "no quorum has accepted its epoch")
		return
	}
	p := &g.Peers[at]
	switch {
	case p.Stage != Told:
		x.deviate(action, did, "no ACKEPOCH of that server waits for an answer")
	case !x.has(common):
		x.deviate(action, did, "its history, which NEWLEADER carries, does not have that transaction")
	case how == "DIFF" && common != p.Last:
		x.deviate(action, did, "that server's history ends with %v", p.Last)
	case how == "TRUNC" && (common >= p.Last || x.after(common) != nil && x.after(common).Zxid <= p.Last):
		x.deviate(action, did, "that server's history ends with %v, and both have more in common", p.Last)
	case how == "SNAP":
		x.snap(action, did, common)
	}
	p.Stage, p.Sent = Syncing, common
}

// snap checks what a snapshot that is sent stands for. One that is on its way to
// the disk is only known when it gets there.
func (x *step) snap(action Action, did string, zxid zab.Zxid) {
	switch {
	case zxid == x.Saved:
	case len(x.Marks) == 0 || zxid > x.Committed:
		x.deviate(action, did, "the snapshot that it has is the state after %v", x.Saved)
	default:
		x.Claimed = zxid
	}
}

// propose is a part of NEWLEADER, or LeaderBroadcastPROPOSE.
func (x *step) propose(to protocols.NodeID, at int, record protocols.Record, informs bool) {
	t, _ := txnOf(record)
	did := fmt.Sprintf("it sends PROPOSAL(%v) to %s", t.Zxid, x.name(to))
	if informs {
		did = fmt.Sprintf("it sends INFORM(%v) to %s", t.Zxid, x.name(to))
	}
	const action = LeaderBroadcastPROPOSE
	if x.State != Leading || x.Reign.Peers[at].Stage < Syncing {
		x.deviate(action, did, "that server has not got NEWLEADER")
		return
	}
	p := &x.Reign.Peers[at]
	next := x.after(p.Sent)
	switch {
	case next == nil || !next.same(&t):
		x.deviate(action, did, "that server was sent the history up to %v, it goes on with %s", p.Sent, tellNext(next))
	case informs:
		x.commit(t.Zxid, did)
	}
	p.Sent = t.Zxid
	if p.Stage > Syncing {
		x.take(action, to, t.Zxid)
	}
}

// newLeader ends NEWLEADER.
func (x *step) newLeader(to protocols.NodeID, at int, m zab.NewLeader) {
	did := fmt.Sprintf("it sends NEWLEADER(%d, %v) to %s", m.Epoch, m.Zxid, x.name(to))
	const action = LeaderProcessACKEPOCH
	if x.State != Leading || m.Epoch != x.Reign.Epoch {
		x.deviate(action, did, "it does not lead epoch %d", m.Epoch)
		return
	}
	switch p := &x.Reign.Peers[at]; {
	case p.Stage != Syncing || m.Attempt != p.Attempt:
		x.deviate(action, did, "no ACKEPOCH of that server waits for an answer")
	case p.Sent != x.last() || m.Zxid != x.last():
		x.deviate(action, did, "the leader's history ends with %v, and what was sent of it with %v", x.last(), p.Sent)
	default:
		p.Stage = Sent
	}
}

// establish is LeaderProcessACKLD with a quorum: the initial history is committed.
func (x *step) establish(epoch zab.Epoch) {
	did := fmt.Sprintf("it is established as the leader of epoch %d", epoch)
	g := &x.Reign
	const action = LeaderProcessACKLD
	switch {
	case x.State != Leading || !g.Formed || g.Epoch != epoch || g.Established:
		x.deviate(action, did, "it is not synchronizing its followers in that epoch")
		return
	case !x.adopted(epoch):
		x.deviate(action, did, "on its own disk are not its history and then currentEpoch %d", epoch)
	case !x.quorum(func(p int) bool { return g.Peers[p].Synced || x.itself(p) }):
		x.deviate(action, did, "no quorum has acknowledged NEWLEADER")
	}
	g.Established, g.Committed = true, x.last()
}

// request is LeaderProcessRequest.
func (x *step) request(note *protocols.Note) {
	t, ok := txnOf(note.Value)
	did := fmt.Sprintf("it broadcasts %v", t.Zxid)
	g := &x.Reign
	const action = LeaderProcessRequest
	counter := uint32(1)
	if last := x.last(); last.Epoch() == g.Epoch {
		counter = last.Counter() + 1
	}
	want := zab.Zxid(g.Epoch)<<32 | zab.Zxid(counter)
	switch {
	case x.State != Leading || !g.Established:
		x.deviate(action, did, "it is not the established leader of an epoch")
		return
	case !ok || t.Zxid != want || zab.Epoch(note.Term) != g.Epoch:
		x.deviate(action, did, "the next transaction of its epoch is %v", want)
		return
	}
	x.Server.take(t)
	x.take(action, 0, t.Zxid)
}

// welcome is COMMITLD.
func (x *step) welcome(to protocols.NodeID, at int, m zab.UpToDate) {
	did := fmt.Sprintf("it sends UPTODATE(%v) to %s", m.Committed, x.name(to))
	const action = LeaderProcessACKLD
	if x.State != Leading || !x.Reign.Established {
		x.deviate(action, did, "no quorum has acknowledged NEWLEADER")
		return
	}
	switch p := &x.Reign.Peers[at]; {
	case p.Stage != Serving || m.Attempt != p.Attempt:
		x.deviate(action, did, "no ACKLD of that server waits for an answer")
	case m.Committed > p.Sent:
		x.deviate(action, did, "that server was sent the history up to %v", p.Sent)
	default:
		x.commit(m.Committed, did)
	}
}

// tellCommit is COMMIT.
func (x *step) tellCommit(to protocols.NodeID, at int, m zab.Commit) {
	did := fmt.Sprintf("it sends COMMIT(%v) to %s", m.Zxid, x.name(to))
	const action = LeaderProcessACK
	switch {
	case x.State != Leading || !x.Reign.Established || m.Epoch != x.Reign.Epoch:
		x.deviate(action, did, "it is not the established leader of epoch %d", m.Epoch)
	case m.Zxid > x.Reign.Peers[at].Sent:
		x.deviate(action, did, "that server was sent the history up to %v", x.Reign.Peers[at].Sent)
	default:
		x.commit(m.Zxid, did)
	}
}

// commit is LeaderProcessACK with a quorum, for all up to a transaction: ACKs are
// in order, so that of one stands for all before it.
func (x *step) commit(z zab.Zxid, did string) bool {
	g := &x.Reign
	const action = LeaderProcessACK
	switch {
	case z <= g.Committed:
		return true
	case !g.Established || z.Epoch() != g.Epoch || !x.has(z):
		x.deviate(action, did, "%v is no transaction of its epoch that it has broadcast", z)
		return false
	}
	active, pending := x.configurations()
	if pending != nil && z >= pending.Zxid && g.Committed < pending.Zxid {
		at := pending.Zxid
		if !x.acknowledged(active, at) || !x.acknowledged(pending.Members, at) {
			x.deviate(action, did, "%v changes the members, and has not been acknowledged by quorums of both: %s", at, x.tellAcks(at))
			return false
		}
		g.Committed, active = at, pending.Members
	}
	if z > g.Committed && !x.acknowledged(active, z) {
		x.deviate(action, did, "no quorum has acknowledged %v: %s", z, x.tellAcks(z))
		return false
	}
	g.Committed = max(g.Committed, z)
	return true
}

// acknowledged reports whether a majority of members has a transaction on disk.
func (x *step) acknowledged(members []protocols.NodeID, z zab.Zxid) bool {
	return x.backed(members, func(p int) bool { return x.ackedBy(p) >= z })
}

// ackedBy returns the last transaction that a server is known to have on disk.
func (x *step) ackedBy(position int) zab.Zxid {
	if !x.itself(position) {
		return x.Reign.Peers[position].Acked
	}
	onDisk, _ := x.stable()
	return onDisk
}
