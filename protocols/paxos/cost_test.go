package paxos_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"quorumlab/checker/cost"
	"quorumlab/checker/linear"
	"quorumlab/scenarios/labtest"
)

// alone is one operation after the other, long after the election and away from
// the heartbeats.
const alone = `
name: alone
title: one operation at a time
protocol: paxos
parameters: {blank: first}
cluster: {nodes: %d}
links: {delay: {constant: 1ms}}
clients:
  - {name: beside-1, at: n1, timeout: 2s}
  - {name: beside-2, at: n2, timeout: 2s}
  - {name: beside-3, at: n3, timeout: 2s}
workload:
  script:
    - {at: 5013ms, client: beside-1, %[2]s}
    - {at: 6013ms, client: beside-2, %[2]s}
    - {at: 7013ms, client: beside-3, %[2]s}
until: 10s
`

// delays checks how many message delays operations took, and returns how many of
// them were asked of nodes that do not lead.
func delays(t *testing.T, c cost.Operations, leading, following int) (handed int64) {
	t.Helper()
	total := int64(0)
	for _, d := range c.Delays {
		want := following
		if d.Asked == "leading" {
			want = leading
		}
		if d.Delays != want {
			t.Errorf("asked of a node that is %q: %d delays, want %d", d.Asked, d.Delays, want)
		}
		if total += d.Operations; d.Asked != "leading" {
			handed += d.Operations
		}
	}
	if total != c.Answered || c.Answered != 3 {
		t.Errorf("%d answered, delays %+v", c.Answered, c.Delays)
	}
	return handed
}

// In steady state a command is chosen two message delays after it reached the
// leader (Lamport, "Paxos made simple", section 3). A node that does not lead adds
// its hop to the leader and the news of the choice. Of messages it takes 2(n-1)
// for the votes, n-1 for the news, and one from the node asked to the leader; of
// forced writes one at each acceptor.
func TestCostOfACommand(t *testing.T) {
	for _, nodes := range []int{3, 5} {
		c := labtest.Cost(t, fmt.Sprintf(alone, nodes, "write: x, value: v")).Of(cost.Write)
		handed := delays(t, c, 2, 4)
		if sent, want := c.Sent(), int64(3*3*(nodes-1))+handed; sent != want {
			t.Errorf("%d nodes: three commands take %d messages, want %d: %+v", nodes, sent, want, c.Messages)
		}
		forced := int64(0)
		for _, f := range c.Forces {
			forced += f.Count
			if f.Count != 3 {
				t.Errorf("%d nodes: %s forces %d writes for three commands", nodes, f.Node, f.Count)
			}
		}
		if forced != int64(3*nodes) {
			t.Errorf("%d nodes: three commands take %+v", nodes, c.Forces)
		}
	}
}

// A read by read index takes a round of heartbeats and no forced write, one by
// lease nothing at the leader, one through the log what a write takes.
func TestCostOfARead(t *testing.T) {
	document := fmt.Sprintf(alone, 3, "read: x")
	c := labtest.Cost(t, document).Of(cost.Read)
	if handed := delays(t, c, 2, 4); handed != 2 || c.Sent() != 3*4+2*2 || len(c.Forces) != 0 {
		t.Errorf("index: %d messages %+v, forces %+v", c.Sent(), c.Messages, c.Forces)
	}
	c = labtest.Cost(t, document, "parameters.reads=lease").Of(cost.Read)
	delays(t, c, 0, 2)
	if sent := c.Sent(); sent != 2*2 || len(c.Forces) != 0 {
		t.Errorf("lease: %d messages %+v, forces %+v", sent, c.Messages, c.Forces)
	}
	c = labtest.Cost(t, document, "parameters.reads=log").Of(cost.Read)
	delays(t, c, 2, 4)
	if len(c.Forces) != 3 {
		t.Errorf("log: forces %+v", c.Forces)
	}
	c = labtest.Cost(t, document, "parameters.reads=local").Of(cost.Read)
	delays(t, c, 0, 0)
	if c.Sent() != 0 || len(c.Forces) != 0 {
		t.Errorf("local: messages %+v, forces %+v", c.Messages, c.Forces)
	}
}

