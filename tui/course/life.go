package course

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"quorumlab/protocols"
	"quorumlab/protocols/state"
	"quorumlab/sim"
	"quorumlab/sim/trace"
	"quorumlab/tui/timeline"
)

// FromLives returns the course of the lives of a real node, each executed again and
// compared, from the trace that it left. fresh makes a node as it was. The error is a
// *trace.Problem, or fresh's.
func FromLives(
	ctx context.Context, data []byte, codec *state.Codec, fresh func(*trace.Live, string) (protocols.Node, error),
) (*Course, error) {
	reader := trace.NewReader(bytes.NewReader(data))
	var names []string
	var runs []Run
	var first *trace.Live
	for {
		header, err := reader.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		live := header.Live()
		if live == nil {
			return nil, reader.Damaged(errors.New("it is not that of a real node, as those before are"))
		}
		if first == nil {
			first = live
		}
		l := &life{codec: codec, live: live, header: header, spacing: spacingMin, rows: map[int]Row{}}
		if l.fresh, err = fresh(live, header.Mutant); err != nil {
			return nil, reader.Damaged(err)
		}
		if err := l.play(ctx, reader, header); err != nil {
			return nil, err
		}
		runs, names = append(runs, l), append(names, LifeName(len(runs)))
	}
	var processes []string
	for _, id := range first.Nodes {
		processes = append(processes, fmt.Sprint(id))
	}
	c := New(fmt.Sprintf("node %d of %s", first.Self, first.Cluster), processes, names, runs)
	c.Timed = true
	return c, nil
}

// LifeName names a life by its place, from 0.
func LifeName(place int) string { return fmt.Sprintf("life %d", place+1) }

// The bounds of what is kept of a life.
const (
	snapshotsMax = 64
	spacingMin   = 256
	rowsMax      = 4096
)

// life is one life of a real node.
type life struct {
	codec  *state.Codec
	live   *trace.Live
	header trace.Header
	fresh  protocols.Node
	cut    bool // it has no end

	steps     []lived
	snapshots []protocols.Node // after every spacing'th step, from 0
	spacing   int
	rows      map[int]Row // told before

	// here is the step that was made again last, and around whose.
	here cursor
}

// lived is one step: its event is Bytes.
type lived struct {
	at, clock time.Duration
	bytes     []byte
}

// cursor is a step made again: the node before it and after it.
type cursor struct {
	at            int // -1: nowhere
	before, after protocols.Node
	step          sim.Step
}

// play executes the life, and keeps what it takes to do so again.
func (l *life) play(ctx context.Context, reader *trace.Reader, header trace.Header) error {
	l.here.at = -1
	l.snapshots = []protocols.Node{l.clone(l.fresh)}
	player, err := trace.NewPlayer(reader, header, l.codec, l.fresh)
	if err != nil {
		return err
	}
	for {
		switch err := player.Next(); {
		case errors.Is(err, io.EOF):
			l.cut = player.Cut
			return nil
		case err != nil:
			return err
		case len(l.steps)%1024 == 0 && ctx.Err() != nil:
			return ctx.Err()
		}
		event, err := l.codec.AppendCanonical(nil, player.Step.Event)
		if err != nil {
			return err
		}
		l.steps = append(l.steps, lived{player.Step.Time, player.Step.Clock, event})
		if n := len(l.steps); n%l.spacing == 0 {
			l.snapshots = append(l.snapshots, l.clone(player.Node))
			l.thin()
		}
	}
}

// thin keeps every other copy when there are too many.
func (l *life) thin() {
	if len(l.snapshots) <= snapshotsMax {
		return
	}
	l.spacing *= 2
	for i := range (len(l.snapshots) + 1) / 2 {
		l.snapshots[i] = l.snapshots[2*i]
	}
	half := (len(l.snapshots) + 1) / 2
	clear(l.snapshots[half:])
	l.snapshots = l.snapshots[:half]
}

func (l *life) clone(node protocols.Node) protocols.Node { return l.codec.Clone(node).(protocols.Node) }

// make has a node handle a step again.
func (l *life) make(node protocols.Node, number int, step *sim.Step) {
	was := &l.steps[number-1]
	event, err := l.codec.Decode(was.bytes)
	if err != nil {
		panic("course: an event that was encoded cannot be decoded: " + err.Error())
	}
	*step = sim.Step{Number: uint64(number), Time: was.at, Clock: was.clock, Node: l.live.Self, Event: event.(protocols.Event), Done: true}
	step.Choice = trace.LiveChoice(step)
	node.Step(was.clock, step.Event, &step.Effects)
}

