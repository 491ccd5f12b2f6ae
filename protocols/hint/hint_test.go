package hint_test

import (
	"strings"
	"testing"

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
