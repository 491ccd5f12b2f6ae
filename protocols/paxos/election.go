package paxos

import (
	"time"

	"quorumlab/protocols"
)

// An election must end, for it decides nothing: safety rests on ballots alone.
// Three things calm it down. A node tries to lead only when no leader was heard
// for a while, and then at an instant that a timer's range chooses. With
// prevote=on it asks first whether a quorum has lost its leader, too: a node
// that hears nobody, but is heard, would else depose one leader after another
// (etcd at Cloudflare, November 2020). With backoff=on the range grows with each
// attempt that came to nothing: two who depose each other in turn would else
// never get done (the duel of Lamport's "Paxos Made Simple", section 2.4).

// backoffMost bounds how often the range is doubled.
const backoffMost = 6

// follow takes the sender of something in a ballot, which is not below the
// promise, for the leader.
func (n *Node) follow(from int, ballot Ballot, out *protocols.Effects) {
	if n.Leading.Stage == Canvassing || n.Leading.Stage != 0 && n.Leading.Ballot < ballot {
		n.depose("heard another leader", out)
	}
	n.Leader = n.Nodes[from]
	n.Failures = 0
	n.disarm(out)
}

// disarm gives whoever was heard time.
func (n *Node) disarm(out *protocols.Effects) {
	n.Silence = 0
	if n.Armed {
		n.Armed = false
		out.CancelTimer(protocols.Timer{Name: timerElection})
	}
}

// depose ends the node's attempt to lead, or its reign. What it handed on may
// still be chosen, so its clients hear nothing.
func (n *Node) depose(why string, out *protocols.Effects) {
	g := &n.Leading
	if g.Stage == 0 {
		return
	}
	if g.Stage > Canvassing {
		out.Note(protocols.Note{Kind: Deposed, Term: uint64(g.Ballot), Text: why})
	}
	if g.Stage >= Recovering {
		out.Note(protocols.Note{Kind: protocols.Role, Text: "following"})
		n.lapse(out)
	}
	if n.Leader == n.Self {
		n.Leader = 0
	}
	n.askAnew()
	n.Silence = 0
	n.Leading = Leading{}
}

// onReject: the ballot is too low for somebody.
func (n *Node) onReject(m Reject, out *protocols.Effects) {
	n.see(m.Promised)
	if n.Leading.Stage < Preparing || m.Ballot != n.Leading.Ballot || m.Promised <= m.Ballot {
		return
	}
	n.depose("was rejected", out)
	n.again(out)
}

// again has the node try once more soon, after an attempt that came to nothing.
func (n *Node) again(out *protocols.Effects) {
	n.Failures++
	n.Armed = true
	var longest time.Duration
	if n.Options.Backoff {
		longest = n.Options.Tick << min(n.Failures, backoffMost)
	}
	out.SetTimer(protocols.Timer{Name: timerElection}, 0, longest)
}

// electionOnTick counts the silence, and the time that an attempt takes.
func (n *Node) electionOnTick(out *protocols.Effects) {
	g := &n.Leading
	if g.Stage >= Recovering && g.Stage != Established || g.Stage == Canvassing || g.Stage == Preparing {
		if g.Age++; g.Age > n.attempt() {
			n.depose("no quorum answered in time", out)
			n.Silence = n.Options.Election
			n.Failures++
		} else {
			n.repeatAttempt(out)
		}
	}
	if g.Stage != 0 {
		return
	}
	if n.Silence < n.Options.Election {
		n.Silence++
	}
	if n.Silence < n.Options.Election {
		return
	}
	n.Leader = 0
	n.askAround(out)
	if !n.Armed && n.votes(n.Chosen+1) {
		n.arm(out)
	}
}

// askAround asks everybody for what was chosen. When there is no leader to tell,
// those who could elect one may not know that they are members: that was decided
// in slots of which only others know that they are chosen.
func (n *Node) askAround(out *protocols.Effects) {
	for p := range n.Nodes {
		if p != n.Position {
			n.askAnew()
			n.ask(p, out)
		}
	}
}

// arm sets the timer at which the node tries to lead.
func (n *Node) arm(out *protocols.Effects) {
	n.Armed = true
	longest := n.Options.Tick / 2 * time.Duration(n.Options.Election)
	if n.Options.Backoff {
		longest <<= min(n.Failures, backoffMost)
	}
	out.SetTimer(protocols.Timer{Name: timerElection}, 0, longest)
}

// repeatAttempt asks those again who have not answered.
func (n *Node) repeatAttempt(out *protocols.Effects) {
	g := &n.Leading
	switch {
	case g.Stage == Canvassing:
		n.sendCanvass(out)
	case g.Ballot <= n.Promised && n.promiseDurable():
		n.invite(out)
	}
}

// promiseDurable tells whether the ballot of the attempt is on disk: no Prepare
// of it is held any more.
func (n *Node) promiseDurable() bool { return n.Leading.Answered&bit(n.Position) != 0 }

func (n *Node) onElection(now time.Duration, out *protocols.Effects) {
	n.Armed = false
	wanted := n.Options.AllPropose && len(n.Waits) > 0
	if n.Leading.Stage != 0 || n.Leader != 0 && !wanted || !n.votes(n.Chosen+1) {
		return
	}
	if !n.Options.Canvass || n.Options.AllPropose {
		n.prepare(now, out)
		return
	}
	n.Leading = Leading{
		Stage: Canvassing, Ballot: ballotOf(max(n.Seen, n.Promised).Number()+1, n.Self),
		Answered: bit(n.Position), Incarnations: make([]uint32, len(n.Nodes)),
	}
	n.Leading.Incarnations[n.Position] = n.Incarnation
	n.sendCanvass(out)
	n.canvassed(now, out)
}

func (n *Node) sendCanvass(out *protocols.Effects) {
	missing := n.electorate() &^ n.Leading.Answered
	for p, id := range n.Nodes {
		if missing&bit(p) != 0 {
			out.Send(id, Canvass{Ballot: n.Leading.Ballot})
		}
	}
}

// canvassed begins an attempt if a quorum would welcome it.
func (n *Node) canvassed(now time.Duration, out *protocols.Effects) {
	if n.promised(n.at(n.Chosen + 1)) {
		n.prepare(now, out)
	}
}

func (n *Node) onCanvass(from int, m Canvass, out *protocols.Effects) {
	n.see(m.Ballot)
	out.Send(n.Nodes[from], CanvassReply{
		Ballot: m.Ballot, Incarnation: n.Incarnation, Promised: n.Promised, Chosen: n.Chosen,
		Welcome: m.Ballot > n.Promised && n.Leading.Stage < Preparing && n.Silence >= n.Options.Election,
	})
}

func (n *Node) onCanvassReply(now time.Duration, from int, m CanvassReply, out *protocols.Effects) {
	n.see(m.Promised)
	if m.Chosen > n.Chosen {
		n.ask(from, out)
	}
	g := &n.Leading
	if g.Stage != Canvassing || m.Ballot != g.Ballot || !m.Welcome {
		return
	}
	g.Answered |= bit(from)
	g.Incarnations[from] = m.Incarnation
	n.canvassed(now, out)
}
