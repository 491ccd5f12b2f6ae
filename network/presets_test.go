package network

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"quorumlab/protocols"
)

// reach draws who reaches whom under a partition: a row per sender.
func reach(t *testing.T, nodes int, pairs []Pair) string {
	t.Helper()
	n := New(nodes, protocols.Datagram)
	if err := n.Cut("preset", pairs); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(n.Partitions[0].Pairs, pairs) {
		t.Errorf("pairs do not grow, or repeat: %v", pairs)
	}
	var rows []string
	for f := range nodes {
		row := make([]byte, nodes)
		for to := range nodes {
			switch {
			case f == to:
				row[to] = '\\'
			case n.Reachable(protocols.NodeID(f+1), protocols.NodeID(to+1)):
				row[to] = '+'
			default:
				row[to] = '.'
			}
		}
		rows = append(rows, string(row))
	}
	return strings.Join(rows, " ")
}

func TestPresets(t *testing.T) {
	type group = []protocols.NodeID
	for _, test := range []struct {
		name  string
		nodes int
		pairs []Pair
		want  string
	}{
		{"split nothing", 3, Split(), `\++ +\+ ++\`},
		{"split 2 3", 5, Split(group{1, 4}, group{2, 3, 5}), `\..+. .\+.+ .+\.+ +..\. .++.\`},
		{"split in three", 4, Split(group{3}, group{1}, group{2, 4}), `\... .\.+ ..\. .+.\`},
		{"split leaves one out", 3, Split(group{1}, group{3}), `\+. +\+ .+\`},
		{"isolate", 3, Isolate(3, 2), `\.+ .\. +.\`},
		{"isolate the only one", 1, Isolate(1, 1), `\`},
		{"one way", 3, OneWay(3, 1), `\++ +\+ .+\`},
		{"partial", 3, Partial(3, 1), `\+. +\+ .+\`},
		{"bridge of 5", 5, Bridge(5, 3), `\++.. +\+.. ++\++ ..+\+ ..++\`},
		{"bridge of 4, first", 4, Bridge(4, 1), `\+++ +\+. ++\. +..\`},
		{"bridge of 2", 2, Bridge(2, 1), `\+ +\`},
		{"ring of 5", 5, Ring(5), `\+..+ +\+.. .+\+. ..+\+ +..+\`},
		{"ring of 3", 3, Ring(3), `\++ +\+ ++\`},
		{"ring of 2", 2, Ring(2), `\+ +\`},
		{"ring of 1", 1, Ring(1), `\`},
		{"majority of 5", 5, Majority(5, 4), `\..++ .\+.. .+\.. +..\+ +..+\`},
		{"minority of 5", 5, Minority(5, 4), `\++.. +\+.. ++\.. ...\+ ...+\`},
		{"majority of 4", 4, Majority(4, 3), `\.++ .\.. +.\+ +.+\`},
		{"minority of 4", 4, Minority(4, 4), `\++. +\+. ++\. ...\`},
		{"majority of 3", 3, Majority(3, 1), `\+. +\. ..\`},
		{"minority of 3", 3, Minority(3, 1), `\.. .\+ .+\`},
		{"majority of 2", 2, Majority(2, 2), `\+ +\`},
		{"minority of 2", 2, Minority(2, 2), `\. .\`},
		{"majority of 1", 1, Majority(1, 1), `\`},
		{"minority of 1", 1, Minority(1, 1), `\`},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := reach(t, test.nodes, test.pairs); got != test.want {
				t.Errorf("who reaches whom:\n got %s\nwant %s", got, test.want)
			}
		})
	}
}

func TestPresetsRefuseUnknownNodes(t *testing.T) {
	for _, node := range []protocols.NodeID{0, 4} {
		for name, preset := range map[string]func(int, protocols.NodeID) []Pair{
			"Isolate": Isolate, "Bridge": Bridge, "Majority": Majority, "Minority": Minority,
		} {
			expectPanic(t, fmt.Sprintf("%s(3, %d)", name, node), func() { preset(3, node) })
		}
	}
}

func TestPartitionsOverlap(t *testing.T) {
	n := New(3, protocols.Datagram)
	cut := func(name string, pairs []Pair) {
		t.Helper()
		if err := n.Cut(name, pairs); err != nil {
			t.Fatal(err)
		}
	}
	state := func(want string) {
		t.Helper()
		var got strings.Builder
		for _, p := range []Pair{{1, 2}, {2, 1}, {1, 3}} {
			fmt.Fprint(&got, n.Reachable(p.From, p.To), " ")
		}
		if strings.TrimSpace(got.String()) != want {
			t.Errorf("1->2, 2->1, 1->3 reachable: %s, want %s", got.String(), want)
		}
	}
	state("true true true")
	cut("b", Isolate(3, 1))
	state("false false false")
	cut("a", append(OneWay(1, 2), OneWay(1, 2)...)) // a repeated pair counts once
	if !n.Heal("b") {
		t.Error("b was not in force")
	}
	state("false true true")
	cut("a", OneWay(2, 1)) // replaces
	state("true false true")
	if n.Heal("b") {
		t.Error("b is healed twice")
	}
	for _, wrong := range []Pair{{0, 1}, {1, 4}, {2, 2}} {
		if err := n.Cut("a", []Pair{{1, 3}, wrong}); err == nil {
			t.Errorf("%v can be cut", wrong)
		}
	}
	state("true false true") // an error changes nothing
	cut("c", Isolate(3, 2))
	n.HealAll()
	state("true true true")
	if len(n.Partitions) != 0 {
		t.Errorf("partitions left: %v", n.Partitions)
	}
}

func TestPartitionsAreCanonical(t *testing.T) {
	one, other := New(3, protocols.Stream), New(3, protocols.Stream)
	for _, step := range []struct {
		n    *Network
		name string
		p    []Pair
	}{
		{one, "x", Isolate(3, 1)},
		{one, "y", []Pair{{2, 1}, {1, 2}}},
		{other, "z", Ring(3)},
		{other, "y", []Pair{{1, 2}, {2, 1}}},
		{other, "x", Isolate(3, 1)},
	} {
		if err := step.n.Cut(step.name, step.p); err != nil {
			t.Fatal(err)
		}
	}
	other.Heal("z")
	if a, b := fmt.Sprintf("%#v", *one), fmt.Sprintf("%#v", *other); a != b {
		t.Errorf("the same partitions differ:\n%s\n%s", a, b)
	}
}
