package checker

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"quorumlab/protocols"
	"quorumlab/sim"
)

// sameFate (ac1): no two nodes decide differently. What a node decided before
// it crashed counts.
type sameFate struct{ rule }

func (r *sameFate) decided(s *Set, t *undertaking, d fate, first bool) {
	if !first || !r.open() || len(t.fates) == 0 {
		return
	}
	if other := t.fates[0]; other.text != d.text {
		r.violate(s, fmt.Sprintf("%s decided to %s transaction %s, which %s had decided to %s at step %d",
			s.name(d.node), d.text, transactionName(t), s.name(other.node), other.text, other.step))
	}
}

// oneFate (ac2): no node decides in two ways.
type oneFate struct{ rule }

func (r *oneFate) decided(s *Set, t *undertaking, d fate, first bool) {
	if !first || !r.open() {
		return
	}
	for _, other := range t.fates {
		if other.node == d.node {
			r.violate(s, fmt.Sprintf("%s decided to %s transaction %s, which it had decided to %s at step %d",
				s.name(d.node), d.text, transactionName(t), other.text, other.step))
			return
		}
	}
}

// unanimous (ac3): committed only if all have voted YES before.
type unanimous struct{ rule }

func (r *unanimous) decided(s *Set, t *undertaking, d fate, first bool) {
	if !first || d.text != protocols.Commit || !r.open() {
		return
	}
	if !t.begun {
		r.violate(s, fmt.Sprintf("%s decided to commit transaction %s, which nobody had begun", s.name(d.node), transactionName(t)))
		return
	}
	for _, node := range t.participants {
		b := t.vote(node)
		if b != nil && b.text != protocols.VoteNo {
			continue
		}
		had := "had not voted"
		if b != nil {
			had = fmt.Sprintf("had voted NO at step %d", b.step)
		}
		r.violate(s, fmt.Sprintf("%s decided to commit transaction %s, for which %s %s",
			s.name(d.node), transactionName(t), s.name(node), had))
		return
	}
}

// nontrivial (ac4): no abort without a reason. The first decision is judged: it
// is the one that was made, the others follow it.
type nontrivial struct{ rule }

func (r *nontrivial) decided(s *Set, t *undertaking, d fate, first bool) {
	if !first || len(t.fates) > 0 || !t.begun || t.timedOut || s.commitment.faulty {
		return
	}
	for _, node := range t.participants {
		if b := t.vote(node); b == nil || b.text == protocols.VoteNo {
			return
		}
	}
	if r.open() && d.text == protocols.Abort {
		r.violate(s, fmt.Sprintf("%s decided to abort transaction %s although all participants (%s) had voted YES, and nothing was wrong",
			s.name(d.node), transactionName(t), strings.Join(s.names(t.participants), ", ")))
	}
}

// settleTicks is how many ticks after the last fault was over, and after the
// transaction began, ac5 demands a decision.
const settleTicks = 50

// closingHook: a rule that has a verdict only in view of the end. It is asked
// as often as the findings are, and keeps nothing.
type closingHook interface {
	closed(s *Set) Finding
	state() *rule
}

// resolved (ac5): once all is well again, whoever voted YES decides, and whoever has
// not voted gives the transaction up: it holds no locks for it any more.
type resolved struct{ rule }

func (r *resolved) closed(s *Set) Finding {
	f := r.finding
	if s.world == nil {
		return f
	}
	c := s.commitment
	settle := settleTicks * s.world.Setup().Tick
	well, now := c.well(s)
	undecided := func(what string) {
		f.Checked++
		if f.Verdict == Violated {
			return
		}
		f.Verdict, f.Step, f.Time = Violated, s.step.Number, s.step.Time
		f.Witness = fmt.Sprintf("%s by %v, though the last fault was over at %v",
			what, now.Round(time.Millisecond), c.trouble.Round(time.Millisecond))
	}
	for _, t := range c.transactions {
		settled := well && now >= t.at+settle
		for i := range t.votes {
			b := &t.votes[i]
			switch {
			case b.text != protocols.VoteYes:
			case b.over:
				f.Checked++
			case settled:
				undecided(fmt.Sprintf("%s voted YES to transaction %s at step %d and has not decided",
					s.name(b.node), transactionName(t), b.step))
			}
		}
		for _, node := range t.participants {
			if !settled || t.vote(node) != nil {
				continue
			}
			if p := participant(s.world, node); p != nil && p.Locked(t.number) > 0 {
				undecided(fmt.Sprintf("%s has executed transaction %s, has not voted, and still holds %d locks of it",
					s.name(node), transactionName(t), p.Locked(t.number)))
			}
		}
	}
	return f
}

