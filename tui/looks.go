package tui

import (
	"slices"

	tea "charm.land/bubbletea/v2"

	"quorumlab/tui/timeline"
)

// looks does what changes how one looks at things.
func (m *Model) looks(a act) tea.Cmd {
	switch a {
	case actEnter:
		m.attend(panelInspector)
	case actNextPanel:
		m.nextPanel()
	case actZoom:
		m.zoomed = !m.zoomed
		m.divide()
	case actNode:
		m.node = (m.node + 1) % (len(m.t.World().Nodes) + 1)
		m.selected = 0
		m.attend(panelInbox)
	case actDiff:
		m.nextBase()
		m.attend(panelDifference)
	case actBranches:
		m.overlay = newBranchChooser(m)
	case actRuns:
		return m.showRun((m.runOf(m.t.Line()) + 1) % len(m.t.Runs()))
	case actPredict:
		return m.predict()
	case actTell:
		m.overlay = &reader{title: "what is told here", text: m.told()}
	case actMark:
		m.overlay = &letter{title: "mark this place with a letter", then: func(m *Model, name string) {
			m.t.Mark(name)
			m.message = "marked: " + name
		}}
	case actJump:
		m.overlay = &letter{title: "jump to the mark of a letter", then: (*Model).jump}
	case actFilter:
		return m.ask("/", m.filter, func(m *Model, text string) tea.Cmd { return m.setFilter(text) })
	case actCommand:
		return m.ask(":", "", (*Model).command)
	case actExport:
		m.overlay = newExportChooser(m)
	case actCancel:
		return m.cancel()
	case actHelp:
		m.overlay = &help{}
	case actQuit:
		return m.quit()
	}
	return nil
}

// cancel ends what is under way or, if nothing is, the filter.
func (m *Model) cancel() tea.Cmd {
	m.playing = false
	if m.work.what != "" {
		m.stop()
		m.message = "stopped"
		return nil
	}
	m.message = ""
	return m.setFilter("")
}

func (m *Model) nextPanel() {
	if len(m.layout.visible()) == 1 {
		m.attend(m.focus%panelVerdicts + 1)
		return
	}
	all := m.layout.visible()
	m.focus = all[(slices.Index(all, m.focus)+1)%len(all)]
	m.divide()
}

func (m *Model) jump(name string) {
	p, ok := m.t.Marked(name)
	if !ok {
		m.message = "there is no mark " + name
		return
	}
	m.t.GoTo(p)
	m.refilter()
}

// runOf returns the place of a line's run in the scenario.
func (m *Model) runOf(l *timeline.Line) int {
	for l.Parent != nil {
		l = l.Parent
	}
	return max(0, slices.Index(m.t.Runs(), l))
}

// showRun goes to a run of the scenario.
func (m *Model) showRun(run int) tea.Cmd {
	if l := m.t.Runs()[run]; l != nil {
		m.t.Adopt(l)
		m.refilter()
		return m.search()
	}
	t := m.t
	ctx, generation := m.begin("executing " + t.Scenario.Runs[run].Name)
	return func() tea.Msg {
		line, err := t.DraftRun(ctx, run)
		return draftedMsg{generation, line, err}
	}
}

// setFilter shows only steps that a query finds; "" shows all.
func (m *Model) setFilter(text string) tea.Cmd {
	m.filter, m.found = text, nil
	if timeline.ParseQuery(text).Empty() {
		m.filter = ""
	} else {
		m.attend(panelDiagram)
	}
	return m.search()
}

// refilter forgets what was found on another line.
func (m *Model) refilter() { m.found = nil }

// search looks for the steps of the filter, if there is one.
func (m *Model) search() tea.Cmd {
	if m.filter == "" || m.t == nil {
		return nil
	}
	search := m.t.Search(timeline.ParseQuery(m.filter))
	ctx, generation := m.begin("searching " + m.filter)
	return func() tea.Msg {
		steps, err := search.Run(ctx)
		return foundMsg{generation, steps, err}
	}
}

// finished takes up what a search found, and goes to the next of it.
func (m *Model) finished(msg foundMsg) {
	if !m.current(msg.generation) || msg.err != nil {
		return
	}
	m.found = msg.steps
	if len(m.found) == 0 {
		m.message = "no step is like that; esc shows all"
		return
	}
	if !slices.Contains(m.found, m.t.Step()) {
		m.t.Go(nextOf(m.found, m.t.Step(), m.found[len(m.found)-1]))
	}
}

// predict asks for a prediction, if a question is told here.
func (m *Model) predict() tea.Cmd {
	cue, ok := m.t.Line().CueAt(m.t.Step())
	if !ok || cue.Answer == "" {
		m.message = "nothing is asked here"
		return nil
	}
	line := m.t.Line()
	return m.ask("what do you think? ", "", func(m *Model, text string) tea.Cmd {
		m.overlay = &revealed{line: line, cue: cue, prediction: text}
		return nil
	})
}

// reason returns the violation that one stands at, nil if none.
func (m *Model) reason() *timeline.Property {
	for _, v := range m.t.Line().Violations() {
		if v.First == m.t.Step() && m.t.Step() > 0 {
			return &v
		}
	}
	return nil
}

// told is what is to be read where one stands, as a whole.
func (m *Model) told() string {
	text := ""
	for _, v := range m.t.Line().Violations() {
		if v.First == m.t.Step() {
			text += glyphViolated + " " + v.Property + " is violated" + expectedText(&v) + ". " + v.Witness + "\n\n"
		}
	}
	line := m.t.Line()
	if cue, ok := line.CueAt(m.t.Step()); ok {
		text += cue.Text
		if reply, answered := m.quiz.Answered(line, cue); answered && cue.Answer != "" {
			text += "\n\n" + answerText(cue, reply)
		} else if cue.Answer != "" {
			text += "\n\na: predict, then see the answer"
		}
	}
	if text == "" {
		text = "Nothing is told here."
	}
	return text
}

// answerText shows an answer, beside what was predicted.
func answerText(cue timeline.Cue, r timeline.Reply) string {
	text := "In fact: " + cue.Answer
	if r.Prediction != "" {
		text = "You said: " + r.Prediction + "\n" + text
	}
	return text
}
