package command

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"quorumlab/protocols/catalog"
	"quorumlab/protocols/state"
	"quorumlab/scenarios"
	"quorumlab/sim"
	"quorumlab/sim/trace"
)

func TestGuard(t *testing.T) {
	var stderr bytes.Buffer
	code := guard(streams{err: &stderr}, []string{"run", "it's mine"}, func() int { panic("no such state") })
	if code != exitInternal {
		t.Errorf("exit code %d, want %d", code, exitInternal)
	}
	for _, want := range []string{"internal error: no such state", "exit_test.go", `quorumlab run 'it'\''s mine'`} {
		if !strings.Contains(stderr.String(), want) {
			t.Errorf("%q is not in %s", want, stderr.String())
		}
	}
}

// TestLostResult writes the result to a device that is full.
func TestLostResult(t *testing.T) {
	var stderr bytes.Buffer
	s := streams{in: strings.NewReader(""), out: fullWriter{}, err: &stderr}
	if code := execute(context.Background(), []string{"list"}, s); code != exitInternal {
		t.Errorf("exit code %d, want %d", code, exitInternal)
	}
	if want := "the result could not be written: the device is full"; !strings.Contains(stderr.String(), want) {
		t.Errorf("%q is not in %s", want, stderr.String())
	}
}

type fullWriter struct{}

func (fullWriter) Write([]byte) (int, error) { return 0, errors.New("the device is full") }

func TestCodeOf(t *testing.T) {
	for _, test := range []struct {
		err  error
		want int
	}{
		{nil, exitHeld},
		{finished(exitViolated), exitViolated},
		{usage("", "nothing given"), exitUsage},
		{errors.New("a scenario is wrong"), exitUsage},
		{context.DeadlineExceeded, exitInconclusive},
		{internal(errors.New("impossible")), exitInternal},
		{fmt.Errorf("file: %w", &trace.Problem{Diverged: true}), exitInternal},
		{fmt.Errorf("file: %w", &trace.Problem{}), exitUsage},
		{context.Canceled, exitInterrupted},
	} {
		if got := codeOf(test.err); got != test.want {
			t.Errorf("%v: exit code %d, want %d", test.err, got, test.want)
		}
	}
}

func TestReportCode(t *testing.T) {
	verdict := func(judged scenarios.Judgement, asExpected bool) scenarios.Verdict {
		return scenarios.Verdict{Verdict: judged, AsExpected: asExpected}
	}
	for _, test := range []struct {
		name     string
		failure  error
		verdicts []scenarios.Verdict
		want     int
	}{
		{"nothing", nil, nil, exitHeld},
		{"held", nil, []scenarios.Verdict{verdict(scenarios.Violated, true)}, exitHeld},
		{"unknown", nil, []scenarios.Verdict{verdict(scenarios.Unknown, false)}, exitInconclusive},
		{"worse", nil, []scenarios.Verdict{verdict(scenarios.Unknown, false), verdict(scenarios.Holds, false)}, exitViolated},
		{"panic", &sim.Failure{Deterministic: true}, []scenarios.Verdict{verdict(scenarios.Violated, false)}, exitViolated},
		{"chance", &sim.Failure{}, []scenarios.Verdict{verdict(scenarios.Violated, false)}, exitInternal},
	} {
		report := &scenarios.Report{Verdicts: test.verdicts, Runs: []scenarios.Result{{Failure: test.failure}}}
		if got := reportCode(report); got != test.want {
			t.Errorf("%s: exit code %d, want %d", test.name, got, test.want)
		}
	}
}

// TestReplayDiverges replays a trace that is sound in itself, but that this
// program does not write.
func TestReplayDiverges(t *testing.T) {
	folder := t.TempDir()
	sound, forged := filepath.Join(folder, "sound.jsonl"), filepath.Join(folder, "forged.jsonl")
	if _, stderr, code := quorumlab(t, "run", "mysql-ab", "--trace", sound); code != exitHeld {
		t.Fatal(stderr)
	}
	if err := os.WriteFile(forged, forge(t, sound), 0o666); err != nil {
		t.Fatal(err)
	}
	stdout, stderr, code := quorumlab(t, "replay", forged)
	if code != exitInternal {
		t.Errorf("exit code %d, want %d", code, exitInternal)
	}
	if want := forged + ": line 2, column "; !strings.Contains(stderr, want) || stdout != "" {
		t.Errorf("%q is not in %s, or something is in %s", want, stderr, stdout)
	}
}

// forge returns a trace of one step that never happened, with the header of
// another trace.
func forge(t *testing.T, name string) []byte {
	t.Helper()
	file, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	header, err := trace.NewReader(file).Next()
	if err != nil {
		t.Fatal(err)
	}
	codec, err := state.NewCodec(append(catalog.Types(), sim.Types()...)...)
	if err != nil {
		t.Fatal(err)
	}
	var forged bytes.Buffer
	recorder, err := trace.NewRecorder(&forged, codec, header)
	if err != nil {
		t.Fatal(err)
	}
	recorder.Observe(nil, &sim.Step{Number: 1, Time: 42, Choice: sim.Choice{Kind: sim.Pause, Node: 1}})
	if err := recorder.Close(); err != nil {
		t.Fatal(err)
	}
	return forged.Bytes()
}
