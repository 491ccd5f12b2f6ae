package primarybackup_test

import (
	"testing"
	"time"

	"quorumlab/scenarios"
	"quorumlab/scenarios/labtest"
	"quorumlab/scenarios/language"
)

// TestPropertiesWithoutTakeover: while nobody takes over, reads that ask the
// primary are linearizable in either mode, whatever strikes, and the nodes serve
// again once all is repaired.
func TestPropertiesWithoutTakeover(t *testing.T) {
	labtest.Check(t, labtest.Space{
		Protocol:   "primarybackup",
		Parameters: map[string][]string{"replication": {"sync", "async"}, "snapshot_every": {"1000", "3", "0"}},
		Nodes:      []int{2, 3, 1},
		Faults:     language.FaultKinds(),
		Liveness:   12 * time.Second,
	})
}

// TestPropertiesWithTakeover: whatever is lost when a node takes over, what
// every mode promises holds.
func TestPropertiesWithTakeover(t *testing.T) {
	labtest.Check(t, labtest.Space{
		Protocol: "primarybackup",
		Parameters: map[string][]string{
			"replication": {"sync", "async"}, "wait": {"all", "alive"}, "reads": {"confirmed", "local"},
			"takeover": {"timeout"}, "takeover_after": {"10", "2"}, "snapshot_every": {"1000", "3", "0"},
		},
		Nodes:  []int{2, 3, 4},
		Faults: language.FaultKinds(),
		Expect: map[string]language.Verdict{scenarios.Linearizable: language.Any},
	})
}
