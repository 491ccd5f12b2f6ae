package tui

import (
	"context"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	tea "charm.land/bubbletea/v2"
	"pgregory.net/rapid"

	"quorumlab/scenarios"
	"quorumlab/tui/timeline"
)

var update = flag.Bool("update", false, "rewrite the golden screens")

var lab = sync.OnceValues(scenarios.NewLab)

// screen is a stepper without a terminal: commands are carried out at once.
type screen struct {
	rapid.TB
	*Model
}

// show opens a run of a shipped scenario on a screen of a size.
func show(t rapid.TB, scenario string, run, width, height int) *screen {
	t.Helper()
	made, err := lab()
	if err != nil {
		t.Fatal(err)
	}
	shipped, err := made.Shipped(scenario)
	if err != nil {
		t.Fatal(err)
	}
	s := &screen{t, NewModel(context.Background(), Options{
		Subject: &timeline.Subject{Lab: made, Scenario: shipped, Seed: 1}, Run: run,
	})}
	s.send(tea.WindowSizeMsg{Width: width, Height: height})
	s.do(s.open())
	return s
}

// send has the model take up a message, and all that comes of it.
func (s *screen) send(msg tea.Msg) {
	s.Helper()
	_, cmd := s.Update(msg)
	s.do(cmd)
}

// do carries a command out, but for those that wait for time to pass.
func (s *screen) do(cmd tea.Cmd) {
	s.Helper()
	if cmd == nil || s.playing {
		return
	}
	switch msg := cmd().(type) {
	case nil, tea.QuitMsg, hashMsg:
	case tea.BatchMsg:
		for _, c := range msg {
			s.do(c)
		}
	default:
		s.send(msg)
	}
}

// escapes are what colours a screen.
var escapes = regexp.MustCompile(`\x1b\[[0-9;]*m`)

var codes = map[string]rune{
	"enter": tea.KeyEnter, "tab": tea.KeyTab, "esc": tea.KeyEscape, "right": tea.KeyRight, "left": tea.KeyLeft,
	"up": tea.KeyUp, "down": tea.KeyDown, "backspace": tea.KeyBackspace,
}

// press presses keys: words are named ones, all else is typed letter by letter.
func (s *screen) press(keys ...string) *screen {
	s.Helper()
	for _, key := range keys {
		switch code, named := codes[key]; {
		case named:
			s.send(tea.KeyPressMsg{Code: code})
		case key == "space":
			s.send(tea.KeyPressMsg{Code: ' ', Text: " "})
		case strings.HasPrefix(key, "ctrl+"):
			s.send(tea.KeyPressMsg{Code: rune(key[5]), Mod: tea.ModCtrl})
		default:
			for _, r := range key {
				s.send(tea.KeyPressMsg{Code: r, Text: string(r)})
			}
		}
	}
	return s
}

// text returns the screen without colour, as lines without blanks at their ends,
// and makes sure of its size.
func (s *screen) text() string {
	s.Helper()
	lines := s.Screen()
	if len(lines) != s.height {
		s.Errorf("the screen has %d lines, and there is room for %d", len(lines), s.height)
	}
	for i, line := range lines {
		if w := columns(line); w != s.width {
			s.Errorf("line %d is %d wide, and the screen %d: %q", i+1, w, s.width, escapes.ReplaceAllString(line, ""))
		}
		lines[i] = strings.TrimRight(escapes.ReplaceAllString(line, ""), " ")
	}
	return strings.Join(lines, "\n") + "\n"
}

// shows fails unless the screen has a text on it.
func (s *screen) shows(want string) {
	s.Helper()
	if got := s.text(); !strings.Contains(got, want) {
		s.Errorf("%q is not on the screen:\n%s", want, got)
	}
}

// hashes stand in the status line: any change of what nodes hold changes them, so
// that golden screens have none.
var hashes = regexp.MustCompile(`#[0-9a-f]{8}`)

// golden compares the screen with a file.
func (s *screen) golden(name string) {
	s.Helper()
	file := filepath.Join("testdata", name+".golden")
	got := hashes.ReplaceAllString(s.text(), "#--------")
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o666); err != nil {
			s.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		s.Fatal(err)
	}
	if got != string(want) {
		s.Errorf("%s is otherwise (go test ./tui -update rewrites it):\n%s", file, got)
	}
}

func TestGoldenScreens(t *testing.T) {
	sizes := map[string][2]int{"80x24": {80, 24}, "120x40": {120, 40}, "60x20": {60, 20}}
	for name, size := range sizes {
		t.Run(name, func(t *testing.T) {
			open := func(scenario string, run int) *screen { return show(t, scenario, run, size[0], size[1]) }
			open("cap-partition", 1).golden("start_" + name)
			open("cap-partition", 1).press("v").golden("violation_" + name)
			open("cap-partition", 1).press("v", "X").golden("prevented_" + name)
			open("zab-leader-crash", 0).press(":go 300", "enter", "1").golden("inbox_" + name)
			open("zab-leader-crash", 0).press(":go 300", "enter", "4").golden("difference_" + name)
			open("cap-partition", 1).press("G", "5").golden("history_" + name)
			open("cap-partition", 1).press("?").golden("help_" + name)
		})
	}
}

// TestEverySizeFits: whatever the size, the screen has it, in every panel.
func TestEverySizeFits(t *testing.T) {
	s := show(t, "zab-leader-crash", 0, 200, 60).press(":go 250", "enter")
	for _, size := range [][2]int{{200, 60}, {120, 40}, {119, 35}, {80, 24}, {79, 24}, {80, 23}, {60, 20}, {40, 11}, {20, 8}, {10, 5}, {1, 1}} {
		s.send(tea.WindowSizeMsg{Width: size[0], Height: size[1]})
		for range 6 {
			s.text()
			s.press("tab")
		}
		s.press("?")
		s.text()
		s.press("esc", "P")
		s.text()
		s.press("esc", "+")
		s.text()
		s.press("+")
	}
}
