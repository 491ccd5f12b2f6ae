package command

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"quorumlab/checker/explore"
	"quorumlab/checker/mutants"
)

// zooAll is the value of --mutant that stands for all.
const zooAll = "all"

// zooTwinMax bounds the states of a sound twin, unless --max-states does.
const zooTwinMax = 5_000_000

// zooReport is the JSON form of `check --mutant all`.
type zooReport struct {
	Schema  int         `json:"schema"`
	Mutants []zooMutant `json:"mutants"`
	// Found counts those that were found, and whose twins are sound; Beyond
	// those that no world shows.
	Found  int `json:"found"`
	Beyond int `json:"beyond"`
}

// zooMutant is what became of a mutant.
type zooMutant struct {
	Mutant   string `json:"mutant"`
	Protocol string `json:"protocol"`
	// Beyond says why no world shows it; then the rest is missing.
	Beyond     string            `json:"beyond,omitempty"`
	Parameters map[string]string `json:"parameters,omitempty"` // that differ from the defaults
	Breaks     string            `json:"breaks,omitempty"`
	// Length is that of the run, from where exploration begins.
	Length    int      `json:"length,omitempty"`
	Distinct  uint64   `json:"distinct,omitempty"`
	Generated uint64   `json:"generated,omitempty"`
	Seconds   float64  `json:"seconds,omitempty"`
	Twin      *zooTwin `json:"twin,omitempty"`
}

// zooTwin is the same world without the mutant.
type zooTwin struct {
	Distinct  uint64   `json:"distinct"`
	Generated uint64   `json:"generated"`
	Depth     int      `json:"depth"`
	Seconds   float64  `json:"seconds"`
	Complete  bool     `json:"complete"`
	Broken    []string `json:"broken"`
}

func (m *zooMutant) good() bool { return m.Breaks != "" && len(m.Twin.Broken) == 0 }

// checkArguments takes one model; with --mutant all any number of protocols.
func checkArguments(flags *checkFlags) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if flags.mutant != zooAll {
			return flags.growsAlone(cmd, args)
		}
		for _, name := range []string{
			"set", "grow", "symmetry", "por", "stop", "dfs", "audit", "max-depth", "trace", "walk", "coverage", "checkpoint", "continue",
		} {
			if cmd.Flags().Changed(name) {
				return usage("", "--mutant all does not go with --%s: every mutant has its own world", name)
			}
		}
		return nil
	}
}

// growsAlone checks that --grow is given nothing that it does not heed.
func (f *checkFlags) growsAlone(cmd *cobra.Command, args []string) error {
	if len(f.grow) > 0 {
		for _, name := range []string{"symmetry", "por", "dfs", "audit", "trace", "walk", "coverage", "checkpoint", "continue"} {
			if cmd.Flags().Changed(name) {
				return usage("", "--grow does not go with --%s", name)
			}
		}
	}
	return exactlyOne("a model")(cmd, args)
}

// zoo does `check --mutant all`.
func (l *lab) zoo(ctx context.Context, protocols []string, flags checkFlags) error {
	var wanted []mutants.Mutant
	for _, name := range protocols {
		if _, err := l.checkedEntry(name, ""); err != nil {
			return err
		}
	}
	for _, m := range mutants.All() {
		if len(protocols) == 0 || slices.Contains(protocols, m.Protocol) {
			wanted = append(wanted, m)
		}
	}
	line := newProgress(l.streams)
	twins := map[string]*zooTwin{}
	report := zooReport{Schema: 1, Mutants: []zooMutant{}}
	for i := range wanted {
		line.show("%s, %d of %d", wanted[i].Name, i+1, len(wanted))
		entry, err := l.zooMutant(ctx, &wanted[i], flags, twins)
		if err != nil {
			line.clear()
			return err
		}
		switch {
		case entry.Beyond != "":
			report.Beyond++
		case entry.good():
			report.Found++
		}
		report.Mutants = append(report.Mutants, *entry)
	}
	line.clear()
	var err error
	if flags.json {
		err = l.json(report)
	} else {
		err = l.printZoo(&report)
	}
	if err == nil && report.Found+report.Beyond < len(wanted) {
		return finished(exitViolated)
	}
	return err
}

