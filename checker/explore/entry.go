package explore

import (
	"fmt"
	"maps"
	"slices"
	"strconv"

	"quorumlab/protocols/hint"
)

// Entry is a model by name, with parameters.
type Entry struct {
	Name, Summary string
	// Source is where the model comes from.
	Source     string
	Parameters []Parameter
	// New makes the model; the values are checked ones of all parameters.
	New func(Values) (Model, error)
}

// Parameter is a parameter of a model: a number from Min to Max, or one of the
// Choices.
type Parameter struct {
	Name, Default, Help string
	Min, Max            int
	Choices             []string
	// Free: the model itself judges the value.
	Free bool
}

// Values holds the value of each parameter by name.
type Values map[string]string

// Number returns the value of a parameter that is a number.
func (v Values) Number(name string) int {
	n, err := strconv.Atoi(v[name])
	if err != nil {
		panic("explore: the parameter " + name + " was not checked")
	}
	return n
}

// Count returns a parameter that is a number.
func Count(name string, standard, least, most int, help string) Parameter {
	return Parameter{Name: name, Default: strconv.Itoa(standard), Min: least, Max: most, Help: help}
}

// Make makes the model with the parameters that are set, and tells the values
// of all.
func (e *Entry) Make(set map[string]string) (Model, Values, error) {
	values := Values{}
	var names []string
	for _, p := range e.Parameters {
		values[p.Name] = p.Default
		names = append(names, p.Name)
	}
	for _, name := range slices.Sorted(maps.Keys(set)) {
		at := slices.Index(names, name)
		if at < 0 {
			return nil, nil, fmt.Errorf("%s has no parameter %q; %s", e.Name, name, hint.For(name, names))
		}
		if err := e.Parameters[at].check(set[name]); err != nil {
			return nil, nil, fmt.Errorf("%s: %w", e.Name, err)
		}
		values[name] = set[name]
	}
	model, err := e.New(values)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", e.Name, err)
	}
	return model, values, nil
}

func (p *Parameter) check(value string) error {
	if p.Free {
		return nil
	}
	if p.Choices != nil {
		if !slices.Contains(p.Choices, value) {
			return fmt.Errorf("%s=%s: %s", p.Name, value, hint.For(value, p.Choices))
		}
		return nil
	}
	n, err := strconv.Atoi(value)
	if err != nil || n < p.Min || n > p.Max {
		return fmt.Errorf("%s=%s: expected a whole number from %d to %d", p.Name, value, p.Min, p.Max)
	}
	return nil
}
