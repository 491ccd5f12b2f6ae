package linear

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// contradiction is why no order is left.
type contradiction struct {
	// circle is a shortest one of links; empty if stale is set.
	circle []link
	// stale: a read returned the initial value, though what leads to it begins
	// with a write of its key.
	stale []link
	order *order
}

// judge looks for a contradiction, session by session.
func (c *causality) judge() *contradiction {
	reads := map[uint64][]readFrom{}
	for _, r := range c.reads {
		session := c.ops[r.at].Session
		reads[session] = append(reads[session], r)
	}
	if o := newOrder(c.links); o.circular() {
		return &contradiction{circle: o.shortestCircle(), order: o}
	}
	for _, session := range slices.Sorted(maps.Keys(reads)) {
		if wrong := c.judgeSession(reads[session]); wrong != nil {
			return wrong
		}
	}
	return nil
}

// judgeSession draws the conclusions from what one session read, until there are
// no more. Each says which of two writes it must have seen first.
func (c *causality) judgeSession(reads []readFrom) *contradiction {
	o := newOrder(c.links)
	for round := 1; ; round++ {
		o.close()
		var fresh []link
		for _, r := range reads {
			for _, w := range c.writes[c.ops[r.at].Key] {
				if w == r.writer || w == r.at || !o.before(w, r.at) {
					continue
				}
				if r.writer == initially {
					return &contradiction{stale: o.path(w, r.at), order: o}
				}
				if !o.before(w, r.writer) {
					fresh = append(fresh, link{from: w, to: r.writer, by: r.at, round: round})
				}
			}
		}
		if len(fresh) == 0 {
			return nil
		}
		for _, l := range fresh {
			o.links[l.from] = append(slices.Clip(o.links[l.from]), l)
		}
		if o.circular() {
			return &contradiction{circle: o.shortestCircle(), order: o}
		}
	}
}

// order is a relation and, once closed, all that follows from it.
type order struct {
	links [][]link
	past  [][]uint64 // a bit an operation, of those before it
	sorts []int      // a topological order
}

func newOrder(links [][]link) *order { return &order{links: slices.Clone(links)} }

// circular sorts topologically, and tells whether that is impossible.
func (o *order) circular() bool {
	waits := make([]int, len(o.links))
	for _, out := range o.links {
		for _, l := range out {
			waits[l.to]++
		}
	}
	o.sorts = o.sorts[:0]
	for i, n := range waits {
		if n == 0 {
			o.sorts = append(o.sorts, i)
		}
	}
	for at := 0; at < len(o.sorts); at++ {
		for _, l := range o.links[o.sorts[at]] {
			if waits[l.to]--; waits[l.to] == 0 {
				o.sorts = append(o.sorts, l.to)
			}
		}
	}
	return len(o.sorts) < len(o.links)
}

// close computes what comes before what. The relation must not be circular.
func (o *order) close() {
	if o.circular() {
		panic("linear: the order leads in a circle")
	}
	words := (len(o.links) + 63) / 64
	if o.past == nil {
		o.past = make([][]uint64, len(o.links))
		for i := range o.past {
			o.past[i] = make([]uint64, words)
		}
	}
	for _, i := range o.sorts {
		for _, l := range o.links[i] {
			to := o.past[l.to]
			for k, word := range o.past[i] {
				to[k] |= word
			}
			to[i/64] |= 1 << (i % 64)
		}
	}
}

// before tells whether one operation comes before another one.
func (o *order) before(a, b int) bool { return o.past[b][a/64]&(1<<(a%64)) != 0 }

// path returns the shortest chain of links from one operation to another one, nil
// if there is none.
func (o *order) path(from, to int) []link {
	came := map[int]link{}
	for queue := []int{from}; len(queue) > 0; queue = queue[1:] {
		for _, l := range o.links[queue[0]] {
			if _, been := came[l.to]; been {
				continue
			}
			came[l.to] = l
			if l.to == to {
				var chain []link
				for at := to; len(chain) == 0 || at != from; at = came[at].from {
					chain = append(chain, came[at])
				}
				slices.Reverse(chain)
				return chain
			}
			queue = append(queue, l.to)
		}
	}
	return nil
}

