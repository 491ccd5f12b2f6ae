package twopc_test

import (
	"fmt"
	"testing"

	"quorumlab/checker/cost"
	"quorumlab/scenarios/labtest"
)

// transactions are done one after another, without a fault, by a client of n3,
// which owns none of the keys: n1 and n2 take part, n3 only coordinates.
const transactions = 10

func scenario(work string) string {
	text := "name: cost\nprotocol: twopc\nparameters: {ranges: \"h,p\"}\ninitial: {a: 1000, b: 1000, i: 1000}\n" +
		"cluster: {disk: {latency: {constant: 1ms}}}\nlinks: {delay: {constant: 2ms}}\n" +
		"clients: [{at: n3}]\nuntil: 30s\nworkload:\n  script:\n"
	for i := range transactions {
		text += fmt.Sprintf("    - {at: %dms, %s}\n", 1000+500*i, work)
	}
	return text
}

// each checks what one transaction costs: messages, forces at each node.
func each(t *testing.T, c cost.Operations, messages int64, forces map[string]int64) {
	t.Helper()
	if c.Answered != transactions && c.Answered != 0 {
		t.Fatalf("%d were answered", c.Answered)
	}
	if sent := c.Sent(); sent != messages*transactions {
		t.Errorf("%d messages for %d transactions, want %d each: %+v", sent, transactions, messages, c.Messages)
	}
	forced := map[string]int64{}
	for _, f := range c.Forces {
		forced[f.Node] += f.Count
	}
	for _, node := range []string{"n1", "n2", "n3"} {
		if forced[node] != forces[node]*transactions {
			t.Errorf("%s forced %d times for %d transactions, want %d each", node, forced[node], transactions, forces[node])
		}
	}
}

const (
	commits = "transfer: {from: a, to: i, amount: 1}"
	aborts  = "transfer: {from: a, to: i, amount: 5000}" // n1 votes NO
)

// The figures are those of Mohan, Lindsay and Obermarck, 1986, and of Bernstein
// and Newcomer, Principles of Transaction Processing, 2009, section 8.
func TestCosts(t *testing.T) {
	for name, c := range map[string]struct {
		presume, work string
		messages      int64 // of all participants
		forces        map[string]int64
	}{
		// 4 messages and 2 forces a participant, 1 at the coordinator.
		"presumed abort, commit":   {"abort", commits, 8, map[string]int64{"n1": 2, "n2": 2, "n3": 1}},
		"presumed nothing, commit": {"nothing", commits, 8, map[string]int64{"n1": 2, "n2": 2, "n3": 1}},
		// 3 messages and 1 force a participant, 2 at the coordinator.
		"presumed commit, commit": {"commit", commits, 6, map[string]int64{"n1": 1, "n2": 1, "n3": 2}},
		// The one that votes NO: 2 messages, no force. The other: 3, and 1.
		"presumed abort, abort": {"abort", aborts, 5, map[string]int64{"n1": 0, "n2": 1, "n3": 0}},
		// The other: 4, and 2. The coordinator: 1.
		"presumed nothing, abort": {"nothing", aborts, 6, map[string]int64{"n1": 0, "n2": 2, "n3": 1}},
		// Here the one that votes NO has to acknowledge too: see mustKnow.
		"presumed commit, abort": {"commit", aborts, 8, map[string]int64{"n1": 1, "n2": 2, "n3": 2}},
		// One phase: 2 messages, 1 force.
		"one participant":         {"abort", "transfer: {from: a, to: b, amount: 1}", 2, map[string]int64{"n1": 1}},
		"one participant, a read": {"abort", "read: a", 2, nil},
	} {
		t.Run(name, func(t *testing.T) {
			measured := labtest.Cost(t, scenario(c.work), "parameters.presume="+c.presume)
			kind := cost.Write
			if name == "one participant, a read" {
				kind = cost.Read
			}
			each(t, measured.Of(kind), c.messages, c.forces)
		})
	}
}
