package zab

import "quorumlab/protocols"

// Discovery must find an epoch above all that any quorum took part in, and bind
// a quorum to it: who sent ACKEPOCH takes part in no lower epoch any more, so
// that nothing of one can be committed behind the new leader's back. It must
// also make sure that the leader's history is at least as good as that of every
// node in the quorum, for it becomes the initial history of the epoch.

// introduce begins the attempt to follow, once this life's number is on disk:
// with it no attempt has the number of an earlier one.
func (n *Node) introduce(out *protocols.Effects) {
	f := &n.Following
	if f.Stage != Connecting || n.Stable.Durable == 0 {
		return // the first write of a life is that of its number
	}
	n.Attempts++
	f.Attempt = uint64(n.Life)<<32 | uint64(n.Attempts)
	f.Stage = Introduced
	info := FollowerInfo{
		Attempt: f.Attempt, AcceptedEpoch: n.AcceptedEpoch, Version: n.Active.Configuration.Version,
		HandedOver: n.HandedOver,
	}
	if n.Role == ObservingLeader {
		out.Send(f.Leader, ObserverInfo(info))
		return
	}
	out.Send(f.Leader, info)
}

func (n *Node) onFollowerInfo(position int, m FollowerInfo, out *protocols.Effects) {
	switch n.Role {
	case Looking:
		n.Parked[position] = m // the others may have settled sooner
	case FollowingLeader, ObservingLeader:
		if m.HandedOver != 0 && m.HandedOver == n.Following.Epoch {
			n.Parked[position] = m // it has heard of the hand-over sooner
			return
		}
		out.Send(n.Nodes[position], Close{Attempt: m.Attempt})
	case LeadingFollowers:
		n.admit(position, m)
		switch {
		case m.Version > n.seen():
			// What decided it is not in this log: another has to lead.
			n.look("a follower knows of a newer configuration", out)
		case n.Leading.Epoch == 0:
			n.chooseEpoch()
		case m.AcceptedEpoch > n.Leading.Epoch:
			// It could never join this epoch. A new one lets it in.
			n.look("a follower accepted a higher epoch", out)
		case n.Leading.Promised:
			n.invite(position, out)
		}
	}
}

// admit connects a learner. A former connection of it is over: the learner
// itself gave it up.
func (n *Node) admit(position int, m FollowerInfo) {
	g := &n.Leading
	l := &g.Learners[position]
	tick := g.HalfTicks / 2
	*l = Learner{
		Stage: Joined, Attempt: m.Attempt, Joined: tick,
		Deadline: tick + n.Options.InitLimit + n.Options.SyncLimit,
		Informed: l.Informed, Promised: l.Promised, Synced: l.Synced,
	}
	if g.Epoch == 0 {
		g.EpochSeen = max(g.EpochSeen, m.AcceptedEpoch)
		l.Informed = true
	}
}

// chooseEpoch fixes the epoch once a quorum has told what it accepted. The
// leader is the first to accept it.
func (n *Node) chooseEpoch() {
	g := &n.Leading
	if g.Epoch != 0 || !n.quorum(func(p int) bool { return g.Learners[p].Informed }) {
		return
	}
	g.Epoch = g.EpochSeen + 1
	g.Since = g.HalfTicks / 2
	n.AcceptedEpoch = g.Epoch
	n.writeMeta()
	g.EpochWrite = n.Stable.MetaWrite
}

// promise lets the leader's own acceptance count, once it is on disk, and asks
// the others.
func (n *Node) promise(out *protocols.Effects) {
	g := &n.Leading
	if g.Promised || g.Epoch == 0 || n.Stable.Durable < g.EpochWrite {
		return
	}
	g.Promised = true
	g.Learners[n.Position].Promised = true
	for p := range g.Learners {
		if g.Learners[p].Stage == Joined {
			n.invite(p, out)
		}
	}
	n.countPromises(out)
}

func (n *Node) invite(position int, out *protocols.Effects) {
	l := &n.Leading.Learners[position]
	l.Stage = Invited
	out.Send(n.Nodes[position], LeaderInfo{Attempt: l.Attempt, Epoch: n.Leading.Epoch})
}

func (n *Node) onLeaderInfo(from protocols.NodeID, m LeaderInfo, out *protocols.Effects) {
	f := &n.Following
	if !n.learns() || from != f.Leader || m.Attempt != f.Attempt || f.Stage != Introduced {
		return
	}
	if m.Epoch < n.AcceptedEpoch {
		n.look("the leader's epoch is behind the accepted one", out)
		return
	}
	f.Silence = 0
	f.Epoch = m.Epoch
	if m.Epoch > n.AcceptedEpoch {
		n.AcceptedEpoch = m.Epoch
		n.writeMeta()
		f.Counted = true
	}
	f.Stage = Accepting
	f.Await = n.Stable.MetaWrite
	n.accept(out)
}

// accept sends ACKEPOCH once acceptedEpoch is on disk.
func (n *Node) accept(out *protocols.Effects) {
	f := &n.Following
	if f.Stage != Accepting || n.Stable.Durable < f.Await {
		return
	}
	f.Stage = Promised
	out.Send(f.Leader, AckEpoch{
		Attempt: f.Attempt, Epoch: f.Epoch, Counted: f.Counted && !n.Damaged,
		CurrentEpoch: n.CurrentEpoch, LastZxid: n.History.last(),
	})
}

func (n *Node) onAckEpoch(position int, m AckEpoch, out *protocols.Effects) {
	l := &n.Leading.Learners[position]
	if l.Stage != Invited {
		return
	}
	l.Stage = Waiting
	l.LastZxid = m.LastZxid
	if n.Phase != Discovery {
		n.synchronize(position, out) // a latecomer
		return
	}
	if m.CurrentEpoch > n.CurrentEpoch ||
		m.CurrentEpoch == n.CurrentEpoch && m.LastZxid > n.History.last() {
		n.reject(position, out) // its history is better than the leader's
		return
	}
	if m.Counted {
		l.Promised = true
	}
	n.countPromises(out)
}

// countPromises ends discovery when a quorum accepted the epoch.
func (n *Node) countPromises(out *protocols.Effects) {
	g := &n.Leading
	if n.Phase != Discovery || !n.quorum(func(p int) bool { return g.Learners[p].Promised }) {
		return
	}
	n.Phase = Synchronization
	g.Since = g.HalfTicks / 2
	g.HistoryWrite = n.Stable.LogWrite
	for p := range g.Learners {
		if g.Learners[p].Stage == Waiting {
			n.synchronize(p, out)
		}
	}
	n.leaderAdopt(out)
}
