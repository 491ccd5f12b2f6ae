package timeline

import (
	"cmp"
	"slices"

	"quorumlab/scenarios"
)

// State is how a property stands at a step.
type State string

// The states.
const (
	Holds    State = "holds"    // so far
	Violated State = "violated" // at this step, or before
	Open     State = "open"     // nobody can tell yet, or at all
)

// Property is how a property stands where one is, and in the end.
type Property struct {
	scenarios.Verdict
	State State
	// First is the step with which it is violated, 0 if it is not.
	First int
}

// Properties returns how all properties stand after a step, in the order in which
// they were judged; none while the line is not judged. What the scenario expects of
// the run as planned is said only of that.
func (l *Line) Properties(step int) []Property {
	if l.result == nil {
		return nil
	}
	all := make([]Property, 0, len(l.result.Verdicts))
	for _, v := range l.result.Verdicts {
		if len(l.Deeds) > 0 {
			if wanted(&v) {
				continue
			}
			v.Expected, v.AsExpected = "", true
		}
		all = append(all, Property{Verdict: v, First: l.first(&v), State: stateOf(&v, l.first(&v), step, l.Len())})
	}
	return all
}

// wanted tells whether a verdict is on what the scenario wants to happen in the run
// as planned: of one in which somebody acted nobody wants it.
func wanted(v *scenarios.Verdict) bool {
	switch v.Property {
	case scenarios.Happens, scenarios.AvailableAs, scenarios.WaitsAs, scenarios.InDoubtAs:
		return true
	}
	return false
}

// first returns the step with which a property is violated: what is judged of the
// whole run is violated by its end.
func (l *Line) first(v *scenarios.Verdict) int {
	switch {
	case v.Verdict != scenarios.Violated:
		return 0
	case v.Step > 0 && int(v.Step) <= l.Len():
		return int(v.Step)
	}
	return l.Len()
}

func stateOf(v *scenarios.Verdict, first, step, last int) State {
	switch {
	case v.Verdict == scenarios.Violated && step >= first:
		return Violated
	case v.Verdict == scenarios.Unknown:
		return Open
	case v.Invariant || v.Property == scenarios.Linearizable || v.Property == scenarios.NoFailure || step >= last:
		return Holds
	}
	return Open // it is a matter of the whole run
}

// Violations returns what is violated on the line, the first first.
func (l *Line) Violations() []Property {
	all := slices.DeleteFunc(l.Properties(l.Len()), func(p Property) bool { return p.State != Violated })
	slices.SortStableFunc(all, func(a, b Property) int { return cmp.Compare(a.First, b.First) })
	return all
}

// NextViolation returns the first violation after a step, or the last before it if
// not forward; ok is false if there is none.
func (l *Line) NextViolation(step int, forward bool) (p Property, ok bool) {
	for _, v := range l.Violations() {
		switch {
		case forward && v.First > step:
			return v, true
		case !forward && v.First < step:
			p, ok = v, true
		}
	}
	return p, ok
}
