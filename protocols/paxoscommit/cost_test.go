package paxoscommit_test

import (
	"reflect"
	"slices"
	"testing"

	"quorumlab/checker/cost"
	"quorumlab/protocols"
	"quorumlab/protocols/machine"
	"quorumlab/scenarios/labtest"
)

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
		price                         labtest.Price
	}{
		// N=2 with the coordinator, F=1: 2·1+3·2-3 = 5, and 1 Done. n1 has made
		// its offer to n2 by the time that n2 is prepared: n2 accepts at once.
		"one failure": {"n1", commits, "1", "plain", labtest.Price{Messages: 6, Forces: map[string]int64{"n1": 3, "n2": 3}, Delays: 2}},
		// N=2, F=0, the coordinator one of them: 3, and 1 Done, as in 2PC.
		"none": {"n1", commits, "0", "plain", labtest.Price{Messages: 4, Forces: map[string]int64{"n1": 3, "n2": 2}, Delays: 2}},
		// The coordinator owns nothing. F=0: 4 messages and 2 forces a manager,
		// and 1 force at the coordinator: two-phase commit.
		"none, apart": {"n3", commits, "0", "plain", labtest.Price{Messages: 8, Forces: map[string]int64{"n1": 2, "n2": 2, "n3": 1}, Delays: 2}},
		// F=1: n3 and n1 are asked to accept. 2 Prepare, 2 and 1 Offered, 1
		// Phase2b, 2 Decide, 2 Done.
		"one failure, apart": {"n3", commits, "1", "plain", labtest.Price{Messages: 10, Forces: map[string]int64{"n1": 3, "n2": 2, "n3": 1}, Delays: 3}},
		// Faster: n1 tells n2 what it has accepted, and no decision.
		"one failure, faster": {"n1", commits, "1", "faster", labtest.Price{Messages: 6, Forces: map[string]int64{"n1": 3, "n2": 3}, Delays: 2}},
		"faster, apart":       {"n3", commits, "1", "faster", labtest.Price{Messages: 11, Forces: map[string]int64{"n1": 3, "n2": 2, "n3": 1}, Delays: 3}},
		// The one that votes NO: 2 messages, and its force. The other: 2
		// offers and what tells it; it forces its YES only.
		"one failure, abort": {"n3", aborts, "1", "plain", labtest.Price{Messages: 6, Forces: map[string]int64{"n1": 1, "n2": 1}, Delays: 1}},
		// Presumed abort: 5 messages, and the YES is all that is forced.
		"none, abort":     {"n3", aborts, "0", "plain", labtest.Price{Messages: 5, Forces: map[string]int64{"n2": 1}, Delays: 2}},
		"one participant": {"n3", "transfer: {from: ann, to: bob, amount: 1}", "1", "plain", labtest.Price{Messages: 2, Forces: map[string]int64{"n1": 1}, Delays: 2}},
		"a read":          {"n3", "read: ann", "1", "plain", labtest.Price{Messages: 2, Forces: nil, Delays: 2}},
	} {
		t.Run(name, func(t *testing.T) {
			measured := labtest.Cost(t, labtest.Banking("paxoscommit", c.client, c.work), "parameters.faults="+c.faults, "parameters.variant="+c.variant)
			kind := cost.Write
			if name == "a read" {
				kind = cost.Read
			}
			c.price.Check(t, measured.Of(kind), labtest.Transactions)
		})
	}
}

// With F=0 it is two-phase commit with presumed abort: as many messages between the
// same nodes, and as many forces at each.
func TestNoFailureCostsWhatTwoPhaseCommitCosts(t *testing.T) {
	for _, work := range []string{commits, aborts, "transfer: {from: ann, to: bob, amount: 1}"} {
		for _, client := range []string{"n1", "n2", "n3"} {
			paxos := labtest.Cost(t, labtest.Banking("paxoscommit", client, work), "parameters.faults=0").Of(cost.Write)
			twophase := labtest.Cost(t, labtest.Banking("paxoscommit", client, work), "protocol=twopc").Of(cost.Write)
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

// With F=0 its trace is that of two-phase commit with presumed abort (Gray and Lamport,
// 2006, section 6): the same nodes send to the same nodes, and force, at the same instants.
// That an acceptor asks, seconds later, if it may forget the last of them is not in it: the
// paper forgets nothing.
func TestNoFailureIsTwoPhaseCommitStepByStep(t *testing.T) {
	for at := protocols.NodeID(1); at <= 3; at++ {
		for name, command := range map[string]protocols.Command{
			"commit": machine.Transfer("ann", "kim", 1),
			"three":  machine.Transaction{Commands: append(machine.Transfer("ann", "kim", 1).Commands, machine.Transfer("kim", "zoe", 1).Commands...)},
			"abort":  machine.Transfer("ann", "kim", 5000),
			"alone":  machine.Transfer("ann", "bob", 1),
		} {
			commands := []protocols.Command{command, command}
			_, paxos := labtest.Workbench{Protocol: "paxoscommit", Parameters: map[string]string{"faults": "0"}, At: at}.Run(t, commands...)
			_, twophase := labtest.Workbench{Protocol: "twopc", At: at}.Run(t, commands...)
			if !slices.Equal(paxos, twophase) || len(paxos) == 0 {
				t.Errorf("%s at n%d:\n%v\ntwo-phase commit\n%v", name, at, paxos, twophase)
			}
		}
	}
}
