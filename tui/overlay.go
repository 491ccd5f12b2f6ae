package tui

import (
	"fmt"
	"strings"

	"charm.land/bubbles/v2/textinput"
	tea "charm.land/bubbletea/v2"

	"quorumlab/tui/timeline"
)

// overlay is what lies over the body of the screen and gets the keys: a list to
// choose from, a text to read, a line to type.
type overlay interface {
	press(m *Model, key tea.KeyPressMsg) tea.Cmd
	// lines fills a box of a size; the first of them is a heading.
	lines(m *Model, width, height int) []string
	// hint is the footer while it is there.
	hint() string
}

// choice is one entry of a chooser; why says why it cannot be chosen, if not "".
type choice struct {
	text, why string
	then      func(m *Model) tea.Cmd
}

// chooser is a list of which one entry is chosen.
type chooser struct {
	title   string
	choices []choice
	at      int
	// other takes keys that a list does not know; nil if none do anything.
	other func(m *Model, c *chooser, key string) (cmd tea.Cmd, done bool)
	keys  string // what they do, for the footer
}

func (c *chooser) press(m *Model, msg tea.KeyPressMsg) tea.Cmd {
	key := msg.String()
	if c.other != nil {
		if cmd, done := c.other(m, c, key); done {
			return cmd
		}
	}
	switch {
	case key == "j" || key == "down":
		c.at = min(c.at+1, len(c.choices)-1)
	case key == "k" || key == "up":
		c.at = max(c.at-1, 0)
	case key == "g" || key == "home":
		c.at = 0
	case key == "G" || key == "end":
		c.at = len(c.choices) - 1
	case key == "esc" || key == "q":
		m.overlay = nil
	case key == "enter":
		return c.choose(m)
	case len(key) == 1 && key >= "1" && key <= "9" && int(key[0]-'0') <= len(c.choices):
		c.at = int(key[0] - '1')
		return c.choose(m)
	}
	return nil
}

func (c *chooser) choose(m *Model) tea.Cmd {
	if c.at >= len(c.choices) {
		return nil
	}
	one := c.choices[c.at]
	if one.why != "" {
		m.message = "not possible: " + one.why
		return nil
	}
	m.overlay = nil
	return one.then(m)
}

func (c *chooser) lines(m *Model, width, height int) []string {
	lines := []string{m.theme.title.Render(c.title)}
	first := max(0, min(c.at-(height-2)/2, len(c.choices)-(height-1)))
	for i := first; i < len(c.choices) && len(lines) < height; i++ {
		one := c.choices[i]
		text := fmt.Sprintf("%d %s", i+1, one.text)
		if i > 8 {
			text = "  " + one.text
		}
		if one.why != "" {
			text += " – " + one.why
		}
		lines = append(lines, m.line(text, i == c.at, one.why != "", width))
	}
	return lines
}

func (c *chooser) hint() string {
	return "j k choose  enter take  esc leave" + c.keys
}

// line is one entry of a list: a pointer and inverse colours show the one that is
// selected, a cross the one that is not possible.
func (m *Model) line(text string, selected, impossible bool, width int) string {
	lead := "  "
	switch {
	case selected && impossible:
		lead = "▸×"
	case selected:
		lead = "▸ "
	case impossible:
		lead = " ×"
	}
	text = fit(lead+text, width)
	switch {
	case selected:
		return m.theme.selected.Render(text)
	case impossible:
		return m.theme.faint.Render(text)
	}
	return text
}

// reader is a text to read.
type reader struct {
	title, text string
	top         int
}

func (r *reader) press(m *Model, msg tea.KeyPressMsg) tea.Cmd {
	switch msg.String() {
	case "j", "down":
		r.top++
	case "k", "up":
		r.top = max(0, r.top-1)
	default:
		m.overlay = nil
	}
	return nil
}

func (r *reader) lines(m *Model, width, height int) []string {
	all := folded(r.text, width)
	r.top = max(0, min(r.top, len(all)-height+1))
	return append([]string{m.theme.title.Render(r.title)}, all[r.top:]...)
}

func (r *reader) hint() string { return "j k scroll  any other key: back" }

// letter waits for the name of a mark.
type letter struct {
	title string
	then  func(m *Model, name string)
}

func (l *letter) press(m *Model, msg tea.KeyPressMsg) tea.Cmd {
	m.overlay = nil
	if key := msg.String(); len(key) == 1 {
		l.then(m, key)
	}
	return nil
}

