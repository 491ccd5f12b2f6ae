package command

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"quorumlab/checker/explore"
	"quorumlab/checker/explore/reference"
	"quorumlab/checker/explore/world"
	"quorumlab/protocols/hint"
)

// checkFlags are the flags of `check`.
type checkFlags struct {
	sets      []string
	grow      []string
	mutant    string
	symmetry  bool
	por       string
	stop      bool
	dfs       bool
	wide      bool
	audit     bool
	workers   int
	statesMax uint64
	depthMax  int
	memory    string
	trace     string
	walk      explore.WalkOptions
	scheduler string
	seed      uint64
	coverage  bool
	json      bool

	checkpoint, resume string
	every              time.Duration
}

// newCheck makes `check`: a model explored exhaustively.
func newCheck(l *lab) *cobra.Command {
	var flags checkFlags
	cmd := &cobra.Command{
		Use:   "check MODEL",
		Short: "Explore every reachable state of a model, and judge its properties",
		Long: "Check explores a model breadth first: every state that can be reached within the bounds,\n" +
			"each once. It tells how many states were generated (initial ones and duplicates included),\n" +
			"how many are distinct, how deep they lie (the initial ones at depth 1), and for each\n" +
			"property a verdict, with a shortest run that breaks or reaches it. What is said to hold,\n" +
			"holds for the parameters that are printed, and for no others. `list models` tells what\n" +
			"there is to check. With --mutant all it looks for every mutant, or those of some protocols,\n" +
			"each in a world of its own, and explores that world without the mutant, too.\n\n" + exitCodes,
		Example: "  quorumlab check twophase --set rms=7\n" +
			"  quorumlab check register-paxos --set clients=3 --workers 2 --json\n" +
			"  quorumlab check paxoscommit-spec --symmetry --coverage\n" +
			"  quorumlab check --mutant all paxos zab\n" +
			"  quorumlab check primarybackup --grow crashes=0..2 --grow operations=1..2",
		Args:              checkArguments(&flags),
		ValidArgsFunction: complete(l.checkedNames),
		RunE: func(cmd *cobra.Command, args []string) error {
			if flags.mutant == zooAll {
				return l.zoo(cmd.Context(), args, flags)
			}
			if len(flags.grow) > 0 {
				return l.grow(cmd.Context(), args[0], flags)
			}
			return l.check(cmd.Context(), args[0], flags)
		},
	}
	f := cmd.Flags()
	f.StringArrayVar(&flags.sets, "set", nil, "set a `parameter=value` of the model")
	f.StringArrayVar(&flags.grow, "grow", nil, "explore with one value after the other, with each reduction alone and all together: a `parameter=values` such as crashes=0..2; several are combined")
	f.StringVar(&flags.mutant, "mutant", "", "wrap all nodes in a `mutant`, and explore a world that shows it; all: each in turn")
	f.BoolVar(&flags.symmetry, "symmetry", false, "keep one of all states that come from each other by interchanging equal parts")
	f.StringVar(&flags.por, "por", "", "leave out orders of steps that make no difference (partial-order reduction), by persistent sets, sleep sets or, without a `way`, both; runs may be longer than the shortest")
	f.Lookup("por").NoOptDefVal = porBoth
	f.BoolVar(&flags.stop, "stop", false, "end with the level of the first violation")
	f.BoolVar(&flags.dfs, "dfs", false, "search depth first: less memory, one worker, and the runs shown are not the shortest")
	f.BoolVar(&flags.wide, "wide", false, "fingerprints of 128 bits instead of 64")
	f.BoolVar(&flags.audit, "audit", false, "keep whole states and prove that no two share a fingerprint (for small models)")
	f.IntVar(&flags.workers, "workers", runtime.GOMAXPROCS(0), "how many cores work")
	f.Uint64Var(&flags.statesMax, "max-states", 0, "bound of the distinct states; 0: none")
	f.IntVar(&flags.depthMax, "max-depth", 0, "bound of the depth; 0: none")
	f.StringVar(&flags.memory, "memory", "", "bound of the memory, a `size` as 512MB or 4GB; without it, most of what is free")
	f.Uint64Var(&flags.seed, "seed", 0, "chooses the fingerprints")
	f.BoolVar(&flags.coverage, "coverage", false, "tell how often each kind of step was taken, and which never")
	f.StringVar(&flags.scheduler, "walk", "", "walk at random instead, by a `scheduler`: "+strings.Join(explore.Schedulers(), ", "))
	f.IntVar(&flags.walk.Walks, "walks", 1000, "how many walks")
	f.IntVar(&flags.walk.StepsMax, "walk-steps", 200, "the most steps of a walk")
	f.IntVar(&flags.walk.Depth, "walk-depth", 3, "the depth of the bugs that pct looks for, or the delays of delay")
	f.StringVar(&flags.trace, "trace", "", "write the first run that breaks a property to a `file`, for replay")
	f.StringVar(&flags.checkpoint, "checkpoint", "", "keep the search in a `file` now and then, and when a bound or an interruption ends it")
	f.DurationVar(&flags.every, "every", time.Minute, "how often --checkpoint keeps it")
	f.StringVar(&flags.resume, "continue", "", "go on with a search that --checkpoint kept in a `file`")
	f.BoolVar(&flags.json, "json", false, "print one JSON object")
	completeFlag(cmd, "por", porWays)
	completeFlag(cmd, "mutant", mutantNames)
	completeFlag(cmd, "walk", explore.Schedulers)
	return cmd
}

