package command

import (
	"maps"
	"runtime"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"quorumlab/checker/explore"
)

// newBenchExplore makes `bench explore`: the figures of the explorer.
func newBenchExplore(l *lab) *cobra.Command {
	options := benchOptions{steps: 1, seeds: 1}
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "explore",
		Short: "Measure the explorer: states a second, on one core and on two, and bytes a state",
		Long: "Bench explore explores reference models as a whole, from nothing, on one core and on two in\n" +
			"turn, and tells for each how many states it generates in a second, how many bytes a\n" +
			"distinct state takes (with what is needed to tell the run that leads to it), and how much\n" +
			"faster two cores are than one. Each figure is the median of its rounds, with the smallest\n" +
			"and the largest.",
		Example: "  quorumlab bench explore\n  quorumlab bench explore --rounds 11 --json",
		Args:    noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := options.check(); err != nil {
				return err
			}
			b := bench{lab: l, ctx: cmd.Context(), options: options, line: newProgress(l.streams)}
			var measures []func() ([]figure, error)
			for _, m := range benchModels() {
				measures = append(measures, func() ([]figure, error) { return b.explored(m) })
			}
			return b.report(asJSON, measures...)
		},
	}
	cmd.Flags().IntVar(&options.rounds, "rounds", 5, "how often each figure is measured")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object")
	return cmd
}

// benchModel is a model that is explored from nothing so many times in a round.
type benchModel struct {
	name  string
	set   map[string]string
	times int
}

func benchModels() []benchModel {
	return []benchModel{
		{"twophase", map[string]string{"rms": "8"}, 1},
		{"paxoscommit-spec", nil, 1},
		{"register-paxos", map[string]string{"clients": "3"}, 1},
		{"register-abd", map[string]string{"network": "ordered", "servers": "3"}, 1},
		{"register-abd", map[string]string{"network": "ordered"}, 500},
	}
}

// title names the model and what is set of it.
func (m *benchModel) title() string {
	title := []string{m.name}
	for _, name := range slices.Sorted(maps.Keys(m.set)) {
		title = append(title, name+"="+m.set[name])
	}
	return strings.Join(title, " ")
}

// explored measures a model with one worker and with two, in turn, and every
// other round the other way round.
func (b *bench) explored(m benchModel) ([]figure, error) {
	workers := 2
	if runtime.GOMAXPROCS(0) < workers {
		workers = 1
	}
	var speeds [2][]float64
	var ratios, bytes []float64
	for round := range b.options.rounds {
		b.say(m.title(), round)
		var last [2]float64
		for k := range workers {
			i := (k + round) % workers
			speed, size, err := b.exploreRound(m, i+1)
			if err != nil {
				return nil, err
			}
			last[i] = speed
			speeds[i] = append(speeds[i], speed)
			if i == 0 {
				bytes = append(bytes, size)
			}
		}
		ratios = append(ratios, last[1]/last[0])
	}
	title := m.title()
	figures := []figure{
		newFigure(title, "states/s", "generated, one worker, breadth first with traces", speeds[0]),
		newFigure(title+", memory", "bytes", "a distinct state, with traces", bytes),
	}
	if workers == 2 {
		figures = append(figures, newFigure(title+", two workers", "× one", "of the same", ratios))
	}
	return figures, nil
}

// exploreRound explores a model and returns the states generated in a second,
// and the bytes that a distinct one took.
func (b *bench) exploreRound(m benchModel, workers int) (speed, bytes float64, err error) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(workers))
	entry, err := b.lab.checkedEntry(m.name, "")
	if err != nil {
		return 0, 0, internal(err)
	}
	var generated uint64
	seconds := 0.0
	for range m.times {
		runtime.GC() // what earlier ones have left costs this one nothing
		model, _, err := entry.Make(m.set)
		if err != nil {
			return 0, 0, internal(err)
		}
		result, err := explore.Run(b.ctx, model, explore.Options{Workers: workers})
		if err != nil {
			return 0, 0, internal(err)
		}
		if !result.Complete() {
			return 0, 0, b.ctx.Err()
		}
		generated += result.Generated
		seconds += result.Elapsed.Seconds()
		bytes = float64(result.Bytes) / float64(result.Distinct)
	}
	return float64(generated) / seconds, bytes, nil
}
