package tui

import (
	"fmt"
	"strings"
	"time"

	"quorumlab/protocols/state"
	"quorumlab/tui/course"
	"quorumlab/tui/timeline"
)

// This file draws a course: a run that is no simulated world's.

// courseTime is the time of a step, that of the start for 0.
func (m *Model) courseTime(step int) time.Duration {
	if step == 0 {
		return 0
	}
	return m.c.Line().Row(step).At
}

// coursePanels name the panels; one of them has no use in a course and shows the
// state instead.
var coursePanels = map[panel]string{
	panelInbox: "what may happen", panelDiagram: "diagram", panelInspector: "inspector", panelDifference: "difference",
	panelHistory: "state", panelVerdicts: "verdicts",
}

// courseScreen returns the lines of the screen.
func (m *Model) courseScreen() []string {
	l, step := m.c.Line(), m.c.Step()
	name := m.theme.title.Render(m.c.Title)
	if len(m.c.Lines()) > 1 {
		name += " ⑂ " + m.theme.strong.Render(l.Name)
	}
	right := fmt.Sprintf(" %d/%d", step, l.Len())
	if m.c.Timed {
		right += "  " + seconds(m.courseTime(step))
	}
	lines := []string{m.statusLine(name, right)}
	if m.layout.scrubber {
		lines = append(lines, m.courseScrubber())
	}
	if _, typing := m.overlay.(*prompt); m.overlay != nil && !typing {
		lines = append(lines, fill(m.overlay.lines(m, m.width, m.layout.body), m.width, m.layout.body)...)
	} else {
		lines = append(lines, m.columns(m.courseHeading, m.coursePanel)...)
	}
	if m.layout.narration > 0 {
		lines = append(lines, fill(m.courseNarration(), m.width, m.layout.narration)...)
	}
	lines = append(lines, m.courseVerdicts(), m.footer())
	return fill(lines, m.width, m.height)
}

// courseScrubber shows the whole line in a row: violations, marks, where the branch
// begins, and where one stands.
func (m *Model) courseScrubber() string {
	l := m.c.Line()
	cells := []rune(strings.Repeat("─", m.width))
	place := func(step int) int { return min(m.width-1, step*(m.width-1)/max(1, l.Len())) }
	at := place(m.c.Step())
	for i := range at {
		cells[i] = '━'
	}
	for _, name := range m.c.Marks() {
		if p, _ := m.c.Marked(name); p.Line == l {
			cells[place(p.Step)] = []rune(name)[0]
		}
	}
	if l.Parent != nil {
		cells[place(l.Fork)] = '⑂'
	}
	for _, v := range l.Violations() {
		cells[place(v.First)] = []rune(glyphViolated)[0]
	}
	return m.theme.frame.Render(string(cells[:at])) + m.theme.selected.Render("┃") + m.theme.frame.Render(string(cells[at+1:]))
}

func (m *Model) courseHeading(b box) string {
	about := ""
	switch {
	case b.panel == panelDiagram && m.filter != "":
		about = fmt.Sprintf("/%s: %d steps ", m.filter, len(m.found))
	case b.panel == panelDifference:
		about = "with " + m.baseText() + " "
	}
	return m.titled(b, coursePanels[b.panel], about)
}

func (m *Model) coursePanel(b box) []string {
	switch b.panel {
	case panelInbox:
		return m.choiceLines(b)
	case panelDiagram:
		return m.courseDiagram(b)
	case panelInspector:
		return m.scrolled(b, m.courseDetails(b))
	case panelDifference:
		return m.scrolled(b, m.courseDifference(b))
	case panelHistory:
		return m.scrolled(b, jsonLines([]byte(m.c.Line().State(m.c.Step())), b.width))
	default:
		return m.scrolled(b, m.findingLines(b))
	}
}

