package paxoscommit_test

import (
	"fmt"
	"reflect"
	"testing"

	"quorumlab/checker/cost"
	"quorumlab/scenarios/labtest"
)

// transactions are done one after another, without a fault, by one client.
const transactions = 10

// banking is such a scenario: ann's account is on n1, kim's on n2, zoe's on n3.
func banking(client, work string) string {
	text := "name: cost\nprotocol: paxoscommit\nparameters: {ranges: \"h,p\"}\ninitial: {ann: 1000, bob: 1000, kim: 1000, zoe: 1000}\n" +
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

// The paper counts, of N managers and F failures, where each acceptor is also a
// manager and the coordinator both, N·F+3N-3 messages, and N+F+1 forces until it is
// decided (Gray and Lamport, 2006, section 5). Beside that stand here what it leaves
// out, for it forgets nothing: N-1 messages Done, N forces of the managers. A
// coordinator that is no manager adds its share.
func TestCosts(t *testing.T) {
	for name, c := range map[string]struct {
		client, work, faults, variant string
		messages                      int64
		forces                        map[string]int64
		delays                        int
	}{
		// N=2 with the coordinator, F=1: 2·1+3·2-3 = 5, and 1 Done. n1 has made
		// its offer to n2 by the time that n2 is prepared: n2 accepts at once.
		"one failure": {"n1", commits, "1", "plain", 6, map[string]int64{"n1": 3, "n2": 3}, 2},
		// N=2, F=0, the coordinator one of them: 3, and 1 Done, as in 2PC.
		"none": {"n1", commits, "0", "plain", 4, map[string]int64{"n1": 3, "n2": 2}, 2},
		// The coordinator owns nothing. F=0: 4 messages and 2 forces a manager,
		// and 1 force at the coordinator: two-phase commit.
		"none, apart": {"n3", commits, "0", "plain", 8, map[string]int64{"n1": 2, "n2": 2, "n3": 1}, 2},
		// F=1: n3 and n1 are asked to accept. 2 Prepare, 2 and 1 Offered, 1
		// Phase2b, 2 Decide, 2 Done.
		"one failure, apart": {"n3", commits, "1", "plain", 10, map[string]int64{"n1": 3, "n2": 2, "n3": 1}, 3},
		// Faster: n1 tells n2 what it has accepted, and no decision.
		"one failure, faster": {"n1", commits, "1", "faster", 6, map[string]int64{"n1": 3, "n2": 3}, 2},
		"faster, apart":       {"n3", commits, "1", "faster", 11, map[string]int64{"n1": 3, "n2": 2, "n3": 1}, 3},
		// The one that votes NO: 2 messages, and its force. The other: 2
		// offers and what tells it; it forces its YES only.
		"one failure, abort": {"n3", aborts, "1", "plain", 6, map[string]int64{"n1": 1, "n2": 1}, 1},
		// Presumed abort: 5 messages, and the YES is all that is forced.
		"none, abort":     {"n3", aborts, "0", "plain", 5, map[string]int64{"n2": 1}, 2},
		"one participant": {"n3", "transfer: {from: ann, to: bob, amount: 1}", "1", "plain", 2, map[string]int64{"n1": 1}, 2},
		"a read":          {"n3", "read: ann", "1", "plain", 2, nil, 2},
	} {
		t.Run(name, func(t *testing.T) {
			measured := labtest.Cost(t, banking(c.client, c.work), "parameters.faults="+c.faults, "parameters.variant="+c.variant)
			kind := cost.Write
			if name == "a read" {
				kind = cost.Read
			}
			o := measured.Of(kind)
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

// With F=0 it is two-phase commit with presumed abort: as many messages between the
// same nodes, and as many forces at each.
func TestNoFailureCostsWhatTwoPhaseCommitCosts(t *testing.T) {
	for _, work := range []string{commits, aborts, "transfer: {from: ann, to: bob, amount: 1}"} {
		for _, client := range []string{"n1", "n2", "n3"} {
			paxos := labtest.Cost(t, banking(client, work), "parameters.faults=0").Of(cost.Write)
			twophase := labtest.Cost(t, banking(client, work), "protocol=twopc").Of(cost.Write)
			if paxos.Sent() != twophase.Sent() || paxos.Sent() == 0 && client != "n1" {
				t.Errorf("%s at %s: %d messages, two-phase commit %d", work, client, paxos.Sent(), twophase.Sent())
			}
			if !reflect.DeepEqual(paxos.Forces, twophase.Forces) {
				t.Errorf("%s at %s: forces %+v, two-phase commit %+v", work, client, paxos.Forces, twophase.Forces)
			}
			if !reflect.DeepEqual(paxos.Delays, twophase.Delays) {
				t.Errorf("%s at %s: delays %+v, two-phase commit %+v", work, client, paxos.Delays, twophase.Delays)
			}
		}
	}
}
