package tui

import (
	"strconv"
	"time"

	tea "charm.land/bubbletea/v2"

	"quorumlab/protocols"
	"quorumlab/sim/trace"
	"quorumlab/tui/timeline"
)

// press takes up a key.
func (m *Model) press(msg tea.KeyPressMsg) tea.Cmd {
	key := msg.String()
	if key == "ctrl+c" {
		return m.quit()
	}
	m.message = "" // what was said has been read
	if m.overlay != nil {
		return m.overlay.press(m, msg)
	}
	if m.t == nil && m.c == nil {
		if actOf(key) == actQuit {
			return m.quit()
		}
		return nil
	}
	if pause := m.now().Sub(m.typed); pause > countLasts || pause > digitsWithin && isDigit(key) {
		m.count = ""
	}
	if m.digit(key) {
		return nil
	}
	n := m.counted(actOf(key))
	if cmd, done := m.walk(actOf(key), n); done {
		return cmd
	}
	if m.c != nil {
		return m.pressCourse(actOf(key))
	}
	if cmd, done := m.acts(actOf(key), n); done {
		return cmd
	}
	return m.looks(actOf(key))
}

func (m *Model) quit() tea.Cmd {
	m.stop()
	switch {
	case m.t != nil && m.options.Again != nil:
		m.ended = m.options.Again(m.origin(), m.options.Subject)
	case m.c != nil && m.options.AgainCourse != nil:
		m.ended = m.options.AgainCourse(m.courseOrigin())
	}
	return tea.Quit
}

// origin is where one stands or, on a branch, where that leaves the planned run:
// what a command line can come back to.
func (m *Model) origin() timeline.Position {
	p := m.t.At()
	for p.Line.Parent != nil {
		p = timeline.Position{Line: p.Line.Parent, Step: min(p.Step, p.Line.Fork)}
	}
	return p
}

// countLasts is how long a number that was typed waits for its key, digitsWithin how
// long a digit waits for another: later, each chooses a panel.
const (
	countLasts   = 1500 * time.Millisecond
	digitsWithin = 600 * time.Millisecond
)

func isDigit(key string) bool { return len(key) == 1 && key[0] >= '0' && key[0] <= '9' }

// digit takes up a digit of a count. A single digit chooses a panel, too, until
// it turns out to have been a count.
func (m *Model) digit(key string) bool {
	if !isDigit(key) || key == "0" && m.count == "" {
		return false
	}
	m.typed = m.now()
	m.count += key
	switch {
	case len(m.count) == 1:
		m.before = m.focus
		if key <= "6" {
			m.attend(panel(key[0] - '0'))
		}
	case len(m.count) == 2:
		m.attend(m.before)
	case len(m.count) > 7:
		m.count = ""
	}
	return true
}

// counted returns the number that was typed, 0 if none was, and forgets it. If a
// panel was chosen by its only digit, and that was meant as a count, the panel
// before has the focus again.
func (m *Model) counted(a act) int {
	n, _ := strconv.Atoi(m.count)
	single := len(m.count) == 1
	m.count = ""
	switch a {
	case actForward, actBack, actEnd, actPageDown, actPageUp, actCrash, actRestart:
		if single {
			m.attend(m.before)
		}
		return n
	}
	return 0
}

// walk does what moves.
func (m *Model) walk(a act, n int) (cmd tea.Cmd, done bool) {
	half := max(1, m.layout.body/2)
	switch a {
	case actForward:
		m.Move(max(n, 1))
	case actBack:
		m.Move(-max(n, 1))
	case actPageDown:
		m.Move(half * max(n, 1))
	case actPageUp:
		m.Move(-half * max(n, 1))
	case actDown:
		m.down(1)
	case actUp:
		m.down(-1)
	case actStart:
		m.goTo(0)
	case actEnd:
		if n == 0 {
			n = m.lastStep()
		}
		m.goTo(n)
	case actNextViolation, actLastViolation:
		m.violation(a == actNextViolation)
	case actPlay:
		return m.play(), true
	case actFaster:
		m.speed = min(m.speed+1, len(speeds)-1)
	case actSlower:
		m.speed = max(m.speed-1, 0)
	default:
		return nil, false
	}
	if a != actFaster && a != actSlower {
		m.playing = false
	}
	return nil, true
}

// down moves within the panel that has the focus.
func (m *Model) down(by int) {
	switch m.focus {
	case panelDiagram:
		m.Move(by)
	case panelInbox:
		m.selected = max(0, min(m.selected+by, m.selectable()-1))
	default:
		m.scroll[m.focus] = max(0, m.scroll[m.focus]+by)
	}
}

// selectable is how many items the inbox has.
func (m *Model) selectable() int {
	if m.c != nil {
		return len(m.c.Line().Choices(m.c.Step()))
	}
	return len(m.inbox())
}

