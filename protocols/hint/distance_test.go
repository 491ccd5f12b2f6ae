package hint

import (
	"testing"

	"pgregory.net/rapid"
)

// The distance is a metric on these short names, but for the triangle that
// swaps break, and one edit is a distance of one.
func TestDistance(t *testing.T) {
	word := rapid.StringOfN(rapid.RuneFrom([]rune("abc")), 0, 6, -1)
	rapid.Check(t, func(t *rapid.T) {
		a, b := word.Draw(t, "a"), word.Draw(t, "b")
		d := distance(a, b)
		if d != distance(b, a) || (d == 0) != (a == b) || d > max(len(a), len(b)) || d < len(a)-len(b) {
			t.Fatalf("distance of %q and %q is %d, and back %d", a, b, d, distance(b, a))
		}
		i := rapid.IntRange(0, len(a)).Draw(t, "place")
		if d := distance(a, a[:i]+"x"+a[i:]); d != 1 {
			t.Fatalf("a letter more in %q: %d", a, d)
		}
	})
	if d := distance("mdoe", "mode"); d != 1 {
		t.Errorf("swapped letters: %d", d)
	}
}
