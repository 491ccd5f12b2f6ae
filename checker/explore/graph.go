package explore

import (
	"cmp"
	"context"
	"math"
	"slices"
)

// graph is the states from which a property is to come, with the steps between
// those that are without it.
type graph struct {
	stepper  *Stepper
	fair     Fair  // nil if the model tells nothing
	owing    Owing // likewise
	property int
	again    bool // it is to come again and again
	width    int

	words   []uint32 // the states, one after the other
	slots   []uint32 // of open addressing: the number of a state plus one, 0 if it is empty
	parents []uint32 // the first has itself
	labels  []Label  // of the steps from the parents
	starts  []uint32 // of each state: where its steps begin in steps
	steps   []edge
	owed    []uint64 // of each state: the classes of what is owed in it
	final   int      // the first final state without the property, less than 0 if there is none
}

// edge is a step between two states without the property.
type edge struct {
	label  Label
	serves uint64
	to     uint32
}

// comesAtLast judges a property that is to come at last.
func comesAtLast(ctx context.Context, m Model, property int, o *Options) (Verdict, *Path, Bound) {
	g := &graph{
		stepper: NewStepper(m), property: property, width: m.Width(), slots: make([]uint32, 1<<10), final: -1,
		again: m.Properties()[property].Expectation == Again,
	}
	g.fair, _ = m.(Fair)
	g.owing, _ = g.stepper.expander.(Owing)
	if bound := g.explore(ctx, o, m); bound != Unbounded && g.final < 0 {
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

func (g *graph) hits(state []uint32) bool { return g.stepper.expander.Hits(state)>>g.property&1 != 0 }

// explore visits the states breadth first, up to the first final one.
func (g *graph) explore(ctx context.Context, o *Options, m Model) Bound {
	for _, state := range g.stepper.Initial() {
		if g.again || !g.hits(state) {
			g.number(state, uint32(g.count()), 0)
		}
	}
	const pace = 1 << 10
	for at := uint32(0); int(at) < g.count(); at++ {
		switch {
		case at%pace == 0 && ctx.Err() != nil:
			return Interrupted
		case o.StatesMax > 0 && uint64(at) >= o.StatesMax:
			return StatesBound
		case o.MemoryMax > 0 && g.bytes()+m.Bytes() > o.MemoryMax || uint64(g.count()) >= math.MaxUint32 || uint64(len(g.steps)) >= math.MaxUint32:
			return MemoryBound
		}
		if g.expand(at) {
			g.final = int(at)
			return Unbounded
		}
	}
	g.starts = append(g.starts, uint32(len(g.steps)))
	return Unbounded
}

// expand adds the successors of a state. It reports whether there are none, and the
// property is still to come.
func (g *graph) expand(at uint32) (final bool) {
	here := g.state(at)
	without := !g.hits(here)
	g.starts = append(g.starts, uint32(len(g.steps)))
	next, labels, serves := g.stepper.serving(here)
	if g.owing != nil {
		g.owed[at] = g.owing.Owes(here)
	}
	for i, state := range next {
		if g.owing == nil {
			serves[i] = g.class(labels[i])
			g.owed[at] |= serves[i]
		}
		has := g.hits(state)
		if has && !g.again {
			continue
		}
		to := g.number(state, at, labels[i])
		if without && !has {
			g.steps = append(g.steps, edge{labels[i], serves[i], to})
		}
	}
	return without && len(next) == 0
}

// class returns the class of a step, as a bit.
func (g *graph) class(label Label) uint64 {
	if g.fair == nil {
		return 0
	}
	if class := g.fair.Fairness(label); class >= 0 {
		return 1 << class
	}
	return 0
}

func (g *graph) count() int { return len(g.parents) }

func (g *graph) state(number uint32) []uint32 {
	return g.words[int(number)*g.width : (int(number)+1)*g.width : (int(number)+1)*g.width]
}

func (g *graph) edges(number uint32) []edge { return g.steps[g.starts[number]:g.starts[number+1]] }

func (g *graph) bytes() uint64 {
	return uint64(4*(cap(g.words)+cap(g.slots)+cap(g.parents)+cap(g.starts)) + 8*(cap(g.labels)+cap(g.owed)) + 24*cap(g.steps))
}

// number returns the number of a state, a new one if it is new.
func (g *graph) number(state []uint32, parent uint32, label Label) uint32 {
	slot := g.slot(state)
	if *slot != 0 {
		return *slot - 1
	}
	number := uint32(g.count())
	*slot = number + 1
	g.words = append(g.words, state...)
	g.parents, g.labels, g.owed = append(g.parents, parent), append(g.labels, label), append(g.owed, 0)
	if 2*g.count() > len(g.slots) {
		g.slots = make([]uint32, 2*len(g.slots))
		for known := range uint32(g.count()) {
			*g.slot(g.state(known)) = known + 1
		}
	}
	return number
}

// slot returns where the number of a state is, or is to be.
func (g *graph) slot(state []uint32) *uint32 {
	for at := fingerprint(state, 0); ; at++ {
		slot := &g.slots[at%uint64(len(g.slots))]
		if *slot == 0 || slices.Equal(g.state(*slot-1), state) {
			return slot
		}
	}
}

// way returns a shortest run that leads to a state.
func (g *graph) way(to uint32) *Path {
	numbers := []uint32{to}
	for g.parents[to] != to {
		to = g.parents[to]
		numbers = append(numbers, to)
	}
	slices.Reverse(numbers)
	path := &Path{States: [][]uint32{slices.Clone(g.state(numbers[0]))}}
	for _, number := range numbers[1:] {
		path.States, path.Steps = append(path.States, g.state(number)), append(path.Steps, g.labels[number])
	}
	return path
}
