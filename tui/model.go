package tui

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	tea "charm.land/bubbletea/v2"

	"quorumlab/scenarios/language"
	"quorumlab/tui/course"
	"quorumlab/tui/timeline"
)

// Model is the screen and what it shows.
type Model struct {
	options Options
	ctx     context.Context
	theme   theme
	t       *timeline.Timeline // nil while a lesson is being chosen, or executed
	c       *course.Course     // in the place of t, of a run that is no world's; else nil
	quiz    timeline.Quiz

	width, height int
	layout        layout
	// focus is the panel that keys go to; shown the one beside the inbox.
	focus, shown panel
	zoomed       bool
	scroll       map[panel]int
	// count is the number typed before a key; before is the panel that had the
	// focus before its first digit, which chose another.
	count  string
	before panel
	typed  time.Time // when its last digit was
	now    func() time.Time

	items    []timeline.Item // the inbox where one stands
	itemsAt  timeline.Position
	selected int
	node     int // whose inbox is shown; 0: of all nodes

	playing bool
	speed   int // place in speeds
	plays   int // counts the times that playing was begun, to know a stale tick
	// work is what is under way, if anything.
	work work
	// found are the steps that the filter lets through, if there is one.
	filter  string
	found   []int
	hashing bool // a hash is on its way
	base    diffBase
	diff    diffCache
	overlay overlay
	message string
	ended   string // what is said when the screen is left
}

// work is what goes on in the background.
type work struct {
	what       string // "" if nothing does
	generation int    // of the latest; what an earlier one brings comes too late
	cancel     context.CancelFunc
}

// speeds are how many steps a second are played.
var speeds = []int{1, 2, 5, 10, 20, 50, 100, 500}

// NewModel returns the screen at its start.
func NewModel(ctx context.Context, options Options) *Model {
	m := &Model{
		ctx: ctx, options: options, theme: newTheme(true), width: 80, height: 24, speed: 2, now: time.Now,
		focus: panelInbox, shown: panelDiagram, scroll: map[panel]int{},
	}
	m.divide()
	return m
}

// Init implements tea.Model.
func (m *Model) Init() tea.Cmd {
	if len(m.options.Lessons) > 0 {
		m.overlay = &lessonPicker{lessons: m.options.Lessons}
		return tea.RequestBackgroundColor
	}
	if m.options.Course != nil {
		return tea.Batch(tea.RequestBackgroundColor, m.openCourse())
	}
	return tea.Batch(tea.RequestBackgroundColor, m.open())
}

// The messages of the commands. Each but the last has the generation of its work.
type (
	openedMsg struct {
		generation int
		t          *timeline.Timeline
		err        error
	}
	draftedMsg struct {
		generation int
		line       *timeline.Line
		err        error
	}
	foundMsg struct {
		generation int
		steps      []int
		err        error
	}
	savedMsg struct {
		generation int
		file       string
		err        error
	}
	judgedMsg struct {
		line      *timeline.Line
		judgement *timeline.Judgement
		err       error
	}
	verifiedMsg struct{ err error }
	tickMsg     struct{ plays int }
	hashMsg     struct{ at timeline.Position }
)

// begin starts work in the background, in the place of any other.
func (m *Model) begin(what string) (ctx context.Context, generation int) {
	m.stop()
	ctx, m.work.cancel = context.WithCancel(m.ctx)
	m.work.what = what
	return ctx, m.work.generation
}

// stop ends the work in the background: what it brings is thrown away.
func (m *Model) stop() {
	if m.work.cancel != nil {
		m.work.cancel()
	}
	m.work = work{generation: m.work.generation + 1}
}

// current tells whether what some work brings is still wanted, and ends it.
func (m *Model) current(generation int) bool {
	if generation != m.work.generation {
		return false
	}
	m.work.what = ""
	return true
}

// open opens the subject.
func (m *Model) open() tea.Cmd {
	ctx, generation := m.begin("executing " + m.options.Subject.Scenario.Name)
	subject, run := m.options.Subject, m.options.Run
	return func() tea.Msg {
		t, err := timeline.New(ctx, subject, run)
		return openedMsg{generation, t, err}
	}
}

