package timeline_test

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	"quorumlab/scenarios/language"
	"quorumlab/tui/timeline"
)

// longScenario has more than 100,000 steps: a cluster of Zab under load.
const longScenario = `{name: long, title: long, protocol: zab, cluster: {nodes: 3, tick: 200ms}, until: 205s, deadline: 1s,
clients: [{name: a, at: n1}, {name: b, at: n2}, {name: c, at: n3}],
workload: {random: {rate: 16/s, keys: 4}},
timeline: [{at: 30s, partition: {isolate: leader}, for: 5s}, {at: 90s, crash: n2}, {at: 95s, restart: n2}]}`

func parsed(t testing.TB, text string) *language.Scenario {
	t.Helper()
	lab, err := lab()
	if err != nil {
		t.Fatal(err)
	}
	scenario, err := lab.Parse("test.yaml", strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return scenario
}

func openLong(t testing.TB) *timeline.Timeline {
	t.Helper()
	lab, err := lab()
	if err != nil {
		t.Fatal(err)
	}
	made, err := timeline.New(context.Background(), &timeline.Subject{Lab: lab, Scenario: parsed(t, longScenario), Seed: 1}, 0)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// fastest runs something some times and returns how long the fastest took of the
// processors' time: what else the machine does is no matter of ours.
func fastest(times int, what func(i int)) time.Duration {
	best := time.Duration(1<<63 - 1)
	for i := range times {
		start := processorTime()
		what(i)
		best = min(best, processorTime()-start)
	}
	return best
}

// TestLongTrace: a trace of 100,000 steps opens in a second, from a file too; any step
// of it is there in 50 ms, and so are the rows of a screen around it.
func TestLongTrace(t *testing.T) {
	started, used := time.Now(), processorTime()
	var made *timeline.Timeline
	opens := fastest(3, func(int) { made = openLong(t) })
	n := made.Line().Len()
	if n < 100_000 {
		t.Fatalf("it has only %d steps", n)
	}
	file := longTrace(t)
	opens = max(opens, fastest(3, func(int) { made = openFile(t, file) }))
	goes := time.Duration(0)
	for i := range 20 {
		step := n * (i + 1) / 20
		goes = max(goes, fastest(3, func(int) {
			made.Go(1)
			made.World()
			made.Go(step)
			made.World()
			made.Rows(step-20, step+20)
		}))
	}
	t.Logf("%d steps: opened in %v, going anywhere takes up to %v", n, opens, goes)
	wide := time.Duration(1)
	if time.Since(started) > (processorTime()-used)*5/4 { // others hold the processors, and their caches
		wide = 5
	}
	if opens > wide*time.Second || goes > wide*50*time.Millisecond {
		t.Errorf("%d steps: opened in %v, going anywhere takes up to %v", n, opens, goes)
	}
}

func BenchmarkOpen(b *testing.B) {
	for b.Loop() {
		made := openLong(b)
		b.ReportMetric(float64(made.Line().Len()), "steps")
	}
}

func BenchmarkGo(b *testing.B) {
	made := openLong(b)
	n := made.Line().Len()
	at := 0
	for b.Loop() {
		at = (at + 70_001) % n
		made.Go(at)
		made.World()
	}
}

func BenchmarkMove(b *testing.B) {
	made := openLong(b)
	made.Go(made.Line().Len() / 2)
	for b.Loop() {
		if made.Move(1); made.Step() == made.Line().Len() {
			made.Go(1)
		}
		made.World()
	}
}

// longTrace is the trace of that run, as a file has it.
func longTrace(t testing.TB) []byte {
	t.Helper()
	made := openLong(t)
	var file bytes.Buffer
	if err := made.Save(context.Background(), made.Line().Copy(), &file); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

// openFile opens a trace as it stands in a file.
func openFile(t testing.TB, file []byte) *timeline.Timeline {
	t.Helper()
	lab, err := lab()
	if err != nil {
		t.Fatal(err)
	}
	subject, _, err := timeline.FromTrace(lab, bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	made, err := timeline.New(context.Background(), subject, 0)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func BenchmarkOpenFile(b *testing.B) {
	file := longTrace(b)
	b.SetBytes(int64(len(file)))
	for b.Loop() {
		openFile(b, file)
	}
}
