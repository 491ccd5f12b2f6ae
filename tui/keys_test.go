package tui

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"quorumlab/protocols"
	"quorumlab/scenarios"
	"quorumlab/sim"
)

// at fails unless one stands after a step.
func (s *screen) at(step int) {
	s.Helper()
	if s.t.Step() != step {
		s.Errorf("one stands after step %d, want %d", s.t.Step(), step)
	}
}

func TestKeysWalk(t *testing.T) {
	s := show(t, "cap-partition", 1, 80, 24)
	last := s.t.Line().Len()
	for _, test := range []struct {
		keys string
		want int
	}{
		{"l", 1},
		{"n", 2},
		{"right", 3},
		{"h", 2},
		{"p", 1},
		{"left", 0},
		{"10l", 10},
		{"3h", 7},
		{"j", 8},
		{"k", 7},
		{"down", 8},
		{"up", 7},
		{"G", last},
		{"g", 0},
		{"40G", 40},
		{"ctrl+u", 31},
		{"ctrl+d", 40},
		{"2l", 42},
	} {
		if len(test.keys) < 4 && codes[test.keys] == 0 {
			for _, key := range test.keys {
				s.press(string(key))
			}
		} else {
			s.press(test.keys)
		}
		if s.t.Step() != test.want {
			t.Errorf("%s leads to step %d, want %d", test.keys, s.t.Step(), test.want)
		}
	}
	if s.focus != panelDiagram {
		t.Errorf("the digits of counts have given panel %d the focus", s.focus)
	}
}

// TestDigitChoosesAPanel, and is no count any more when some time has passed.
func TestDigitChoosesAPanel(t *testing.T) {
	s := show(t, "cap-partition", 1, 80, 24)
	now := time.Unix(0, 0)
	s.now = func() time.Time { return now }
	for i, name := range []string{"1 inbox", "2 diagram", "3 inspector", "4 difference", "5 history", "6 verdicts"} {
		s.press(string(rune('1' + i)))
		s.shows("═ " + name)
		now = now.Add(2 * time.Second)
	}
	s.press("l")
	s.at(1)
	if s.focus != panelVerdicts {
		t.Errorf("a step gave panel %d the focus", s.focus)
	}
	s.press("tab")
	s.shows("═ 1 inbox")
	s.press("tab", "+")
	if len(s.layout.visible()) != 1 {
		t.Errorf("zoomed, there are panels %v", s.layout.visible())
	}
	s.press("+")
	if len(s.layout.visible()) != 2 {
		t.Errorf("not zoomed any more, there are panels %v", s.layout.visible())
	}
}

// TestLesson is what a newcomer does: to the violation, why it is one, the cut kept
// from happening, and there is none any more.
func TestLesson(t *testing.T) {
	s := show(t, "cap-partition", 1, 80, 24).press("v")
	s.shows(`returned "V0", but write "V1" by A at N1`)
	s.shows("violated: ✗ linearizable")
	s.press("t")
	s.shows("linearizable is violated (as expected)")
	s.press("esc", "X")
	s.shows("✓ branch 1: nothing is violated any more; figure-3-answer violates linearizable")
	s.press("G")
	if v := s.t.Line().Violations(); len(v) > 0 {
		t.Errorf("found %+v", v)
	}
	s.press("z")
	s.shows("cap-partition/figure-3-answer  ")
	s.press("v", "V", "v")
	s.press("v")
	s.shows("no violation that way")
	s.press("ctrl+r")
	s.shows("⑂ branch 1")
	s.press("b")
	s.shows("from figure-3-answer after step 12")
	s.press("k", "enter")
	s.shows("cap-partition/figure-3-answer  ")
}

// TestPlan keeps a planned fault from happening by the inbox.
func TestPlan(t *testing.T) {
	s := show(t, "cap-partition", 1, 80, 24).press("1", "j", "j")
	s.shows("▸ ! cut N1 | N2")
	s.press("enter")
	s.shows("not possible: it comes when it is due")
	s.press("x")
	s.shows("nothing is violated any more")
	s.press("R")
	s.shows("cap-partition/figure-3-block  ")
	s.press("R")
	s.shows("cap-partition/figure-1-2  ")
}

