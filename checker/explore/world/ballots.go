package world

import (
	"fmt"
	"math/bits"
	"strconv"

	"quorumlab/protocols"
)

// Who has promised which ballot, and who has accepted in which, is kept as sets of
// nodes: in whatever order they say so, the sets are the same.

// join adds a node to the set that is the value of a fact.
func (o *monitor) join(f fact, node protocols.NodeID) {
	at, known := o.find(f)
	if !known {
		f.value = 1 << node
		o.learn(f)
		return
	}
	o.facts[at].value |= 1 << node
}

// set returns the set of a fact.
func (o *monitor) set(f fact) uint32 {
	if at, known := o.find(f); known {
		return o.facts[at].value
	}
	return 0
}

// acceptors returns the nodes whose promises and votes count, and how many of them
// are a quorum of promises.
func (m *Model) acceptors() (all uint32, quorum int) {
	count := m.nodes
	faults, err := strconv.Atoi(m.config.Parameters["faults"])
	if err == nil && faults > 0 {
		count = min(count, 2*faults+1)
	}
	quorum = count/2 + 1
	if err == nil {
		quorum = faults + 1
	}
	if q1, err := strconv.Atoi(m.config.Parameters["q1"]); err == nil && q1 > 0 {
		quorum = q1
	}
	return (1<<count - 1) << 1, quorum
}

// checkProposal checks that a quorum of those who promised the ballot leaves the
// value free: none of it accepted anything below, or what was accepted in the highest
// ballot below is the value (P2c).
func (m *Model) checkProposal(o *monitor, note *protocols.Note, value uint32) {
	if note.Term == 0 {
		return
	}
	all, quorum := m.acceptors()
	promised := all & (o.set(fact{kind: promisedIn, number: note.Term}) | o.set(fact{kind: promisedIn, number: note.Term, part: note.Slot}))
	for some := promised; some != 0; some = (some - 1) & promised {
		if bits.OnesCount32(some) == quorum && o.leaves(some, note, value) {
			return
		}
	}
	o.breaks(hitsFree, fmt.Sprintf("a value is proposed in slot %d and ballot %d that no quorum of promises leaves free", note.Slot, note.Term))
}

// leaves reports whether a set of acceptors leaves a value free for a proposal.
func (o *monitor) leaves(some uint32, note *protocols.Note, value uint32) bool {
	free := true
	for _, f := range o.facts { // the ballots of a slot are in growing order
		if f.kind == acceptedBy && f.number == note.Slot && f.part < note.Term && f.value&some != 0 {
			at, known := o.find(fact{kind: votedAs, number: note.Slot, part: f.part})
			free = known && (o.facts[at].value == value || o.facts[at].value == manyValues)
		}
	}
	return free
}
