package paxos

import (
	"math/bits"
	"slices"
	"time"

	"quorumlab/protocols"
)

// A read must see every write that was answered before the read was asked. The
// leader notes how far it has applied when the read reaches it, and then makes
// sure that no other was established by that time: a round of heartbeats, begun
// after the read came, is answered by so many members that no later leader can
// have a quorum of promises without one of them. The node that was asked answers
// when it has applied that far (read index: Ongaro's thesis, section 6.4). With
// reads=lease the leader need not ask (lease.go).
//
// A node asks for one index at a time, for all reads that came before; those
// that come while it waits are asked for next, under a new number. An answer is
// never used for a read that came after the question (etcd #20418), nor in another
// life of the node, whose numbers begin anew (found by a sweep: a late answer was).

// Read is a client's read that waits for its index.
type Read struct {
	Number  uint64
	Client  protocols.ClientID
	Request uint64
	Command protocols.Command
	// Index is the slot that must be applied first; Indexed tells that it is
	// known. Age counts half ticks.
	Index   uint64
	Indexed bool
	Age     uint64
}

// ReadWaiting is a question for an index that waits for a round of heartbeats.
type ReadWaiting struct {
	// From is the position of the node that asked, Number its number.
	From   int
	Life   uint32
	Number uint64
	// Index was applied when the question came, Round is to confirm it.
	Index uint64
	Round uint64
}

func (n *Node) onRead(now time.Duration, e protocols.Requested, out *protocols.Effects) {
	if n.Options.Reads == ReadLocal || n.leads() && n.leased(now) {
		if result, ok := n.Sessions.Query(e.Command); ok {
			out.Reply(e.Client, e.Request, result)
		}
		return
	}
	n.ReadsAsked++
	n.Reads = append(n.Reads, Read{Number: n.ReadsAsked, Client: e.Client, Request: e.Request, Command: e.Command})
	if n.ReadAsked == 0 {
		n.askIndex(now, out)
	}
}

// askIndex asks for the index of all reads that have none.
func (n *Node) askIndex(now time.Duration, out *protocols.Effects) {
	n.ReadAsked = 0
	if len(n.Reads) == 0 || n.Reads[len(n.Reads)-1].Indexed {
		return
	}
	if n.Stable.Durable == 0 {
		return // the number of this life is not on disk yet
	}
	number := n.Reads[len(n.Reads)-1].Number
	switch {
	case n.leads():
		n.ReadAsked = number
		n.onReadIndex(now, n.Position, ReadIndex{Life: n.Life, Number: number}, out)
	case n.Leader != 0 && n.Leader != n.Self:
		n.ReadAsked = number
		out.Send(n.Leader, ReadIndex{Life: n.Life, Number: number})
	}
}

func (n *Node) onReadIndex(now time.Duration, from int, m ReadIndex, out *protocols.Effects) {
	g := &n.Leading
	if !n.leads() {
		return
	}
	if n.leased(now) {
		n.release(ReadWaiting{From: from, Life: m.Life, Number: m.Number, Index: n.Chosen}, out)
		return
	}
	idle := len(g.Reads) == 0
	g.Reads = append(g.Reads, ReadWaiting{From: from, Life: m.Life, Number: m.Number, Index: n.Chosen, Round: g.Round + 1})
	if idle {
		n.beat(now, out)
	}
}

// confirmReads lets go of the reads whose round was answered. If others wait it
// begins the next.
func (n *Node) confirmReads(now time.Duration, out *protocols.Effects) {
	g := &n.Leading
	if !n.leads() {
		return
	}
	for len(g.Reads) > 0 && n.confirmed(&g.Reads[0]) {
		read := g.Reads[0]
		g.Reads = g.Reads[1:]
		n.release(read, out)
	}
	if len(g.Reads) > 0 && g.Reads[0].Round > g.Round {
		n.beat(now, out)
	}
}

// confirmed tells whether so many members of the next slot's configuration have
// answered that no quorum of promises can be without them.
func (n *Node) confirmed(r *ReadWaiting) bool {
	g := &n.Leading
	if r.Index+1 < n.Configurations[0].From {
		// Nobody remembers who voted then: ask anew.
		r.Index, r.Round = n.Chosen, g.Round+1
		return false
	}
	c := n.at(r.Index + 1)
	count := 0
	for _, m := range c.Members {
		if p, ok := n.lookup(m.Node); ok && g.Acked[p] >= r.Round && g.AckedAs[p] == m.Incarnation {
			count++
		}
	}
	return count >= n.intersecting(c)
}

