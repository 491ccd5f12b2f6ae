package scenarios

import (
	"context"
	"fmt"
	"sync"

	"quorumlab/checker/mutants"
	"quorumlab/scenarios/language"
)

// Hunt is the search for mutants: each in its scenario, within its budget.
type Hunt struct {
	Mutants []mutants.Mutant
	Jobs    int // how many at a time; 0: 1
	// Progress, if not nil, is told what is being done. It must be quick; it
	// is called by one goroutine at a time.
	Progress func(string)
}

// Catch is what became of one mutant.
type Catch struct {
	Mutant   string `json:"mutant"`
	Property string `json:"property"` // that is to break
	Scenario string `json:"scenario"`
	Budget   int    `json:"budget"` // of seeds, from 1
	// Found: some seed showed it. By is the property that broke then: Property
	// or, if the budget showed that nowhere, the first that should have held.
	Found bool   `json:"found"`
	By    string `json:"by"`
	Run   string `json:"run"`
	Mode  Mode   `json:"mode"`
	Seed  uint64 `json:"seed"` // the first, or the last that was tried
	// Witness says in words what broke.
	Witness string `json:"witness"`
	// Faults and Operations are what is left of the run when it is shrunk.
	Faults     int  `json:"faults"`
	Operations int  `json:"operations"`
	Minimal    bool `json:"minimal"`
	// Twin tells what broke without the mutant with the same seeds, "" if
	// nothing did.
	Twin string `json:"twin"`
}

// Steps is how many faults and operations are left.
func (c *Catch) Steps() int { return c.Faults + c.Operations }

// StepsMax is how many steps a mutant's shrunk run may have.
const StepsMax = 40

// Good reports whether the mutant was found and its twin is sound.
func (c *Catch) Good() bool { return c.Found && c.Twin == "" }

// HuntReport is what a hunt found. Its JSON form is that of `sweep --mutants
// --json`.
type HuntReport struct {
	Schema  int     `json:"schema"` // ReportVersion
	Mutants []Catch `json:"mutants"`
}

// Good reports whether all mutants were found and all twins are sound.
func (r *HuntReport) Good() bool {
	for i := range r.Mutants {
		if !r.Mutants[i].Good() {
			return false
		}
	}
	return true
}

// Hunt looks for each mutant, shrinks what shows it, and runs the same seeds
// without it. The error is the context's, or one of usage.
func (l *Lab) Hunt(ctx context.Context, hunt Hunt) (*HuntReport, error) {
	report := &HuntReport{Schema: ReportVersion, Mutants: make([]Catch, len(hunt.Mutants))}
	h := &hunting{lab: l, progress: hunt.Progress, twins: map[string]*twin{}}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var workers sync.WaitGroup
	var failed error
	next := 0
	for range max(1, hunt.Jobs) {
		workers.Go(func() {
			for {
				h.lock.Lock()
				mine := next
				next++
				h.lock.Unlock()
				if mine >= len(hunt.Mutants) || ctx.Err() != nil {
					return
				}
				catch, err := h.hunt(ctx, hunt.Mutants[mine])
				h.lock.Lock()
				if err != nil && failed == nil {
					failed = err
					cancel()
				}
				report.Mutants[mine] = catch
				h.lock.Unlock()
			}
		})
	}
	workers.Wait()
	if failed == nil {
		failed = ctx.Err()
	}
	return report, failed
}

// hunting is a hunt under way.
type hunting struct {
	lab      *Lab
	progress func(string)
	lock     sync.Mutex // of what follows, and of progress
	twins    map[string]*twin
}

// twin is what a scenario shows without a mutant, seed after seed: several
// mutants share it.
type twin struct {
	lock  sync.Mutex
	done  uint64
	first *Failure
}

func (h *hunting) tell(format string, args ...any) {
	if h.progress != nil {
		h.lock.Lock()
		defer h.lock.Unlock()
		h.progress(fmt.Sprintf(format, args...))
	}
}

