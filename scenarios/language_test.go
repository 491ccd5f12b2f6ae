package scenarios_test

import (
	"context"
	"os"
	"strings"
	"testing"

	"quorumlab/scenarios"
)

// TestLanguageInAMinute: the scenario by which the language's doc.go teaches it
// shows what it says.
func TestLanguageInAMinute(t *testing.T) {
	doc, err := os.ReadFile("language/doc.go")
	if err != nil {
		t.Fatal(err)
	}
	_, section, found := strings.Cut(string(doc), "// # The language in a minute\n//\n")
	block, _, ended := strings.Cut(section, "//\n")
	if !found || !ended {
		t.Fatal("doc.go teaches no scenario")
	}
	lab := newLab(t)
	scenario, err := lab.Parse("doc.go", strings.NewReader(strings.ReplaceAll(block, "//\t", "")))
	if err != nil {
		t.Fatal(err)
	}
	report, err := lab.Run(context.Background(), scenario, scenarios.Options{Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	if len(report.Runs) != 2 {
		t.Errorf("%d runs", len(report.Runs))
	}
	for _, v := range report.Verdicts {
		if !v.AsExpected {
			t.Errorf("%+v", v)
		}
	}
}
