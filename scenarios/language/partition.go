package language

import (
	"cmp"
	"slices"

	"quorumlab/network"
	"quorumlab/protocols"
)

// Cuts returns the links that the partition cuts in a network of so many
// nodes, growing. resolve finds the node of a target whose role is not Rest,
// 0 if there is none: then that target is left out. It is asked once for each
// mention, in the order of the fields.
func (p Partition) Cuts(nodes int, resolve func(Target) protocols.NodeID) []network.Pair {
	switch p.Form {
	case FormRing:
		return network.Ring(nodes)
	case FormCut:
		return ResolvePairs(p.Pairs, resolve)
	case FormGroups:
		return network.Split(p.members(nodes, resolve)...)
	}
	node := resolve(p.Node)
	switch {
	case node == 0:
		return nil
	case p.Form == FormBridge:
		return network.Bridge(nodes, node)
	case p.Form == FormMinority:
		return network.Minority(nodes, node)
	case p.Form == FormMajority:
		return network.Majority(nodes, node)
	}
	panic("language: no partition of form " + string(p.Form))
}

// members returns the groups as nodes, each node in the first group that it
// is found in.
func (p Partition) members(nodes int, resolve func(Target) protocols.NodeID) [][]protocols.NodeID {
	taken := make([]bool, nodes+1)
	taken[0] = true
	groups := make([][]protocols.NodeID, len(p.Groups))
	rest := -1
	for i, group := range p.Groups {
		for _, target := range group {
			if target.Role == Rest {
				rest = i
				continue
			}
			if id := resolve(target); !taken[id] {
				taken[id] = true
				groups[i] = append(groups[i], id)
			}
		}
	}
	for id := 1; id <= nodes && rest >= 0; id++ {
		if !taken[id] {
			groups[rest] = append(groups[rest], protocols.NodeID(id))
		}
	}
	return groups
}

// ResolvePairs returns the ordered pairs, growing, each once, without those
// whose two targets turned out to be one node.
func ResolvePairs(pairs []TargetPair, resolve func(Target) protocols.NodeID) []network.Pair {
	out := make([]network.Pair, 0, len(pairs))
	for _, p := range pairs {
		pair := network.Pair{From: resolve(p.From), To: resolve(p.To)}
		if pair.From != pair.To && pair.From != 0 && pair.To != 0 {
			out = append(out, pair)
		}
	}
	slices.SortFunc(out, func(a, b network.Pair) int {
		return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To))
	})
	return slices.Compact(out)
}
