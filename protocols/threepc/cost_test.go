package threepc_test

import (
	"fmt"
	"testing"

	"quorumlab/checker/cost"
	"quorumlab/scenarios/labtest"
)

// transactions are done one after another, without a fault, by one client.
const transactions = 10

// banking is such a scenario: ann's account is on n1, kim's on n2, zoe's on n3.
func banking(client, work string) string {
	text := "name: cost\nprotocol: threepc\nparameters: {ranges: \"h,p\"}\ninitial: {ann: 1000, bob: 1000, kim: 1000, zoe: 1000}\n" +
		"cluster: {disk: {latency: {constant: 1ms}}}\nlinks: {delay: {constant: 2ms}}\n" +
		"clients: [{at: " + client + "}]\nuntil: 30s\nworkload:\n  script:\n"
	for i := range transactions {
		text += fmt.Sprintf("    - {at: %dms, %s}\n", 1000+500*i, work)
	}
	return text
}

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
		messages     int64
		forces       map[string]int64
		delays       int
	}{
		"commit":       {"n1", commits, 6, map[string]int64{"n1": 3, "n2": 3}, 4},
		"commit apart": {"n3", commits, 12, map[string]int64{"n1": 3, "n2": 3, "n3": 3}, 4},
		// Without the middle round. Who votes NO forces nothing.
		"abort":           {"n3", aborts, 8, map[string]int64{"n2": 2, "n3": 2}, 2},
		"one participant": {"n3", "transfer: {from: ann, to: bob, amount: 1}", 2, map[string]int64{"n1": 1}, 2},
		"a read":          {"n3", "read: ann", 2, nil, 2},
	} {
		for _, termination := range []string{"simple", "quorum", "e3pc"} {
			t.Run(name+", "+termination, func(t *testing.T) {
				kind := cost.Write
				if name == "a read" {
					kind = cost.Read
				}
				o := labtest.Cost(t, banking(c.client, c.work), "parameters.termination="+termination).Of(kind)
				if sent := o.Sent(); sent != c.messages*transactions {
					t.Errorf("%d messages for %d transactions, want %d each: %+v", sent, transactions, c.messages, o.Messages)
				}
				forced := map[string]int64{}
				for _, f := range o.Forces {
					forced[f.Node] += f.Count
				}
				for _, node := range []string{"n1", "n2", "n3"} {
					if forced[node] != c.forces[node]*transactions {
						t.Errorf("%s forced %d times for %d transactions, want %d each", node, forced[node], transactions, c.forces[node])
					}
				}
				if c.work != aborts && (o.Answered != transactions || len(o.Delays) != 1) {
					t.Errorf("%d were answered, with delays %+v", o.Answered, o.Delays)
				}
				for _, d := range o.Delays {
					if d.Delays != c.delays {
						t.Errorf("message delays %+v, want %d", o.Delays, c.delays)
					}
				}
			})
		}
	}
}
