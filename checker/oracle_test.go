package checker_test

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"quorumlab/checker"
	"quorumlab/protocols"
)

// oracle judges deliveries by the letter of each property, over all sequences
// of all lives, after every step: slow, and without a thought in common with
// the tree of package checker.
type oracle struct {
	sequences [][]int // of transactions; the last of each node is its present one
	current   map[protocols.NodeID]int
	primary   map[int]protocols.NodeID // who broadcast a transaction
	order     []int                    // all broadcasts, in that order
	start     map[tx]int               // of a primary (node as slot): a copy in starts
	starts    [][]int
}

// term is the epoch of a transaction of the universe below.
func term(x int) uint64 { return universe[x].term }

// universe are the transactions that nodes may broadcast.
var universe = []tx{
	{1, 1, "a"},
	{1, 2, "b"},
	{1, 3, "c"},
	{2, 4, "d"},
	{2, 5, "e"},
	{2, 5, "another e"},
	{3, 6, "f"},
	{3, 7, "g"},
}

func newOracle() *oracle {
	return &oracle{
		current: map[protocols.NodeID]int{}, primary: map[int]protocols.NodeID{}, start: map[tx]int{},
	}
}

func (o *oracle) sequence(n protocols.NodeID) *[]int {
	if _, known := o.current[n]; !known {
		o.boot(n)
	}
	return &o.sequences[o.current[n]]
}

func (o *oracle) boot(n protocols.NodeID) {
	o.current[n] = len(o.sequences)
	o.sequences = append(o.sequences, nil)
}

func (o *oracle) broadcast(n protocols.NodeID, x int) {
	if _, done := o.primary[x]; done {
		return
	}
	o.primary[x] = n
	o.order = append(o.order, x)
	reign := tx{term: term(x), slot: uint64(n)}
	if _, began := o.start[reign]; !began {
		o.start[reign] = len(o.starts)
		o.starts = append(o.starts, slices.Clone(*o.sequence(n)))
	}
}

// violated returns the properties that do not hold now.
func (o *oracle) violated() map[string]bool {
	v := map[string]bool{}
	for i, s := range o.sequences {
		for j, t := range o.sequences {
			if !begins(s, t) && !begins(t, s) {
				v["prefix"] = true
			}
			if lacks(s, t) && lacks(t, s) && o.longest(i) && o.longest(j) {
				v["zab-agreement"] = true
			}
			if !ordered(s, t) {
				v["zab-total-order"] = true
			}
		}
		o.judgePrimaries(s, v)
	}
	for reign, at := range o.start {
		for _, s := range o.sequences {
			for _, x := range s {
				if term(x) < reign.term && !slices.Contains(o.starts[at], x) {
					v["primary-integrity"] = true
				}
			}
		}
	}
	return v
}

func (o *oracle) judgePrimaries(s []int, v map[string]bool) {
	for i, b := range s {
		for _, a := range o.order[:slices.Index(o.order, b)] {
			same := o.primary[a] == o.primary[b] && term(a) == term(b)
			if same && !slices.Contains(s[:i], a) {
				v["local-primary-order"] = true
			}
		}
		for _, a := range s[:i] {
			if term(a) > term(b) {
				v["global-primary-order"] = true
			}
		}
	}
}

// longest tells whether no sequence goes on where this one ends.
func (o *oracle) longest(i int) bool {
	s := o.sequences[i]
	return !slices.ContainsFunc(o.sequences, func(t []int) bool { return len(t) > len(s) && begins(s, t) })
}

func begins(s, t []int) bool { return len(s) <= len(t) && slices.Equal(s, t[:len(s)]) }

// lacks tells whether t has something that s has not.
func lacks(s, t []int) bool {
	return slices.ContainsFunc(t, func(x int) bool { return !slices.Contains(s, x) })
}

// ordered tells whether t has delivered, before any b, each a that s delivered
// before b. Nothing comes before itself.
func ordered(s, t []int) bool {
	for i, b := range s {
		at := slices.Index(t, b)
		if at < 0 {
			continue
		}
		for _, a := range s[:i] {
			if !slices.Contains(t[:at], a) {
				return false
			}
		}
	}
	return true
}

// Whatever nodes do, the set finds just what the letter of the properties says,
// at the same step.
func TestSetAgreesWithOracle(t *testing.T) {
	properties := []string{
		"zab-total-order", "zab-agreement", "prefix", "local-primary-order", "global-primary-order", "primary-integrity",
	}
	seen := map[string]int{}
	rapid.Check(t, func(t *rapid.T) {
		o := newOracle()
		set, err := checker.NewSet(properties...)
		if err != nil {
			t.Fatal(err)
		}
		first := map[string]uint64{}
		var acts []act
		for step := range rapid.IntRange(10, 60).Draw(t, "steps") {
			acts = append(acts, draw(t, o))
			for name := range o.violated() {
				if first[name] == 0 {
					first[name] = uint64(step + 1)
					seen[name]++
				}
			}
		}
		play(t, acts, set)
		for _, f := range set.Findings() {
			if f.Step != first[f.Property] || (f.Verdict == checker.Violated) != (f.Step > 0) {
				t.Fatalf("%+v, the oracle says step %d", f, first[f.Property])
			}
		}
	})
	for _, name := range properties {
		if seen[name] == 0 {
			t.Errorf("%s was never violated: the test shows nothing of it", name)
		}
	}
}

// draw draws what happens next: mostly deliveries, mostly of what another node
// delivered at that place, so that runs go wrong late enough.
func draw(t *rapid.T, o *oracle) act {
	n := protocols.NodeID(rapid.IntRange(1, 3).Draw(t, "node"))
	switch kind := rapid.IntRange(0, 9).Draw(t, "kind"); {
	case kind == 0:
		o.boot(n)
		return boots(n)
	case kind <= 3 || len(o.order) == 0:
		x := rapid.IntRange(0, len(universe)-1).Draw(t, "broadcast")
		if kind > 1 {
			n = protocols.NodeID(term(x)) // mostly one primary an epoch
		}
		o.broadcast(n, x)
		return casts(n, universe[x])
	default:
		x := o.order[rapid.IntRange(0, len(o.order)-1).Draw(t, "delivered")]
		own := o.sequence(n)
		if kind > 5 {
			for _, s := range o.sequences {
				if len(s) > len(*own) {
					x = s[len(*own)]
				}
			}
		}
		*own = append(*own, x)
		return delivers(n, universe[x])
	}
}
