package paxos

import (
	"math/bits"
	"slices"
	"time"

	"quorumlab/protocols"
)

// The first phase must find whatever may have been chosen in lower ballots, in
// any slot, and see to it that nothing more is. A promise is about all slots at
// once: up to the promiser's Chosen they are chosen, whether it still has them
// or not, and the candidate must learn them and propose nothing there; for those
// after that it gives its votes.
//
// A slot may be proposed when a quorum of the first kind of the slot's own
// configuration has promised. For a configuration that comes into force later
// the same ballot is prepared with its members when it is known.
//
// A leader is established when all that it inherited is applied, and no known
// configuration can hold more: then it has every command that was ever answered.

// prepare begins an attempt with a ballot above all that were ever seen, unless
// the node has granted a lease: its own promise would count like any other.
func (n *Node) prepare(now time.Duration, out *protocols.Effects) {
	if n.bound(now, n.Self) {
		n.Leading = Leading{}
		n.arm(out)
		return
	}
	ballot := ballotOf(max(n.Seen, n.Promised).Number()+1, n.Self)
	n.Leading = Leading{
		Stage: Preparing, Ballot: ballot, Incarnations: make([]uint32, len(n.Nodes)),
		Acked: make([]uint64, len(n.Nodes)), AckedAs: make([]uint32, len(n.Nodes)), Heard: make([]uint64, len(n.Nodes)),
		Pending: map[protocols.ClientID]uint64{}, OpenBytes: n.openBytes(),
	}
	n.Leader = 0
	n.raise(ballot)
	n.hold(n.Position, n.promise(Prepare{Ballot: ballot, From: n.Chosen + 1}), nil)
	voters := n.electorate()
	for p := range n.Nodes {
		if p != n.Position && voters&bit(p) != 0 {
			n.hold(p, Prepare{Ballot: ballot, From: n.Chosen + 1}, nil)
		}
	}
}

// invite asks those for a promise who have not given it and vote on a slot to
// come.
func (n *Node) invite(out *protocols.Effects) {
	g := &n.Leading
	missing := n.electorate() &^ g.Answered
	if missing == 0 {
		return
	}
	for p, id := range n.Nodes {
		if p != n.Position && missing&bit(p) != 0 && !n.continues(p, out) {
			out.Send(id, Prepare{Ballot: g.Ballot, From: n.Chosen + 1})
		}
	}
}

func (n *Node) onPrepare(now time.Duration, from int, m Prepare, out *protocols.Effects) {
	if !n.mayPromise(now, from, m.Ballot, out) {
		return
	}
	if promise := n.promise(m); fits(promise.Accepted) {
		n.vow(from, promise, nil, out)
	} else {
		n.vow(from, n.part(Continue(m)), nil, out)
	}
	if n.Options.AllPropose && len(n.Waits) > 0 {
		n.again(out)
	}
}

// mayPromise tells whether the node may promise a ballot, and if so makes it the
// promised one.
func (n *Node) mayPromise(now time.Duration, from int, ballot Ballot, out *protocols.Effects) bool {
	if !n.Formation.Confirmed || n.bound(now, n.Nodes[from]) || n.refuses(from, ballot, out) {
		return false
	}
	if ballot > n.Promised {
		n.depose("promised a higher ballot", out)
		n.Leader = 0
		n.raise(ballot)
	}
	n.disarm(out)
	return true
}

// promise makes the promise of a ballot that is the promised one.
func (n *Node) promise(m Prepare) Promise {
	p := Promise{Ballot: m.Ballot, Incarnation: n.Incarnation, Chosen: n.Chosen}
	for slot := max(n.Chosen+1, m.From, n.Log.First); slot < n.Log.next(); slot++ {
		if e := n.Log.at(slot); e != nil {
			p.Accepted = append(p.Accepted, Vote{Slot: slot, Ballot: e.Ballot, Value: e.Value})
		}
	}
	return p
}

func (n *Node) onPromise(now time.Duration, from int, m Promise, out *protocols.Effects) {
	g := &n.Leading
	if g.Stage < Preparing || m.Ballot != g.Ballot {
		return
	}
	g.Answered |= bit(from)
	g.Incarnations[from] = m.Incarnation
	n.takeUpVotes(from, m.Chosen, m.Accepted, out)
	n.lead(now, out)
}

// takeUpVotes takes up what a promise, or a part of one, tells.
func (n *Node) takeUpVotes(from int, chosen uint64, votes []Vote, out *protocols.Effects) {
	g := &n.Leading
	g.Known = max(g.Known, chosen)
	for _, vote := range votes {
		if vote.Slot > n.Chosen && (g.Stage == Preparing || vote.Slot >= g.Next) {
			n.inherit(vote)
		}
	}
	if chosen > n.Chosen {
		n.ask(from, out)
	}
}

// inherit takes up a vote, of a slot's votes the one of the highest ballot.
func (n *Node) inherit(vote Vote) {
	g := &n.Leading
	at, found := slices.BinarySearchFunc(g.Inherited, vote.Slot, func(v Vote, slot uint64) int {
		return int(int64(v.Slot - slot))
	})
	switch {
	case !found:
		g.Inherited = slices.Insert(g.Inherited, at, vote)
	case g.Inherited[at].Ballot < vote.Ballot:
		g.Inherited[at] = vote
	}
}

// promised tells whether a quorum of the first kind has promised the ballot.
func (n *Node) promised(c *Configuration) bool { return n.answered(c) >= n.q1(c) }

// answered counts the members that answered, as the acceptors they are.
func (n *Node) answered(c *Configuration) int {
	g := &n.Leading
	if bits.OnesCount64(g.Answered&c.Voters) < n.q1(c) {
		return 0
	}
	count := 0
	for _, m := range c.Members {
		if p, ok := n.lookup(m.Node); ok && g.Answered&bit(p) != 0 && g.Incarnations[p] == m.Incarnation {
			count++
		}
	}
	return count
}

// lead goes on with the attempt when something that it waits for has come.
func (n *Node) lead(now time.Duration, out *protocols.Effects) {
	g := &n.Leading
	if g.Stage < Preparing || n.Chosen < g.Known {
		return
	}
	if g.Stage == Preparing {
		if !n.promised(n.at(n.Chosen + 1)) {
			return
		}
		g.Stage, g.Age, g.OpenBytes = Recovering, 0, 0
		g.Next = n.Chosen + 1
		g.Inherited = slices.DeleteFunc(g.Inherited, func(v Vote) bool { return v.Slot <= n.Chosen })
		n.Leader = n.Self
		out.Note(protocols.Note{Kind: protocols.Role, Term: uint64(g.Ballot), Text: "leading"})
		n.beat(now, out)
	}
	n.propose(out)
	n.establish(now, out)
}

// establish lets the leader serve once nothing can be left that it must know.
func (n *Node) establish(now time.Duration, out *protocols.Effects) {
	g := &n.Leading
	if g.Stage != Recovering || n.Chosen < g.Known || len(g.Inherited) > 0 || g.Next != n.Chosen+1 {
		return
	}
	current := n.at(n.Chosen + 1)
	for i := range n.Configurations {
		if c := &n.Configurations[i]; c.From >= current.From && !n.promised(c) {
			return
		}
	}
	g.Stage = Established
	n.Failures = 0
	out.Note(protocols.Note{Kind: protocols.Leading, Term: uint64(g.Ballot)})
	n.takeUp(now, out)
}
