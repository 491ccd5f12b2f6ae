package language

import (
	"reflect"
	"testing"

	"quorumlab/network"
	"quorumlab/protocols"
)

// cuts writes a partition of five nodes, of which n4 leads and nobody else is
// up, and returns what it cuts.
func cuts(t *testing.T, partition string) []network.Pair {
	t.Helper()
	s := parse(t, "name: x\nprotocol: zab\ncluster: {nodes: 5}\ntimeline: [{at: 1s, partition: "+partition+"}]")
	return s.Runs[0].Timeline[0].Action.(Partition).Cuts(5, func(target Target) protocols.NodeID {
		if target.Role == Leader {
			return 4
		}
		return target.Node
	})
}

// TestCuts compares every form of partition with the preset it stands for.
func TestCuts(t *testing.T) {
	type ids = []protocols.NodeID
	for partition, want := range map[string][]network.Pair{
		"[[n1, n2], [n3, n4, n5]]":                network.Split(ids{1, 2}, ids{3, 4, 5}),
		"[[n1], [n2], [rest]]":                    network.Split(ids{1}, ids{2}, ids{3, 4, 5}),
		"[[leader, n5], [n4, rest]]":              network.Split(ids{4, 5}, ids{1, 2, 3}),
		"[[a-follower, n1], [rest]]":              network.Split(ids{1}, ids{2, 3, 4, 5}),
		"{isolate: leader}":                       network.Isolate(5, 4),
		"{minority: leader}":                      network.Minority(5, 4),
		"{majority: n2}":                          network.Majority(5, 2),
		"{bridge: n3}":                            network.Bridge(5, 3),
		"{bridge: a-follower}":                    nil,
		"ring":                                    network.Ring(5),
		"{one-way: {from: n1, to: [n2, leader]}}": {{From: 1, To: 2}, {From: 1, To: 4}},
		"{cut: [n5 -> n1, n2 <-> n1, n1 -> n2]}":  {{From: 1, To: 2}, {From: 2, To: 1}, {From: 5, To: 1}},
		"{cut: [leader -> n4, any -> n1, n3→n1]}": {{From: 3, To: 1}},
	} {
		if got := cuts(t, partition); !reflect.DeepEqual(got, want) {
			t.Errorf("%s cuts %v, want %v", partition, got, want)
		}
	}
}
