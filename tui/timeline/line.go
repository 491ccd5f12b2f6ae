package timeline

import (
	"context"
	"hash/fnv"
	"time"

	"quorumlab/checker/explore"
	"quorumlab/checker/linear"
	"quorumlab/protocols"
	"quorumlab/scenarios"
	"quorumlab/scenarios/language"
	"quorumlab/sim"
	"quorumlab/sim/trace"
)

// Line is one run from its start to its end.
type Line struct {
	// Number is the line's place in the Timeline, from 1; Name is what people
	// call it.
	Number int
	Name   string
	// Parent is the line that this one left after its step Fork, by Deeds[last];
	// nil if it is a run as planned.
	Parent *Line
	Fork   int
	// Deeds is all that was done by hand on it, in order.
	Deeds []trace.Deed
	// Run is the run, its random operations drawn.
	Run *language.Run

	path      *explore.Path // of the run of a check; else nil
	ends      []int         // of that path: how many steps of the line its first ones are
	root      int           // place of the run in the scenario
	steps     steps
	unseen    []sim.Unseen
	snapshots snapshots
	reigns    []reign
	bands     []Band
	until     time.Duration // when the run ended
	// frontier is the step up to which everything was done by hand or before;
	// seen is the last step that somebody looked at.
	frontier, seen int
	// successor is the line that somebody went on to from the frontier, if not nil.
	successor *Line
	running   *scenarios.Running // until it is judged
	result    *scenarios.Result  // nil until it is judged
	points    map[int]int64      // see Judgement
	// used tells which lines were looked at last.
	used int
}

// Len returns the number of steps.
func (l *Line) Len() int { return l.steps.n }

// Time returns the virtual time after a step, from 0.
func (l *Line) Time(step int) time.Duration {
	if step < 1 {
		return 0
	}
	return l.steps.at(step).at
}

// Until returns when the run ended.
func (l *Line) Until() time.Duration { return l.until }

// StepAt returns after how many steps an instant has come: all steps before it
// are made, and none at it or later.
func (l *Line) StepAt(at time.Duration) int {
	return l.steps.first(func(e *entry) bool { return e.at >= at }) - 1
}

// Judge judges the line, if it is not judged yet. The error is the context's.
func (l *Line) Judge(ctx context.Context) error {
	if l.result != nil {
		return nil
	}
	judgement, err := l.Judging()(ctx)
	if err == nil {
		l.Judged(judgement)
	}
	return err
}

// Judgement is what a line showed.
type Judgement struct {
	result *scenarios.Result
	// points are the linearization points of the clients' operations, by number.
	points map[int]int64
}

// Judging returns a function that judges a line which is not judged yet, for
// another goroutine; Judged takes up what it returns.
func (l *Line) Judging() func(context.Context) (*Judgement, error) {
	running, initial := l.running, scenarios.Initial(l.Run)
	return func(ctx context.Context) (*Judgement, error) {
		result, err := running.Judge(ctx)
		if err != nil {
			return nil, err
		}
		j := &Judgement{result: result}
		if len(result.History) <= pointsMax {
			single, _ := result.History.Apart()
			history := append(initial, single...)
			j.points, err = linear.Points(ctx, history, linear.KV(), linear.Options{Steps: pointsSteps})
		}
		return j, err
	}
}

// Of long histories, and those that are hard to decide, no points are told.
const (
	pointsMax   = 5000
	pointsSteps = 200_000
)

// Judged takes up what Judging's function returned.
func (l *Line) Judged(j *Judgement) { l.result, l.points, l.running = j.result, j.points, nil }

// Result returns what the run showed; nil until it is judged.
func (l *Line) Result() *scenarios.Result { return l.result }

// recording is the observer that writes a line down.
type recording struct {
	line *Line
	skip int // so many steps are written down already
}

// Observe implements sim.Observer.
func (r *recording) Observe(w *sim.World, step *sim.Step) {
	n := int(step.Number)
	if n <= r.skip {
		return
	}
	e := entry{
		choice: step.Choice, at: step.Time, node: step.Node,
		packets: uint32(w.Network.LastID), calls: uint32(w.Called), flags: flagsOf(step),
	}
	if step.Fault != nil {
		fault := *step.Fault
		e.fault, e.choice = &fault, sim.Choice{}
	}
	if step.Stopped != 0 {
		e.node = step.Stopped
	}
	if step.Choice.Kind == sim.Arrive && step.Node == 0 {
		e.asked = step.Client.Node
	}
	r.line.steps.add(e)
	r.reign(step)
	r.band(w, step)
	if r.line.snapshots.due(n) {
		r.line.snapshots.add(n, w.Clone())
	}
}

// reign takes up that a node leads, or does so no longer.
func (r *recording) reign(step *sim.Step) {
	if step.Stopped != 0 {
		r.line.reigns = append(r.line.reigns, reign{int(step.Number), step.Stopped, 0})
	}
	for _, effect := range step.Effects {
		if note, is := effect.(protocols.Note); is && note.Kind == protocols.Leading {
			r.line.reigns = append(r.line.reigns, reign{int(step.Number), step.Node, note.Term})
		}
	}
}

func flagsOf(step *sim.Step) flags {
	var f flags
	set := func(is bool, flag flags) {
		if is {
			f |= flag
		}
	}
	set(step.Node != 0, handled)
	set(step.Stopped != 0, stopped)
	set(step.Lost > 0, loses)
	set(step.Client.Invoked, invoked)
	set(step.Client.Returned, returned)
	for _, effect := range step.Effects {
		switch effect.(type) {
		case protocols.Note:
			f |= noted
		case protocols.Reply:
			f |= replies
		}
	}
	return f
}

// worldAt returns a world of its own after so many steps.
func (l *Line) worldAt(step int) *sim.World {
	from := l.snapshots.before(step)
	w := from.world.Clone()
	var made sim.Step
	for n := from.step + 1; n <= step; n++ {
		if n-from.step > l.snapshots.spacing && l.snapshots.wants(n-1) {
			l.snapshots.insert(n-1, w.Clone()) // they were forgotten
		}
		l.redo(w, n, &made)
	}
	return w
}

// redoAll takes a world on from one step to another.
func (l *Line) redoAll(w *sim.World, from, to int) {
	var made sim.Step
	for n := from + 1; n <= to; n++ {
		l.redo(w, n, &made)
	}
}

// redo takes a world on by its next step.
func (l *Line) redo(w *sim.World, step int, made *sim.Step) {
	for i := range l.unseen {
		if int(l.unseen[i].After) == step-1 {
			w.RedoUnseen(l.unseen[i])
		}
	}
	e := l.steps.at(step)
	made.Number = uint64(step)
	w.Redo(e.at, e.choice, e.fault, made)
}

// hashOf returns the hash of a world: of the canonical bytes of all that is in it.
func hashOf(w *sim.World) (sum uint64, size int) {
	hash := fnv.New64a()
	state := w.Setup().Codec.Canonical(w.State)
	hash.Write(state)
	return hash.Sum64(), len(state)
}
