package checker

import (
	"fmt"

	"quorumlab/protocols"
)

// This file holds the invariants that compare what nodes deliver with each
// other. They look only when the tree of sequences grows: a delivery that moves
// along a path that is there cannot break them.

// integrity: whatever a node delivers, some primary has broadcast before.
type integrity struct{ rule }

func (r *integrity) grew(*Set, growth) { r.finding.Checked++ }

func (r *integrity) strange(s *Set, node protocols.NodeID, tx int32) {
	r.violate(s, fmt.Sprintf("%s delivered %s, which no node had broadcast", s.name(node), s.words(tx)))
}

// totalOrder: if one node delivers a before b, every node that delivers b has
// delivered a before, and none delivers one twice.
//
// That is so if and only if no transaction stands at two places of the tree. If
// b stands at the ends of two sequences, take the place where they part: what
// follows it in the one (or b itself is it, and what follows in the other) is
// before b there, and missing before b in the other – unless it comes later in
// that one, and then it stands at two places itself, and was found before.
type totalOrder struct{ rule }

func (r *totalOrder) grew(s *Set, g growth) {
	h := &s.history
	if !r.open() || !h.repeated(g) {
		return
	}
	first := h.transactions[g.tx].at
	if h.onPath(first, g.at) {
		r.violate(s, fmt.Sprintf("%s delivered %s a second time; its sequence already had it from %s",
			s.name(g.node), s.words(g.tx), s.who(h.item(first, first.depth))))
		return
	}
	fork := h.fork(first, g.at)
	missing, other := h.item(first, fork+1), h.item(first, first.depth)
	if missing.tx != g.tx {
		r.violate(s, fmt.Sprintf("%s delivered %s without %s before it, which %s had delivered first",
			s.name(g.node), s.words(g.tx), s.words(missing.tx), s.who(other)))
		return
	}
	before := h.item(g.at, fork+1)
	r.violate(s, fmt.Sprintf("%s delivered %s after %s, but %s had delivered it without that",
		s.name(g.node), s.words(g.tx), s.words(before.tx), s.who(other)))
}

// prefix: of the sequences that any two nodes deliver, one is the beginning of
// the other; the tree has one path.
type prefix struct{ rule }

func (r *prefix) grew(s *Set, g growth) {
	if !r.open() || !g.forked {
		return
	}
	there, _ := s.history.next(g.from)
	r.violate(s, fmt.Sprintf("as its delivery number %d %s delivered %s, where %s had delivered %s",
		g.at.depth, s.name(g.node), s.words(g.tx), s.who(there), s.words(there.tx)))
}

// zabAgreement: if one node delivers a and another b, then the first delivers b as
// well, or the second a; of two branches one has all that the other has.
type zabAgreement struct{ rule }

func (r *zabAgreement) grew(s *Set, g growth) {
	h := &s.history
	if !r.open() || len(h.branches) == 1 {
		return
	}
	for i := range h.branches {
		tip := h.tip(i)
		if !g.forked && h.holds(tip, g.tx) {
			continue // the sequence has nothing more than before that the tip has not
		}
		own, differs := h.missing(g.at, tip)
		other, both := h.missing(tip, g.at)
		if differs && both {
			r.violate(s, fmt.Sprintf("%s delivered %s and not %s, %s the other way round",
				s.name(g.node), s.words(own.tx), s.words(other.tx), s.who(other)))
			return
		}
	}
}
