package scenarios

import (
	"context"
	"fmt"
	"math"
	"slices"
	"sync"
	"time"

	"quorumlab/protocols/hint"
	"quorumlab/scenarios/language"
)

// Mode is what a sweep does with each seed.
type Mode string

// The modes.
const (
	Scripted  Mode = "scripted" // the scenario's own timeline
	Swarming  Mode = "swarm"    // faults drawn by the seed: see Swarm
	BothModes Mode = "both"     // first the one, then the other
)

// Modes returns the names of all modes.
func Modes() []string { return []string{string(Scripted), string(Swarming), string(BothModes)} }

// Shard is one part of a sweep that several machines share: Index of Of parts,
// from 1. It has the seeds with seed modulo Of = Index-1.
type Shard struct {
	Index int `json:"index"`
	Of    int `json:"of"`
}

// Sweep is a run of scenarios with many seeds.
type Sweep struct {
	Scenarios []*language.Scenario
	From, To  uint64 // both included
	Jobs      int    // goroutines; 0: 1
	Shard     Shard  // zero: the whole
	Mode      Mode   // "": BothModes
	Mutant    string
	Refine    bool // as in Options
	// Progress, if not nil, is told of each seed that is done. It must be
	// quick; it is called by one goroutine at a time.
	Progress func(Progress)
}

// Progress is how far a sweep is.
type Progress struct {
	Done, Total uint64 // seeds
	Failed      int
	Steps       uint64
}

// Failure is one run with one seed that did not show what is expected.
type Failure struct {
	Scenario string `json:"scenario"`
	Run      string `json:"run"`
	Seed     uint64 `json:"seed"`
	Mode     Mode   `json:"mode"`
	Mutant   string `json:"mutant,omitempty"`
	Property string `json:"property"`
	Subject  string `json:"subject,omitempty"` // as in Verdict
	Witness  string `json:"witness"`
	// Trace is the file that the trace was saved in, "" if it was not.
	Trace string `json:"trace"`
	// Document is the scenario that fails, with the run as its only one and
	// all that was drawn written out: see Concrete and Swarm.
	Document *language.Scenario `json:"-"`
}

// SweepReport is what a sweep found. Its JSON form is that of `sweep --json`.
type SweepReport struct {
	Schema    int       `json:"schema"` // ReportVersion
	Scenarios []string  `json:"scenario"`
	Range     SeedRange `json:"range"`
	Shard     Shard     `json:"shard"`
	Mode      Mode      `json:"mode"`
	Mutant    string    `json:"mutant,omitempty"`
	Refine    bool      `json:"refine,omitempty"`
	// Done counts the seeds done; Complete tells that it is all of them.
	Done     uint64    `json:"seeds"`
	Complete bool      `json:"complete"`
	Failed   []Failure `json:"failed"` // by seed, scenario, run, mode
	// Unknown counts verdicts that could not be reached where one was
	// expected.
	Unknown int `json:"unknown"`
	// Undecided lists those verdicts, in the order of Failed.
	Undecided []Failure `json:"undecided"`
	Steps     uint64    `json:"steps"`
	// VirtualSeconds is simulated time; Seconds is real time.
	VirtualSeconds float64 `json:"virtual_seconds"`
	Seconds        float64 `json:"seconds"`
	SeedsPerHour   float64 `json:"seeds_per_hour"`
	// Reached counts in how many runs something happened that some run of a
	// sweep must show: what a scenario expects to happen, as "scenario/run:
	// phrase", and the protocols' milestones, as "protocol: note". NeverReached
	// lists what happened in none.
	NeverReached []string          `json:"never_reached"`
	Reached      map[string]uint64 `json:"reached"`
	// Tested counts in how many runs something could have violated an
	// invariant, as "protocol: invariant". NeverTested lists those that nothing
	// in the whole sweep put to the test.
	NeverTested []string          `json:"never_tested"`
	Tested      map[string]uint64 `json:"tested"`
}

// SeedRange is From to To, both included.
type SeedRange struct {
	From uint64 `json:"from"`
	To   uint64 `json:"to"`
}

// Sweep runs all seeds. If the context ends it returns what is known so far
// with Complete false; that is no error.
func (l *Lab) Sweep(ctx context.Context, sweep Sweep) (*SweepReport, error) {
	if err := sweep.check(); err != nil {
		return nil, err
	}
	report := &SweepReport{
		Schema: ReportVersion, Range: SeedRange{sweep.From, sweep.To}, Shard: sweep.Shard, Mode: sweep.Mode,
		Mutant: sweep.Mutant, Refine: sweep.Refine, Failed: []Failure{}, Undecided: []Failure{}, Reached: map[string]uint64{}, Tested: map[string]uint64{},
	}
	for _, scenario := range sweep.Scenarios {
		report.Scenarios = append(report.Scenarios, scenario.Name)
	}
	started := time.Now()
	if err := l.sweepSeeds(ctx, &sweep, report); err != nil {
		return nil, err
	}
	report.finish(time.Since(started))
	return report, nil
}

