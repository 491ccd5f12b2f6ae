package tui

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"quorumlab/protocols"
	"quorumlab/sim"
	"quorumlab/tui/timeline"
)

// itemGlyphs stand before the items of the inbox.
var itemGlyphs = map[timeline.Kind]string{
	timeline.Message: "✉", timeline.News: "╫", timeline.Timer: "◷", timeline.Disk: "■", timeline.Request: "◆",
	timeline.Answer: "◇", timeline.Start: "?", timeline.Waits: "…", timeline.Planned: "!",
}

// inboxLines lists what may happen next. What cannot happen now has a cross; the
// last lines say why, or what is in the selected item.
func (m *Model) inboxLines(b box) []string {
	items := m.inbox()
	if len(items) == 0 {
		return []string{"nothing is to come"}
	}
	m.selected = max(0, min(m.selected, len(items)-1))
	foot := 0
	if b.height > 8 && m.focus == panelInbox {
		foot = 3
	}
	rows := b.height - foot
	first := max(0, min(m.selected-rows/2, len(items)-rows))
	var lines []string
	for i := first; i < len(items) && len(lines) < rows; i++ {
		_, why := items[i].Deed(timeline.Deliver)
		text := m.itemText(&items[i], b.width-2)
		lines = append(lines, m.line(text, i == m.selected && m.focus == panelInbox, why != "" && items[i].Kind != timeline.Planned, b.width))
	}
	if foot == 0 {
		return lines
	}
	lines = fill(lines, b.width, rows)
	item := &items[m.selected]
	about := item.Detail
	if _, why := item.Deed(timeline.Deliver); why != "" {
		about = "× " + why
	}
	return append(lines, fill(folded(string(item.Kind)+": "+about, b.width), b.width, foot)...)
}

// itemText shows an item: its glyph, where from and to, its name, and when it is to
// come.
func (m *Model) itemText(i *timeline.Item, width int) string {
	name := m.t.World().Setup().Name
	text := itemGlyphs[i.Kind] + " "
	switch {
	case i.From != 0:
		text += name(i.From) + "→" + name(i.Node) + " "
	case i.Node != 0:
		text += name(i.Node) + " "
	}
	when := ""
	if i.At > 0 {
		when = " " + short(i.At-m.t.Line().Time(m.t.Step()))
	}
	return fit(text+i.Name, width-columns(when)) + when
}

// short shows how long it is until something in few characters.
func short(d time.Duration) string {
	switch {
	case d < time.Millisecond:
		return "now"
	case d < time.Second:
		return fmt.Sprintf("+%dms", d.Milliseconds())
	}
	return fmt.Sprintf("+%.1fs", d.Seconds())
}

// inspectorLines shows the step that led here, or the selected item of the inbox,
// with all that is in it.
func (m *Model) inspectorLines(b box) []string {
	if m.focus == panelInbox && len(m.inbox()) > m.selected {
		return m.itemLines(b, &m.inbox()[m.selected])
	}
	made := m.t.Made()
	if made == nil {
		return folded("This is the start: nothing has happened yet. l takes a step.", b.width)
	}
	l, step := m.t.Line(), m.t.Step()
	row := m.t.Rows(step, step)[0]
	name := m.t.World().Setup().Name
	lines := folded(fmt.Sprintf("step %d at %s: %s", step, seconds(l.Time(step)), row.Name), b.width)
	switch {
	case row.From != 0 && row.Node != 0:
		lines = append(lines, fmt.Sprintf("from %s to %s", name(row.From), name(row.Node)))
	case row.From != 0:
		lines = append(lines, "from "+name(row.From)+" to a client")
	case row.Node != 0:
		lines = append(lines, "at "+name(row.Node))
	}
	if row.Cause > 0 {
		sent := l.Time(row.Cause)
		lines = append(lines, fmt.Sprintf("set going by step %d at %s, %v before", row.Cause, seconds(sent), (l.Time(step)-sent).Round(time.Microsecond)))
	}
	if made.Node != 0 {
		lines = append(lines, fmt.Sprintf("its clock: %s (%+v off)", seconds(made.Clock), (made.Clock-made.Time).Round(time.Microsecond)))
	}
	codec := m.t.World().Setup().Codec
	show := func(title string, v any) {
		lines = append(lines, "", m.theme.strong.Render(title))
		lines = append(lines, jsonLines(codec.AppendJSON(nil, v), b.width)...)
	}
	if made.Event != nil {
		show("event: "+timeline.TypeName(made.Event), made.Event)
	}
	if made.Fault != nil {
		show("fault", *made.Fault)
	}
	for _, effect := range made.Effects {
		show("effect: "+effectTitle(effect, name), effect)
	}
	if c := made.Client; c.Client != 0 {
		lines = append(lines, "", m.theme.strong.Render("client"))
		lines = append(lines, folded(row.Text, b.width)...)
	}
	return lines
}

