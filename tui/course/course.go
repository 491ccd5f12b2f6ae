package course

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"quorumlab/protocols/state"
	"quorumlab/tui/timeline"
)

// Run is a run of something, from its start to its end. Steps are numbered from 1;
// after step 0 is the start.
type Run interface {
	Len() int
	Row(step int) Row
	// State tells the state after a step: as JSON, or as lines "name: value".
	State(step int) string
	// Differences tells what differs between the states after two steps, the second
	// of which may be another run's of the same subject.
	Differences(step int, other Run, at int) []state.Change
	// Details tells a step as a whole.
	Details(step int) []Part
	// Findings tells how the properties stand after a step.
	Findings(step int) []Finding
	// Choices returns what may happen after a step, and Taken which of them did, -1 if
	// none.
	Choices(step int) []Choice
	Taken(step int) int
	// Take returns the run up to a step, and one of its choices behind it.
	Take(step, choice int) Run
	// Ending says what comes after the last step.
	Ending() string
	// Save writes it as a trace.
	Save(w io.Writer) error
}

// Row is a step in a line.
type Row struct {
	At time.Duration // 0 where there is no time
	// Process is whose step it is, From from whom what it takes up came: numbers from
	// 1, 0 for nobody's.
	Process, From int
	Mark          timeline.Mark
	// Name is a word or two for it, Text says it in a sentence.
	Name, Text string
}

// Part is a piece of the details, with a title; the text is JSON or words.
type Part struct{ Title, Text string }

// Choice is a step that can be taken.
type Choice struct {
	Process int
	Text    string
}

// Finding is how a property stands.
type Finding struct {
	Property, Sentence string
	State              timeline.State
	// First is the step that decides it, of those that the run has; 0: none, or the
	// start.
	First int
	// Word says it: "holds so far", "violated" …
	Word string
}

// Line is a run in a Course.
type Line struct {
	Run
	Name string
	// Parent is the line that it left after its step Fork; nil if it was there from
	// the beginning.
	Parent *Line
	Fork   int
}

// Position is a place on a line: after so many steps.
type Position struct {
	Line *Line
	Step int
}

// Course is all runs of a subject, and where somebody stands.
type Course struct {
	Title string
	// Processes are the lanes of a diagram.
	Processes []string
	// Timed: its steps have times. Free: other steps can be taken.
	Timed, Free bool

	lines       []*Line
	at          Position
	back, forth []Position
	marks       map[string]Position
}

// New returns a course of runs, which stands at the start of the first.
func New(title string, processes []string, names []string, runs []Run) *Course {
	c := &Course{Title: title, Processes: processes, marks: map[string]Position{}}
	for i, run := range runs {
		c.lines = append(c.lines, &Line{Run: run, Name: names[i]})
	}
	c.at = Position{Line: c.lines[0]}
	return c
}

// At returns where one stands.
func (c *Course) At() Position { return c.at }

// Line returns the line on which one stands, Step the step after which.
func (c *Course) Line() *Line { return c.at.Line }

// Step returns the number of steps made before where one stands.
func (c *Course) Step() int { return c.at.Step }

// Go moves to a step of the line: to the nearest that it has.
func (c *Course) Go(step int) { c.at.Step = max(0, min(step, c.at.Line.Len())) }

// GoTo moves to any position.
func (c *Course) GoTo(p Position) {
	c.at.Line = p.Line
	c.Go(p.Step)
}

// Lines returns all lines.
func (c *Course) Lines() []*Line { return c.lines }

// Act takes one of the choices where one stands. It reports whether that began a new
// line: what was taken there anyway is only gone to, and who stands at the end of a
// line that somebody began goes on with it.
func (c *Course) Act(choice int) (began bool) {
	from := c.at
	c.back, c.forth = append(c.back, from), nil
	switch line := from.Line; {
	case line.Taken(from.Step) == choice:
	case line.Parent != nil && from.Step == line.Len():
		line.Run = line.Take(from.Step, choice)
	default:
		began = true
		next := &Line{Run: line.Take(from.Step, choice), Parent: line, Fork: from.Step}
		for n := 1; next.Name == ""; n++ {
			if name := fmt.Sprintf("branch %d", n); c.Named(name) == nil {
				next.Name = name
			}
		}
		c.lines = append(c.lines, next)
		c.at.Line = next
	}
	c.Go(from.Step + 1)
	return began
}

// Undo goes to where one stood before one last acted; Redo takes that back. They
// report false if there is nothing of the kind.
func (c *Course) Undo() bool { return c.swap(&c.back, &c.forth) }

// Redo takes Undo back.
func (c *Course) Redo() bool { return c.swap(&c.forth, &c.back) }

func (c *Course) swap(from, to *[]Position) bool {
	n := len(*from)
	if n == 0 {
		return false
	}
	*to = append(*to, c.at)
	p := (*from)[n-1]
	*from = (*from)[:n-1]
	c.GoTo(p)
	return true
}

// Named returns the line of a name, nil if there is none.
func (c *Course) Named(name string) *Line {
	at := slices.IndexFunc(c.lines, func(l *Line) bool { return l.Name == name })
	if at < 0 {
		return nil
	}
	return c.lines[at]
}

// Rename gives the line on which one stands another name.
func (c *Course) Rename(name string) error {
	if other := c.Named(name); other != nil && other != c.at.Line || name == "" {
		return fmt.Errorf("there is a branch %q already", name)
	}
	c.at.Line.Name = name
	return nil
}

// Mark remembers where one stands under a name.
func (c *Course) Mark(name string) { c.marks[name] = c.at }

// Marked returns where a mark is.
func (c *Course) Marked(name string) (Position, bool) {
	p, ok := c.marks[name]
	return p, ok
}

// Marks returns the names of all marks, sorted.
func (c *Course) Marks() []string {
	names := make([]string, 0, len(c.marks))
	for name := range c.marks {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// Process names a process.
func (c *Course) Process(number int) string {
	if number < 1 || number > len(c.Processes) {
		return ""
	}
	return c.Processes[number-1]
}

// Violations returns the properties that a line breaks, by the steps that do.
func (l *Line) Violations() []Finding {
	var all []Finding
	for _, f := range l.Findings(l.Len()) {
		if f.State == timeline.Violated {
			all = append(all, f)
		}
	}
	slices.SortStableFunc(all, func(a, b Finding) int { return a.First - b.First })
	return all
}

// NextViolation returns the first violation behind a step, or the last before it; ok
// is false if there is none.
func (l *Line) NextViolation(step int, forward bool) (next Finding, ok bool) {
	for _, f := range l.Violations() {
		if forward && f.First > step {
			return f, true
		}
		if !forward && f.First < step {
			next, ok = f, true
		}
	}
	return next, ok
}

// Search returns the steps of a line in which all words of a text occur: a word
// process:NAME asks for whose step it is.
func (c *Course) Search(l *Line, text string) []int {
	words := strings.Fields(strings.ToLower(text))
	var found []int
	for step := 1; step <= l.Len(); step++ {
		row := l.Row(step)
		told := strings.ToLower(row.Text)
		if !slices.ContainsFunc(words, func(word string) bool {
			if name, is := strings.CutPrefix(word, "node:"); is {
				return strings.ToLower(c.Process(row.Process)) != name
			}
			return !strings.Contains(told, word)
		}) {
			found = append(found, step)
		}
	}
	return found
}
