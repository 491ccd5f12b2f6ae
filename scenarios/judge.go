package scenarios

import (
	"context"
	"fmt"
	"slices"
	"time"

	"quorumlab/checker"
	"quorumlab/checker/linear"
	"quorumlab/scenarios/language"
	"quorumlab/sim"
)

// The properties that are judged beside a protocol's invariants.
const (
	Linearizable = "linearizable" // of what the clients saw
	Convergence  = "convergence"  // at the end all nodes that run agree
	Termination  = "termination"  // after the faults requests are answered again
	NoFailure    = "no-failure"   // no node panics or is not deterministic
	AvailableAs  = "availability" // the figures that `expect` bounds
	WaitsAs      = "waits"
	Happens      = "happens"
)

// linearSteps bounds the search for an order; beyond it the verdict is unknown.
const linearSteps = 2_000_000

// judges are the protocol's invariants, watching a run.
type judges struct{ set *checker.Set }

func newJudges(names []string) (*judges, error) {
	set, err := checker.NewSet(names...)
	if err != nil {
		return nil, fmt.Errorf("scenarios: %w", err)
	}
	return &judges{set: set}, nil
}

// Observe implements sim.Observer.
func (j *judges) Observe(w *sim.World, step *sim.Step) { j.set.Observe(w, step) }

// judge adds all verdicts to a result, and the availability.
func (x *execution) judge(ctx context.Context, result *Result) {
	j := judgement{x: x, result: result}
	if result.Failure != nil {
		j.add(NoFailure, Violated, result.Failure.Error(), 0)
	}
	j.linearizable(ctx)
	for _, finding := range x.judges.set.Findings() {
		j.add(finding.Property, Judgement(finding.Verdict), finding.Witness, finding.Step)
	}
	if x.run.Liveness > 0 {
		j.termination()
	}
	if _, asked := x.run.Expect.Properties[Convergence]; asked {
		verdict, witness := x.converged()
		j.add(Convergence, verdict, witness, 0)
	}
	result.Availability = x.availability()
	j.figures()
}

// judgement collects verdicts.
type judgement struct {
	x      *execution
	result *Result
}

func (j *judgement) add(property string, verdict Judgement, witness string, step uint64) {
	expected := language.Holds
	if e, ok := j.x.run.Expect.Properties[property]; ok {
		expected = e
	}
	j.result.Verdicts = append(j.result.Verdicts, Verdict{
		Run: j.x.run.Name, Property: property, Verdict: verdict, Expected: string(expected),
		AsExpected: expected == language.Any || string(expected) == string(verdict), Witness: witness, Step: step,
	})
}

func (j *judgement) linearizable(ctx context.Context) {
	history := append(initial(j.x.run), j.result.History...)
	options := linear.Options{Steps: linearSteps}
	result, err := linear.Check(ctx, history, linear.KV(), options)
	if err != nil {
		j.add(Linearizable, Unknown, err.Error(), 0)
		return
	}
	j.add(Linearizable, Judgement(result.Verdict), result.Explanation, 0)
}

// termination judges progress: once the last fault is over, on a quorum that
// lives, an operation must succeed within the run's bound, and so must all
// that begin after it.
func (j *judgement) termination() {
	_, end, faulty := j.x.phases.faults()
	if !faulty {
		end = 0
	}
	if end == sim.Forever {
		end = j.lastStrike()
	}
	deadline := end + j.x.run.Liveness
	if deadline > j.x.run.Until {
		j.add(Termination, Unknown, fmt.Sprintf("the run ends at %v, before progress is due at %v", j.x.run.Until, deadline), 0)
		return
	}
	for i := range j.result.History {
		op := &j.result.History[i]
		if op.Outcome == linear.OK && time.Duration(op.Invoke) >= end && time.Duration(op.Return) <= deadline {
			j.add(Termination, Holds, "", 0)
			return
		}
	}
	begun := slices.ContainsFunc(j.result.History, func(op linear.Operation) bool {
		return time.Duration(op.Invoke) >= end && time.Duration(op.Invoke) < deadline
	})
	if !begun {
		j.add(Termination, Unknown, fmt.Sprintf("no operation began between %v and %v", end, deadline), 0)
		return
	}
	j.add(Termination, Violated, fmt.Sprintf("no operation that began after %v, when the last fault was over, succeeded by %v", end, deadline), 0)
}

