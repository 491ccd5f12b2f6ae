package hint_test

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"quorumlab/protocols/hint"
)

func TestNearest(t *testing.T) {
	known := []string{"zab", "primarybackup", "durability", "one-leader-an-epoch"}
	for _, c := range []struct{ name, want string }{
		{"zba", "zab"},
		{"ZAB", "zab"},
		{"primarybakcup", "primarybackup"},
		{"durabiltiy", "durability"},
		{"one-leader", "one-leader-an-epoch"},
		{"paxos", ""},
		{"", ""},
		{strings.Repeat("x", 1000), ""},
	} {
		if got := hint.Nearest(c.name, known); got != c.want {
			t.Errorf("Nearest(%.20q) = %q, want %q", c.name, got, c.want)
		}
	}
}

// TestNearestIsKnown: whatever is proposed is one of the names that there are,
// and a name that there is means itself.
func TestNearestIsKnown(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		known := rapid.SliceOf(rapid.String()).Draw(t, "known")
		name := rapid.String().Draw(t, "name")
		if got := hint.Nearest(name, known); got != "" && !slices.Contains(known, got) {
			t.Fatalf("Nearest(%q, %q) = %q", name, known, got)
		}
		if got := hint.Nearest(name, []string{name}); got != name {
			t.Fatalf("Nearest(%q) of itself is %q", name, got)
		}
	})
}

func TestFor(t *testing.T) {
	for _, c := range []struct {
		name  string
		known []string
		want  string
	}{
		{"zba", []string{"zab", "paxos"}, "did you mean \"zab\"?"},
		{"raft", []string{"zab", "paxos"}, "there are: zab, paxos"},
		{"raft", nil, "there are none"},
	} {
		if got := hint.For(c.name, c.known); got != c.want {
			t.Errorf("For(%q, %v) = %q, want %q", c.name, c.known, got, c.want)
		}
	}
}
