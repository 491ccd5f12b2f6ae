package command

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"quorumlab/network/tcp"
	"quorumlab/protocols"
	"quorumlab/protocols/machine"
	"quorumlab/reports/film"
	"quorumlab/sim"
	"quorumlab/sim/trace"
)

// liveOne is a node that is a cluster by itself.
var liveOne = trace.Live{
	Cluster: "test", Protocol: "zab", Self: 1, Nodes: []protocols.NodeID{1}, Machine: "kv", Tick: 10 * time.Millisecond,
}

// recordLife drives a node through one life by hand, on a simulated disk, and
// records it.
func recordLife(t *testing.T, name, mutant string, disk *sim.Disk, request uint64) *diary {
	t.Helper()
	codec, err := liveCodec()
	if err != nil {
		t.Fatal(err)
	}
	d, err := newDiary(name, codec, liveOne, mutant, "")
	if err != nil {
		t.Fatal(err)
	}
	node, err := liveNode(&liveOne, mutant)
	if err != nil {
		t.Fatal(err)
	}
	now, answered := time.Duration(0), false
	events := []protocols.Event{protocols.Recovered{Disk: disk.Image()}}
	var timers []protocols.SetTimer
	for steps := 0; steps < 1000 && !answered; steps++ {
		if len(events) == 0 {
			now += timers[0].Min
			events = append(events, protocols.TimerFired{Timer: timers[0].Timer})
			timers = timers[1:]
		}
		event := events[0]
		events = events[1:]
		var effects protocols.Effects
		node.Step(now, event, &effects)
		d.observe(tcp.Step{Now: now, Event: event, Effects: effects})
		for _, effect := range effects {
			switch e := effect.(type) {
			case protocols.SetTimer:
				timers = append(timers, e)
			case protocols.Persist:
				disk.Pending = append(disk.Pending, e)
				disk.Start()
				events = append(events, protocols.Persisted{Mark: disk.Complete()})
			case protocols.Note:
				if e.Kind == protocols.Leading {
					events = append(events, protocols.Requested{Client: 1, Request: request, Command: machine.Command{Op: machine.Put, Key: "a", Value: "<1>"}})
				}
			case protocols.Reply:
				answered = answered || e.Refusal == ""
			}
		}
	}
	if !answered {
		t.Fatal("the node answers nothing")
	}
	return d
}

func replayFile(t *testing.T, name string, flags ...string) (code int, out, hints string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code = execute(context.Background(), append([]string{"replay", name}, flags...), streams{in: strings.NewReader(""), out: &stdout, err: &stderr})
	return code, stdout.String(), stderr.String()
}

func TestDiaryReplays(t *testing.T) {
	name := filepath.Join(t.TempDir(), "node.trace.jsonl")
	disk := &sim.Disk{}
	for life := range uint64(3) {
		if err := recordLife(t, name, "", disk, life+1).close(); err != nil {
			t.Fatal(err)
		}
		if life == 1 { // a kill tears a line
			file, err := os.OpenFile(name, os.O_APPEND|os.O_WRONLY, 0)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := file.WriteString(strings.Repeat(`{"n":1000,"t":`, 9000)); err != nil {
				t.Fatal(err)
			}
			if err := file.Close(); err != nil {
				t.Fatal(err)
			}
		}
	}
	code, out, hints := replayFile(t, name)
	if code != exitHeld || !strings.Contains(out, "of 3 lives to the same effects") {
		t.Errorf("code %d: %s%s", code, out, hints)
	}
	code, out, hints = replayFile(t, name, "--refine")
	if code != exitHeld || strings.Count(out, "✓ refines-zab-spec: holds") != 3 {
		t.Errorf("refined: code %d: %s%s", code, out, hints)
	}
	stepLives(t, name)
}

// TestDiaryOfAMutantParts: what a real node did is held against the specification.
func TestDiaryOfAMutantParts(t *testing.T) {
	name := filepath.Join(t.TempDir(), "node.trace.jsonl")
	if err := recordLife(t, name, "zab-accepted-epoch-forgotten", &sim.Disk{}, 1).close(); err != nil {
		t.Fatal(err)
	}
	code, out, hints := replayFile(t, name, "--refine")
	if code != exitViolated || !strings.Contains(out, "✗ refines-zab-spec: violated") {
		t.Errorf("code %d: %s%s", code, out, hints)
	}
	if code, out, hints = replayFile(t, name, "--refine", "--json"); code != exitViolated || !strings.Contains(out, `"verdict": "violated"`) {
		t.Errorf("code %d: %s%s", code, out, hints)
	}
}

// stepLives: the stepper opens what a real node did, and export shows it.
func stepLives(t *testing.T, name string) {
	t.Helper()
	stdout, stderr, code := quorumlab(t, "step", name)
	for _, want := range []string{
		"node 1 of test, life 1", "node 1 of test, life 3", "node 1 is asked by client 1: write a=<1>; ", "here the node was stopped",
	} {
		if code != exitHeld || !strings.Contains(stdout, want) {
			t.Errorf("code %d: no %q: %s%s", code, want, stdout, stderr)
		}
	}
	for _, format := range film.FormatNames() {
		stdout, stderr, code := quorumlab(t, "export", name, "--run", "life 3", "--format", format)
		if code != exitHeld || !strings.Contains(stdout, "is asked by client 1") {
			t.Errorf("%s: code %d: %s", format, code, stderr)
		}
	}
	content, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	killed := content[:bytes.LastIndexByte(content[:len(content)-1], '\n')+1]
	if err := os.WriteFile(name+".killed", killed, 0o600); err != nil {
		t.Fatal(err)
	}
	if stdout, _, code := quorumlab(t, "step", name+".killed", "--run", "life 3"); code != exitHeld ||
		!strings.Contains(stdout, "here the trace ends: the node was killed, or still runs") {
		t.Errorf("code %d: %s", code, stdout)
	}
	if _, stderr, code := quorumlab(t, "export", name, "--run", "life 4"); code != exitUsage || !strings.Contains(stderr, "did you mean \"life 1\"") {
		t.Errorf("code %d: %s", code, stderr)
	}
}

// TestDiaryOfAnotherNode: what a mutant did is not what the sound node does.
func TestDiaryOfAnotherNode(t *testing.T) {
	name := filepath.Join(t.TempDir(), "node.trace.jsonl")
	if err := recordLife(t, name, "", &sim.Disk{}, 1).close(); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	for change, want := range map[string]int{
		`"machine":"kv"`: exitHeld, `"machine":"vk"`: exitUsage, `"protocol":"zba"`: exitUsage,
	} {
		key, _, _ := strings.Cut(change, ":")
		line := string(content)
		from := strings.Index(line, key)
		to := from + strings.IndexByte(line[from:], ',')
		if err := os.WriteFile(name, []byte(line[:from]+change+line[to:]), 0o600); err != nil {
			t.Fatal(err)
		}
		if code, out, hints := replayFile(t, name); code != want || want == exitUsage && !strings.Contains(hints, "did you mean") {
			t.Errorf("%s: code %d, want %d: %s%s", change, code, want, out, hints)
		}
	}
}
