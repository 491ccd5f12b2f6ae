package network

import "quorumlab/protocols"

// The functions below return the links that a partition of a usual shape cuts,
// growing, for Cut. nodes is the size of the network. They panic if a node is
// not in it.

// Split cuts the groups from each other, both ways. Nodes in no group keep all
// their links.
func Split(groups ...[]protocols.NodeID) []Pair {
	var pairs []Pair
	for i, group := range groups {
		for _, other := range groups[i+1:] {
			for _, a := range group {
				for _, b := range other {
					pairs = append(pairs, Pair{a, b}, Pair{b, a})
				}
			}
		}
	}
	return sortedPairs(pairs)
}

// Isolate cuts one node from all others, both ways.
func Isolate(nodes int, node protocols.NodeID) []Pair {
	return Split([]protocols.NodeID{node}, others(nodes, node))
}

// OneWay cuts what goes from one node to another, and leaves the way back.
func OneWay(from, to protocols.NodeID) []Pair {
	return []Pair{{from, to}}
}

// Partial cuts two nodes from each other; all others still reach both.
func Partial(a, b protocols.NodeID) []Pair {
	return Split([]protocols.NodeID{a}, []protocols.NodeID{b})
}

// Bridge cuts the nodes other than node into a lower and an upper half (the
// lower is the larger if they are odd in number), which meet only in node.
func Bridge(nodes int, node protocols.NodeID) []Pair {
	rest := others(nodes, node)
	half := (len(rest) + 1) / 2
	return Split(rest[:half], rest[half:])
}

// Ring leaves to each node its two neighbours, the last and the first being
// neighbours too.
func Ring(nodes int) []Pair {
	var pairs []Pair
	for i := range nodes {
		for j := range nodes {
			if distance := (j - i + nodes) % nodes; distance > 1 && distance < nodes-1 {
				pairs = append(pairs, Pair{protocols.NodeID(i + 1), protocols.NodeID(j + 1)})
			}
		}
	}
	return pairs
}

// Majority cuts off the largest minority without node: node and its
// successors, round the end, are the smallest majority. With fewer than three
// nodes there is nothing to cut.
func Majority(nodes int, node protocols.NodeID) []Pair {
	return splitAfter(nodes, node, nodes/2+1)
}

// Minority cuts off the largest minority with node: node and its successors,
// round the end; of two nodes, node alone.
func Minority(nodes int, node protocols.NodeID) []Pair {
	return splitAfter(nodes, node, max(1, (nodes-1)/2))
}

func splitAfter(nodes int, node protocols.NodeID, size int) []Pair {
	rest := others(nodes, node)
	successors := append(rest[node-1:len(rest):len(rest)], rest[:node-1]...)
	group := append([]protocols.NodeID{node}, successors[:size-1]...)
	return Split(group, successors[size-1:])
}

// others returns all nodes but one, growing.
func others(nodes int, node protocols.NodeID) []protocols.NodeID {
	if node < 1 || int(node) > nodes {
		panic("network: a partition names a node that does not exist")
	}
	rest := make([]protocols.NodeID, 0, nodes-1)
	for i := range nodes {
		if other := protocols.NodeID(i + 1); other != node {
			rest = append(rest, other)
		}
	}
	return rest
}
