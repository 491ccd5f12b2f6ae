package tui

import (
	"fmt"
	"strings"

	tea "charm.land/bubbletea/v2"

	"quorumlab/scenarios"
	"quorumlab/tui/timeline"
)

// View implements tea.Model.
func (m *Model) View() tea.View {
	v := tea.NewView(strings.Join(m.Screen(), "\n"))
	v.AltScreen = true
	v.MouseMode = tea.MouseModeCellMotion
	v.WindowTitle = "quorumlab step"
	return v
}

// Screen returns the lines of the screen, exactly as many as it is high and each as
// wide as it is.
func (m *Model) Screen() []string {
	switch {
	case m.c != nil:
		return m.courseScreen()
	case m.t == nil:
		return m.before0()
	}
	lines := []string{m.status()}
	if m.layout.scrubber {
		lines = append(lines, m.scrubber())
	}
	lines = append(lines, m.body()...)
	if m.layout.narration > 0 {
		lines = append(lines, fill(m.narration(), m.width, m.layout.narration)...)
	}
	lines = append(lines, m.verdictLine(), m.footer())
	return fill(lines, m.width, m.height)
}

// before0 is the screen while there is no timeline yet.
func (m *Model) before0() []string {
	if m.overlay != nil {
		lines := fill(m.overlay.lines(m, m.width, m.height-1), m.width, m.height-1)
		return append(lines, fit(m.theme.faint.Render(m.overlay.hint()), m.width))
	}
	return fill([]string{m.work.what + " …"}, m.width, m.height)
}

// status is the first line: what is shown, and where one stands.
func (m *Model) status() string {
	l, step := m.t.Line(), m.t.Step()
	run := l
	for run.Parent != nil {
		run = run.Parent
	}
	name := m.theme.title.Render(m.t.Scenario.Name)
	if len(m.t.Scenario.Runs) > 1 {
		name += "/" + run.Name
	}
	if l.Parent != nil {
		name += " ⑂ " + m.theme.strong.Render(l.Name)
	}
	hash := "········" // in a moment: see hashLater
	if sum, known := m.t.Hashed(); known {
		hash = fmt.Sprintf("%08x", uint32(sum>>32))
	}
	return m.statusLine(name, fmt.Sprintf(" %d/%d  %s  #%s", step, l.Len(), seconds(l.Time(step)), hash))
}

// statusLine adds to the first line what goes on.
func (m *Model) statusLine(name, right string) string {
	switch {
	case m.playing:
		right = fmt.Sprintf(" ▶ %d/s", speeds[m.speed]) + right
	case m.work.what != "":
		right = " … " + m.work.what + right
	}
	if _, answered := m.quiz.Score(); answered > 0 {
		ok, of := m.quiz.Score()
		right = fmt.Sprintf(" %d of %d right", ok, of) + right
	}
	if len(m.count) > 1 {
		right = " " + m.count + right
	}
	return fit(name, m.width-len([]rune(right))) + right
}

// scrubber shows the whole line in a row: faults, violations, questions, marks, and
// where one stands.
func (m *Model) scrubber() string {
	l := m.t.Line()
	cells := []rune(strings.Repeat("─", m.width))
	place := func(step int) int {
		return min(m.width-1, step*(m.width-1)/max(1, l.Len()))
	}
	for i := range place(m.t.Step()) {
		cells[i] = '━'
	}
	for _, b := range l.Bands() {
		if b.Step > len(m.t.World().Nodes) { // not the first boots
			cells[place(b.Step)] = glyphOf(timeline.Faults)
		}
	}
	for _, c := range l.Cues() {
		if c.Answer != "" {
			cells[place(c.Step)] = '?'
		}
	}
	for _, name := range m.t.Marks() {
		if p, _ := m.t.Marked(name); p.Line == l {
			cells[place(p.Step)] = []rune(name)[0]
		}
	}
	if l.Parent != nil {
		cells[place(l.Fork)] = '⑂'
	}
	for _, v := range l.Violations() {
		cells[place(v.First)] = []rune(glyphViolated)[0]
	}
	at := place(m.t.Step())
	return m.theme.frame.Render(string(cells[:at])) + m.theme.selected.Render("┃") + m.theme.frame.Render(string(cells[at+1:]))
}