// checked lists what there is to check: the protocols, perhaps as a mutant, and
// the reference models.
func (l *lab) checked(mutant string) ([]explore.Entry, error) {
	worlds, err := l.Worlds(mutant)
	if err != nil {
		return nil, err
	}
	if mutant != "" {
		return worlds, nil
	}
	return append(worlds, reference.All()...), nil
}

func (l *lab) checkedNames() []string {
	all, err := l.checked("")
	if err != nil {
		return nil
	}
	var names []string
	for _, entry := range all {
		names = append(names, entry.Name)
	}
	return names
}

// checkedEntry finds one by name, nil if there is none.
func (l *lab) checkedEntry(name, mutant string) (*explore.Entry, error) {
	all, err := l.checked(mutant)
	if err != nil {
		return nil, usage("", "%v", err)
	}
	at := slices.IndexFunc(all, func(e explore.Entry) bool { return e.Name == name })
	switch {
	case at >= 0:
		return &all[at], nil
	case mutant != "" && slices.Contains(l.checkedNames(), name):
		return nil, usage("", "%s is no protocol, it has no mutants", name)
	}
	return nil, usage("`quorumlab list models` tells more", "no model %q; %s", name, hint.For(name, l.checkedNames()))
}

// checking is a check at work.
type checking struct {
	name   string
	model  explore.Model
	values explore.Values
	flags  checkFlags
}

func (l *lab) check(ctx context.Context, name string, flags checkFlags) error {
	c, options, err := flags.parse(l, name)
	if err != nil {
		return err
	}
	line := newProgress(l.streams)
	started := time.Now()
	line.last = started // what is quick needs no progress
	options.Progress = func(p explore.Progress) {
		line.update(func() string { return exploreProgress(p, time.Since(started)) })
	}
	flags.walk.Progress = func(walks int, steps uint64) {
		line.update(func() string { return fmt.Sprintf("%s walks, %s steps", grouped(uint64(walks)), grouped(steps)) })
	}
	var result *explore.Result
	switch {
	case flags.scheduler != "":
		flags.walk.Scheduler, flags.walk.Seed = explore.Scheduler(flags.scheduler), flags.seed
		result, err = explore.Walk(ctx, c.model, flags.walk)
	case flags.dfs:
		c.flags.workers = 1
		result, err = explore.RunDepthFirst(ctx, c.model, options)
	case flags.resume != "":
		result, err = c.goOn(ctx, options)
	default:
		result, err = explore.Run(ctx, c.model, options)
	}
	line.clear()
	switch {
	case errors.Is(err, explore.ErrUnkept):
		return usage("", "--checkpoint: %s cannot be kept in a file", name)
	case errors.Is(err, explore.ErrActorless):
		return usage("--walk uniform needs none", "--walk %s: %s does not tell whose a step is", flags.scheduler, name)
	case errors.Is(err, explore.ErrIndivisible):
		return usage("what has steps has it", "--por: %s has no steps to put in order", name)
	case errors.Is(err, explore.ErrAsymmetric):
		return usage("tcommit, twophase, paxos-spec, paxoscommit-spec and zab-spec have such", "--symmetry: no parts of %s can be interchanged", name)
	case err != nil:
		return usage("", "%s: %v", name, err)
	}
	if err := c.replay(result); err != nil {
		return internal(err)
	}
	if flags.json {
		err = l.json(c.report(result))
	} else {
		c.print(l, result)
	}
	if err != nil {
		return err
	}
	if flags.trace != "" {
		kept, err := c.keep(l, result)
		if err != nil {
			return err
		}
		if kept && !flags.json {
			fmt.Fprintln(l.out, commandLine("replay", flags.trace))
		}
	}
	if result.Bound == explore.Interrupted {
		return ctx.Err()
	}
	return finished(checkCode(result))
}

