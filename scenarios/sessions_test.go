package scenarios

import (
	"strings"
	"testing"

	"quorumlab/checker/linear"
	"quorumlab/protocols/machine"
)

// TestConvergenceOfParts: each node keeps a part of the keys; those that keep one
// must agree. Without anti-entropy and read repair nothing brings them together.
func TestConvergenceOfParts(t *testing.T) {
	const text = `workload: {random: {from: 1s, until: 5s, rate: 20/s, keys: 9, mix: {write: 1}}}, timeline: [
		{at: 2s, partition: {isolate: n3}, for: 4s}], expect: {all: {linearizable: any, convergence: holds}}, `
	for parameters, want := range map[string]Judgement{
		"{w: 1, r: 1, n: 2, sync_every: 0, handoff_every: 999}":  Violated,
		"{w: 1, r: 1, n: 2, sync_every: 10, handoff_every: 999}": Holds,
		"{w: 1, r: 1, n: 2, sync_every: 0}":                      Holds, // by way of hints
	} {
		result := judged(t, head("quorumstore", 4)+text+"parameters: "+parameters+"}", Options{Seed: 1})
		if v := verdict(t, result, Convergence, ""); v.Verdict != want || want == Violated && !strings.Contains(v.Witness, "of key k") {
			t.Errorf("%s: %+v, want %s", parameters, v, want)
		}
	}
}

// TestSessionGuarantees: they are judged if asked for, by the values that the keys
// begin with, and a merge of siblings is taken for what it is.
func TestSessionGuarantees(t *testing.T) {
	if linear.Siblings != machine.Siblings {
		t.Fatal("siblings are joined in one way, and taken apart in another")
	}
	const text = `initial: {x: old}, clients: [{name: w, at: n1}, {name: r, at: n2}],
		parameters: {replication: async, reads: local}, links: {delay: 300ms}, workload: {script: [
		{at: 1s, client: w, write: x, value: new}, {at: 2s, client: r, read: x},
		{at: 3s, client: r, write: x, value: newer}, {at: 3100ms, client: r, read: x}]}, expect: {all: {`
	result := judged(t, head("primarybackup", 2)+text+"read-your-writes: any, monotonic-reads: holds}}}", Options{Seed: 1})
	for property, want := range map[string]Judgement{"read-your-writes": Holds, "monotonic-reads": Holds} {
		if v := verdict(t, result, property, ""); v.Verdict != want || v.Vacuous {
			t.Errorf("%+v, want %s", v, want)
		}
	}
	for _, v := range result.Verdicts {
		if v.Property == "monotonic-writes" || v.Property == "writes-follow-reads" {
			t.Errorf("nobody asked for %+v", v)
		}
	}
	// Two replicas that never hear of each other: who goes from one to the other goes back.
	const apart = `initial: {x: old}, clients: [{name: c, at: n1, retry: [n2], timeout: 500ms}],
		parameters: {n: 2, r: 1, w: 1, writeback: off, read_repair: off, sync_every: 0, conflicts: lww}, workload: {script: [
		{at: 1s, client: c, write: x, value: new}, {at: 2s, client: c, read: x}, {at: 4s, client: c, read: x}]},
		timeline: [{at: 500ms, partition: {one-way: {from: n1, to: n2}}}, {at: 3s, crash: n1}, {at: 3500ms, heal: all}],
		expect: {all: {linearizable: violated, read-your-writes: violated, monotonic-reads: violated}}}`
	result = judged(t, head("quorumstore", 2)+apart, Options{Seed: 1})
	for _, property := range []string{"read-your-writes", "monotonic-reads"} {
		if v := verdict(t, result, property, ""); v.Verdict != Violated || !strings.Contains(v.Witness, `c at n2 read "old" of x`) {
			t.Errorf("%+v", v)
		}
	}
}

