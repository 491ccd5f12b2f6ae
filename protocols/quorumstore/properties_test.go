package quorumstore_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"quorumlab/scenarios"
	"quorumlab/scenarios/labtest"
	"quorumlab/scenarios/language"
)

// TestPropertiesOfTheRegister: with write-back, quorums that meet and clients that
// ask no second node, whatever strikes, every key is linearizable, and once all is
// repaired the nodes serve again.
func TestPropertiesOfTheRegister(t *testing.T) {
	labtest.Check(t, labtest.Space{
		Protocol: "quorumstore",
		Parameters: map[string][]string{
			"r": {"2", "3"}, "w": {"2", "3"}, "read_repair": {"on", "off"}, "sync_every": {"20", "0"},
			"snapshot_every": {"1000", "3", "0"}, "handoff_after": {"1", "5"},
		},
		Nodes:    []int{3, 5, 4},
		Faults:   language.FaultKinds(),
		Liveness: 12 * time.Second,
		// A retry at another node is another write of the same value.
		Shape: func(_ *rapid.T, run *language.Run) {
			for i := range run.Clients {
				run.Clients[i].Nodes = run.Clients[i].Nodes[:1]
			}
		},
	})
}

// TestPropertiesOfOtherModes: whatever the quorums and whichever version wins, what
// is acknowledged was forced, and the nodes serve again.
func TestPropertiesOfOtherModes(t *testing.T) {
	labtest.Check(t, labtest.Space{
		Protocol: "quorumstore",
		Parameters: map[string][]string{
			"conflicts": {"lww", "siblings", "logical"}, "sloppy": {"on", "off"}, "writeback": {"off", "on"},
			"r": {"1", "2"}, "w": {"1", "2"}, "sync_every": {"20", "5"}, "snapshot_every": {"1000", "3"},
		},
		Nodes:    []int{3, 5, 4},
		Faults:   language.FaultKinds(),
		Liveness: 12 * time.Second,
		Expect:   map[string]language.Verdict{scenarios.Linearizable: language.Any},
	})
}
