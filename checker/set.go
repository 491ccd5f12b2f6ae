package checker

import (
	"fmt"
	"slices"

	"quorumlab/protocols"
	"quorumlab/sim"
)

// Set checks invariants in one pass over what a run shows.
type Set struct {
	rules      []*rule
	ordered    []bool // of the same place in rules
	violations int

	history history
	// tracked: some rule needs the history.
	tracked bool
	ledger  ledger
	// lost says in words which node was the first to lose its place.
	lost string

	// The rules by what they want to know.
	strange    []strangeHook
	broadcasts []broadcastHook
	growths    []growthHook
	leaders    []leaderHook
	ballots    []ballotHook
	leases     *disjointLeases
	forces     *forceOrder
	durable    *durability
	// commitment is nil if no rule is about it.
	commitment *commitment
	closing    []closingHook
	notes      []noteHook
	// replay is nil if no rule asks it.
	replay   *replay
	replayed []replayHook

	// What is observed now.
	world *sim.World
	step  *sim.Step
	// said is the note that is taken up, shows what the step's effects have
	// shown until then.
	said  protocols.Note
	shows shown
	// established are the leaders of which this step told.
	established []reign
}

// shown is what a step shows that rules look for at its end.
type shown struct {
	// delivered, and restored to a state after a transaction: the node noted so.
	delivered, restored bool
	// repeated: it delivered a request that was executed at another slot.
	repeated bool
	// replied: a client is answered.
	replied bool
}

// The hooks: what an invariant may want to know.
type (
	// strangeHook: a node delivers what nobody broadcast.
	strangeHook interface {
		strange(s *Set, node protocols.NodeID, tx int32)
	}
	// broadcastHook: a transaction is broadcast for the first time.
	broadcastHook interface {
		broadcast(s *Set, tx int32)
	}
	// growthHook: a node delivers what nobody delivered before at that place.
	growthHook interface {
		grew(s *Set, g growth)
	}
	// leaderHook: a node says that it is the established leader of an epoch.
	leaderHook interface {
		leads(s *Set, r reign)
	}
	// ballotHook: a node tells of a ballot, of who votes, or of a lease. The
	// ledger has it afterwards.
	ballotHook interface {
		decides(s *Set, node protocols.NodeID, note *protocols.Note)
	}
)

// NewSet returns a set of the invariants of these names, in this order. An
// error names the one that there is not, and proposes another.
func NewSet(names ...string) (*Set, error) {
	s := &Set{history: newHistory(), ledger: newLedger()}
	for _, name := range names {
		e, err := lookup(name)
		if err != nil {
			return nil, err
		}
		made := e.make()
		state := made.state()
		state.finding = Finding{Property: name, Verdict: Holds}
		s.rules, s.ordered = append(s.rules, state), append(s.ordered, e.ordered)
		s.hook(made)
	}
	return s, nil
}

func (s *Set) hook(made invariant) {
	if noted := s.hookNotes(made); s.hookCommitment(made) || noted {
		return
	}
	tracked := s.tracked
	s.tracked = true
	if h, ok := made.(strangeHook); ok {
		s.strange = append(s.strange, h)
	}
	if h, ok := made.(broadcastHook); ok {
		s.broadcasts = append(s.broadcasts, h)
	}
	if h, ok := made.(growthHook); ok {
		s.growths = append(s.growths, h)
	}
	if h, ok := made.(leaderHook); ok {
		s.leaders, s.tracked = append(s.leaders, h), tracked
	}
	s.hookReplay(made)
	if h, ok := made.(ballotHook); ok {
		s.ballots, s.tracked = append(s.ballots, h), tracked
	}
	switch r := made.(type) {
	case *disjointLeases:
		s.leases = r
	case *forceOrder:
		s.forces, s.tracked = r, tracked
	case *durability:
		s.durable = r
	}
}

// Findings returns the verdict on each invariant, as of now.
func (s *Set) Findings() []Finding {
	findings := make([]Finding, len(s.rules))
	for i, r := range s.rules {
		findings[i] = r.finding
		for _, h := range s.closing {
			if h.state() == r {
				findings[i] = h.closed(s)
			}
		}
		if s.ordered[i] && s.lost != "" && r.finding.Verdict == Holds {
			findings[i].Verdict, findings[i].Witness = Unknown, s.lost
		}
	}
	return findings
}

