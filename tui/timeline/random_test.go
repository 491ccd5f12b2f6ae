package timeline_test

import (
	"bytes"
	"context"
	"errors"
	"testing"

	"pgregory.net/rapid"

	"quorumlab/network"
	"quorumlab/protocols"
	"quorumlab/sim/trace"
	"quorumlab/tui/timeline"
)

// walker does anything that a person may do, and remembers what every place
// looked like.
type walker struct {
	*timeline.Timeline
	seen map[timeline.Position]uint64
	acts int
}

// act does what can be done; the rest must say why it cannot.
func (w *walker) act(t *rapid.T, deed trace.Deed, why string) {
	if why != "" {
		return
	}
	from := w.At()
	err := w.Act(context.Background(), deed)
	if err != nil && !errors.Is(err, timeline.ErrImpossible) {
		t.Fatal(err)
	}
	if err == nil {
		w.acts++
		if w.Line().Parent != from.Line || w.Line().Fork < from.Step {
			t.Fatalf("from step %d one came to a line that leaves at %d", from.Step, w.Line().Fork)
		}
	}
}

func (w *walker) actions() map[string]func(*rapid.T) {
	node := func(t *rapid.T) protocols.NodeID {
		return protocols.NodeID(rapid.IntRange(1, len(w.World().Nodes)).Draw(t, "node"))
	}
	return map[string]func(*rapid.T){
		"": func(t *rapid.T) {
			hash, known := w.seen[w.At()]
			if now := w.Hash(); known && hash != now {
				t.Fatalf("step %d of %s has hash %x, and had %x", w.Step(), w.Line().Name, now, hash)
			}
			w.seen[w.At()] = w.Hash()
		},
		"go":   func(t *rapid.T) { w.Go(rapid.IntRange(0, w.Line().Len()).Draw(t, "to")) },
		"move": func(t *rapid.T) { w.Move(rapid.IntRange(-3, 3).Draw(t, "by")) },
		"item": func(t *rapid.T) {
			items := w.Inbox()
			if len(items) == 0 {
				t.Skip("nothing is to come")
			}
			item := rapid.SampledFrom(items).Draw(t, "item")
			deed, why := item.Deed(rapid.SampledFrom(timeline.Verbs()).Draw(t, "verb"))
			w.act(t, deed, why)
		},
		"crash": func(t *rapid.T) {
			deed, why := w.Crash(node(t))
			w.act(t, deed, why)
		},
		"restart": func(t *rapid.T) {
			deed, why := w.Restart(node(t))
			w.act(t, deed, why)
		},
		"cut": func(t *rapid.T) {
			deed, why := w.Cut(network.Isolate(len(w.World().Nodes), node(t)))
			w.act(t, deed, why)
		},
		"heal": func(t *rapid.T) {
			deed, why := w.Heal()
			w.act(t, deed, why)
		},
		"undo": func(t *rapid.T) { w.Undo() },
		"redo": func(t *rapid.T) { w.Redo() },
		"branch": func(t *rapid.T) {
			l := rapid.SampledFrom(w.Branches()).Draw(t, "branch")
			w.GoTo(timeline.Position{Line: l, Step: w.Step()})
		},
	}
}

// TestRandomWalks: however one comes to a place, it looks the same; and the
// branches that come of it, saved as traces, replay.
func TestRandomWalks(t *testing.T) {
	acts := 0
	rapid.Check(t, func(t *rapid.T) {
		scenario := rapid.SampledFrom([]string{"cap-partition", "quorum-rw", "3pc-partition", "zab-leader-crash"}).Draw(t, "scenario")
		w := &walker{Timeline: began(t, scenario, 0), seen: map[timeline.Position]uint64{}}
		t.Repeat(w.actions())
		acts += w.acts
		branches := w.Branches()
		var file bytes.Buffer
		if err := w.Save(context.Background(), branches[len(branches)-1], &file); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Lab.Replay(context.Background(), &file); err != nil {
			t.Fatalf("it does not replay: %v", err)
		}
	})
	if acts < 20 {
		t.Errorf("only %d acts were tried", acts)
	}
}
