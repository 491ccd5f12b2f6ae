package zab

import "quorumlab/protocols"

// Hand-over must change the epoch, or the leader, without an election and
// without waiting for a time-out: when the zxids of an epoch are used up, and
// when the leader is no member any more. The leader stops proposing, commits what
// is proposed, and names its successor, which is itself where it can be. All who
// are told begin discovery with the successor as if they had elected it; whatever
// goes wrong on the way ends in an election as always. Clients notice nothing but
// a pause: what they ask meanwhile, and what was on its way to the old epoch, is
// asked of the new one. (ZooKeeper names a successor when members change, and at
// the end of the zxids lets time-outs do their work, ZOOKEEPER-1277.)

// HandingOver is the kind of a Note: the leader of Term hands over to the node
// Slot; Text says why.
const HandingOver protocols.NoteKind = "handing-over"

// closing reports whether the leader proposes nothing any more in its epoch.
func (n *Node) closing() bool {
	return n.Leading.Counter >= n.Options.CounterMax ||
		n.Pending.Quorum > 0 && !n.Pending.Voters[n.Position] || !n.Active.Voters[n.Position]
}

// handOverIfDue hands over when the leader is closing and all is committed.
func (n *Node) handOverIfDue(out *protocols.Effects) {
	g := &n.Leading
	if n.Role != LeadingFollowers || n.Phase != Broadcast || !n.closing() || g.Committed != n.History.last() {
		return
	}
	why, successor := "the epoch's zxids are used up", n.Self
	if !n.Active.Voters[n.Position] {
		why, successor = "the leader is no member any more", n.successor()
	}
	if successor == 0 {
		n.look("the leader is no member any more", out)
		return
	}
	epoch := g.Epoch
	out.Note(protocols.Note{Kind: HandingOver, Term: uint64(epoch), Slot: uint64(successor), Text: why})
	for p := range g.Learners {
		switch l := &g.Learners[p]; l.Stage {
		case Serving:
			out.Send(n.Nodes[p], HandOver{Epoch: epoch, Leader: successor})
		case 0:
		default:
			out.Send(n.Nodes[p], Close{Attempt: l.Attempt})
		}
	}
	n.succeed(epoch, successor, out)
}

// successor returns the member that has acknowledged most, 0 if none is there.
func (n *Node) successor() protocols.NodeID {
	best := -1
	for p := range n.Leading.Learners {
		l := &n.Leading.Learners[p]
		if l.Stage == Serving && n.Active.Voters[p] && (best < 0 || l.Acked >= n.Leading.Learners[best].Acked) {
			best = p
		}
	}
	if best < 0 {
		return 0
	}
	return n.Nodes[best]
}

func (n *Node) onHandOver(m HandOver, out *protocols.Effects) {
	if _, ok := n.lookup(m.Leader); !ok || n.Phase != Broadcast {
		n.look("a hand-over does not fit", out)
		return
	}
	n.succeed(m.Epoch, m.Leader, out)
}

// succeed begins discovery with the successor of the leader of an epoch. Writes
// and Reads stay.
func (n *Node) succeed(epoch Epoch, leader protocols.NodeID, out *protocols.Effects) {
	n.HandedOver = epoch
	n.Touched = nil
	n.Following = Following{}
	n.Leading = Leading{}
	n.Election.Vote = Vote{
		Leader: leader, Zxid: n.History.last(), Round: n.Election.Round, PeerEpoch: epoch,
	}
	out.Note(protocols.Note{Kind: Elected, Term: uint64(epoch), Slot: uint64(leader), Text: "by hand-over"})
	if leader == n.Self {
		n.lead(out)
	} else {
		n.follow(leader, out)
	}
}

// resume asks anew, once the epoch after a hand-over is established, what clients
// asked before. A write that was on its way may have been proposed in the old
// epoch, and then is delivered by now, or it never will be. What is nobody's is
// not repeated, for nobody could tell the two.
func (n *Node) resume(out *protocols.Effects) {
	if n.HandedOver == 0 {
		return
	}
	n.HandedOver = 0
	writes := n.Writes
	n.Writes = nil
	for i := range writes {
		w := &writes[i]
		result, answered, over := n.Sessions.Answered(w.Client, w.Request)
		switch {
		case answered:
			out.Reply(w.Client, w.Request, result)
		case !over && (w.Client != 0 || !w.Sent):
			w.Sent = false
			n.handOn(*w, out)
		}
	}
	if len(n.Reads) > 0 {
		n.askReadIndex(n.Reads[len(n.Reads)-1], out)
	}
}