// Update implements tea.Model.
func (m *Model) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	cmd := m.update(msg)
	return m, tea.Batch(cmd, m.hashLater())
}

// hashLater has the world hashed that is shown, if that takes a while, as soon as
// somebody stands still.
func (m *Model) hashLater() tea.Cmd {
	if m.t == nil || m.hashing {
		return nil
	}
	if _, known := m.t.Hashed(); known {
		return nil
	}
	m.hashing = true
	at := m.t.At()
	return tea.Tick(standsStill, func(time.Time) tea.Msg { return hashMsg{at} })
}

const standsStill = 60 * time.Millisecond

func (m *Model) update(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		m.width, m.height = max(msg.Width, 1), max(msg.Height, 1)
		m.divide()
	case tea.BackgroundColorMsg:
		m.theme = newTheme(msg.IsDark())
	case tea.KeyPressMsg:
		return m.press(msg)
	case tea.MouseWheelMsg:
		if (m.t != nil || m.c != nil) && m.overlay == nil {
			m.Move(map[bool]int{true: -1, false: 1}[msg.Button == tea.MouseWheelUp])
		}
	case tea.PasteMsg:
		if o, ok := m.overlay.(*prompt); ok {
			o.typed(msg)
		}
	default:
		return m.arrived(msg)
	}
	return nil
}

// arrived takes up what the background brings.
func (m *Model) arrived(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case openedMsg:
		return m.opened(msg)
	case courseMsg:
		return m.openedCourse(msg)
	case draftedMsg:
		return m.drafted(msg)
	case judgedMsg:
		if msg.err == nil && msg.line.Result() == nil {
			msg.line.Judged(msg.judgement)
			m.standAtViolation(msg.line)
			m.compareVerdicts(msg.line)
		}
	case verifiedMsg:
		m.message = "the trace is reproduced, to the same hash"
		if msg.err != nil {
			m.message = "NOT reproduced: " + msg.err.Error()
		}
	case foundMsg:
		m.finished(msg)
	case savedMsg:
		if m.current(msg.generation) {
			m.message = "written: " + msg.file
			if msg.err != nil {
				m.message = "not written: " + msg.err.Error()
			}
		}
	case tickMsg:
		return m.tick(msg)
	case hashMsg:
		if m.hashing = false; msg.at == m.t.At() {
			m.t.Hash()
		}
	}
	return nil
}

func (m *Model) opened(msg openedMsg) tea.Cmd {
	if !m.current(msg.generation) {
		return nil
	}
	if msg.err != nil {
		m.ended = "error: " + msg.err.Error()
		return tea.Quit
	}
	m.t = msg.t
	m.attend(panelDiagram)
	if step, err := strconv.Atoi(m.options.At); err == nil {
		m.t.Go(step)
	}
	cmds := []tea.Cmd{m.judge(m.t.Line())}
	if verify := m.options.Verify; verify != nil {
		m.options.Verify = nil // it holds the whole file
		ctx := m.ctx
		cmds = append(cmds, func() tea.Msg { return verifiedMsg{verify(ctx)} })
	}
	return tea.Batch(cmds...)
}

// judge has a line judged in the background: its verdicts come a little later.
func (m *Model) judge(l *timeline.Line) tea.Cmd {
	if l.Result() != nil {
		return nil
	}
	ctx, judging := m.ctx, l.Judging()
	return func() tea.Msg {
		judgement, err := judging(ctx)
		return judgedMsg{l, judgement, err}
	}
}

// standAtViolation goes to the first violation, if that is where one wants to be.
func (m *Model) standAtViolation(l *timeline.Line) {
	if m.options.At != AtViolation || m.t.Line() != l {
		return
	}
	m.options.At = ""
	if v, ok := l.NextViolation(0, true); ok {
		m.t.Go(v.First)
	} else {
		m.message = "nothing is violated in this run"
	}
}