// Violated tells whether any of the invariants is violated.
func (s *Set) Violated() bool {
	return s.violations > 0 || slices.ContainsFunc(s.closing, func(h closingHook) bool {
		return h.closed(s).Verdict == Violated
	})
}

// Observe implements sim.Observer.
func (s *Set) Observe(w *sim.World, step *sim.Step) {
	if s.leases != nil {
		s.leases.watch(s, w, step)
	}
	if step.Node != 0 {
		s.world, s.step, s.shows = w, step, shown{}
		if _, boots := step.Event.(protocols.Recovered); boots {
			s.booted(step.Node)
		}
		for i := range step.Effects {
			switch e := step.Effects[i].(type) {
			case protocols.Note:
				s.said = e // hooks get it by reference: it is to cost no memory
				s.note(step.Node, &s.said)
			case protocols.Reply:
				s.shows.replied = true
			case protocols.Send:
				if s.forces != nil {
					s.forces.sent(s, &e)
				}
			}
		}
		if len(s.established) > 0 {
			s.durable.established(s)
			s.established = s.established[:0]
		}
		if s.shows != (shown{}) {
			for _, h := range s.replayed {
				h.stepped(s, step.Node)
			}
		}
	}
	if s.commitment != nil {
		s.world, s.step = w, step
		s.commitment.observe(s)
	}
	if s.durable != nil && step.Client.Returned && step.Client.Outcome == sim.OK {
		s.world, s.step = w, step
		s.durable.acknowledged(s)
	}
}

// booted takes up that a node begins a life.
func (s *Set) booted(node protocols.NodeID) {
	if s.tracked {
		s.history.recover(node)
	}
	for _, h := range s.notes {
		h.booted(node)
	}
}

// note takes up one note of a node.
func (s *Set) note(node protocols.NodeID, note *protocols.Note) {
	for _, h := range s.notes {
		h.noted(s, node, note)
	}
	switch note.Kind {
	case protocols.Delivered:
		s.shows.delivered = true
		if s.tracked {
			s.delivered(node, note)
		}
	case protocols.Broadcast:
		if s.tracked {
			s.broadcast(node, note)
		}
	case protocols.Restored:
		s.shows.restored = s.shows.restored || note.Slot != 0
		if s.tracked && !s.history.restore(node, note.Term, note.Slot) && s.lost == "" {
			s.lost = fmt.Sprintf("at step %d node %s took over a state after %s that no node was seen to reach",
				s.step.Number, s.name(node), s.number(note.Term, note.Slot))
		}
	case protocols.Leading:
		r := reign{node, note.Term}
		for _, h := range s.leaders {
			h.leads(s, r)
		}
		if s.durable != nil {
			s.established = append(s.established, r)
		}
	case protocols.Proposed, protocols.Accepted, protocols.Chosen, protocols.Promised, protocols.Lost,
		protocols.Configured, protocols.Leased, protocols.Lapsed:
		if len(s.ballots) == 0 {
			return
		}
		for _, h := range s.ballots {
			h.decides(s, node, note)
		}
		s.ledger.take(s, node, note)
	}
}

func (s *Set) broadcast(node protocols.NodeID, note *protocols.Note) {
	tx, fresh := s.history.broadcast(node, note)
	if !fresh {
		return
	}
	for _, h := range s.broadcasts {
		h.broadcast(s, tx)
	}
}

// delivered moves a node on. Nearly always another node, or the same one in
// another life, delivered the same thing at the same place before.
func (s *Set) delivered(node protocols.NodeID, note *protocols.Note) {
	h := &s.history
	n := h.node(node)
	if next, ok := h.next(n.at); ok && !n.lost {
		t := &h.transactions[next.tx]
		if t.slot == note.Slot && t.term == note.Term && equal(t.value, note.Value) {
			n.at.depth++
			s.repeats(next.tx)
			return
		}
	}
	tx := h.find(note)
	if h.transactions[tx].primary == 0 {
		for _, hook := range s.strange {
			hook.strange(s, node, tx)
		}
	}
	if n.lost {
		return
	}
	g, grew := h.extend(node, s.step.Number, tx)
	if grew && s.replay != nil {
		s.replay.grew(s, g)
	}
	s.repeats(tx)
	if !grew {
		return
	}
	for _, hook := range s.growths {
		hook.grew(s, g)
	}
}

// repeats takes up that a node delivered a transaction.
func (s *Set) repeats(tx int32) {
	if s.replay != nil && s.replay.again(s, tx) {
		s.shows.repeated = true
	}
}
