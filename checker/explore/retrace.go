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
	// Property is what the last state hits.
	Property string   `json:"property"`
	Steps    []string `json:"steps"`
}

// TraceVersion is the version that Write writes.
const TraceVersion = 1

// traceBegins is what a file that Write wrote begins with.
const traceBegins = "{\n  \"check\": "

// IsTrace reports whether a file begins as one of Write.
func IsTrace(beginning string) bool { return strings.HasPrefix(beginning, traceBegins) }

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

// Words tells the steps of a path as a Trace has them.
func Words(m Model, path *Path) []string {
	steps := []string{}
	for _, label := range path.Steps {
		steps = append(steps, m.Explain(label))
	}
	return steps
}

// Retrace makes a run again from the words. The error tells the first step that
// is not possible.
func Retrace(m Model, steps []string) (*Path, error) {
	s := NewStepper(m)
	path := &Path{States: s.Initial()[:1]}
	for i, words := range steps {
		states, labels := s.Next(path.States[i])
		at := slices.IndexFunc(labels, func(l Label) bool { return m.Explain(l) == words })
		if at < 0 {
			return nil, fmt.Errorf("step %d is not possible: %s", i+1, words)
		}
		path.States, path.Steps = append(path.States, states[at]), append(path.Steps, labels[at])
	}
	return path, nil
}

// Hit reports whether the last state of a path hits a property, and that there
// is such a property.
func Hit(m Model, path *Path, property string) (hit, known bool) {
	at := slices.IndexFunc(m.Properties(), func(p Property) bool { return p.Name == property })
	if at < 0 {
		return false, false
	}
	last := path.States[len(path.States)-1]
	return m.Expander().Hits(last)>>at&1 != 0, true
}
