package zab_test

import (
	"testing"
	"time"

	"quorumlab/scenarios/labtest"
	"quorumlab/scenarios/language"
)

// TestProperties: whatever strikes, with linearizable reads Zab is linearizable
// and breaks none of its invariants, and once all is repaired it serves again.
func TestProperties(t *testing.T) {
	labtest.Check(t, labtest.Space{
		Protocol: "zab",
		Parameters: map[string][]string{
			"counterMax": {"4294967295", "5"}, "snapCount": {"10000", "3"}, "commitLogCount": {"500", "1"},
			"sessionTimeout": {"600", "3"}, "snapChunk": {"65536", "128"},
		},
		Nodes:    []int{3, 5, 4, 1, 2},
		Faults:   language.FaultKinds(),
		Liveness: 12 * time.Second,
	})
}