// shortestCircle returns a shortest circle, which there is; of those of equal
// length the one that rests on the fewest reads.
func (o *order) shortestCircle() []link {
	sorted := make([]uint64, (len(o.links)+63)/64)
	for _, i := range o.sorts {
		sorted[i/64] |= 1 << (i % 64)
	}
	var best []link
	looked := 0
	for i := range o.links {
		if sorted[i/64]&(1<<(i%64)) != 0 {
			continue // in no circle
		}
		found := o.path(i, i)
		if found != nil && (best == nil || weight(found) < weight(best)) {
			best = found
		}
		if looked++; found != nil && looked >= circlesMax {
			break
		}
	}
	return best
}

// weight of a circle: its length, and what its links rest on.
func weight(circle []link) int {
	n := 0
	for _, l := range circle {
		n++
		if l.round > 0 {
			n += 2
		}
	}
	return n
}

// witness returns the operations that the contradiction rests on.
func (w *contradiction) witness(c *causality) History {
	rests, told := map[int]bool{}, map[link]bool{}
	pending := slices.Concat(w.circle, w.stale)
	for len(pending) > 0 {
		l := pending[0]
		pending = pending[1:]
		rests[l.from], rests[l.to] = true, true
		if l.round > 0 && !told[l] {
			told[l], rests[l.by] = true, true
			pending = append(pending, w.grounds(l)...)
		}
	}
	var ops History
	for _, i := range slices.Sorted(maps.Keys(rests)) {
		ops = append(ops, c.ops[i])
	}
	return ops
}

// grounds returns how the read that a link was concluded from had seen what the
// link begins with.
func (w *contradiction) grounds(l link) []link {
	earlier := order{links: make([][]link, len(w.order.links))}
	for i, out := range w.order.links {
		for _, other := range out {
			if other.round < l.round {
				earlier.links[i] = append(earlier.links[i], other)
			}
		}
	}
	return earlier.path(l.from, l.by)
}

// explain says it in words.
func (w *contradiction) explain(c *causality) string {
	if len(w.circle) == 0 {
		read := w.stale[len(w.stale)-1].to
		return fmt.Sprintf("causal: %s, the value with which it began, though a write had led to that: %s", c.tell(read), c.chain(w.stale))
	}
	first := slices.IndexFunc(w.circle, func(l link) bool { return l.round > 0 })
	if first < 0 {
		return "causal: each of these depends on the one before, and the first on the last: " + c.chain(w.circle)
	}
	circle := slices.Concat(w.circle[first:], w.circle[:first])
	var reasons []string
	for at := 0; at < len(circle); {
		if l := circle[at]; l.round > 0 {
			reasons = append(reasons, fmt.Sprintf("%s, so that for it %s before %s (%s)",
				c.tell(l.by), c.tell(l.from), c.tell(l.to), c.chain(w.grounds(l))))
			at++
			continue
		}
		end := at
		for end < len(circle) && circle[end].round == 0 {
			end++
		}
		reasons = append(reasons, "for all "+c.chain(circle[at:end]))
		at = end
	}
	return "causal: " + strings.Join(reasons, ", but ")
}

// chain tells what led to what.
func (c *causality) chain(links []link) string {
	words := []string{c.tell(links[0].from)}
	for _, l := range links {
		words = append(words, c.tell(l.to))
	}
	return strings.Join(words, ", then ")
}

// tell names an operation with its key and answer.
func (c *causality) tell(i int) string {
	op := &c.ops[i]
	return fmt.Sprintf("%s %s", subjectOf(op), c.options.Clock.span(op))
}
