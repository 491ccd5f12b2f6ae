package trace_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"quorumlab/protocols"
	"quorumlab/protocols/machine"
	"quorumlab/protocols/zab"
	"quorumlab/sim"
	"quorumlab/sim/trace"
)

var live = trace.Live{
	Cluster: "test", Protocol: "zab", Self: 3, Nodes: []protocols.NodeID{1, 2, 3}, Machine: "kv",
	Tick: 20 * time.Millisecond, Parameters: parametersOf(zab.Protocol()), Started: time.Unix(1, 0).UTC(),
}

func parametersOf(p protocols.Protocol) map[string]string {
	values := map[string]string{}
	for _, parameter := range p.Parameters {
		values[parameter.Name] = parameter.Default
	}
	return values
}

// lives records the lives of one node of a run as a real node's driver does: what
// it is given, and what it does, and nothing of the rest.
type lives struct {
	t    *testing.T
	node protocols.NodeID
	file bytes.Buffer
	sim  *sim.Simulator
	life *trace.Recorder
	kept int
}

func (l *lives) Observe(_ *sim.World, step *sim.Step) {
	if step.Node != l.node || step.Event == nil {
		return
	}
	if _, boots := step.Event.(protocols.Recovered); boots {
		header, err := live.Header("", "")
		if err != nil {
			l.t.Fatal(err)
		}
		if l.life, err = trace.NewRecorder(&l.file, l.sim.World.Setup().Codec, header); err != nil {
			l.t.Fatal(err)
		}
	}
	l.kept++
	if err := l.life.Record(&sim.Step{Time: step.Time, Node: step.Node, Clock: step.Clock, Event: step.Event, Effects: step.Effects}); err != nil {
		l.t.Fatal(err)
	}
}

// recordLives returns the trace of node 3, which is killed and starts again, and
// how many steps are in it.
func recordLives(t *testing.T) ([]byte, int) {
	t.Helper()
	s := newRun(t, 1)
	l := &lives{t: t, node: 3, sim: s}
	s.Watch(l)
	hash, err := trace.NewRecorder(nil, s.World.Setup().Codec, header)
	if err != nil {
		t.Fatal(err)
	}
	play(t, s, hash)
	if err := s.Inflict(sim.Fault{Kind: sim.RestartNode, Node: 3}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.RunUntil(s.World.Now+time.Second, nil); err != nil {
		t.Fatal(err)
	}
	if err := l.life.Close(); err != nil {
		t.Fatal(err)
	}
	return l.file.Bytes(), l.kept
}

// playLives executes a trace of lives.
func playLives(t *testing.T, file []byte) (steps, sections, cut int, err error) {
	t.Helper()
	codec := newRun(t, 1).World.Setup().Codec
	reader := trace.NewReader(bytes.NewReader(file))
	for {
		header, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return steps, sections, cut, nil
		}
		if err != nil {
			return steps, sections, cut, err
		}
		l := header.Live()
		if l == nil {
			t.Fatal("it is not known for a real node's")
		}
		node, err := zab.Protocol().New(protocols.Config{
			Self: l.Self, Nodes: l.Nodes, Machine: machine.NewKV(), Tick: l.Tick, Parameters: l.Parameters,
		})
		if err != nil {
			t.Fatal(err)
		}
		player, err := trace.NewPlayer(reader, header, codec, node)
		if err != nil {
			t.Fatal(err)
		}
		for err == nil {
			err = player.Next()
		}
		steps += int(player.Steps())
		sections++
		if player.Cut {
			cut++
		}
		if !errors.Is(err, io.EOF) {
			return steps, sections, cut, err
		}
	}
}

func TestARealNodesLivesReplay(t *testing.T) {
	file, kept := recordLives(t)
	steps, sections, cut, err := playLives(t, file)
	if err != nil || steps != kept || sections != 2 || cut != 1 {
		t.Errorf("replayed %d of %d steps, %d sections, %d without an end: %v", steps, kept, sections, cut, err)
	}
	// A kill tears the last line.
	steps, sections, cut, err = playLives(t, file[:len(file)-200])
	if err != nil || steps >= kept || sections != 2 || cut != 2 {
		t.Errorf("torn: replayed %d of %d steps, %d sections, %d without an end: %v", steps, kept, sections, cut, err)
	}
}

// TestWhatANodeDidNotDoDiverges: the same event, another effect.
func TestWhatANodeDidNotDoDiverges(t *testing.T) {
	file, kept := recordLives(t)
	lines := bytes.SplitAfter(file, []byte("\n"))
	for at, change := range map[int]string{1: "a byte of the file", 5: "a byte of an event"} {
		damaged := bytes.Clone(file)
		offset := len(bytes.Join(lines[:at], nil))
		if change == "a byte of an event" {
			offset += bytes.Index(lines[at], []byte(`"bytes":"`)) + 12
		} else {
			offset += bytes.Index(lines[at], []byte(`"effects"`)) + 20
		}
		damaged[offset] ^= 1
		_, _, _, err := playLives(t, damaged)
		problem, ok := errors.AsType[*trace.Problem](err)
		if !ok || problem.Line != at+1 || problem.Diverged {
			t.Errorf("%s of line %d: %v", change, at+1, err)
		}
	}
	// The file is sound, but another node wrote it: one with another identity.
	other := bytes.ReplaceAll(file, []byte(`"self":3`), []byte(`"self":2`))
	steps, _, _, err := playLives(t, other)
	if problem, ok := errors.AsType[*trace.Problem](err); !ok || steps > kept || !strings.Contains(problem.Error(), "line 2") {
		t.Errorf("another node: %v", err)
	}
	// Sound to its last hash, and yet not what the node does.
	_, _, _, err = playLives(t, forged(t))
	if problem, ok := errors.AsType[*trace.Problem](err); !ok || !problem.Diverged {
		t.Errorf("a forged life: %v", err)
	}
}

// forged returns a life in which the node does nothing when it boots.
func forged(t *testing.T) []byte {
	header, err := live.Header("", "")
	if err != nil {
		t.Fatal(err)
	}
	var file bytes.Buffer
	r, err := trace.NewRecorder(&file, newRun(t, 1).World.Setup().Codec, header)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Record(&sim.Step{Node: 3, Event: protocols.Recovered{}}); err != nil {
		t.Fatal(err)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

func TestASimulatedRunIsNoLife(t *testing.T) {
	for _, h := range []trace.Header{header, {Scenario: "live", Document: json.RawMessage(`[]`)}, {Scenario: "live"}} {
		if h.Live() != nil {
			t.Errorf("%s is taken for a real node's", h.Scenario)
		}
	}
}
