package command

import (
	"cmp"
	"maps"
	"runtime"
	"slices"
	"strings"
	"sync"

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
			"faster two cores are than one. To tell what the machine itself allows, two explorations\n" +
			"that share nothing are made at once, on a core each: together they are so many times as\n" +
			"fast as one alone. Each figure is the median of its rounds, with the smallest and the\n" +
			"largest.",
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

// explored measures a model with one worker, with two, and twice at once.
func (b *bench) explored(m benchModel) ([]figure, error) {
	workers := 2
	if runtime.GOMAXPROCS(0) < workers {
		workers = 1
	}
	var speeds, bytes, ratios, ceilings []float64
	for round := range b.options.rounds {
		b.say(m.title(), round)
		// In turn, and every other round the other way round.
		turns := []func(*benchModel) (float64, float64, error){b.exploreAlone, b.exploreTogether, b.exploreApart}[:1+2*(workers-1)]
		var speed, size [3]float64
		for k := range turns {
			i := k
			if round%2 == 1 {
				i = len(turns) - 1 - k
			}
			var err error
			if speed[i], size[i], err = turns[i](&m); err != nil {
				return nil, err
			}
		}
		speeds, bytes = append(speeds, speed[0]), append(bytes, size[0])
		ratios, ceilings = append(ratios, speed[1]/speed[0]), append(ceilings, speed[2]/speed[0])
	}
	title := m.title()
	figures := []figure{
		newFigure(title, "states/s", "generated, one worker, breadth first with traces", speeds),
		newFigure(title+", memory", "bytes", "a distinct state, with traces", bytes),
	}
	if workers == 2 {
		figures = append(figures,
			newFigure(title+", two workers", "× one", "of the same", ratios),
			newFigure(title+", two at once", "× one", "explorations that share nothing: what this machine allows", ceilings))
	}
	return figures, nil
}

func (b *bench) exploreAlone(m *benchModel) (speed, bytes float64, err error) {
	return b.exploreRound(m, 1)
}

func (b *bench) exploreTogether(m *benchModel) (speed, bytes float64, err error) {
	return b.exploreRound(m, 2)
}

// exploreApart explores a model twice at once, each time with one worker, and returns
// the states that both together generate in a second.
func (b *bench) exploreApart(m *benchModel) (speed, bytes float64, err error) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(2))
	var generated, seconds [2]float64
	for range m.times {
		runtime.GC()
		var both [2]*explore.Result
		var failed [2]error
		var group sync.WaitGroup
		for i := range both {
			group.Go(func() { both[i], failed[i] = b.exploreOnce(m, 1) })
		}
		group.Wait()
		if err := cmp.Or(failed[0], failed[1]); err != nil {
			return 0, 0, err
		}
		for i, result := range both {
			generated[i] += float64(result.Generated)
			seconds[i] += result.Elapsed.Seconds()
			bytes = float64(result.Bytes) / float64(result.Distinct)
		}
	}
	return generated[0]/seconds[0] + generated[1]/seconds[1], bytes, nil
}

// exploreRound explores a model and returns the states generated in a second,
// and the bytes that a distinct one took.
func (b *bench) exploreRound(m *benchModel, workers int) (speed, bytes float64, err error) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(workers))
	var generated uint64
	seconds := 0.0
	for range m.times {
		runtime.GC() // what earlier ones have left costs this one nothing
		result, err := b.exploreOnce(m, workers)
		if err != nil {
			return 0, 0, err
		}
		generated += result.Generated
		seconds += result.Elapsed.Seconds()
		bytes = float64(result.Bytes) / float64(result.Distinct)
	}
	return float64(generated) / seconds, bytes, nil
}

// exploreOnce explores a model as a whole.
func (b *bench) exploreOnce(m *benchModel, workers int) (*explore.Result, error) {
	entry, err := b.lab.checkedEntry(m.name, "")
	if err != nil {
		return nil, internal(err)
	}
	model, _, err := entry.Make(m.set)
	if err != nil {
		return nil, internal(err)
	}
	result, err := explore.Run(b.ctx, model, explore.Options{Workers: workers})
	if err != nil {
		return nil, internal(err)
	}
	if !result.Complete() {
		return nil, b.ctx.Err()
	}
	return result, nil
}
