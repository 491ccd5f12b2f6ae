package tui

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"quorumlab/tui/course"
	"quorumlab/tui/timeline"
)

// This file has what keys do in a course: a run that is no simulated world's.

// courseMsg brings a course that was opened.
type courseMsg struct {
	generation int
	c          *course.Course
	err        error
}

// openCourse opens the course in the background.
func (m *Model) openCourse() tea.Cmd {
	ctx, generation := m.begin("opening the trace")
	open := m.options.Course
	return func() tea.Msg {
		c, err := open(ctx)
		return courseMsg{generation, c, err}
	}
}

func (m *Model) openedCourse(msg courseMsg) tea.Cmd {
	if !m.current(msg.generation) {
		return nil
	}
	if msg.err != nil {
		m.ended = "error: " + msg.err.Error()
		return tea.Quit
	}
	m.c = msg.c
	m.attend(panelDiagram)
	if step, err := strconv.Atoi(m.options.At); err == nil {
		m.c.Go(step)
	} else if m.options.At == AtViolation {
		m.courseViolation(true)
	}
	return nil
}

// courseActs are what can be done in a course; the others need a world.
var courseActs = []act{
	actForward, actBack, actDown, actUp, actStart, actEnd, actPageDown, actPageUp, actPlay, actSlower, actFaster,
	actNextViolation, actLastViolation, actEnter, actUndo, actRedo, actNextPanel, actPanel, actZoom, actDiff, actBranches,
	actTell, actMark, actJump, actFilter, actCommand, actExport, actCancel, actHelp, actQuit,
}

func inCourse(a act) bool { return slices.Contains(courseActs, a) }

// courseFooters are the keys of the footer: with the choices before one (true), and
// elsewhere.
var courseFooters = map[bool][]act{
	true:  {actEnter, actForward, actBack, actNextViolation, actUndo, actBranches, actExport, actNextPanel},
	false: {actForward, actBack, actPlay, actNextViolation, actEnd, actBranches, actExport, actNextPanel},
}

// pressCourse does what a key does that does not only move.
func (m *Model) pressCourse(a act) tea.Cmd {
	m.playing = false
	switch a {
	case actEnter:
		if m.focus == panelInbox && m.c.Free {
			m.takeChoice()
			return nil
		}
		m.attend(panelInspector)
	case actUndo, actRedo:
		move := m.c.Redo
		if a == actUndo {
			move = m.c.Undo
		}
		if !move() {
			m.message = "there is nothing to undo or redo"
		}
		m.filterCourse(m.filter)
	case actDiff:
		m.nextCourseBase()
		m.attend(panelDifference)
	case actBranches:
		m.overlay = newLineChooser(m)
	case actTell:
		m.overlay = &reader{title: "what is told here", text: m.courseTold()}
	case actMark:
		m.overlay = &letter{title: "mark this place with a letter", then: func(m *Model, name string) {
			m.c.Mark(name)
			m.message = "marked: " + name
		}}
	case actJump:
		m.overlay = &letter{title: "jump to the mark of a letter", then: (*Model).jumpCourse}
	case actFilter:
		return m.ask("/", m.filter, func(m *Model, text string) tea.Cmd {
			m.filterCourse(text)
			return nil
		})
	case actCancel:
		m.filterCourse("")
	case actNextPanel, actZoom, actCommand, actExport, actHelp, actQuit:
		return m.looks(a)
	case actNone:
	default:
		m.message = "not possible: " + m.impossibleInCourse()
	}
	return nil
}

// impossibleInCourse says why nothing can be done to nodes and messages.
func (m *Model) impossibleInCourse() string {
	if m.c.Free {
		return "a model without nodes: choose one of its steps (1, then enter)"
	}
	return "this has happened, at a real node; it can be looked at only"
}

// takeChoice takes the step that is selected.
func (m *Model) takeChoice() {
	choices := m.c.Line().Choices(m.c.Step())
	if m.selected >= len(choices) {
		m.message = "nothing can happen any more"
		return
	}
	parent, step := m.c.Line(), m.c.Step()
	if m.c.Act(m.selected) {
		m.message = fmt.Sprintf("%s leaves %s after step %d (z: back)", m.c.Line().Name, parent.Name, step)
	}
	m.selected = 0
	if v := m.courseReason(); v != nil {
		m.message = fmt.Sprintf("%s %s: %s is violated", glyphViolated, m.c.Line().Name, v.Property)
	}
	m.filterCourse(m.filter)
}

func (m *Model) courseViolation(forward bool) {
	line := m.c.Line()
	v, ok := line.NextViolation(m.c.Step(), forward)
	switch {
	case ok:
		m.c.Go(v.First)
	case line.Findings(0) == nil:
		m.message = "of what one node does nothing is judged: linearize judges what clients saw"
	case len(line.Violations()) == 0:
		m.message = "nothing is violated in this run"
	default:
		m.message = "no violation that way; v and V go to and fro"
	}
}

