package tui

// panel is one of the six parts of the screen.
type panel int

const (
	panelInbox panel = iota + 1
	panelDiagram
	panelInspector
	panelDifference
	panelHistory
	panelVerdicts
)

var panelNames = map[panel]string{
	panelInbox: "inbox", panelDiagram: "diagram", panelInspector: "inspector", panelDifference: "difference",
	panelHistory: "history", panelVerdicts: "verdicts",
}

// The sizes from which on there is room for two columns, and for three.
const (
	twoWidth, twoHeight     = 80, 24
	threeWidth, threeHeight = 120, 36
	inboxWidth              = 30
	besideBody              = 6 // status, scrubber, narration (2), verdicts, hints
)

// box is where a panel is: its lines lie below a title line.
type box struct {
	panel         panel
	width, height int // of the lines, the title not counted
}

// layout is how a screen is divided: columns of boxes.
type layout struct {
	columns [][]box
	// body is the height of the columns; narration that of the narration.
	body, narration int
	scrubber        bool
}

// divide divides a screen. shown is the panel beside the inbox where there is room
// for two columns, and the only one where there is not, or it is zoomed.
func divide(width, height int, focus, shown panel, zoomed bool) layout {
	l := layout{narration: 2, scrubber: true, body: height - besideBody}
	if height < 12 { // what can be done without goes first
		l.narration, l.scrubber, l.body = 0, false, height-3
	}
	l.body = max(l.body, 2)
	switch {
	case zoomed, width < twoWidth, height < twoHeight:
		only := focus
		l.columns = [][]box{{{only, width, l.body - 1}}}
	case width >= threeWidth && height >= threeHeight:
		l.three(width)
	default:
		if shown == panelInbox {
			shown = panelDiagram
		}
		l.columns = [][]box{
			{{panelInbox, inboxWidth, l.body - 1}},
			{{shown, width - inboxWidth - 1, l.body - 1}},
		}
	}
	return l
}

// three lays all six panels out in three columns.
func (l *layout) three(width int) {
	right := max(38, (width-inboxWidth-2)*2/5)
	middle := width - inboxWidth - right - 2
	upper := func(share int) int { return l.body*share/100 - 1 }
	column := func(width, height int, above, below panel) []box {
		return []box{{above, width, height}, {below, width, l.body - height - 2}}
	}
	l.columns = [][]box{
		column(inboxWidth, upper(60), panelInbox, panelVerdicts),
		column(middle, upper(68), panelDiagram, panelHistory),
		column(right, upper(55), panelInspector, panelDifference),
	}
}

// visible returns the panels on the screen, in their order.
func (l *layout) visible() []panel {
	var all []panel
	for _, column := range l.columns {
		for _, b := range column {
			all = append(all, b.panel)
		}
	}
	return all
}

// boxOf returns the box of a panel; ok is false if it is not on the screen.
func (l *layout) boxOf(p panel) (b box, ok bool) {
	for _, column := range l.columns {
		for _, b := range column {
			if b.panel == p {
				return b, true
			}
		}
	}
	return box{}, false
}
