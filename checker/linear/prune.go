package linear

import (
	"slices"

	"github.com/anishathalye/porcupine"
)

// Operations of unknown outcome that prepare must keep, because a comparison that
// failed may have needed what they wrote, still multiply the work by up to 2^k. The
// search of a single register passes over orders of which it surely finds a better
// one. In all of them it helps that such an operation is open: its place in an order
// may be left for any later one, and at the end it harms nobody.
//
//   - It takes effect only where its value is looked at next. Where it changes
//     nothing, or where the next operation writes whatever there is, the order
//     with it at the end instead is one as well.
//   - Of those that do the same the first comes first. Where b comes before a,
//     though a was invoked before b, they can change places.
//   - A value that no answer is compared with is as good as any other such value.
//     With this, "do the same" says more.
//
// All three at once leave an order if there is any: of those with the fewest open
// operations before the end, the one with each sort in the order of invocation.

// spot is where a search stands. It is small: a search makes very many of them.
type spot struct {
	value int32 // a valueID
	// left is how many operations of known outcome are still to come.
	left int32
	// placed is the number of the counts of open operations that have a place.
	placed int32
	// unused: the value is that of an open operation, and none has looked at it.
	unused bool
}

// twin tells of an open operation its sort, that is all that do the same, and how
// many of the sort come before it.
type twin struct {
	open       bool
	sort, rank int32
}

// sorts counts, sort by sort, the open operations that have a place. The different
// counts that a search comes by are numbered.
type sorts struct {
	counts numbering[int32]
	after  map[[2]int32]int32 // of a count and a sort that gets a place
}

// next returns the number of what a count becomes when one of a sort gets a place.
func (s *sorts) next(count, sort int32) int32 {
	number, known := s.after[[2]int32{count, sort}]
	if !known {
		next := slices.Clone(s.counts.vectors[count])
		next[sort]++
		number = int32(s.counts.number(next))
		s.after[[2]int32{count, sort}] = number
	}
	return number
}

// tellTwins finds the open operations that do the same. They come by invocation.
func (c *cell) tellTwins(ops History) {
	type deed struct {
		kind         Kind
		in, expected valueID
	}
	deeds := map[deed]int32{}
	var total []int32
	c.twins, c.sure = map[int]twin{}, 0
	for i := range ops {
		op := &ops[i]
		if op.Outcome == OK {
			c.sure++
			continue
		}
		does := deed{kind: op.Kind, in: c.id(op.In), expected: c.id(op.Expected)}
		if op.Kind != Append {
			does.in = c.likened(does.in)
		}
		sort, known := deeds[does]
		if !known {
			sort = int32(len(deeds))
			deeds[does] = sort
			total = append(total, 0)
		}
		c.twins[op.ID] = twin{open: true, sort: sort, rank: total[sort]}
		total[sort]++
	}
	c.sorts = sorts{after: map[[2]int32]int32{}}
	c.sorts.counts.number(make([]int32, len(total)))
}

// likened returns the state that stands for all that behave like this one.
func (c *cell) likened(state valueID) valueID {
	for int(state) >= len(c.alike) {
		id := valueID(len(c.alike))
		if id != absentID && !c.leadsTo(c.values[id].Text) {
			id = lostID
		}
		c.alike = append(c.alike, id)
	}
	return c.alike[state]
}

// searched is the cell for the search. When the bound is met nothing is accepted any
// more, so that porcupine's search runs out at once.
func (c *cell) searched() porcupine.Model {
	if len(c.twins) == 0 {
		return c.model(func(state valueID, in cellInput, out cellOutput) (bool, valueID) {
			if !c.step() {
				return false, state
			}
			ok, next := c.apply(state, in, out)
			return ok, c.likened(next)
		})
	}
	return porcupine.Model{
		Init: func() any { return spot{left: c.sure} },
		Step: func(state, input, output any) (bool, any) {
			if !c.step() {
				return false, state
			}
			if next, ok := c.place(state.(spot), input.(cellInput), output.(cellOutput)); ok {
				return true, next
			}
			return false, state
		},
		Equal: func(a, b any) bool { return a.(spot) == b.(spot) },
		Hash:  func(state any) uint64 { return spread(valueID(state.(spot).value)) },
	}
}

// place gives one more operation a place in the order, unless it cannot have that
// or there is a better one.
func (c *cell) place(at spot, in cellInput, out cellOutput) (next spot, ok bool) {
	ok, value := c.apply(valueID(at.value), in, out)
	if !ok || in.kind == Write && at.unused && at.left > 0 {
		return at, false
	}
	next = spot{value: int32(c.likened(value)), left: at.left, placed: at.placed}
	switch {
	case !in.twin.open:
		next.left--
		return next, true
	case at.left == 0: // nothing matters any more
		return next, true
	case next.value == at.value, c.sorts.counts.vectors[at.placed][in.twin.sort] != in.twin.rank:
		return at, false
	}
	next.placed, next.unused = c.sorts.next(at.placed, in.twin.sort), true
	return next, true
}