func effectTitle(effect protocols.Effect, name func(protocols.NodeID) string) string {
	if send, ok := effect.(protocols.Send); ok {
		return "Send " + timeline.TypeName(send.Message) + " to " + name(send.To)
	}
	return timeline.TypeName(effect)
}

// itemLines shows an item of the inbox, and what can be done with it.
func (m *Model) itemLines(b box, i *timeline.Item) []string {
	name := m.t.World().Setup().Name
	lines := folded(fmt.Sprintf("%s: %s", i.Kind, i.Name), b.width)
	if i.From != 0 {
		lines = append(lines, fmt.Sprintf("from %s to %s", name(i.From), name(i.Node)))
	}
	switch {
	case i.Next > 0:
		lines = append(lines, fmt.Sprintf("comes by step %d at %s", i.Next, seconds(i.At)))
	default:
		lines = append(lines, "does not come in the steps ahead")
	}
	keys := map[timeline.Verb]string{timeline.Deliver: "enter", timeline.Drop: "x", timeline.Duplicate: "D", timeline.Delay: "w"}
	for _, verb := range timeline.Verbs() {
		_, why := i.Deed(verb)
		text := fmt.Sprintf("  %-5s %s", keys[verb], verb)
		if why != "" {
			text = fmt.Sprintf(" ×%-5s %s: %s", keys[verb], verb, why)
		}
		for n, line := range folded(text, b.width) {
			if n > 0 {
				line = "        " + line
			}
			if why != "" {
				line = m.theme.faint.Render(line)
			}
			lines = append(lines, line)
		}
	}
	if i.Detail != "" {
		lines = append(lines, "")
		lines = append(lines, jsonLines([]byte(i.Detail), b.width)...)
	}
	return lines
}

// jsonLines shows JSON indented; what is none is folded as it is.
func jsonLines(text []byte, width int) []string {
	var indented bytes.Buffer
	if json.Indent(&indented, text, "", " ") != nil {
		return folded(string(text), width)
	}
	var lines []string
	for line := range strings.Lines(indented.String()) {
		lines = append(lines, folded(strings.TrimRight(line, "\n"), width)...)
		if len(lines) > jsonLinesMax {
			return append(lines, "…")
		}
	}
	return lines
}

// jsonLinesMax bounds what of one value is shown.
const jsonLinesMax = 400

// verdictLines lists all properties, with reasons.
func (m *Model) verdictLines(b box) []string {
	all := m.t.Line().Properties(m.t.Step())
	if all == nil {
		return []string{"the run is being judged …"}
	}
	var lines []string
	for _, p := range all {
		name := p.Property
		if p.Subject != "" {
			name += " (" + p.Subject + ")"
		}
		glyph, style, word := glyphOpen, m.theme.open, "open"
		switch p.State {
		case timeline.Holds:
			glyph, style, word = glyphHolds, m.theme.holds, "holds"
		case timeline.Violated:
			glyph, style, word = glyphViolated, m.theme.violated, "violated"
			if p.AsExpected {
				word += " (as expected)"
			}
		}
		text := fmt.Sprintf("%s %s: %s", glyph, name, word)
		if p.State == timeline.Violated {
			text += fmt.Sprintf(", from step %d on: %s", p.First, p.Witness)
		} else if p.First > 0 {
			text += fmt.Sprintf(" so far; step %d violates it", p.First)
		}
		for _, line := range folded(text, b.width) {
			lines = append(lines, style.Render(line))
		}
	}
	return lines
}

