package scenarios

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"time"

	"quorumlab/checker/shrink"
	"quorumlab/scenarios/language"
	"quorumlab/sim/trace"
)

// Shrunk is the smallest run found that still fails in the same property.
type Shrunk struct {
	Failure Failure // its Document is the smaller scenario
	// Faults and Operations are how many lines of the timeline, narration
	// apart, and how many operations are left. They were FaultsBefore and
	// OperationsBefore.
	Faults, FaultsBefore         int
	Operations, OperationsBefore int
	// Minimal: without any single one of them it does not fail any more.
	Minimal bool
	Tests   int // runs that it took
}

// focus returns a run of which only what concerns a failure is expected: a
// smaller run need not show the rest.
func focus(run language.Run, failure *Failure) language.Run {
	if failure.Property != Termination {
		run.Liveness = 0
	}
	switch failure.Property {
	case AvailableAs, WaitsAs, InDoubtAs, Happens:
	default:
		run.Expect = language.Expectation{Properties: run.Expect.Properties}
	}
	return run
}

// planned is one fault or operation of a plan.
type planned struct {
	entry     *language.Entry
	operation *language.Operation
}

// Shrink makes a failure small: it drops faults and operations as long as the
// same property fails (ddmin: Zeller and Hildebrandt, "Simplifying and
// isolating failure-inducing input", 2002), and lets the run end as early as it
// can. Each try uses the same seed for all that is drawn on the way. The error
// is the context's, or says that the failure does not fail.
func (l *Lab) Shrink(ctx context.Context, failure Failure, progress func(string)) (*Shrunk, error) {
	s := &shrinking{lab: l, ctx: ctx, failure: &failure, run: focus(failure.Document.Runs[0], &failure)}
	if progress != nil {
		s.options.Progress = func(left, tests int) {
			progress(fmt.Sprintf("shrinking: %d faults and operations left after %d runs", left, s.tests+tests))
		}
	}
	shrunk := &Shrunk{Failure: failure}
	items := plan(s.run)
	shrunk.FaultsBefore, shrunk.OperationsBefore = tallyPlan(items)
	if !s.fails(items) {
		return nil, cmp.Or(ctx.Err(), fmt.Errorf("seed %d of %s/%s does not fail in %s",
			failure.Seed, failure.Scenario, failure.Run, failure.Property))
	}
	first := s.minimize(items)
	s.shorten(first.Items)
	// What is needed in a long run may be of no use in a short one.
	last := s.minimize(first.Items)
	smallest := assemble(s.run, last.Items)
	witness := s.witness(&smallest)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	shrunk.Minimal, shrunk.Tests = last.Minimal, s.tests
	shrunk.Faults, shrunk.Operations = tallyPlan(last.Items)
	shrunk.Failure.Document, shrunk.Failure.Witness = alone(failure.Document, smallest), witness.Witness
	return shrunk, nil
}

// shrinking is the work of one Shrink.
type shrinking struct {
	lab     *Lab
	ctx     context.Context
	failure *Failure
	run     language.Run // all but what is left out
	options shrink.Options
	tests   int
}

func (s *shrinking) fails(items []planned) bool {
	smaller := assemble(s.run, items)
	return s.witness(&smaller) != nil
}

func (s *shrinking) minimize(items []planned) shrink.Outcome[planned] {
	s.options.Budget = max(1, shrinkBudget-s.tests)
	outcome := shrink.Minimize(items, s.fails, s.options)
	s.tests += outcome.Tests
	return outcome
}

// shorten lets the run end as early as it can, in steps of a tenth.
func (s *shrinking) shorten(items []planned) {
	whole := s.run.Until
	for tenths := time.Duration(1); tenths < 10; tenths++ {
		s.run.Until = (whole * tenths / 10).Truncate(time.Millisecond)
		if fitsIn(items, s.run.Until) {
			s.tests++
			if s.fails(items) {
				return
			}
		}
	}
	s.run.Until = whole
}

// witness executes a run and returns the verdict that shows the failure, nil if
// there is none.
func (s *shrinking) witness(run *language.Run) *Verdict {
	options := Options{Seed: s.failure.Seed, Mutant: s.failure.Mutant, Hashless: true, Refine: s.failure.Refines()}
	if s.ctx.Err() != nil {
		return nil
	}
	result, err := s.lab.Execute(s.ctx, s.failure.Document, run, options)
	if err != nil {
		return nil
	}
	at := slices.IndexFunc(result.Verdicts, func(v Verdict) bool {
		return v.Property == s.failure.Property && v.Subject == s.failure.Subject && v.fails()
	})
	if at < 0 {
		return nil
	}
	return &result.Verdicts[at]
}

// shrinkBudget bounds the runs of one shrinking.
const shrinkBudget = 4000

// plan returns all that can be left out of a run.
func plan(run language.Run) []planned {
	var items []planned
	for i := range run.Timeline {
		switch run.Timeline[i].Action.(type) {
		case language.Say, language.Ask:
		default:
			items = append(items, planned{entry: &run.Timeline[i]})
		}
	}
	for i := range run.Script {
		items = append(items, planned{operation: &run.Script[i]})
	}
	return items
}

func assemble(run language.Run, items []planned) language.Run {
	run.Timeline, run.Script = nil, nil
	for _, item := range items {
		if item.entry != nil {
			run.Timeline = append(run.Timeline, *item.entry)
		} else {
			run.Script = append(run.Script, *item.operation)
		}
	}
	return run
}

func tallyPlan(items []planned) (faults, operations int) {
	for _, item := range items {
		if item.entry != nil {
			faults++
		} else {
			operations++
		}
	}
	return faults, operations
}

// fitsIn reports whether all items begin before the end of a run.
func fitsIn(items []planned, until time.Duration) bool {
	return !slices.ContainsFunc(items, func(item planned) bool {
		if item.entry != nil {
			return item.entry.At >= until
		}
		return item.operation.At >= until
	})
}

// FailureOf reads a trace and returns the failure that it ends in, by running
// its first section that fails again.
func (l *Lab) FailureOf(ctx context.Context, r io.Reader) (Failure, error) {
	reports, err := l.replay(ctx, r, false)
	if err != nil {
		return Failure{}, err
	}
	for _, section := range reports {
		for _, v := range section.result.Verdicts {
			if v.fails() {
				h := section.header
				return Failure{
					Scenario: h.Scenario, Run: h.Run, Seed: h.Seed, Mutant: h.Mutant, Mode: Scripted,
					Property: v.Property, Subject: v.Subject, Witness: v.Witness, Document: alone(section.scenario, section.result.Run),
				}, nil
			}
		}
	}
	return Failure{}, &trace.Problem{Line: 1, What: "nothing fails in this trace", Hint: "shrink takes the trace of a run whose verdicts are not as expected"}
}