// choiceLines lists what may happen next, with a mark at what did.
func (m *Model) choiceLines(b box) []string {
	line, step := m.c.Line(), m.c.Step()
	if !m.c.Free {
		return folded("What happened to a real node has happened: l and h walk, / finds.", b.width)
	}
	choices := line.Choices(step)
	if len(choices) == 0 {
		return []string{"nothing can happen any more"}
	}
	m.selected = max(0, min(m.selected, len(choices)-1))
	first := max(0, min(m.selected-b.height/2, len(choices)-b.height))
	taken := line.Taken(step)
	var lines []string
	for i := first; i < len(choices) && len(lines) < b.height; i++ {
		text := choices[i].Text
		if i == taken {
			text = "• " + text
		}
		lines = append(lines, m.line(text, i == m.selected && m.focus == panelInbox, false, b.width))
	}
	return lines
}

// courseDiagram draws a line a step, with a lane a process.
func (m *Model) courseDiagram(b box) []string {
	n := len(m.c.Processes)
	l := newLanes(b.width, n, m.c.Line().Len())
	if !m.c.Timed {
		l.time = 1
	}
	head := strings.Repeat(" ", l.number+l.time+3)
	for _, name := range m.c.Processes {
		head += center(initials(name, l.lane-1), l.lane)
	}
	lines := []string{m.theme.strong.Render(head)}
	steps := m.courseSteps(b.height - 1)
	if len(steps) == 0 {
		return append(lines, m.emptyDiagram())
	}
	for _, step := range steps {
		lines = append(lines, m.courseLine(&l, step, b.width))
	}
	return lines
}

// initials shortens a name of several words that is too wide: server 0 to s0.
func initials(name string, width int) string {
	words := strings.Fields(name)
	if len(words) < 2 || columns(name) <= width {
		return name
	}
	short := ""
	for _, word := range words[:len(words)-1] {
		short += word[:1]
	}
	return short + words[len(words)-1]
}

func (m *Model) courseSteps(height int) []int {
	at, last := m.c.Step(), m.c.Line().Len()
	var steps []int
	if m.filter != "" {
		i := 0
		for i < len(m.found) && m.found[i] < at {
			i++
		}
		first := max(0, min(i-height*2/3, len(m.found)-height))
		return m.found[first:min(len(m.found), first+height)]
	}
	for step := max(1, min(at-height*2/3, last-height+1)); step <= last && len(steps) < height; step++ {
		steps = append(steps, step)
	}
	return steps
}

func (m *Model) courseLine(l *lanes, step, width int) string {
	row := m.c.Line().Row(step)
	cells := []rune(strings.Repeat(" ", l.nodes*l.lane))
	column := func(process int) int { return (process-1)*l.lane + l.lane/2 }
	for i := range l.nodes {
		cells[column(i+1)] = '│'
	}
	if row.Process > 0 {
		if row.From > 0 && row.From != row.Process {
			draw(cells, column(row.From), column(row.Process))
		}
		cells[column(row.Process)] = glyphOf(row.Mark)
	}
	pointer := " "
	if step == m.c.Step() {
		pointer = "▸"
	}
	clock := strings.Repeat(" ", l.time)
	if m.c.Timed {
		clock = fmt.Sprintf("%*s", l.time, strings.TrimSuffix(seconds(row.At), "s"))
	}
	text := fmt.Sprintf("%s%*d%s %s", pointer, l.number, step, clock, string(cells))
	label := fit(row.Name, width-columns(text))
	violates := false
	for _, v := range m.c.Line().Violations() {
		violates = violates || v.First == step
	}
	switch {
	case step == m.c.Step():
		return m.theme.selected.Render(text + label)
	case violates:
		return m.theme.violated.Render(text + fit(glyphViolated+" "+row.Name, width-columns(text)))
	case step > m.c.Step():
		return m.theme.faint.Render(text + label)
	}
	return text + label
}

// courseDetails shows the step that led here or, in the choices, the selected one.
func (m *Model) courseDetails(b box) []string {
	line, step := m.c.Line(), m.c.Step()
	if step == 0 {
		return folded("This is the start: nothing has happened yet. l takes a step.", b.width)
	}
	row := line.Row(step)
	lines := folded(fmt.Sprintf("step %d: %s", step, row.Text), b.width)
	for _, part := range line.Details(step) {
		lines = append(lines, "", m.theme.strong.Render(part.Title))
		lines = append(lines, jsonLines([]byte(part.Text), b.width)...)
	}
	return lines
}