// zooMutant looks for one mutant, and at its twin unless that is known.
func (l *lab) zooMutant(ctx context.Context, m *mutants.Mutant, flags checkFlags, twins map[string]*zooTwin) (*zooMutant, error) {
	entry := &zooMutant{Mutant: m.Name, Protocol: m.Protocol, Beyond: m.World.Beyond, Parameters: m.World.Set}
	if entry.Beyond != "" {
		return entry, nil
	}
	model, values, options, err := l.zooWorld(m, m.Name, flags)
	if err != nil {
		return nil, err
	}
	options.Stop = true
	result, err := exploreOnce(ctx, model, options)
	if err != nil {
		return nil, err
	}
	entry.Distinct, entry.Generated, entry.Seconds = result.Distinct, result.Generated, result.Elapsed.Seconds()
	for _, f := range result.Findings {
		if f.Verdict == explore.Violated && (entry.Breaks == "" || f.Property.Name == m.World.Breaks) {
			entry.Breaks, entry.Length = f.Property.Name, len(f.Path.Steps)
		}
	}
	if err := (&checking{model: model}).replay(result); err != nil {
		return nil, internal(err)
	}
	key := fmt.Sprint(m.Protocol, values)
	if twins[key] == nil {
		if twins[key], err = l.zooTwin(ctx, m, flags); err != nil {
			return nil, err
		}
	}
	entry.Twin = twins[key]
	return entry, nil
}

// zooWorld makes the world of a mutant, for it or, with "" for its name, for its
// twin.
func (l *lab) zooWorld(m *mutants.Mutant, name string, flags checkFlags) (explore.Model, explore.Values, explore.Options, error) {
	options := explore.Options{Workers: flags.workers, StatesMax: flags.statesMax, Wide: flags.wide, Seed: flags.seed}
	entry, err := l.checkedEntry(m.Protocol, name)
	if err != nil {
		return nil, nil, options, err
	}
	if options.MemoryMax, err = flags.memoryMax(); err != nil {
		return nil, nil, options, err
	}
	model, values, err := entry.Make(m.World.Set)
	if err != nil {
		return nil, nil, options, internal(err)
	}
	collect(options.MemoryMax)
	return model, values, options, nil
}

func (l *lab) zooTwin(ctx context.Context, m *mutants.Mutant, flags checkFlags) (*zooTwin, error) {
	model, _, options, err := l.zooWorld(m, "", flags)
	if err != nil {
		return nil, err
	}
	if options.StatesMax == 0 {
		options.StatesMax = zooTwinMax
	}
	result, err := exploreOnce(ctx, model, options)
	if err != nil {
		return nil, err
	}
	twin := &zooTwin{
		Distinct: result.Distinct, Generated: result.Generated, Depth: result.Depth, Seconds: result.Elapsed.Seconds(),
		Complete: result.Complete(), Broken: []string{},
	}
	for _, f := range result.Findings {
		if f.Verdict == explore.Violated || f.Verdict == explore.Missed {
			twin.Broken = append(twin.Broken, f.Property.Name)
		}
	}
	return twin, nil
}

// exploreOnce is explore.Run; the interruption of the user is an error.
func exploreOnce(ctx context.Context, model explore.Model, options explore.Options) (*explore.Result, error) {
	result, err := explore.Run(ctx, model, options)
	if err != nil {
		return nil, internal(err)
	}
	if result.Bound == explore.Interrupted {
		return nil, ctx.Err()
	}
	return result, nil
}

// printZoo shows a table, and what is not as it should be.
func (l *lab) printZoo(report *zooReport) error {
	w := tabwriter.NewWriter(l.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "mutant\tbreaks\tsteps\tstates\ttime\ttwin")
	for i := range report.Mutants {
		m := &report.Mutants[i]
		switch {
		case m.Beyond != "":
			fmt.Fprintf(w, "%s\t(beyond worlds)\t\t\t\t\n", m.Mutant)
		case m.Breaks == "":
			fmt.Fprintf(w, "%s\tnothing\t\t%s\t%s\t%s\n", m.Mutant, grouped(m.Distinct), brief(m.Seconds), m.Twin.words())
		default:
			fmt.Fprintf(w, "%s\t%s\t%d\t%s\t%s\t%s\n", m.Mutant, m.Breaks, m.Length, grouped(m.Distinct), brief(m.Seconds), m.Twin.words())
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	for i := range report.Mutants {
		if m := &report.Mutants[i]; m.Beyond != "" {
			paragraph(l.out, "  ", "    ", m.Mutant+": "+m.Beyond)
		}
	}
	told, text := string(explore.Holds), fmt.Sprintf("all %d that worlds can show are found, their twins are sound", report.Found)
	if report.Found+report.Beyond < len(report.Mutants) {
		told, text = string(explore.Violated), fmt.Sprintf("%d of %d that worlds can show are found with a sound twin",
			report.Found, len(report.Mutants)-report.Beyond)
	}
	fmt.Fprintln(l.out, l.paint.judged(told, text))
	return nil
}

func brief(s float64) string {
	return time.Duration(s * float64(time.Second)).Round(10 * time.Millisecond).String()
}

// words tells what became of a twin.
func (t *zooTwin) words() string {
	how := "sound in all " + grouped(t.Distinct) + " states"
	if !t.Complete {
		how = fmt.Sprintf("sound in the first %s states (depth %d)", grouped(t.Distinct), t.Depth)
	}
	if len(t.Broken) > 0 {
		how = "broken: " + strings.Join(t.Broken, ", ")
	}
	return how + ", " + brief(t.Seconds)
}
