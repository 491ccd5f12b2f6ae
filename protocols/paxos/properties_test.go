package paxos_test

import (
	"cmp"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"quorumlab/protocols"
	"quorumlab/scenarios/labtest"
	"quorumlab/scenarios/language"
)

// parameters are those that the property tests draw from.
func parameters() map[string][]string {
	return map[string][]string{
		"reads": {"index", "log"}, "prevote": {"on", "off"}, "alpha": {"64", "1", "5"},
		"batch": {"64", "1"}, "pipeline": {"8", "1"}, "snapshot": {"1000", "3"}, "retain": {"200", "0"},
		"part": {"65536", "100"}, "session": {"0", "10"}, "electionTimeout": {"5", "2"},
	}
}

// otherFaults are all kinds but changes of members.
func otherFaults() []language.FaultKind {
	return slices.DeleteFunc(language.FaultKinds(), func(kind language.FaultKind) bool {
		return kind == language.FaultMembership
	})
}

// TestProperties: whatever strikes, Paxos is linearizable and breaks none of its
// invariants, and once all is repaired it serves again.
func TestProperties(t *testing.T) {
	labtest.Check(t, labtest.Space{
		Protocol: "paxos", Parameters: parameters(), Nodes: []int{3, 5, 4, 1, 2}, Faults: otherFaults(),
		Liveness: 14 * time.Second,
	})
}

// TestPropertiesOfMembers: the same while members change.
func TestPropertiesOfMembers(t *testing.T) {
	labtest.Check(t, labtest.Space{
		Protocol: "paxos", Parameters: parameters(), Nodes: []int{3, 5, 4, 2}, Faults: language.FaultKinds(),
		Liveness: 14 * time.Second,
	})
}

// TestPropertiesOfLostDisks: the same while disks are lost, and empty ones take
// their place.
func TestPropertiesOfLostDisks(t *testing.T) {
	labtest.Check(t, labtest.Space{
		Protocol: "paxos", Parameters: parameters(), Nodes: []int{3, 5, 4}, Faults: otherFaults(),
		Liveness: 14 * time.Second, Shape: loseDisks,
	})
}

// TestPropertiesOfMembersAndLostDisks: nothing goes wrong even if no quorum of the
// members is left. Of progress nothing is promised then: what a sole member had
// accepted is gone.
func TestPropertiesOfMembersAndLostDisks(t *testing.T) {
	labtest.Check(t, labtest.Space{
		Protocol: "paxos", Parameters: parameters(), Nodes: []int{3, 5, 4}, Faults: language.FaultKinds(),
		Shape: loseDisks,
	})
}

// loseDisks has one disk of three or four be lost, and up to two of five.
func loseDisks(t *rapid.T, run *language.Run) {
	nodes := len(run.Cluster.Nodes)
	for range (nodes - 1) / 2 {
		node := language.Target{Node: protocols.NodeID(rapid.IntRange(1, nodes).Draw(t, "loses its disk"))}
		at := time.Duration(rapid.IntRange(3000, 10_000).Draw(t, "loses it at")) * time.Millisecond
		run.Timeline = append(run.Timeline,
			language.Entry{At: at, Action: language.DiskLost{Node: node}},
			language.Entry{At: at + time.Second, Action: language.Restart{Node: node}})
	}
	slices.SortStableFunc(run.Timeline, func(a, b language.Entry) int { return cmp.Compare(a.At, b.At) })
}

// TestPropertiesOfTheSynod: where every node proposes nothing is promised of
// progress, but all else holds; with one slot, too.
func TestPropertiesOfTheSynod(t *testing.T) {
	labtest.Check(t, labtest.Space{
		Protocol: "paxos",
		Parameters: map[string][]string{
			"proposers": {"all"}, "backoff": {"on", "off"}, "slots": {"0", "1", "20"}, "alpha": {"64", "2"},
		},
		Nodes:  []int{3, 2, 5},
		Faults: language.FaultKinds(),
	})
}
