package timeline

import (
	"fmt"
	"io"
	"slices"

	"quorumlab/checker/explore"
	"quorumlab/checker/explore/world"
	"quorumlab/network"
	"quorumlab/scenarios"
	"quorumlab/scenarios/language"
	"quorumlab/sim"
	"quorumlab/sim/trace"
)

// Checked is the run of a check, in a model of real nodes. Its steps are the
// model's, so what somebody may do in it is what the model's bounds allow; nothing
// goes on by itself, and no time passes.
type Checked struct {
	model *world.Model
	trace explore.Trace
	path  *explore.Path
}

// NewChecked returns the subject of a run of a check. The error tells that it is
// none of the model, or that the simulator makes something else of it.
func NewChecked(model *world.Model, t *explore.Trace) (*Subject, error) {
	c := &Checked{model: model, trace: *t}
	var err error
	if c.path, err = explore.Retrace(model, t); err != nil {
		return nil, err
	}
	if err := model.Replay(c.path); err != nil {
		return nil, err
	}
	w, err := model.Boot()
	if err != nil {
		return nil, err
	}
	run := language.Run{Name: "check", Title: "a run that check found", Protocol: w.Setup().Protocol.Name}
	for i, name := range w.Setup().Names {
		run.Cluster.Nodes = append(run.Cluster.Nodes, language.Node{ID: w.Nodes[i].ID, Name: name})
	}
	scenario := &language.Scenario{Name: t.Model, Title: "check of " + t.Model, Runs: []language.Run{run}}
	return &Subject{Scenario: scenario, Mutant: t.Mutant, Checked: c}, nil
}

// execute makes a line: the whole run, or that of another up to where somebody does
// something, and that.
func (c *Checked) execute(d *Draft) (*Line, error) {
	l := d.line
	l.Run = &d.subject.Scenario.Runs[0]
	w, err := c.model.Boot()
	if err != nil {
		return nil, err
	}
	l.path = c.path
	if l.Parent != nil {
		if l.path, err = c.onward(w, l.Parent.path, l.Parent.modelStep(d.skip), &l.Deeds[len(l.Deeds)-1]); err != nil {
			return nil, err
		}
		if w, err = c.model.Boot(); err != nil {
			return nil, err
		}
		l.Fork = d.skip
	}
	l.ends = []int{0}
	l.steps, l.reigns, l.bands = steps{}, nil, nil
	l.snapshots = snapshots{spacing: SpacingMin}
	l.snapshots.add(0, w.Clone())
	watch := recording{line: l}
	var step sim.Step
	for i, label := range l.path.Steps {
		number := l.ends[i]
		err := c.model.Make(w, label, l.path.States[i], l.path.States[i+1], func(choice sim.Choice, fault *sim.Fault) {
			number++
			step.Number = uint64(number)
			w.Redo(0, choice, fault, &step)
			watch.Observe(w, &step)
		})
		if err != nil {
			return nil, err
		}
		l.ends = append(l.ends, number)
	}
	if l.Parent != nil {
		l.frontier = l.ends[len(l.path.Steps)]
	}
	l.result = c.judge(l)
	return l, nil
}

// modelStep returns how many steps of the model a number of the line's steps are: a
// step of the model may be several of the world's, of which the later are no
// choices.
func (l *Line) modelStep(step int) int {
	at, _ := slices.BinarySearch(l.ends, step)
	return min(at, len(l.path.Steps))
}

// onward returns the beginning of a path, and the step behind it that a deed is. The
// error is ErrImpossible if the model has no such step there.
func (c *Checked) onward(w *sim.World, path *explore.Path, upTo int, deed *trace.Deed) (*explore.Path, error) {
	var made sim.Step
	for i, label := range path.Steps[:upTo] {
		err := c.model.Make(w, label, path.States[i], path.States[i+1], func(choice sim.Choice, fault *sim.Fault) {
			w.Redo(0, choice, fault, &made)
		})
		if err != nil {
			return nil, err
		}
	}
	states, labels := explore.NewStepper(c.model).Next(path.States[upTo])
	for i, label := range labels {
		choice, fault, err := c.model.Act(w, label)
		if err == nil && isDeed(deed, choice, fault) {
			return &explore.Path{
				States: append(slices.Clone(path.States[:upTo+1]), states[i]),
				Steps:  append(slices.Clone(path.Steps[:upTo]), label),
			}, nil
		}
	}
	return nil, fmt.Errorf("%w within the bounds of the model", ErrImpossible)
}

// isDeed tells whether a step of the model is what somebody wants to do.
func isDeed(deed *trace.Deed, choice sim.Choice, fault *sim.Fault) bool {
	want := deed.Inflict
	switch {
	case deed.Choose != nil:
		return fault == nil && choice == *deed.Choose
	case want == nil:
		return false
	case fault != nil:
		return want.Kind == fault.Kind && (fault.Kind == sim.HealLinks || samePairs(want.Pairs, fault.Pairs))
	case want.Kind == sim.CrashNode:
		return choice.Kind == sim.Crash && choice.Node == want.Node && choice.Keep == 0
	case want.Kind == sim.RestartNode:
		return choice.Kind == sim.Restart && choice.Node == want.Node
	}
	return false
}

func samePairs(a, b []network.Pair) bool {
	return len(a) == len(b) && !slices.ContainsFunc(a, func(p network.Pair) bool { return !slices.Contains(b, p) })
}

// judge tells which of the model's properties a run breaks, and by which step.
func (c *Checked) judge(l *Line) *scenarios.Result {
	result := &scenarios.Result{Steps: uint64(l.ends[len(l.path.Steps)])}
	expander := c.model.Expander()
	for i, p := range c.model.Properties() {
		if p.Expectation != explore.Never {
			continue
		}
		v := scenarios.Verdict{Run: "check", Property: p.Name, Verdict: scenarios.Holds, Expected: string(language.Holds), Invariant: true, AsExpected: true}
		for step, state := range l.path.States {
			if expander.Hits(state)>>i&1 != 0 {
				v.Verdict, v.AsExpected, v.Step = scenarios.Violated, false, uint64(l.ends[step])
				v.Witness = "no longer so: " + p.Sentence
				break
			}
		}
		result.Verdicts = append(result.Verdicts, v)
	}
	return result
}

// save writes a line as the trace of a check.
func (c *Checked) save(l *Line, w io.Writer) error {
	t := &c.trace
	return explore.NewTrace(t.Model, c.model, t.Parameters, t.Mutant, t.Property, l.path).Write(w)
}
