package shrink

import "slices"

// Options bound and watch the work; the zero Options do neither.
type Options struct {
	// Budget is the highest number of tests, 0 for no limit.
	Budget int
	// Progress, if not nil, is called after every test that made the list
	// smaller or simpler: with its length and the number of tests so far.
	Progress func(left, tests int)
}

// Outcome is what is left of a list that fails.
type Outcome[T any] struct {
	// Items fail. They share nothing with the list given.
	Items []T
	// Minimal: it was tested that no single step makes them smaller (simpler).
	// If it is false the budget has run out before.
	Minimal bool
	// Tests is how often the predicate was asked.
	Tests int
}

// Minimize leaves out items as long as what remains fails. The list given must
// fail. The result is 1-minimal: leave out any one item and it does not fail
// any more. It need not be the smallest list that fails.
//
// Of n items it takes at most 2 log₂ n + 1 tests to find the only one that
// matters, if there is one, and at most n² + 3n tests in the worst case.
func Minimize[T any](items []T, fails func([]T) bool, options Options) Outcome[T] {
	m := minimizer[T]{
		items: items, fails: fails, options: options,
		kept: make([]int, len(items)), tested: map[string]bool{},
	}
	for i := range m.kept {
		m.kept[i] = i
	}
	for granularity := 2; len(m.kept) > 0 && !m.exhausted; {
		granularity = min(granularity, len(m.kept))
		switch chunks := split(m.kept, granularity); {
		case m.toOneOf(chunks):
			granularity = 2
		case m.toComplementOf(chunks):
			granularity = max(granularity-1, 2)
		case granularity == len(m.kept):
			return m.outcome(!m.exhausted)
		default:
			granularity *= 2
		}
	}
	return m.outcome(!m.exhausted)
}

// minimizer is one run of Minimize.
type minimizer[T any] struct {
	items   []T
	fails   func([]T) bool
	options Options
	kept    []int // the places in items of those that are left, growing
	// tested holds the lists that do not fail, by their places.
	tested    map[string]bool
	tests     int
	exhausted bool
}

// toOneOf goes on with one chunk alone, if one fails. A single chunk is all
// that is left; of two, each is the other's complement, so that nothing is
// asked twice.
func (m *minimizer[T]) toOneOf(chunks [][]int) bool {
	if len(chunks) == 1 {
		return m.try(nil)
	}
	return slices.ContainsFunc(chunks, m.try)
}

// toComplementOf goes on without one chunk, if what is left fails.
func (m *minimizer[T]) toComplementOf(chunks [][]int) bool {
	if len(chunks) <= 2 {
		return false
	}
	for i := range chunks {
		if m.try(slices.Concat(slices.Concat(chunks[:i]...), slices.Concat(chunks[i+1:]...))) {
			return true
		}
	}
	return false
}

// try tests a part of what is left, and goes on with it if it fails.
func (m *minimizer[T]) try(places []int) bool {
	key := keyOf(places)
	if m.exhausted || m.tested[key] {
		return false
	}
	if m.options.Budget > 0 && m.tests == m.options.Budget {
		m.exhausted = true
		return false
	}
	m.tests++
	if !m.fails(m.at(places)) {
		m.tested[key] = true
		return false
	}
	m.kept = places
	if m.options.Progress != nil {
		m.options.Progress(len(places), m.tests)
	}
	return true
}

func (m *minimizer[T]) at(places []int) []T {
	items := make([]T, len(places))
	for i, place := range places {
		items[i] = m.items[place]
	}
	return items
}

func (m *minimizer[T]) outcome(minimal bool) Outcome[T] {
	return Outcome[T]{Items: m.at(m.kept), Minimal: minimal, Tests: m.tests}
}

// keyOf names a list of places: the gaps between them as bytes, seven bits
// each, so that different lists have different keys.
func keyOf(places []int) string {
	key := make([]byte, 0, len(places))
	last := -1
	for _, place := range places {
		gap := place - last
		last = place
		for ; gap >= 0x80; gap >>= 7 {
			key = append(key, byte(gap)|0x80)
		}
		key = append(key, byte(gap))
	}
	return string(key)
}

// split cuts a list into n parts that differ in length by one at most.
func split(places []int, n int) [][]int {
	parts := make([][]int, 0, n)
	for i := range n {
		parts = append(parts, places[len(places)*i/n:len(places)*(i+1)/n])
	}
	return parts
}