// nodeAt returns a node of its own after a step.
func (l *life) nodeAt(step int) protocols.Node {
	from := min(step/l.spacing, len(l.snapshots)-1)
	node := l.clone(l.snapshots[from])
	var made sim.Step
	for n := from*l.spacing + 1; n <= step; n++ {
		l.make(node, n, &made)
	}
	return node
}

// goTo makes a step again: one a little after the last is cheap.
func (l *life) goTo(step int) *cursor {
	c := &l.here
	switch {
	case c.at == step:
		return c
	case step == 0:
		c.before, c.after, c.step = nil, l.nodeAt(0), sim.Step{}
	case c.at >= 0 && c.at < step && step-c.at <= l.spacing:
		for n := c.at + 1; n < step; n++ {
			l.make(c.after, n, &c.step)
		}
		c.before = l.clone(c.after)
		l.make(c.after, step, &c.step)
	default:
		c.before = l.nodeAt(step - 1)
		c.after = l.clone(c.before)
		l.make(c.after, step, &c.step)
	}
	c.at = step
	return c
}

func (l *life) Len() int { return len(l.steps) }

// Row tells a step, and those around it that a screen shows with it.
func (l *life) Row(step int) Row {
	if row, known := l.rows[step]; known {
		return row
	}
	if len(l.rows) > rowsMax {
		clear(l.rows)
	}
	first := max(1, step-step%l.spacing)
	node := l.nodeAt(first - 1)
	var made sim.Step
	for n := first; n <= min(max(step, first+l.spacing-1), l.Len()); n++ {
		l.make(node, n, &made)
		l.rows[n] = l.row(&made)
	}
	return l.rows[step]
}

func (l *life) row(made *sim.Step) Row {
	told := timeline.RealRow(l.codec, made)
	return Row{
		At: made.Time, Process: l.place(told.Node), From: l.place(told.From), Mark: told.Mark, Name: told.Name, Text: told.Text,
	}
}

// place returns the number of a node among the processes.
func (l *life) place(id protocols.NodeID) int {
	for i, node := range l.live.Nodes {
		if node == id {
			return i + 1
		}
	}
	return 0
}

func (l *life) State(step int) string { return string(l.codec.AppendJSON(nil, l.goTo(step).after)) }

func (l *life) Differences(step int, other Run, at int) []state.Change {
	if other == Run(l) && at == step+1 {
		c := l.goTo(at)
		return state.Diff(c.before, c.after)
	}
	return state.Diff(l.nodeAt(step), other.(*life).nodeAt(at))
}

func (l *life) Details(step int) []Part {
	made := &l.goTo(step).step
	json := func(v any) string { return string(l.codec.AppendJSON(nil, v)) }
	parts := []Part{
		{"wall clock", l.live.Started.Add(made.Time).UTC().Format("2006-01-02 15:04:05.000000 MST")},
		{"event: " + timeline.TypeName(made.Event), json(made.Event)},
	}
	for _, effect := range made.Effects {
		title := timeline.TypeName(effect)
		if send, ok := effect.(protocols.Send); ok {
			title = fmt.Sprintf("Send %s to node %d", timeline.TypeName(send.Message), send.To)
		}
		parts = append(parts, Part{"effect: " + title, json(effect)})
	}
	return parts
}

// Findings: of what one node did there is nothing to judge.
func (l *life) Findings(int) []Finding { return nil }

// Choices: what happened to a real node has happened.
func (l *life) Choices(int) []Choice { return nil }

func (l *life) Taken(int) int { return -1 }

func (l *life) Take(int, int) Run { panic("course: a real node's life has no choices") }

func (l *life) Ending() string {
	if l.cut {
		return "here the trace ends: the node was killed, or still runs"
	}
	return "here the node was stopped"
}

// Save writes the life alone: its steps are made and written again.
func (l *life) Save(w io.Writer) error {
	recorder, err := trace.NewRecorder(w, l.codec, l.header)
	if err != nil {
		return err
	}
	node := l.nodeAt(0)
	var made sim.Step
	for n := 1; n <= l.Len(); n++ {
		l.make(node, n, &made)
		if err := recorder.Record(&made); err != nil {
			return err
		}
	}
	if l.cut {
		return nil
	}
	return recorder.Close()
}
