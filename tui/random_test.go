package tui

import (
	"testing"

	tea "charm.land/bubbletea/v2"
	"pgregory.net/rapid"
)

// TestAnyKeys presses any keys in any order, at any size: the screen always has its
// size, and nothing panics.
func TestAnyKeys(t *testing.T) {
	t.Chdir(t.TempDir()) // some keys save a branch
	var keys []string
	for _, b := range keyMap {
		if b.act != actQuit && b.act != actExport {
			keys = append(keys, b.keys[0])
		}
	}
	keys = append(keys, "enter", "enter", "esc", "j", "k", "y", "2", "5", "10l", ":cut n1 | n2", ":go 77", ":pause n2", "node:n1", "backspace")
	rapid.Check(t, func(t *rapid.T) {
		scenario := rapid.SampledFrom([]string{"cap-partition", "quorum-rw", "2pc-coordinator-crash", "paxos-reads"}).Draw(t, "scenario")
		s := show(t, scenario, 0, 80, 24)
		s.press(rapid.SampledFrom([]string{"G", "v", "g", "ctrl+d"}).Draw(t, "from"))
		for range 15 {
			if rapid.IntRange(0, 9).Draw(t, "resize") == 0 {
				s.send(tea.WindowSizeMsg{Width: rapid.IntRange(1, 150).Draw(t, "width"), Height: rapid.IntRange(1, 50).Draw(t, "height")})
			}
			s.press(rapid.SampledFrom(keys).Draw(t, "key"))
			s.text()
		}
	})
}
