package trace_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"quorumlab/network"
	"quorumlab/protocols"
	"quorumlab/protocols/machine"
	"quorumlab/protocols/state"
	"quorumlab/protocols/zab"
	"quorumlab/sim"
	"quorumlab/sim/trace"
)

// header says what a test's run is. The seed in it is not the run's own, so
// that two runs can claim to be one.
var header = trace.Header{
	Scenario: "test", Run: "only", Seed: 7, Nodes: []string{"n1", "n2", "n3"}, Clients: []string{"c1"},
	Document: json.RawMessage(`{"a":1}`), Code: "v1",
}

var finding = trace.Finding{Run: "only", Property: "agreement", Verdict: "holds", Expected: "holds", AsExpected: true}

// newRun returns a small run of Zab, with a fault or two.
func newRun(t testing.TB, seed uint64) *sim.Simulator {
	t.Helper()
	protocol := zab.Protocol()
	codec, err := state.NewCodec(append(append(protocol.Types, machine.Types()...), sim.Types()...)...)
	if err != nil {
		t.Fatal(err)
	}
	setup := &sim.Setup{
		Protocol: protocol, Tick: 20 * time.Millisecond, Parameters: map[string]string{}, Codec: codec,
		Machine: func() protocols.StateMachine { return machine.NewKV() }, Names: header.Nodes,
		Clients: []sim.Client{{ID: 1, Place: 1, Contacts: []protocols.NodeID{1, 2}, Timeout: time.Second}},
	}
	for _, p := range protocol.Parameters {
		setup.Parameters[p.Name] = p.Default
	}
	for i := range 3 {
		setup.Clients[0].Script = append(setup.Clients[0].Script, sim.Operation{
			Number: i + 1, At: 300 * time.Millisecond, Command: machine.Command{Op: machine.Put, Key: "x", Value: fmt.Sprint(i)},
		})
	}
	world, err := sim.NewWorld(setup)
	if err != nil {
		t.Fatal(err)
	}
	return sim.NewSimulator(world, sim.Config{
		Seed: seed,
		Conditions: func(_, _ protocols.NodeID) network.Conditions {
			return network.Conditions{Delay: network.UniformDelay(time.Millisecond, 2*time.Millisecond)}
		},
		DiskLatency:   func(protocols.NodeID) network.Distribution { return network.ConstantDelay(time.Millisecond) },
		StreamTimeout: time.Second, DialTimeout: time.Millisecond,
	})
}

// play runs what newRun gave, watched by a recorder.
func play(t testing.TB, s *sim.Simulator, r *trace.Recorder) {
	t.Helper()
	s.Watch(r)
	for node := range protocols.NodeID(3) {
		if err := s.Inflict(sim.Fault{Kind: sim.RestartNode, Node: node + 1}); err != nil {
			t.Fatal(err)
		}
	}
	for _, fault := range []sim.Fault{
		{Kind: sim.CutLinks, Cut: `cut "one"`, Pairs: network.Isolate(3, 3)},
		{Kind: sim.CrashNode, Node: 3},
	} {
		if _, err := s.RunUntil(s.World.Now+250*time.Millisecond, nil); err != nil {
			t.Fatal(err)
		}
		if err := s.Inflict(fault); err != nil {
			t.Fatal(err)
		}
	}
	r.Finding(finding)
}

// written returns the trace of a run.
func written(t testing.TB, seed uint64) []byte {
	t.Helper()
	var file bytes.Buffer
	s := newRun(t, seed)
	r, err := trace.NewRecorder(&file, s.World.Setup().Codec, header)
	if err != nil {
		t.Fatal(err)
	}
	play(t, s, r)
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

// rewriter compares what a run wrote with a file, without running again.
type rewriter struct{ lines [][]byte }

func newRewriter(file []byte) rewriter { return rewriter{bytes.SplitAfter(file, []byte("\n"))} }

// against compares with the file's only section.
func (w rewriter) against(file []byte) error {
	reader := trace.NewReader(bytes.NewReader(file))
	h, err := reader.Next()
	if err != nil {
		return err
	}
	c, err := trace.NewComparer(reader, h)
	if err != nil {
		return err
	}
	for _, line := range w.lines {
		if len(line) == 0 {
			continue
		}
		if _, err := c.Write(line); err != nil {
			return err
		}
	}
	_, err = reader.Next()
	return err // io.EOF if all is well
}
