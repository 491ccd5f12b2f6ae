package command

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"quorumlab/checker/linear"
	"quorumlab/protocols/hint"
	"quorumlab/reports"
	"quorumlab/scenarios"
)

// reportFlags are the flags of `report`.
type reportFlags struct {
	protocols []string
	scenario  string
	histories []string
	seeds     string
	out       string
	json      bool
}

// seedsDefault are those of a report that is asked for without saying.
const seedsDefault = "1..30"

// newReport makes `report`: what each protocol gives up, measured.
func newReport(l *lab) *cobra.Command {
	var flags reportFlags
	cmd := &cobra.Command{
		Use:   "report",
		Short: "Run every protocol through the same faults, and tell what each gave up",
		Long: "Report runs every protocol through the same partition, crash and slow network, with the\n" +
			"same work and the same seeds, and measures what each gives up. With --scenario it does so\n" +
			"with the runs of one scenario; with --history it measures histories from elsewhere, in the\n" +
			"formats that linearize reads, transactions on lists among them. Into the folder go report.html (one file that needs nothing),\n" +
			"report.md with its plots, report.json, junit.xml; and for each row its scenario, a history,\n" +
			"the traces of what is violated and porcupine's pages. The same seeds give the same bytes.\n\n" + exitCodes,
		Example: "  quorumlab report --out /tmp/report\n" +
			"  quorumlab report --protocols zab,2pc --seeds 1..100\n" +
			"  quorumlab report --scenario cap-partition\n" +
			"  quorumlab report --history jepsen/history.edn",
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return l.report(cmd.Context(), flags) },
	}
	f := cmd.Flags()
	f.StringSliceVar(&flags.protocols, "protocols", nil, "only these, by `name`, joined by commas")
	f.StringVar(&flags.scenario, "scenario", "", "report on the runs of a `scenario`, shipped or a file")
	f.StringArrayVar(&flags.histories, "history", nil, "report on a recorded history in a `file`; may be repeated")
	f.StringVar(&flags.seeds, "seeds", seedsDefault, "the seeds, as `A..B`, both included, or one")
	f.StringVar(&flags.out, "out", "report", "the `folder` to write to")
	f.BoolVar(&flags.json, "json", false, "print what is in report.json")
	completeFlag(cmd, "protocols", reports.Names)
	completeFlag(cmd, "scenario", l.scenarioNames)
	return cmd
}

func (l *lab) report(ctx context.Context, flags reportFlags) error {
	if flags.scenario != "" && len(flags.histories) > 0 {
		return usage("ask for one of them", "--scenario and --history are different reports")
	}
	started := time.Now()
	undo, err := writable(flags.out)
	if err != nil {
		return err
	}
	defer undo()
	collected, err := l.collect(ctx, flags)
	interrupted := err != nil && ctx.Err() != nil
	if err != nil && (!interrupted || collected == nil || len(collected.Seeds()) == 0) {
		return err
	}
	report := collected.Summary(flags.command(), scenarios.CodeVersion())
	// What was interrupted is written all the same: that takes a moment.
	if err := l.writeReport(context.WithoutCancel(ctx), collected, report, flags.out); err != nil {
		return err
	}
	if flags.json {
		if err := l.json(report); err != nil {
			return err
		}
	} else {
		l.printSummaryOf(report)
	}
	l.hint("%s, %.0f s", filepath.Join(flags.out, "report.html"), time.Since(started).Seconds())
	if interrupted {
		return ctx.Err()
	}
	if len(report.Bugs) > 0 {
		return internal(errors.New(strings.Join(report.Bugs, "; ")))
	}
	return nil
}

// command returns the command that makes the report again, but for its folder.
func (f reportFlags) command() string {
	args := []string{"report"}
	if len(f.protocols) > 0 {
		args = append(args, "--protocols", strings.Join(f.protocols, ","))
	}
	if f.scenario != "" {
		args = append(args, "--scenario", f.scenario)
	}
	for _, history := range f.histories {
		args = append(args, "--history", history)
	}
	if len(f.histories) == 0 {
		args = append(args, "--seeds", f.seeds)
	}
	return commandLine(args...)
}

func (l *lab) collect(ctx context.Context, flags reportFlags) (*reports.Collected, error) {
	if len(flags.histories) > 0 {
		return l.collectRecorded(ctx, flags.histories)
	}
	from, to, err := parseSeeds(flags.seeds)
	if err != nil {
		return nil, err
	}
	if to-from >= reportSeedsMax {
		return nil, usage("", "--seeds %s: expected at most %d seeds", flags.seeds, reportSeedsMax)
	}
	var seeds []uint64
	for seed := from; seed <= to; seed++ {
		seeds = append(seeds, seed)
	}
	rows, err := l.reportRows(flags)
	if err != nil {
		return nil, err
	}
	line := newProgress(l.streams)
	line.show("report: %s, %d seeds", plural(len(rows), "row"), len(seeds))
	started := time.Now()
	collected, err := reports.Collect(ctx, l.Lab, rows, seeds, func(done, of int) {
		line.update(func() string {
			return fmt.Sprintf("report: %d of %d runs (%d %%), %.0f s", done, of, 100*done/of, time.Since(started).Seconds())
		})
	})
	line.clear()
	return collected, err
}

