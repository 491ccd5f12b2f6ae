package paxos_test

import (
	"slices"
	"testing"
	"time"

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

// TestProperties: whatever strikes, Paxos is linearizable and breaks none of its
// invariants, and once all is repaired it serves again.
func TestProperties(t *testing.T) {
	labtest.Check(t, labtest.Space{
		Protocol: "paxos", Parameters: parameters(), Nodes: []int{3, 5, 4, 1, 2},
		Faults: slices.DeleteFunc(language.FaultKinds(), func(kind language.FaultKind) bool {
			return kind == language.FaultMembership
		}),
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
