package command

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"quorumlab/checker/mutants"
	"quorumlab/protocols/hint"
	"quorumlab/scenarios/language"
	"quorumlab/sim/trace"
)

// scenario returns the scenario that an argument means: a file if it looks
// like a path, else one that is shipped.
func (l *lab) scenario(argument string, sets ...string) (*language.Scenario, error) {
	if !isPath(argument) {
		scenario, err := l.Shipped(argument, sets...)
		if err == nil || slices.Contains(l.scenarioNames(), argument) {
			return scenario, err
		}
		if _, stat := os.Stat(argument); stat == nil {
			return nil, usage("for the file of that name write ./"+argument, "no scenario %q", argument)
		}
		return nil, usage("", "no scenario %q; %s", argument, hint.For(argument, l.scenarioNames()))
	}
	file, err := openFile(argument)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return l.Parse(argument, file, sets...)
}

func isPath(argument string) bool {
	return strings.ContainsAny(argument, `/\`) ||
		slices.Contains([]string{".yaml", ".yml", ".json"}, filepath.Ext(argument))
}

func (l *lab) scenarioNames() []string {
	entries, err := l.Library()
	if err != nil {
		return nil // the scenario asked for will say what is wrong
	}
	var names []string
	for _, entry := range entries {
		names = append(names, entry.Name)
	}
	return names
}

// mutantNames are for completion.
func mutantNames() []string {
	var names []string
	for _, m := range mutants.All() {
		names = append(names, m.Name)
	}
	return names
}

// openFile opens a file to read. A folder is an error.
func openFile(name string) (*os.File, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, fileError(name, err)
	}
	info, err := file.Stat()
	if err == nil && info.IsDir() {
		err = errors.New("is a folder, expected a file")
	}
	if err != nil {
		file.Close()
		return nil, fileError(name, err)
	}
	return file, nil
}

// fileError is an error that begins with the file's name, once.
func fileError(name string, err error) error {
	if path, ok := errors.AsType[*fs.PathError](err); ok {
		err = path.Err
	}
	return usage("", "%s: %w", name, err)
}

// create writes a file by a function; if that fails no file is left.
func create(name string, write func(io.Writer) error) error {
	file, err := os.Create(name)
	if err != nil {
		return fileError(name, err)
	}
	err = write(file)
	if closing := file.Close(); err == nil {
		err = closing
	}
	if err != nil {
		os.Remove(name)
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// diverged reports whether an error is that a sound trace is not reproduced.
func diverged(err error) bool {
	problem, ok := errors.AsType[*trace.Problem](err)
	return ok && problem.Diverged
}