func (s *Sweep) check() error {
	if s.Mode == "" {
		s.Mode = BothModes
	}
	if s.Shard == (Shard{}) {
		s.Shard = Shard{Index: 1, Of: 1}
	}
	switch {
	case len(s.Scenarios) == 0:
		return fmt.Errorf("no scenario to sweep")
	case s.To < s.From:
		return fmt.Errorf("seeds %d..%d: the last is before the first", s.From, s.To)
	case s.To-s.From == math.MaxUint64:
		return fmt.Errorf("seeds %d..%d: too many to count", s.From, s.To)
	case s.Refine && !slices.ContainsFunc(s.Scenarios, refinable):
		return errUnspecified(s.Scenarios[0])
	case !slices.Contains(Modes(), string(s.Mode)):
		return fmt.Errorf("no mode %q; %s", s.Mode, hint.For(string(s.Mode), Modes()))
	case s.Shard.Of < 1 || s.Shard.Index < 1 || s.Shard.Index > s.Shard.Of:
		return fmt.Errorf("shard %d/%d: expected i/n with 1 ≤ i ≤ n", s.Shard.Index, s.Shard.Of)
	}
	return nil
}

// seeds returns the first seed of the shard, and how many it has.
func (s *Sweep) seeds() (first, count uint64) {
	of := uint64(s.Shard.Of)
	first = s.From + (uint64(s.Shard.Index-1)+of-s.From%of)%of
	if first > s.To || first < s.From {
		return first, 0
	}
	return first, (s.To-first)/of + 1
}

// sweepSeeds has Jobs goroutines take seed after seed. What they find is the
// same however they share the work: the report is put in order at the end. The
// first error ends all; the end of the context is none.
func (l *Lab) sweepSeeds(ctx context.Context, sweep *Sweep, report *SweepReport) error {
	first, count := sweep.seeds()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var lock sync.Mutex // of all that follows
	var workers sync.WaitGroup
	var failed error
	next, progress := uint64(0), Progress{Total: count}
	for range max(1, sweep.Jobs) {
		workers.Go(func() {
			for {
				lock.Lock()
				mine := next
				next++
				lock.Unlock()
				if mine >= count || ctx.Err() != nil {
					return
				}
				found, err := l.sweepSeed(ctx, sweep, first+mine*uint64(sweep.Shard.Of))
				lock.Lock()
				switch {
				case err == nil:
					report.merge(found)
					progress.Done, progress.Failed, progress.Steps = report.Done, len(report.Failed), report.Steps
					if sweep.Progress != nil {
						sweep.Progress(progress)
					}
				case ctx.Err() == nil:
					failed = err
					cancel()
				}
				lock.Unlock()
			}
		})
	}
	workers.Wait()
	report.Complete = report.Done == count
	return failed
}

// sweepSeed does one seed: all runs of all scenarios, in the modes asked for.
func (l *Lab) sweepSeed(ctx context.Context, sweep *Sweep, seed uint64) (*SweepReport, error) {
	found := &SweepReport{Done: 1, Reached: map[string]uint64{}, Tested: map[string]uint64{}}
	for _, scenario := range sweep.Scenarios {
		for i := range scenario.Runs {
			for _, mode := range []Mode{Scripted, Swarming} {
				run := scenario.Runs[i]
				if sweep.Mode != BothModes && sweep.Mode != mode || mode == Swarming && len(run.Swarm.Faults) == 0 {
					continue
				}
				if mode == Swarming {
					run = Swarm(run, seed)
				}
				options := Options{Seed: seed, Mutant: sweep.Mutant, Hashless: true, Refine: sweep.Refine}
				result, err := l.Execute(ctx, scenario, &run, options)
				if err != nil {
					return nil, err
				}
				found.take(scenario, result, mode, options)
			}
		}
	}
	return found, nil
}

// take adds what one run showed.
func (r *SweepReport) take(scenario *language.Scenario, result *Result, mode Mode, options Options) {
	r.Steps += result.Steps
	r.VirtualSeconds += result.Virtual.Seconds()
	for i := range result.Verdicts {
		v := &result.Verdicts[i]
		if v.AsExpected {
			continue
		}
		if v.Verdict == Unknown {
			r.Unknown++
			r.Undecided = append(r.Undecided, failureOf(scenario, result, v, mode, options))
			continue
		}
		r.Failed = append(r.Failed, failureOf(scenario, result, v, mode, options))
		break // one failure a run: the others are its consequences
	}
	place := scenario.Name + "/" + result.Run.Name + ": "
	for _, phrase := range sortedKeys(result.Reached) {
		r.Reached[place+phrase] += uint64(min(1, result.Reached[phrase]))
	}
	for _, milestone := range sortedKeys(result.Milestones) {
		r.Reached[result.Run.Protocol+": "+milestone] += uint64(result.Milestones[milestone])
	}
	for _, v := range result.Verdicts {
		if v.Invariant {
			name := result.Run.Protocol + ": " + v.Property
			r.Tested[name] += map[bool]uint64{false: 1, true: 0}[v.Vacuous]
		}
	}
}

// alone returns a scenario with one run only, all drawn and written out.
func alone(scenario *language.Scenario, run language.Run) *language.Scenario {
	run.Swarm = language.Swarm{}
	s := &language.Scenario{
		Name: scenario.Name, Title: scenario.Title, About: scenario.About, Source: scenario.Source,
		Runs: []language.Run{run},
	}
	s.Canonical = language.Render(s)
	return s
}