func TestKeysAct(t *testing.T) {
	s := show(t, "cap-partition", 1, 80, 24)
	s.press("4l", "c")
	s.shows("crash which node?")
	s.press("j", "enter")
	s.at(5)
	if s.t.World().Nodes[1].Up {
		t.Error("N2 is up")
	}
	s.press("c", "2")
	s.shows("not possible: N2 is down already")
	s.press("esc", "r", "2")
	s.at(6)
	if !s.t.World().Nodes[1].Up {
		t.Error("N2 is down")
	}
	s.press("1", "c") // a number before it is the node
	s.at(7)
	if s.t.World().Nodes[0].Up {
		t.Error("N1 is up")
	}
	s.press("z")
	s.at(6)
	s.press("H")
	s.shows("not possible: nothing is cut")
	s.press("P")
	s.shows("N1 (leads) is in group A")
	s.press("j", "enter")
	s.shows("N2 is in group B")
	s.press("j", "enter")
	s.shows("╳")
	if s.t.World().Network.Reachable(1, 2) {
		t.Error("N1 reaches N2")
	}
	s.press("H")
	if !s.t.World().Network.Reachable(1, 2) {
		t.Error("healed, N1 does not reach N2")
	}
}

// TestInboxOfDatagrams does to messages whatever a network may do.
func TestInboxOfDatagrams(t *testing.T) {
	s := show(t, "quorum-rw", 0, 80, 24)
	for !hasMessage(s) && s.t.Step() < s.t.Line().Len() {
		s.press("2", "l")
	}
	at := s.t.At()
	for key, kind := range map[string]sim.Kind{"enter": sim.Deliver, "x": sim.Drop, "D": sim.Duplicate} {
		s.t.GoTo(at)
		s.press("1")
		selectMessage(s)
		s.press(key)
		if made := s.t.Made(); s.t.Line() == at.Line || made == nil || made.Choice.Kind != kind {
			t.Errorf("%s: made was %+v on %s", key, made, s.t.Line().Name)
		}
	}
	s.t.GoTo(at)
	s.press("1")
	selectMessage(s)
	s.press("w")
	deeds := s.t.Line().Deeds
	if s.t.Line() == at.Line || deeds[len(deeds)-1].Delay == nil {
		t.Errorf("delayed is %+v", deeds)
	}
	if s.press("2", "x"); !strings.Contains(s.message, "choose an item in the inbox first") {
		t.Errorf("elsewhere x says %q", s.message)
	}
}

func hasMessage(s *screen) bool {
	for _, i := range s.inbox() {
		if i.Kind == "message" {
			return true
		}
	}
	return false
}

func selectMessage(s *screen) {
	for k, i := range s.inbox() {
		if i.Kind == "message" {
			s.selected = k
			return
		}
	}
	s.Fatal("no message is under way")
}

func TestKeysLook(t *testing.T) {
	s := show(t, "cap-partition", 1, 80, 24)
	s.press("5l", "m", "a", "G", "'", "a")
	s.at(5)
	s.press("12l", "d")
	s.shows("4 difference with mark a")
	s.press("/", "node:n2 type:receive", "enter")
	s.shows("2 diagram /node:n2 type:receive: ")
	found := len(s.found)
	if found == 0 || found == s.t.Line().Len() {
		t.Errorf("found %d steps", found)
	}
	s.press("g", "l")
	s.at(s.found[0])
	s.press("l")
	s.at(s.found[1])
	s.press("h")
	s.at(s.found[0])
	s.press("esc")
	if s.filter != "" {
		t.Errorf("the filter is %q still", s.filter)
	}
	s.press("o")
	s.shows("1 inbox of N1")
	s.press("2", "enter")
	s.shows("═ 3 inspector")
	s.press("?", "partition")
	s.shows("heal all partitions")
	s.press("esc", "]", "]", "[")
	if speeds[s.speed] != 10 {
		t.Errorf("the speed is %d", speeds[s.speed])
	}
}

