package scenarios

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"testing"

	"quorumlab/checker/refine"
)

func refined(t *testing.T, report *Report) Judgement {
	t.Helper()
	at := slices.IndexFunc(report.Verdicts, func(v Verdict) bool { return v.Property == refine.Property })
	if at < 0 {
		return ""
	}
	return report.Verdicts[at].Verdict
}

// TestRefineOnlyLooks: a run that is followed is the same run, and its trace says
// that it was; without, nothing is said of it.
func TestRefineOnlyLooks(t *testing.T) {
	lab := newTestLab(t)
	scenario, err := lab.Shipped("zab-leader-crash")
	if err != nil {
		t.Fatal(err)
	}
	var plain, followed bytes.Buffer
	without, err := lab.Run(context.Background(), scenario, Options{Seed: 3, Trace: &plain})
	if err != nil {
		t.Fatal(err)
	}
	with, err := lab.Run(context.Background(), scenario, Options{Seed: 3, Trace: &followed, Refine: true})
	if err != nil {
		t.Fatal(err)
	}
	if without.Hash != with.Hash || refined(t, without) != "" || refined(t, with) != Holds {
		t.Errorf("hashes %s and %s, verdicts %q and %q", without.Hash, with.Hash, refined(t, without), refined(t, with))
	}
	for _, test := range []struct {
		name   string
		file   []byte
		replay func(*Lab, *bytes.Reader) (*Report, error)
		want   Judgement
	}{
		{"a trace without", plain.Bytes(), func(l *Lab, r *bytes.Reader) (*Report, error) { return l.Replay(context.Background(), r) }, ""},
		{"a trace without, refined", plain.Bytes(), func(l *Lab, r *bytes.Reader) (*Report, error) { return l.ReplayRefined(context.Background(), r) }, Holds},
		{"a trace with", followed.Bytes(), func(l *Lab, r *bytes.Reader) (*Report, error) { return l.Replay(context.Background(), r) }, Holds},
		{"a trace with, refined", followed.Bytes(), func(l *Lab, r *bytes.Reader) (*Report, error) { return l.ReplayRefined(context.Background(), r) }, Holds},
	} {
		again, err := test.replay(lab, bytes.NewReader(test.file))
		if err != nil {
			t.Errorf("%s: %v", test.name, err)
		} else if got := refined(t, again); got != test.want {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
	}
}

// TestRefineFailureIsKept: a failure of the refinement is shrunk and kept like
// others, and its trace shows it again.
func TestRefineFailureIsKept(t *testing.T) {
	lab := newTestLab(t)
	scenario, err := lab.Shipped("zab-leader-crash")
	if err != nil {
		t.Fatal(err)
	}
	report, err := lab.Sweep(context.Background(), Sweep{
		Scenarios: parsed(t, lab, string(scenario.Canonical)), From: 1, To: 1, Mode: Scripted, Mutant: "zab-ring-with-hole", Refine: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(report.Failed) != 1 || !report.Failed[0].Refines() {
		t.Fatalf("failed: %+v", report.Failed)
	}
	shrunk, err := lab.Shrink(context.Background(), report.Failed[0], nil)
	if err != nil {
		t.Fatal(err)
	}
	if shrunk.Operations >= shrunk.OperationsBefore || !strings.Contains(shrunk.Failure.Witness, "sends NEWLEADER(") {
		t.Errorf("%d of %d operations are left: %s", shrunk.Operations, shrunk.OperationsBefore, shrunk.Failure.Witness)
	}
	var file bytes.Buffer
	options := Options{Seed: 1, Mutant: "zab-ring-with-hole", Refine: true, Trace: &file}
	if _, err := lab.Run(context.Background(), shrunk.Failure.Document, options); err != nil {
		t.Fatal(err)
	}
	again, err := lab.FailureOf(context.Background(), bytes.NewReader(file.Bytes()))
	if err != nil || !again.Refines() {
		t.Errorf("from its trace: %+v, %v", again, err)
	}
}

// TestRefineNeedsASpecification: of other protocols it is refused, with a word on
// where it can be had.
func TestRefineNeedsASpecification(t *testing.T) {
	lab := newTestLab(t)
	_, err := lab.Sweep(context.Background(), Sweep{Scenarios: parsed(t, lab, rare), From: 1, To: 1, Refine: true})
	if err == nil || !strings.Contains(err.Error(), "rare has runs of primarybackup alone") || !strings.Contains(err.Error(), "hint: zab-leader-crash") {
		t.Errorf("%v", err)
	}
	var file bytes.Buffer
	if _, err := lab.Run(context.Background(), parsed(t, lab, rare)[0], Options{Seed: 1, Trace: &file}); err != nil {
		t.Fatal(err)
	}
	if _, err := lab.ReplayRefined(context.Background(), bytes.NewReader(file.Bytes())); err == nil {
		t.Error("the replay of another protocol's trace is refined")
	}
	// Of runs that differ, those of Zab are followed.
	mixed := `{name: mixed, title: mixed, cluster: {nodes: 3}, until: 1s, runs: {a: {protocol: zab}, b: {protocol: paxos}}}`
	report, err := lab.Run(context.Background(), parsed(t, lab, mixed)[0], Options{Seed: 1, Refine: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, result := range report.Runs {
		followed := slices.ContainsFunc(result.Verdicts, func(v Verdict) bool { return v.Property == refine.Property })
		if followed != (result.Run.Protocol == "zab") {
			t.Errorf("run %s is followed: %t", result.Run.Name, followed)
		}
	}
}
