package network

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"quorumlab/protocols"
)

// Pair names an ordered link, for a partition that cuts it.
type Pair struct{ From, To protocols.NodeID }

// Partition is a named set of cut links. Partitions may overlap: a link works
// only when no partition cuts it, so healing one never heals another.
type Partition struct {
	Name string
	// Pairs grow, by From and then To, without repetition.
	Pairs []Pair
}

// Cut puts a partition in force. One of the same name is replaced. An error
// names a pair that is no link of the network; then nothing changed.
func (n *Network) Cut(name string, pairs []Pair) error {
	for _, p := range pairs {
		if p.From == p.To || !n.has(p.From) || !n.has(p.To) {
			return fmt.Errorf("partition %q: no link from node %d to node %d among %d nodes",
				name, p.From, p.To, n.Nodes)
		}
	}
	n.Heal(name)
	i, _ := n.partition(name)
	pairs = sortedPairs(slices.Clone(pairs))
	n.Partitions = slices.Insert(n.Partitions, i, Partition{Name: name, Pairs: pairs})
	for _, p := range pairs {
		n.Severed[n.place(p.From, p.To)]++
	}
	return nil
}

// Heal ends a partition. It reports false if none of this name is in force.
func (n *Network) Heal(name string) bool {
	i, found := n.partition(name)
	if !found {
		return false
	}
	for _, p := range n.Partitions[i].Pairs {
		n.Severed[n.place(p.From, p.To)]--
	}
	n.Partitions = slices.Delete(n.Partitions, i, i+1)
	return true
}

// Mend takes some links out of every partition that cuts them. A partition of
// which no link is left ends.
func (n *Network) Mend(pairs []Pair) {
	for i := range n.Partitions {
		partition := &n.Partitions[i]
		partition.Pairs = slices.DeleteFunc(partition.Pairs, func(p Pair) bool {
			mended := slices.Contains(pairs, p)
			if mended {
				n.Severed[n.place(p.From, p.To)]--
			}
			return mended
		})
	}
	n.Partitions = slices.DeleteFunc(n.Partitions, func(p Partition) bool { return len(p.Pairs) == 0 })
}

// HealAll ends all partitions.
func (n *Network) HealAll() {
	n.Partitions = nil
	clear(n.Severed)
}

// Reachable reports whether no partition cuts the link from one node to
// another. It says nothing of the way back.
func (n *Network) Reachable(from, to protocols.NodeID) bool {
	return n.Severed[n.place(from, to)] == 0
}

func (n *Network) has(node protocols.NodeID) bool {
	return node >= 1 && int(node) <= n.Nodes
}

func (n *Network) partition(name string) (int, bool) {
	return slices.BinarySearchFunc(n.Partitions, name, func(p Partition, name string) int {
		return strings.Compare(p.Name, name)
	})
}

func sortedPairs(pairs []Pair) []Pair {
	slices.SortFunc(pairs, func(a, b Pair) int {
		return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To))
	})
	return slices.Compact(pairs)
}
