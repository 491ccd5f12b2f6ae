package quorumstore

import (
	"fmt"
	"slices"
	"testing"

	"quorumlab/protocols"
)

func ringOf(nodes, n int) Settings {
	s := Settings{Self: 1, N: n}
	for i := range nodes {
		s.Members = append(s.Members, protocols.NodeID(i+1))
	}
	s.Ring = newRing(s.Members)
	return s
}

// Every node gets a fair part of the keys, and a key's owners are different.
func TestRingSpreadsKeys(t *testing.T) {
	const keys = 10_000
	s := ringOf(5, 3)
	share := map[protocols.NodeID]int{}
	for i := range keys {
		order := s.preference(fmt.Sprint("key ", i))
		if sorted := slices.Sorted(slices.Values(order)); !slices.Equal(sorted, s.Members) {
			t.Fatalf("preference list %v", order)
		}
		for _, owner := range order[:s.N] {
			share[owner]++
		}
	}
	for node, owned := range share {
		if fair := keys * s.N / len(s.Members); owned < fair*6/10 || owned > fair*14/10 {
			t.Errorf("node %d owns %d keys, a fair part is %d", node, owned, fair)
		}
	}
}

// A node more takes keys from the others and moves none between them.
func TestRingIsConsistent(t *testing.T) {
	few, many := ringOf(4, 1), ringOf(5, 1)
	moved := 0
	for i := range 2_000 {
		key := fmt.Sprint("key ", i)
		before, after := few.owners(key)[0], many.owners(key)[0]
		if before != after {
			moved++
			if after != 5 {
				t.Fatalf("key %q moves from %d to %d", key, before, after)
			}
		}
	}
	if moved == 0 || moved > 1_000 {
		t.Errorf("%d of 2000 keys move", moved)
	}
}