// hunt does all for one mutant.
func (h *hunting) hunt(ctx context.Context, m mutants.Mutant) (Catch, error) {
	catch := Catch{Mutant: m.Name, Property: m.Property, Scenario: m.Scenario, Budget: m.Seeds}
	scenario, err := h.lab.Shipped(m.Scenario)
	if err != nil {
		return catch, fmt.Errorf("mutant %s: %w", m.Name, err)
	}
	failure, err := h.find(ctx, scenario, m, &catch)
	if err != nil {
		return catch, err
	}
	if failure != nil {
		catch.Found, catch.By, catch.Witness = true, failure.Property, failure.Witness
		catch.Run, catch.Mode, catch.Seed = failure.Run, failure.Mode, failure.Seed
		h.tell("%s: seed %d shows it, shrinking", m.Name, failure.Seed)
		shrunk, err := h.lab.Shrink(ctx, *failure, nil)
		if err != nil {
			return catch, fmt.Errorf("mutant %s: %w", m.Name, err)
		}
		catch.Faults, catch.Operations, catch.Minimal = shrunk.Faults, shrunk.Operations, shrunk.Minimal
		catch.Witness = shrunk.Failure.Witness
	}
	h.tell("%s: its twin", m.Name)
	catch.Twin, err = h.twin(ctx, scenario, catch.Seed)
	return catch, err
}

// find tries seed after seed until the mutant's property breaks. If it breaks
// nowhere it returns the first failure of another one, nil if there is none.
func (h *hunting) find(ctx context.Context, scenario *language.Scenario, m mutants.Mutant, catch *Catch) (*Failure, error) {
	var other *Failure
	for seed := uint64(1); seed <= uint64(m.Seeds); seed++ {
		if seed%16 == 1 {
			h.tell("%s: seed %d of %d", m.Name, seed, m.Seeds)
		}
		catch.Seed = seed
		failures, err := h.lab.failures(ctx, scenario, Options{Seed: seed, Mutant: m.Name, Hashless: true})
		if err != nil {
			return nil, err
		}
		for i := range failures {
			if failures[i].Property == m.Property {
				return &failures[i], nil
			}
			if other == nil {
				other = &failures[i]
			}
		}
	}
	return other, nil
}

// twin runs the seeds up to one without a mutant, and tells what broke first.
func (h *hunting) twin(ctx context.Context, scenario *language.Scenario, seed uint64) (string, error) {
	h.lock.Lock()
	t := h.twins[scenario.Name]
	if t == nil {
		t = &twin{}
		h.twins[scenario.Name] = t
	}
	h.lock.Unlock()
	t.lock.Lock()
	defer t.lock.Unlock()
	for ; t.done < seed && t.first == nil; t.done++ {
		failures, err := h.lab.failures(ctx, scenario, Options{Seed: t.done + 1, Hashless: true})
		if err != nil {
			return "", err
		}
		if len(failures) > 0 {
			t.first = &failures[0]
		}
	}
	if f := t.first; f != nil && f.Seed <= seed {
		return fmt.Sprintf("%s/%s, seed %d, %s, %s: %s", f.Scenario, f.Run, f.Seed, f.Mode, f.Property, f.Witness), nil
	}
	return "", nil
}

// failures executes all runs of a scenario with one seed, as scripted and as a
// swarm, and returns all that is violated and should not be.
func (l *Lab) failures(ctx context.Context, scenario *language.Scenario, options Options) ([]Failure, error) {
	var found []Failure
	for i := range scenario.Runs {
		for _, mode := range []Mode{Scripted, Swarming} {
			run := scenario.Runs[i]
			if mode == Swarming && len(run.Swarm.Faults) == 0 {
				continue
			}
			if mode == Swarming {
				run = Swarm(run, options.Seed)
			}
			result, err := l.Execute(ctx, scenario, &run, options)
			if err != nil {
				return nil, err
			}
			for k := range result.Verdicts {
				if v := &result.Verdicts[k]; v.fails() {
					found = append(found, failureOf(scenario, result, v, mode, options))
				}
			}
		}
	}
	return found, nil
}

// failureOf returns the failure that a verdict is.
func failureOf(scenario *language.Scenario, result *Result, v *Verdict, mode Mode, options Options) Failure {
	return Failure{
		Scenario: scenario.Name, Run: result.Run.Name, Seed: options.Seed, Mode: mode, Mutant: options.Mutant,
		Property: v.Property, Subject: v.Subject, Witness: v.Witness, Document: alone(scenario, result.Run),
	}
}
