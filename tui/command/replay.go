package command

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"quorumlab/scenarios"
	"quorumlab/sim/trace"
)

// newReplay makes `replay`: a trace is executed again, compared byte by byte,
// and its story told.
func newReplay(l *lab) *cobra.Command {
	var all, asJSON, refine bool
	var lang string
	cmd := &cobra.Command{
		Use:   "replay TRACE",
		Short: "Execute a trace again, compare it, and tell its story",
		Long: "Replay executes what a trace tells again and compares every step. A file that was cut\n" +
			"off or changed is bad input (2), told with its line and column; a sound one that this\n" +
			"program does not reproduce is exit code 4. The run that `check --trace` keeps is made again\n" +
			"in its model, and that of real nodes in the simulator too. Of what `serve --trace` wrote every\n" +
			"life of the node is executed again, and each effect compared. TRACE - is the standard input.\n\n" + exitCodes,
		Example: "  quorumlab run zab-partition --trace zab.trace.jsonl\n" +
			"  quorumlab replay zab.trace.jsonl",
		Args: exactlyOne("a trace"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return l.replay(cmd.Context(), args[0], all, asJSON, refine, lang)
		},
	}
	cmd.Flags().BoolVar(&all, "all", false, "tell every step, not only faults, milestones and clients")
	cmd.Flags().BoolVar(&refine, "refine", false, "hold every step of Zab against the specification, zab-spec")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object, that of run")
	languageFlag(cmd, &lang)
	return cmd
}

func (l *lab) replay(ctx context.Context, name string, all, asJSON, refine bool, lang string) error {
	if err := scenarios.CheckLanguage(lang); err != nil {
		return usage("", "--lang: %w", err)
	}
	file, err := l.openTrace(name)
	if err != nil {
		return err
	}
	defer file.Close()
	switch checked, err := beginsAsCheck(file); {
	case err != nil:
		return fileError(name, err)
	case checked:
		return l.replayCheck(name, file, asJSON)
	}
	switch live, err := beginsAsLive(file); {
	case err != nil:
		return fileError(name, err)
	case live:
		return l.replayLive(ctx, name, file, asJSON, refine)
	}
	again := l.Replay
	if refine {
		again = l.ReplayRefined
	}
	report, err := again(ctx, file)
	if err != nil {
		return inFile(name, err)
	}
	if asJSON {
		if err := l.json(report); err != nil {
			return err
		}
		return finished(reportCode(report))
	}
	if err := translate(report, lang); err != nil {
		return err
	}
	fmt.Fprintf(l.out, "%s\n", l.paint.strong(report.Scenario))
	if all {
		if _, err := file.Seek(0, io.SeekStart); err != nil {
			return fileError(name, err)
		}
	}
	steps := newStepPrinter(file, storyPrinter{l.out, l.paint})
	for i := range report.Runs {
		result := &report.Runs[i]
		if !all {
			l.printRun(result, withClients(result))
			continue
		}
		fmt.Fprintf(l.out, "\n%s\n", l.paint.strong(result.Run.Name))
		if err := steps.section(); err != nil {
			return inFile(name, err)
		}
		l.printRun(result, nil)
	}
	l.printSummary(report)
	fmt.Fprintf(l.out, "replayed %d steps to the same hash\n", report.Steps)
	code := reportCode(report)
	if code != exitHeld && name != "-" {
		fmt.Fprintln(l.out, commandLine("replay", name))
	}
	return finished(code)
}

// traceFile is a trace that can be read twice.
type traceFile interface {
	io.ReadSeeker
	io.Closer
}

// openTrace opens a trace; "-" is the standard input.
func (l *lab) openTrace(name string) (traceFile, error) {
	if name != "-" {
		return openFile(name)
	}
	l.hint("reading the standard input")
	data, err := io.ReadAll(io.LimitReader(l.in, pipedBytesMax+1))
	if err != nil {
		return nil, fileError(os.Stdin.Name(), err)
	}
	if len(data) > pipedBytesMax {
		return nil, usage("write it to a file", "the trace on the standard input is longer than %d MiB", pipedBytesMax>>20)
	}
	return memoryFile{bytes.NewReader(data)}, nil
}

// pipedBytesMax bounds a trace that is not in a file and so must be kept.
const pipedBytesMax = 256 << 20

type memoryFile struct{ *bytes.Reader }

func (memoryFile) Close() error { return nil }

// inFile puts a file's name before an error about what is in it.
func inFile(name string, err error) error {
	if problem, ok := errors.AsType[*trace.Problem](err); ok {
		err = problem // without what it went through on its way
	}
	return fmt.Errorf("%s: %w", name, err)
}
