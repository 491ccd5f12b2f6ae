package primarybackup_test

import (
	"fmt"
	"strings"
	"testing"

	"quorumlab/checker/cost"
	"quorumlab/scenarios/labtest"
)

// alone is one write after the other, asked of the primary.
const alone = `
name: alone
title: one write at a time
protocol: primarybackup
parameters: {replication: async}
cluster: {nodes: 3}
links: {delay: {constant: 1ms}}
clients:
  - {name: c, at: n1, timeout: 2s}
workload:
  script:
    - {at: 5013ms, client: c, write: x, value: a}
    - {at: 6013ms, client: c, write: x, value: b}
until: 10s
expect: {all: {linearizable: any}}
`

// Asynchronous replication answers before it sends anything: no message delay,
// the whole of its speed and of its losses. Synchronous replication waits for a
// message to the backups and one back. Both force every write at every node.
func TestCostOfAWrite(t *testing.T) {
	messages := map[string]int{"async": 1, "sync": 3} // to or from each backup
	for replication, delays := range map[string]int{"async": 0, "sync": 2} {
		for _, nodes := range []int{2, 3, 5} {
			c := labtest.Cost(t, alone, "parameters.replication="+replication, fmt.Sprintf("cluster.nodes=%d", nodes)).Of(cost.Write)
			want := cost.Delays{Asked: "primary", Delays: delays, Operations: 2}
			if c.Answered != 2 || len(c.Delays) != 1 || c.Delays[0] != want {
				t.Errorf("%s, %d nodes: delays %+v, want %+v", replication, nodes, c.Delays, want)
			}
			if primary, backups := c.Forced("primary"), c.Forced("backup"); primary != 2 || backups != int64(2*(nodes-1)) {
				t.Errorf("%s, %d nodes: %+v", replication, nodes, c.Forces)
			}
			if sent := c.Sent(); sent != int64(2*messages[replication]*(nodes-1)) {
				t.Errorf("%s, %d nodes: two writes take %d messages: %+v", replication, nodes, sent, c.Messages)
			}
		}
	}
}

// A read that the primary confirms costs a backup two messages, there and back,
// and the primary nothing; a local one costs nobody anything. None is forced.
func TestCostOfARead(t *testing.T) {
	for _, test := range []struct {
		reads, at, asked string
		delays           int
		messages         int64
	}{
		{"confirmed", "n1", "primary", 0, 0},
		{"confirmed", "n2", "backup", 2, 4},
		{"local", "n1", "primary", 0, 0},
		{"local", "n2", "backup", 0, 0},
	} {
		document := strings.NewReplacer("at: n1", "at: "+test.at, "write: x, value: a", "read: x", "write: x, value: b", "read: y").Replace(alone)
		for _, replication := range []string{"async", "sync"} {
			c := labtest.Cost(t, document, "parameters.reads="+test.reads, "parameters.replication="+replication).Of(cost.Read)
			want := cost.Delays{Asked: test.asked, Delays: test.delays, Operations: 2}
			if c.Answered != 2 || len(c.Delays) != 1 || c.Delays[0] != want || c.Sent() != test.messages || len(c.Forces) != 0 {
				t.Errorf("%s, %s at %s: %d messages %+v, delays %+v, forces %+v",
					replication, test.reads, test.at, c.Sent(), c.Messages, c.Delays, c.Forces)
			}
		}
	}
}

// With wait=alive a write that finds all alive costs what it costs with wait=all, and one
// message a backup: the heartbeat that says that it is committed is answered, so that the
// primary hears who is alive. Once the
// primary has not heard from a backup for long enough it waits for it no more: two delays
// still, no force there (MySQL's semi-synchronous replication falls back in the same way
// when rpl_semi_sync_source_timeout runs out), and the messages of one backup less. Only
// the write that finds that out waits, for the time-out: with wait=all it waits for ever.
func TestCostOfAWriteThatWaitsForTheLiving(t *testing.T) {
	document := strings.Replace(alone, "workload:", "timeline: [{at: 1s, crash: n3}]\nworkload:", 1)
	for _, test := range []struct {
		wait, document          string
		answered, delays        int
		messages, forced, fsync int64
	}{
		{"all", alone, 2, 2, 12, 2, 4},
		{"alive", alone, 2, 2, 16, 2, 4},
		{"all", document, 0, 0, 0, 0, 0},
		{"alive", document, 2, 2, 8, 2, 2},
	} {
		c := labtest.Cost(t, test.document, "parameters.replication=sync", "parameters.wait="+test.wait).Of(cost.Write)
		if c.Answered != int64(test.answered) {
			t.Errorf("wait=%s: %d answered, want %d", test.wait, c.Answered, test.answered)
		}
		if test.answered == 0 {
			continue
		}
		want := cost.Delays{Asked: "primary", Delays: test.delays, Operations: 2}
		if len(c.Delays) != 1 || c.Delays[0] != want {
			t.Errorf("wait=%s: delays %+v", test.wait, c.Delays)
		}
		if c.Sent() != test.messages || c.Forced("primary") != test.forced || c.Forced("backup") != test.fsync {
			t.Errorf("wait=%s: %d messages %+v, forces %+v", test.wait, c.Sent(), c.Messages, c.Forces)
		}
	}
}