// compareVerdicts says what a branch changed in the verdicts.
func (m *Model) compareVerdicts(l *timeline.Line) {
	if l.Parent == nil || m.t.Line() != l {
		return
	}
	was, is := l.Parent.Violations(), l.Violations()
	switch {
	case len(is) > 0:
		m.message = fmt.Sprintf("%s %s: %s is violated at step %d (v goes there, z back)", glyphViolated, l.Name, is[0].Property, is[0].First)
	case len(was) > 0:
		m.message = fmt.Sprintf("%s %s: nothing is violated any more; %s violates %s", glyphHolds, l.Name, l.Parent.Name, was[0].Property)
	}
}

func (m *Model) drafted(msg draftedMsg) tea.Cmd {
	if !m.current(msg.generation) {
		return nil
	}
	switch {
	case errors.Is(msg.err, timeline.ErrImpossible):
		m.message = "nothing happens: " + msg.err.Error()
		return nil
	case msg.err != nil:
		m.message = msg.err.Error()
		return nil
	}
	known := msg.line.Number != 0
	m.t.Adopt(msg.line)
	m.refilter()
	if l := msg.line; l.Parent != nil && !known {
		m.message = fmt.Sprintf("%s leaves %s after step %d (z: back)", l.Name, l.Parent.Name, l.Fork)
	}
	return tea.Batch(m.judge(msg.line), m.search())
}

// Move moves by some steps, or by so many of those that the filter lets through.
func (m *Model) Move(by int) {
	m.message = ""
	if m.filter == "" {
		m.goTo(m.stepNow() + by)
		return
	}
	for ; by > 0; by-- {
		m.goTo(nextOf(m.found, m.stepNow(), m.lastStep()))
	}
	for ; by < 0; by++ {
		m.goTo(lastOf(m.found, m.stepNow()))
	}
}

// goTo goes to a step of the line, stepNow tells after which one stands, lastStep
// how many there are.
func (m *Model) goTo(step int) {
	if m.c != nil {
		m.c.Go(step)
		return
	}
	m.t.Go(step)
}

func (m *Model) stepNow() int {
	if m.c != nil {
		return m.c.Step()
	}
	return m.t.Step()
}

func (m *Model) lastStep() int {
	if m.c != nil {
		return m.c.Line().Len()
	}
	return m.t.Line().Len()
}

// nextOf returns the first of growing numbers above one; lastOf the last below.
func nextOf(all []int, than, otherwise int) int {
	for _, n := range all {
		if n > than {
			return n
		}
	}
	return otherwise
}

func lastOf(all []int, than int) int {
	best := 0
	for _, n := range all {
		if n < than {
			best = n
		}
	}
	return best
}

// divide lays the screen out anew.
func (m *Model) divide() {
	m.layout = divide(m.width, m.height, m.focus, m.shown, m.zoomed)
	if _, there := m.layout.boxOf(m.focus); !there {
		m.shown = m.focus
		m.layout = divide(m.width, m.height, m.focus, m.shown, m.zoomed)
	}
}

// attend gives a panel the focus, and a place on the screen.
func (m *Model) attend(p panel) {
	m.focus = p
	if p != panelInbox {
		m.shown = p
	}
	m.divide()
}

// inbox returns the items of the inbox that is shown, remembered as long as one
// stands where one stood.
func (m *Model) inbox() []timeline.Item {
	if m.itemsAt != m.t.At() {
		m.items, m.itemsAt = m.t.Inbox(), m.t.At()
		m.selected = 0
	}
	if m.node == 0 {
		return m.items
	}
	var all []timeline.Item
	for _, i := range m.items {
		if int(i.Node) == m.node || i.Kind == timeline.Planned {
			all = append(all, i)
		}
	}
	return all
}

// ExpectsViolation tells whether in a run something is expected to be violated.
func ExpectsViolation(run *language.Run) bool {
	for _, v := range run.Expect.Properties {
		if v == language.Violated {
			return true
		}
	}
	return false
}
