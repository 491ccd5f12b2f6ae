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

// TestPropertiesOfLeases: with clocks that are as wrong as the bound allows, and
// change their rate at any time within it, a lease is as good as a quorum, while
// nodes crash, disks are lost and members change.
func TestPropertiesOfLeases(t *testing.T) {
	parameters := parameters()
	parameters["reads"] = []string{"lease"}
	parameters["lease"], parameters["drift"] = []string{"2", "1", "8"}, []string{"10%"}
	faults := slices.DeleteFunc(language.FaultKinds(), func(kind language.FaultKind) bool {
		return kind == language.FaultClock
	})
	labtest.Check(t, labtest.Space{
		Protocol: "paxos", Parameters: parameters, Nodes: []int{3, 5, 4, 2}, Faults: faults,
		Shape: func(t *rapid.T, run *language.Run) {
			if rapid.Bool().Draw(t, "disks are lost") {
				loseDisks(t, run)
			}
			driftWithin(t, run, 100_000)
		},
	})
}

// driftWithin has every clock run wrong by up to a share, in parts per million, and
// change that now and then.
func driftWithin(t *rapid.T, run *language.Run, most int) {
	for i := range run.Cluster.Nodes {
		node := &run.Cluster.Nodes[i]
		for _, at := range []time.Duration{0, 5 * time.Second, 8 * time.Second} {
			drift := int64(rapid.SampledFrom([]int{-most, most, 0, most / 2}).Draw(t, "drift"))
			if at == 0 {
				node.Drift = drift
				continue
			}
			run.Timeline = append(run.Timeline, language.Entry{
				At: at, Action: language.ClockDrift{Node: language.Target{Node: node.ID}, Drift: drift},
			})
		}
	}
	slices.SortStableFunc(run.Timeline, func(a, b language.Entry) int { return cmp.Compare(a.At, b.At) })
}

// TestPropertiesOfFlexibleQuorums: quorums of the two phases may be of any size, if
// only each of the first meets each of the second.
func TestPropertiesOfFlexibleQuorums(t *testing.T) {
	for _, quorums := range [][2]string{{"4", "2"}, {"2", "4"}, {"5", "1"}, {"1", "5"}} {
		t.Run("q1="+quorums[0]+" q2="+quorums[1], func(t *testing.T) {
			parameters := parameters()
			parameters["q1"], parameters["q2"] = quorums[:1], quorums[1:]
			parameters["reads"] = []string{"index", "lease"}
			faults := slices.DeleteFunc(otherFaults(), func(kind language.FaultKind) bool {
				return kind == language.FaultClock // a clock that is set breaks leases
			})
			labtest.Check(t, labtest.Space{Protocol: "paxos", Parameters: parameters, Nodes: []int{5}, Faults: faults})
		})
	}
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
