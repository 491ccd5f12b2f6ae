package scenarios

import (
	"context"
	"errors"
	"math"
	"reflect"
	"strings"
	"testing"

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
	if want := []string{"rare/main: it halts"}; !reflect.DeepEqual(report.NeverReached, want) {
		t.Errorf("never reached: %q, want %q", report.NeverReached, want)
	}
	want := map[string]uint64{"rare/main: it reads": 5, "rare/main: it halts": 0, "rare/main: it reads 1": 5}
	if !reflect.DeepEqual(report.Reached, want) {
		t.Errorf("reached %v, want %v", report.Reached, want)
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
