package scenarios

import (
	"embed"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"

	"quorumlab/checker/linear"
	"quorumlab/protocols/catalog"
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
	files, err := fs.Glob(library, "library/*.yaml")
	if err != nil {
		return nil, err
	}
	var entries []Entry
	for _, file := range files {
		name := strings.TrimSuffix(path.Base(file), ".yaml")
		scenario, err := l.Shipped(name)
		if err != nil {
			return nil, err
		}
		entries = append(entries, Entry{Name: name, Title: scenario.Title})
	}
	return entries, nil
}

// Shipped returns a scenario of the library. Each of sets is a `path=value`
// that overrides a place of the document.
func (l *Lab) Shipped(name string, sets ...string) (*language.Scenario, error) {
	data, err := library.ReadFile("library/" + name + ".yaml")
	if err != nil {
		return nil, fmt.Errorf("no scenario %q: `list scenarios` names them", name)
	}
	return language.Parse(name+".yaml", data, l.vocabulary, sets...)
}

// Parse reads a scenario that somebody wrote. file is its name for messages.
func (l *Lab) Parse(file string, r io.Reader, sets ...string) (*language.Scenario, error) {
	return language.Load(file, r, l.vocabulary, sets...)
}

func vocabulary() language.Vocabulary {
	return language.Vocabulary{
		Protocols:  catalog.All(),
		Properties: []string{Linearizable, Convergence, Termination, NoFailure},
	}
}

// Models returns the consistency models that histories are judged by.
func Models() []linear.Model { return linear.Models() }

func runNamed(scenario *language.Scenario, name string) (*language.Run, error) {
	for i := range scenario.Runs {
		if scenario.Runs[i].Name == name {
			return &scenario.Runs[i], nil
		}
	}
	return nil, fmt.Errorf("scenario %s has no run %q", scenario.Name, name)
}
