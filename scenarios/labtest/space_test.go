package labtest

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"quorumlab/scenarios"
	"quorumlab/scenarios/language"
)

// trial is a test that may fail without the test around it failing.
type trial struct {
	*testing.T
	said   []string
	failed bool
}

func (t *trial) Name() string { return "TestTrial" }
func (t *trial) Logf(format string, args ...any) {
	t.said = append(t.said, fmt.Sprintf(format, args...))
}
func (t *trial) Log(args ...any)                   { t.said = append(t.said, fmt.Sprint(args...)) }
func (t *trial) Errorf(format string, args ...any) { t.Logf(format, args...); t.failed = true }
func (t *trial) Error(args ...any)                 { t.Log(args...); t.failed = true }
func (t *trial) Fatalf(format string, args ...any) { t.Errorf(format, args...); runtime.Goexit() }
func (t *trial) Fatal(args ...any)                 { t.Error(args...); runtime.Goexit() }
func (t *trial) Fail()                             { t.failed = true }
func (t *trial) FailNow()                          { t.failed = true; runtime.Goexit() }
func (t *trial) Failed() bool                      { return t.failed }

// try checks a space up to so many times, in a folder of its own.
func try(t *testing.T, most int, space Space) *trial {
	t.Helper()
	t.Chdir(t.TempDir())
	for name, value := range map[string]string{"checks": strconv.Itoa(most), "seed": "5", "shrinktime": "500ms"} {
		name = "rapid." + name
		defer flag.Set(name, flag.Lookup(name).Value.String())
		if err := flag.Set(name, value); err != nil {
			t.Fatal(err)
		}
	}
	made := &trial{T: t}
	done := make(chan struct{})
	go func() {
		defer close(done)
		check(made, space)
	}()
	<-done
	return made
}

// TestMutantIsFoundAndMadeSmall: with a mutant the check fails, what rapid leaves
// is small, and the files that are left name each other and show the same again.
func TestMutantIsFoundAndMadeSmall(t *testing.T) {
	made := try(t, 10_000, Space{
		Protocol: "zab", Nodes: []int{3}, Mutant: "zab-ack-before-durable",
		Faults: []language.FaultKind{language.FaultCrash},
		Expect: map[string]language.Verdict{"force-order": language.Any},
	})
	if !made.failed {
		t.Fatalf("the mutant was not found: %q", made.said)
	}
	folder := filepath.Join("testdata", "rapid", "TestTrial")
	if !strings.Contains(strings.Join(made.said, "\n"), filepath.Join(folder, "smallest.trace.jsonl")) {
		t.Errorf("rapid's words do not name the trace: %q", made.said)
	}
	text, err := os.ReadFile(filepath.Join(folder, "smallest.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	fails, err := filepath.Glob(filepath.Join(folder, "*.fail"))
	if err != nil || len(fails) != 1 || !bytes.Contains(text, []byte(fails[0])) {
		t.Errorf("rapid's file is %v (%v), the scenario's head is %.600s", fails, err, text)
	}
	failed, seed := "", uint64(0)
	for line := range strings.Lines(string(text)) {
		if property, ok := strings.CutPrefix(line, "# failed: "); ok {
			failed = strings.TrimSpace(property)
		}
		if number, ok := strings.CutPrefix(line, "# seed: "); ok {
			if seed, err = strconv.ParseUint(strings.TrimSpace(number), 10, 64); err != nil {
				t.Error(err)
			}
		}
	}
	lab, err := scenarios.NewLab()
	if err != nil {
		t.Fatal(err)
	}
	scenario, err := lab.Parse("smallest.yaml", bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	run := scenario.Runs[0]
	if len(run.Script) > 3 || len(run.Timeline) > 12 {
		t.Errorf("it is still large: %d operations, %d faults\n%s", len(run.Script), len(run.Timeline), text)
	}
	report, err := lab.Run(context.Background(), scenario, scenarios.Options{Seed: seed, Mutant: "zab-ack-before-durable"})
	if err != nil {
		t.Fatal(err)
	}
	saved, err := os.ReadFile(filepath.Join(folder, "smallest.trace.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	replayed, err := lab.Replay(context.Background(), bytes.NewReader(saved))
	if err != nil || replayed.Hash != report.Hash {
		t.Fatalf("the trace replays to %+v (%v), the scenario runs to %s", replayed, err, report.Hash)
	}
	violated := false
	for _, v := range replayed.Verdicts {
		violated = violated || v.Property == failed && v.Verdict == scenarios.Violated
	}
	if !violated {
		t.Errorf("%q is not violated in the replay: %+v", failed, replayed.Verdicts)
	}
}

// A check that shows nothing is none.
func TestEmptyChecksFail(t *testing.T) {
	made := try(t, 20, Space{
		Protocol: "zab", Nodes: []int{2}, Mutant: "canary-1-percent",
		Expect: map[string]language.Verdict{scenarios.Linearizable: language.Any},
		Faults: []language.FaultKind{},
	})
	if made.failed {
		t.Errorf("a space without faults fails: %q", made.said)
	}
	c := checks{space: &Space{Faults: language.FaultKinds()}}
	if !c.vacuous() {
		t.Error("nothing happened, and nobody noticed")
	}
	c.succeeded = 1
	if !c.vacuous() {
		t.Error("no fault took effect, and nobody noticed")
	}
	c.struck = 1
	if c.vacuous() {
		t.Error("an operation and a fault are something")
	}
}

// What is known wrong of a verdict fails a check, whatever is unknown too, but
// for progress: what was drawn may have left no quorum.
func TestWrong(t *testing.T) {
	for _, test := range []struct {
		verdict scenarios.Verdict
		wrong   bool
	}{
		{scenarios.Verdict{Property: "prefix", Verdict: scenarios.Holds, AsExpected: true}, false},
		{scenarios.Verdict{Property: "prefix", Verdict: scenarios.Violated, AsExpected: true}, false},
		{scenarios.Verdict{Property: "prefix", Verdict: scenarios.Violated}, true},
		{scenarios.Verdict{Property: "prefix", Verdict: scenarios.Unknown}, true},
		{scenarios.Verdict{Property: scenarios.Termination, Verdict: scenarios.Unknown}, false},
		{scenarios.Verdict{Property: scenarios.Termination, Verdict: scenarios.Violated}, true},
	} {
		if got := wrong(test.verdict); got != test.wrong {
			t.Errorf("%+v: %v", test.verdict, got)
		}
	}
}

// TestMembershipsAreDrawn: an error that only a change of members shows is found,
// and is not where they do not change.
func TestMembershipsAreDrawn(t *testing.T) {
	space := Space{
		Protocol: "paxos", Parameters: map[string][]string{"alpha": {"5"}}, Nodes: []int{4},
		Mutant: "paxos-reconfigure-unprepared",
		Faults: []language.FaultKind{language.FaultMembership, language.FaultCrash, language.FaultPartition},
	}
	if made := try(t, 10_000, space); !made.failed {
		t.Errorf("the mutant was not found: %q", made.said)
	}
	space.Faults = []language.FaultKind{language.FaultCrash, language.FaultPartition}
	if made := try(t, 100, space); made.failed {
		t.Errorf("without a change it was: %q", made.said)
	}
}
