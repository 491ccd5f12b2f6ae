package quorumstore_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"quorumlab/checker/cost"
	"quorumlab/scenarios/labtest"
)

// alone is three operations, one after the other, at an owner, between two
// comparisons of trees.
const alone = `
name: alone
title: one operation at a time
protocol: quorumstore
parameters: {sync_every: 0, n: 3, %s}
cluster: {nodes: 5}
links: {delay: {constant: 1ms}}
clients: [{name: c, at: %s, timeout: 2s}]
workload:
  script:
    - {at: 1013ms, client: c, %[3]s}
    - {at: 2013ms, client: c, %[3]s}
    - {at: 3013ms, client: c, %[3]s}
until: 5s
`

// The owners of key x are n1, n2 and n3. A round is a message to each owner but
// the coordinator, and its answer: two message delays.
func TestCostOfOperations(t *testing.T) {
	const read, write = "read: x", "write: x, value: v"
	for _, test := range []struct {
		name, parameters, at, operation string
		kind                            string
		messages, forces                int64
		delays                          int
	}{
		{"a write by the clock takes one round", "conflicts: lww", "n1", write, cost.Write, 4, 3, 2},
		{"ABD asks for the stamps first", "conflicts: logical", "n1", write, cost.Write, 8, 3, 4},
		{"siblings ask for what there is", "conflicts: siblings", "n1", write, cost.Write, 8, 3, 4},
		{"who is no owner has one more to ask", "conflicts: logical", "n5", write, cost.Write, 12, 3, 4},
		{"a read takes one round, though it would write back", "writeback: on", "n1", read, cost.Read, 4, 0, 2},
		{"a read of one takes no delay, and asks all", "r: 1", "n1", read, cost.Read, 4, 0, 0},
	} {
		c := labtest.Cost(t, fmt.Sprintf(alone, test.parameters, test.at, test.operation)).Of(test.kind)
		var forced int64
		for _, f := range c.Forces {
			forced += f.Count
		}
		if c.Answered != 3 || c.Sent() != 3*test.messages || forced != 3*test.forces {
			t.Errorf("%s: %d answered, %d messages %+v, forces %+v", test.name, c.Answered, c.Sent(), c.Messages, c.Forces)
		}
		if len(c.Delays) != 1 || c.Delays[0].Delays != test.delays || c.Delays[0].Operations != 3 {
			t.Errorf("%s: delays %+v", test.name, c.Delays)
		}
	}
}

// A reader who meets a write under way pays for a second round: ABD's write-back.
func TestCostOfAWriteBack(t *testing.T) {
	c := labtest.Cost(t, `
name: meeting
title: a read meets a write that has reached one owner
protocol: quorumstore
parameters: {sync_every: 0, conflicts: lww}
cluster: {nodes: 3, tick: 1s}
links:
  delay: {constant: 1ms}
clients:
  - {name: w, at: n1, timeout: 5s}
  - {name: r, at: n1, timeout: 5s}
workload:
  script:
    - {at: 1s, client: w, write: x, value: v}
    - {at: 1200ms, client: r, read: x}
timeline:
  - {at: 900ms, partition: {isolate: n1}}
  - {at: 1100ms, heal: all}
until: 5s
`).Of(cost.Read)
	if c.Answered != 1 || len(c.Delays) != 1 || c.Delays[0].Delays != 4 {
		t.Errorf("delays %+v", c.Delays)
	}
	if c.Sent() != 8 {
		t.Errorf("%d messages %+v", c.Sent(), c.Messages)
	}
	if !slices.ContainsFunc(c.Forces, func(f cost.Forces) bool { return f.Count > 0 }) {
		t.Errorf("nothing was written back: %+v", c.Forces)
	}
}

// An owner of x is down. Its part is a stand-in's, which is asked once the owner has not
// answered for handoff_after: a round has as many answers as before, those of the first N
// healthy nodes (DeCandia et al., Dynamo, 2007, section 4.6), and costs the messages to the
// owner that does not answer beside. With W=2 the two owners that are up suffice, and
// nobody waits for the third; with W=3 a sloppy quorum waits one handoff_after, and a
// strict one in vain.
func TestCostOfASloppyQuorum(t *testing.T) {
	document := strings.Replace(alone, "workload:", "timeline: [{at: 500ms, crash: n3}]\nworkload:", 1)
	for _, test := range []struct {
		parameters       string
		answered         int64
		messages, forces int64 // of one write
		delays           int
	}{
		// The owner that is up: there and back; the other: there.
		{"sloppy: on, w: 2, conflicts: lww", 3, 3, 2, 2},
		{"sloppy: off, w: 2, conflicts: lww", 3, 3, 2, 2},
		// The stand-in too: there and back, and the other once more. It keeps a hint
		// on its disk.
		{"sloppy: on, w: 3, conflicts: lww", 3, 6, 3, 2},
		{"sloppy: off, w: 3, conflicts: lww", 0, 0, 0, 0},
	} {
		c := labtest.Cost(t, fmt.Sprintf(document, test.parameters+", handoff_every: 1000", "n1", "write: x, value: v")).Of(cost.Write)
		var forced int64
		for _, f := range c.Forces {
			forced += f.Count
		}
		if test.answered == 0 && c.Answered == 0 {
			continue // what it costs to try in vain depends on the patience
		}
		if c.Answered != test.answered || c.Sent() != 3*test.messages || forced != 3*test.forces {
			t.Errorf("%s: %d answered, %d messages %+v, forces %+v", test.parameters, c.Answered, c.Sent(), c.Messages, c.Forces)
		}
		if len(c.Delays) != 1 || c.Delays[0].Delays != test.delays {
			t.Errorf("%s: delays %+v", test.parameters, c.Delays)
		}
	}
}