// lastStrike returns when the last fault began or ended, if some never end.
func (j *judgement) lastStrike() time.Duration {
	last := time.Duration(0)
	for _, s := range j.x.phases.spans {
		last = max(last, s.from)
		if s.to != sim.Forever {
			last = max(last, s.to)
		}
	}
	return last
}

// figures compares availability, waiting times and what must happen with what
// is expected.
func (j *judgement) figures() {
	for _, e := range j.x.run.Expect.Availability {
		answered, invoked := 0, 0
		for _, a := range j.result.Availability {
			if a.Side == e.Side && (e.Kind == "" || e.Kind == a.Kind) {
				answered, invoked = answered+a.Answered, invoked+a.Invoked
			}
		}
		j.availability(e, answered, invoked)
	}
	for _, e := range j.x.run.Expect.Waits {
		j.waits(e)
	}
	j.result.Reached = map[string]int64{}
	lost := j.x.lost()
	for _, c := range j.x.run.Expect.Happens {
		n := j.x.tally.count(c, j.result.History, lost)
		phrase := c.Phrase
		if phrase == "" {
			phrase = conditionInWords(c, j.x.run)
		}
		if !c.Count.Met(0) { // else its not happening is what is wanted
			j.result.Reached[phrase] = n
		}
		j.figure(Happens, c.Count, n, fmt.Sprintf("%s: %d times, expected %s", phrase, n, boundInWords(c.Count, "")))
	}
}

func (j *judgement) availability(e language.AvailabilityExpectation, answered, invoked int) {
	what := string(e.Kind)
	if what == "" {
		what = "operation"
	}
	if invoked == 0 {
		j.add(AvailableAs, Unknown, fmt.Sprintf("side %s: no %s began while faults lasted", e.Side, what), 0)
		return
	}
	share := int64(answered) * language.Whole / int64(invoked)
	j.figure(AvailableAs, e.Bound, share, fmt.Sprintf("side %s: %d of %d %ss answered (%s), expected %s",
		e.Side, answered, invoked, what, percent(share), boundInWords(e.Bound, "%")))
}

func (j *judgement) waits(e language.WaitExpectation) {
	longest, found := time.Duration(0), false
	for i := range j.result.History {
		op := &j.result.History[i]
		if op.Outcome == linear.OK && (e.Side == "" || e.Side == op.Side) && (e.Kind == "" || string(e.Kind) == string(op.Kind)) {
			longest, found = max(longest, time.Duration(op.Return-op.Invoke)), true
		}
	}
	if !found {
		j.add(WaitsAs, Unknown, "no such operation was answered", 0)
		return
	}
	j.figure(WaitsAs, e.Bound, int64(longest), fmt.Sprintf("side %s: the longest wait was %v, expected %s",
		e.Side, longest, boundInWords(e.Bound, "ns")))
}

// figure adds the verdict on a measured number.
func (j *judgement) figure(property string, bound language.Bound, measured int64, words string) {
	v := Verdict{
		Run: j.x.run.Name, Property: property, Verdict: Holds, Expected: string(Holds), AsExpected: true, Witness: words,
	}
	if !bound.Met(measured) {
		v.Verdict, v.AsExpected = Violated, false
	}
	j.result.Verdicts = append(j.result.Verdicts, v)
}

// availability counts what was answered, by side and kind.
func (x *execution) availability() []Availability {
	var figures []Availability
	_, _, faulty := x.phases.faults()
	for i := range x.clients.history {
		op := &x.clients.history[i]
		if faulty && !x.phases.in(language.DuringFaults, time.Duration(op.Invoke)) {
			continue
		}
		kind := language.OperationKind(op.Kind)
		at := slices.IndexFunc(figures, func(a Availability) bool { return a.Side == op.Side && a.Kind == kind })
		if at < 0 {
			at = len(figures)
			figures = append(figures, Availability{Run: x.run.Name, Side: op.Side, Kind: kind})
		}
		figures[at].Invoked++
		if op.Outcome == linear.OK && (x.run.Deadline == 0 || time.Duration(op.Return-op.Invoke) <= x.run.Deadline) {
			figures[at].Answered++
		}
	}
	slices.SortStableFunc(figures, func(a, b Availability) int {
		if a.Side != b.Side {
			return slices.Compare([]byte(a.Side), []byte(b.Side))
		}
		return slices.Compare([]byte(a.Kind), []byte(b.Kind))
	})
	return figures
}
