package command

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"quorumlab/scenarios"
	"quorumlab/scenarios/language"
)

// sweepFlags are the flags of `sweep`.
type sweepFlags struct {
	seeds  string
	jobs   int
	shard  string
	keep   string
	mode   string
	mutant string
	// mutants names those to hunt, "" if none.
	mutants string
	sets    []string
	json    bool
	refine  bool
	// all: what is never reached or tested counts.
	all bool
}

// newSweep makes `sweep`: many seeds, on all cores; what fails is made small
// and kept as a trace.
func newSweep(l *lab) *cobra.Command {
	var flags sweepFlags
	cmd := &cobra.Command{
		Use:   "sweep SCENARIO|FILE.yaml...",
		Short: "Run scenarios with many seeds; shrink and keep what fails",
		Long: "Sweep runs scenarios with each of many seeds: with their own timeline (scripted), and\n" +
			"with faults that the seed draws (swarm). With --keep the first failures are shrunk and\n" +
			"their traces kept. With --shard i/n it does the i'th of n parts, for schedulers such as\n" +
			"Slurm arrays or Kubernetes indexed jobs; `sweep merge` joins what --json printed there.\n\n" +
			"With --refine each run of Zab is followed step by step in the published specification: a\n" +
			"step that is none of its actions is a failure, and shrunk and kept like others.\n\n" +
			"With --mutants it looks for known errors instead, each in its own scenario and within\n" +
			"its own number of seeds, shrinks the run that shows it, and runs the same seeds without\n" +
			"it, which must show nothing.\n\n" + exitCodes,
		Example: "  quorumlab sweep zab-partition zab-leader-crash --seeds 1..5000 --keep failures\n" +
			"  quorumlab sweep zab-leader-crash --seeds 1..1000 --mutant zab-ack-before-durable\n" +
			"  quorumlab sweep zab-partition --seeds 1..100000 --shard 3/16 --json > 3.json\n" +
			"  quorumlab sweep zab-reconfigure --refine --seeds 1..500\n" +
			"  quorumlab sweep --mutants all",
		Args: func(cmd *cobra.Command, args []string) error {
			if flags.mutants != "" {
				return huntsAlone(cmd, args)
			}
			return atLeast(1, "a scenario")(cmd, args)
		},
		ValidArgsFunction: complete(l.scenarioNames),
		RunE: func(cmd *cobra.Command, args []string) error {
			if flags.mutants != "" {
				return l.hunt(cmd.Context(), flags)
			}
			return l.sweep(cmd.Context(), args, flags)
		},
	}
	f := cmd.Flags()
	f.StringVar(&flags.seeds, "seeds", "1..100", "the seeds, as `A..B`, both included, or one")
	f.IntVar(&flags.jobs, "jobs", runtime.GOMAXPROCS(0), "how many seeds run at a time")
	f.StringVar(&flags.shard, "shard", "1/1", "do part `i/n` of the seeds only, i from 1")
	f.StringVar(&flags.keep, "keep", "", "shrink the first failures and keep traces in a `folder`")
	f.StringVar(&flags.mode, "mode", string(scenarios.BothModes), "scripted, swarm or both")
	f.StringVar(&flags.mutant, "mutant", "", "wrap every node in a known `error`")
	f.BoolVar(&flags.refine, "refine", false, "hold every step of Zab against the specification, zab-spec")
	f.StringVar(&flags.mutants, "mutants", "", "look for known errors: all, or some `names` joined by commas")
	f.StringArrayVar(&flags.sets, "set", nil, "put a value into every scenario, as `path=value`; may be repeated")
	f.BoolVar(&flags.all, "reach-all", false, "exit with 3 if something was never reached or never put to the test")
	f.BoolVar(&flags.json, "json", false, "print one JSON object")
	completeFlag(cmd, "mutant", mutantNames)
	completeFlag(cmd, "mode", scenarios.Modes)
	cmd.AddCommand(newMerge(l))
	return cmd
}

