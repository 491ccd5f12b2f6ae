package command

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"quorumlab/scenarios"
)

// shrunkReport is the JSON form of `shrink --json`.
type shrunkReport struct {
	Schema           int    `json:"schema"`
	Scenario         string `json:"scenario"`
	Run              string `json:"run"`
	Seed             uint64 `json:"seed"`
	Mutant           string `json:"mutant,omitempty"`
	Property         string `json:"property"`
	Witness          string `json:"witness"`
	Faults           int    `json:"faults"`
	FaultsBefore     int    `json:"faults_before"`
	Operations       int    `json:"operations"`
	OperationsBefore int    `json:"operations_before"`
	Minimal          bool   `json:"minimal"`
	Tests            int    `json:"tests"` // runs that it took
	Steps            uint64 `json:"steps"`
	Trace            string `json:"trace"`
}

// newShrink makes `shrink`: the smallest plan of faults and operations that
// still fails in the same property.
func newShrink(l *lab) *cobra.Command {
	var out string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "shrink TRACE",
		Short: "Find the smallest plan of faults and operations that still fails",
		Long: "Shrink takes the trace of a run that is not as expected and leaves out faults and\n" +
			"operations as long as the same property fails. It writes the trace of what is left.\n" +
			"That it could do so is exit code 0, although that trace fails.\n\n" + exitCodes,
		Example: "  quorumlab shrink failures/zab-leader-crash-three-nodes-7-durability.trace.jsonl\n" +
			"  quorumlab shrink bad.trace.jsonl --out small.trace.jsonl",
		Args: exactlyOne("a trace"),
		RunE: func(cmd *cobra.Command, args []string) error { return l.shrink(cmd.Context(), args[0], out, asJSON) },
	}
	cmd.Flags().StringVar(&out, "out", "", "the `file` to write (default: TRACE with .shrunk before its extension)")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object")
	return cmd
}

func (l *lab) shrink(ctx context.Context, name, out string, asJSON bool) error {
	file, err := openFile(name)
	if err != nil {
		return err
	}
	if err := shrinkable(name, file); err != nil {
		file.Close()
		return err
	}
	failure, err := l.FailureOf(ctx, file)
	file.Close()
	if err != nil {
		return inFile(name, err)
	}
	if out == "" {
		out = beside(name, ".shrunk")
	}
	line := newProgress(l.streams)
	line.show("shrinking seed %d of %s/%s, which fails in %s", failure.Seed, failure.Scenario, failure.Run, failure.Property)
	shrunk, err := l.Shrink(ctx, failure, func(text string) { line.update(func() string { return text }) })
	line.clear()
	if err != nil {
		return err
	}
	report, err := l.saveFailure(ctx, &failure, shrunk.Failure.Document, out)
	if err != nil {
		return err
	}
	if asJSON {
		return l.json(newShrunkReport(shrunk, report, out))
	}
	fmt.Fprintln(l.out, shrunkInWords(shrunk))
	for i := range report.Runs {
		l.printRun(&report.Runs[i], withClients(&report.Runs[i]))
	}
	l.printSummary(report)
	fmt.Fprintln(l.out, commandLine("replay", out))
	return nil
}

// shrinkable refuses traces of which nothing can be left out.
func shrinkable(name string, file io.ReadSeeker) error {
	checked, err := beginsAsCheck(file)
	if err != nil {
		return fileError(name, err)
	}
	live, err := beginsAsLive(file)
	switch {
	case err != nil:
		return fileError(name, err)
	case checked:
		return usage(commandLine("step", name)+" opens it", "%s is a run that check found: it is a shortest one already", name)
	case live:
		return usage(commandLine("step", name)+" opens it", "%s tells what a real node did: there is no plan to shrink", name)
	}
	return nil
}

func newShrunkReport(s *scenarios.Shrunk, report *scenarios.Report, out string) *shrunkReport {
	r := &shrunkReport{
		Schema: 1, Scenario: s.Failure.Scenario, Run: s.Failure.Run, Seed: s.Failure.Seed, Mutant: s.Failure.Mutant,
		Property: s.Failure.Property, Faults: s.Faults, FaultsBefore: s.FaultsBefore,
		Operations: s.Operations, OperationsBefore: s.OperationsBefore, Minimal: s.Minimal, Tests: s.Tests,
		Steps: report.Steps, Trace: out,
	}
	for _, v := range report.Verdicts {
		if v.Property == r.Property && v.Verdict == scenarios.Violated && r.Witness == "" {
			r.Witness = v.Witness
		}
	}
	return r
}

// beside returns a file's name with a word put before its extension.
func beside(name, word string) string {
	extension := filepath.Ext(name)
	if strings.HasSuffix(name, traceExtension) {
		extension = traceExtension
	}
	return strings.TrimSuffix(name, extension) + word + extension
}
