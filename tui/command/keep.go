package command

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"quorumlab/scenarios"
	"quorumlab/scenarios/language"
)

// keptMax is how many failures of a sweep are shrunk and kept. The others are
// listed: their seeds give them again.
const keptMax = 10

// keep shrinks failures, saves their traces in a folder, and writes the files'
// names into the failures. An end of the context ends the shrinking, not the
// saving: what was found is not lost.
func (l *lab) keep(ctx context.Context, failed []scenarios.Failure, folder string, line *progress) (map[int]*scenarios.Shrunk, error) {
	kept := map[int]*scenarios.Shrunk{}
	for _, i := range chosen(failed, keptMax) {
		f := &failed[i]
		document := f.Document
		shrunk, err := l.Shrink(ctx, *f, func(text string) {
			line.update(func() string { return fmt.Sprintf("seed %d of %s/%s: %s", f.Seed, f.Scenario, f.Run, text) })
		})
		line.clear()
		switch {
		case err == nil:
			kept[i], document = shrunk, shrunk.Failure.Document
		case ctx.Err() == nil:
			l.hint("seed %d of %s/%s is kept as it is: %v", f.Seed, f.Scenario, f.Run, err)
		}
		name := filepath.Join(folder, traceName(f))
		if _, err := l.saveFailure(context.WithoutCancel(ctx), f, document, name); err != nil {
			return kept, err
		}
		f.Trace = name
	}
	return kept, nil
}

// chosen returns the positions of failures to keep: first one of each kind,
// then others, by seed.
func chosen(failed []scenarios.Failure, most int) []int {
	var first, others []int
	type kind struct{ scenario, run, mode, property string }
	seen := map[kind]bool{}
	for i := range failed {
		k := kind{failed[i].Scenario, failed[i].Run, string(failed[i].Mode), failed[i].Property}
		if seen[k] {
			others = append(others, i)
		} else {
			first = append(first, i)
		}
		seen[k] = true
	}
	all := append(first, others...)
	return all[:min(len(all), most)]
}

// saveFailure runs a failure's document once more, writes the trace to a
// file, and makes sure that it still shows the same.
func (l *lab) saveFailure(ctx context.Context, f *scenarios.Failure, document *language.Scenario, name string) (*scenarios.Report, error) {
	report, err := l.record(ctx, document, scenarios.Options{Seed: f.Seed, Mutant: f.Mutant, Refine: f.Refines()}, name)
	if err != nil {
		return nil, err
	}
	for _, v := range report.Verdicts {
		if v.Property == f.Property && v.Verdict != scenarios.Unknown && !v.AsExpected {
			return report, nil
		}
	}
	return nil, internal(fmt.Errorf("%s: seed %d of %s/%s failed in %s, and run once more it does not",
		name, f.Seed, f.Scenario, f.Run, f.Property))
}

// traceName is the name of a failure's file.
func traceName(f *scenarios.Failure) string {
	words := []string{f.Scenario, f.Run, fmt.Sprint(f.Seed)}
	if f.Mode == scenarios.Swarming {
		words = append(words, string(f.Mode))
	}
	return strings.Join(append(words, f.Property), "-") + traceExtension
}

// traceExtension is how the names of traces end.
const traceExtension = ".trace.jsonl"
