package scenarios_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"quorumlab/scenarios"
)

// headOf returns the `# key: value` lines at the top of a file.
func headOf(text []byte) map[string]string {
	head := map[string]string{}
	for line := range strings.Lines(string(text)) {
		key, value, found := strings.Cut(strings.TrimPrefix(strings.TrimSpace(line), "# "), ": ")
		if !found {
			break
		}
		head[key] = value
	}
	return head
}

// TestRegressions: what failed once, and was made small, is as expected now, but
// for the mutant that made it fail: with that it still does.
func TestRegressions(t *testing.T) {
	lab := newLab(t)
	files, err := filepath.Glob("regressions/*.yaml")
	if err != nil || len(files) < 3 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".yaml"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			scenario, err := lab.Parse(file, bytes.NewReader(text))
			if err != nil {
				t.Fatal(err)
			}
			if scenario.Name != strings.TrimSuffix(filepath.Base(file), ".yaml") {
				t.Errorf("its name is %s", scenario.Name)
			}
			head := headOf(text)
			seed, err := strconv.ParseUint(head["seed"], 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			report, err := lab.Run(context.Background(), scenario, scenarios.Options{Seed: seed})
			if err != nil {
				t.Fatal(err)
			}
			for _, v := range report.Verdicts {
				if !v.AsExpected {
					t.Errorf("%+v", v)
				}
			}
			if head["mutant"] == "" {
				return
			}
			report, err = lab.Run(context.Background(), scenario, scenarios.Options{Seed: seed, Mutant: head["mutant"]})
			if err != nil {
				t.Fatal(err)
			}
			if !slices.ContainsFunc(report.Verdicts, func(v scenarios.Verdict) bool {
				return v.Property == head["failed"] && v.Verdict == scenarios.Violated && !v.AsExpected
			}) {
				t.Errorf("with the mutant %s is not violated: %+v", head["failed"], report.Verdicts)
			}
			run := scenario.Runs[0]
			if size := len(run.Timeline) + len(run.Script); size > 30 {
				t.Errorf("%d faults and operations, want at most 30", size)
			}
		})
	}
}
