package command

import (
	"bytes"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"quorumlab/protocols/catalog"
	"quorumlab/scenarios"
)

func TestParagraph(t *testing.T) {
	var w bytes.Buffer
	paragraph(&w, "  "+paint{on: true}.holds("✓ a:")+" ", "    ", strings.Repeat("word ", 20))
	lines := strings.Split(strings.TrimSuffix(w.String(), "\n"), "\n")
	if len(lines) != 2 || visible(lines[0]) > textWidth || visible(lines[0]) < textWidth-5 || !strings.HasPrefix(lines[1], "    word") {
		t.Errorf("found %q", lines)
	}
}

// TestQuoteArgument has a shell read back what was quoted.
func TestQuoteArgument(t *testing.T) {
	shell, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("there is no shell")
	}
	for _, arg := range []string{"", "plain-1.2/x=y", ">= 99%", "it's", `"a" $HOME \ *`, "a\nb", "→"} {
		out, err := exec.Command(shell, "-c", "printf %s "+quoteArgument(arg)).Output()
		if err != nil || string(out) != arg {
			t.Errorf("%q is read back as %q, %v", arg, out, err)
		}
	}
	if got := commandLine("run", "a b"); got != "quorumlab run 'a b'" {
		t.Errorf("found %s", got)
	}
}

func TestNumbersInWords(t *testing.T) {
	for _, test := range []struct{ got, want string }{
		{grouped(0), "0"},
		{grouped(999), "999"},
		{grouped(1000), "1,000"},
		{grouped(1234567), "1,234,567"},
		{seconds(61*time.Second + 7999999), "61.007s"},
		{plural(1, "fault"), "1 fault"},
		{plural(0, "fault"), "0 faults"},
		{number(0.5), "0.50"},
		{number(1234.5), "1,234"},
		{beside("a/b.trace.jsonl", ".shrunk"), "a/b.shrunk.trace.jsonl"},
		{beside("b.jsonl", ".x"), "b.x.jsonl"},
		{beside("b", ".x"), "b.x"},
	} {
		if test.got != test.want {
			t.Errorf("found %s, want %s", test.got, test.want)
		}
	}
}

func TestFigure(t *testing.T) {
	for _, test := range []struct {
		values           []float64
		median, min, max float64
	}{
		{[]float64{2}, 2, 2, 2},
		{[]float64{9, 1, 4}, 4, 1, 9},
		{[]float64{9, 1, 4, 6}, 5, 1, 9},
	} {
		f := newFigure("", "", "", test.values)
		if f.Median != test.median || f.Min != test.min || f.Max != test.max || f.N != len(test.values) {
			t.Errorf("%v: found %+v", test.values, f)
		}
	}
}

func TestChosen(t *testing.T) {
	var failed []scenarios.Failure
	for seed := range uint64(30) {
		property := "common"
		if seed == 29 {
			property = "rare"
		}
		failed = append(failed, scenarios.Failure{Seed: seed, Property: property})
	}
	if got, want := chosen(failed, 3), []int{0, 29, 1}; !slices.Equal(got, want) {
		t.Errorf("found %v, want %v", got, want)
	}
	if got := chosen(failed[:2], 3); len(got) != 2 {
		t.Errorf("found %v of two failures", got)
	}
}

// TestProgress drives the clock by hand: on a terminal one line is written
// over at 5 Hz, elsewhere there is a line in ten seconds.
func TestProgress(t *testing.T) {
	for _, test := range []struct {
		live bool
		want string
	}{
		{true, "\rstart\r1    \r2\r3\r \r"},
		{false, "start\n3\n"},
	} {
		var w bytes.Buffer
		now := time.Unix(0, 0)
		p := newProgress(streams{err: &w, live: test.live})
		p.now = func() time.Time { return now }
		p.show("start")
		for i, after := range []time.Duration{200 * time.Millisecond, 300 * time.Millisecond, 9500 * time.Millisecond, 100 * time.Millisecond} {
			now = now.Add(after)
			p.update(func() string { return string(rune('1' + i)) })
		}
		p.clear()
		if w.String() != test.want {
			t.Errorf("live %v: found %q, want %q", test.live, w.String(), test.want)
		}
	}
}

func TestSweepProgress(t *testing.T) {
	p := scenarios.Progress{Done: 10, Total: 30, Failed: 1, Steps: 5_000_000}
	want := "10 of 30 seeds, 1 failure, 1,000,000 steps/s, 5s elapsed, about 10s left"
	if got := sweepProgress(p, 5*time.Second); got != want {
		t.Errorf("found %q, want %q", got, want)
	}
	p.Total = 1 << 40
	if got := sweepProgress(p, 5*time.Second); !strings.HasSuffix(got, "about 152709948 h left") {
		t.Errorf("found %q", got)
	}
}

func TestWantsColour(t *testing.T) {
	null, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	if isTerminal(null) {
		t.Error("the null device is taken for a terminal")
	}
	for _, test := range []struct {
		environment map[string]string
		want        bool
	}{
		{nil, false},
		{map[string]string{"CLICOLOR_FORCE": "1"}, true},
		{map[string]string{"CLICOLOR_FORCE": "0"}, false},
		{map[string]string{"CLICOLOR_FORCE": "1", "NO_COLOR": "1"}, false},
	} {
		if got := wantsColour(null, func(name string) string { return test.environment[name] }); got != test.want {
			t.Errorf("%v: colour %v", test.environment, got)
		}
	}
}

// TestBenchLoad makes sure that the worlds that are measured work: their clients
// are answered again and again, whatever the protocol.
func TestBenchLoad(t *testing.T) {
	for _, protocol := range catalog.All() {
		if err := answers(protocol.Name); err != nil {
			t.Error(err)
		}
	}
	if err := answers("none"); err == nil {
		t.Error("a protocol that there is not answers")
	}
}
