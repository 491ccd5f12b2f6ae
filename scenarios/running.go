package scenarios

import (
	"context"
	"errors"

	"quorumlab/checker/refine"
	"quorumlab/scenarios/language"
	"quorumlab/sim"
	"quorumlab/sim/trace"
)

// Running is a run that is executed in parts, for who wants to look in between:
// Begin, Watch, CarryOut, Judge.
type Running struct {
	x       *execution
	run     language.Run
	failure error // of a node
}

// Begin prepares what Execute executes. The error is one of usage, or of the
// Trace's writer.
func (l *Lab) Begin(scenario *language.Scenario, run *language.Run, options Options) (*Running, error) {
	r := &Running{run: Concrete(*run, options.Seed)}
	var err error
	r.x, err = l.prepare(scenario, &r.run, options)
	return r, err
}

// Run returns the run, its random operations drawn.
func (r *Running) Run() *language.Run { return &r.run }

// World returns the world as it is now. It is the run's own: who wants to keep
// or change it clones it.
func (r *Running) World() *sim.World { return r.x.sim.World }

// Watch adds an observer.
func (r *Running) Watch(o sim.Observer) { r.x.sim.Watch(o) }

// CarryOut executes the run to its end. That a node fails, which ends it early,
// is no error, but what Judge tells of.
func (r *Running) CarryOut(ctx context.Context) error {
	err := r.x.agenda.carryOut(ctx, r.run.Until)
	if _, failed := errors.AsType[*sim.Failure](err); failed {
		r.failure, err = err, nil
	}
	return err
}

// Unseen returns the changes of the world of which no step tells, in order.
func (r *Running) Unseen() []sim.Unseen { return r.x.sim.Unseen() }

// Deeds tells what became of each deed that was come to, in order.
func (r *Running) Deeds() []Done { return r.x.agenda.deedsDone }

// Done is what became of a deed.
type Done struct {
	// After is the number of steps that were before it.
	After uint64
	// Done is false if there was nothing (any more) to be done.
	Done bool
}

// Judge judges what was carried out.
func (r *Running) Judge(ctx context.Context) (*Result, error) {
	x := r.x
	result := &Result{
		Run: r.run, Steps: x.sim.Steps, Virtual: x.sim.World.Now, Failure: r.failure,
		History: x.clients.history, Moments: x.clients.moments, Story: x.story(), Milestones: x.tally.reached(),
		Faults: x.spansOf(),
	}
	if x.truth != nil {
		result.Truth = x.truth.concluded(x)
	}
	if x.cost != nil {
		cost := x.cost.Cost()
		result.Cost = &cost
	}
	x.judge(ctx, result)
	if err := ctx.Err(); err != nil {
		return nil, err // some verdict may be unknown on that account
	}
	if x.trace == nil {
		return result, nil
	}
	result.Hash = x.trace.Hash()
	for _, v := range result.Verdicts {
		if x.unwritten && v.Property == refine.Property {
			continue
		}
		x.trace.Finding(trace.Finding{
			Run: v.Run, Property: v.Property, Verdict: string(v.Verdict), Expected: v.Expected,
			AsExpected: v.AsExpected, Witness: v.Witness, Step: v.Step,
		})
	}
	return result, x.trace.Close()
}
