package twopc_test

import (
	"maps"
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

// Who only reads answers with its results, and is done with its vote: 2 messages, no force
// (Mohan, Lindsay and Obermarck, 1986, section 3.3, the read-only optimization). If all
// only read nobody forces anything, the coordinator neither. The messages of execution,
// Work and Worked, are those that R* sends before it asks for votes: they are counted apart.
func TestCostOfReading(t *testing.T) {
	get := func(key string) machine.Command { return machine.Command{Op: machine.Get, Key: key} }
	add := func(key string) machine.Command { return machine.Command{Op: machine.Add, Key: key, Value: "1"} }
	const times = 10
	for name, c := range map[string]struct {
		presume  string
		commands []machine.Command
		messages map[string]int64 // of one transaction
		forces   map[string]int64
	}{
		"all read": {
			"abort",
			[]machine.Command{get("ann"), get("kim")},
			map[string]int64{"twopc.Work": 2, "twopc.Worked": 2, "twopc.Prepare": 2, "twopc.Ballotted": 2},
			nil,
		},
		"all read, presumed commit": { // nobody's name need be known after a crash
			"commit",
			[]machine.Command{get("ann"), get("kim")},
			map[string]int64{"twopc.Work": 2, "twopc.Worked": 2, "twopc.Prepare": 2, "twopc.Ballotted": 2},
			nil,
		},
		"one reads, presumed commit": { // the other costs 3 messages and 1 force, the coordinator 2
			"commit",
			[]machine.Command{get("ann"), add("kim")},
			map[string]int64{"twopc.Work": 2, "twopc.Worked": 2, "twopc.Prepare": 2, "twopc.Ballotted": 2, "twopc.Decide": 1},
			map[string]int64{"n2": 1, "n3": 2},
		},
		"one reads": { // what is more than above is the other's
			"abort",
			[]machine.Command{get("ann"), add("kim")},
			map[string]int64{
				"twopc.Work": 2, "twopc.Worked": 2, "twopc.Prepare": 2, "twopc.Ballotted": 2, "twopc.Decide": 1, "twopc.Ack": 1,
			},
			map[string]int64{"n2": 2, "n3": 1},
		},
	} {
		t.Run(name, func(t *testing.T) {
			asked := slices.Repeat([]protocols.Command{machine.Transaction{Commands: c.commands}}, times)
			spent, _ := labtest.Workbench{Protocol: "twopc", At: 3, Parameters: map[string]string{"presume": c.presume}}.Run(t, asked...)
			messages, forces, answered := map[string]int64{}, map[string]int64{}, int64(0)
			for _, o := range spent.Operations {
				answered += o.Answered
				for _, m := range o.Messages {
					messages[m.Type] += m.Count
				}
				for _, f := range o.Forces {
					forces[f.Node] += f.Count
				}
			}
			for _, counts := range []map[string]int64{c.messages, c.forces} {
				for key := range counts {
					counts[key] *= times
				}
			}
			if answered != times || !maps.Equal(messages, c.messages) || !maps.Equal(forces, c.forces) {
				t.Errorf("%d answered, messages %v, forces %v", answered, messages, forces)
			}
		})
	}
}
