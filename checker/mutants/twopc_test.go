package mutants_test

import (
	"context"
	"strings"
	"testing"

	"quorumlab/checker/mutants"
	"quorumlab/scenarios"
)

// TestTwoPhaseCommitMutantsAreFound: each breaks what it says that it breaks, in
// its scenario and within its budget, what shows it is small, and without it the
// same seeds show nothing.
func TestTwoPhaseCommitMutantsAreFound(t *testing.T) {
	lab, err := scenarios.NewLab()
	if err != nil {
		t.Fatal(err)
	}
	var wanted []mutants.Mutant
	for _, m := range mutants.All() {
		if m.Protocol == "twopc" {
			wanted = append(wanted, m)
		}
	}
	report, err := lab.Hunt(context.Background(), scenarios.Hunt{Mutants: wanted, Progress: func(string) {}})
	if err != nil || len(wanted) != 5 {
		t.Fatal(err, len(wanted))
	}
	for i := range report.Mutants {
		c := &report.Mutants[i]
		if !c.Good() || c.By != c.Property || c.Steps() > scenarios.StepsMax {
			t.Errorf("%+v", *c)
		}
		if !strings.HasPrefix(c.Mutant, "2pc-") {
			t.Errorf("%s is none of two-phase commit", c.Mutant)
		}
	}
}
