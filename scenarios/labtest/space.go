package labtest

import (
	"context"
	"flag"
	"strconv"
	"testing"
	"time"

	"pgregory.net/rapid"

	"quorumlab/scenarios"
	"quorumlab/scenarios/language"
)

// Space is what a property test draws its runs from.
type Space struct {
	Protocol string
	// Parameters holds the values that each may have; those that are not
	// named have their defaults.
	Parameters map[string][]string
	Nodes      []int // the sizes of the cluster
	// Faults holds the kinds that may strike; none if it is nil.
	Faults []language.FaultKind
	// Liveness is how long after the last fault is repaired some operation
	// must have succeeded; 0: progress is not demanded.
	Liveness time.Duration
	// Expect is what is expected of properties other than that they hold.
	Expect map[string]language.Verdict
	// Mutant names the mutant that all nodes are wrapped in; "": none.
	Mutant string
	// Shape, if not nil, changes each run after it was drawn.
	Shape func(t *rapid.T, run *language.Run)
}

// Check draws runs, executes each with a seed that is drawn as well, and fails
// if one does not show what is expected. rapid makes what fails small; the
// scenario and the trace of the smallest are then in the folder where rapid
// leaves its own file of the failure, testdata/rapid/TEST, and the three name
// each other.
//
// It also fails if not all the checks were made, or if they showed nothing: no
// operation succeeded, or no fault took effect.
func Check(t testing.TB, space Space) {
	t.Helper()
	check(t, space)
}

func check(t rapid.TB, space Space) {
	t.Helper()
	lab, err := scenarios.NewLab()
	if err != nil {
		t.Fatal(err)
	}
	c := &checks{lab: lab, space: &space, folder: folderOf(t.Name())}
	defer c.keep(t)
	rapid.Check(t, c.one)
	if wanted := checksWanted(); c.done < wanted {
		t.Errorf("%d checks of %d were made", c.done, wanted)
	}
	if c.vacuous() {
		t.Errorf("%d checks show nothing: %d operations succeeded, %d faults took effect", c.done, c.succeeded, c.struck)
	}
}

// keep saves the smallest failure, if there is any.
func (c *checks) keep(t rapid.TB) {
	if c.failed == nil {
		return
	}
	if err := c.save(t.Name()); err != nil {
		t.Errorf("the failure cannot be saved: %v", err)
	}
}

// vacuous tells whether the checks made showed nothing.
func (c *checks) vacuous() bool {
	return c.succeeded == 0 || c.struck == 0 && len(c.space.Faults) > 0
}

// checksWanted returns how many checks rapid is to make.
func checksWanted() int {
	checks, err := strconv.Atoi(flag.Lookup("rapid.checks").Value.String())
	if err != nil {
		panic(err) // the flag is a number
	}
	if testing.Short() {
		checks /= 5 // as rapid does
	}
	return checks
}

// checks are those of one property test.
type checks struct {
	lab    *scenarios.Lab
	space  *Space
	folder string
	failed *failure // the latest, which in the end is the smallest

	done              int
	succeeded, struck int // operations and faults
}

// failure is a run that does not show what is expected.
type failure struct {
	scenario *language.Scenario
	seed     uint64
	verdict  scenarios.Verdict
}

// one makes one check.
func (c *checks) one(t *rapid.T) {
	scenario, err := c.draw(t)
	if err != nil {
		t.Fatalf("a run that was drawn is no scenario: %v", err)
	}
	seed := rapid.Uint64Range(1, 1000).Draw(t, "seed")
	options := scenarios.Options{Seed: seed, Mutant: c.space.Mutant, Hashless: true}
	report, err := c.lab.Run(context.Background(), scenario, options)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range report.Verdicts {
		if !wrong(v) {
			continue
		}
		c.failed = &failure{scenario: scenario, seed: seed, verdict: v}
		t.Logf("%s", v.Witness)
		// What rapid makes smaller must fail with the same words, so there is
		// nothing in them that another run would say otherwise.
		t.Fatalf("%s is %s: see %s and %s", v.Property, v.Verdict, c.scenarioFile(), c.traceFile())
	}
	c.done++
	for _, line := range report.Runs[0].Story {
		if line.Kind == scenarios.Strikes && line.At < settled {
			c.struck++
		}
	}
	for _, op := range report.Runs[0].History {
		if string(op.Outcome) == string(language.OutcomeOK) {
			c.succeeded++
		}
	}
}

// wrong tells whether a verdict fails a check. That nobody can tell whether
// there was progress does not: what was drawn may have left no quorum.
func wrong(v scenarios.Verdict) bool {
	return !v.AsExpected && (v.Verdict == scenarios.Violated || v.Property != scenarios.Termination)
}
