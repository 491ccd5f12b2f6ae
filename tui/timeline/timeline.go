package timeline

import (
	"context"
	"fmt"
	"slices"

	"quorumlab/sim"
	"quorumlab/sim/trace"
)

// Timeline is the tree of all lines of a subject, and where somebody stands in it.
type Timeline struct {
	*Subject
	lines []*Line
	roots []*Line // by the run's place; nil if it was not executed yet
	at    Position
	// back and forth are where one stood before what one did, and undid.
	back, forth []Position
	marks       map[string]Position
	visits      int
	view        view
	rows        rowCache
}

// Position is a place on a line: after so many steps.
type Position struct {
	Line *Line
	Step int
}

// New returns a timeline that stands at the start of a run of a subject.
func New(ctx context.Context, subject *Subject, run int) (*Timeline, error) {
	t := &Timeline{Subject: subject, roots: make([]*Line, len(subject.Scenario.Runs)), marks: map[string]Position{}}
	root, err := t.DraftRun(ctx, run)
	if err != nil {
		return nil, err
	}
	t.Adopt(root)
	return t, nil
}

// At returns where one stands.
func (t *Timeline) At() Position { return t.at }

// Line returns the line on which one stands, Step the step after which.
func (t *Timeline) Line() *Line { return t.at.Line }

// Step returns the number of steps made before where one stands.
func (t *Timeline) Step() int { return t.at.Step }

// Go moves to a step of the line: to the nearest that it has.
func (t *Timeline) Go(step int) {
	t.at.Step = max(0, min(step, t.at.Line.Len()))
	t.visited()
}

// Move moves by so many steps.
func (t *Timeline) Move(by int) { t.Go(t.at.Step + by) }

// GoTo moves to any position.
func (t *Timeline) GoTo(p Position) {
	t.at.Line = p.Line
	t.Go(p.Step)
}

func (t *Timeline) visited() {
	l := t.at.Line
	l.seen = max(l.seen, t.at.Step)
	t.visits++
	l.used = t.visits
	t.forget()
}

// forget keeps what all lines keep together within its bound.
func (t *Timeline) forget() {
	for {
		kept := 0
		var oldest *Line
		for _, l := range t.lines {
			kept += len(l.snapshots.kept)
			if l != t.at.Line && len(l.snapshots.kept) > 1 && (oldest == nil || l.used < oldest.used) {
				oldest = l
			}
		}
		if kept <= SnapshotsAll || oldest == nil {
			return
		}
		oldest.snapshots.forget()
	}
}

// DraftRun executes a run of the scenario as planned, with the deeds that the
// subject has for it. It changes nothing: Adopt takes the line up. A run that was
// adopted before is returned as it is.
func (t *Timeline) DraftRun(ctx context.Context, run int) (*Line, error) {
	if t.roots[run] != nil {
		return t.roots[run], nil
	}
	deeds := slices.Clone(t.Deeds[t.Scenario.Runs[run].Name])
	l, err := t.draft(run, Position{}, deeds).Execute(ctx)
	if err == nil {
		l.Name = l.Run.Name
	}
	return l, err
}

// Draft prepares to do something where p is, and to let the run go on from there:
// a line that leaves p's. It changes nothing: Execute makes the line, Adopt takes
// it up.
func (t *Timeline) Draft(p Position, deed trace.Deed) *Draft {
	deed.After = uint64(p.Step)
	return t.draft(p.Line.root, p, append(p.Line.deedsUpTo(p.Step), deed))
}

// Act does something where one stands: Draft, Execute and Adopt.
func (t *Timeline) Act(ctx context.Context, deed trace.Deed) error {
	l, err := t.Draft(t.at, deed).Execute(ctx)
	if err != nil {
		return err
	}
	t.Adopt(l)
	return nil
}

