package scenarios

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"quorumlab/scenarios/language"
	"quorumlab/sim/trace"
)

// lossy is a failure of asynchronous replication: of all that is in it only a
// few things are needed to lose an acknowledged write.
const lossy = `{name: lossy, title: lossy, protocol: primarybackup, parameters: {replication: async, takeover: timeout, takeover_after: 5},
	cluster: {nodes: 3, tick: 100ms}, links: {delay: 50ms, stream-timeout: 500ms}, until: 20s,
	clients: [{name: w, at: n1}, {name: r, at: n2, retry: [n3]}],
	workload: {script: [{at: 1s, client: w, write: x, value: 1}, {at: 2s, client: r, read: x}, {at: 3s, client: w, write: y, value: 1},
		{at: 5s, client: w, write: x, value: 2}, {at: 9s, client: r, read: x}, {at: 9s, client: w, read: y}, {at: 11s, client: r, read: y}]},
	timeline: [{at: 1s, say: hello}, {at: 2s, pause: n3, for: 100ms}, {at: 4s, disk: n2, slow: 1ms, for: 9s}, {at: 5s, partition: {isolate: n1}},
		{at: 5100ms, crash: n1, keep: all}, {at: 6s, clock: n3, jump: 1s}, {at: 7s, restart: n2}]}`

// TestShrinkIsMinimal: leave out any single thing, and it does not fail.
func TestShrinkIsMinimal(t *testing.T) {
	lab := newTestLab(t)
	report, err := lab.Sweep(context.Background(), Sweep{Scenarios: parsed(t, lab, lossy), From: 1, To: 1, Mode: Scripted})
	if err != nil || len(report.Failed) != 1 {
		t.Fatalf("%+v, %v", report, err)
	}
	var progress []string
	shrunk, err := lab.Shrink(context.Background(), report.Failed[0], func(text string) { progress = append(progress, text) })
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d faults, %d operations, %d tests: %s", shrunk.Faults, shrunk.Operations, shrunk.Tests, shrunk.Failure.Witness)
	if !shrunk.Minimal || len(progress) == 0 || shrunk.FaultsBefore != 6 || shrunk.OperationsBefore != 7 {
		t.Errorf("%+v, %q", shrunk, progress)
	}
	run := shrunk.Failure.Document.Runs[0]
	if len(run.Timeline) != shrunk.Faults || len(run.Script) != shrunk.Operations || shrunk.Faults == 0 || shrunk.Operations < 2 {
		t.Errorf("%d faults and %d operations, said to be %d and %d", len(run.Timeline), len(run.Script), shrunk.Faults, shrunk.Operations)
	}
	if run.Until >= 20*time.Second {
		t.Errorf("it still ends at %v", run.Until)
	}
	items := plan(run)
	s := &shrinking{lab: lab, ctx: context.Background(), failure: &shrunk.Failure, run: run}
	if !s.fails(items) {
		t.Fatal("what is left does not fail")
	}
	for i := range items {
		if s.fails(slices.Delete(slices.Clone(items), i, i+1)) {
			t.Errorf("without item %d (%+v) it still fails", i, items[i])
		}
	}
	replaysAlike(t, lab, shrunk.Failure, shrunk.Failure.Witness)
}

