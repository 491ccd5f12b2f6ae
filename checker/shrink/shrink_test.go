package shrink

import (
	"fmt"
	"math/bits"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// failure is a predicate over lists of numbers, of a shape as found in faults.
type failure struct {
	name  string
	fails func([]int) bool
}

func drawFailure(t *rapid.T, items []int) failure {
	some := rapid.SliceOfDistinct(rapid.IntRange(0, max(len(items)-1, 0)), rapid.ID[int]).Draw(t, "some")
	switch rapid.IntRange(0, 4).Draw(t, "shape") {
	case 0:
		return failure{"needs all of some", func(list []int) bool { return containsAll(list, some) }}
	case 1:
		other := rapid.IntRange(0, max(len(items)-1, 0)).Draw(t, "other")
		return failure{"needs some, or another one", func(list []int) bool {
			return containsAll(list, some) || slices.Contains(list, other)
		}}
	case 2:
		least := rapid.IntRange(0, len(items)).Draw(t, "least")
		return failure{"needs a number of any", func(list []int) bool { return len(list) >= least }}
	case 3:
		// Not monotone: a part of what fails may be all right, and a part of
		// that fail again.
		return failure{"is even", func(list []int) bool { return len(list)%2 == len(items)%2 }}
	default:
		salt := rapid.Uint64().Draw(t, "salt")
		return failure{"is arbitrary", func(list []int) bool {
			if len(list) == len(items) {
				return true
			}
			hash := salt
			for _, item := range list {
				hash = (hash ^ uint64(item+1)) * 0x9e3779b97f4a7c15
				hash ^= hash >> 29
			}
			return hash%3 == 0
		}}
	}
}

func containsAll(list, some []int) bool {
	return !slices.ContainsFunc(some, func(item int) bool { return !slices.Contains(list, item) })
}

// recorder counts what a predicate is asked.
type recorder struct {
	asked map[string]int
	empty []int // how many were kept when the empty list was asked about
	kept  int
	tests int
}

func (r *recorder) watch(fails func([]int) bool) func([]int) bool {
	r.asked = map[string]int{}
	return func(list []int) bool {
		r.tests++
		r.asked[fmt.Sprint(list)]++
		if len(list) == 0 {
			r.empty = append(r.empty, r.kept)
		}
		failed := fails(slices.Clone(list))
		if failed {
			r.kept = len(list)
		}
		clear(list) // the predicate may do with it what it likes
		return failed
	}
}

func numbers(n int) []int {
	items := make([]int, n)
	for i := range items {
		items[i] = i
	}
	return items
}

func TestMinimizeKeepsItsPromises(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		items := numbers(rapid.IntRange(0, 40).Draw(t, "items"))
		f := drawFailure(t, items)
		if !f.fails(items) {
			t.Skip("does not fail to begin with")
		}
		r := &recorder{kept: len(items)}
		var progress []int
		outcome := Minimize(items, r.watch(f.fails), Options{Progress: func(left, tests int) {
			if tests != r.tests {
				t.Fatalf("progress says %d tests, there were %d", tests, r.tests)
			}
			progress = append(progress, left)
		}})

		if !slices.Equal(items, numbers(len(items))) {
			t.Fatal("the list given was changed")
		}
		if !f.fails(outcome.Items) {
			t.Fatalf("%s: %v does not fail", f.name, outcome.Items)
		}
		if !slices.IsSorted(outcome.Items) || len(slices.Compact(slices.Clone(outcome.Items))) != len(outcome.Items) {
			t.Fatalf("%v is no subsequence", outcome.Items)
		}
		for i := range outcome.Items {
			if without := slices.Delete(slices.Clone(outcome.Items), i, i+1); f.fails(without) {
				t.Fatalf("%s: %v fails, and so does %v", f.name, outcome.Items, without)
			}
		}
		if !outcome.Minimal {
			t.Fatal("minimal, without a budget, but it does not say so")
		}
		if n := len(items); outcome.Tests != r.tests || r.tests > n*n+3*n {
			t.Fatalf("%d tests of %d items, said to be %d", r.tests, n, outcome.Tests)
		}
		for list, times := range r.asked {
			if times > 1 || list == fmt.Sprint(items) {
				t.Fatalf("asked %d times about %s", times, list)
			}
		}
		if len(r.empty) > 0 && r.empty[0] != 1 {
			t.Fatalf("asked about the empty list while %d were left", r.empty[0])
		}
		if !slices.IsSortedFunc(progress, func(a, b int) int { return b - a }) ||
			len(progress) > 0 && progress[len(progress)-1] != len(outcome.Items) {
			t.Fatalf("progress %v, left %d", progress, len(outcome.Items))
		}
	})
}

