package timeline

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"quorumlab/scenarios"
	"quorumlab/scenarios/language"
	"quorumlab/sim/trace"
)

// Subject is what a Timeline is about: the runs of a scenario with one seed.
type Subject struct {
	Lab      *scenarios.Lab
	Scenario *language.Scenario
	Seed     uint64
	Mutant   string
	// Deeds is what a run, by its name, begins with: those of a trace.
	Deeds map[string][]trace.Deed
}

// ErrImpossible says that a deed could not be done.
var ErrImpossible = errors.New("it is not possible (any more)")

// execute makes a line of a run with deeds; parent, if not nil, is the line that
// it leaves by the last of them.
func (s *Subject) execute(ctx context.Context, root int, parent *Line, deeds []trace.Deed) (*Line, error) {
	running, err := s.Lab.Begin(s.Scenario, &s.Scenario.Runs[root], s.options(deeds))
	if err != nil {
		return nil, err
	}
	l := &Line{Parent: parent, Run: running.Run(), Deeds: deeds, root: root, running: running}
	if parent == nil {
		l.snapshots = snapshots{spacing: SpacingMin}
		l.snapshots.add(0, running.World().Clone())
	} else {
		l.Fork = int(deeds[len(deeds)-1].After)
		l.steps, l.snapshots = parent.steps.upTo(l.Fork), parent.snapshots.upTo(l.Fork)
		l.reigns = slices.DeleteFunc(slices.Clone(parent.reigns), func(r reign) bool { return r.step > l.Fork })
	}
	running.Watch(&recording{line: l, skip: l.steps.n})
	if err := running.CarryOut(ctx); err != nil {
		return nil, err
	}
	l.unseen, l.until = running.Unseen(), running.World().Now
	return l, l.settle(running.Deeds())
}

func (s *Subject) options(deeds []trace.Deed) scenarios.Options {
	return scenarios.Options{Seed: s.Seed, Mutant: s.Mutant, Hashless: true, Deeds: deeds}
}

// settle takes up what became of the deeds: the last one must have been done.
func (l *Line) settle(done []scenarios.Done) error {
	if len(l.Deeds) == 0 {
		return nil
	}
	switch {
	case l.Parent == nil: // a trace may tell of what came to nothing
		return nil
	case len(done) < len(l.Deeds) || !done[len(done)-1].Done:
		return ErrImpossible
	}
	last := &l.Deeds[len(l.Deeds)-1]
	last.After = done[len(done)-1].After
	l.frontier = int(last.After) + effectOf(last)
	return nil
}

// effectOf returns how many steps a deed is at least: one, unless it only changes
// what is to come.
func effectOf(d *trace.Deed) int {
	if d.Cancel != 0 || d.Delay != nil {
		return 0
	}
	return 1
}

// deedsUpTo returns the deeds of a line that lie before somebody who stands after a
// step: what was done at that very step counts only if it made no step.
func (l *Line) deedsUpTo(step int) []trace.Deed {
	var before []trace.Deed
	for _, d := range l.Deeds {
		if int(d.After) < step || int(d.After) == step && effectOf(&d) == 0 {
			before = append(before, d)
		}
	}
	return before
}

// Save writes a line as a trace that `replay` accepts.
func (s *Subject) Save(ctx context.Context, l *Line, w io.Writer) error {
	options := s.options(slices.Clone(l.Deeds))
	options.Hashless, options.Trace = false, w
	_, err := s.Lab.Execute(ctx, s.Scenario, &s.Scenario.Runs[l.root], options)
	return err
}

// FromTrace returns the subject of a trace: its sections must be runs of one
// scenario with one seed, each run at most once.
func FromTrace(lab *scenarios.Lab, r io.Reader) (*Subject, []string, error) {
	headers, err := lab.Sections(r)
	if err != nil {
		return nil, nil, err
	}
	first := headers[0]
	scenario, err := lab.Parse("the trace's scenario", bytes.NewReader(first.Document))
	if err != nil {
		return nil, nil, err
	}
	s := &Subject{Lab: lab, Scenario: scenario, Seed: first.Seed, Mutant: first.Mutant, Deeds: map[string][]trace.Deed{}}
	var runs []string
	for i, h := range headers {
		if h.Seed != s.Seed || h.Mutant != s.Mutant || string(h.Document) != string(first.Document) || slices.Contains(runs, h.Run) {
			return nil, nil, fmt.Errorf("section %d of the trace is not a run more of scenario %s with seed %d", i+1, scenario.Name, s.Seed)
		}
		if !slices.ContainsFunc(scenario.Runs, func(r language.Run) bool { return r.Name == h.Run }) {
			return nil, nil, fmt.Errorf("section %d of the trace is of run %q, which its scenario does not have", i+1, h.Run)
		}
		runs = append(runs, h.Run)
		s.Deeds[h.Run] = h.Deeds
	}
	return s, runs, nil
}
