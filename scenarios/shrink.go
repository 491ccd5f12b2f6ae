package scenarios

import (
	"context"
	"fmt"
	"io"
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

// focus returns a run of which only what concerns a property is expected: a
// smaller run need not show the rest.
func focus(run language.Run, property string) language.Run {
	if property != Termination {
		run.Liveness = 0
	}
	switch property {
	case AvailableAs, WaitsAs, Happens:
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
// isolating failure-inducing input", 2002), and shortens the rest. Each try
// uses the same seed for all that is drawn on the way.
func (l *Lab) Shrink(ctx context.Context, failure Failure, progress func(string)) (*Shrunk, error) {
	run := focus(failure.Document.Runs[0], failure.Property)
	fails := func(items []planned) bool {
		smaller := assemble(run, items)
		property, err := l.fails(ctx, failure, &smaller)
		return err == nil && property == failure.Property
	}
	items := plan(run)
	s := &Shrunk{Failure: failure}
	s.FaultsBefore, s.OperationsBefore = tallyPlan(items)
	if !fails(items) {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, fmt.Errorf("seed %d of %s/%s does not fail in %s", failure.Seed, failure.Scenario, failure.Run, failure.Property)
	}
	outcome := shrink.Minimize(items, fails, shrink.Options{Budget: shrinkBudget, Progress: func(left, tests int) {
		if progress != nil {
			progress(fmt.Sprintf("shrinking: %d faults and operations left after %d runs", left, tests))
		}
	}})
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	s.Minimal, s.Tests = outcome.Minimal, outcome.Tests
	s.Faults, s.Operations = tallyPlan(outcome.Items)
	smaller := assemble(run, outcome.Items)
	smaller.Until = l.shortest(ctx, failure, smaller)
	s.Failure.Document = alone(failure.Document, smaller)
	return s, nil
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

// fails executes a run and returns the first property that fails, "" if none.
func (l *Lab) fails(ctx context.Context, failure Failure, run *language.Run) (string, error) {
	if ctx.Err() != nil {
		return "", ctx.Err()
	}
	options := Options{Seed: failure.Seed, Mutant: failure.Mutant, Hashless: true}
	result, err := l.Execute(ctx, failure.Document, run, options)
	if err != nil {
		return "", err
	}
	for _, v := range result.Verdicts {
		if v.Property == failure.Property && v.Verdict == Violated && !v.AsExpected {
			return v.Property, nil
		}
	}
	return "", nil
}

// shortest returns the earliest end, in steps of a tenth, with which the run
// still fails.
func (l *Lab) shortest(ctx context.Context, failure Failure, run language.Run) time.Duration {
	whole := run.Until
	for tenths := time.Duration(1); tenths < 10; tenths++ {
		run.Until = (whole * tenths / 10).Truncate(time.Millisecond)
		if !fitsIn(run) {
			continue
		}
		if property, err := l.fails(ctx, failure, &run); err == nil && property == failure.Property {
			return run.Until
		}
	}
	return whole
}

// fitsIn reports whether all that a run does begins before its end.
func fitsIn(run language.Run) bool {
	for _, entry := range run.Timeline {
		if entry.At > run.Until {
			return false
		}
	}
	for _, operation := range run.Script {
		if operation.At > run.Until {
			return false
		}
	}
	return true
}

// FailureOf reads a trace and returns the failure that it ends in, by running
// its first section that fails again.
func (l *Lab) FailureOf(ctx context.Context, r io.Reader) (Failure, error) {
	reports, err := l.replay(ctx, r)
	if err != nil {
		return Failure{}, err
	}
	for _, section := range reports {
		for _, v := range section.result.Verdicts {
			if v.Verdict == Violated && !v.AsExpected {
				h := section.header
				return Failure{
					Scenario: h.Scenario, Run: h.Run, Seed: h.Seed, Mutant: h.Mutant, Mode: Scripted,
					Property: v.Property, Witness: v.Witness, Document: alone(section.scenario, section.result.Run),
				}, nil
			}
		}
	}
	return Failure{}, &trace.Problem{Line: 1, What: "nothing fails in this trace", Hint: "shrink takes the trace of a run whose verdicts are not as expected"}
}
