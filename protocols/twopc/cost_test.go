package twopc_test

import (
	"testing"

	"quorumlab/checker/cost"
	"quorumlab/scenarios/labtest"
)

const (
	commits = "transfer: {from: ann, to: kim, amount: 1}"
	aborts  = "transfer: {from: ann, to: kim, amount: 5000}" // n1 votes NO
)

// The figures are those of Mohan, Lindsay and Obermarck, 1986, and of Bernstein
// and Newcomer, Principles of Transaction Processing, 2009, section 8.
func TestCosts(t *testing.T) {
	for name, c := range map[string]struct {
		presume, work string
		price         labtest.Price // n3 only coordinates
	}{
		// 4 messages and 2 forces a participant, 1 at the coordinator.
		"presumed abort, commit":   {"abort", commits, labtest.Price{Messages: 8, Forces: map[string]int64{"n1": 2, "n2": 2, "n3": 1}, Delays: 2}},
		"presumed nothing, commit": {"nothing", commits, labtest.Price{Messages: 8, Forces: map[string]int64{"n1": 2, "n2": 2, "n3": 1}, Delays: 2}},
		// 3 messages and 1 force a participant, 2 at the coordinator.
		"presumed commit, commit": {"commit", commits, labtest.Price{Messages: 6, Forces: map[string]int64{"n1": 1, "n2": 1, "n3": 2}, Delays: 2}},
		// The one that votes NO: 2 messages, no force. The other: 3, and 1.
		"presumed abort, abort": {"abort", aborts, labtest.Price{Messages: 5, Forces: map[string]int64{"n1": 0, "n2": 1, "n3": 0}, Delays: 2}},
		// The other: 4, and 2. The coordinator: 1.
		"presumed nothing, abort": {"nothing", aborts, labtest.Price{Messages: 6, Forces: map[string]int64{"n1": 0, "n2": 2, "n3": 1}, Delays: 2}},
		// Here the one that votes NO has to acknowledge too: see mustKnow.
		"presumed commit, abort": {"commit", aborts, labtest.Price{Messages: 8, Forces: map[string]int64{"n1": 1, "n2": 2, "n3": 2}, Delays: 2}},
		// One phase: 2 messages, 1 force.
		"one participant":         {"abort", "transfer: {from: ann, to: bob, amount: 1}", labtest.Price{Messages: 2, Forces: map[string]int64{"n1": 1}, Delays: 2}},
		"one participant, a read": {"abort", "read: ann", labtest.Price{Messages: 2, Forces: nil, Delays: 2}},
	} {
		t.Run(name, func(t *testing.T) {
			kind := cost.Write
			if name == "one participant, a read" {
				kind = cost.Read
			}
			measured := labtest.Cost(t, labtest.Banking("twopc", "n3", c.work), "parameters.presume="+c.presume)
			c.price.Check(t, measured.Of(kind), labtest.Transactions)
		})
	}
}
