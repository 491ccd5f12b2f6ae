package scenarios

import (
	"embed"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"

	"quorumlab/protocols"
	"quorumlab/protocols/catalog"
	"quorumlab/protocols/hint"
	"quorumlab/protocols/machine"
	"quorumlab/scenarios/language"
)

//go:embed library/*.yaml
var library embed.FS

// Schema is the JSON Schema of scenario files.
//
//go:embed scenario.schema.json
var Schema string

// Entry is one shipped scenario.
type Entry struct {
	Name  string `json:"name"`
	Title string `json:"title"`
}

// Library lists the shipped scenarios, by name.
func (l *Lab) Library() ([]Entry, error) {
	names, err := shippedNames()
	if err != nil {
		return nil, err
	}
	entries := make([]Entry, 0, len(names))
	for _, name := range names {
		scenario, err := l.Shipped(name)
		if err != nil {
			return nil, err
		}
		entries = append(entries, Entry{Name: name, Title: scenario.Title})
	}
	return entries, nil
}

func shippedNames() ([]string, error) {
	names, err := fs.Glob(library, "library/*.yaml")
	if err != nil {
		return nil, fmt.Errorf("scenarios: %w", err)
	}
	for i, file := range names {
		names[i] = strings.TrimSuffix(path.Base(file), ".yaml")
	}
	return names, nil
}

// Shipped returns a scenario of the library. Each of sets is a `path=value`
// that overrides a place of the document. The error proposes another name if
// there is none of this.
func (l *Lab) Shipped(name string, sets ...string) (*language.Scenario, error) {
	names, err := shippedNames()
	if err != nil {
		return nil, err
	}
	if !slices.Contains(names, name) {
		return nil, fmt.Errorf("no scenario %q; %s", name, hint.For(name, names))
	}
	data, err := library.ReadFile("library/" + name + ".yaml")
	if err != nil {
		return nil, fmt.Errorf("scenarios: %w", err)
	}
	return language.Parse(name+".yaml", data, l.vocabulary, sets...)
}

// Parse reads a scenario that somebody wrote. file is its name for messages.
func (l *Lab) Parse(file string, r io.Reader, sets ...string) (*language.Scenario, error) {
	return language.Load(file, r, l.vocabulary, sets...)
}

func vocabulary() language.Vocabulary {
	v := language.Vocabulary{
		Protocols: catalog.All(),
		Machine:   func() protocols.StateMachine { return machine.NewKV() },
	}
	for _, d := range Properties() {
		v.Properties = append(v.Properties, d.Name)
	}
	return v
}

func runNamed(scenario *language.Scenario, name string) (*language.Run, error) {
	for i := range scenario.Runs {
		if scenario.Runs[i].Name == name {
			return &scenario.Runs[i], nil
		}
	}
	return nil, fmt.Errorf("scenario %s has no run %q", scenario.Name, name)
}
