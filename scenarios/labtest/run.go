package labtest

import (
	"context"
	"strings"
	"testing"

	"quorumlab/checker/cost"
	"quorumlab/scenarios"
)

// Run runs a scenario that is given as its document, with seed 1. Each of sets
// is a `path=value` that overrides a place of it.
func Run(t testing.TB, document string, sets ...string) *scenarios.Report {
	t.Helper()
	lab, err := scenarios.NewLab()
	if err != nil {
		t.Fatal(err)
	}
	scenario, err := lab.Parse(t.Name()+".yaml", strings.NewReader(document), sets...)
	if err != nil {
		t.Fatal(err)
	}
	report, err := lab.Run(context.Background(), scenario, scenarios.Options{Seed: 1, Cost: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range report.Verdicts {
		if !v.AsExpected {
			t.Fatalf("%s: %s %s: %s", v.Run, v.Property, v.Verdict, v.Witness)
		}
	}
	return report
}

// Cost returns what operations cost in a scenario of one run (see Run).
func Cost(t testing.TB, document string, sets ...string) cost.Cost {
	t.Helper()
	report := Run(t, document, sets...)
	if len(report.Cost) != 1 {
		t.Fatalf("the scenario has %d runs, the cost is that of one", len(report.Cost))
	}
	return report.Cost[0].Cost
}
