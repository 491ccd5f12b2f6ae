package explore

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Scheduler is how a walk picks the next step.
type Scheduler string

// The schedulers.
const (
	// Uniform picks any of the steps with equal chance.
	Uniform Scheduler = "uniform"
	// PCT is probabilistic concurrency testing (Burckhardt et al., ASPLOS
	// 2010): actors have random priorities, the highest that can step does, and
	// at Depth-1 random places of the walk the one at work becomes the lowest.
	// With n actors and k steps a bug of that depth is met in a walk with a
	// probability of at least 1/(n·k^(Depth-1)).
	PCT Scheduler = "pct"
	// Delay is delay bounding (Emmi, Qadeer, Rakamaric, POPL 2011): the actors
	// take turns, and at Depth random places one loses its turn.
	Delay Scheduler = "delay"
)

// Schedulers lists them.
func Schedulers() []string { return []string{string(Uniform), string(PCT), string(Delay)} }

// Acting is a model that tells whose a step is: PCT and Delay need it.
type Acting interface {
	Model
	// Actor returns the number of whoever makes the step, from 0.
	Actor(label Label) int
}

// WalkOptions say how a model is walked.
type WalkOptions struct {
	Scheduler Scheduler
	Depth     int
	Walks     int
	StepsMax  int // of a walk
	Seed      uint64
	// Progress, if not nil, is called after each walk.
	Progress func(walks int, steps uint64)
}

// ErrActorless is returned for a model that does not tell whose its steps are.
var ErrActorless = errors.New("explore: this model does not tell whose a step is")

// Walk walks a model at random. It finds what it finds: nothing is verified by
// it, so a property that no walk hits is Unknown. Distinct is 0, for nothing is
// remembered.
func Walk(ctx context.Context, model Model, o WalkOptions) (*Result, error) {
	started := time.Now()
	w := walker{model: model, options: o, stepper: NewStepper(model), hits: model.Expander()}
	if o.Scheduler != Uniform {
		acting, ok := model.(Acting)
		if !ok {
			return nil, ErrActorless
		}
		w.acting = acting
	}
	if o.Walks < 1 || o.StepsMax < 1 || o.Depth < 1 {
		return nil, fmt.Errorf("explore: %d walks of %d steps, depth %d", o.Walks, o.StepsMax, o.Depth)
	}
	r := &Result{Bound: StatesBound, Kinds: make([]uint64, len(model.Kinds()))}
	for _, p := range model.Properties() {
		r.Findings = append(r.Findings, Finding{Property: p, Verdict: Unknown})
	}
	for walk := range o.Walks {
		if ctx.Err() != nil {
			r.Bound = Interrupted
			break
		}
		w.random = Mix(o.Seed) + Mix(uint64(walk)+keyA)
		w.walk(r)
		if o.Progress != nil {
			o.Progress(walk+1, r.Generated)
		}
	}
	r.Elapsed = time.Since(started)
	return r, nil
}

// walker is at work on walks.
type walker struct {
	model   Model
	options WalkOptions
	stepper *Stepper
	hits    Expander
	acting  Acting
	random  uint64

	priorities []int // of the actors; the highest steps
	lowest     int
	turn       int
	changes    map[int]bool // the steps at which an actor falls back
}

// below returns a number from 0 to n-1.
func (w *walker) below(n int) int {
	w.random += keyB
	return int(Mix(w.random) % uint64(n))
}

// walk makes one walk, and takes down what it meets for the first time.
func (w *walker) walk(r *Result) {
	initial := w.stepper.Initial()
	path := &Path{States: initial[w.below(len(initial)):][:1]}
	w.priorities, w.lowest, w.turn, w.changes = nil, 0, 0, map[int]bool{}
	places := w.options.Depth
	if w.options.Scheduler == PCT {
		places--
	}
	for range places {
		w.changes[w.below(w.options.StepsMax)] = true
	}
	for step := 0; ; step++ {
		now := path.States[len(path.States)-1]
		r.Generated++
		w.judge(r, path, now)
		if step == w.options.StepsMax {
			return
		}
		states, labels := w.stepper.Next(now)
		if len(states) == 0 {
			r.Terminal++
			return
		}
		at := w.pick(labels, w.changes[step])
		r.Kinds[labels[at].Kind()]++
		path.States, path.Steps = append(path.States, states[at]), append(path.Steps, labels[at])
		r.Depth = max(r.Depth, len(path.States))
	}
}

// judge takes down the properties that a state is the first to hit, or by a
// shorter walk.
func (w *walker) judge(r *Result, path *Path, now []uint32) {
	hits := w.hits.Hits(now)
	for i := range r.Findings {
		f := &r.Findings[i]
		if hits>>i&1 == 0 || f.Property.Expectation.AtLast() || f.Path != nil && len(f.Path.Steps) <= len(path.Steps) {
			continue
		}
		f.Verdict = Violated
		if f.Property.Expectation == Sometimes {
			f.Verdict = Reached
		}
		f.Path = &Path{States: append([][]uint32(nil), path.States...), Steps: append([]Label(nil), path.Steps...)}
	}
}

// pick picks one of the steps.
func (w *walker) pick(labels []Label, change bool) int {
	switch w.options.Scheduler {
	case PCT:
		return w.pickPriority(labels, change)
	case Delay:
		return w.pickTurn(labels, change)
	}
	return w.below(len(labels))
}

// pickPriority picks any step of the actor of the highest priority.
func (w *walker) pickPriority(labels []Label, change bool) int {
	best := w.highest(labels)
	if change {
		w.lowest--
		w.priorities[best] = w.lowest
		best = w.highest(labels)
	}
	return w.stepOf(labels, best)
}

func (w *walker) highest(labels []Label) int {
	best := -1
	for _, label := range labels {
		actor := w.acting.Actor(label)
		for len(w.priorities) <= actor {
			w.priorities = append(w.priorities, 1+w.below(1<<30))
		}
		if best < 0 || w.priorities[actor] > w.priorities[best] {
			best = actor
		}
	}
	return best
}

// stepOf picks any step of an actor.
func (w *walker) stepOf(labels []Label, actor int) int {
	var of []int
	for i, label := range labels {
		if w.acting.Actor(label) == actor {
			of = append(of, i)
		}
	}
	return of[w.below(len(of))]
}

// pickTurn picks a step of the next actor in turn, or of the one after it.
func (w *walker) pickTurn(labels []Label, change bool) int {
	next := w.inTurn(labels)
	if change {
		w.turn = next + 1
		next = w.inTurn(labels)
	}
	w.turn = next + 1
	return w.stepOf(labels, next)
}

// inTurn returns the first actor from the turn on that has a step.
func (w *walker) inTurn(labels []Label) int {
	first, next := -1, -1
	for _, label := range labels {
		actor := w.acting.Actor(label)
		if first < 0 || actor < first {
			first = actor
		}
		if actor >= w.turn && (next < 0 || actor < next) {
			next = actor
		}
	}
	if next < 0 {
		return first
	}
	return next
}