// body draws the panels, or what lies over them.
func (m *Model) body() []string {
	if _, typing := m.overlay.(*prompt); m.overlay != nil && !typing {
		return fill(m.overlay.lines(m, m.width, m.layout.body), m.width, m.layout.body)
	}
	return m.columns(m.heading, m.panel)
}

// columns puts the panels beside each other, each below its heading.
func (m *Model) columns(heading func(box) string, panel func(box) []string) []string {
	blocks := make([][]string, len(m.layout.columns))
	for i, column := range m.layout.columns {
		for _, b := range column {
			blocks[i] = append(blocks[i], heading(b))
			blocks[i] = append(blocks[i], fill(panel(b), b.width, b.height)...)
		}
	}
	return beside(m.theme.frame.Render("│"), blocks...)
}

// heading is the upper border of a panel: its number, its name, and what it is about.
func (m *Model) heading(b box) string {
	name := ""
	switch {
	case b.panel == panelInbox && m.node > 0:
		name += "of " + m.t.World().Setup().Names[m.node-1] + " "
	case b.panel == panelDiagram && m.filter != "":
		name += fmt.Sprintf("/%s: %d steps ", m.filter, len(m.found))
	case b.panel == panelDifference:
		name += "with " + m.baseText() + " "
	}
	return m.titled(b, panelNames[b.panel], name)
}

// titled draws the upper border of a panel.
func (m *Model) titled(b box, title, about string) string {
	name := fmt.Sprintf(" %d %s %s", b.panel, title, about)
	lead := "─"
	style := m.theme.frame
	if b.panel == m.focus {
		lead, style = "═", m.theme.focus
	}
	name = strings.TrimRight(fit(name, min(b.width-2, len([]rune(name)))), " ") + " "
	rest := max(0, b.width-1-len([]rune(name)))
	if b.panel == m.focus {
		return style.Render(lead) + m.theme.strong.Render(name) + style.Render(strings.Repeat(lead, rest))
	}
	return style.Render(lead + name + strings.Repeat(lead, rest))
}

// panel fills a box.
func (m *Model) panel(b box) []string {
	switch b.panel {
	case panelInbox:
		return m.inboxLines(b)
	case panelDiagram:
		return m.diagramLines(b)
	case panelInspector:
		return m.scrolled(b, m.inspectorLines(b))
	case panelDifference:
		return m.scrolled(b, m.differenceLines(b))
	case panelHistory:
		return m.historyLines(b)
	default:
		return m.scrolled(b, m.verdictLines(b))
	}
}

// scrolled returns the lines of a panel from where it is scrolled to.
func (m *Model) scrolled(b box, lines []string) []string {
	top := max(0, min(m.scroll[b.panel], len(lines)-b.height))
	m.scroll[b.panel] = top
	return lines[top:]
}

// narration is what is told where one stands: a violation and its reason before
// all, then the scenario's words.
func (m *Model) narration() []string {
	l := m.t.Line()
	if v := m.reason(); v != nil {
		return m.narrationLines(m.theme.violated, fmt.Sprintf("%s %s: %s", glyphViolated, v.Property, v.Witness))
	}
	cue, ok := l.CueAt(m.t.Step())
	switch {
	case !ok:
		return nil
	case cue.Answer == "":
		return m.narrationLines(m.theme.strong, saidOf(cue)+cue.Text)
	}
	reply, answered := m.quiz.Answered(l, cue)
	if !answered {
		return m.narrationLines(m.theme.strong, "? "+cue.Text+" (a: predict)")
	}
	sign := glyphOpen + " skipped"
	switch {
	case reply.Right:
		sign = glyphHolds + " as predicted"
	case !reply.Skipped:
		sign = glyphViolated + " predicted otherwise"
	}
	return m.narrationLines(m.theme.strong, sign+" – "+cue.Answer)
}

