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
	// Refine is as in scenarios.Options.
	Refine bool
	// Deeds is what a run, by its name, begins with: those of a trace.
	Deeds map[string][]trace.Deed
	// Checked, if not nil, is the run of a check: then Scenario is what Checked made
	// of it, and Lab, Seed and Mutant count for nothing.
	Checked *Checked
}

// ErrImpossible says that a deed could not be done.
var ErrImpossible = errors.New("it is not possible (any more)")

// Draft is a line that is yet to be executed.
type Draft struct {
	subject *Subject
	line    *Line
	skip    int
}

// draft prepares a line of a run with deeds; p, if it has a line, is where that is
// left by the last of them.
func (s *Subject) draft(root int, p Position, deeds []trace.Deed) *Draft {
	d := &Draft{subject: s, line: &Line{Parent: p.Line, Deeds: deeds, root: root}, skip: p.Step}
	if p.Line != nil {
		d.line.steps, d.line.snapshots = p.Line.steps.upTo(p.Step), p.Line.snapshots.upTo(p.Step)
		d.line.reigns = upTo(p.Line.reigns, func(r reign) bool { return r.step <= p.Step })
		d.line.bands = upTo(p.Line.bands, func(b Band) bool { return b.Step <= p.Step })
	}
	return d
}

// upTo returns a copy of the beginning of which something is true.
func upTo[T any](all []T, is func(T) bool) []T {
	n := 0
	for n < len(all) && is(all[n]) {
		n++
	}
	return slices.Clone(all[:n])
}

// Execute executes the line. It may be called by another goroutine than that of
// the Timeline. The error is ErrImpossible, one of usage, or the context's.
func (d *Draft) Execute(ctx context.Context) (*Line, error) {
	s, l := d.subject, d.line
	if s.Checked != nil {
		return s.Checked.execute(d)
	}
	running, err := s.Lab.Begin(s.Scenario, &s.Scenario.Runs[l.root], s.options(l.Deeds))
	if err != nil {
		return nil, err
	}
	l.Run, l.running = running.Run(), running
	if l.Parent == nil {
		l.snapshots = snapshots{spacing: SpacingMin}
		l.snapshots.add(0, running.World().Clone())
	}
	running.Watch(&recording{line: l, skip: d.skip})
	if err := running.CarryOut(ctx); err != nil {
		return nil, err
	}
	l.unseen, l.until = running.Unseen(), running.World().Now
	return l, l.settle(running.Deeds())
}

func (s *Subject) options(deeds []trace.Deed) scenarios.Options {
	return scenarios.Options{Seed: s.Seed, Mutant: s.Mutant, Hashless: true, Deeds: deeds, Refine: s.Refine}
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
	l.Fork = int(last.After)
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
	if s.Checked != nil {
		return s.Checked.save(l, w)
	}
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
	s := &Subject{Lab: lab, Scenario: scenario, Seed: first.Seed, Mutant: first.Mutant, Refine: first.Refine, Deeds: map[string][]trace.Deed{}}
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

// Copy returns what it takes to Save a line, for another goroutine.
func (l *Line) Copy() *Line {
	return &Line{Deeds: slices.Clone(l.Deeds), root: l.root, Name: l.Name, path: l.path}
}