// replay has the simulator make the runs that were found: what a world shows,
// the simulator must show too.
func (c *checking) replay(r *explore.Result) error {
	w, ok := c.model.(*world.Model)
	if !ok {
		return nil
	}
	for _, f := range r.Findings {
		if f.Path == nil {
			continue
		}
		if err := w.Replay(f.Path); err != nil {
			return fmt.Errorf("the run that shows %s: %w", f.Property.Name, err)
		}
	}
	return nil
}

// checkCode returns the code to exit with.
func checkCode(r *explore.Result) int {
	switch {
	case r.Broken():
		return exitViolated
	case !r.Complete():
		return exitInconclusive
	}
	return exitHeld
}

func exploreProgress(p explore.Progress, elapsed time.Duration) string {
	return fmt.Sprintf("%s states generated, %s distinct, depth %d, %s to expand, %s states/s, %s, %s",
		grouped(p.Generated), grouped(p.Distinct), p.Depth, grouped(p.Frontier),
		grouped(uint64(float64(p.Generated)/max(elapsed.Seconds(), 1e-3))), megabytes(p.Bytes), elapsed.Round(100*time.Millisecond))
}

func megabytes(n uint64) string { return fmt.Sprintf("%.1f MB", float64(n)/1e6) }

// parse checks the flags, and makes the model and the options.
func (f *checkFlags) parse(l *lab, name string) (*checking, explore.Options, error) {
	options := explore.Options{
		Workers: f.workers, StatesMax: f.statesMax, DepthMax: f.depthMax, Symmetry: f.symmetry,
		PartialOrder: f.por != "", Awake: f.por == porPersistent, Insistent: f.por == porSleep,
		Stop: f.stop, Wide: f.wide, Audit: f.audit, Seed: f.seed,
	}
	entry, err := l.checkedEntry(name, f.mutant)
	if err != nil {
		return nil, options, err
	}
	if err := f.together(); err != nil {
		return nil, options, err
	}
	if options.MemoryMax, err = f.memoryMax(); err != nil {
		return nil, options, err
	}
	set, err := parameters(f.sets)
	if err != nil {
		return nil, options, err
	}
	model, values, err := entry.Make(set)
	if err != nil {
		return nil, options, usage("", "%v", err)
	}
	collect(options.MemoryMax)
	c := &checking{name: name, model: model, values: values, flags: *f}
	if f.checkpoint != "" || f.resume != "" {
		options.Checkpoint = c.checkpointing()
	}
	return c, options, nil
}

// parameters reads values as --set has them.
func parameters(sets []string) (map[string]string, error) {
	set := map[string]string{}
	for _, argument := range sets {
		parameter, value, ok := strings.Cut(argument, "=")
		if !ok {
			return nil, usage("for example --set rms=3", "--set %q: expected parameter=value", argument)
		}
		set[parameter] = value
	}
	return set, nil
}

// memoryMax returns the bound of the memory.
func (f *checkFlags) memoryMax() (uint64, error) {
	if f.memory != "" {
		return parseSize(f.memory)
	}
	return freeMemory() / 4 * 3, nil
}

// collect has the garbage collector keep to the bound. Tables grow in place, so that
// there is little garbage: to collect more often would take time and give next to nothing.
func collect(bound uint64) {
	if bound > 0 && os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(int64(bound + bound/3))
	}
}

// freeMemory returns how much memory can be had, 0 if the system does not tell.
func freeMemory() uint64 {
	text, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(text)) {
		fields := strings.Fields(line)
		if len(fields) >= 2 && fields[0] == "MemAvailable:" {
			if n, err := strconv.ParseUint(fields[1], 10, 64); err == nil {
				return n << 10
			}
		}
	}
	return 0
}

// parseSize reads a number of bytes, with a unit or without.
func parseSize(text string) (uint64, error) {
	units := []struct {
		name  string
		bytes float64
	}{
		{"KiB", 1 << 10},
		{"MiB", 1 << 20},
		{"GiB", 1 << 30},
		{"TiB", 1 << 40},
		{"KB", 1e3},
		{"MB", 1e6},
		{"GB", 1e9},
		{"TB", 1e12},
		{"K", 1e3},
		{"M", 1e6},
		{"G", 1e9},
		{"T", 1e12},
		{"B", 1},
		{"", 1},
	}
	for _, unit := range units {
		if len(text) < len(unit.name) || !strings.EqualFold(text[len(text)-len(unit.name):], unit.name) {
			continue
		}
		n, err := strconv.ParseFloat(strings.TrimSpace(text[:len(text)-len(unit.name)]), 64)
		if size := n * unit.bytes; err == nil && size >= 1 && size < 1e18 {
			return uint64(size), nil
		}
		break
	}
	return 0, usage("for example --memory 2GB", "--memory %q: expected a size", text)
}
