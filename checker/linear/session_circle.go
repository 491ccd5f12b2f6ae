package linear

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// circlesMax bounds the statements of which a shortest circle is looked for, and
// with them the time that a history takes which is wrong all over.
const circlesMax = 1000

// circle returns the statements of a shortest circle of which one at least is the
// guarantee's own, nil if there is none.
func (s *sessions) circle() []statement {
	best := s.circleIn(s.known)
	for _, session := range slices.Sorted(maps.Keys(s.seenBy)) {
		all := maps.Clone(s.known)
		for _, pair := range s.seenBy[session].pairs() {
			st := s.seenBy[session][pair]
			if old, stated := all[pair]; !stated || old.yieldsTo(st.own, st.why) {
				all[pair] = st
			}
		}
		found := s.circleIn(all)
		if found != nil && (best == nil || operations(found) < operations(best)) {
			best = found
		}
	}
	return best
}

// pairs returns what there are statements about, in order.
func (k known) pairs() [][2]int {
	return slices.SortedFunc(maps.Keys(k), func(a, b [2]int) int {
		return cmp.Or(cmp.Compare(a[0], b[0]), cmp.Compare(a[1], b[1]))
	})
}

// circleIn looks for one among what is known to one session. That the initial
// value is the oldest is a statement without operations.
func (s *sessions) circleIn(all known) []statement {
	g := graph{known: all, out: make([][]int, len(s.values))}
	pairs := all.pairs()
	for _, pair := range pairs {
		g.out[pair[0]] = append(g.out[pair[0]], pair[1])
	}
	for id, k := range s.values {
		if s.writer[id] != initially {
			continue
		}
		g.out[id] = nil
		for other := range s.values {
			if other != id && s.values[other].key == k.key {
				g.out[id] = append(g.out[id], other)
			}
		}
	}
	component := g.components()
	var best []statement
	looked := 0
	for _, pair := range pairs {
		first := all[pair]
		if !first.own || component[pair[0]] != component[pair[1]] {
			continue
		}
		found := append([]statement{first}, g.path(pair[1], pair[0])...)
		if best == nil || operations(found) < operations(best) {
			best = found
		}
		if looked++; looked == circlesMax {
			break
		}
	}
	return best
}

// graph has the values as its points, and an edge from each to those that are
// stated to be newer.
type graph struct {
	known known
	out   [][]int
}

// operations counts those that a circle rests on.
func operations(circle []statement) int {
	n := 0
	for _, st := range circle {
		n += len(st.why)
	}
	return n
}

// path returns the shortest chain of statements from one value to another, which
// there is.
func (g *graph) path(from, to int) []statement {
	came := map[int]int{from: from}
	for queue := []int{from}; queue[0] != to; queue = queue[1:] {
		for _, next := range g.out[queue[0]] {
			if _, been := came[next]; !been {
				came[next] = queue[0]
				queue = append(queue, next)
			}
		}
	}
	var chain []statement
	for at := to; at != from; at = came[at] {
		st, stated := g.known[[2]int{came[at], at}]
		if !stated {
			st = statement{from: came[at], to: at}
		}
		chain = append(chain, st)
	}
	slices.Reverse(chain)
	return chain
}

// components numbers the strongly connected components of what was stated
// (Tarjan 1972, without recursion): only within one can there be a circle.
func (g *graph) components() []int {
	n := len(g.out)
	t := tarjan{g: g, index: make([]int, n), low: make([]int, n), component: make([]int, n), on: make([]bool, n)}
	for id := range n {
		if t.index[id] == 0 {
			t.walk(id)
		}
	}
	return t.component
}

type tarjan struct {
	g                     *graph
	count, found          int
	index, low, component []int
	on                    []bool
	stack                 []int
}

// frame is a value on the way, and how many of those after it were looked at.
type frame struct{ id, looked int }

func (t *tarjan) walk(root int) {
	frames := []frame{{id: root}}
	t.enter(root)
	for len(frames) > 0 {
		f := &frames[len(frames)-1]
		after := t.g.out[f.id]
		if f.looked < len(after) {
			next := after[f.looked]
			f.looked++
			switch {
			case t.index[next] == 0:
				t.enter(next)
				frames = append(frames, frame{id: next})
			case t.on[next]:
				t.low[f.id] = min(t.low[f.id], t.index[next])
			}
			continue
		}
		id := f.id
		frames = frames[:len(frames)-1]
		if len(frames) > 0 {
			parent := frames[len(frames)-1].id
			t.low[parent] = min(t.low[parent], t.low[id])
		}
		if t.low[id] == t.index[id] {
			t.leave(id)
		}
	}
}

func (t *tarjan) enter(id int) {
	t.count++
	t.index[id], t.low[id], t.on[id] = t.count, t.count, true
	t.stack = append(t.stack, id)
}

func (t *tarjan) leave(id int) {
	t.found++
	for {
		top := t.stack[len(t.stack)-1]
		t.stack = t.stack[:len(t.stack)-1]
		t.on[top], t.component[top] = false, t.found
		if top == id {
			return
		}
	}
}

// witness returns the operations of a circle.
func (s *sessions) witness(circle []statement) History {
	var places []int
	for _, st := range circle {
		places = append(places, st.why...)
	}
	slices.Sort(places)
	var witness History
	for _, i := range slices.Compact(places) {
		witness = append(witness, s.ops[i])
	}
	return witness
}

// explain says why a circle cannot be.
func (s *sessions) explain(circle []statement) string {
	reasons := make([]string, len(circle))
	for i, st := range circle {
		from, to := s.values[st.from].value, s.values[st.to].value
		if len(st.why) == 0 {
			reasons[i] = fmt.Sprintf("%v, with which it began, is older than %v", from, to)
			continue
		}
		reasons[i] = fmt.Sprintf("%v must not be newer than %v (%s)", from, to, s.because(st.why))
	}
	return fmt.Sprintf("%s: of %s, %s", s.guarantee, nameOfKey(s.values[circle[0].from].key), strings.Join(reasons, ", but "))
}

// because lists operations, in the order in which one led to the other.
func (s *sessions) because(why []int) string {
	var words []string
	for _, i := range why {
		op := &s.ops[i]
		words = append(words, fmt.Sprintf("%s %s", subjectOf(op), s.options.Clock.span(op)))
	}
	return strings.Join(words, ", then ")
}

// subjectOf names an operation with its key and answer.
func subjectOf(op *Operation) string {
	switch op.Kind {
	case Read:
		return fmt.Sprintf("%s read %v of %s", who(op), op.Out, nameOfKey(op.Key))
	case CAS:
		return fmt.Sprintf("%s swapped %v for %v of %s", who(op), op.Expected, op.In, nameOfKey(op.Key))
	}
	return fmt.Sprintf("%s wrote %v to %s", who(op), op.In, nameOfKey(op.Key))
}
