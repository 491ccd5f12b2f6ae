package command

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"quorumlab/checker/mutants"
	"quorumlab/scenarios"
)

// huntsAlone checks that `sweep --mutants` is given nothing that it does not heed.
func huntsAlone(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usage("", "--mutants takes no scenario: every mutant has its own")
	}
	for _, name := range []string{"seeds", "shard", "keep", "mode", "mutant", "set", "refine"} {
		if cmd.Flags().Changed(name) {
			return usage("", "--mutants does not go with --%s: every mutant has its own scenario and seeds", name)
		}
	}
	return nil
}

// hunt does `sweep --mutants`.
func (l *lab) hunt(ctx context.Context, flags sweepFlags) error {
	wanted, err := mutantsNamed(flags.mutants)
	if err != nil {
		return err
	}
	if _, err := flags.parse(); err != nil {
		return err
	}
	line := newProgress(l.streams)
	line.show("looking for %s", plural(len(wanted), "mutant"))
	report, err := l.Hunt(ctx, scenarios.Hunt{
		Mutants: wanted, Jobs: flags.jobs,
		Progress: func(text string) { line.update(func() string { return text }) },
	})
	line.clear()
	if err != nil {
		return err
	}
	if flags.json {
		err = l.json(report)
	} else {
		err = l.printHunt(report)
	}
	if err != nil {
		return err
	}
	if !report.Good() {
		return finished(exitViolated)
	}
	return nil
}

// mutantsNamed returns the mutants of a flag: all, or names joined by commas.
func mutantsNamed(text string) ([]mutants.Mutant, error) {
	if text == "all" {
		return mutants.All(), nil
	}
	var wanted []mutants.Mutant
	for name := range strings.SplitSeq(text, ",") {
		m, err := mutants.Lookup(strings.TrimSpace(name))
		if err != nil {
			return nil, usage("quorumlab list mutants", "%v", err)
		}
		wanted = append(wanted, m)
	}
	return wanted, nil
}

// printHunt shows a table, and what is not as it should be.
func (l *lab) printHunt(report *scenarios.HuntReport) error {
	w := tabwriter.NewWriter(l.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "mutant\tbreaks\tin\tfound by seed\tshrunk to\ttwin")
	good := 0
	for i := range report.Mutants {
		c := &report.Mutants[i]
		seed, size, twin := "none of "+strconv.Itoa(c.Budget), "", "sound"
		if c.Found {
			seed = fmt.Sprintf("%d of %d, %s", c.Seed, c.Budget, c.Mode)
			size = plural(c.Steps(), "step")
			if c.Steps() > scenarios.StepsMax {
				size += fmt.Sprintf(" (more than %d)", scenarios.StepsMax)
			}
		}
		if c.Twin != "" {
			twin = "fails"
		}
		if c.Good() {
			good++
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", c.Mutant, c.Property, c.Scenario, seed, size, twin)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	for i := range report.Mutants {
		c := &report.Mutants[i]
		if c.Found && c.By != c.Property {
			paragraph(l.out, "  ", "    ", fmt.Sprintf("%s: no seed breaks %s; what breaks is %s: %s", c.Mutant, c.Property, c.By, c.Witness))
		}
		if c.Twin != "" {
			paragraph(l.out, "  ", "    ", fmt.Sprintf("%s: without it, too: %s", c.Mutant, c.Twin))
		}
	}
	verdict, text := scenarios.Holds, fmt.Sprintf("all %d found, their twins are sound", good)
	if !report.Good() {
		verdict, text = scenarios.Violated, fmt.Sprintf("%d of %d found with a sound twin", good, len(report.Mutants))
	}
	fmt.Fprintln(l.out, l.paint.judged(string(verdict), text))
	return nil
}
