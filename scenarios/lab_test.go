package scenarios_test

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"os"
	"reflect"
	"runtime"
	"strings"
	"testing"

	"quorumlab/scenarios"
	"quorumlab/scenarios/language"
)

var update = flag.Bool("update", false, "rewrite golden files")

func newLab(t testing.TB) *scenarios.Lab {
	t.Helper()
	lab, err := scenarios.NewLab()
	if err != nil {
		t.Fatal(err)
	}
	return lab
}

func shipped(t testing.TB, lab *scenarios.Lab, name string, sets ...string) *language.Scenario {
	t.Helper()
	scenario, err := lab.Shipped(name, sets...)
	if err != nil {
		t.Fatal(err)
	}
	return scenario
}

func library(t testing.TB, lab *scenarios.Lab) []*language.Scenario {
	t.Helper()
	entries, err := lab.Library()
	if err != nil {
		t.Fatal(err)
	}
	var all []*language.Scenario
	for _, entry := range entries {
		all = append(all, shipped(t, lab, entry.Name))
	}
	if len(all) < 5 {
		t.Fatalf("the library has %d scenarios, want at least 5", len(all))
	}
	return all
}

// sweep runs seeds on all cores.
func sweep(t testing.TB, lab *scenarios.Lab, s scenarios.Sweep) *scenarios.SweepReport {
	t.Helper()
	if s.Jobs == 0 {
		s.Jobs = runtime.GOMAXPROCS(0)
	}
	report, err := lab.Sweep(context.Background(), s)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

func TestLibraryShowsWhatItExpects(t *testing.T) {
	lab := newLab(t)
	report := sweep(t, lab, scenarios.Sweep{Scenarios: library(t, lab), From: 1, To: 10})
	for _, f := range report.Failed {
		t.Errorf("%s/%s seed %d (%s): %s: %s", f.Scenario, f.Run, f.Seed, f.Mode, f.Property, f.Witness)
	}
	if report.Unknown > 0 {
		t.Errorf("%d verdicts are unknown", report.Unknown)
	}
	for _, name := range report.NeverReached {
		// Ten seeds come to all that a scenario tells, not to every milestone
		// of its protocol: sweep --reach-all asks for those.
		if strings.Contains(name, "/") {
			t.Errorf("never reached: %s", name)
		}
	}
}

// TestGoldenHashes holds runs against the hashes that some machine once
// computed: they must be the same on every machine, with any number of threads,
// with and without the race detector.
func TestGoldenHashes(t *testing.T) {
	const file = "testdata/hashes.golden"
	lab := newLab(t)
	var got strings.Builder
	for _, scenario := range library(t, lab) {
		for seed := uint64(1); seed <= 3; seed++ {
			report, err := lab.Run(context.Background(), scenario, scenarios.Options{Seed: seed})
			if err != nil {
				t.Fatal(err)
			}
			fmt.Fprintf(&got, "%s %d %s %d\n", scenario.Name, seed, report.Hash, report.Steps)
		}
	}
	if *update {
		if err := os.WriteFile(file, []byte(got.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got.String() != string(want) {
		t.Errorf("hashes differ from %s (scenario, seed, hash, steps):\n%s\nwant\n%s", file, got.String(), want)
	}
}

func TestDeterminismOfSwarms(t *testing.T) {
	lab := newLab(t)
	for _, scenario := range library(t, lab) {
		for i := range scenario.Runs {
			for seed := uint64(1); seed <= 3; seed++ {
				run := scenarios.Swarm(scenario.Runs[i], seed)
				var hashes [2]string
				for k := range hashes {
					result, err := lab.Execute(context.Background(), scenario, &run, scenarios.Options{Seed: seed})
					if err != nil {
						t.Fatal(err)
					}
					hashes[k] = result.Hash
				}
				if hashes[0] != hashes[1] {
					t.Errorf("%s/%s seed %d: hashes %s and %s", scenario.Name, run.Name, seed, hashes[0], hashes[1])
				}
			}
		}
	}
}

func TestSweepFindsTheSameWithAnyNumberOfJobs(t *testing.T) {
	lab := newLab(t)
	s := scenarios.Sweep{
		Scenarios: []*language.Scenario{shipped(t, lab, "zab-leader-crash")},
		From:      1, To: 30, Mode: scenarios.Swarming, Mutant: "zab-ack-before-durable",
	}
	var reports [2]*scenarios.SweepReport
	for i, jobs := range []int{1, 4} {
		s.Jobs = jobs
		reports[i] = sweep(t, lab, s)
		reports[i].Seconds, reports[i].SeedsPerHour = 0, 0
		for k := range reports[i].Failed {
			reports[i].Failed[k].Document = nil
		}
	}
	if !reflect.DeepEqual(reports[0], reports[1]) {
		t.Errorf("1 job found\n%+v\n4 jobs\n%+v", reports[0], reports[1])
	}
	if len(reports[0].Failed) == 0 {
		t.Error("the mutant was not found, so this compares little")
	}
}

func TestShardsMakeUpTheWhole(t *testing.T) {
	lab := newLab(t)
	s := scenarios.Sweep{
		Scenarios: []*language.Scenario{shipped(t, lab, "primarybackup-failover")},
		From:      3, To: 19,
	}
	whole := sweep(t, lab, s)
	var shards []*scenarios.SweepReport
	for i := 1; i <= 3; i++ {
		s.Shard = scenarios.Shard{Index: i, Of: 3}
		shards = append(shards, sweep(t, lab, s))
	}
	merged, err := scenarios.Merge(shards)
	if err != nil {
		t.Fatal(err)
	}
	if merged.Done != 17 || merged.Steps != whole.Steps || !reflect.DeepEqual(merged.Reached, whole.Reached) {
		t.Errorf("merged: %d seeds, %d steps, %v; whole: %d, %d, %v",
			merged.Done, merged.Steps, merged.Reached, whole.Done, whole.Steps, whole.Reached)
	}
	if _, err := scenarios.Merge(shards[:2]); err == nil {
		t.Error("a missing shard is not noticed")
	}
	if _, err := scenarios.Merge(append(shards, shards[0])); err == nil {
		t.Error("a shard that is there twice is not noticed")
	}
	shards[1].Mutant = "other"
	if _, err := scenarios.Merge(shards); err == nil {
		t.Error("a shard of another sweep is not noticed")
	}
}

// TestMutantIsCaughtAndShrunk: the first mutant of the zoo is found, made
// small, and its trace replays to the same violation.
func TestMutantIsCaughtAndShrunk(t *testing.T) {
	lab := newLab(t)
	s := scenarios.Sweep{
		Scenarios: []*language.Scenario{shipped(t, lab, "zab-partition"), shipped(t, lab, "zab-leader-crash")},
		From:      1, To: 20, Mutant: "zab-ack-before-durable",
	}
	report := sweep(t, lab, s)
	if len(report.Failed) == 0 {
		t.Fatal("the mutant was not caught")
	}
	shrunk, err := lab.Shrink(context.Background(), report.Failed[0], nil)
	if err != nil {
		t.Fatal(err)
	}
	if shrunk.Faults+shrunk.Operations > 30 {
		t.Errorf("%d faults and %d operations are left, want at most 30", shrunk.Faults, shrunk.Operations)
	}
	if !shrunk.Minimal {
		t.Error("the result is not minimal")
	}
	var file bytes.Buffer
	options := scenarios.Options{Seed: shrunk.Failure.Seed, Mutant: shrunk.Failure.Mutant, Trace: &file}
	first, err := lab.Run(context.Background(), shrunk.Failure.Document, options)
	if err != nil {
		t.Fatal(err)
	}
	again, err := lab.Replay(context.Background(), bytes.NewReader(file.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	if first.Held() || !reflect.DeepEqual(first.Verdicts, again.Verdicts) || first.Hash != again.Hash {
		t.Errorf("the run gave %+v, its replay %+v", first.Verdicts, again.Verdicts)
	}
	healthy, err := lab.Run(context.Background(), shrunk.Failure.Document, scenarios.Options{Seed: shrunk.Failure.Seed})
	if err != nil {
		t.Fatal(err)
	}
	if !healthy.Held() {
		t.Errorf("without the mutant the same run fails too: %+v", healthy.Verdicts)
	}
}
