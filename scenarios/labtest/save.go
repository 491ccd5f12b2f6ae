package labtest

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"unicode"

	"quorumlab/scenarios"
)

// folderOf returns where rapid leaves the failures of a test.
func folderOf(test string) string {
	safe := strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) || r == '-' || r == '_' {
			return r
		}
		return '_'
	}, test)
	return filepath.Join("testdata", "rapid", safe)
}

func (c *checks) scenarioFile() string { return filepath.Join(c.folder, "smallest.yaml") }

func (c *checks) traceFile() string { return filepath.Join(c.folder, "smallest.trace.jsonl") }

// save makes the failure that rapid leaves smaller still, without what rapid
// cannot leave out, and writes its scenario, in the form of those in
// scenarios/regressions, and the trace of its run.
func (c *checks) save(test string) error {
	if err := os.MkdirAll(c.folder, 0o755); err != nil {
		return err
	}
	f := c.failed
	shrunk, err := c.lab.Shrink(context.Background(), scenarios.Failure{
		Scenario: f.scenario.Name, Run: f.scenario.Runs[0].Name, Seed: f.seed, Mutant: c.space.Mutant,
		Property: f.verdict.Property, Subject: f.verdict.Subject, Document: f.scenario,
	}, nil)
	if err == nil { // only a violation can be shrunk
		f.scenario, f.verdict.Witness = shrunk.Failure.Document, shrunk.Failure.Witness
	}
	var head, trace bytes.Buffer
	fmt.Fprintf(&head, "# failed: %s\n", f.verdict.Property)
	if c.space.Mutant != "" {
		fmt.Fprintf(&head, "# mutant: %s\n", c.space.Mutant)
	}
	fmt.Fprintf(&head, "# seed: %d\n#\n# %s\n# Found by %s.\n", f.seed, f.verdict.Witness, test)
	fmt.Fprintf(&head, "# Its trace is %s", c.traceFile())
	if file := latest(c.folder); file != "" {
		fmt.Fprintf(&head, ", rapid's file of the failure %s", file)
	}
	fmt.Fprintf(&head, ".\n%s\n", f.scenario.Canonical)
	if err := os.WriteFile(c.scenarioFile(), head.Bytes(), 0o644); err != nil {
		return err
	}
	options := scenarios.Options{Seed: f.seed, Mutant: c.space.Mutant, Trace: &trace}
	if _, err := c.lab.Run(context.Background(), f.scenario, options); err != nil {
		return err
	}
	return os.WriteFile(c.traceFile(), trace.Bytes(), 0o644)
}

// latest returns the file of a failure that rapid wrote last, "" if there is
// none.
func latest(folder string) string {
	files, err := filepath.Glob(filepath.Join(folder, "*.fail"))
	if err != nil || len(files) == 0 {
		return ""
	}
	newest := ""
	var written int64
	for _, file := range files {
		if info, err := os.Stat(file); err == nil && info.ModTime().UnixNano() >= written {
			newest, written = file, info.ModTime().UnixNano()
		}
	}
	return newest
}
