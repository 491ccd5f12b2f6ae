package linear

import (
	"cmp"
	"context"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// TestPointsExplainAnswers draws histories of a register that is one: every point
// lies within its operation, and in their order the answers are right.
func TestPointsExplainAnswers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var history History
		value, now := Value{}, int64(0)
		for id := range rapid.IntRange(1, 12).Draw(t, "operations") {
			// Each takes effect at an instant of its own, between those that its
			// client sees, which may overlap those of others.
			now += 10
			op := Operation{
				ID: id + 1, Session: uint64(id), Key: "x", Outcome: OK,
				Invoke: now - int64(rapid.IntRange(0, 30).Draw(t, "before")), Return: now + int64(rapid.IntRange(0, 30).Draw(t, "after")),
			}
			if rapid.Bool().Draw(t, "write") {
				value = Some(string(rune('a' + id)))
				op.Kind, op.In = Write, value
			} else {
				op.Kind, op.Out = Read, value
			}
			history = append(history, op)
		}
		points, err := Points(context.Background(), history, KV(), Options{})
		if err != nil || len(points) != len(history) {
			t.Fatalf("found %d points of %d, %v", len(points), len(history), err)
		}
		for _, op := range history {
			if at := points[op.ID]; at < op.Invoke || at > op.Return {
				t.Fatalf("operation %d takes effect at %d, and lasts from %d to %d", op.ID, at, op.Invoke, op.Return)
			}
		}
	})
}

// TestPointsOfASequence: where nothing overlaps, points are in the order of time.
func TestPointsOfASequence(t *testing.T) {
	history := History{
		{ID: 1, Key: "x", Kind: Write, In: Some("a"), Invoke: 0, Return: 10, Outcome: OK},
		{ID: 2, Key: "x", Kind: Read, Out: Some("a"), Invoke: 5, Return: 30, Outcome: OK},
		{ID: 3, Key: "x", Kind: Write, In: Some("b"), Invoke: 20, Return: 40, Outcome: OK},
		{ID: 4, Key: "x", Kind: Read, Out: Some("a"), Invoke: 50, Return: 60, Outcome: OK}, // stale
	}
	points, err := Points(context.Background(), history, KV(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, has := points[4]; has {
		t.Errorf("what nothing explains has a point: %v", points)
	}
	ids := []int{1, 2, 3}
	slices.SortStableFunc(ids, func(a, b int) int { return cmp.Compare(points[a], points[b]) })
	if !slices.Equal(ids, []int{1, 2, 3}) {
		t.Errorf("found %v", points)
	}
}
