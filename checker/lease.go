package checker

import (
	"fmt"
	"time"

	"quorumlab/protocols"
	"quorumlab/sim"
)

// disjointLeases: the intervals of true time in which nodes may serve by a lease
// are disjoint. A node may from the step in which it says so until its own clock
// reads what it named, unless it gives the lease up or stops before. No node can
// tell what the others' clocks read; who looks from outside can.
type disjointLeases struct {
	rule
	holders []holder
}

type holder struct {
	reign
	until time.Duration // on the holder's clock
	step  uint64
}

func newDisjointLeases() *disjointLeases { return &disjointLeases{} }

func (r *disjointLeases) decides(s *Set, node protocols.NodeID, note *protocols.Note) {
	switch note.Kind {
	case protocols.Lapsed:
		r.drop(node)
	case protocols.Leased:
		until, ok := note.Value.(int64)
		if !ok || !r.open() {
			return
		}
		for i := range r.holders {
			if r.holders[i].node == node {
				r.holders[i].until, r.holders[i].term = time.Duration(until), note.Term
				r.compare(s)
				return
			}
		}
		r.holders = append(r.holders, holder{reign{node, note.Term}, time.Duration(until), s.step.Number})
		r.compare(s)
	}
}

func (r *disjointLeases) drop(node protocols.NodeID) {
	kept := r.holders[:0]
	for _, h := range r.holders {
		if h.node != node {
			kept = append(kept, h)
		}
	}
	r.holders = kept
}

// watch sees every step: nodes stop, and clocks are set.
func (r *disjointLeases) watch(s *Set, w *sim.World, step *sim.Step) {
	if step.Stopped != 0 {
		r.drop(step.Stopped)
	}
	if step.Fault != nil && len(r.holders) > 0 {
		s.world, s.step = w, step
		r.compare(s)
	}
}

// compare looks for two who hold a lease now.
func (r *disjointLeases) compare(s *Set) {
	var before *holder
	for i := range r.holders {
		h := &r.holders[i]
		if s.world.Nodes[h.node-1].Clock.Read(s.step.Time) >= h.until {
			continue
		}
		if before != nil {
			r.violate(s, fmt.Sprintf("%s (ballot %d, since step %d) and %s (ballot %d, since step %d) both hold the lease",
				s.name(before.node), before.term, before.step, s.name(h.node), h.term, h.step))
			return
		}
		before = h
	}
}