// reportSeedsMax bounds what is held of all runs.
const reportSeedsMax = 10_000

// reportRows returns what is to be run.
func (l *lab) reportRows(flags reportFlags) ([]reports.Row, error) {
	if flags.scenario != "" {
		scenario, err := l.scenario(flags.scenario)
		if err != nil {
			return nil, err
		}
		rows := reports.RunsOf(scenario, flags.protocols)
		if len(rows) == 0 {
			return nil, usage("", "no run of %s is one of %s", scenario.Name, strings.Join(flags.protocols, ", "))
		}
		return rows, nil
	}
	for _, name := range flags.protocols {
		if !slices.Contains(reports.Names(), name) {
			return nil, usage("", "no protocol %q in the report; %s", name, hint.For(name, reports.Names()))
		}
	}
	return reports.Contest(l.Lab, flags.protocols)
}

// collectRecorded reads histories and measures them.
func (l *lab) collectRecorded(ctx context.Context, files []string) (*reports.Collected, error) {
	var recordings []reports.Recording
	for _, name := range files {
		recording, err := readRecording(name)
		if err != nil {
			return nil, err
		}
		recordings = append(recordings, recording)
	}
	return reports.Recorded(ctx, recordings)
}

// readRecording reads a history of operations or, if it is none, of transactions.
func readRecording(name string) (reports.Recording, error) {
	recording := reports.Recording{Name: filepath.Base(name)}
	file, err := openFile(name)
	if err != nil {
		return recording, err
	}
	defer file.Close()
	history, report, bad := linear.Decode(file, linear.Auto)
	if bad == nil {
		recording.History, recording.Clock = history, report.Clock
		return recording, nil
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return recording, fileError(name, err)
	}
	transactions, report, err := linear.DecodeTransactions(file)
	if err != nil {
		return recording, inFile(name, bad)
	}
	recording.Transactions, recording.Clock = transactions, report.Clock
	return recording, nil
}

// writable makes sure that a folder can be written to, before minutes are spent on what
// is to be in it. undo removes it again if it is new, and nothing was.
func writable(folder string) (undo func(), err error) {
	folder = cmp.Or(folder, ".")
	undo = func() {}
	if _, err := os.Stat(folder); err != nil {
		undo = func() { _ = os.Remove(folder) } // fails if there is anything in it
	}
	if err := os.MkdirAll(folder, 0o777); err != nil {
		return nil, fileError(folder, err)
	}
	file, err := os.CreateTemp(folder, ".report-*")
	if err != nil {
		return nil, fileError(folder, err)
	}
	file.Close()
	os.Remove(file.Name())
	return undo, nil
}

// writeReport writes all files of a report.
func (l *lab) writeReport(ctx context.Context, collected *reports.Collected, report *reports.Report, folder string) error {
	write := func(name string, write func(io.Writer) error) error {
		name = filepath.Join(folder, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
			return fileError(folder, err)
		}
		return create(name, write)
	}
	if err := collected.Evidence(ctx, l.Lab, report, write); err != nil {
		return err
	}
	plots, err := collected.Plots(report)
	if err != nil {
		return err
	}
	for _, plot := range plots {
		err := write(plot.File, func(w io.Writer) error {
			_, err := w.Write(plot.SVG)
			return err
		})
		if err != nil {
			return err
		}
	}
	for name, of := range map[string]func(io.Writer) error{
		"report.md":   func(w io.Writer) error { return report.Markdown(w, plots) },
		"report.html": func(w io.Writer) error { return report.HTML(w, plots) },
		"junit.xml":   report.JUnit,
		"report.json": func(w io.Writer) error {
			encoder := json.NewEncoder(w)
			encoder.SetEscapeHTML(false)
			encoder.SetIndent("", "  ")
			return encoder.Encode(report)
		},
	} {
		if err := write(name, of); err != nil {
			return err
		}
	}
	return nil
}

// printSummaryOf prints what each row gave up, a line each.
func (l *lab) printSummaryOf(report *reports.Report) {
	for i := range report.Rows {
		row := &report.Rows[i]
		v := &row.Verdicts[0]
		paragraph(l.out, l.paint.judged(string(v.Verdict), row.Title)+" ("+row.Label.Text+"): ", "    ", row.GaveUp)
	}
	for _, bug := range report.Bugs {
		paragraph(l.out, l.paint.violated("✗ bug of the lab: "), "    ", bug)
	}
	fmt.Fprintln(l.out, report.Command)
}
