package checker

import "fmt"

// This file holds the invariants about primaries: what makes an atomic
// broadcast one of primary order.

// localOrder: if a primary broadcasts a before b, every node that delivers b
// has delivered a before. It is enough to look for the one that was broadcast
// right before b: the same was asked of that one.
type localOrder struct{ rule }

func (r *localOrder) grew(s *Set, g growth) {
	h := &s.history
	t := &h.transactions[g.tx]
	if t.previous == 0 || !r.open() || h.holds(g.from, t.previous) {
		return
	}
	p := &h.primaries[t.primary]
	r.violate(s, fmt.Sprintf("%s delivered %s without %s, which %s had broadcast before it as primary of epoch %d",
		s.name(g.node), s.words(g.tx), s.words(t.previous), s.name(p.node), p.term))
}

// globalOrder: a node that delivers a transaction of an earlier epoch and one
// of a later delivers the earlier epoch's first.
type globalOrder struct{ rule }

func (r *globalOrder) grew(s *Set, g growth) {
	h := &s.history
	t := &h.transactions[g.tx]
	if t.primary == 0 || g.from.depth == 0 || !r.open() {
		return
	}
	// What stands last has the highest epoch: the same was asked of it. What
	// nobody broadcast is not spoken of.
	for depth := g.from.depth; depth > 0; depth-- {
		last := h.item(g.from, depth)
		if before := &h.transactions[last.tx]; before.primary == 0 {
			continue
		} else if before.term > t.term {
			r.violate(s, fmt.Sprintf("%s delivered %s of epoch %d after %s of epoch %d",
				s.name(g.node), s.words(g.tx), t.term, s.words(last.tx), before.term))
		}
		return
	}
}

// primaryIntegrity: before a primary broadcasts in its epoch it has delivered
// all that anybody ever delivers of earlier epochs.
type primaryIntegrity struct{ rule }

// broadcast looks, at the first broadcast of a primary, for what others have
// delivered until then.
func (r *primaryIntegrity) broadcast(s *Set, tx int32) {
	h := &s.history
	t := &h.transactions[tx]
	p := &h.primaries[t.primary]
	if t.previous != 0 || !p.placed || !r.open() {
		return
	}
	for i := range h.branches {
		tip := h.tip(i)
		// Of each branch only what is its own: the rest is another's.
		first := max(h.fork(tip, p.start), h.branches[i].from.depth) + 1
		for depth := first; depth <= tip.depth; depth++ {
			it := h.item(tip, depth)
			if r.missed(s, p, it.tx) {
				r.violate(s, fmt.Sprintf("%s broadcast %s as primary of epoch %d without having delivered %s of epoch %d, which %s had",
					s.name(p.node), s.words(tx), p.term, s.words(it.tx), h.transactions[it.tx].term, s.who(it)))
				return
			}
		}
	}
}

// grew looks for primaries that began too early for what is delivered now.
func (r *primaryIntegrity) grew(s *Set, g growth) {
	h := &s.history
	t := &h.transactions[g.tx]
	if t.term >= h.termMax {
		r.finding.Checked++
		return
	}
	for i := range h.primaries {
		p := &h.primaries[i]
		if !p.placed || p.term <= t.term || !r.open() {
			continue
		}
		if r.missed(s, p, g.tx) {
			r.violate(s, fmt.Sprintf("%s delivered %s of epoch %d, which %s had not delivered when it first broadcast as primary of epoch %d",
				s.name(g.node), s.words(g.tx), t.term, s.name(p.node), p.term))
			return
		}
	}
}

// missed tells whether a primary should have delivered a transaction before it
// began, and had not.
func (r *primaryIntegrity) missed(s *Set, p *primary, tx int32) bool {
	t := &s.history.transactions[tx]
	return t.primary != 0 && t.term < p.term && !s.history.holds(p.start, tx)
}

// oneLeader: no two nodes lead the same epoch.
type oneLeader struct {
	rule
	leaders map[uint64]reported
}

// reported is where a leader told that it leads.
type reported struct {
	reign
	step uint64
}

func newOneLeader() *oneLeader { return &oneLeader{leaders: map[uint64]reported{}} }

func (r *oneLeader) leads(s *Set, now reign) {
	r.finding.Checked++
	before, led := r.leaders[now.term]
	if !led {
		r.leaders[now.term] = reported{now, s.step.Number}
	} else if before.node != now.node {
		r.violate(s, fmt.Sprintf("%s leads epoch %d, which %s has led since step %d",
			s.name(now.node), now.term, s.name(before.node), before.step))
	}
}

// establishedOnce: no epoch is established twice, not even by the same node:
// who comes back, or begins anew, takes a new epoch.
type establishedOnce struct {
	rule
	leaders map[uint64]reported
}

func newEstablishedOnce() *establishedOnce {
	return &establishedOnce{leaders: map[uint64]reported{}}
}

func (r *establishedOnce) leads(s *Set, now reign) {
	r.finding.Checked++
	before, led := r.leaders[now.term]
	if !led {
		r.leaders[now.term] = reported{now, s.step.Number}
		return
	}
	r.violate(s, fmt.Sprintf("%s establishes epoch %d, which %s had established at step %d",
		s.name(now.node), now.term, s.name(before.node), before.step))
}
