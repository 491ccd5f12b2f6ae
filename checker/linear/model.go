package linear

import (
	"fmt"
	"slices"
	"strings"
)

// Model is a sequential specification: what the answers must be if one
// operation happens after another.
type Model struct {
	Name    string
	Summary string // one line
	kinds   []Kind
	// byKey: every key is an object of its own. A history is linearizable
	// just if its part on each object is (Herlihy & Wing 1990, locality), so
	// keys are judged one by one.
	byKey bool
}

// Models returns all models, by name.
func Models() []Model { return []Model{CASRegister(), KV(), Lock(), Queue(), Register()} }

// ModelByName returns the model of that name, or an error that lists all.
func ModelByName(name string) (Model, error) {
	var names []string
	for _, m := range Models() {
		if m.Name == name {
			return m, nil
		}
		names = append(names, m.Name)
	}
	return Model{}, fmt.Errorf("unknown model %q, expected one of %s", name, strings.Join(names, ", "))
}

// fits reports the first reason why a history is not one of this model.
func (m Model) fits(history History) error {
	for i := range history {
		op := &history[i]
		if !slices.Contains(m.kinds, op.Kind) {
			return fmt.Errorf("operation %d is %s, which the model %s does not have; %s",
				op.ID, op.Kind.named(), m.Name, hintKind(op.Kind))
		}
		if !m.byKey && op.Key != history[0].Key {
			return fmt.Errorf("the model %s is about one key, but the history has %q and %q; try the model kv",
				m.Name, history[0].Key, op.Key)
		}
	}
	return nil
}

// has tells whether the model has a kind of operation; the zero Model has all.
func (m Model) has(kind Kind) bool { return m.kinds == nil || slices.Contains(m.kinds, kind) }

// expects names the kinds of the model to who found another one.
func (m Model) expects(kind Kind) string {
	names := make([]string, len(m.kinds))
	for i, known := range m.kinds {
		names[i] = string(known)
	}
	return fmt.Sprintf("what the model %s has: %s; %s", m.Name, strings.Join(names, ", "), hintKind(kind))
}

// hintKind names the models that have a kind of operation.
func hintKind(kind Kind) string {
	var names []string
	for _, m := range Models() {
		if slices.Contains(m.kinds, kind) {
			names = append(names, m.Name)
		}
	}
	return "try the model " + strings.Join(names, " or ")
}
