package threepc_test

import (
	"testing"

	"quorumlab/checker/cost"
	"quorumlab/scenarios/labtest"
)

const (
	commits = "transfer: {from: ann, to: kim, amount: 1}"
	aborts  = "transfer: {from: ann, to: kim, amount: 5000}" // n1 votes NO
)

// Three round trips: six messages a process beside the coordinator (Bernstein,
// Hadzilacos and Goodman, 1987, section 7.5: three rounds of messages each way), and
// the client hears after the fourth of them. Each process forces its YES, its
// precommit and the commit. The quorum protocols cost the same when nothing fails
// (Keidar and Dolev, 1998: "E3PC does not require more time or communication"),
// and need not wait for the slowest.
func TestCosts(t *testing.T) {
	for name, c := range map[string]struct {
		client, work string
		price        labtest.Price
	}{
		"commit":       {"n1", commits, labtest.Price{Messages: 6, Forces: map[string]int64{"n1": 3, "n2": 3}, Delays: 4}},
		"commit apart": {"n3", commits, labtest.Price{Messages: 12, Forces: map[string]int64{"n1": 3, "n2": 3, "n3": 3}, Delays: 4}},
		// Without the middle round. Who votes NO forces nothing.
		"abort": {"n3", aborts, labtest.Price{Messages: 8, Forces: map[string]int64{"n2": 2, "n3": 2}, Delays: 2}},
		"one participant": {"n3", "transfer: {from: ann, to: bob, amount: 1}", labtest.Price{
			Messages: 2, Forces: map[string]int64{"n1": 1}, Delays: 2,
		}},
		"a read": {"n3", "read: ann", labtest.Price{Messages: 2, Delays: 2}},
	} {
		for _, termination := range []string{"simple", "quorum", "e3pc"} {
			t.Run(name+", "+termination, func(t *testing.T) {
				kind := cost.Write
				if name == "a read" {
					kind = cost.Read
				}
				measured := labtest.Cost(t, labtest.Banking("threepc", c.client, c.work), "parameters.termination="+termination)
				c.price.Check(t, measured.Of(kind), labtest.Transactions)
			})
		}
	}
}
