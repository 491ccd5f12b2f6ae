package sim

import (
	"cmp"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// TestQueueGivesTheEarliestFirst compares with a sorted slice; of equal
// instants the lower number comes first.
func TestQueueGivesTheEarliestFirst(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var q queue
		var model []due
		number := uint64(0)
		for range rapid.IntRange(0, 300).Draw(t, "operations") {
			if len(model) == 0 || rapid.IntRange(0, 2).Draw(t, "push") > 0 {
				number++
				d := due{at: time.Duration(rapid.IntRange(0, 9).Draw(t, "at")), number: number, choice: Choice{ID: number}}
				q.push(d)
				model = append(model, d)
				continue
			}
			slices.SortFunc(model, func(a, b due) int {
				return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.number, b.number))
			})
			if got := q.pop(); got != model[0] {
				t.Fatalf("got %+v, want %+v", got, model[0])
			}
			model = model[1:]
			if len(q) != len(model) {
				t.Fatalf("%d in the queue, want %d", len(q), len(model))
			}
		}
	})
}