// courseDifference compares with the step before, or a mark.
func (m *Model) courseDifference(b box) []string {
	base := course.Position{Line: m.c.Line(), Step: m.c.Step() - 1}
	if m.base.mark != "" {
		base, _ = m.c.Marked(m.base.mark)
	}
	if base.Step < 0 {
		return folded("This is the start: there is no step before.", b.width)
	}
	return m.changeLines(base.Line.Differences(base.Step, m.c.Line().Run, m.c.Step()), b.width)
}

// changeLines shows what differs: signs and words, beside colours.
func (m *Model) changeLines(changes []state.Change, width int) []string {
	var lines []string
	for _, c := range changes {
		style := map[string]interface{ Render(...string) string }{"+": m.theme.added, "-": m.theme.removed, "~": m.theme.changed}[c.Kind.String()]
		text := c.Kind.String() + " " + c.Path
		switch c.Kind.String() {
		case "~":
			text += ": " + c.Before + " → " + c.After
		case "+":
			text += ": " + c.After
		default:
			text += ": " + c.Before
		}
		for i, line := range folded(text, max(4, width-2)) {
			if i > 0 {
				line = "  " + line
			}
			lines = append(lines, style.Render(line))
		}
		if len(lines) > jsonLinesMax {
			return append(lines, "…")
		}
	}
	if len(lines) == 0 {
		lines = []string{"nothing differs"}
	}
	return lines
}

// findingLines lists all properties.
func (m *Model) findingLines(b box) []string {
	all := m.c.Line().Findings(m.c.Step())
	if all == nil {
		return folded("Of what one node does nothing is judged: linearize judges what its clients saw.", b.width)
	}
	var lines []string
	for _, f := range all {
		glyph, style := m.findingLooks(f.State)
		text := fmt.Sprintf("%s %s: %s", glyph, f.Property, f.Word)
		switch {
		case f.State == timeline.Violated:
			text += fmt.Sprintf(", from step %d on", f.First)
		case f.First > m.c.Step() && f.State == timeline.Holds:
			text += fmt.Sprintf("; step %d violates it", f.First)
		}
		for _, line := range folded(text+". "+f.Sentence, b.width) {
			lines = append(lines, style.Render(line))
		}
	}
	return lines
}

func (m *Model) findingLooks(s timeline.State) (glyph string, style interface{ Render(...string) string }) {
	switch s {
	case timeline.Holds:
		return glyphHolds, m.theme.holds
	case timeline.Violated:
		return glyphViolated, m.theme.violated
	}
	return glyphOpen, m.theme.open
}

// courseNarration says what is violated here, or what happened.
func (m *Model) courseNarration() []string {
	line, step := m.c.Line(), m.c.Step()
	if v := m.courseReason(); v != nil {
		return m.narrationLines(m.theme.violated, glyphViolated+" "+v.Property+": "+v.Word+". Not so here: "+v.Sentence)
	}
	text := ""
	if step > 0 {
		text = line.Row(step).Text
	}
	if ending := line.Ending(); step == line.Len() && ending != "" {
		text = strings.TrimPrefix(text+" – "+ending, " – ")
	}
	return m.narrationLines(m.theme.strong, text)
}

// courseTold is what is to be read where one stands, as a whole.
func (m *Model) courseTold() string {
	text := ""
	if v := m.courseReason(); v != nil {
		text = glyphViolated + " " + v.Property + ": " + v.Word + ". Not so here: " + v.Sentence + "\n\n"
	}
	if m.c.Step() > 0 {
		text += m.c.Line().Row(m.c.Step()).Text
	}
	if ending := m.c.Line().Ending(); m.c.Step() == m.c.Line().Len() && ending != "" {
		text += "\n\n" + ending
	}
	return text
}

// courseVerdicts says how the properties stand, in a line.
func (m *Model) courseVerdicts() string {
	findings := m.c.Line().Findings(m.c.Step())
	if findings == nil {
		return fit(m.theme.open.Render(glyphOpen+" a real node: nothing is judged here"), m.width)
	}
	var sum tally
	for _, f := range findings {
		sum.add(f.State, f.Property)
	}
	return fit(m.tallied(&sum), m.width)
}
