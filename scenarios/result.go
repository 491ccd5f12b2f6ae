package scenarios

import (
	"time"

	"quorumlab/checker/cost"
	"quorumlab/checker/linear"
	"quorumlab/scenarios/language"
)

// ReportVersion is the version of the JSON forms of Report and SweepReport.
const ReportVersion = 1

// Report is what executing a scenario, all its runs, with one seed showed. Its
// JSON form is that of `run --json`.
type Report struct {
	Schema   int    `json:"schema"` // ReportVersion
	Scenario string `json:"scenario"`
	Seed     uint64 `json:"seed"`
	Mutant   string `json:"mutant,omitempty"`
	// Hash is that of the trace: of its only section, or of the hashes of
	// all sections in order.
	Hash           string         `json:"hash"`
	Steps          uint64         `json:"steps"`
	VirtualSeconds float64        `json:"virtual_seconds"`
	Verdicts       []Verdict      `json:"verdicts"`
	Availability   []Availability `json:"availability"`
	// InDoubt is what being in doubt cost, by run, where anything was.
	InDoubt []InDoubt `json:"in_doubt,omitempty"`
	// Cost is what operations cost, by run, if it was measured.
	Cost []RunCost `json:"cost,omitempty"`
	Runs []Result  `json:"-"`
}

// Held reports whether no verdict contradicts what is expected. Verdicts that
// are unknown do not; see Inconclusive.
func (r *Report) Held() bool {
	return !r.any(func(v Verdict) bool { return !v.AsExpected && v.Verdict != Unknown })
}

// Inconclusive reports whether some verdict is unknown and not as expected.
func (r *Report) Inconclusive() bool {
	return r.any(func(v Verdict) bool { return !v.AsExpected && v.Verdict == Unknown })
}

func (r *Report) any(is func(Verdict) bool) bool {
	for _, v := range r.Verdicts {
		if is(v) {
			return true
		}
	}
	return false
}

// Judgement is what became of a property.
type Judgement string

// The judgements.
const (
	Holds    Judgement = "holds"
	Violated Judgement = "violated"
	Unknown  Judgement = "unknown"
)

// Verdict is the judgement of one property of one run, beside what the
// scenario expects of it.
type Verdict struct {
	Run      string `json:"run"`
	Property string `json:"property"`
	// Subject tells apart verdicts of one property: the phrase of a Happens,
	// the side and operation of an AvailableAs or WaitsAs, the figure of an
	// InDoubtAs; else "".
	Subject    string    `json:"subject,omitempty"`
	Verdict    Judgement `json:"verdict"`
	Expected   string    `json:"expected"` // holds, violated or any
	AsExpected bool      `json:"as_expected"`
	// Witness says in words what violates the property or why it is not
	// known; "" if it holds.
	Witness string `json:"witness"`
	// Step is the number of the step at which it was violated, 0 if none.
	Step uint64 `json:"step,omitempty"`
	// Operation is the number of the client's operation with which it was, in
	// what is judged of histories; 0 if none.
	Operation int `json:"operation,omitempty"`
	// Vacuous: nothing in the run could have violated it.
	Vacuous bool `json:"vacuous,omitempty"`
	// Invariant: it is one of the protocol's invariants.
	Invariant bool `json:"-"`
}

// fails reports whether a property is violated that should not be.
func (v *Verdict) fails() bool { return v.Verdict == Violated && !v.AsExpected }

// Availability is how many operations of one side were answered ok within the
// run's deadline, of those that began while faults lasted (all, in a run
// without faults). What the end of the run left no time to answer is not
// counted.
type Availability struct {
	Run      string                 `json:"run"`
	Side     string                 `json:"side"`
	Kind     language.OperationKind `json:"kind"`
	Answered int                    `json:"answered"`
	Invoked  int                    `json:"invoked"`
}

// RunCost is what the operations of one run cost.
type RunCost struct {
	Run string `json:"run"`
	cost.Cost
}

// Result is what one run showed.
type Result struct {
	Run   language.Run
	Steps uint64
	// Virtual is the virtual time that passed.
	Virtual      time.Duration
	Hash         string
	History      linear.History
	Moments      []Moment // of the operations of the same places in History
	Verdicts     []Verdict
	Availability []Availability
	Cost         *cost.Cost // nil if it was not measured
	InDoubt      *InDoubt   // nil if nothing ever was
	// Faults are those that took effect, by their beginning.
	Faults []FaultSpan
	Truth  *Truth // nil if it was not wanted
	// Story is the run's narration, faults and milestones, in order.
	Story []Line
	// Reached tells of each thing that was to happen, by phrase, how often it
	// did.
	Reached map[string]int64
	// Milestones tells of each of the protocol whether the run came to it (1)
	// or not (0).
	Milestones map[string]int64
	// Failure is the error of a node itself (*sim.Failure), nil if none.
	Failure error
}

// Moment tells by which steps an operation began and ended; Return is 0 if it
// never did.
type Moment struct{ Invoke, Return uint64 }

// Line is one line of the story of a run.
type Line struct {
	At   time.Duration
	Kind LineKind
	Text string
	// Answer is what an Asks reveals.
	Answer string
}

// LineKind tells the lines of a story apart.
type LineKind string

// The kinds of line.
const (
	Says    LineKind = "say"
	Asks    LineKind = "ask"
	Strikes LineKind = "fault"
	Shows   LineKind = "note"
	Client  LineKind = "client"
)