// intersecting is how many members meet every quorum of the first kind.
func (n *Node) intersecting(c *Configuration) int { return len(c.Members) - n.q1(c) + 1 }

func (n *Node) release(r ReadWaiting, out *protocols.Effects) {
	reply := ReadIndexReply{Life: r.Life, Number: r.Number, Index: r.Index}
	if r.From == n.Position {
		n.index(reply, out)
	} else {
		out.Send(n.Nodes[r.From], reply)
	}
}

func (n *Node) onReadIndexReply(m ReadIndexReply, out *protocols.Effects) {
	if n.Options.Reads != ReadLog && m.Life == n.Life && m.Number <= n.ReadsAsked {
		n.index(m, out)
	}
}

// index gives all reads up to a number, which were there when it was asked, the
// index.
func (n *Node) index(m ReadIndexReply, out *protocols.Effects) {
	for i := range n.Reads {
		if r := &n.Reads[i]; r.Number <= m.Number && !r.Indexed {
			r.Index, r.Indexed = m.Index, true
		}
	}
	if m.Number >= n.ReadAsked {
		n.ReadAsked = 0
	}
	n.answerReads(out)
}

// answerReads answers the reads whose index is applied.
func (n *Node) answerReads(out *protocols.Effects) {
	if len(n.Reads) == 0 {
		return
	}
	n.Reads = slices.DeleteFunc(n.Reads, func(r Read) bool {
		if !r.Indexed || r.Index > n.Chosen {
			return false
		}
		if result, ok := n.Sessions.Query(r.Command); ok {
			out.Reply(r.Client, r.Request, result)
		}
		return true
	})
}

// readsOnTick asks again, and refuses what waits for too long: it did nothing.
func (n *Node) readsOnTick(now time.Duration, out *protocols.Effects) {
	n.Reads = slices.DeleteFunc(n.Reads, func(r Read) bool {
		if r.Age <= n.patience() {
			return false
		}
		out.Refuse(r.Client, r.Request, protocols.NoQuorum)
		return true
	})
	for i := range n.Reads {
		n.Reads[i].Age++
	}
	if !n.leads() || n.ReadAsked == 0 {
		n.askIndex(now, out)
	}
}

// beat begins a round of heartbeats. The leader answers itself.
func (n *Node) beat(now time.Duration, out *protocols.Effects) {
	g := &n.Leading
	g.Round++
	g.Acked[n.Position], g.AckedAs[n.Position] = g.Round, n.Incarnation
	n.grantSelf(now)
	var message protocols.Message = Heartbeat{Ballot: g.Ballot, Round: g.Round, Chosen: n.Chosen}
	for p, id := range n.Nodes {
		if p != n.Position {
			out.Send(id, message)
		}
	}
	n.renew(out)
	n.confirmReads(now, out)
}

func (n *Node) onHeartbeat(now time.Duration, from int, m Heartbeat, out *protocols.Effects) {
	if n.refuses(from, m.Ballot, out) {
		return
	}
	n.follow(from, m.Ballot, out)
	if n.Formation.Confirmed {
		n.grant(now, n.Nodes[from])
		out.Send(n.Nodes[from], HeartbeatReply{Ballot: m.Ballot, Round: m.Round, Incarnation: n.Incarnation})
	}
	n.hear(from, m.Ballot, m.Chosen, out)
}

func (n *Node) onHeartbeatReply(now time.Duration, from int, m HeartbeatReply, out *protocols.Effects) {
	g := &n.Leading
	if g.Stage < Recovering || m.Ballot != g.Ballot || m.Round > g.Round {
		return
	}
	g.Heard[from] = 0
	if m.Round <= g.Acked[from] {
		return
	}
	g.Acked[from], g.AckedAs[from] = m.Round, m.Incarnation
	n.granted(from, m.Round)
	n.renew(out)
	n.confirmReads(now, out)
}

// leaderOnTick sends heartbeats, repeats what was not answered, and gives up
// when a quorum was not heard for as long as others wait for a leader.
func (n *Node) leaderOnTick(now time.Duration, out *protocols.Effects) {
	g := &n.Leading
	if g.Stage < Recovering {
		return
	}
	heard := bit(n.Position)
	for p := range g.Heard {
		if g.Heard[p]++; g.Heard[p] <= n.Options.Election {
			heard |= bit(p)
		}
	}
	c := n.at(n.Chosen + 1)
	if bits.OnesCount64(heard&c.Voters) < n.q2(c) {
		n.depose("no contact to a quorum", out)
		return
	}
	n.repeat(out)
	n.invite(out)
	n.beat(now, out)
}