// Adopt takes up a line that was drafted, and goes to it: to the start of a run,
// or behind the deed by which it leaves its parent. A line that was adopted
// before is only gone to.
func (t *Timeline) Adopt(l *Line) {
	if t.at.Line != nil {
		t.back = append(t.back, t.at)
		t.forth = nil
	}
	if l.Number == 0 {
		l.Number = len(t.lines) + 1
		t.lines = append(t.lines, l)
		t.name(l)
	}
	t.GoTo(Position{l, l.arrival()})
}

// arrival is where one stands after the deed by which a line came to be.
func (l *Line) arrival() int {
	if l.Parent == nil {
		return 0
	}
	return min(l.frontier, l.Len())
}

// name names a new line. Where somebody goes on acting, and never looked at what
// would have come of it otherwise, the branch goes on; elsewhere a new one begins.
func (t *Timeline) name(l *Line) {
	p := l.Parent
	switch {
	case p == nil:
		t.roots[l.root] = l
	case p.Parent != nil && p.successor == nil && l.Fork == p.frontier && p.seen <= p.frontier:
		p.successor, l.Name = l, p.Name
	default:
		for n := 1; l.Name == "" || t.named(l.Name) != l; n++ {
			l.Name = fmt.Sprintf("branch %d", n)
		}
	}
}

// Named returns the branch of a name; nil if there is none.
func (t *Timeline) Named(name string) *Line { return t.named(name) }

func (t *Timeline) named(name string) *Line {
	for _, l := range t.lines {
		if l.Name == name && l.successor == nil {
			return l
		}
	}
	return nil
}

// Rename gives the branch on which one stands another name.
func (t *Timeline) Rename(name string) error {
	if other := t.named(name); other != nil && other != t.at.Line || name == "" {
		return fmt.Errorf("there is a branch %q already", name)
	}
	t.at.Line.Name = name
	return nil
}

// Branches returns the lines that people see: those that nobody went on from, and
// the one on which one stands.
func (t *Timeline) Branches() []*Line {
	var all []*Line
	for _, l := range t.lines {
		if l.successor == nil || l == t.at.Line {
			all = append(all, l)
		}
	}
	return all
}

// Runs returns the lines of the scenario's runs by their places; nil where one was
// not executed yet.
func (t *Timeline) Runs() []*Line { return t.roots }

// Undo goes to where one stood before one last acted. It reports false if one did
// not act. What was done stays a branch.
func (t *Timeline) Undo() bool { return t.swap(&t.back, &t.forth) }

// Redo takes Undo back.
func (t *Timeline) Redo() bool { return t.swap(&t.forth, &t.back) }

func (t *Timeline) swap(from, to *[]Position) bool {
	n := len(*from)
	if n == 0 {
		return false
	}
	*to = append(*to, t.at)
	p := (*from)[n-1]
	*from = (*from)[:n-1]
	t.GoTo(p)
	return true
}

// Mark remembers where one stands under a name.
func (t *Timeline) Mark(name string) { t.marks[name] = t.at }

// Marked returns where a mark is.
func (t *Timeline) Marked(name string) (Position, bool) {
	p, ok := t.marks[name]
	return p, ok
}

// Marks returns the names of all marks, sorted.
func (t *Timeline) Marks() []string {
	names := make([]string, 0, len(t.marks))
	for name := range t.marks {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// Hash returns the hash of all that the world is where one stands.
func (t *Timeline) Hash() uint64 { return t.view.hash(t.at) }

// Hashed returns Hash if it is known, or is known quickly: that of a large world
// takes some milliseconds.
func (t *Timeline) Hashed() (hash uint64, ok bool) {
	if t.view.hashed != t.at && t.view.size > heavy {
		return 0, false
	}
	return t.Hash(), true
}

// World returns the world where one stands. It is not to be changed.
func (t *Timeline) World() *sim.World { return t.view.now(t.at).after }

// Before returns the world before the step that led here; nil at the start.
func (t *Timeline) Before() *sim.World { return t.view.now(t.at).before }

// Made returns the step that led here; nil at the start.
func (t *Timeline) Made() *sim.Step {
	if t.at.Step == 0 {
		return nil
	}
	return &t.view.now(t.at).step
}