func TestMinimizeWithinABudget(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		items := numbers(rapid.IntRange(0, 30).Draw(t, "items"))
		f := drawFailure(t, items)
		if !f.fails(items) {
			t.Skip("does not fail to begin with")
		}
		whole := Minimize(items, f.fails, Options{})
		budget := rapid.IntRange(1, whole.Tests+2).Draw(t, "budget")
		r := &recorder{}
		outcome := Minimize(items, r.watch(f.fails), Options{Budget: budget})
		if r.tests > budget || outcome.Tests != r.tests {
			t.Fatalf("budget %d, %d tests, said to be %d", budget, r.tests, outcome.Tests)
		}
		if !f.fails(outcome.Items) {
			t.Fatalf("%v does not fail", outcome.Items)
		}
		if enough := budget >= whole.Tests; outcome.Minimal != enough {
			t.Fatalf("minimal: %v, with %d of %d tests", outcome.Minimal, budget, whole.Tests)
		}
		if outcome.Minimal && !slices.Equal(outcome.Items, whole.Items) {
			t.Fatalf("%v, without a budget %v", outcome.Items, whole.Items)
		}
	})
}

// The one item that matters is found by bisection.
func TestMinimizeFindsOneItemFast(t *testing.T) {
	for _, n := range []int{1, 2, 3, 64, 1000, 4097} {
		for _, wanted := range []int{0, n / 3, n - 1} {
			outcome := Minimize(numbers(n), func(list []int) bool { return slices.Contains(list, wanted) }, Options{})
			if !slices.Equal(outcome.Items, []int{wanted}) {
				t.Errorf("of %d: %v, want %d", n, outcome.Items, wanted)
			}
			if most := 2*bits.Len(uint(n-1)) + 1; outcome.Tests > most {
				t.Errorf("of %d: %d tests, want at most %d", n, outcome.Tests, most)
			}
		}
	}
}

// The example of the paper: of eight changes 1, 7 and 8 together fail.
func TestMinimizeExampleOfThePaper(t *testing.T) {
	outcome := Minimize([]int{1, 2, 3, 4, 5, 6, 7, 8}, func(list []int) bool {
		return containsAll(list, []int{1, 7, 8})
	}, Options{})
	if !slices.Equal(outcome.Items, []int{1, 7, 8}) {
		t.Errorf("%v", outcome.Items)
	}
}

func TestMinimizeToNothing(t *testing.T) {
	for _, n := range []int{0, 1, 5} {
		outcome := Minimize(numbers(n), func([]int) bool { return true }, Options{})
		if len(outcome.Items) != 0 || !outcome.Minimal {
			t.Errorf("of %d: %+v", n, outcome)
		}
	}
}

func TestKeysTellListsApart(t *testing.T) {
	lists := rapid.SliceOfDistinct(rapid.IntRange(0, 100_000), rapid.ID[int])
	rapid.Check(t, func(t *rapid.T) {
		a, b := lists.Draw(t, "a"), lists.Draw(t, "b")
		slices.Sort(a)
		slices.Sort(b)
		if (keyOf(a) == keyOf(b)) != slices.Equal(a, b) {
			t.Fatalf("keys of %v and %v", a, b)
		}
	})
}

// halves proposes 0, then what is nearer and nearer to n.
func halves(n int) []int {
	var variants []int
	for step := n; step > 0; step /= 2 {
		variants = append(variants, n-step)
	}
	return variants
}

func TestSimplifyKeepsItsPromises(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		items := rapid.SliceOfN(rapid.IntRange(0, 100), 0, 8).Draw(t, "items")
		total := 0
		for _, item := range items {
			total += item
		}
		least := rapid.IntRange(0, total).Draw(t, "least")
		floor := rapid.IntRange(0, 10).Draw(t, "floor")
		fails := func(list []int) bool {
			sum := 0
			for i, item := range list {
				if item < min(floor, items[i]) {
					return false
				}
				sum += item
			}
			return sum >= least
		}
		original := slices.Clone(items)
		r := &recorder{}
		outcome := Simplify(items, halves, r.watch(fails), Options{})
		if !slices.Equal(items, original) {
			t.Fatal("the list given was changed")
		}
		if !fails(outcome.Items) || len(outcome.Items) != len(items) || !outcome.Minimal || outcome.Tests != r.tests {
			t.Fatalf("%+v of %v after %d tests", outcome, items, r.tests)
		}
		for i, item := range outcome.Items {
			for _, variant := range halves(item) {
				simpler := slices.Clone(outcome.Items)
				simpler[i] = variant
				if fails(simpler) {
					t.Fatalf("%v fails, and so does %v", outcome.Items, simpler)
				}
			}
		}
		if r.tests == 0 {
			return
		}
		budget := rapid.IntRange(1, r.tests).Draw(t, "budget")
		short := Simplify(items, halves, fails, Options{Budget: budget})
		if short.Tests > budget || short.Minimal != (budget == r.tests) || !fails(short.Items) {
			t.Fatalf("with %d of %d tests: %+v", budget, r.tests, short)
		}
	})
}

func TestSimplifyReportsProgress(t *testing.T) {
	var calls int
	outcome := Simplify([]int{9, 4}, halves, func(list []int) bool { return list[0] >= 3 }, Options{
		Progress: func(left, _ int) {
			if left != 2 {
				t.Errorf("left %d of 2", left)
			}
			calls++
		},
	})
	if !slices.Equal(outcome.Items, []int{3, 0}) || calls < 2 {
		t.Errorf("%v after %d steps", outcome.Items, calls)
	}
}
