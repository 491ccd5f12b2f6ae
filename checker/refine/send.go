package refine

import (
	"quorumlab/protocols"
	"quorumlab/protocols/zab"
)

// sent holds a message against the actions that send it. What is of the election,
// of clients and of heartbeats the specification does not have.
func (x *step) sent(e *protocols.Send) {
	at, known := x.position(e.To)
	if !known {
		return
	}
	switch m := e.Message.(type) {
	case zab.Notification, zab.Ping, zab.Pong:
	case zab.Ack:
		x.ack(e.To, m)
	case zab.Propose:
		x.propose(e.To, at, m.Transaction, false)
	case zab.Commit:
		x.tellCommit(e.To, at, m)
	case zab.CommitAndActivate:
		x.tellCommit(e.To, at, zab.Commit(m))
	case zab.Inform:
		x.propose(e.To, at, m.Transaction, true)
	case zab.InformAndActivate:
		x.propose(e.To, at, m.Transaction, true)
	default:
		x.sentSetup(e.To, at, e.Message)
	}
}

// sentSetup holds the messages up to COMMITLD against the actions.
func (x *step) sentSetup(to protocols.NodeID, at int, message protocols.Message) {
	switch m := message.(type) {
	case zab.FollowerInfo:
		x.connect(to, m)
	case zab.ObserverInfo:
		x.connect(to, zab.FollowerInfo(m))
	case zab.LeaderInfo:
		x.invite(to, at, m)
	case zab.AckEpoch:
		x.ackEpoch(to, m)
	case zab.Diff:
		x.synchronize(to, at, "DIFF", m.Zxid)
	case zab.Trunc:
		x.synchronize(to, at, "TRUNC", m.Zxid)
	case zab.Snap:
		x.synchronize(to, at, "SNAP", m.Zxid)
	case zab.NewLeader:
		x.newLeader(to, at, m)
	case zab.AckNewLeader:
		x.ackNewLeader(to, m)
	case zab.UpToDate:
		x.welcome(to, at, m)
	case zab.Close:
		if x.State != Following || to != x.Session.Leader || m.Attempt != x.Session.Attempt {
			x.closed(at, m.Attempt)
		}
	}
}
