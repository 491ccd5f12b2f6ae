package zab_test

import (
	"fmt"
	"slices"
	"testing"

	"quorumlab/checker/cost"
	"quorumlab/scenarios/labtest"
)

// alone is one operation after the other, long after the election, which the
// last node wins, and away from the heartbeats.
const alone = `
name: alone
title: one operation at a time
protocol: zab
cluster: {nodes: 3}
links: {delay: {constant: 1ms}}
clients:
  - {name: beside-follower, at: n1, timeout: 2s}
  - {name: beside-leader, at: %s, timeout: 2s}
workload:
  script:
    - {at: 5013ms, client: beside-leader, %[2]s}
    - {at: 6013ms, client: beside-leader, %[2]s}
    - {at: 7013ms, client: beside-follower, %[2]s}
until: 10s
`

// A write costs what Junqueira, Reed and Serafini say (DSN 2011, section IV-C):
// two message delays from the leader to commit, 3(n-1) messages, and one forced
// write at each node. A follower that is asked adds its hop to the leader and
// the commit that comes back.
func TestCostOfAWrite(t *testing.T) {
	for _, nodes := range []int{3, 5} {
		leader := fmt.Sprintf("n%d", nodes)
		c := labtest.Cost(t, fmt.Sprintf(alone, leader, "write: x, value: v"), fmt.Sprintf("cluster.nodes=%d", nodes)).Of(cost.Write)
		want := []cost.Delays{{Asked: "following", Delays: 4, Operations: 1}, {Asked: "leading", Delays: 2, Operations: 2}}
		if c.Answered != 3 || !slices.Equal(c.Delays, want) {
			t.Errorf("%d nodes: %d answered, delays %+v", nodes, c.Answered, c.Delays)
		}
		if sent, want := c.Sent(), int64(3*3*(nodes-1)+1); sent != want {
			t.Errorf("%d nodes: three writes take %d messages, want %d: %+v", nodes, sent, want, c.Messages)
		}
		if leading, following := c.Forced("leading"), c.Forced("following"); leading != 3 || following != int64(3*(nodes-1)) || len(c.Forces) != nodes {
			t.Errorf("%d nodes: three writes take %+v", nodes, c.Forces)
		}
	}
}

// A read that is linearizable costs a round of pings; one that need not be
// costs nothing.
func TestCostOfARead(t *testing.T) {
	document := fmt.Sprintf(alone, "n3", "read: x")
	c := labtest.Cost(t, document).Of(cost.Read)
	want := []cost.Delays{{Asked: "following", Delays: 4, Operations: 1}, {Asked: "leading", Delays: 2, Operations: 2}}
	if sent := c.Sent(); sent != 3*4+2 || !slices.Equal(c.Delays, want) || len(c.Forces) != 0 {
		t.Errorf("%d messages %+v, delays %+v, forces %+v", sent, c.Messages, c.Delays, c.Forces)
	}
	c = labtest.Cost(t, document, "parameters.reads=local").Of(cost.Read)
	want = []cost.Delays{{Asked: "following", Operations: 1}, {Asked: "leading", Operations: 2}}
	if c.Sent() != 0 || !slices.Equal(c.Delays, want) || len(c.Forces) != 0 {
		t.Errorf("local: messages %+v, delays %+v, forces %+v", c.Messages, c.Delays, c.Forces)
	}
}

// With many writes at once several share a forced write, and an ACK or a COMMIT
// stands for more than one; how long a chain is does not change.
func TestCostOfABatch(t *testing.T) {
	c := labtest.Cost(t, `
name: batch
title: eight sessions write at once
protocol: zab
cluster: {nodes: 3, disk: {latency: {constant: 20ms}}}
links: {delay: {constant: 1ms}}
clients:
  - {name: c, at: n3, count: 8, timeout: 2s}
workload:
  random: {from: 5s, until: 9s, rate: 100/s, keys: 3, mix: {write: 100}}
until: 12s
`).Of(cost.Write)
	if c.Answered < 1000 {
		t.Fatalf("%d writes were answered", c.Answered)
	}
	if forced := c.Forced("leading"); forced*3 > c.Answered {
		t.Errorf("%d forces of the leader for %d writes", forced, c.Answered)
	}
	if sent := c.Sent(); sent >= 5*c.Answered || sent < 2*c.Answered {
		t.Errorf("%d messages for %d writes: %+v", sent, c.Answered, c.Messages)
	}
	if len(c.Delays) != 1 || c.Delays[0].Delays != 2 || c.Delays[0].Operations != c.Answered {
		t.Errorf("%d writes, delays %+v", c.Answered, c.Delays)
	}
}
