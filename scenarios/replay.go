package scenarios

import (
	"context"
	"errors"
	"io"
	"reflect"

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
	return l.replayed(ctx, r, false)
}

// ReplayRefined is Replay, and the runs are held against the specification of their
// protocol even if the trace does not ask for that.
func (l *Lab) ReplayRefined(ctx context.Context, r io.Reader) (*Report, error) {
	return l.replayed(ctx, r, true)
}

func (l *Lab) replayed(ctx context.Context, r io.Reader, refine bool) (*Report, error) {
	sections, err := l.replay(ctx, r, refine)
	if err != nil {
		return nil, err
	}
	first := sections[0].header
	report := &Report{Schema: ReportVersion, Scenario: first.Scenario, Seed: first.Seed, Mutant: first.Mutant}
	for _, s := range sections {
		report.add(*s.result)
	}
	return report, nil
}

// Sections returns the headers of a trace, and looks at no step of it. The error
// is a *trace.Problem if it is none.
func (l *Lab) Sections(r io.Reader) ([]trace.Header, error) {
	reader := trace.NewReader(r)
	var headers []trace.Header
	for {
		header, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return headers, nil
		}
		if err == nil {
			headers = append(headers, header)
			err = reader.Skip(header)
		}
		if err != nil {
			return nil, err
		}
	}
}

func (l *Lab) replay(ctx context.Context, r io.Reader, refine bool) ([]section, error) {
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
		s, err := l.replaySection(ctx, reader, header, refine)
		if err != nil {
			return nil, err
		}
		sections = append(sections, *s)
	}
}

func (l *Lab) replaySection(ctx context.Context, reader *trace.Reader, read trace.Header, refine bool) (*section, error) {
	scenario, err := language.Parse("the trace's scenario", read.Document, l.vocabulary)
	if err != nil {
		return nil, reader.Damaged(err)
	}
	run, err := runNamed(scenario, read.Run)
	if err != nil {
		return nil, reader.Damaged(err)
	}
	options := Options{Seed: read.Seed, Mutant: read.Mutant, Deeds: read.Deeds, Refine: read.Refine}
	if !fits(read, scenario, run, options) {
		return nil, reader.Damaged(errors.New("its names are not those of the scenario that it holds"))
	}
	if refine && !read.Refine {
		if err := Refinable(scenario); err != nil {
			return nil, err
		}
		options.Refine, options.Unwritten = true, true
	}
	comparer, err := trace.NewComparer(reader, read)
	if err != nil {
		return nil, err
	}
	options.Trace = comparer
	result, err := l.Execute(ctx, scenario, run, options)
	if _, parted := errors.AsType[*trace.Problem](err); err != nil && !parted && ctx.Err() == nil {
		err = reader.Damaged(err) // a mutant that there is not, say
	}
	if err != nil {
		return nil, err
	}
	return &section{header: read, scenario: scenario, result: result}, nil
}

// fits reports whether a header, but for the program's version, is the one that
// its own scenario gives.
func fits(read trace.Header, scenario *language.Scenario, run *language.Run, options Options) bool {
	made := header(scenario, run, options)
	made.Document, made.Code = read.Document, read.Code
	return reflect.DeepEqual(read, made)
}
