package command

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"

	"quorumlab/checker/explore"
)

// growReport is the JSON form of `check --grow`.
type growReport struct {
	Schema     int               `json:"schema"`
	Model      string            `json:"model"`
	Parameters map[string]string `json:"parameters"` // but for those that grow
	Mutant     string            `json:"mutant,omitempty"`
	Workers    int               `json:"workers"`
	Grown      []growth          `json:"grown"`
}

// growth is what the exploration of one model came to.
type growth struct {
	Parameters map[string]string `json:"parameters"` // those that grow
	Reductions string            `json:"reductions"`
	Distinct   uint64            `json:"distinct"`
	Generated  uint64            `json:"generated"`
	Depth      int               `json:"depth"`
	Seconds    float64           `json:"seconds"`
	Complete   bool              `json:"complete"`
	Bound      string            `json:"bound,omitempty"`
	Broken     []string          `json:"broken"`
}

// growing is a parameter that takes one value after the other.
type growing struct {
	name   string
	values []string
}

// growings reads --grow: parameters with ranges or lists, as crashes=0..2.
func growings(flags []string) ([]growing, error) {
	var all []growing
	for _, text := range flags {
		name, values, ok := strings.Cut(text, "=")
		if !ok || name == "" || values == "" {
			return nil, usage("for example --grow crashes=0..2 or --grow disks=prompt,any", "--grow %q: expected parameter=values", text)
		}
		first, last, ranges := strings.Cut(values, "..")
		if !ranges {
			all = append(all, growing{name, strings.Split(values, ",")})
			continue
		}
		from, err := strconv.Atoi(first)
		to, err2 := strconv.Atoi(last)
		if err != nil || err2 != nil || from > to || to-from >= 100 {
			return nil, usage("for example --grow crashes=0..2", "--grow %q: expected a range of whole numbers", text)
		}
		g := growing{name: name}
		for n := from; n <= to; n++ {
			g.values = append(g.values, strconv.Itoa(n))
		}
		all = append(all, g)
	}
	return all, nil
}

// combined returns all combinations of values, the first parameter slowest.
func combined(all []growing) []map[string]string {
	sets := []map[string]string{{}}
	for _, g := range all {
		var longer []map[string]string
		for _, set := range sets {
			for _, value := range g.values {
				next := maps.Clone(set)
				next[g.name] = value
				longer = append(longer, next)
			}
		}
		sets = longer
	}
	return sets
}

// reduction is a way to explore less.
type reduction struct {
	name     string
	symmetry bool
	por      string
}

// reductions lists none, each alone, and all together.
func reductions() []reduction {
	return []reduction{
		{name: "none"},
		{name: "persistent sets", por: porPersistent},
		{name: "sleep sets", por: porSleep},
		{name: "both sets", por: porBoth},
		{name: "symmetry", symmetry: true},
		{name: "all", symmetry: true, por: porBoth},
	}
}

// grow does `check MODEL --grow`.
func (l *lab) grow(ctx context.Context, name string, flags checkFlags) error {
	all, err := growings(flags.grow)
	if err != nil {
		return err
	}
	report := growReport{Schema: 1, Model: name, Mutant: flags.mutant, Workers: flags.workers, Grown: []growth{}}
	line := newProgress(l.streams)
	for _, set := range combined(all) {
		for _, way := range reductions() {
			line.show("%s %s, %s", name, told(all, set), way.name)
			g, values, err := l.grown(ctx, name, flags, set, way)
			if err != nil {
				line.clear()
				return err
			}
			if g == nil {
				continue
			}
			report.Grown = append(report.Grown, *g)
			report.Parameters = maps.Clone(values)
			for grows := range set {
				delete(report.Parameters, grows)
			}
		}
	}
	line.clear()
	if flags.json {
		return l.json(report)
	}
	return l.printGrowth(all, &report)
}

// grown explores one model with one reduction, and returns nil if the model does not
// have that.
func (l *lab) grown(
	ctx context.Context, name string, flags checkFlags, set map[string]string, way reduction,
) (*growth, map[string]string, error) {
	for parameter, value := range set {
		flags.sets = append(slices.Clone(flags.sets), parameter+"="+value)
	}
	flags.por, flags.symmetry = way.por, way.symmetry
	c, options, err := flags.parse(l, name)
	if err != nil {
		return nil, nil, err
	}
	r, err := explore.Run(ctx, c.model, options)
	switch {
	case errors.Is(err, explore.ErrAsymmetric), errors.Is(err, explore.ErrIndivisible):
		return nil, nil, nil
	case err != nil:
		return nil, nil, usage("", "%s: %v", name, err)
	case r.Bound == explore.Interrupted:
		return nil, nil, ctx.Err()
	}
	g := &growth{
		Parameters: set, Reductions: way.name, Distinct: r.Distinct, Generated: r.Generated, Depth: r.Depth,
		Seconds: r.Elapsed.Seconds(), Complete: r.Complete(), Bound: string(r.Bound), Broken: []string{},
	}
	for _, f := range r.Findings {
		if f.Verdict == explore.Violated || f.Verdict == explore.Missed {
			g.Broken = append(g.Broken, f.Property.Name)
		}
	}
	return g, c.values, nil
}

// told names the values of the parameters that grow, in the order of the flags.
func told(all []growing, set map[string]string) string {
	var words []string
	for _, g := range all {
		words = append(words, g.name+"="+set[g.name])
	}
	return strings.Join(words, " ")
}

func (l *lab) printGrowth(all []growing, report *growReport) error {
	fmt.Fprintf(l.out, "%s: %s\n", l.paint.strong(report.Model), settings(report.Parameters))
	w := tabwriter.NewWriter(l.out, 0, 0, 2, ' ', 0)
	for _, g := range all {
		fmt.Fprintf(w, "%s\t", g.name)
	}
	fmt.Fprintln(w, "reductions\tstates\tgenerated\tdepth\ttime\t")
	for _, g := range report.Grown {
		for _, grows := range all {
			fmt.Fprintf(w, "%s\t", g.Parameters[grows.name])
		}
		rest := ""
		if !g.Complete {
			rest = "bound reached: " + g.Bound
		}
		if len(g.Broken) > 0 {
			rest = strings.Join(append(strings.Fields(rest), "broken: "+strings.Join(g.Broken, ", ")), "; ")
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%d\t%s\t%s\n", g.Reductions, grouped(g.Distinct), grouped(g.Generated), g.Depth, brief(g.Seconds), rest)
	}
	return w.Flush()
}
