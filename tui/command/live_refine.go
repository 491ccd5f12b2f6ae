package command

import (
	"fmt"

	"quorumlab/checker/refine"
	"quorumlab/protocols"
	"quorumlab/scenarios"
	"quorumlab/sim/trace"
)

// liveRefinement holds the lives of a real node against the specification of their
// protocol: that goes server by server, so one node's trace is enough.
type liveRefinement struct {
	verdicts []liveVerdict
	server   *refine.Server // nil once it has parted
}

// liveVerdict is the verdict on one life.
type liveVerdict struct {
	Property string              `json:"property"`
	Verdict  scenarios.Judgement `json:"verdict"`
	Witness  string              `json:"witness,omitempty"`
	Step     uint64              `json:"step,omitempty"`
}

// seen follows a step.
func (r *liveRefinement) seen(p *trace.Player) error {
	if _, boots := p.Step.Event.(protocols.Recovered); boots {
		if !refine.Specified(p.Live.Protocol) {
			return usage("", "--refine: the node is one of %s, and there is a specification (zab-spec) of zab only", p.Live.Protocol)
		}
		r.server = refine.New(p.Live.Self, p.Live.Nodes, p.Live.Members)
		r.verdicts = append(r.verdicts, liveVerdict{Property: refine.Property, Verdict: scenarios.Holds})
	}
	if r.server == nil {
		return nil
	}
	deviation := r.server.Follow(p.Step.Event, p.Step.Effects, refine.View{})
	if deviation == nil {
		return nil
	}
	r.server = nil
	life := &r.verdicts[len(r.verdicts)-1]
	life.Verdict, life.Step = scenarios.Violated, p.Steps()
	life.Witness = fmt.Sprintf("at step %d, on %s, the node parts from the specification: %s",
		p.Steps(), refine.View{}.TellEvent(p.Step.Event), deviation)
	return nil
}

// tell puts the verdicts into a report. A life of which no step was written has none.
func (r *liveRefinement) tell(report *liveReplay) {
	verdicts := r.verdicts
	for i := range report.Lives {
		if life := &report.Lives[i]; life.Steps > 0 && len(verdicts) > 0 {
			life.Refinement = &verdicts[0]
			verdicts = verdicts[1:]
		}
	}
}

// code returns the code to exit with.
func (r *liveRefinement) code() int {
	for i := range r.verdicts {
		if r.verdicts[i].Verdict == scenarios.Violated {
			return exitViolated
		}
	}
	return exitHeld
}
