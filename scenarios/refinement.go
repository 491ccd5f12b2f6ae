package scenarios

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"quorumlab/checker/refine"
	"quorumlab/scenarios/language"
)

// This file holds runs against a specification of their protocol (package
// checker/refine), where that is asked for.

// Refines reports whether a failure is one of the refinement, which is looked for
// only if it is asked for.
func (f *Failure) Refines() bool { return f.Property == refine.Property }

// refinable reports whether some run of a scenario can be held against a
// specification.
func refinable(s *language.Scenario) bool {
	return slices.ContainsFunc(s.Runs, func(r language.Run) bool { return refine.Specified(r.Protocol) })
}

// Refinable returns an error if no run of a scenario can be held against a
// specification.
func Refinable(s *language.Scenario) error {
	if refinable(s) {
		return nil
	}
	return errUnspecified(s)
}

func errUnspecified(s *language.Scenario) error {
	protocols := map[string]bool{}
	for i := range s.Runs {
		protocols[s.Runs[i].Protocol] = true
	}
	return fmt.Errorf("%s has runs of %s alone, and there is a specification (zab-spec) of zab only\n  hint: zab-leader-crash is a scenario of zab",
		s.Name, strings.Join(slices.Sorted(maps.Keys(protocols)), ", "))
}

// refinement adds the verdict on the refinement. It comes first: what a run shows
// otherwise is what came of the step that the specification does not allow.
func (j *judgement) refinement() {
	w := j.x.refinement
	if w == nil {
		return
	}
	finding := w.Finding()
	j.add(Verdict{
		Property: finding.Property, Verdict: Judgement(finding.Verdict), Witness: finding.Witness, Step: finding.Step,
		Vacuous: finding.Checked == 0, Invariant: true,
	})
	for _, action := range refine.Actions() {
		j.result.Milestones["zab-spec's "+action.String()] = int64(min(1, w.Taken(action)))
	}
}