func (l *letter) lines(m *Model, _, _ int) []string {
	lines := []string{m.theme.title.Render(l.title)}
	if m.c != nil {
		for _, name := range m.c.Marks() {
			p, _ := m.c.Marked(name)
			lines = append(lines, fmt.Sprintf("  %s  step %d of %s", name, p.Step, p.Line.Name))
		}
		return lines
	}
	for _, name := range m.t.Marks() {
		p, _ := m.t.Marked(name)
		lines = append(lines, fmt.Sprintf("  %s  step %d of %s", name, p.Step, p.Line.Name))
	}
	return lines
}

func (l *letter) hint() string { return "a letter  esc leave" }

// prompt is a line to type. It takes the footer; the screen stays as it is.
type prompt struct {
	input textinput.Model
	then  func(m *Model, text string) tea.Cmd
}

// ask has a line typed.
func (m *Model) ask(lead, text string, then func(*Model, string) tea.Cmd) tea.Cmd {
	input := textinput.New()
	input.Prompt = lead
	input.SetValue(text)
	input.SetVirtualCursor(true)
	input.Focus() // its command would have the cursor blink
	m.overlay = &prompt{input: input, then: then}
	return nil
}

func (p *prompt) press(m *Model, msg tea.KeyPressMsg) tea.Cmd {
	switch msg.String() {
	case "esc":
		m.overlay = nil
		return nil
	case "enter":
		m.overlay = nil
		return p.then(m, strings.TrimSpace(p.input.Value()))
	}
	p.typed(msg)
	return nil
}

// typed takes up a key, or what was pasted.
func (p *prompt) typed(msg tea.Msg) { p.input, _ = p.input.Update(msg) }

func (p *prompt) lines(*Model, int, int) []string { return nil }

func (p *prompt) hint() string { return "" }

// revealed shows the answer to a question beside a prediction, and asks whether
// that was right.
type revealed struct {
	line       *timeline.Line
	cue        timeline.Cue
	prediction string
}

func (r *revealed) press(m *Model, msg tea.KeyPressMsg) tea.Cmd {
	reply := timeline.Reply{Prediction: r.prediction}
	switch msg.String() {
	case "y":
		reply.Right = true
	case "n":
	case "s", "esc":
		reply.Skipped = true
	default:
		return nil
	}
	m.overlay = nil
	m.quiz.Answer(r.line, r.cue, reply)
	right, answered := m.quiz.Score()
	m.message = fmt.Sprintf("predicted right: %d of %d", right, answered)
	return nil
}

func (r *revealed) lines(m *Model, width, _ int) []string {
	lines := []string{m.theme.title.Render("asked: ") + r.cue.Text}
	text := answerText(r.cue, timeline.Reply{Prediction: r.prediction})
	return append(append(folded(lines[0], width), ""), folded(text, width)...)
}

func (r *revealed) hint() string { return "were you right?  y yes  n no  s skip (not counted)" }

// help is the list of all keys, of which typing shows a part.
type help struct {
	filter string
	top    int
}

func (h *help) press(m *Model, msg tea.KeyPressMsg) tea.Cmd {
	switch key := msg.String(); {
	case key == "esc", key == "enter", key == "?":
		m.overlay = nil
	case key == "down" || key == "pgdown":
		h.top++
	case key == "up" || key == "pgup":
		h.top = max(0, h.top-1)
	case key == "backspace":
		if n := len(h.filter); n > 0 {
			h.filter = h.filter[:n-1]
		}
	case msg.Text != "":
		h.filter += msg.Text
		h.top = 0
	}
	return nil
}

func (h *help) lines(m *Model, width, height int) []string {
	lines := []string{m.theme.title.Render("keys") + "  type to filter: " + h.filter + "▏"}
	area := ""
	for _, b := range keyMap {
		if m.c != nil && !inCourse(b.act) {
			continue
		}
		if !strings.Contains(strings.ToLower(b.show+" "+b.help), strings.ToLower(h.filter)) {
			continue
		}
		if b.area != area {
			area = b.area
			lines = append(lines, m.theme.faint.Render(area))
		}
		lines = append(lines, "  "+m.theme.key.Render(fit(b.show, 8))+" "+b.help)
	}
	h.top = max(0, min(h.top, len(lines)-height))
	return append(lines[:1:1], lines[min(len(lines), 1+h.top):]...)
}

func (h *help) hint() string { return "type to filter  ↓ ↑ scroll  esc back" }
