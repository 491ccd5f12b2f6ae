package tui

import (
	"fmt"
	"slices"
	"strings"

	"quorumlab/network"
	"quorumlab/protocols"
	"quorumlab/tui/timeline"
)

// lanes is where in a line of the diagram things are: a lane a node, and one for
// the clients; what happened stands behind them.
type lanes struct {
	number, time, lane int // widths
	nodes              int
}

func newLanes(width, nodes, steps int) lanes {
	l := lanes{number: len(fmt.Sprint(steps)), time: 8, nodes: nodes}
	l.lane = max(3, min(10, (width-l.number-l.time-16)/(nodes+1)))
	return l
}

// at is the column of a node's line; node 0 stands for the clients.
func (l *lanes) at(node protocols.NodeID) int {
	if node == 0 {
		return l.nodes*l.lane + l.lane/2
	}
	return (int(node)-1)*l.lane + l.lane/2
}

func (l *lanes) width() int { return (l.nodes + 1) * l.lane }

// diagramLines draws the space-time diagram: a line a step, time downward. The step
// where one stands has a pointer; those in its causal past are bold, with a dot
// before them; what is still to come is faint.
func (m *Model) diagramLines(b box) []string {
	l := newLanes(b.width, len(m.t.World().Nodes), m.t.Line().Len())
	steps := m.stepsShown(b.height - 1)
	head := strings.Repeat(" ", l.number+l.time+3)
	for i := range m.t.World().Nodes {
		head += center(m.t.World().Setup().Name(protocols.NodeID(i+1)), l.lane)
	}
	lines := []string{m.theme.strong.Render(head + center("client", l.lane))}
	if len(steps) == 0 {
		return append(lines, m.emptyDiagram())
	}
	past := m.t.Line().Past(m.t.Step(), steps[0], steps[len(steps)-1])
	for _, step := range steps {
		lines = append(lines, m.diagramLine(&l, step, past[step], b.width))
	}
	return lines
}

func (m *Model) emptyDiagram() string {
	if m.filter != "" {
		return "no step is like that; esc shows all"
	}
	return "nothing happens in this run"
}

// stepsShown returns the steps that are on the screen, growing: around where one
// stands, two thirds of them before it.
func (m *Model) stepsShown(height int) []int {
	at, last := m.t.Step(), m.t.Line().Len()
	if m.filter != "" {
		i, _ := slices.BinarySearch(m.found, at)
		first := max(0, min(i-height*2/3, len(m.found)-height))
		return m.found[first:min(len(m.found), first+height)]
	}
	first := max(1, min(at-height*2/3, last-height+1))
	steps := make([]int, 0, height)
	for step := first; step <= last && len(steps) < height; step++ {
		steps = append(steps, step)
	}
	return steps
}

func (m *Model) diagramLine(l *lanes, step int, past bool, width int) string {
	row := m.t.Rows(step, step)[0]
	line := m.t.Line()
	band := line.BandAt(step)
	pointer := " "
	switch {
	case step == m.t.Step():
		pointer = "▸"
	case past:
		pointer = "•"
	}
	margin := " "
	if len(band.Cut) > 0 {
		margin = "╳"
	} else if band.Broken() && step > l.nodes {
		margin = "▒"
	}
	cells := m.laneCells(l, &row, &band)
	lead := fmt.Sprintf("%s%*d %*s", pointer, l.number, step, l.time-1, clock(line, step))
	label := fit(row.Name, width-columns(lead)-2-len(cells))
	text := lead + margin + " " + string(cells)
	switch {
	case step == m.t.Step():
		return m.theme.selected.Render(text + label)
	case m.violates(step):
		return m.theme.violated.Render(text + fit(glyphViolated+" "+row.Name, width-columns(text)))
	case step > m.t.Step():
		return m.theme.faint.Render(text + label)
	case past:
		return m.theme.past.Render(text + label)
	case row.Mark == timeline.Faults || row.Mark == timeline.Stops:
		return m.theme.fault.Render(text + label)
	}
	return text + label
}

func (m *Model) violates(step int) bool {
	return slices.ContainsFunc(m.t.Line().Violations(), func(p timeline.Property) bool { return p.First == step })
}

// clock shows the time of a step to the millisecond.
func clock(l *timeline.Line, step int) string {
	return strings.TrimSuffix(seconds(l.Time(step)), "s")
}

// laneCells draws the lanes of one step.
func (m *Model) laneCells(l *lanes, row *timeline.Row, band *timeline.Band) []rune {
	cells := []rune(strings.Repeat(" ", l.width()))
	for i := range l.nodes {
		id := protocols.NodeID(i + 1)
		cells[l.at(id)] = '│'
		switch {
		case slices.Contains(band.Down, id):
			cells[l.at(id)] = '┊'
		case slices.Contains(band.Paused, id):
			cells[l.at(id)] = '‖'
		}
		if i > 0 && l.lane > 3 && slices.Contains(band.Cut, network.Pair{From: id - 1, To: id}) {
			cells[(l.at(id)+l.at(id-1))/2] = '╳'
		}
	}
	from, to, arrow := m.ends(row)
	if arrow {
		draw(cells, l.at(from), l.at(to))
	}
	if row.Mark == timeline.Faults && row.Node == 0 {
		return cells
	}
	cells[l.at(to)] = glyphOf(row.Mark)
	return cells
}

// ends returns between which lanes a step draws an arrow, if it draws one: 0 is
// that of the clients.
func (m *Model) ends(row *timeline.Row) (from, to protocols.NodeID, arrow bool) {
	switch row.Mark {
	case timeline.Requests:
		return 0, row.Node, true
	case timeline.Answers:
		return row.From, 0, row.From != 0
	case timeline.Receives, timeline.Loses, timeline.Duplicates, timeline.Corrupts, timeline.Breaks:
		return row.From, row.Node, row.From != 0
	}
	return 0, row.Node, false
}

// draw draws an arrow between two columns.
func draw(cells []rune, from, to int) {
	step := 1
	if to < from {
		step = -1
	}
	for x := from; x != to; x += step {
		switch cells[x] {
		case '│', '┊', '‖':
			cells[x] = '┼'
		case '╳':
		default:
			cells[x] = '─'
		}
	}
	if step > 0 {
		cells[from] = '├'
	} else {
		cells[from] = '┤'
	}
	if before := to - step; before != from {
		cells[before] = map[int]rune{1: '▶', -1: '◀'}[step]
	}
}

// center puts a text into the middle of a column.
func center(text string, width int) string {
	text = strings.TrimRight(fit(text, min(width-1, columns(text))), " ")
	left := max(0, (width-columns(text))/2)
	return fit(strings.Repeat(" ", left)+text, width)
}