// filterCourse shows only steps in which words occur; "" shows all.
func (m *Model) filterCourse(text string) {
	m.filter, m.found = strings.TrimSpace(text), nil
	if m.filter == "" {
		m.filter = ""
		return
	}
	m.attend(panelDiagram)
	m.found = m.c.Search(m.c.Line(), m.filter)
	if len(m.found) == 0 {
		m.message = "no step is like that; esc shows all"
	} else if !slices.Contains(m.found, m.c.Step()) {
		m.c.Go(nextOf(m.found, m.c.Step(), m.found[len(m.found)-1]))
	}
}

func (m *Model) jumpCourse(name string) {
	p, ok := m.c.Marked(name)
	if !ok {
		m.message = "there is no mark " + name
		return
	}
	m.c.GoTo(p)
	m.filterCourse(m.filter)
}

// newLineChooser offers all lines.
func newLineChooser(m *Model) *chooser {
	c := &chooser{title: "branches", keys: "  r rename"}
	for i, l := range m.c.Lines() {
		if l == m.c.Line() {
			c.at = i
		}
		c.choices = append(c.choices, choice{text: lineText(l), then: func(m *Model) tea.Cmd {
			m.c.GoTo(course.Position{Line: l, Step: m.c.Step()})
			m.filterCourse(m.filter)
			return nil
		}})
	}
	c.other = func(m *Model, _ *chooser, key string) (tea.Cmd, bool) {
		if key != "r" {
			return nil, false
		}
		m.overlay = nil
		return m.ask("rename "+m.c.Line().Name+": ", m.c.Line().Name, func(m *Model, text string) tea.Cmd {
			if err := m.c.Rename(text); err != nil {
				m.message = err.Error()
			}
			return nil
		}), true
	}
	return c
}

func lineText(l *course.Line) string {
	text := fmt.Sprintf("%s  %d steps", l.Name, l.Len())
	if l.Parent != nil {
		text = fmt.Sprintf("%s  from %s after step %d, %d steps", l.Name, l.Parent.Name, l.Fork, l.Len())
	}
	for _, v := range l.Violations() {
		text += "  " + glyphViolated + " " + v.Property
	}
	return text
}

// nextCourseBase compares with the next mark or, after the last, the step before.
func (m *Model) nextCourseBase() {
	names := append([]string{""}, m.c.Marks()...)
	at := slices.Index(names, m.base.mark)
	m.base = diffBase{mark: names[(at+1)%len(names)]}
}

// courseOrigin is the step at which a command line can come back to the run that was
// opened.
func (m *Model) courseOrigin() int {
	line, step := m.c.Line(), m.c.Step()
	for line.Parent != nil {
		step = min(step, line.Fork)
		line = line.Parent
	}
	return step
}

// courseReason returns what is violated by the step that one stands at, nil if nothing.
func (m *Model) courseReason() *course.Finding {
	for _, f := range m.c.Line().Findings(m.c.Step()) {
		if f.State == timeline.Violated && f.First == m.c.Step() {
			return &f
		}
	}
	return nil
}

// courseCommands are what can be typed behind a colon in a course.
func courseCommands() []spoken {
	return []spoken{
		{"go", "STEP", "go to a step", (*Model).sayGo},
		{"time", "DURATION", "go to an instant of a real node's life, such as 5s", (*Model).sayCourseTime},
		{"branch", "NAME", "go to a branch, or another life", (*Model).sayCourseBranch},
		{"rename", "NAME", "rename the branch", func(m *Model, args []string) (tea.Cmd, error) {
			return nil, m.c.Rename(strings.Join(args, " "))
		}},
		{"filter", "WORDS", "show only the steps in which words occur", func(m *Model, args []string) (tea.Cmd, error) {
			m.filterCourse(strings.Join(args, " "))
			return nil, nil
		}},
		{"save", "FILE", "write the line as a trace", func(m *Model, args []string) (tea.Cmd, error) {
			return m.export(m.exporters()[0], strings.Join(args, " ")), nil
		}},
		{"theme", "light | dark", "colours for such a background", (*Model).sayTheme},
		{"help", "", "these commands", (*Model).sayHelp},
		{"quit", "", "leave", func(m *Model, _ []string) (tea.Cmd, error) { return m.quit(), nil }},
	}
}

func (m *Model) sayCourseTime(args []string) (tea.Cmd, error) {
	at, err := time.ParseDuration(args[0])
	switch {
	case !m.c.Timed:
		return nil, fmt.Errorf("the steps of a model have no time")
	case err != nil:
		return nil, fmt.Errorf("%q is no time such as 5s", args[0])
	}
	line := m.c.Line()
	step := 0
	for step < line.Len() && line.Row(step+1).At <= at {
		step++
	}
	m.c.Go(step)
	return nil, nil
}

func (m *Model) sayCourseBranch(args []string) (tea.Cmd, error) {
	name := strings.Join(args, " ")
	l := m.c.Named(name)
	if l == nil {
		var names []string
		for _, l := range m.c.Lines() {
			names = append(names, l.Name)
		}
		return nil, fmt.Errorf("no branch %q; there are %s", name, strings.Join(names, ", "))
	}
	m.c.GoTo(course.Position{Line: l, Step: m.c.Step()})
	m.filterCourse(m.filter)
	return nil, nil
}