// saidOf stands before what is told: of a run in which somebody acted the words may
// not be true any more.
func saidOf(cue timeline.Cue) string {
	if cue.Planned {
		return "» as planned: "
	}
	return "» "
}

// narrationLines breaks a text into the lines that there are for it; t shows the rest.
func (m *Model) narrationLines(style interface{ Render(...string) string }, text string) []string {
	lines := folded(text, m.width)
	if n := m.layout.narration; len(lines) > n {
		more := " … (t)"
		lines = lines[:n]
		lines[n-1] = strings.TrimRight(cut(lines[n-1], m.width-len([]rune(more))), " ") + more
	}
	for i := range lines {
		lines[i] = style.Render(lines[i])
	}
	return lines
}

// verdictLine says how the properties stand: what is violated by name, the rest as
// numbers.
func (m *Model) verdictLine() string {
	l := m.t.Line()
	all := l.Properties(m.t.Step())
	if all == nil {
		return fit(m.theme.open.Render(glyphOpen+" the run is being judged …"), m.width)
	}
	var sum tally
	for _, p := range all {
		sum.add(p.State, p.Property)
	}
	text := m.tallied(&sum)
	if linear := verdictOf(all, scenarios.Linearizable); linear != nil && linear.State == timeline.Holds {
		text += "  linearizable so far"
	}
	return fit(text, m.width)
}

// tally sums up how properties stand.
type tally struct {
	holds, open int
	violated    []string
}

func (t *tally) add(state timeline.State, property string) {
	switch state {
	case timeline.Holds:
		t.holds++
	case timeline.Violated:
		t.violated = append(t.violated, glyphViolated+" "+property)
	default:
		t.open++
	}
}

func (m *Model) tallied(t *tally) string {
	text := m.theme.holds.Render(fmt.Sprintf("%s %d hold", glyphHolds, t.holds))
	if len(t.violated) > 0 {
		text += "  " + m.theme.violated.Render("violated: "+strings.Join(t.violated, "  "))
	}
	if t.open > 0 {
		text += "  " + m.theme.open.Render(fmt.Sprintf("%s %d open", glyphOpen, t.open))
	}
	return text
}

func verdictOf(all []timeline.Property, name string) *timeline.Property {
	for i := range all {
		if all[i].Property == name {
			return &all[i]
		}
	}
	return nil
}

// hintOf shows a key and what it does, in a word.
func (m *Model) hintOf(a act) string {
	for _, b := range keyMap {
		if b.act == a {
			return m.theme.key.Render(strings.Fields(b.show)[0]) + " " + b.foot
		}
	}
	return ""
}

// footer is the last line: what was said last, or the keys that matter here.
func (m *Model) footer() string {
	switch o := m.overlay.(type) {
	case *prompt:
		o.input.SetWidth(max(1, m.width-len(o.input.Prompt)-1))
		return fit(o.input.View(), m.width)
	case nil:
	default:
		if m.message == "" {
			return fit(m.theme.faint.Render(o.hint()), m.width)
		}
	}
	if m.message != "" {
		return fit(m.theme.strong.Render(m.message), m.width)
	}
	text, last := "", m.hintOf(actHelp)+"  "+m.hintOf(actQuit)
	acts := footers[m.focus == panelInbox]
	if m.c != nil {
		acts = courseFooters[m.focus == panelInbox && m.c.Free]
	}
	for _, a := range acts {
		one := m.hintOf(a) + "  "
		if columns(text+one+last) > m.width {
			break
		}
		text += one
	}
	return fit(text+last, m.width)
}
