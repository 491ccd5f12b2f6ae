package command

import (
	"cmp"
	"context"
	"fmt"
	"runtime"
	"slices"

	"github.com/spf13/cobra"
)

// benchReport is the JSON form of `bench --json`.
type benchReport struct {
	Schema  int      `json:"schema"`
	Go      string   `json:"go"`
	System  string   `json:"system"` // os/arch
	Cores   int      `json:"cores"`
	Figures []figure `json:"figures"`
}

// figure is one measured number: the median of several rounds, and their
// spread.
type figure struct {
	Name   string    `json:"name"`
	Unit   string    `json:"unit"`
	About  string    `json:"about"`
	N      int       `json:"n"`
	Median float64   `json:"median"`
	Min    float64   `json:"min"`
	Max    float64   `json:"max"`
	Values []float64 `json:"values"` // in the order measured
}

// newFigure sums up the rounds, at least one.
func newFigure(name, unit, about string, values []float64) figure {
	sorted := slices.SortedFunc(slices.Values(values), cmp.Compare)
	n := len(sorted)
	return figure{
		Name: name, Unit: unit, About: about, N: n, Min: sorted[0], Max: sorted[n-1], Values: values,
		Median: (sorted[(n-1)/2] + sorted[n/2]) / 2,
	}
}

// newBench makes `bench`: the performance figures of this machine.
func newBench(l *lab) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "bench",
		Short: "Measure the speed of the simulator, the explorer or a real cluster",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return unknownVerb(cmd, args[0])
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newBenchSim(l), newBenchExplore(l), newBenchKV(l))
	return cmd
}

// newBenchSim makes `bench sim`: the figures of the simulator.
func newBenchSim(l *lab) *cobra.Command {
	var options benchOptions
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "sim",
		Short: "Measure the simulator: steps a second, allocations, virtual against real time, sweeps on all cores",
		Long: "Bench sim measures, on one core, the steps a second of a world of three Zab nodes under\n" +
			"load, bare and with a trace, and of three nodes of each other protocol; how much faster than real time the five nodes of\n" +
			"zab-partition run, judges included; and how a sweep scales to two cores (both measured\n" +
			"in turn, so that what else the machine does strikes both). Each figure is the median of\n" +
			"its rounds, with the smallest and the largest.",
		Example: "  quorumlab bench sim\n  quorumlab bench sim --rounds 11 --json",
		Args:    noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return l.benchSim(cmd.Context(), options, asJSON)
		},
	}
	cmd.Flags().IntVar(&options.rounds, "rounds", 5, "how often each figure is measured")
	cmd.Flags().Uint64Var(&options.steps, "steps", 500_000, "steps of the world in a round")
	cmd.Flags().Uint64Var(&options.seeds, "seeds", 8, "seeds of the sweep in a round")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object")
	return cmd
}

// benchOptions is how much is measured.
type benchOptions struct {
	rounds       int
	steps, seeds uint64
}

func (o benchOptions) check() error {
	const roundsMax, stepsMax, seedsMax = 1000, 20_000_000, 10_000
	switch {
	case o.rounds < 1 || o.rounds > roundsMax:
		return usage("", "--rounds %d: expected a number from 1 to %d", o.rounds, roundsMax)
	case o.steps < 1 || o.steps > stepsMax:
		return usage("", "--steps %d: expected a number from 1 to %d", o.steps, stepsMax)
	case o.seeds < 1 || o.seeds > seedsMax:
		return usage("", "--seeds %d: expected a number from 1 to %d", o.seeds, seedsMax)
	}
	return nil
}

func (l *lab) benchSim(ctx context.Context, options benchOptions, asJSON bool) error {
	if err := options.check(); err != nil {
		return err
	}
	b := bench{lab: l, ctx: ctx, options: options, line: newProgress(l.streams)}
	return b.report(asJSON, b.world, b.worldTraced, b.protocols, b.virtualTime, b.scaling)
}

// report measures and prints.
func (b *bench) report(asJSON bool, measures ...func() ([]figure, error)) error {
	l, ctx := b.lab, b.ctx
	report := benchReport{
		Schema: 1, Go: runtime.Version(), System: runtime.GOOS + "/" + runtime.GOARCH,
		Cores: runtime.GOMAXPROCS(0), Figures: []figure{},
	}
	for _, measure := range measures {
		figures, err := measure()
		if ctx.Err() != nil {
			break
		}
		if err != nil {
			return err
		}
		report.Figures = append(report.Figures, figures...)
	}
	b.line.clear()
	if asJSON {
		if err := l.json(report); err != nil {
			return err
		}
	} else {
		report.print(l)
	}
	return ctx.Err()
}

func (r *benchReport) print(l *lab) {
	fmt.Fprintf(l.out, "%s, %s, %d cores; median of n (smallest to largest)\n", r.Go, r.System, r.Cores)
	widest := 22
	for _, f := range r.Figures {
		widest = max(widest, len(f.Name))
	}
	for _, f := range r.Figures {
		fmt.Fprintf(l.out, "  %-*s %12s %-12s n=%d (%s to %s)\n", widest, f.Name, number(f.Median), f.Unit, f.N, number(f.Min), number(f.Max))
		fmt.Fprintf(l.out, "  %-*s %s\n", widest, "", l.paint.faint(f.About))
	}
}

// number shows a figure with as many digits as mean something.
func number(x float64) string {
	if x >= 100 {
		return grouped(uint64(x))
	}
	return fmt.Sprintf("%.2f", x)
}
