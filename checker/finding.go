package checker

import "time"

// Verdict is what became of an invariant in a run.
type Verdict string

// The verdicts.
const (
	Holds    Verdict = "holds"
	Violated Verdict = "violated"
	// Unknown: the run did not show enough to tell.
	Unknown Verdict = "unknown"
)

// Finding is the verdict on one invariant.
type Finding struct {
	Property string
	Verdict  Verdict
	// Step and Time are those of the step that violated it, else 0.
	Step uint64
	Time time.Duration // true virtual time
	// Witness says in a sentence what violates it, naming nodes, slots and
	// values, or why it is unknown; "" if it holds.
	Witness string
	// Checked counts what was held against the invariant: if it is 0 the
	// invariant held because nothing ever put it to the test.
	Checked uint64
}

// rule is one invariant at work. It is embedded in the type of each.
type rule struct{ finding Finding }

func (r *rule) state() *rule { return r }

// open tells whether the invariant still has to be checked; it counts the
// check.
func (r *rule) open() bool {
	r.finding.Checked++
	return r.finding.Verdict != Violated
}

// violate records the first violation.
func (r *rule) violate(s *Set, witness string) {
	if r.finding.Verdict == Violated {
		return
	}
	r.finding.Verdict, r.finding.Witness = Violated, witness
	r.finding.Step, r.finding.Time = s.step.Number, s.step.Time
	s.violations++
}
