package explore

import (
	"context"
	"testing"
)

// actors has as many clocks as actors.
type actors struct{ clocks }

func (m actors) Expander() Expander { return m }

func (m actors) Actor(label Label) int { return int(label >> 8) }

// TestWalk walks the clocks: every run that a walk shows is one of the model, a
// walk with the same seed is the same, and nothing is said to hold.
func TestWalk(t *testing.T) {
	m := actors{clocks{n: 3, limit: 4}}
	for _, scheduler := range Schedulers() {
		o := WalkOptions{Scheduler: Scheduler(scheduler), Depth: 2, Walks: 50, StepsMax: 40, Seed: 3}
		r, err := Walk(context.Background(), m, o)
		if err != nil {
			t.Fatal(err)
		}
		again, err := Walk(context.Background(), m, o)
		if err != nil || again.Generated != r.Generated {
			t.Errorf("%s: the same walks again: %v, %d states and %d", scheduler, err, again.Generated, r.Generated)
		}
		if r.Complete() || r.Terminal != 50 || r.Depth != 13 {
			t.Errorf("%s: complete %t, %d walks to the end, depth %d", scheduler, r.Complete(), r.Terminal, r.Depth)
		}
		for i, want := range []Verdict{Violated, Reached, Unknown, Unknown} {
			if r.Findings[i].Verdict != want {
				t.Errorf("%s: %s is %s, want %s", scheduler, r.Findings[i].Property.Name, r.Findings[i].Verdict, want)
			}
			checkPath(t, m.clocks, r.Findings[i].Path)
		}
		if n := len(r.Findings[0].Path.Steps); n != 6 {
			t.Errorf("%s: half is reached in %d steps, want 6", scheduler, n)
		}
	}
	for _, o := range []WalkOptions{{Scheduler: Uniform, Walks: 1, StepsMax: 1}, {Scheduler: Uniform, Depth: 1, StepsMax: 1}} {
		if _, err := Walk(context.Background(), m, o); err == nil {
			t.Errorf("%+v: no error", o)
		}
	}
	if _, err := Walk(context.Background(), m.clocks, WalkOptions{Scheduler: PCT, Depth: 1, Walks: 1, StepsMax: 1}); err != ErrActorless {
		t.Errorf("a model without actors: %v", err)
	}
}

// TestDelay: without a delay the actors take turns.
func TestDelay(t *testing.T) {
	m := actors{clocks{n: 3, limit: 2}}
	r, err := Walk(context.Background(), m, WalkOptions{Scheduler: Delay, Depth: 1, Walks: 20, StepsMax: 1000, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	for i, step := range r.Findings[1].Path.Steps {
		if int(step>>8) != i%3 {
			t.Errorf("step %d is of actor %d", i, step>>8)
		}
	}
}