func (l *lab) sweep(ctx context.Context, names []string, flags sweepFlags) error {
	sweep, err := flags.parse()
	if err != nil {
		return err
	}
	arguments := map[string]string{}
	for _, argument := range names {
		scenario, err := l.scenario(argument, flags.sets...)
		if err != nil {
			return err
		}
		sweep.Scenarios = append(sweep.Scenarios, scenario)
		arguments[scenario.Name] = argument
	}
	if flags.keep != "" {
		if err := os.MkdirAll(flags.keep, 0o777); err != nil {
			return fileError(flags.keep, err)
		}
	}
	line := newProgress(l.streams)
	line.show("sweep of %s: seeds %s, %d at a time", scenarioNames(sweep.Scenarios), flags.seeds, sweep.Jobs)
	started := time.Now()
	sweep.Progress = func(p scenarios.Progress) {
		line.update(func() string { return sweepProgress(p, time.Since(started)) })
	}
	report, err := l.Sweep(ctx, *sweep)
	line.clear()
	if err != nil && (report == nil || ctx.Err() == nil) {
		return err
	}
	var kept map[int]*scenarios.Shrunk
	var notKept error
	if flags.keep != "" {
		kept, notKept = l.keep(ctx, report.Failed, flags.keep, line)
	} else if len(report.Failed) > 0 {
		l.hint("--keep FOLDER shrinks the first failures and keeps their traces")
	}
	if err := l.showSweep(report, kept, arguments, flags); err != nil {
		return err
	}
	if notKept != nil {
		return notKept
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return finished(sweepCode(report, flags.all))
}

func scenarioNames(all []*language.Scenario) string {
	var names []string
	for _, scenario := range all {
		names = append(names, scenario.Name)
	}
	return strings.Join(names, ", ")
}

// showSweep prints a report, and as its last line the command that shows the
// first failure again.
func (l *lab) showSweep(report *scenarios.SweepReport, kept map[int]*scenarios.Shrunk, arguments map[string]string, flags sweepFlags) error {
	if flags.json {
		if err := l.json(report); err != nil {
			return err
		}
	} else {
		l.printSweep(report, kept)
	}
	if len(report.Failed) == 0 {
		return nil
	}
	first := &report.Failed[max(0, slices.IndexFunc(report.Failed, func(f scenarios.Failure) bool { return f.Trace != "" }))]
	last := reproduce(first, arguments, flags)
	if flags.json {
		l.hint("%s", last)
	} else {
		fmt.Fprintln(l.out, last)
	}
	return nil
}

// reproduce returns the command that shows a failure again. arguments has, by
// a scenario's name, what it was called by.
func reproduce(f *scenarios.Failure, arguments map[string]string, flags sweepFlags) string {
	if f.Trace != "" {
		return commandLine("replay", f.Trace)
	}
	argument := cmp.Or(arguments[f.Scenario], f.Scenario)
	if f.Mode == scenarios.Scripted {
		return again(argument, runFlags{seed: f.Seed, sets: flags.sets, mutant: f.Mutant, refine: flags.refine})
	}
	seed := strconv.FormatUint(f.Seed, 10)
	args := []string{"sweep", argument, "--seeds", seed + ".." + seed, "--mode", string(f.Mode), "--keep", "failures"}
	for _, set := range flags.sets {
		args = append(args, "--set", set)
	}
	if f.Mutant != "" {
		args = append(args, "--mutant", f.Mutant)
	}
	if flags.refine {
		args = append(args, "--refine")
	}
	return commandLine(args...)
}

// sweepCode returns the code to exit with after a sweep; with all, it is
// inconclusive if it has left something out.
func sweepCode(report *scenarios.SweepReport, all bool) int {
	switch {
	case len(report.Failed) > 0:
		return exitViolated
	case report.Unknown > 0, all && len(report.NeverReached)+len(report.NeverTested) > 0:
		return exitInconclusive
	}
	return exitHeld
}

// parse turns the flags into a sweep without scenarios.
func (f *sweepFlags) parse() (*scenarios.Sweep, error) {
	from, to, err := parseSeeds(f.seeds)
	if err != nil {
		return nil, err
	}
	shard, err := parseShard(f.shard)
	if err != nil {
		return nil, err
	}
	if f.jobs < 1 || f.jobs > jobsMax {
		return nil, usage("", "--jobs %d: expected a number from 1 to %d", f.jobs, jobsMax)
	}
	return &scenarios.Sweep{
		From: from, To: to, Shard: shard, Jobs: f.jobs, Mode: scenarios.Mode(f.mode), Mutant: f.mutant, Refine: f.refine,
	}, nil
}

// parseSeeds reads A..B, or one seed.
func parseSeeds(text string) (from, to uint64, err error) {
	first, last, isRange := strings.Cut(text, "..")
	if !isRange {
		last = first
	}
	from, errFrom := strconv.ParseUint(first, 10, 64)
	to, errTo := strconv.ParseUint(last, 10, 64)
	if errFrom != nil || errTo != nil {
		return 0, 0, usage("for example --seeds 1..5000", "--seeds %q: expected A..B, two whole numbers", text)
	}
	if to < from {
		return 0, 0, usage("", "--seeds %s: the last is before the first", text)
	}
	if to-from >= seedsMax {
		return 0, 0, usage("", "--seeds %s: expected at most %d seeds", text, seedsMax)
	}
	return from, to, nil
}

// Bounds of a sweep, beyond which a number is a slip.
const (
	seedsMax  = uint64(1 << 40)
	jobsMax   = 1 << 10
	shardsMax = 1 << 20
)

// parseShard reads i/n.
func parseShard(text string) (scenarios.Shard, error) {
	index, of, _ := strings.Cut(text, "/")
	i, errIndex := strconv.Atoi(index)
	n, errOf := strconv.Atoi(of)
	if errIndex != nil || errOf != nil || i < 1 || n < i || n > shardsMax {
		return scenarios.Shard{}, usage("for example --shard 1/4", "--shard %q: expected i/n with 1 ≤ i ≤ n ≤ %d", text, shardsMax)
	}
	return scenarios.Shard{Index: i, Of: n}, nil
}
