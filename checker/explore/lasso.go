package explore

import (
	"cmp"
	"context"
	"encoding/binary"
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

// A behaviour in which a property never comes ends in a final state, or goes in
// a circle for ever; all of its states are without the property, so that only
// these need to be looked at: that it is still to come is all that there is to
// remember. They are kept whole, with all steps between them, as the model has
// them, without reductions.
//
// A circle lies in a strongly connected component. One that is fair exists there
// if and only if the circle through all states of the component by all its steps
// is: a smaller one makes no other steps, and classes are barred in fewer of its
// states.

// graph is the states without the property that can be reached by such states.
type graph struct {
	stepper *Stepper
	fair    Fair // nil if the model tells nothing
	numbers map[string]uint32
	states  [][]uint32
	parents []uint32 // the first has itself
	edges   [][]edge // inside the graph
	enabled []uint64 // the classes of all steps, also of those that leave
	final   int      // the first final state, less than 0 if there is none
	bytes   uint64
}

type edge struct {
	to    uint32
	label Label
}

// comesAtLast judges a property that is expected eventually.
func comesAtLast(ctx context.Context, m Model, property int, o *Options) (Verdict, *Path, Bound) {
	g := &graph{stepper: NewStepper(m), numbers: map[string]uint32{}, final: -1}
	g.fair, _ = m.(Fair)
	if bound := g.explore(ctx, property, o, m); bound != Unbounded && g.final < 0 {
		return Unknown, nil, bound
	}
	if g.final >= 0 {
		return Violated, g.way(uint32(g.final)), Unbounded
	}
	components := g.components()
	slices.SortFunc(components, func(a, b []uint32) int { return cmp.Compare(slices.Min(a), slices.Min(b)) }) // the nearest first
	for _, component := range components {
		if path := g.circle(component); path != nil {
			return Violated, path, Unbounded
		}
	}
	return Holds, nil, Unbounded
}

// explore visits the states breadth first, up to the first final one.
func (g *graph) explore(ctx context.Context, property int, o *Options, m Model) Bound {
	hit := func(state []uint32) bool { return g.stepper.expander.Hits(state)>>property&1 != 0 }
	for _, state := range g.stepper.Initial() {
		if !hit(state) {
			g.number(state, uint32(len(g.states)))
		}
	}
	const pace = 1 << 10
	for at := 0; at < len(g.states); at++ {
		switch {
		case at%pace == 0 && ctx.Err() != nil:
			return Interrupted
		case o.StatesMax > 0 && uint64(at) >= o.StatesMax:
			return StatesBound
		case o.MemoryMax > 0 && g.bytes+m.Bytes() > o.MemoryMax:
			return MemoryBound
		}
		next, labels := g.stepper.Next(g.states[at])
		if len(next) == 0 {
			g.final = at
			return Unbounded
		}
		for i, state := range next {
			if g.fair != nil {
				if class := g.fair.Fairness(labels[i]); class >= 0 {
					g.enabled[at] |= 1 << class
				}
			}
			if !hit(state) {
				g.edges[at] = append(g.edges[at], edge{g.number(state, uint32(at)), labels[i]})
			}
		}
		g.bytes += uint64(16 * cap(g.edges[at]))
	}
	return Unbounded
}

// number returns the number of a state, a new one if it is new.
func (g *graph) number(state []uint32, parent uint32) uint32 {
	content := make([]byte, 0, 4*len(state))
	for _, word := range state {
		content = binary.LittleEndian.AppendUint32(content, word)
	}
	number, known := g.numbers[string(content)]
	if !known {
		number = uint32(len(g.states))
		g.numbers[string(content)] = number
		g.states, g.parents = append(g.states, state), append(g.parents, parent)
		g.edges, g.enabled = append(g.edges, nil), append(g.enabled, 0)
		g.bytes += uint64(3*len(content)) + 128
	}
	return number
}

// way returns a shortest run that leads to a state.
func (g *graph) way(to uint32) *Path {
	numbers := []uint32{to}
	for g.parents[to] != to {
		to = g.parents[to]
		numbers = append(numbers, to)
	}
	slices.Reverse(numbers)
	path := &Path{States: [][]uint32{g.states[numbers[0]]}}
	for i, number := range numbers[1:] {
		g.extend(path, numbers[i], number)
	}
	return path
}

func (g *graph) extend(path *Path, from, to uint32) {
	at := slices.IndexFunc(g.edges[from], func(e edge) bool { return e.to == to })
	path.States, path.Steps = append(path.States, g.states[to]), append(path.Steps, g.edges[from][at].label)
}

// components returns the strongly connected components that have a step, by the
// algorithm of Tarjan (1972), without recursion.
func (g *graph) components() [][]uint32 {
	const unseen = 0
	order, low := make([]int, len(g.states)), make([]int, len(g.states)) // from 1
	onStack := make([]bool, len(g.states))
	type visit struct {
		state uint32
		next  int
	}
	var stack []uint32
	var visits []visit
	var found [][]uint32
	seen := 0
	enter := func(state uint32) {
		seen++
		order[state], low[state], onStack[state] = seen, seen, true
		stack, visits = append(stack, state), append(visits, visit{state: state})
	}
	for root := range g.states {
		if order[root] == unseen {
			enter(uint32(root))
		}
		for len(visits) > 0 {
			v := &visits[len(visits)-1]
			state := v.state
			if v.next < len(g.edges[state]) {
				to := g.edges[state][v.next].to
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
				at := slices.Index(stack, state)
				component := slices.Clone(stack[at:])
				stack = stack[:at]
				for _, member := range component {
					onStack[member] = false
				}
				if len(component) > 1 || slices.ContainsFunc(g.edges[state], func(e edge) bool { return e.to == state }) {
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
		always &= g.enabled[state]
	}
	for _, state := range component {
		for _, e := range g.edges[state] {
			if inside[e.to] {
				taken |= g.classes(e.label)
			}
		}
	}
	if always&^taken != 0 {
		return nil
	}
	path := g.way(first)
	path.Loop = len(path.States)
	at := first
	owed := g.owed(inside)
	for owed != 0 {
		at = g.walk(path, at, inside, &owed, func(from uint32, e edge) bool {
			return g.classes(e.label)&owed != 0 || ^g.enabled[e.to]&owed != 0
		})
	}
	if at != first || len(path.States) == path.Loop {
		g.walk(path, at, inside, &owed, func(_ uint32, e edge) bool { return e.to == first })
	}
	return path
}

// owed returns the classes that steps of a component belong to, or that are
// enabled in it: those to which a circle has to be fair.
func (g *graph) owed(inside map[uint32]bool) uint64 {
	var all uint64
	for state := range inside {
		all |= g.enabled[state]
	}
	return all
}

func (g *graph) classes(label Label) uint64 {
	if g.fair == nil {
		return 0
	}
	if class := g.fair.Fairness(label); class >= 0 {
		return 1 << class
	}
	return 0
}

// walk goes on, inside a component, by the fewest steps to one that is wanted,
// and takes off what it is fair to on the way.
func (g *graph) walk(
	path *Path, from uint32, inside map[uint32]bool, owed *uint64, wanted func(from uint32, e edge) bool,
) (at uint32) {
	type origin struct {
		from  uint32
		label Label
	}
	came := map[uint32]origin{}
	queue := []uint32{from}
	for i := 0; i < len(queue); i++ {
		for _, e := range g.edges[queue[i]] {
			if !inside[e.to] {
				continue
			}
			if !wanted(queue[i], e) {
				if _, known := came[e.to]; !known && e.to != from {
					came[e.to] = origin{queue[i], e.label}
					queue = append(queue, e.to)
				}
				continue
			}
			steps := []edge{e}
			for back := queue[i]; back != from; back = came[back].from {
				steps = append(steps, edge{back, came[back].label})
			}
			slices.Reverse(steps)
			for _, step := range steps {
				path.States, path.Steps = append(path.States, g.states[step.to]), append(path.Steps, step.label)
				*owed &^= g.classes(step.label) | ^g.enabled[step.to]
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
		if f.Property.Expectation != Eventually {
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
