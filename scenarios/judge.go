package scenarios

import (
	"context"
	"errors"

	"quorumlab/checker/linear"
	"quorumlab/scenarios/language"
	"quorumlab/sim"
)

// The properties that are judged beside a protocol's invariants.
const (
	Linearizable = "linearizable" // of what the clients saw
	Sequential   = "sequential"   // likewise, without regard to real time
	Causal       = "causal"       // likewise, but for what does not depend on each other
	Eventual     = "eventual"     // in the end all clients read the same
	Convergence  = "convergence"  // at the end all nodes that run agree
	Termination  = "termination"  // after the faults requests are answered again
	NoFailure    = "no-failure"   // no node panics or is not deterministic
	AvailableAs  = "availability" // the figures that `expect` bounds
	WaitsAs      = "waits"
	InDoubtAs    = "in-doubt"
	Happens      = "happens"
)

// linearSteps bounds the search for an order; beyond it the verdict is unknown.
const linearSteps = 2_000_000

// judge adds all verdicts to a result, and the availability. The verdict that
// says most comes first: a sweep reports the first that is not as expected.
func (x *execution) judge(ctx context.Context, result *Result) {
	j := judgement{x: x, result: result}
	j.refinement()
	j.failure()
	single, transactions := result.History.Apart()
	j.single = single
	j.linearizable(ctx)
	j.isolation(transactions)
	j.sessions()
	if j.asked(Sequential) {
		j.sequential(ctx)
	}
	if j.asked(Causal) {
		j.causal()
	}
	if j.asked(Eventual) {
		j.eventual()
	}
	for _, finding := range x.invariants.Findings() {
		j.add(Verdict{
			Property: finding.Property, Verdict: Judgement(finding.Verdict), Witness: finding.Witness, Step: finding.Step,
			Vacuous: finding.Checked == 0, Invariant: true,
		})
	}
	if x.run.Liveness > 0 || j.asked(Termination) {
		j.whole(Termination, "", j.termination)
	}
	if j.asked(Convergence) {
		j.whole(Convergence, "", x.converged)
	}
	result.Availability = x.availability()
	result.InDoubt = x.doubts.measured(x.run.Name, x.sim.World.Now)
	j.figures()
}

// judgement collects verdicts.
type judgement struct {
	x      *execution
	result *Result
	single linear.History // without transactions on lists
}

func (j *judgement) asked(property string) bool {
	_, asked := j.x.run.Expect.Properties[property]
	return asked
}

// add adds a verdict, and fills in what was expected: what bounds a figure, and
// all that the scenario does not mention, is expected to hold.
func (j *judgement) add(v Verdict) {
	expected := language.Holds
	if e, asked := j.x.run.Expect.Properties[v.Property]; asked {
		expected = e
	}
	v.Run, v.Expected = j.x.run.Name, string(expected)
	v.AsExpected = expected == language.Any || string(expected) == string(v.Verdict)
	j.result.Verdicts = append(j.result.Verdicts, v)
}

// whole judges what only a run that went on to its end can show.
func (j *judgement) whole(property, subject string, judge func() (Judgement, string)) {
	v := Verdict{Property: property, Subject: subject, Verdict: Unknown, Witness: "a failure ended the run early"}
	if j.result.Failure == nil {
		v.Verdict, v.Witness = judge()
	}
	j.add(v)
}

func (j *judgement) failure() {
	failure, failed := errors.AsType[*sim.Failure](j.result.Failure)
	switch {
	case failed:
		j.add(Verdict{Property: NoFailure, Verdict: Violated, Witness: failure.Error(), Step: failure.Step})
	case j.asked(NoFailure):
		j.add(Verdict{Property: NoFailure, Verdict: Holds})
	}
}

func (j *judgement) linearizable(ctx context.Context) {
	history := append(Initial(j.x.run), j.single...)
	result, err := linear.Check(ctx, history, linear.KV(), linear.Options{Steps: linearSteps})
	valid(err)
	v := Verdict{Property: Linearizable, Verdict: Judgement(result.Verdict), Witness: result.Explanation, Vacuous: len(j.single) == 0}
	if result.Verdict == linear.Violated {
		v.Operation = result.Offender
		v.Step = j.over(v.Operation)
	}
	j.add(v)
}

// over returns the step by which an operation was over; 0 if it never was.
func (j *judgement) over(operation int) uint64 {
	at := j.x.clients.at
	if operation < 1 || operation >= len(at) {
		return 0 // it stands for a value before the run
	}
	return j.x.clients.moments[at[operation]].Return
}

// evident fills in with which operation a history of the clients is evidently
// wrong: the last of a witness to be over.
func (j *judgement) evident(v Verdict, witness linear.History) Verdict {
	for i := range witness {
		if step := j.over(witness[i].ID); step > v.Step {
			v.Step, v.Operation = step, witness[i].ID
		}
	}
	return v
}