// TestPlay plays on by itself, stops at a question, and takes an answer.
func TestPlay(t *testing.T) {
	s := show(t, "cap-partition", 1, 80, 24).press("15l", "space")
	for range 50 {
		s.send(tickMsg{s.plays})
	}
	if s.playing || s.t.Step() != 17 {
		t.Errorf("it stopped at step %d", s.t.Step())
	}
	s.shows("What can N2 do? (a: predict)")
	s.press("a", "it waits", "enter")
	s.shows("You said: it waits")
	s.shows("Two things only")
	s.press("n")
	s.shows("✗ predicted otherwise – Two things only")
	s.shows("0 of 1 right")
	s.press("space")
	for range 50 {
		s.send(tickMsg{s.plays})
	}
	if s.at(23); s.playing {
		t.Error("it plays on behind the violation")
	}
	s.press("space", "space")
	if s.playing {
		t.Error("it plays on when it is told to stop")
	}
}

func TestCommandLine(t *testing.T) {
	s := show(t, "zab-partition", 0, 80, 24)
	for _, test := range []struct{ line, want string }{
		{"go 100", "100/"},
		{"120", "120/"},
		{"time 3s", "2.9"},
		{"cut n1 | n2 n3", "leaves"},
		{"heal", "branch 1"},
		{"pause n2", "branch 1"},
		{"pause n2", "not possible: n2 is paused already"},
		{"resume n2", "branch 1"},
		{"rename mine", "⑂ mine"},
		{"branch nothing", `no branch "nothing"`},
		{"diff three", "difference with three"},
		{"crash n9", `no node "n9"`},
		{"go", "it takes an argument: go STEP"},
		{"nonsense", `no command "nonsense"`},
		{"theme light", "mine"},
		{"filter type:timer", "/type:timer"},
		{"help", ":cut NODES | NODES"},
	} {
		s.press("esc", ":", test.line, "enter")
		if got := s.text(); !strings.Contains(got, test.want) && !(test.want == "difference with three") {
			t.Errorf(":%s does not show %q:\n%s", test.line, test.want, got)
		}
	}
}

// TestSave writes a branch as a trace, which replays.
func TestSave(t *testing.T) {
	file := filepath.Join(t.TempDir(), "branch.trace.jsonl")
	s := show(t, "cap-partition", 1, 80, 24).press("8l", "c", "1")
	s.press("e")
	s.shows("trace, which replay and step accept")
	s.press("enter")
	s.overlay.(*prompt).input.SetValue("")
	s.press(file, "enter")
	s.shows("written: ")
	made, err := lab()
	if err != nil {
		t.Fatal(err)
	}
	trace, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer trace.Close()
	if _, err := made.Replay(t.Context(), trace); err != nil {
		t.Error(err)
	}
}

// TestLessonsToPick offers those that ask, and opens the one that is chosen.
func TestLessonsToPick(t *testing.T) {
	made, err := lab()
	if err != nil {
		t.Fatal(err)
	}
	lessons, err := Lessons(made, scenarios.English)
	if err != nil || len(lessons) < 3 {
		t.Fatalf("found %v, %v", lessons, err)
	}
	s := show(t, "cap-partition", 1, 80, 24)
	s.t, s.options.Lessons = nil, lessons
	s.Init()
	s.shows(lessons[0].Title)
	for lessons[s.overlay.(*lessonPicker).at].Name != "cap-partition" {
		s.press("j")
	}
	s.press("enter")
	s.shows("cap-partition/figure-3-answer")
}

// TestLateWorkIsThrownAway: what was stopped changes nothing any more.
func TestLateWorkIsThrownAway(t *testing.T) {
	s := show(t, "cap-partition", 1, 80, 24).press("5l")
	deed, _ := s.t.Crash(protocols.NodeID(1))
	late := s.execute(s.t.At(), deed)
	s.press("esc")
	s.shows("stopped")
	s.do(late)
	if s.t.Line().Parent != nil {
		t.Error("what was stopped made a branch")
	}
	s.send(tea.BackgroundColorMsg{})
	s.text()
}

// TestEveryKeyIsUsedOnce: no two entries of the KeyMap have one key.
func TestEveryKeyIsUsedOnce(t *testing.T) {
	seen := map[string]string{}
	for _, b := range keyMap {
		for _, key := range b.keys {
			if other, twice := seen[key]; twice {
				t.Errorf("%q does %q and %q", key, other, b.help)
			}
			seen[key] = b.help
			if actOf(key) != b.act {
				t.Errorf("%q does something else", key)
			}
		}
		if !strings.Contains(KeyTable(""), b.help) {
			t.Errorf("the table has no %q", b.help)
		}
	}
}