// historyLines shows the clients' operations as bars from step to step, each with a dot where
// it may have taken effect (its linearization point); the one that breaks a property
// has a cross, and no dot.
func (m *Model) historyLines(b box) []string {
	l, step := m.t.Line(), m.t.Step()
	if l.Result() == nil {
		return []string{"the run is being judged …"}
	}
	ops := l.Operations(step, b.height)
	if len(ops) == 0 {
		return []string{"no client has asked anything yet"}
	}
	first := ops[0].Invoke
	for _, o := range ops {
		first = min(first, o.Invoke)
	}
	name := max(12, b.width*2/5)
	width := max(4, b.width-name-1)
	place := func(at int) int { return (at - first) * (width - 1) / max(1, step-first) }
	var lines []string
	for _, o := range ops {
		end, point := step, -1
		if o.Return > 0 {
			end = o.Return
		}
		if o.Point > 0 {
			point = place(o.Point)
		}
		lines = append(lines, m.operationLine(&o, name, [3]int{place(o.Invoke), point, place(end)}, width))
	}
	return lines
}

// operationLine draws a bar: where it begins, where it may have taken effect (a
// dot; nowhere if that is -1), and where it ends.
func (m *Model) operationLine(o *timeline.Operation, name int, places [3]int, width int) string {
	from, point, to := places[0], places[1], places[2]
	end, fillWith := '┤', "─"
	switch {
	case o.Outcome == "":
		end, fillWith = '…', "┄"
	case o.Failed:
		end = '✗'
	case o.Unknown:
		end, fillWith = '?', "┄"
	}
	bar := []rune(strings.Repeat(" ", width))
	for i := from; i <= to && i < width; i++ {
		bar[i] = []rune(fillWith)[0]
	}
	bar[from] = '├'
	bar[min(to, width-1)] = end
	if point >= from && point < width {
		bar[point] = '●'
	}
	text := o.Client + " " + o.Text
	if o.Outcome != "" {
		text += " → " + o.Outcome
	}
	if o.Offends != "" {
		return m.theme.violated.Render(fit(glyphViolated+" "+text, name)) + " " + m.theme.violated.Render(string(bar))
	}
	return fit("  "+text, name) + " " + m.theme.client.Render(string(bar))
}

// diffBase is what the world is compared with: a mark, a line at the same time, or
// the step before.
type diffBase struct {
	mark string
	line *timeline.Line
}

// diffCache keeps the last comparison.
type diffCache struct {
	at    timeline.Position
	base  timeline.Position
	lines []string
	width int
}

// nextBase compares with the next thing that there is to compare with.
func (m *Model) nextBase() {
	all := []diffBase{{}}
	for _, name := range m.t.Marks() {
		all = append(all, diffBase{mark: name})
	}
	for _, l := range m.t.Branches() {
		if l != m.t.Line() {
			all = append(all, diffBase{line: l})
		}
	}
	at := 0
	for i, base := range all {
		if base == m.base {
			at = i + 1
		}
	}
	m.base = all[at%len(all)]
}

func (m *Model) baseText() string {
	switch {
	case m.base.mark != "":
		return "mark " + m.base.mark
	case m.base.line != nil:
		return m.base.line.Name
	}
	return "the step before"
}

// basePosition is where the world of the comparison is.
func (m *Model) basePosition() timeline.Position {
	here := m.t.At()
	if m.base.mark != "" {
		p, _ := m.t.Marked(m.base.mark)
		return p
	}
	if l := m.base.line; l != nil {
		return timeline.Position{Line: l, Step: l.StepAt(here.Line.Time(here.Step) + 1)}
	}
	return timeline.Position{Line: here.Line, Step: here.Step - 1}
}

func (m *Model) differenceLines(b box) []string {
	base := m.basePosition()
	if base.Step < 0 {
		return folded("This is the start: there is no step before.", b.width)
	}
	if m.diff.at == m.t.At() && m.diff.base == base && m.diff.width == b.width {
		return m.diff.lines
	}
	var before *sim.World
	var only []protocols.NodeID
	if m.base == (diffBase{}) {
		before, only = m.t.Before(), m.t.Touched()
	} else {
		before = m.t.WorldAt(base)
	}
	lines := m.changeLines(timeline.Difference(before, m.t.World(), only), b.width)
	m.diff = diffCache{m.t.At(), base, lines, b.width}
	return lines
}
