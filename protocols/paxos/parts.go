package paxos

import (
	"time"

	"quorumlab/protocols"
)

// A promise tells the votes for all slots that are open, and those may be more bytes
// than a driver's frame holds: such a promise would be dropped whenever it is sent,
// and nobody could be elected any more. So one with many bytes of votes comes in
// parts: the candidate asks on from where a part ended, and counts the promise when
// the last has come and none before it is missing. Parts may be lost, doubled and
// late: each tells from which slot to which it goes, and is taken up if it begins at,
// or before, what is still missing.
//
// The parts are told at different times, and make up one promise all the same: from
// the first on, the promiser accepts nothing below the ballot, so what it has told of
// a slot stays true, but for slots that it learns to be chosen. Those are up to the
// Chosen of a later part, which the candidate learns then. Nor does a restart between
// two parts matter, for promise and votes are on disk. If the disk is lost, the
// acceptor that comes back is another one, with votes of its own: a part tells its
// incarnation, and what another acceptor told is asked for anew.

// voteBytes is about what a vote takes beside its value.
const voteBytes = 64

// fits tells whether one message carries so many votes.
func fits(votes []Vote) bool {
	bytes := 0
	for i := range votes {
		bytes += voteBytes + sizeOf(votes[i].Value)
	}
	return bytes < batchBytes
}

// part makes the part of the promise of a ballot, which is the promised one, that
// begins with a slot. Of votes in that ballot it says nothing: who asks proposed them.
func (n *Node) part(m Continue) PromisePart {
	p := PromisePart{Ballot: m.Ballot, Incarnation: n.Incarnation, Chosen: n.Chosen, First: m.From}
	bytes := 0
	for slot := max(n.Chosen+1, m.From, n.Log.First); slot < n.Log.next(); slot++ {
		if bytes >= batchBytes {
			p.Next = slot
			break
		}
		if e := n.Log.at(slot); e != nil && e.Ballot != m.Ballot {
			p.Accepted = append(p.Accepted, Vote{Slot: slot, Ballot: e.Ballot, Value: e.Value})
			bytes += voteBytes + sizeOf(e.Value)
		}
	}
	return p
}

// onContinue tells the next part, as a part even if it is the whole promise of another
// acceptor than told the first: only a part says with which slot it begins.
func (n *Node) onContinue(now time.Duration, from int, m Continue, out *protocols.Effects) {
	if n.mayPromise(now, from, m.Ballot, out) {
		n.vow(from, n.part(m), nil, out)
	}
}

func (n *Node) onPromisePart(now time.Duration, from int, m PromisePart, out *protocols.Effects) {
	g := &n.Leading
	if g.Stage < Preparing || m.Ballot != g.Ballot || g.Answered&bit(from) != 0 && g.Incarnations[from] >= m.Incarnation {
		return
	}
	if g.Told == nil {
		g.Told = make([]Told, len(n.Nodes))
	}
	told := &g.Told[from]
	if told.Incarnation < m.Incarnation {
		*told = Told{Incarnation: m.Incarnation}
	}
	if told.Incarnation > m.Incarnation || m.First > max(told.Next, n.Chosen+1) {
		return // of an acceptor that is gone, or one before it is missing
	}
	n.takeUpVotes(from, m.Chosen, m.Accepted, out)
	switch {
	case m.Next == 0:
		g.Answered |= bit(from)
		g.Incarnations[from] = m.Incarnation
		*told = Told{}
		n.lead(now, out)
	case m.Next > told.Next:
		// It takes as long as there is something to tell.
		told.Next, told.Age, g.Age = m.Next, 0, 0
		out.Send(n.Nodes[from], Continue{Ballot: g.Ballot, From: m.Next})
	}
}

// continues asks for the next part of a promise that comes in parts, once in two half
// ticks: parts are large. It reports whether the promise is one.
func (n *Node) continues(position int, out *protocols.Effects) bool {
	g := &n.Leading
	if g.Told == nil || g.Told[position].Next == 0 {
		return false
	}
	told := &g.Told[position]
	if told.Age++; told.Age > 1 {
		told.Age = 0
		out.Send(n.Nodes[position], Continue{Ballot: g.Ballot, From: max(told.Next, n.Chosen+1)})
	}
	return true
}
