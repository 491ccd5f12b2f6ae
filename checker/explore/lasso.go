package explore

import (
	"context"
	"slices"
)

// Fair is a model that tells which of its steps are not put off for ever: a
// property that comes at last is asked only of behaviours that are weakly fair
// to each class, which is that a class of which a step can always be made, from
// some time on, has one made again and again. Without it nothing but the end of
// all steps is taken for granted to come.
type Fair interface {
	Model
	// Fairness returns the class of a step, from 0 to 63, or less than 0 if it
	// may be put off for ever, as a fault may.
	Fairness(label Label) int
}

// Owing is an Expander of a model in which more is not put off for ever than steps
// that can always be made: a timer, say, that runs out only when nothing else can
// happen, but does run out unless it is set anew. It tells what is owed, and with
// Batch.Serves what a step does for it. A behaviour is fair if no class of what is
// owed is owed from some time on for ever and never served.
type Owing interface {
	Expander
	// Owes returns the classes of what is owed in a state, class i as bit i.
	Owes(state []uint32) uint64
}

// Serves says of which classes the successor that is added next serves what is owed,
// class i as bit i.
func (b *Batch) Serves(classes uint64) { b.serves = classes }

// A behaviour in which a property never comes, or never again, ends in a final
// state, or goes in a circle for ever, and all states of that are without the
// property: that it is still to come is all that there is to remember. Of what is
// to come once, the states before it are looked at; of what is to come again and
// again, all. They are kept whole, with the steps between those without the
// property, as the model has them, without reductions.
//
// A circle lies in a strongly connected component. One that is fair exists there
// if and only if the circle through all states of the component by all its steps
// is: a smaller one makes no other steps, and classes are barred in fewer of its
// states.

// components returns the strongly connected components that have a step, by the
// algorithm of Tarjan (1972), without recursion.
func (g *graph) components() [][]uint32 {
	const unseen = 0
	order, low := make([]uint32, g.count()), make([]uint32, g.count()) // from 1
	onStack := make([]bool, g.count())
	type visit struct {
		state uint32
		next  int
	}
	var stack []uint32
	var visits []visit
	var found [][]uint32
	seen := uint32(0)
	enter := func(state uint32) {
		seen++
		order[state], low[state], onStack[state] = seen, seen, true
		stack, visits = append(stack, state), append(visits, visit{state: state})
	}
	for root := range g.count() {
		if order[root] == unseen {
			enter(uint32(root))
		}
		for len(visits) > 0 {
			v := &visits[len(visits)-1]
			state := v.state
			if v.next < len(g.edges(state)) {
				to := g.edges(state)[v.next].to
				v.next++
				if order[to] == unseen {
					enter(to)
				} else if onStack[to] {
					low[state] = min(low[state], order[to])
				}
				continue
			}
			visits = visits[:len(visits)-1]
			if len(visits) > 0 {
				parent := visits[len(visits)-1].state
				low[parent] = min(low[parent], low[state])
			}
			if low[state] == order[state] {
				at := len(stack) - 1
				for stack[at] != state {
					at--
				}
				component := slices.Clone(stack[at:])
				stack = stack[:at]
				for _, member := range component {
					onStack[member] = false
				}
				if len(component) > 1 || slices.ContainsFunc(g.edges(state), func(e edge) bool { return e.to == state }) {
					found = append(found, component)
				}
			}
		}
	}
	return found
}

// circle returns a run into a component and around in it that is fair, nil if
// there is none.
func (g *graph) circle(component []uint32) *Path {
	inside := map[uint32]bool{}
	first := component[0]
	always, taken := ^uint64(0), uint64(0)
	for _, state := range component {
		inside[state] = true
		first = min(first, state) // the nearest
		always &= g.owed[state]
	}
	for _, state := range component {
		for _, e := range g.edges(state) {
			if inside[e.to] {
				taken |= e.serves
			}
		}
	}
	if always&^taken != 0 {
		return nil
	}
	path := g.way(first)
	path.Loop = len(path.States)
	at := first
	owed := g.due(inside)
	for owed != 0 {
		at = g.walk(path, at, inside, &owed, func(from uint32, e edge) bool {
			return e.serves&owed != 0 || ^g.owed[e.to]&owed != 0
		})
	}
	if at != first || len(path.States) == path.Loop {
		g.walk(path, at, inside, &owed, func(_ uint32, e edge) bool { return e.to == first })
	}
	return path
}

// due returns what is owed in a component: what a circle has to be fair to.
func (g *graph) due(inside map[uint32]bool) uint64 {
	var all uint64
	for state := range inside {
		all |= g.owed[state]
	}
	return all
}

// walk goes on, inside a component, by the fewest steps to one that is wanted,
// and takes off what it is fair to on the way.
func (g *graph) walk(
	path *Path, from uint32, inside map[uint32]bool, owed *uint64, wanted func(from uint32, e edge) bool,
) (at uint32) {
	type origin struct {
		from uint32
		by   edge
	}
	came := map[uint32]origin{}
	queue := []uint32{from}
	for i := 0; i < len(queue); i++ {
		for _, e := range g.edges(queue[i]) {
			if !inside[e.to] {
				continue
			}
			if !wanted(queue[i], e) {
				if _, known := came[e.to]; !known && e.to != from {
					came[e.to] = origin{queue[i], e}
					queue = append(queue, e.to)
				}
				continue
			}
			steps := []edge{e}
			for back := queue[i]; back != from; back = came[back].from {
				steps = append(steps, came[back].by)
			}
			slices.Reverse(steps)
			for _, step := range steps {
				path.States, path.Steps = append(path.States, g.state(step.to)), append(path.Steps, step.label)
				*owed &^= step.serves | ^g.owed[step.to]
			}
			return e.to
		}
	}
	panic("explore: a component is not connected")
}

// judgeLast adds the verdicts on what is expected eventually.
func (r *Result) judgeLast(ctx context.Context, m Model, o *Options) {
	for i := range r.Findings {
		f := &r.Findings[i]
		if !f.Property.Expectation.AtLast() {
			continue
		}
		f.Verdict = Unknown
		if r.Bound != Unbounded {
			continue
		}
		var bound Bound
		if f.Verdict, f.Path, bound = comesAtLast(ctx, m, i, o); bound != Unbounded {
			r.Bound = bound
		}
	}
}
