package command

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"quorumlab/tui"
)

// terminal is a program in a real terminal, by a tmux server of its own.
type terminal struct {
	*testing.T
	socket string
}

// onTmux starts a command line in a terminal of a size.
func onTmux(t *testing.T, width, height int, environment []string, commandLine string) *terminal {
	t.Helper()
	if _, err := exec.LookPath("tmux"); err != nil {
		t.Skip("tmux is not installed")
	}
	if testing.Short() {
		t.Skip("it takes a while")
	}
	term := &terminal{t, filepath.Join(t.TempDir(), "tmux")}
	args := []string{"-f", os.DevNull, "new-session", "-d", "-x", fmt.Sprint(width), "-y", fmt.Sprint(height)}
	for _, setting := range append(environment, "PATH="+os.Getenv("PATH")) {
		args = append(args, "-e", setting)
	}
	args = append(args, "-c", filepath.Dir(term.socket)) // what is written is thrown away
	term.tmux(append(args, commandLine+"; echo ended; exec cat")...)
	t.Cleanup(func() { _ = exec.Command("tmux", "-S", term.socket, "kill-server").Run() })
	return term
}

func (t *terminal) tmux(args ...string) string {
	t.Helper()
	out, err := exec.Command("tmux", append([]string{"-S", t.socket}, args...)...).CombinedOutput()
	if err != nil {
		t.Fatalf("tmux %q: %v\n%s", args, err, out)
	}
	return string(out)
}

// tmuxNames are what tmux calls keys that Bubble Tea calls otherwise.
var tmuxNames = map[string]string{
	"right": "Right", "left": "Left", "up": "Up", "down": "Down", "home": "Home", "end": "End", "pgdown": "PageDown",
	"pgup": "PageUp", "ctrl+d": "C-d", "ctrl+u": "C-u", "ctrl+r": "C-r", "ctrl+c": "C-c", "space": "Space",
	"enter": "Enter", "tab": "Tab", "esc": "Escape",
}

// keys presses keys, one after the other.
func (t *terminal) keys(keys ...string) {
	t.Helper()
	for _, key := range keys {
		if name, named := tmuxNames[key]; named {
			t.tmux("send-keys", name)
		} else {
			t.tmux("send-keys", "-l", key)
		}
	}
}

// shows waits until all texts are on the screen.
func (t *terminal) shows(texts ...string) {
	t.Helper()
	t.until(fmt.Sprintf("%q is not all on the screen", texts), func() bool {
		screen := t.tmux("capture-pane", "-p")
		return !slices.ContainsFunc(texts, func(text string) bool { return !strings.Contains(screen, text) })
	})
}

// until waits for what comes true when the program has seen the keys; the
// otherwise is what the test says if it never does.
func (t *terminal) until(otherwise string, holds func() bool) {
	t.Helper()
	const patience = 30 * time.Second
	for start := time.Now(); !holds(); {
		if time.Since(start) > patience {
			t.Fatalf("%s:\n%s", otherwise, t.tmux("capture-pane", "-p"))
		}
	}
}