// replaysAlike runs a failure's document, and replays the trace: both must show
// the failure, and the same.
func replaysAlike(t *testing.T, lab *Lab, failure Failure, witness string) []byte {
	t.Helper()
	var file bytes.Buffer
	options := Options{Seed: failure.Seed, Mutant: failure.Mutant, Trace: &file}
	report, err := lab.Run(context.Background(), failure.Document, options)
	if err != nil {
		t.Fatal(err)
	}
	again, err := lab.Replay(context.Background(), bytes.NewReader(file.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	if again.Hash != report.Hash || !slices.Equal(again.Verdicts, report.Verdicts) {
		t.Errorf("the replay showed %+v", again)
	}
	found, err := lab.FailureOf(context.Background(), bytes.NewReader(file.Bytes()))
	if err != nil || found.Property != failure.Property || found.Subject != failure.Subject || found.Witness != witness {
		t.Errorf("the trace ends in %+v, %v, want %s: %s", found, err, failure.Property, witness)
	}
	return file.Bytes()
}

// TestFailuresOfSweepsReplay: a seed's document shows just what the sweep saw,
// with the faults of a script and with those of a swarm.
func TestFailuresOfSweepsReplay(t *testing.T) {
	lab := newTestLab(t)
	scenario, err := lab.Shipped("zab-leader-crash")
	if err != nil {
		t.Fatal(err)
	}
	report, err := lab.Sweep(context.Background(), Sweep{
		Scenarios: []*language.Scenario{scenario}, From: 1, To: 4, Mutant: "zab-ack-before-durable",
	})
	if err != nil {
		t.Fatal(err)
	}
	modes := map[Mode]int{}
	for _, failure := range report.Failed {
		modes[failure.Mode]++
		replaysAlike(t, lab, failure, failure.Witness)
	}
	if modes[Scripted] == 0 || modes[Swarming] == 0 {
		t.Errorf("failures by mode: %v: this shows little", modes)
	}
}

func TestShrinkOfWhatDoesNotFail(t *testing.T) {
	lab := newTestLab(t)
	scenario := parsed(t, lab, rare)[0]
	failure := Failure{Scenario: "rare", Run: "main", Seed: 1, Property: Linearizable, Document: scenario}
	if _, err := lab.Shrink(context.Background(), failure, nil); err == nil || !strings.Contains(err.Error(), "does not fail in linearizable") {
		t.Errorf("%v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := lab.Shrink(ctx, failure, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

// TestReplayOfDamage: a trace that was cut, changed or made up gives a problem
// with its place, never a report.
func TestReplayOfDamage(t *testing.T) {
	lab := newTestLab(t)
	var file bytes.Buffer
	if _, err := lab.Run(context.Background(), parsed(t, lab, lossy)[0], Options{Seed: 1, Trace: &file}); err != nil {
		t.Fatal(err)
	}
	sound := file.String()
	swap := func(old, new string) string {
		if !strings.Contains(sound, old) {
			t.Fatalf("the trace has no %s", old)
		}
		return strings.Replace(sound, old, new, 1)
	}
	lines := strings.SplitAfter(sound, "\n")
	traces := map[string]string{
		"empty":              "",
		"no trace":           "name: x\n",
		"half a trace":       sound[:len(sound)/2],
		"no end":             strings.Join(lines[:len(lines)-2], ""),
		"a line is missing":  strings.Join(slices.Delete(slices.Clone(lines), 9, 10), ""),
		"a line twice":       strings.Join(slices.Insert(slices.Clone(lines), 9, lines[9]), ""),
		"more behind":        sound + "more\n",
		"another version":    swap(`{"trace":1`, `{"trace":2`),
		"another seed":       swap(`"seed":1`, `"seed":2`),
		"no such run":        swap(`"run":"main"`, `"run":"other"`),
		"no such mutant":     swap(`"seed":1`, `"seed":1,"mutant":"none-such"`),
		"a wrong mutant":     swap(`"seed":1`, `"seed":1,"mutant":"zab-ack-before-durable"`),
		"no scenario":        swap(`"document":{"name"`, `"document":{"nome"`),
		"another protocol":   swap(`"primarybackup"`, `"secondarybackup"`),
		"another verdict":    swap(`"verdict":"violated"`, `"verdict":"holds"`),
		"another end":        swap(`{"end":{"steps":`, `{"end":{"steps":1`),
		"another hash":       swap(`"hash":"`, `"hash":"f`),
		"another scenario":   swap(`"50ms"`, `"51ms"`),
		"another node there": swap(`"nodes":["n1"`, `"nodes":["nX"`),
	}
	for name, text := range traces {
		t.Run(name, func(t *testing.T) {
			report, err := lab.Replay(context.Background(), strings.NewReader(text))
			problem, ok := errors.AsType[*trace.Problem](err)
			if !ok || problem.Line < 1 || report != nil {
				t.Fatalf("%+v, %v", report, err)
			}
			if _, err := lab.FailureOf(context.Background(), strings.NewReader(text)); err == nil {
				t.Error("it passes for a failure")
			}
		})
	}
	if _, err := lab.Replay(context.Background(), strings.NewReader(sound)); err != nil {
		t.Errorf("the sound trace: %v", err)
	}
}
