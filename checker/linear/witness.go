package linear

import (
	"cmp"
	"slices"
)

// A witness must not only be small, it must prove that the whole history is
// violated. Deleting operations at will does not: without the write that it
// saw, every read looks wrong. Two cuts are sound, and only they are made:
//
//   - in time: what a client had not heard by some instant is unknown, what was
//     invoked later did not happen. An order of the whole, cut there, is an
//     order of the part.
//   - of operations that no kept operation needs (see needless).

// reduceSteps bounds each of the many searches that make a witness smaller; one
// that meets the bound only leaves the witness larger.
const reduceSteps = 400_000

// witness returns, for operations of one key that are violated, the operation
// with whose answer they became so, and a part of them that is violated too
// and from which no operation, and no value with all that wrote and saw it,
// can be taken.
func (s search) witness(ops History) (Operation, History) {
	returned := returns(ops)
	// The prefixes grow more and more constrained, so the first violated one
	// is found by bisection. The last is the whole history.
	at, _ := slices.BinarySearchFunc(returned[:len(returned)-1], true, func(op Operation, _ bool) int {
		if s.verdict(prefix(ops, op)) == Violated {
			return 0
		}
		return -1
	})
	offender := returned[at]
	part := prefix(ops, offender)
	small := search{ctx: s.ctx, steps: min(s.steps, reduceSteps)}
	part = small.reduce(part, offender.ID)
	// The part in its own words: what the cut in time made unknown is known
	// again, which only adds constraints.
	ids := make(map[int]struct{}, len(part))
	for i := range part {
		ids[part[i].ID] = struct{}{}
	}
	var whole History
	for i := range ops {
		if _, ok := ids[ops[i].ID]; ok {
			whole = append(whole, ops[i])
		}
	}
	if onObject(part) {
		whole = keepUnknown(whole, part)
	}
	return offender, byInvocation(whole)
}

// returns lists the operations with a known outcome in the order of their
// return. A violation always shows with one of their answers.
func returns(ops History) History {
	var known History
	for i := range ops {
		if ops[i].Outcome == OK {
			known = append(known, ops[i])
		}
	}
	slices.SortFunc(known, func(a, b Operation) int { return compareReturns(&a, &b) })
	return known
}

func compareReturns(a, b *Operation) int {
	return cmp.Or(cmp.Compare(a.Return, b.Return), cmp.Compare(a.ID, b.ID))
}

// prefix is the history up to and including the return of last.
func prefix(ops History, last Operation) History {
	var part History
	for _, op := range ops {
		if op.Invoke > last.Return || op.Outcome == Fail {
			continue
		}
		if op.Outcome == OK && compareReturns(&op, &last) > 0 {
			op.Outcome, op.Out, op.Swapped = Info, Value{}, false
		}
		part = append(part, op)
	}
	return part
}

// reduce takes away operations, never the offender, as long as the rest is
// admissible and still violated (delta debugging: Zeller & Hildebrandt 2002).
func (s search) reduce(part History, offender int) History {
	for {
		before := len(part)
		if onObject(part) {
			part = s.reduceBy(part, offender, objectGroups(part))
		} else {
			part = s.reduceBy(part, offender, clusters(part))
		}
		part = s.reduceBy(part, offender, singles(part))
		if len(part) == before {
			return part
		}
	}
}

// clusters groups by value: all that writes or observes it, as IDs. Taking a
// value away as a whole is sound where taking only its write is not.
func clusters(part History) [][]int {
	var groups [][]int
	index := make(map[Value]int)
	for i := range part {
		written, writes := part[i].writes()
		observed, observes := part[i].observes()
		for _, link := range [...]struct {
			value Value
			is    bool
		}{{written, writes}, {observed, observes && (!writes || observed != written)}} {
			if !link.is {
				continue
			}
			at, ok := index[link.value]
			if !ok {
				at = len(groups)
				index[link.value] = at
				groups = append(groups, nil)
			}
			groups[at] = append(groups[at], part[i].ID)
		}
	}
	return groups
}

// singles makes every operation a group.
func singles(part History) [][]int {
	groups := make([][]int, len(part))
	for i := range part {
		groups[i] = []int{part[i].ID}
	}
	return groups
}

// reduceBy tries to take away runs of groups, first long ones, then shorter.
func (s search) reduceBy(part History, offender int, groups [][]int) History {
	for size := max(1, len(groups)/2); ; size /= 2 {
		for from := 0; from < len(groups); {
			to := min(from+size, len(groups))
			rest := without(part, groups[from:to], offender)
			if len(rest) < len(part) && admissible(part, rest) && s.verdict(rest) == Violated {
				part = rest
				groups = slices.Delete(groups, from, to)
				continue
			}
			from = to
		}
		if size <= 1 {
			return part
		}
	}
}

// without returns the operations that are in none of the groups.
func without(part History, groups [][]int, offender int) History {
	gone := make(map[int]struct{})
	for _, group := range groups {
		for _, id := range group {
			gone[id] = struct{}{}
		}
	}
	delete(gone, offender)
	rest := make(History, 0, len(part))
	for i := range part {
		if _, ok := gone[part[i].ID]; !ok {
			rest = append(rest, part[i])
		}
	}
	return rest
}

// admissible reports whether a violation of rest proves one of part, of which
// it is a part: everything that was taken away must be needless.
//
// What only observes is: an order stays one without it. What writes v is, by
// the lemma at forgetUnobserved, if rest neither observes v nor hidesWrites.
func admissible(part, rest History) bool {
	if onObject(part) {
		return objectAdmissible(part, rest)
	}
	kept := make(map[int]struct{}, len(rest))
	observed := make(map[Value]struct{})
	for i := range rest {
		kept[rest[i].ID] = struct{}{}
		if v, ok := rest[i].observes(); ok {
			observed[v] = struct{}{}
		}
	}
	hides, joined := hidesWrites(rest), joint(part)
	for i := range part {
		op := &part[i]
		if _, ok := kept[op.ID]; ok {
			continue
		}
		v, writes := op.writes()
		if op.Kind == Append || joined && op.changes() {
			return false
		}
		if !writes {
			continue
		}
		if _, seen := observed[v]; seen || hides {
			return false
		}
	}
	return true
}