// TestStepOnATerminal presses every key of the table in a real terminal, and sees
// what it does.
func TestStepOnATerminal(t *testing.T) {
	term := onTmux(t, 80, 24, nil, "quorumlab step cap-partition")
	term.shows("cap-partition/figure-3-answer", " 0/66 ", "═ 2 diagram", "✓ 9 hold")
	pressed := map[string]bool{}
	for _, step := range []struct{ keys, want string }{
		{"l", " 1/66 "},
		{"right", " 2/66 "},
		{"n", " 3/66 "},
		{"h", " 2/66 "},
		{"left", " 1/66 "},
		{"p", " 0/66 "},
		{"j", " 1/66 "},
		{"down", " 2/66 "},
		{"k", " 1/66 "},
		{"up", " 0/66 "},
		{"G", " 66/66 "},
		{"g", " 0/66 "},
		{"end", " 66/66 "},
		{"home", " 0/66 "},
		{"ctrl+d", " 9/66 "},
		{"ctrl+u", " 0/66 "},
		{"pgdown", " 9/66 "},
		{"pgup", " 0/66 "},
		{"v", "linearizable: read of V by B at N2"},
		{"V", "no violation that way"},
		{"t", "linearizable is violated (as expected)"},
		{"esc", "═ 2 diagram"},
		{"X", "nothing is violated any more"},
		{"z", "figure-3-answer     "},
		{"ctrl+r", "⑂ branch 1"},
		{"b", "▸ 4 branch 1"},
		{"esc z", "figure-3-answer     "},
		{"m", "mark this place"},
		{"a G", " 66/66 "},
		{"' a", " 23/66 "},
		{"d", "4 difference with mark a"},
		// Of digits one after the other the second would make a number.
		{"1", "═ 1 inbox"},
		{"[ 2", "═ 2 diagram"},
		{"[ 3", "═ 3 inspector"},
		{"[ 4", "═ 4 difference"},
		{"[ 5", "═ 5 history"},
		{"[ 6", "═ 6 verdicts"},
		{"tab", "═ 1 inbox"},
		{"o", "1 inbox of N1"},
		{"o o w", "not possible: it comes when it is due"},
		{"2 + g", "═ 2 diagram ════════════════════════════════════════════════════════════════"},
		{"+ c", "crash which node?"},
		{"esc r", "restart which node?"},
		{"esc P", "partition: groups, or a shape around"},
		{"esc H", "not possible: nothing is cut"},
		{"/", "\n/"},
		{"esc :", "\n:"},
		{"esc ]", "═ 2 diagram"},
		{"R", "figure-3-block"},
		{"e", "trace, which replay and step accept"},
		{"esc e 2", "file: cap-partition-figure-3-block.html"},
		{"enter", "written: cap-partition-figure-3-block.html"},
		{"?", "type to filter"},
		{"esc D", "choose an item in the inbox first"},
		{"1 x", "not possible: what a client asks is the scenario's"},
		{"enter", "⑂ branch 2"},
		{"space", "▶ 2/s"},
		{"space 2", "═ 2 diagram"},
	} {
		keys := strings.Fields(step.keys)
		for _, key := range keys {
			pressed[key] = true
			term.keys(key)
			if key == "esc" { // a letter at once behind it would be one with alt
				term.shows("═ ", "? help")
			}
		}
		term.shows(step.want)
	}
	term.keys("q")
	term.shows("ended", "quorumlab step cap-partition --seed 1 --run figure-3-block --at ")
	pressed["q"], pressed["ctrl+c"] = true, true // ctrl+c is pressed below
	for _, key := range tui.Keys() {
		if !pressed[key] {
			t.Errorf("nobody pressed %q", key)
		}
	}
}

// TestStepResizes: a terminal that becomes small shows one panel, and all again when
// it is large.
func TestStepResizes(t *testing.T) {
	term := onTmux(t, 200, 60, nil, "quorumlab step cap-partition --at violation")
	term.shows("─ 1 inbox", "═ 2 diagram", "─ 3 inspector", "─ 4 difference", "─ 5 history", "─ 6 verdicts", " 23/66 ")
	term.tmux("resize-window", "-x", "60", "-y", "20")
	term.shows("═ 2 diagram ════════════════════════════════════════════════\n", " 23/66 ")
	term.tmux("resize-window", "-x", "200", "-y", "60")
	term.shows("─ 1 inbox", "═ 2 diagram", "─ 3 inspector", "─ 4 difference", "─ 5 history", "─ 6 verdicts")
	term.keys("ctrl+c")
	term.shows("ended")
}

// TestStepColours: with NO_COLOR there is none, and the screen says the same; a
// light theme has other colours than a dark one.
func TestStepColours(t *testing.T) {
	plain := onTmux(t, 80, 24, []string{"NO_COLOR=1"}, "quorumlab step cap-partition --at violation")
	plain.shows("violated: ✗ linearizable")
	if screen := plain.tmux("capture-pane", "-p", "-e"); regexp.MustCompile(`\x1b\[[0-9;]*(3[0-8]|9[0-7])`).MatchString(screen) {
		t.Errorf("with NO_COLOR there are colours:\n%q", screen)
	}
	term := onTmux(t, 80, 24, []string{"COLORTERM=truecolor"}, "quorumlab step cap-partition --at violation")
	term.shows("violated: ✗ linearizable")
	dark := term.tmux("capture-pane", "-p", "-e")
	term.keys(":", "theme light", "enter")
	term.until("light and dark look the same", func() bool {
		light := term.tmux("capture-pane", "-p", "-e")
		return strings.Contains(light, "violated: ✗ linearizable") && strings.Contains(light, "\x1b[") &&
			colours(light) != colours(dark)
	})
}

// colours are a screen's escape sequences alone, in order.
func colours(screen string) string {
	return strings.Join(regexp.MustCompile(`\x1b\[[0-9;]*m`).FindAllString(screen, -1), "")
}

// TestStepLessons picks a lesson.
func TestStepLessons(t *testing.T) {
	term := onTmux(t, 80, 24, nil, "quorumlab step")
	term.shows("lessons", "▸ ")
	term.keys("enter")
	term.shows("═ 2 diagram", "  0.000s  #")
	term.keys("q")
	term.shows("ended")
}