func (m *Model) violation(forward bool) {
	if m.c != nil {
		m.courseViolation(forward)
		return
	}
	line := m.t.Line()
	if line.Result() == nil {
		m.message = "the run is being judged; a moment"
		return
	}
	v, ok := line.NextViolation(m.t.Step(), forward)
	switch {
	case ok:
		m.t.Go(v.First)
	case len(line.Violations()) == 0:
		m.message = "nothing is violated in this run"
	default:
		m.message = "no violation that way; v and V go to and fro"
	}
}

// play begins to play, or stops.
func (m *Model) play() tea.Cmd {
	m.playing = !m.playing
	m.plays++
	if !m.playing {
		return nil
	}
	if m.stepNow() == m.lastStep() {
		m.goTo(0)
	}
	return m.tickLater()
}

func (m *Model) tickLater() tea.Cmd {
	plays := m.plays
	return tea.Tick(time.Second/time.Duration(speeds[m.speed]), func(time.Time) tea.Msg { return tickMsg{plays} })
}

// tick plays a step. It stops at the end, at a violation, and at a question that
// is not answered yet.
func (m *Model) tick(msg tickMsg) tea.Cmd {
	if !m.playing || msg.plays != m.plays {
		return nil
	}
	m.Move(1)
	if m.c != nil {
		if m.playing = m.c.Step() < m.c.Line().Len() && m.courseReason() == nil; m.playing {
			return m.tickLater()
		}
		return nil
	}
	step := m.t.Step()
	cue, told := m.t.Line().CueAt(step)
	_, answered := m.quiz.Answered(m.t.Line(), cue)
	asks := told && cue.Step == step && cue.Answer != "" && !answered
	if asks || step == m.t.Line().Len() || m.reason() != nil {
		m.playing = false
		return nil
	}
	return m.tickLater()
}

// acts does what makes a branch, or undoes it.
func (m *Model) acts(a act, n int) (cmd tea.Cmd, done bool) {
	verbs := map[act]timeline.Verb{
		actEnter: timeline.Deliver, actDrop: timeline.Drop, actDuplicate: timeline.Duplicate, actDelay: timeline.Delay,
	}
	verb, isVerb := verbs[a]
	m.playing = m.playing && a == actNone
	switch {
	case isVerb && m.focus == panelInbox:
		return m.withItem(verb), true
	case a == actDrop || a == actDuplicate || a == actDelay:
		m.message = "choose an item in the inbox first (1)"
		return nil, true
	case a == actCrash:
		return m.onNode("crash", n, m.t.Crash), true
	case a == actRestart:
		return m.onNode("restart", n, m.t.Restart), true
	case a == actPartition:
		m.overlay = newPartitionChooser(m)
	case a == actHeal:
		deed, why := m.t.Heal()
		return m.do(deed, why), true
	case a == actPrevent:
		return m.prevent(), true
	case a == actUndo || a == actRedo:
		m.undo(a == actUndo)
		return m.search(), true
	default:
		return nil, false
	}
	return nil, true
}

func (m *Model) undo(back bool) {
	m.message = ""
	move := m.t.Redo
	if back {
		move = m.t.Undo
	}
	if !move() {
		m.message = "there is nothing to undo or redo"
	}
	m.refilter()
}

// withItem does something with the item that is selected.
func (m *Model) withItem(verb timeline.Verb) tea.Cmd {
	items := m.inbox()
	if m.selected >= len(items) {
		m.message = "nothing is to come"
		return nil
	}
	return m.do(items[m.selected].Deed(verb))
}

// onNode does something with a node: the one that was counted, or one that is
// chosen.
func (m *Model) onNode(title string, n int, deed func(protocols.NodeID) (trace.Deed, string)) tea.Cmd {
	if n >= 1 && n <= len(m.t.World().Nodes) {
		return m.do(deed(protocols.NodeID(n)))
	}
	m.overlay = newNodeChooser(m, title, deed)
	return nil
}

// prevent keeps the last planned fault before where one stands from happening.
func (m *Model) prevent() tea.Cmd {
	line := m.t.Line()
	for step := m.t.Step(); step > 0; step-- {
		if !line.Faulty(step) {
			continue
		}
		if p, deed, ok := line.Prevent(step); ok {
			m.message = ""
			return m.execute(p, deed)
		}
	}
	m.message = "no planned fault has struck yet: in the inbox x keeps one from happening that is to come"
	return nil
}

// do does something where one stands or, if it cannot be done, says why.
func (m *Model) do(deed trace.Deed, why string) tea.Cmd {
	if why != "" {
		m.message = "not possible: " + why
		return nil
	}
	return m.execute(m.t.At(), deed)
}

// execute makes a branch in the background.
func (m *Model) execute(p timeline.Position, deed trace.Deed) tea.Cmd {
	m.playing = false
	draft := m.t.Draft(p, deed)
	ctx, generation := m.begin("executing the branch")
	return func() tea.Msg {
		line, err := draft.Execute(ctx)
		return draftedMsg{generation, line, err}
	}
}
