package command

import (
	"path/filepath"
	"strings"
	"testing"

	"quorumlab/sim"
)

// walked walks a page with the keyboard, and tells what was said at its first, its
// third and its last step.
func walked(t *testing.T, b *browser, page string) (steps, text string) {
	t.Helper()
	b.screen(1280, 900, false, "screen")
	b.open("file://" + page)
	where := func() string { return ask[string](b, `return document.getElementById("where").textContent`) }
	first := where()
	b.press("l", "l")
	if got := where(); !strings.HasPrefix(first, "step 1 of ") || !strings.HasPrefix(got, "step 3 of ") {
		t.Errorf("%s: from %q two steps lead to %q", page, first, got)
	}
	said := func() string { return ask[string](b, `return document.getElementById("what").textContent`) + "\n" }
	text = said()
	b.press("G")
	last := where()
	if parts := strings.Fields(last); len(parts) < 4 || parts[1] != parts[3] {
		t.Errorf("%s: the end is %q", page, last)
	}
	text += said() + ask[string](b, `return document.getElementById("nodes").textContent + "|" + document.getElementById("state").textContent + "|" + document.getElementById("verdicts").textContent`)
	sound(t, b, page)
	b.screen(390, 844, true, "screen")
	sound(t, b, page+" on a phone")
	return last, text
}

// TestPagesOfOtherRunsInABrowser: runs of reference models, of worlds that a check
// explored, and of a real node are pages like those of scenarios.
func TestPagesOfOtherRunsInABrowser(t *testing.T) {
	b := newBrowser(t)
	folder := t.TempDir()
	for _, c := range []struct {
		name  string
		check []string
		says  []string
	}{
		{"model", []string{"check", "register-single", "--set", "servers=2"}, []string{"GetOk(6, nothing)", "linearizable"}},
		{"world", []string{"check", "primarybackup", "--set", "nodes=2", "--set", "reads=local", "--set", "replication=async"}, []string{"n1", "n2", "linearizable: violated"}},
	} {
		trace, page := filepath.Join(folder, c.name+".json"), filepath.Join(folder, c.name+".html")
		mustExit(t, exitViolated, append(c.check, "--trace", trace)...)
		mustExit(t, exitHeld, "export", trace, "--out", page)
		steps, text := walked(t, b, page)
		for _, words := range c.says {
			if !strings.Contains(text, words) {
				t.Errorf("%s: %q is not on the page: %s: %.400s", c.name, words, steps, text)
			}
		}
	}
	trace, page := filepath.Join(folder, "life.jsonl"), filepath.Join(folder, "life.html")
	if err := recordLife(t, trace, "", &sim.Disk{}, 1).close(); err != nil {
		t.Fatal(err)
	}
	mustExit(t, exitHeld, "export", trace, "--out", page)
	if steps, text := walked(t, b, page); !strings.Contains(text, "leading") {
		t.Errorf("the node's life: %s: %.400s", steps, text)
	}
}
