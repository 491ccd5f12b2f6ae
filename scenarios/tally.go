package scenarios

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"quorumlab/checker/linear"
	"quorumlab/protocols"
	"quorumlab/scenarios/language"
	"quorumlab/sim"
)

// tally counts what must happen in a run, and keeps the milestones for the
// story.
type tally struct {
	run    *language.Run
	phases *phases
	kinds  map[protocols.NoteKind]bool // of the notes that some condition asks for
	notes  []noted                     // of these kinds
	story  []Line
	// milestones are those of the protocol, open the places of those that the
	// run has not come to, by kind.
	milestones []protocols.Milestone
	open       map[protocols.NoteKind][]int
}

// noted is a note that was made.
type noted struct {
	at   time.Duration
	node protocols.NodeID
	note protocols.Note
}

func newTally(run *language.Run, p *phases, milestones []protocols.Milestone) *tally {
	t := &tally{
		run: run, phases: p, kinds: map[protocols.NoteKind]bool{},
		milestones: milestones, open: map[protocols.NoteKind][]int{},
	}
	for _, c := range slices.Concat(run.Expect.Happens, run.Sometimes) {
		if c.Note != "" {
			t.kinds[c.Note] = true
		}
	}
	for i, m := range milestones {
		t.open[m.Kind] = append(t.open[m.Kind], i)
	}
	return t
}

// reach takes note of the milestones that a note is of.
func (t *tally) reach(note *protocols.Note) {
	open := t.open[note.Kind]
	if open == nil {
		return
	}
	left := slices.DeleteFunc(open, func(i int) bool {
		return t.milestones[i].Text == "" || t.milestones[i].Text == note.Text
	})
	if t.open[note.Kind] = left; len(left) == 0 {
		delete(t.open, note.Kind)
	}
}

// reached tells of each milestone whether the run came to it.
func (t *tally) reached() map[string]int64 {
	reached := make(map[string]int64, len(t.milestones))
	for i, m := range t.milestones {
		reached[m.String()] = 1
		if slices.Contains(t.open[m.Kind], i) {
			reached[m.String()] = 0
		}
	}
	return reached
}

// Observe implements sim.Observer.
func (t *tally) Observe(w *sim.World, step *sim.Step) {
	if step.Fault != nil || step.Stopped != 0 || step.Choice.Kind == sim.Restart {
		t.tellFault(w, step)
	}
}

func (t *tally) heard(w *sim.World, step *sim.Step, note *protocols.Note) {
	if len(t.open) > 0 {
		t.reach(note)
	}
	if t.kinds[note.Kind] {
		t.notes = append(t.notes, noted{at: step.Time, node: step.Node, note: *note})
	}
	t.tellNote(w, step, note)
}

func (t *tally) tell(at time.Duration, kind LineKind, format string, args ...any) {
	t.story = append(t.story, Line{At: at, Kind: kind, Text: fmt.Sprintf(format, args...)})
}

func (t *tally) tellNote(w *sim.World, step *sim.Step, note *protocols.Note) {
	name := w.Setup().Name(step.Node)
	switch note.Kind {
	case protocols.Leading:
		t.tell(step.Time, Shows, "%s leads, term %d", name, note.Term)
	case protocols.Synchronized:
		t.tell(step.Time, Shows, "%s synchronizes by %s", name, note.Text)
	case protocols.Heuristic:
		t.tell(step.Time, Shows, "%s decides alone: %s", name, note.Text)
	case protocols.Damage:
		t.tell(step.Time, Shows, "%s learns that a transaction was decided otherwise: %s", name, note.Text)
	case protocols.Halted:
		t.tell(step.Time, Shows, "%s halts: %s", name, note.Text)
	}
}

func (t *tally) tellFault(w *sim.World, step *sim.Step) {
	name := w.Setup().Name
	switch {
	case step.Stopped != 0 && step.Choice.Kind == sim.FailSync:
		t.tell(step.Time, Strikes, "%s stops: its disk cannot be forced", name(step.Stopped))
	case step.Stopped != 0:
		t.tell(step.Time, Strikes, "%s crashes", name(step.Stopped))
	case step.Choice.Kind == sim.Restart:
		if step.Time > 0 {
			t.tell(step.Time, Strikes, "%s restarts", name(step.Choice.Node))
		}
	default:
		t.tell(step.Time, Strikes, "%s", FaultInWords(w, step.Fault))
	}
}

// story returns the narration and what happened, by time; of one instant what
// is said of a thing comes before it.
func (x *execution) story() []Line {
	var lines []Line
	for _, entry := range x.run.Timeline {
		switch a := entry.Action.(type) {
		case language.Say:
			lines = append(lines, Line{At: entry.At, Kind: Says, Text: a.Text})
		case language.Ask:
			lines = append(lines, Line{At: entry.At, Kind: Asks, Text: a.Question, Answer: a.Answer})
		}
	}
	lines = append(lines, x.tally.story...)
	slices.SortStableFunc(lines, func(a, b Line) int { return cmp.Compare(a.At, b.At) })
	return lines
}

// count returns how often what a condition speaks of has happened; known is
// false if nobody can tell.
func (x *execution) count(c language.Condition) (n int64, known bool) {
	switch {
	case c.Note != "":
		return x.tally.countNotes(c), true
	case c.Operation != "":
		return x.tally.countOperations(c, x.clients.history), true
	case c.Fault != "":
		return x.phases.count(c.Fault), true
	default:
		return x.lost()
	}
}

func (t *tally) countNotes(c language.Condition) int64 {
	n := int64(0)
	for _, noted := range t.notes {
		if noted.note.Kind == c.Note && (c.Node == 0 || c.Node == noted.node) &&
			strings.Contains(noted.note.Text, c.Text) && t.phases.in(c.During, noted.at) {
			n++
		}
	}
	return n
}

func (t *tally) countOperations(c language.Condition, history linear.History) int64 {
	n := int64(0)
	for i := range history {
		op := &history[i]
		switch {
		case c.Operation != language.AnyOperation && c.Operation != kindOf(op),
			c.Side != "" && c.Side != op.Side,
			c.Client != 0 && uint64(c.Client) != op.Session,
			c.Outcome != "" && string(c.Outcome) != string(op.Outcome),
			c.Value != nil && !touches(op, linear.Some(*c.Value)),
			!t.phases.in(c.During, time.Duration(op.Invoke)):
		default:
			n++
		}
	}
	return n
}

// touches reports whether an operation is to write a value, or read it.
func touches(op *linear.Operation, value linear.Value) bool {
	if op.Kind == linear.Read {
		return op.Out == value
	}
	return op.In == value
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
