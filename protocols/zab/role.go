package zab

import "quorumlab/protocols"

// A change of role must leave nothing of the old one behind: both ends of every
// attempt learn that it is over, clients hear of what surely did not happen, and
// of the rest nothing.

// look gives up whatever the node was doing, and begins an election.
func (n *Node) look(why string, out *protocols.Effects) {
	switch n.Role {
	case FollowingLeader, ObservingLeader:
		if n.Following.Stage > Connecting && n.Following.Leader != 0 {
			out.Send(n.Following.Leader, Close{Attempt: n.Following.Attempt})
		}
	case LeadingFollowers:
		for p, l := range n.Leading.Learners {
			if l.Stage != 0 {
				out.Send(n.Nodes[p], Close{Attempt: l.Attempt})
			}
		}
	}
	if n.Role != 0 && n.Role != Looking {
		out.Note(protocols.Note{Kind: Left, Text: why})
		out.CancelTimer(protocols.Timer{Name: timerTick})
	}
	n.giveUpClients(out)
	n.Role = Looking
	n.Phase = 0
	n.HandedOver = 0
	n.Following = Following{}
	n.Leading = Leading{}
	out.Note(protocols.Note{Kind: protocols.Role, Text: Looking.String()})
	n.elect(out)
}

// follow takes up the role of a follower, or of an observer.
func (n *Node) follow(leader protocols.NodeID, out *protocols.Effects) {
	n.Role = n.learnerRole()
	n.Phase = Discovery
	n.Following = Following{Leader: leader, Stage: Connecting}
	out.Note(protocols.Note{Kind: protocols.Role, Text: n.Role.String()})
	out.SetTimer(protocols.Timer{Name: timerTick}, n.Options.Tick, n.Options.Tick)
	for p := range n.Parked {
		if n.Parked[p].Attempt != 0 {
			out.Send(n.Nodes[p], Close{Attempt: n.Parked[p].Attempt})
			n.Parked[p] = FollowerInfo{}
		}
	}
	n.introduce(out)
}

// lead takes up the role of a leader, to begin with of an unknown epoch.
func (n *Node) lead(out *protocols.Effects) {
	n.Role = LeadingFollowers
	n.Phase = Discovery
	n.Leading = Leading{Learners: make([]Learner, len(n.Nodes)), EpochSeen: n.AcceptedEpoch}
	n.Leading.Learners[n.Position].Informed = true
	out.Note(protocols.Note{Kind: protocols.Role, Text: LeadingFollowers.String()})
	half := n.Options.Tick / 2
	out.SetTimer(protocols.Timer{Name: timerTick}, half, half)
	for p := range n.Parked {
		if n.Parked[p].Attempt != 0 {
			n.admit(p, n.Parked[p])
			n.Parked[p] = FollowerInfo{}
		}
	}
	n.chooseEpoch()
}

func (n *Node) onDisconnected(peer protocols.NodeID, out *protocols.Effects) {
	position, ok := n.lookup(peer)
	if !ok {
		return
	}
	// A vote that may be lost is sent again by the time-out; at once would be
	// a busy loop while the peer is away.
	n.Parked[position] = FollowerInfo{}
	switch n.Role {
	case FollowingLeader, ObservingLeader:
		if peer == n.Following.Leader && n.Following.Stage > Connecting {
			n.Following.Leader = 0 // it learns of the break, too
			n.look("the link to the leader broke", out)
		}
	case LeadingFollowers:
		if n.Leading.Learners[position].Stage != 0 {
			n.drop(position, out)
		}
	}
}

func (n *Node) onClose(position int, m Close, out *protocols.Effects) {
	if n.Parked[position].Attempt == m.Attempt {
		n.Parked[position] = FollowerInfo{}
	}
	switch n.Role {
	case FollowingLeader, ObservingLeader:
		if n.Nodes[position] == n.Following.Leader && n.Following.Attempt == m.Attempt {
			n.Following.Leader = 0 // nothing is left to close
			n.look("the leader closed the connection", out)
		}
	case LeadingFollowers:
		l := &n.Leading.Learners[position]
		if l.Stage != 0 && l.Attempt == m.Attempt {
			n.drop(position, out)
		}
	}
}

// reject closes the connection of a learner, from the leader's side.
func (n *Node) reject(position int, out *protocols.Effects) {
	out.Send(n.Nodes[position], Close{Attempt: n.Leading.Learners[position].Attempt})
	n.drop(position, out)
}

// drop forgets the connection of a learner. A leader whose epoch is chosen and
// who is left without a quorum of connections gives up at once: the others look
// already, and cannot elect without it. What the learner promised stays.
func (n *Node) drop(position int, out *protocols.Effects) {
	l := &n.Leading.Learners[position]
	*l = Learner{Informed: l.Informed, Promised: l.Promised, Synced: l.Synced}
	if n.Leading.Epoch == 0 {
		return
	}
	connected := n.quorum(func(p int) bool { return p == n.Position || n.Leading.Learners[p].Stage != 0 })
	if !connected {
		n.look("too few followers are connected", out)
	}
}
