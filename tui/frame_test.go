package tui

import (
	"context"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"pgregory.net/rapid"

	"quorumlab/tui/timeline"
)

// longScenario has more than 100,000 steps: a cluster of Zab under load.
const longScenario = `{name: long, title: long, protocol: zab, cluster: {nodes: 3, tick: 200ms}, until: 205s, deadline: 1s,
clients: [{name: a, at: n1}, {name: b, at: n2}, {name: c, at: n3}],
workload: {random: {rate: 16/s, keys: 4}},
timeline: [{at: 30s, partition: {isolate: leader}, for: 5s}, {at: 90s, crash: n2}, {at: 95s, restart: n2}]}`

func showLong(t rapid.TB, width, height int) *screen {
	t.Helper()
	made, err := lab()
	if err != nil {
		t.Fatal(err)
	}
	scenario, err := made.Parse("long.yaml", strings.NewReader(longScenario))
	if err != nil {
		t.Fatal(err)
	}
	s := &screen{t, NewModel(context.Background(), Options{Subject: &timeline.Subject{Lab: made, Scenario: scenario, Seed: 1}})}
	s.send(tea.WindowSizeMsg{Width: width, Height: height})
	s.do(s.open())
	return s
}

// worst returns how long the key that takes longest takes until its frame is drawn.
// Each has some tries, of which the quickest counts: what else the machine does is
// no matter of ours, and no more is the garbage collector, which works beside it.
func (s *screen) worst(keys []string, places []int) (worst time.Duration, slowest string) {
	for _, key := range keys {
		best := time.Hour
		for _, place := range places {
			s.t.Go(place)
			s.t.World()
			s.inbox()
			s.Screen()
			start := processorTime()
			s.press(key)
			s.Screen()
			best = min(best, processorTime()-start)
		}
		if best > worst {
			worst, slowest = best, key
		}
	}
	return worst, slowest
}

// patience is how much longer than it should something may take: on a machine where
// others hold the processors, and their caches, it takes longer even by the time that
// it has them.
func patience(elapsed, used time.Duration) time.Duration {
	if elapsed > used*5/4 {
		return 3
	}
	return 1
}

// TestFrames: on a trace of 100,000 steps no key takes longer until its frame is
// drawn than a frame of 60 a second lasts, and going anywhere no longer than 50 ms.
func TestFrames(t *testing.T) {
	started, used := time.Now(), processorTime()
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(1 << 30))
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	s := showLong(t, 80, 24)
	n := s.t.Line().Len()
	if n < 100_000 {
		t.Fatalf("it has only %d steps", n)
	}
	for _, size := range [][2]int{{80, 24}, {120, 40}} {
		s.send(tea.WindowSizeMsg{Width: size[0], Height: size[1]})
		keys := strings.Fields("l h l l j k 1 j 2 3 l 4 l l d l 5 l 6 l + l + tab l ctrl+d ctrl+u ? esc b esc P esc o o o o v V m a")
		worst, slowest := s.worst(keys, []int{n - 50, n - 50, n - 50, n - 50})
		goes := time.Duration(0)
		for i := range 10 {
			best := time.Hour
			for range 3 {
				s.t.Go(1)
				s.Screen()
				start := processorTime()
				s.t.Go(n * (i + 1) / 10)
				s.Screen()
				best = min(best, processorTime()-start)
			}
			goes = max(goes, best)
		}
		t.Logf("%dx%d: the slowest frame takes %v (%s), going anywhere %v", size[0], size[1], worst, slowest, goes)
		wide := patience(time.Since(started), processorTime()-used)
		if worst > wide*16*time.Millisecond || goes > wide*50*time.Millisecond {
			t.Errorf("%dx%d: the slowest frame takes %v (%s), going anywhere %v", size[0], size[1], worst, slowest, goes)
		}
	}
}

// TestMemory: a trace of 100,000 steps, gone through from end to end, takes no more
// than it is said to.
func TestMemory(t *testing.T) {
	const most = 100 << 20
	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	s := showLong(t, 80, 24)
	for i := range 50 {
		s.t.Go(s.t.Line().Len() * i / 49)
		s.Screen()
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	runtime.KeepAlive(s)
	used := int64(after.HeapAlloc) - int64(before.HeapAlloc)
	t.Logf("%d steps take %d MiB", s.t.Line().Len(), used>>20)
	if used > most {
		t.Errorf("%d steps take %d MiB", s.t.Line().Len(), used>>20)
	}
}