// TestCausalAndEventual: they are judged if asked for. An answer that is seen
// without its question is not causal; a replica that never hears of a write is not
// eventually consistent.
func TestCausalAndEventual(t *testing.T) {
	const text = `initial: {x: old}, clients: [{name: w, at: n1}, {name: v, at: n2}],
		links: {delay: 300ms}, workload: {script: [
		{at: 1s, client: w, write: x, value: new}, {at: 1100ms, client: v, read: x},
		{at: 8s, client: v, read: x}, {at: 8s, client: w, read: x}]}, expect: {all: {linearizable: violated, causal: any, eventual: any}}, `
	for parameters, want := range map[string]Judgement{
		"{replication: async, reads: local}": Holds,
		"{replication: none, reads: local}":  Violated,
	} {
		result := judged(t, head("primarybackup", 2)+text+"parameters: "+parameters+"}", Options{Seed: 1})
		if v := verdict(t, result, Causal, ""); v.Verdict != Holds || v.Vacuous {
			t.Errorf("%s: %+v", parameters, v)
		}
		if v := verdict(t, result, Eventual, ""); v.Verdict != want || v.Vacuous || want == Violated && v.Operation != 4 {
			t.Errorf("%s: %+v, want %s", parameters, v, want)
		}
	}
	// The client goes from a replica that has the answer to one that lacks the question.
	const apart = `initial: {x: old}, clients: [{name: q, at: n1}, {name: a, at: n1}, {name: c, at: n1, retry: [n2], timeout: 500ms}],
		parameters: {n: 2, r: 1, w: 1, writeback: off, read_repair: off, sync_every: 0, conflicts: lww}, workload: {script: [
		{at: 1s, client: q, write: x, value: question}, {at: 1500ms, client: a, read: x},
		{at: 2s, client: a, write: y, value: answer}, {at: 2500ms, client: c, read: y}, {at: 4s, client: c, read: x}]},
		timeline: [{at: 500ms, partition: {one-way: {from: n1, to: n2}}}, {at: 3s, crash: n1}, {at: 3500ms, heal: all}],
		expect: {all: {linearizable: violated, causal: violated}}}`
	result := judged(t, head("quorumstore", 2)+apart, Options{Seed: 1})
	if v := verdict(t, result, Causal, ""); v.Verdict != Violated || !strings.Contains(v.Witness, `c at n2 read "old" of x`) || v.Step == 0 {
		t.Errorf("%+v", v)
	}
}

// TestSessionsOfWriters: what a session writes after it wrote, or read, something else
// is nowhere to be seen without that: by the client that goes from a replica that has
// both to one that has only heard of the second.
func TestSessionsOfWriters(t *testing.T) {
	const text = `initial: {x: old}, clients: [{name: q, at: n1}, {name: a, at: n1}, {name: c, at: n1, retry: [n2], timeout: 500ms}],
		parameters: {n: 2, r: 1, w: 1, writeback: off, read_repair: off, sync_every: 0, conflicts: lww}, workload: {script: [
		{at: 1s, client: q, write: x, value: first}, {at: 1500ms, client: a, read: x},
		{at: 2s, client: WRITER, write: y, value: second}, {at: 2500ms, client: c, read: y}, {at: 4s, client: c, read: x}]},
		timeline: [{at: 500ms, partition: {one-way: {from: n1, to: n2}}}, {at: 3s, crash: n1}, {at: 3500ms, heal: all}],
		expect: {all: {linearizable: violated, monotonic-writes: any, writes-follow-reads: any}}}`
	for writer, violated := range map[string]string{"q": "monotonic-writes", "a": "writes-follow-reads"} {
		result := judged(t, head("quorumstore", 2)+strings.ReplaceAll(text, "WRITER", writer), Options{Seed: 1})
		for _, property := range []string{"monotonic-writes", "writes-follow-reads"} {
			want := Holds
			if property == violated {
				want = Violated
			}
			if v := verdict(t, result, property, ""); v.Verdict != want || want == Violated && !strings.Contains(v.Witness, `c at n2 read "old" of x`) {
				t.Errorf("%s writes second: %+v, want %s", writer, v, want)
			}
		}
	}
}
