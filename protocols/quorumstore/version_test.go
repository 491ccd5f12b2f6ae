package quorumstore

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"quorumlab/protocols"
	"quorumlab/protocols/machine"
)

// ordered draws what a replica may hold of a key that has ordered versions.
func ordered(t *rapid.T) []Version {
	if rapid.IntRange(0, 4).Draw(t, "absent") == 0 {
		return nil
	}
	s := Stamp{
		Time: int64(rapid.IntRange(-1, 2).Draw(t, "time")), Node: protocols.NodeID(rapid.IntRange(1, 2).Draw(t, "node")),
		Client: protocols.ClientID(rapid.IntRange(1, 2).Draw(t, "client")), Request: uint64(rapid.IntRange(1, 2).Draw(t, "request")),
	}
	return []Version{{Stamp: s, Value: "v"}}
}

// siblingReplicas draws a small history of writes with siblings: each writer has merged what
// some of the earlier replicas held.
func siblingReplicas(t *rapid.T) [][]Version {
	replicas := [][]Version{{{Value: "given"}}, nil, nil}
	requests := map[protocols.ClientID]uint64{}
	for range rapid.IntRange(1, 8).Draw(t, "steps") {
		a, b := rapid.IntRange(0, 2).Draw(t, "a"), rapid.IntRange(0, 2).Draw(t, "b")
		if rapid.Bool().Draw(t, "merge") {
			replicas[a] = merge(replicas[a], replicas[b])
			continue
		}
		client := protocols.ClientID(rapid.IntRange(1, 3).Draw(t, "client"))
		requests[client]++
		v := Version{Stamp: Stamp{Client: client, Request: requests[client]}, Value: "w"}
		v.Context = context(replicas[a])
		if v.Stamp.Request > 1 {
			v.Context = join(v.Context, []Seen{{client, v.Stamp.Request - 1}})
		}
		replicas[b] = merge(replicas[b], []Version{v})
	}
	return replicas
}

func sameStamp(a, b Version) bool { return a.Stamp == b.Stamp }

// Merging is the join of a semilattice: that is all that makes replicas converge.
// (Of which of two versions that stay it is known that it replaced a third may
// depend on the order, until they meet.)
func TestMergeIsAJoin(t *testing.T) {
	for name, draw := range map[string]func(*rapid.T) [][]Version{
		"ordered":  func(t *rapid.T) [][]Version { return [][]Version{ordered(t), ordered(t), ordered(t)} },
		"siblings": siblingReplicas,
	} {
		t.Run(name, rapid.MakeCheck(func(t *rapid.T) {
			r := draw(t)
			a, b, c := r[0], r[1], r[2]
			ab := merge(a, b)
			if !same(ab, merge(b, a)) {
				t.Fatalf("%v and %v: %v, the other way %v", a, b, ab, merge(b, a))
			}
			left, right, third := merge(ab, c), merge(a, merge(b, c)), merge(merge(a, c), b)
			if !slices.EqualFunc(left, right, sameStamp) || !slices.EqualFunc(left, third, sameStamp) {
				t.Fatalf("%v, %v, %v: %v or %v or %v", a, b, c, left, right, third)
			}
			if met := merge(left, right); !same(met, merge(right, left)) || !slices.EqualFunc(left, met, sameStamp) {
				t.Fatalf("%v meets %v: %v", left, right, met)
			}
			if !same(merge(a, a), a) || !same(merge(ab, a), ab) || !coversAll(ab, a) || !coversAll(ab, b) {
				t.Fatalf("%v and %v give %v", a, b, ab)
			}
		}))
	}
}

// A version is gone from a merge only if one that stays has seen it, or comes
// from the same client later.
func TestSiblingsAreNotLost(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := siblingReplicas(t)
		merged := merge(merge(r[0], r[1]), r[2])
		for _, replica := range r {
			for _, v := range replica {
				if v.Stamp.initial() {
					continue
				}
				stays := slices.ContainsFunc(merged, func(m Version) bool { return m.Stamp == v.Stamp })
				known := slices.ContainsFunc(merged, func(m Version) bool { return seen(m.Context, v.Stamp) })
				if !stays && !known {
					t.Fatalf("%v is gone from %v", v, merged)
				}
				if stays && known {
					t.Fatalf("%v is replaced, and stays: %v", v, merged)
				}
			}
		}
	})
}

func TestResultShowsSiblings(t *testing.T) {
	held := []Version{{Value: "a"}, {Deleted: true}, {Value: "b"}}
	if got, values := result(held); values != 2 || got != (machine.Result{Value: "a" + machine.Siblings + "b", Found: true}) {
		t.Error(got, values)
	}
	if got, values := result(held[1:2]); values != 0 || got.Found {
		t.Error(got, values)
	}
}

func TestTombstonesExpire(t *testing.T) {
	tombstone := []Version{{Deleted: true, At: time.Second}}
	if expired(tombstone, 2*time.Second, 2*time.Second) || !expired(tombstone, 3*time.Second, 2*time.Second) {
		t.Error("the age of a tombstone is not what was given")
	}
	if expired(append(tombstone, Version{Value: "x"}), time.Hour, time.Second) {
		t.Error("a value expires")
	}
}