// Where every node proposes (the Synod protocol) a command costs both phases, four
// message delays, whoever is asked, for the last ballot was another's; and each
// acceptor forces its promise and its vote. Of messages it takes 4(n-1) for the two
// phases, 2(n-1) for the first heartbeats of the ballot, and n-1 for the news.
func TestCostOfTheSynod(t *testing.T) {
	for _, nodes := range []int{3, 5} {
		c := labtest.Cost(t, fmt.Sprintf(alone, nodes, "write: x, value: v"), "parameters.proposers=all").Of(cost.Write)
		delays(t, c, 4, 4)
		forced := map[string]int64{}
		for _, f := range c.Forces {
			forced[f.Node] += f.Count
		}
		for node, count := range forced {
			if count != 2*3 {
				t.Errorf("%d nodes: %s forces %d writes for three commands", nodes, node, count)
			}
		}
		if sent, want := c.Sent(), int64(3*7*(nodes-1)); sent != want || len(forced) != nodes {
			t.Errorf("%d nodes: three commands take %d messages, want %d: %+v, forces %+v", nodes, sent, want, c.Messages, c.Forces)
		}
	}
}

// With many commands at once several share a message and a forced write; how
// long a chain is at most does not change by that, but for those that wait for
// company.
func TestCostOfABatch(t *testing.T) {
	document := `
name: batch
title: sixteen sessions write at once
protocol: paxos
parameters: {blank: first, pipeline: 2}
cluster: {nodes: 3, disk: {latency: {constant: 10ms}}}
links: {delay: {constant: 1ms}}
clients:
  - {name: a, at: n1, count: 8, timeout: 2s}
  - {name: b, at: n2, count: 8, timeout: 2s}
workload:
  random: {from: 5s, until: 9s, rate: 50/s, keys: 3, mix: {write: 100}}
until: 12s
`
	c := labtest.Cost(t, document).Of(cost.Write)
	if c.Answered < 1000 {
		t.Fatalf("%d commands were answered", c.Answered)
	}
	forced := int64(0)
	for _, f := range c.Forces {
		forced = max(forced, f.Count)
	}
	if forced*2 > c.Answered {
		t.Errorf("a node forces %d writes for %d commands", forced, c.Answered)
	}
	count := func(message string) (n int64) {
		at := slices.IndexFunc(c.Messages, func(m cost.Messages) bool { return m.Type == message })
		if at >= 0 {
			n = c.Messages[at].Count
		}
		return n
	}
	if accepts := count("paxos.Accept"); accepts == 0 || accepts*2 > 2*c.Answered {
		t.Errorf("%d commands take %+v", c.Answered, c.Messages)
	}
}

// With pipeline=p and batch=1 p commands are under way at a time: of sixteen that are
// asked at once the last is answered after sixteen rounds of two message delays and a
// forced write, or after eight, or two.
func TestCostOfAPipeline(t *testing.T) {
	const round = 12 * time.Millisecond // 2 × 5 ms and 2 ms
	script := ""
	for i := range 16 {
		script += fmt.Sprintf("    - {at: 5013ms, client: a%d, write: k%d, value: v}\n", i+1, i+1)
	}
	document := `
name: pipeline
title: sixteen sessions write at one instant
protocol: paxos
parameters: {blank: first, batch: 1}
cluster: {nodes: 3, disk: {latency: {constant: 2ms}}}
links: {delay: {constant: 5ms}}
clients: [{name: a, at: %s, count: 16, timeout: 2s}]
workload:
  script:
` + script + "until: 8s\n"
	// Who leads is the seed's choice: where the leader is asked it takes least.
	last := func(pipeline int) time.Duration {
		least := time.Hour
		for _, at := range []string{"n1", "n2", "n3"} {
			report := labtest.Run(t, fmt.Sprintf(document, at), fmt.Sprint("parameters.pipeline=", pipeline))
			took := time.Duration(0)
			for _, o := range report.Runs[0].History {
				if o.Outcome != linear.OK {
					t.Fatalf("%+v", o)
				}
				took = max(took, time.Duration(o.Return-o.Invoke))
			}
			least = min(least, took)
		}
		return least
	}
	for pipeline, rounds := range map[int]time.Duration{1: 16, 2: 8, 8: 2} {
		if took := last(pipeline); took < rounds*round || took >= (rounds+1)*round {
			t.Errorf("pipeline=%d: the last is answered after %v, want %d rounds of %v", pipeline, took, rounds, round)
		}
	}
}
