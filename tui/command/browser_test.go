package command

import (
	"bytes"
	"context"
	"path/filepath"
	"strings"
	"testing"
)

// command runs a command line, which must end with a code.
func mustExit(t *testing.T, code int, args ...string) {
	t.Helper()
	var out, err bytes.Buffer
	if got := execute(context.Background(), args, streams{in: strings.NewReader(""), out: &out, err: &err}); got != code {
		t.Fatalf("quorumlab %s: exit code %d, want %d\n%s%s", strings.Join(args, " "), got, code, out.String(), err.String())
	}
}

// sound fails if a page complains, asks for anything elsewhere, or is wider than
// the screen.
func sound(t *testing.T, b *browser, where string) {
	t.Helper()
	for _, message := range b.errors() {
		t.Errorf("%s: %s", where, message)
	}
	if n := ask[int](b, `return performance.getEntriesByType("resource").length`); n != 0 {
		t.Errorf("%s: the page loads %d things", where, n)
	}
	if over := ask[int](b, `return document.documentElement.scrollWidth - window.innerWidth`); over > 0 {
		t.Errorf("%s: the page is %d pixels wider than the screen", where, over)
	}
}

func TestReplayPageInABrowser(t *testing.T) {
	b := newBrowser(t)
	folder := t.TempDir()
	trace, page := filepath.Join(folder, "cap.trace.jsonl"), filepath.Join(folder, "cap.html")
	mustExit(t, exitHeld, "run", "cap-partition", "--trace", trace)
	mustExit(t, exitHeld, "export", trace, "--run", "figure-3-answer", "--out", page)
	b.screen(1280, 900, false, "screen")
	b.open("file://" + page)
	where := func() string { return ask[string](b, `return document.getElementById("where").textContent`) }
	if got := where(); !strings.HasPrefix(got, "step 1 of ") {
		t.Errorf("it opens at %q", got)
	}
	b.press(keyRight, "l", "n")
	if got := where(); !strings.HasPrefix(got, "step 4 of ") {
		t.Errorf("three steps on it is at %q", got)
	}
	b.press("h", "g")
	if got := where(); !strings.HasPrefix(got, "step 1 of ") {
		t.Errorf("at the start it is at %q", got)
	}
	b.press("v")
	if got := ask[string](b, `return document.getElementById("what").textContent`); !strings.Contains(got, `"V0"`) && !strings.Contains(got, "B has ok") {
		t.Errorf("the violation is said to be %q", got)
	}
	if got := ask[string](b, `return document.querySelector("#verdicts .violated").textContent`); !strings.HasPrefix(got, "✗ linearizable: violated") {
		t.Errorf("the verdict is %q", got)
	}
	b.keep("replay-violation")
	// While the link is cut, N1's message to N2 is in N2's inbox; N1's state has V1.
	state := func(node int) string {
		return ask[string](b, `document.querySelectorAll("#nodes button")[`+string(rune('0'+node))+`].click();
			return document.getElementById("inbox").textContent + "|" + document.getElementById("state").textContent`)
	}
	if got := state(1); !strings.Contains(strings.Split(got, "|")[0], "Append from N1") || !strings.Contains(got, "sessions.machine.values.VV0") {
		t.Errorf("N2's inbox and state: %.300s", got)
	}
	if got := state(0); !strings.Contains(got, "sessions.machine.values.VV1") {
		t.Errorf("N1's state: %.300s", got)
	}
	// The slider and a row of the diagram go there too.
	ask[any](b, `const s = document.getElementById("slider"); s.value = 9; s.oninput(); return null`)
	if got := where(); !strings.HasPrefix(got, "step 10 of ") {
		t.Errorf("by the slider it is at %q", got)
	}
	ask[any](b, `document.querySelectorAll("#diagram .frame")[4].dispatchEvent(new MouseEvent("click", {bubbles: true})); return null`)
	if got := where(); !strings.HasPrefix(got, "step 5 of ") {
		t.Errorf("by the diagram it is at %q", got)
	}
	sound(t, b, "desk")
	b.screen(390, 844, true, "screen")
	b.keep("replay-phone-dark")
	sound(t, b, "phone")
}

func TestReportPageInABrowser(t *testing.T) {
	b := newBrowser(t)
	folder := t.TempDir()
	mustExit(t, exitHeld, "report", "--protocols", "async-primary-backup,zab", "--seeds", "1..2", "--out", folder)
	b.screen(1280, 900, false, "screen")
	b.open("file://" + filepath.Join(folder, "report.html"))
	if got := ask[string](b, `return document.querySelector("#headline + p + div tbody tr td:nth-child(2)").textContent`); !strings.HasPrefix(got, "✗ violated") {
		t.Errorf("the headline's first verdict is %q", got)
	}
	if n := ask[int](b, `return document.querySelectorAll("figure svg").length`); n < 6 {
		t.Errorf("%d plots", n)
	}
	light := ask[string](b, `return getComputedStyle(document.body).backgroundColor`)
	b.keep("report-desk")
	sound(t, b, "desk")

	// The diagram of the first witness is stepped with the keyboard.
	where := func() string { return ask[string](b, `return document.querySelector(".stepper .where").textContent`) }
	ask[any](b, `const s = document.querySelector(".stepper"); s.scrollIntoView({behavior: "instant"}); s.focus({preventScroll: true}); return null`)
	b.press(keyHome)
	first := where()
	b.press(keyRight, "l")
	if got := where(); !strings.Contains(first, "(1 of ") || !strings.Contains(got, "(3 of ") {
		t.Errorf("from %q two steps lead to %q", first, got)
	}
	if n := ask[int](b, `return document.querySelectorAll(".stepper")[0].querySelectorAll(".frame:not(.later)").length`); n != 3 {
		t.Errorf("%d rows of the diagram are shown, want 3", n)
	}
	b.keep("report-witness")

	b.screen(390, 844, true, "screen")
	if dark := ask[string](b, `return getComputedStyle(document.body).backgroundColor`); dark == light {
		t.Errorf("in the dark the page is as light as by day: %s", dark)
	}
	if got := ask[string](b, `return getComputedStyle(document.querySelector("figure svg text")).fill`); got != ask[string](b, `return getComputedStyle(document.body).color`) {
		t.Errorf("in the dark the text of plots is %s", got)
	}
	ask[any](b, `document.querySelector("#plots").scrollIntoView({behavior: "instant"}); return null`)
	b.keep("report-phone-dark")
	sound(t, b, "phone")

	b.screen(1100, 800, true, "print")
	if paper := ask[string](b, `return getComputedStyle(document.body).backgroundColor`); paper != "rgb(255, 255, 255)" {
		t.Errorf("paper is %s", paper)
	}
	if shown := ask[string](b, `return getComputedStyle(document.querySelector(".stepper .controls")).display`); shown != "none" {
		t.Error("buttons are printed")
	}
	b.keep("report-print")
}
