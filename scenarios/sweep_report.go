package scenarios

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// merge adds what another report, of other seeds, found.
func (r *SweepReport) merge(other *SweepReport) {
	r.Done += other.Done
	r.Failed = append(r.Failed, other.Failed...)
	r.Unknown += other.Unknown
	r.Undecided = append(r.Undecided, other.Undecided...)
	r.Steps += other.Steps
	r.VirtualSeconds += other.VirtualSeconds
	for _, name := range sortedKeys(other.Reached) {
		r.Reached[name] += other.Reached[name]
	}
	for _, name := range sortedKeys(other.Tested) {
		r.Tested[name] += other.Tested[name]
	}
}

// never lists what was counted never.
func never(counts map[string]uint64) []string {
	names := []string{}
	for _, name := range sortedKeys(counts) {
		if counts[name] == 0 {
			names = append(names, name)
		}
	}
	return names
}

// finish puts the report in order.
func (r *SweepReport) finish(took time.Duration) {
	r.Seconds = took.Seconds()
	if r.Seconds > 0 {
		r.SeedsPerHour = float64(r.Done) / r.Seconds * time.Hour.Seconds()
	}
	for _, list := range [][]Failure{r.Failed, r.Undecided} {
		slices.SortStableFunc(list, func(a, b Failure) int {
			return cmp.Or(cmp.Compare(a.Seed, b.Seed), cmp.Compare(a.Scenario, b.Scenario),
				cmp.Compare(a.Run, b.Run), cmp.Compare(a.Mode, b.Mode))
		})
	}
	r.NeverReached, r.NeverTested = never(r.Reached), never(r.Tested)
}

// Merge joins the reports of the shards of one sweep. It is an error if they
// are not of one sweep, if one is there twice, is missing, or is not complete.
func Merge(shards []*SweepReport) (*SweepReport, error) {
	if len(shards) == 0 {
		return nil, fmt.Errorf("no reports to merge")
	}
	first := shards[0]
	merged := &SweepReport{
		Schema: first.Schema, Scenarios: first.Scenarios, Range: first.Range, Shard: Shard{Index: 1, Of: 1},
		Mode: first.Mode, Mutant: first.Mutant, Refine: first.Refine, Failed: []Failure{}, Undecided: []Failure{}, Reached: map[string]uint64{},
		Tested: map[string]uint64{}, Complete: true,
	}
	seen := make([]bool, first.Shard.Of)
	seconds := 0.0
	for i, shard := range shards {
		if err := first.fits(shard); err != nil {
			return nil, fmt.Errorf("report %d: %w", i+1, err)
		}
		if seen[shard.Shard.Index-1] {
			return nil, fmt.Errorf("report %d: shard %d/%d is there twice", i+1, shard.Shard.Index, shard.Shard.Of)
		}
		seen[shard.Shard.Index-1] = true
		merged.merge(shard)
		seconds = max(seconds, shard.Seconds)
	}
	if missing := slices.Index(seen, false); missing >= 0 {
		return nil, fmt.Errorf("shard %d/%d is missing", missing+1, len(seen))
	}
	merged.finish(time.Duration(seconds * float64(time.Second)))
	return merged, nil
}

// fits reports why another report is no shard of the same sweep.
func (r *SweepReport) fits(other *SweepReport) error {
	switch {
	case other.Schema != r.Schema:
		return fmt.Errorf("schema %d, expected %d", other.Schema, r.Schema)
	case !slices.Equal(other.Scenarios, r.Scenarios), other.Range != r.Range, other.Mode != r.Mode, other.Mutant != r.Mutant, other.Refine != r.Refine:
		return fmt.Errorf("it is of another sweep: scenarios, seeds, mode, mutant or --refine differ")
	case other.Shard.Of != r.Shard.Of || other.Shard.Index < 1 || other.Shard.Index > other.Shard.Of:
		return fmt.Errorf("shard %d/%d, expected one of %d", other.Shard.Index, other.Shard.Of, r.Shard.Of)
	case !other.Complete:
		return fmt.Errorf("shard %d/%d is not complete: %d seeds done", other.Shard.Index, other.Shard.Of, other.Done)
	}
	return nil
}
