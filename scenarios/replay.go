package scenarios

import (
	"context"
	"errors"
	"io"

	"quorumlab/scenarios/language"
	"quorumlab/sim/trace"
)

// section is one section of a trace, run again.
type section struct {
	header   trace.Header
	scenario *language.Scenario
	result   *Result
}

// Replay executes what a trace says again and compares it with the trace, line
// by line. The error is a *trace.Problem if the file is no sound trace or the
// runs part.
func (l *Lab) Replay(ctx context.Context, r io.Reader) (*Report, error) {
	sections, err := l.replay(ctx, r)
	if err != nil {
		return nil, err
	}
	first := sections[0].header
	report := &Report{Schema: 1, Scenario: first.Scenario, Seed: first.Seed, Mutant: first.Mutant}
	for _, s := range sections {
		report.add(*s.result)
	}
	return report, nil
}

func (l *Lab) replay(ctx context.Context, r io.Reader) ([]section, error) {
	reader := trace.NewReader(r)
	var sections []section
	for {
		header, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return sections, nil
		}
		if err != nil {
			return nil, err
		}
		s, err := l.replaySection(ctx, reader, header)
		if err != nil {
			return nil, err
		}
		sections = append(sections, *s)
	}
}

func (l *Lab) replaySection(ctx context.Context, reader *trace.Reader, header trace.Header) (*section, error) {
	scenario, err := language.Parse("the trace's scenario", header.Document, l.vocabulary)
	if err != nil {
		return nil, reader.Damaged(err)
	}
	run, err := runNamed(scenario, header.Run)
	if err != nil {
		return nil, reader.Damaged(err)
	}
	comparer, err := trace.NewComparer(reader, header)
	if err != nil {
		return nil, err
	}
	options := Options{Seed: header.Seed, Mutant: header.Mutant, Trace: comparer}
	result, err := l.Execute(ctx, scenario, run, options)
	if err != nil {
		return nil, err
	}
	return &section{header: header, scenario: scenario, result: result}, nil
}