// whole tells whether all nodes run and reach each other.
func whole(w *sim.World) bool {
	for i := range w.Nodes {
		if !w.Nodes[i].Up || w.Nodes[i].Paused {
			return false
		}
		for k := range w.Nodes {
			if i != k && !w.Network.Reachable(w.Nodes[i].ID, w.Nodes[k].ID) {
				return false
			}
		}
	}
	return true
}

// doubtfulLocks (in-doubt-locks): between its YES and its decision a participant
// holds as many locks as when it voted.
type doubtfulLocks struct{ rule }

func (r *doubtfulLocks) lived(s *Set, c *commitment, node protocols.NodeID) {
	if c.doubts[node] == 0 {
		return
	}
	p := participant(s.world, node)
	if p == nil {
		return
	}
	for _, t := range c.open {
		b := t.vote(node)
		if b == nil || !b.doubtful() || !r.open() {
			continue
		}
		if held := p.Locked(t.number); held < b.locks || held == 0 {
			r.violate(s, fmt.Sprintf("%s holds %d of the %d locks of transaction %s, to which it voted YES at step %d and has not decided",
				s.name(node), held, max(b.locks, 1), transactionName(t), b.step))
		}
	}
}

// conservation: the sum of all balances stays the same. What a node owns is
// looked at when it has decided or booted; while it is down it counts as it was.
type conservation struct {
	rule
	// broken off: a client asks for what does not conserve the sum.
	over     bool
	balances []int64
	known    []bool
	total    int64
	set      bool
}

func (r *conservation) asked(command protocols.Command) {
	c, ok := command.(protocols.Conserving)
	r.over = r.over || !ok || !c.Conserves()
}

func (r *conservation) lived(s *Set, c *commitment, node protocols.NodeID) {
	p := participant(s.world, node)
	if p == nil || r.over {
		return
	}
	if r.balances == nil {
		r.balances, r.known = make([]int64, len(s.world.Nodes)), make([]bool, len(s.world.Nodes))
	}
	r.balances[node-1], r.known[node-1] = p.Balance(), true
	flying := int64(0)
	for _, t := range c.open {
		if !slices.ContainsFunc(t.fates, func(d fate) bool { return d.text == protocols.Commit }) {
			continue
		}
		for i := range t.votes {
			flying += t.votes[i].pending
		}
	}
	if slices.Contains(r.known, false) {
		return
	}
	sum := flying
	for _, balance := range r.balances {
		sum += balance
	}
	if !r.set {
		r.total, r.set = sum, true
		return
	}
	if r.open() && sum != r.total {
		r.violate(s, fmt.Sprintf("the balances sum up to %d, with %d that is committed and under way; at first the sum was %d",
			sum, flying, r.total))
	}
}

// transactionName shows the number of a transaction: who coordinates it, and
// its count there.
func transactionName(t *undertaking) string {
	const countBits = 48 // as protocols of commitment number them
	if node := t.number >> countBits; node > 0 {
		return fmt.Sprintf("%d.%d", node, t.number&(1<<countBits-1))
	}
	return fmt.Sprint(t.number)
}

// names returns the names of nodes.
func (s *Set) names(nodes []protocols.NodeID) []string {
	var names []string
	for _, node := range nodes {
		names = append(names, s.name(node))
	}
	return names
}
