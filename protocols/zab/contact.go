package zab

import "quorumlab/protocols"

// Contact must be noticed when it is lost: a leader that a quorum does not hear
// must make room for another, and a follower must not wait for a dead leader.
// Both count ticks of their own clock, which matters for liveness only.

// leaderOnTick is called every half tick. It sends heartbeats; on every other
// call a tick has passed.
func (n *Node) leaderOnTick(out *protocols.Effects) {
	g := &n.Leading
	half := n.Options.Tick / 2
	out.SetTimer(protocols.Timer{Name: timerTick}, half, half)
	g.HalfTicks++
	if g.HalfTicks%2 == 1 {
		n.ping(out)
		return
	}
	tick := g.HalfTicks / 2
	if n.Phase != Broadcast && tick >= g.Since+n.Options.InitLimit {
		n.look("no quorum within initLimit", out)
		return
	}
	if n.Phase == Broadcast && !n.inContact(tick) {
		n.look("no contact to a quorum within syncLimit", out)
		return
	}
	for p := range g.Learners {
		if p != n.Position && n.late(p, tick) {
			n.reject(p, out)
			if n.Role != LeadingFollowers {
				return
			}
		}
	}
	n.ping(out)
	n.expire(out)
}

// inContact reports whether a quorum, the leader included, was heard lately.
func (n *Node) inContact(tick uint64) bool {
	return n.quorum(func(p int) bool {
		l := &n.Leading.Learners[p]
		return p == n.Position || l.Stage != 0 && l.Deadline >= tick
	})
}

// late reports whether a learner takes too long: to be heard at all, to join, or
// to acknowledge the oldest of its proposals.
func (n *Node) late(position int, tick uint64) bool {
	l := &n.Leading.Learners[position]
	switch {
	case l.Stage == 0:
		return false
	case n.Phase == Broadcast && l.Deadline < tick:
		return true
	case l.Stage == Fetching && l.Snap != n.Saved.Zxid:
		return true // it was too slow: the log begins after that
	case l.Stage < Serving:
		return tick > max(l.Joined, n.Leading.Since)+n.Options.InitLimit+n.Options.SyncLimit
	case !n.voter(position):
		return false // an observer acknowledges nothing
	case l.Acked >= l.Due:
		l.Due = n.History.last()
		l.DueTick = tick + n.Options.SyncLimit
		return false
	}
	return tick > l.DueTick
}

// followerOnTick counts the leader's silence.
func (n *Node) followerOnTick(out *protocols.Effects) {
	f := &n.Following
	limit := n.Options.SyncLimit
	if n.Phase != Broadcast {
		limit = n.Options.InitLimit
	}
	f.Silence++
	if f.Silence > limit {
		n.look("the leader was not heard in time", out)
		return
	}
	out.SetTimer(protocols.Timer{Name: timerTick}, n.Options.Tick, n.Options.Tick)
}
