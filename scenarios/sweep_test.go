package scenarios

import (
	"context"
	"errors"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"quorumlab/protocols"
	"quorumlab/protocols/catalog"
	"quorumlab/scenarios/language"
)

// rare is a scenario so short that many seeds are done in no time, and that
// shows answers given to the wrong client whenever there are any.
const rare = `{name: rare, title: rare, protocol: primarybackup, parameters: {replication: async, reads: local},
	cluster: {nodes: 1}, until: 1s, workload: {script: [
		{at: 10ms, write: x, value: 1}, {at: 20ms, read: x}, {at: 30ms, write: x, value: 2}, {at: 40ms, read: x}]}}`

func parsed(t testing.TB, lab *Lab, text string) []*language.Scenario {
	t.Helper()
	scenario, err := lab.Parse("text.yaml", strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return []*language.Scenario{scenario}
}

// TestCanary: a mutant that errs in one run of a hundred is seen in about as
// many. This proves that a sweep sees failures, not only that it finds none.
func TestCanary(t *testing.T) {
	lab := newTestLab(t)
	report, err := lab.Sweep(context.Background(), Sweep{
		Scenarios: parsed(t, lab, rare), From: 1, To: 2000, Jobs: 2, Mutant: "canary-1-percent",
	})
	if err != nil {
		t.Fatal(err)
	}
	if n := len(report.Failed); n < 10 || n > 32 {
		t.Errorf("%d of 2000 runs failed, want about 20", n)
	}
	for _, f := range report.Failed {
		if f.Property != Linearizable || f.Mode != Scripted || f.Mutant != "canary-1-percent" {
			t.Errorf("%+v", f)
		}
	}
	if report.Unknown > 0 || !report.Complete || report.Done != 2000 {
		t.Errorf("%d unknown, %d done", report.Unknown, report.Done)
	}
}

func newTestLab(t testing.TB) *Lab {
	t.Helper()
	lab, err := NewLab()
	if err != nil {
		t.Fatal(err)
	}
	return lab
}

// TestSweepCancelled: what is known when the context ends is reported, whatever
// the reason that it was given for its end.
func TestSweepCancelled(t *testing.T) {
	lab := newTestLab(t)
	ctx, cancel := context.WithCancelCause(context.Background())
	report, err := lab.Sweep(ctx, Sweep{
		Scenarios: parsed(t, lab, rare), From: 1, To: 1000, Jobs: 2, Mutant: "canary-1-percent",
		Progress: func(p Progress) {
			if p.Done == 300 {
				cancel(errors.New("somebody pressed a key"))
			}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	if report.Complete || report.Done < 300 || report.Done > 302 || report.Steps == 0 || len(report.Failed) == 0 {
		t.Errorf("%+v", report)
	}
	if _, err := Merge([]*SweepReport{report}); err == nil {
		t.Error("a part of a sweep passes for the whole")
	}
}

// TestNeverReached: what happens in no run is listed, what happens in some is
// counted, and what must not happen is neither.
func TestNeverReached(t *testing.T) {
	lab := newTestLab(t)
	text := strings.TrimSuffix(rare, "}") + `, expect: {all: {happens: [{operation: read, phrase: it reads}, {note: halted, phrase: it halts},
		{fault: crash, count: 0, phrase: it never crashes}, {operation: read, value: 1, count: 1, phrase: it reads 1}]}}}`
	report, err := lab.Sweep(context.Background(), Sweep{Scenarios: parsed(t, lab, text), From: 1, To: 5})
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]uint64{
		"rare/main: it reads": 5, "rare/main: it halts": 0, "rare/main: it reads 1": 5,
		"primarybackup: delivered": 5, "primarybackup: role primary": 5, "primarybackup: halted": 0,
	} {
		got, counted := report.Reached[name]
		if !counted || got != want || slices.Contains(report.NeverReached, name) != (want == 0) {
			t.Errorf("%s: reached %d times, want %d; never reached: %q", name, got, want, report.NeverReached)
		}
	}
	if len(report.Reached) != 3+len(milestonesOf(t, "primarybackup")) {
		t.Errorf("counted are %v", report.Reached)
	}
	if len(report.Failed) != 5 || report.Failed[0].Property != Happens || report.Failed[0].Subject != "it halts" {
		t.Errorf("%+v", report.Failed)
	}
	// Shrinking aims at just that: nothing is needed for it not to happen.
	shrunk, err := lab.Shrink(context.Background(), report.Failed[0], nil)
	if err != nil || shrunk.Operations != 0 || shrunk.Failure.Subject != "it halts" {
		t.Errorf("%+v, %v", shrunk, err)
	}
}

// TestUnknownIsCounted: a verdict that was not reached is no failure, and no
// success either.
func TestUnknownIsCounted(t *testing.T) {
	lab := newTestLab(t)
	report, err := lab.Sweep(context.Background(), Sweep{
		Scenarios: parsed(t, lab, strings.TrimSuffix(rare, "}")+", liveness: {within: 5s}, expect: {all: {convergence: any}}}"), From: 1, To: 3,
	})
	if err != nil || report.Unknown != 0 || len(report.Failed) != 0 {
		t.Fatalf("%+v, %v", report, err)
	}
	report, err = lab.Sweep(context.Background(), Sweep{
		Scenarios: parsed(t, lab, strings.TrimSuffix(rare, "}")+", expect: {all: {convergence: holds}}}"), From: 1, To: 3,
	})
	if err != nil || report.Unknown != 3 || len(report.Failed) != 0 {
		t.Fatalf("one node converges with nobody, yet %+v, %v", report, err)
	}
	for i, undecided := range report.Undecided {
		if undecided.Property != Convergence || undecided.Seed != uint64(i+1) || undecided.Witness == "" {
			t.Errorf("undecided: %+v", undecided)
		}
	}
	if len(report.Undecided) != report.Unknown {
		t.Errorf("%d of %d unknown verdicts are told", len(report.Undecided), report.Unknown)
	}
}

func TestSweepErrors(t *testing.T) {
	lab := newTestLab(t)
	all := parsed(t, lab, rare)
	tests := map[string]Sweep{
		"no scenario":                       {From: 1, To: 2},
		"the last is before the first":      {Scenarios: all, From: 2, To: 1},
		"too many":                          {Scenarios: all, From: 0, To: math.MaxUint64},
		"there are: scripted, swarm, both":  {Scenarios: all, Mode: "wild"},
		"expected i/n":                      {Scenarios: all, Shard: Shard{Index: 3, Of: 2}},
		"did you mean \"canary-1-percent\"": {Scenarios: all, To: 9, Jobs: 4, Mutant: "canary-2-percent"},
		"zab-leader-crash shows it":         {Scenarios: all, To: 9, Mutant: "zab-ack-before-durable"},
	}
	for want, sweep := range tests {
		if report, err := lab.Sweep(context.Background(), sweep); err == nil || !strings.Contains(err.Error(), want) || report != nil {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

// TestSeedsOfShards: every seed is in one shard, at the ends of the numbers too.
func TestSeedsOfShards(t *testing.T) {
	for _, from := range []uint64{0, 1, 5, math.MaxUint64 - 9} {
		seen := map[uint64]int{}
		for index := 1; index <= 4; index++ {
			s := Sweep{From: from, To: from + 9, Shard: Shard{Index: index, Of: 4}}
			first, count := s.seeds()
			for i := range count {
				seen[first+4*i]++
			}
		}
		for seed := from; seed-from <= 9; seed++ {
			if seen[seed] != 1 {
				t.Errorf("from %d: seed %d is in %d shards", from, seed, seen[seed])
			}
		}
		if len(seen) != 10 {
			t.Errorf("from %d: %d seeds", from, len(seen))
		}
	}
	s := Sweep{From: 5, To: 5, Shard: Shard{Index: 1, Of: 4}}
	if _, count := s.seeds(); count != 0 {
		t.Errorf("a shard has %d of the seeds of another", count)
	}
}

func milestonesOf(t *testing.T, name string) []protocols.Milestone {
	t.Helper()
	protocol, err := catalog.Lookup(name)
	if err != nil {
		t.Fatal(err)
	}
	return protocol.Milestones
}

// TestSwarmsCountToo: what a scenario expects is counted in its swarms, where it
// is not demanded; and an invariant that nothing tested in any run is listed.
func TestSwarmsCountToo(t *testing.T) {
	lab := newTestLab(t)
	text := head("zab", 3) + `parameters: {snapCount: 5}, workload: {random: {from: 3s, rate: 5/s}}, swarm: {faults: [crash], until: 10s},
		expect: {all: {happens: [{fault: crash, phrase: a crash}, {note: leading, phrase: a leader}]}}}`
	report, err := lab.Sweep(context.Background(), Sweep{Scenarios: parsed(t, lab, text), From: 1, To: 4, Mode: Swarming})
	if err != nil {
		t.Fatal(err)
	}
	if report.Reached["tiny/main: a crash"] == 0 || report.Reached["tiny/main: a leader"] != 4 || len(report.Failed) > 0 {
		t.Errorf("reached %v, failed %v", report.Reached, report.Failed)
	}
	if report.Tested["zab: prefix"] == 0 || len(report.NeverTested) > 0 {
		t.Errorf("tested %v, never %v", report.Tested, report.NeverTested)
	}
	idle := head("zab", 3) + "}"
	report, err = lab.Sweep(context.Background(), Sweep{Scenarios: parsed(t, lab, idle), From: 1, To: 2})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Contains(report.NeverTested, "zab: prefix") || slices.Contains(report.NeverTested, "zab: force-order") {
		t.Errorf("without clients nothing tests %v", report.NeverTested)
	}
	merged, err := Merge([]*SweepReport{report})
	if err != nil || !reflect.DeepEqual(merged.NeverTested, report.NeverTested) || !reflect.DeepEqual(merged.Reached, report.Reached) {
		t.Errorf("merged: %v, %+v", err, merged)
	}
}

// TestSwarmsDrawTheirSize: between the cluster's and the swarm's, all sizes.
func TestSwarmsDrawTheirSize(t *testing.T) {
	lab := newTestLab(t)
	scenario := parsed(t, lab, head("zab", 3)+"workload: {random: {from: 3s, rate: 5/s}}, liveness: {within: 5s}, "+
		"swarm: {faults: [crash, partition], nodes: 6, until: 6s}}")[0]
	sizes := map[int]int{}
	for seed := range uint64(60) {
		run := Swarm(scenario.Runs[0], seed)
		sizes[len(run.Cluster.Nodes)]++
		document := alone(scenario, run)
		again, err := lab.Parse("drawn.yaml", strings.NewReader(document.Canonical))
		if err != nil || len(again.Runs[0].Cluster.Nodes) != len(run.Cluster.Nodes) {
			t.Fatalf("seed %d: %v\n%s", seed, err, document.Canonical)
		}
		if seed >= 8 {
			continue
		}
		result, err := lab.Execute(context.Background(), scenario, &run, Options{Seed: seed, Hashless: true})
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range result.Verdicts {
			if v.fails() {
				t.Errorf("seed %d, %d nodes: %+v", seed, len(run.Cluster.Nodes), v)
			}
		}
	}
	if len(sizes) != 4 || sizes[3] < 5 || sizes[6] < 5 {
		t.Errorf("drawn sizes: %v", sizes)
	}
}
