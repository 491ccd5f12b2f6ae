package explore

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Trace is a run of a model in words, to be kept in a file.
type Trace struct {
	// Check is the version of the format; it comes first, so that the file is
	// known by it.
	Check      int               `json:"check"`
	Model      string            `json:"model"`
	Parameters map[string]string `json:"parameters"`
	Mutant     string            `json:"mutant,omitempty"`
	// Property is what the last state hits or, of those that are to come at last,
	// what never comes.
	Property string   `json:"property"`
	Steps    []string `json:"steps"`
	// Loop is that of the Path.
	Loop int `json:"loop,omitempty"`
}

// TraceVersion is the version that Write writes.
const TraceVersion = 1

// traceBegins is what a file that Write wrote begins with, but for white space.
const traceBegins = `{"check":`

// IsTrace reports whether a file begins as one of Write, perhaps written anew by a
// program for JSON.
func IsTrace(beginning string) bool {
	beginning = beginning[:min(len(beginning), 100)]
	return strings.HasPrefix(strings.Join(strings.Fields(beginning), ""), traceBegins)
}

// Write writes the trace.
func (t *Trace) Write(w io.Writer) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(t)
}

// ReadTrace reads one.
func ReadTrace(r io.Reader) (*Trace, error) {
	decoder := json.NewDecoder(r)
	decoder.DisallowUnknownFields()
	var t Trace
	if err := decoder.Decode(&t); err != nil {
		return nil, fmt.Errorf("the trace of a check is damaged: %w", err)
	}
	if t.Check != TraceVersion {
		return nil, fmt.Errorf("the trace of a check has version %d, this program reads %d", t.Check, TraceVersion)
	}
	return &t, nil
}

// NewTrace returns a run of a model as a Trace.
func NewTrace(name string, m Model, values Values, mutant, property string, path *Path) *Trace {
	t := &Trace{
		Check: TraceVersion, Model: name, Parameters: values, Mutant: mutant, Property: property,
		Steps: []string{}, Loop: path.Loop,
	}
	for _, label := range path.Steps {
		t.Steps = append(t.Steps, m.Explain(label))
	}
	return t
}

// Retrace makes the run of a trace again. The error tells the first step that is
// not possible.
func Retrace(m Model, t *Trace) (*Path, error) {
	s := NewStepper(m)
	path := &Path{States: s.Initial()[:1]}
	for i, words := range t.Steps {
		states, labels := s.Next(path.States[i])
		at := slices.IndexFunc(labels, func(l Label) bool { return m.Explain(l) == words })
		if at < 0 {
			return nil, fmt.Errorf("step %d is not possible: %s", i+1, words)
		}
		path.States, path.Steps = append(path.States, states[at]), append(path.Steps, labels[at])
	}
	if path.Loop = t.Loop; path.Loop == 0 {
		return path, nil
	}
	if last := len(path.Steps); path.Loop < 1 || path.Loop > last || !slices.Equal(path.States[last], path.States[path.Loop-1]) {
		return nil, fmt.Errorf("the run does not come back to where step %d begins", path.Loop)
	}
	return path, nil
}

// Breaks reports whether a run breaks the property of a number: its last state hits
// what no state may hit, or what is to come at last never comes, though nothing else
// can. Of properties that only are to be reached, it reports whether the last state
// reaches it.
func Breaks(m Model, path *Path, property int) bool {
	expander := m.Expander()
	hits := func(state []uint32) bool { return expander.Hits(state)>>property&1 != 0 }
	last := path.States[len(path.States)-1]
	asked := path.States // the states that may not hit it
	switch m.Properties()[property].Expectation {
	case Eventually:
	case Again:
		asked = asked[len(asked)-1:]
		if path.Loop > 0 {
			asked = path.States[path.Loop-1:]
		}
	default:
		return hits(last)
	}
	if slices.ContainsFunc(asked, hits) {
		return false
	}
	next, _ := NewStepper(m).Next(last)
	return path.Loop > 0 || len(next) == 0
}

// PropertyNamed returns the number of a property of a model, -1 if it has none of
// that name.
func PropertyNamed(m Model, name string) int {
	return slices.IndexFunc(m.Properties(), func(p Property) bool { return p.Name == name })
}
