package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/spf13/cobra"

	"quorumlab/checker/linear"
	"quorumlab/scenarios"
	"quorumlab/scenarios/language"
	"quorumlab/sim"
)

// runFlags are the flags of `run`.
type runFlags struct {
	seed    uint64
	sets    []string
	mutant  string
	trace   string
	history string
	lang    string
	save    bool
	refine  bool
	json    bool
}

// newRun makes `run`: one simulation, and its verdicts against what the
// scenario expects.
func newRun(l *lab) *cobra.Command {
	var flags runFlags
	cmd := &cobra.Command{
		Use:   "run SCENARIO|FILE.yaml",
		Short: "Run a scenario with one seed, and judge it against what it expects",
		Long: "Run executes all runs of a scenario with one seed, tells the story of each, and judges\n" +
			"it against the scenario's `expect`. The scenario is a shipped one (`quorumlab list\n" +
			"scenarios`) or a file.\n\n" + exitCodes,
		Example: "  quorumlab run cap-partition\n" +
			"  quorumlab run zab-partition --seed 7 --trace zab.trace.jsonl\n" +
			"  quorumlab run my.yaml --set cluster.nodes=5 --json",
		Args:              exactlyOne("a scenario"),
		ValidArgsFunction: complete(l.scenarioNames),
		RunE:              func(cmd *cobra.Command, args []string) error { return l.run(cmd.Context(), args[0], flags) },
	}
	f := cmd.Flags()
	f.Uint64Var(&flags.seed, "seed", 1, "decides all that is drawn")
	f.StringArrayVar(&flags.sets, "set", nil, "put a value into the scenario, as `path=value`; may be repeated")
	f.StringVar(&flags.mutant, "mutant", "", "wrap every node in a known `error`")
	f.BoolVar(&flags.refine, "refine", false, "hold every step of Zab against the specification, zab-spec")
	f.StringVar(&flags.trace, "trace", "", "write the trace to a `file`")
	f.StringVar(&flags.history, "history", "", "write what the clients saw to a `file`, for linearize")
	f.BoolVar(&flags.save, "save", false, "keep trace, histories and report in runs/SCENARIO/TIME-seedN, and have the link latest name it")
	f.BoolVar(&flags.json, "json", false, "print one JSON object")
	completeFlag(cmd, "mutant", mutantNames)
	languageFlag(cmd, &flags.lang)
	return cmd
}

func (l *lab) run(ctx context.Context, argument string, flags runFlags) error {
	scenario, err := l.scenario(argument, flags.sets...)
	if err != nil {
		return err
	}
	if scenario, err = scenarios.Translate(scenario, flags.lang); err != nil {
		return usage("", "--lang: %w", err)
	}
	if flags.refine {
		if err := scenarios.Refinable(scenario); err != nil {
			return err
		}
	}
	last, folder := again(argument, flags), ""
	if flags.save {
		if folder, err = saved(scenario.Name, &flags); err != nil {
			return err
		}
	}
	report, err := l.runTraced(ctx, scenario, flags)
	if err != nil && (report == nil || ctx.Err() == nil) {
		return err
	}
	if flags.history != "" && ctx.Err() == nil {
		if err := writeHistories(flags.history, report); err != nil {
			return err
		}
	}
	if folder != "" {
		if err := saveReport(folder, report); err != nil {
			return err
		}
		l.hint("saved in %s", folder)
	}
	if flags.trace != "" && ctx.Err() == nil {
		last = commandLine("replay", flags.trace)
	}
	if flags.json {
		if err := l.json(report); err != nil {
			return err
		}
		if !report.Held() {
			l.hint("%s", last)
		}
	} else {
		l.printReport(scenario, report)
		fmt.Fprintln(l.out, last)
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return finished(reportCode(report))
}

// again returns the command that runs the same once more.
func again(argument string, flags runFlags) string {
	args := []string{"run", argument, "--seed", strconv.FormatUint(flags.seed, 10)}
	for _, set := range flags.sets {
		args = append(args, "--set", set)
	}
	if flags.mutant != "" {
		args = append(args, "--mutant", flags.mutant)
	}
	if flags.refine {
		args = append(args, "--refine")
	}
	args = append(args, languageArgs(flags.lang)...)
	return commandLine(args...)
}

func (l *lab) runTraced(ctx context.Context, scenario *language.Scenario, flags runFlags) (*scenarios.Report, error) {
	options := scenarios.Options{Seed: flags.seed, Mutant: flags.mutant, Cost: true, Refine: flags.refine}
	if flags.trace == "" {
		return l.Run(ctx, scenario, options)
	}
	return l.record(ctx, scenario, options, flags.trace)
}

// record runs a scenario and writes its trace to a file.
func (l *lab) record(ctx context.Context, scenario *language.Scenario, options scenarios.Options, file string) (*scenarios.Report, error) {
	var report *scenarios.Report
	err := create(file, func(w io.Writer) (err error) {
		options.Trace = w
		report, err = l.Run(ctx, scenario, options)
		return err
	})
	return report, err
}

// reportCode returns the code to exit with after a report.
func reportCode(report *scenarios.Report) int {
	for _, result := range report.Runs {
		if failure, ok := errors.AsType[*sim.Failure](result.Failure); ok && !failure.Deterministic {
			return exitInternal
		}
	}
	switch {
	case !report.Held():
		return exitViolated
	case report.Inconclusive():
		return exitInconclusive
	}
	return exitHeld
}

// writeHistories writes the history of each run: to the file itself if there
// is only one, else to a file a run, with its name before the extension. What
// transactions on lists there are go to a file of their own.
func writeHistories(file string, report *scenarios.Report) error {
	for i := range report.Runs {
		result := &report.Runs[i]
		name := file
		if len(report.Runs) > 1 {
			name = beside(file, "."+result.Run.Name)
		}
		single, transactions := wholeHistory(result).Apart()
		err := create(name, func(w io.Writer) error { return linear.Encode(w, single) })
		if err == nil && len(transactions) > 0 {
			err = create(beside(name, ".transactions"), func(w io.Writer) error {
				return linear.EncodeTransactions(w, transactions)
			})
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// wholeHistory is a run's history together with the values that the keys had
// before it, as writes that returned before anything else began: without them
// nobody could judge it.
func wholeHistory(result *scenarios.Result) linear.History {
	return append(scenarios.Initial(&result.Run), result.History...)
}

// completeFlag has a flag's value completed from names.
func completeFlag(cmd *cobra.Command, flag string, names func() []string) {
	if err := cmd.RegisterFlagCompletionFunc(flag, complete(names)); err != nil {
		panic(err) // the flag is defined a line above
	}
}
