package command

import (
	"fmt"
	"io"
	"slices"

	"github.com/spf13/cobra"

	"quorumlab/checker"
	"quorumlab/checker/explore"
	"quorumlab/checker/linear"
	"quorumlab/checker/mutants"
	"quorumlab/checker/refine"
	"quorumlab/protocols/catalog"
	"quorumlab/protocols/hint"
	"quorumlab/scenarios"
)

// inventory is what there is. Its JSON form is that of `list --json`; what was
// not asked for is left out.
type inventory struct {
	Schema     int               `json:"schema"`
	Protocols  []listedProtocol  `json:"protocols,omitempty"`
	Scenarios  []scenarios.Entry `json:"scenarios,omitempty"`
	Models     []listedModel     `json:"models,omitempty"`
	Mutants    []listedMutant    `json:"mutants,omitempty"`
	Invariants []listedInvariant `json:"invariants,omitempty"`
}

type listedProtocol struct {
	Name    string `json:"name"`
	Summary string `json:"summary"`
	Links   string `json:"links"`
	// Learners: nodes need not all vote. Reconfigures: who votes can change.
	Learners     bool              `json:"learners"`
	Reconfigures bool              `json:"reconfigures"`
	Parameters   []listedParameter `json:"parameters"`
	Invariants   []string          `json:"invariants"`
	Milestones   []string          `json:"milestones"`
}

type listedParameter struct {
	Name    string   `json:"name"`
	Default string   `json:"default"`
	Help    string   `json:"help"`
	Choices []string `json:"choices,omitempty"`
}

// listedModel is a model of histories, for `linearize`, or of a system, for
// `check`; only the latter have parameters.
type listedModel struct {
	Name       string            `json:"name"`
	Summary    string            `json:"summary"`
	Verb       string            `json:"verb"`
	Parameters []listedParameter `json:"parameters,omitempty"`
}

type listedMutant struct {
	Name     string `json:"name"`
	Error    string `json:"error"`
	Source   string `json:"source"`
	Property string `json:"property"`
	Protocol string `json:"protocol,omitempty"`
	Scenario string `json:"scenario"`
	Seeds    int    `json:"seeds"`
}

type listedInvariant struct {
	Name     string `json:"name"`
	Sentence string `json:"sentence"`
	Source   string `json:"source"`
}

// kindsListed are the arguments of `list`, in the order of its output.
func kindsListed() []string {
	return []string{"protocols", "scenarios", "models", "mutants", "invariants"}
}

// newList makes `list`: what there is, a line each.
func newList(l *lab) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "list [protocols|scenarios|models|mutants|invariants]...",
		Short: "Show what there is, a line each",
		Example: "  quorumlab list\n" +
			"  quorumlab list protocols --json",
		ValidArgs: kindsListed(),
		Args: func(_ *cobra.Command, args []string) error {
			for _, arg := range args {
				if !slices.Contains(kindsListed(), arg) {
					return usage("", "no list of %q; %s", arg, hint.For(arg, kindsListed()))
				}
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				args = kindsListed()
			}
			found, err := l.inventory(args)
			if err != nil {
				return internal(err)
			}
			if asJSON {
				return l.json(found)
			}
			found.print(l.out, l.paint)
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object")
	return cmd
}

func (l *lab) inventory(kinds []string) (*inventory, error) {
	found := &inventory{Schema: 1}
	for _, kind := range kinds {
		switch kind {
		case "protocols":
			found.Protocols = listProtocols()
		case "scenarios":
			entries, err := l.Library()
			if err != nil {
				return nil, err
			}
			found.Scenarios = entries
		case "models":
			for _, m := range linear.Models() {
				found.Models = append(found.Models, listedModel{Name: m.Name, Summary: m.Summary, Verb: "linearize"})
			}
			entries, err := l.checked("")
			if err != nil {
				return nil, err
			}
			for _, entry := range entries {
				found.Models = append(found.Models, listChecked(entry))
			}
		case "mutants":
			for _, m := range mutants.All() {
				found.Mutants = append(found.Mutants,
					listedMutant{m.Name, m.Error, m.Source, m.Property, m.Protocol, m.Scenario, m.Seeds})
			}
		case "invariants":
			for _, d := range slices.Concat(checker.All(), []checker.Description{refine.Description()}, scenarios.Properties()) {
				found.Invariants = append(found.Invariants, listedInvariant(d))
			}
		}
	}
	return found, nil
}

func listProtocols() []listedProtocol {
	var listed []listedProtocol
	for _, p := range catalog.All() {
		entry := listedProtocol{
			Name: p.Name, Summary: p.Summary, Links: string(p.Links), Learners: p.Learners, Reconfigures: p.Reconfigures,
			Parameters: []listedParameter{}, Invariants: slices.Concat([]string{}, p.Invariants),
			Milestones: []string{},
		}
		for _, m := range p.Milestones {
			entry.Milestones = append(entry.Milestones, m.String())
		}
		for _, parameter := range p.Parameters {
			entry.Parameters = append(entry.Parameters, listedParameter(parameter))
		}
		listed = append(listed, entry)
	}
	return listed
}

func listChecked(entry explore.Entry) listedModel {
	listed := listedModel{Name: entry.Name, Summary: entry.Summary, Verb: "check"}
	for _, p := range entry.Parameters {
		help := p.Help
		if p.Choices == nil && !p.Free {
			help = fmt.Sprintf("%s (%d to %d)", p.Help, p.Min, p.Max)
		}
		listed.Parameters = append(listed.Parameters,
			listedParameter{Name: p.Name, Default: p.Default, Help: help, Choices: p.Choices})
	}
	return listed
}

// modelText is what the list says of a model.
func modelText(m listedModel) string {
	text := m.Summary + " (" + m.Verb
	for _, p := range m.Parameters {
		text += fmt.Sprintf(" %s=%s", p.Name, p.Default)
	}
	return text + ")"
}

// print shows a section a kind.
func (i *inventory) print(w io.Writer, paint paint) {
	sections := 0
	section := func(title string, names, texts []string) {
		if len(names) == 0 {
			return
		}
		if sections++; sections > 1 {
			fmt.Fprintln(w)
		}
		fmt.Fprintln(w, paint.strong(title))
		widest := 0
		for _, name := range names {
			widest = max(widest, len(name))
		}
		for at, name := range names {
			fmt.Fprintf(w, "  %-*s  %s\n", widest, name, texts[at])
		}
	}
	names, texts := columns(i.Protocols, func(p listedProtocol) (string, string) { return p.Name, p.Summary })
	section("protocols", names, texts)
	names, texts = columns(i.Scenarios, func(e scenarios.Entry) (string, string) { return e.Name, e.Title })
	section("scenarios", names, texts)
	names, texts = columns(i.Models, func(m listedModel) (string, string) { return m.Name, modelText(m) })
	section("models", names, texts)
	names, texts = columns(i.Mutants, func(m listedMutant) (string, string) {
		return m.Name, fmt.Sprintf("%s\n    breaks %s in %s, within %s\n    from %s",
			m.Error, m.Property, m.Scenario, plural(m.Seeds, "seed"), m.Source)
	})
	section("mutants", names, texts)
	names, texts = columns(i.Invariants, func(d listedInvariant) (string, string) { return d.Name, d.Sentence })
	section("invariants", names, texts)
}

func columns[T any](rows []T, of func(T) (string, string)) (names, texts []string) {
	for _, row := range rows {
		name, text := of(row)
		names, texts = append(names, name), append(texts, text)
	}
	return names, texts
}
