package zab

import (
	"slices"

	"quorumlab/protocols"
)

// A read must see every write that was answered before the read was asked. The
// leader notes how far it has committed when the read reaches it, and then makes
// sure that no other leader was established by that time: a round of pings, begun
// after the read came, is answered by a quorum. A node that answers a ping still
// follows in this epoch and so has not accepted a higher one, and a higher epoch
// needs one of that quorum. The node that was asked answers when it has applied
// that far (the read index of Raft; ZooKeeper's own sync leaves out the quorum).
//
// One round serves all reads that came before it. While it is under way, those
// that come wait for the next.

// Read is a client's read that waits for its read index.
type Read struct {
	Number  uint64
	Client  protocols.ClientID
	Request uint64
	Command protocols.Command
}

// ReadWaiting is a read whose leader waits for a round of pings.
type ReadWaiting struct {
	// From is the position of the node that was asked, Number its number.
	From   int
	Number uint64
	// Zxid was the last one committed when the read came.
	Zxid Zxid
	// Round is the round of pings that confirms it.
	Round uint64
}

// onRead answers a read now (result), or asks for its read index.
func (n *Node) onRead(e protocols.Requested, result protocols.Result, out *protocols.Effects) {
	if n.Options.LocalReads {
		if n.Role == LeadingFollowers {
			n.hear(e.Client)
		} else if n.Options.SessionTimeout > 0 && !slices.Contains(n.Touched, e.Client) {
			n.Touched = append(n.Touched, e.Client)
		}
		out.Reply(e.Client, e.Request, result)
		return
	}
	n.ReadsAsked++
	read := Read{Number: n.ReadsAsked, Client: e.Client, Request: e.Request, Command: e.Command}
	n.Reads = append(n.Reads, read)
	if n.serving() {
		n.askReadIndex(read, out)
	}
}

// askReadIndex asks for the index of a read, and of all before it.
func (n *Node) askReadIndex(read Read, out *protocols.Effects) {
	if n.Role == LeadingFollowers {
		n.hear(read.Client)
		n.confirmRead(n.Position, read.Number, out)
		return
	}
	out.Send(n.Following.Leader, ReadIndex{
		Epoch: n.Following.Epoch, Number: read.Number, Client: read.Client,
	})
}

func (n *Node) onReadIndex(position int, m ReadIndex, out *protocols.Effects) {
	if n.Phase == Broadcast && n.Leading.Learners[position].Stage == Serving {
		n.hear(m.Client)
		n.confirmRead(position, m.Number, out)
	}
}

// confirmRead has a read wait for a round of pings that is still to begin.
func (n *Node) confirmRead(position int, number uint64, out *protocols.Effects) {
	g := &n.Leading
	g.Reads = append(g.Reads, ReadWaiting{
		From: position, Number: number, Zxid: g.Committed, Round: g.Round + 1,
	})
	if g.Confirmed == g.Round {
		n.ping(out)
	}
}

// ping begins a round of pings. The leader answers itself.
func (n *Node) ping(out *protocols.Effects) {
	g := &n.Leading
	g.Round++
	g.Learners[n.Position].Ponged = g.Round
	n.sendLearners(Ping{Epoch: g.Epoch, Round: g.Round}, out)
	n.confirmRound(out)
}

func (n *Node) onPing(m Ping, out *protocols.Effects) {
	if n.Following.Stage < Recording {
		n.look("PING does not fit", out)
		return
	}
	out.Send(n.Following.Leader, Pong(m))
	if len(n.Touched) > 0 {
		out.Send(n.Following.Leader, Touch{Epoch: m.Epoch, Clients: n.Touched})
		n.Touched = nil // the message has it now
	}
}

func (n *Node) onPong(l *Learner, m Pong, out *protocols.Effects) {
	if l.Stage < Syncing || m.Round > n.Leading.Round || m.Round <= l.Ponged {
		return
	}
	l.Ponged = m.Round
	n.confirmRound(out)
}

// confirmRound finds the last round that a quorum answered, and lets go of the
// reads that it confirms. If others wait it begins the next round.
func (n *Node) confirmRound(out *protocols.Effects) {
	g := &n.Leading
	for i := range g.Learners {
		ponged := g.Learners[i].Ponged
		if ponged <= g.Confirmed {
			continue
		}
		if n.quorum(func(p int) bool { return g.Learners[p].Ponged >= ponged }) {
			g.Confirmed = ponged
		}
	}
	for len(g.Reads) > 0 && g.Reads[0].Round <= g.Confirmed {
		read := g.Reads[0]
		g.Reads = behind(g.Reads)
		n.releaseRead(read, out)
	}
	if len(g.Reads) > 0 && g.Confirmed == g.Round {
		n.ping(out)
	}
}

func (n *Node) releaseRead(read ReadWaiting, out *protocols.Effects) {
	if read.From == n.Position {
		n.answerReads(read.Number, out)
		return
	}
	// If the learner has left since, its new attempt does not wait for it:
	// numbers are not used twice, and one that is answered is not waited for.
	if n.Leading.Learners[read.From].Stage == Serving {
		out.Send(n.Nodes[read.From], ReadIndexReply{
			Epoch: n.Leading.Epoch, Number: read.Number, Zxid: read.Zxid,
		})
	}
}

// onReadIndexReply answers reads. All that was committed at the read index was
// sent before on the same link, so it is applied by now.
func (n *Node) onReadIndexReply(m ReadIndexReply, out *protocols.Effects) {
	if n.Phase != Broadcast || m.Zxid > n.Following.Committed {
		n.look("a read index does not fit", out)
		return
	}
	n.answerReads(m.Number, out)
}

// answerReads answers all reads up to a number from the state as it is.
func (n *Node) answerReads(number uint64, out *protocols.Effects) {
	for len(n.Reads) > 0 && n.Reads[0].Number <= number {
		read := n.Reads[0]
		n.Reads = behind(n.Reads)
		if result, ok := n.Sessions.Query(read.Command); ok {
			out.Reply(read.Client, read.Request, result)
		}
	}
}
