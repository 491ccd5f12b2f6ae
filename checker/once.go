package checker

import (
	"fmt"

	"quorumlab/protocols"
)

// replayEntries are about what executing the delivered sequences comes to.
func replayEntries() []entry {
	const sessions = "Ongaro: Consensus: Bridging Theory and Practice, 2014, section 6.3"
	return []entry{
		{
			Description{
				"snapshot",
				"A node that takes over a state has what replaying the sequence up to there gives, the answers to clients included.",
				sessions + " and chapter 5 (log compaction)",
			}, true, func() invariant { return &snapshotRule{} },
		},
		{
			Description{
				"exactly-once",
				"A client's request changes the state once, however often it is delivered, and whoever repeats it gets the first result.",
				sessions + " (linearizable semantics)",
			}, true, func() invariant { return &exactlyOnce{} },
		},
	}
}

// replayHook: a node has done a step. The rule asks the replay what its sequence
// comes to.
type replayHook interface {
	with(p *replay)
	stepped(s *Set, node protocols.NodeID)
}

// hookReplay takes in a rule that asks the replay.
func (s *Set) hookReplay(made invariant) {
	h, ok := made.(replayHook)
	if !ok {
		return
	}
	if s.replay == nil {
		s.replay = newReplay()
	}
	h.with(s.replay)
	s.replayed = append(s.replayed, h)
}

// replayed is embedded in the rules that look at what nodes have come to.
type replayed struct {
	rule
	replay *replay
}

func (r *replayed) with(p *replay) { r.replay = p }

// compare compares a node, at the end of a step, with what its sequence comes to.
func (r *replayed) compare(s *Set, node protocols.NodeID, what string) {
	n := s.history.node(node)
	if n.lost || !r.replay.able(s) || !r.open() {
		return
	}
	if words := r.replay.differs(s, node, n.at); words != "" {
		r.violate(s, fmt.Sprintf("%s %s, and after %d transactions %s", s.name(node), what, n.at.depth, words))
	}
}

// snapshotRule (snapshot): a state that is taken over is that of its place.
type snapshotRule struct{ replayed }

func (r *snapshotRule) stepped(s *Set, node protocols.NodeID) {
	if s.shows.restored {
		r.compare(s, node, "took over a state")
	}
}

// compareEvery has a node that delivers compared after so many transactions.
const compareEvery = 16

// exactlyOnce: of the requests that are delivered more than once only the first
// changes anything; and what clients are told is its result.
type exactlyOnce struct{ replayed }

func (r *exactlyOnce) stepped(s *Set, node protocols.NodeID) {
	if !r.replay.able(s) {
		return
	}
	if s.shows.replied {
		for i := range s.step.Effects {
			if e, ok := s.step.Effects[i].(protocols.Reply); ok && e.Refusal == "" {
				r.answered(s, node, &e)
			}
		}
	}
	at := s.history.node(node).at
	if s.shows.repeated || s.shows.delivered && at.depth > 0 && at.depth%compareEvery == 0 && at == s.history.tip(int(at.branch)) {
		r.compare(s, node, "delivered")
	}
}

// answered compares an answer with the result of the request, where the node has
// executed it.
func (r *exactlyOnce) answered(s *Set, node protocols.NodeID, e *protocols.Reply) {
	n := s.history.node(node)
	if n.lost {
		return
	}
	for tx := r.replay.first(s.history.request(request{e.Client, e.Request})); tx != 0; tx = r.replay.outcomes[tx].next {
		if !s.history.holds(n.at, tx) || !r.open() {
			continue
		}
		if result := r.replay.outcomes[tx].result; !equal(result, e.Result) {
			r.violate(s, fmt.Sprintf("%s answers request %d of %s with %+v, but executing it had given %+v",
				s.name(node), e.Request, s.client(e.Client), e.Result, result))
		}
		return
	}
}
