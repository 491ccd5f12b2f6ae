package sim_test

import (
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

// newZab returns a simulator of a Zab cluster with clients that ask without
// pause: each of them sits beside its node and has writes to do.
func newZab(t testing.TB, nodes, clients, writes int, seed uint64) *sim.Simulator {
	t.Helper()
	return newZabWith(t, nodes, clients, writes, sim.Config{Seed: seed})
}

// newZabWith takes seed and audit from a configuration.
func newZabWith(t testing.TB, nodes, clients, writes int, config sim.Config) *sim.Simulator {
	t.Helper()
	return start(t, replicated(t, zab.Protocol(), nodes, clients, writes), config)
}

// start boots a cluster on a local network.
func start(t testing.TB, setup *sim.Setup, config sim.Config) *sim.Simulator {
	t.Helper()
	world, err := sim.NewWorld(setup)
	if err != nil {
		t.Fatal(err)
	}
	config.Conditions = func(_, _ protocols.NodeID) network.Conditions {
		return network.Conditions{Delay: network.UniformDelay(time.Millisecond, 5*time.Millisecond)}
	}
	config.DiskLatency = func(protocols.NodeID) network.Distribution {
		return network.UniformDelay(200*time.Microsecond, 2*time.Millisecond)
	}
	config.ClientDelay = network.ConstantDelay(100 * time.Microsecond)
	config.StreamTimeout, config.DialTimeout = 3*time.Second, 100*time.Millisecond
	s := sim.NewSimulator(world, config)
	for i := range setup.Names {
		if err := s.Inflict(sim.Fault{Kind: sim.RestartNode, Node: protocols.NodeID(i + 1)}); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// replicated returns the setup of a protocol that replicates a key-value
// store, with clients who write to it from second 2 on. They share one script:
// its operations have the same numbers.
func replicated(t testing.TB, protocol protocols.Protocol, nodes, clients, writes int) *sim.Setup {
	t.Helper()
	types := append(protocol.Types, machine.Types()...)
	codec, err := state.NewCodec(append(types, sim.Types()...)...)
	if err != nil {
		t.Fatal(err)
	}
	setup := &sim.Setup{
		Protocol: protocol, Tick: 200 * time.Millisecond, Parameters: map[string]string{}, Codec: codec,
		Machine: func() protocols.StateMachine { return machine.NewKV() },
	}
	for _, p := range protocol.Parameters {
		setup.Parameters[p.Name] = p.Default
	}
	for i := range nodes {
		setup.Names = append(setup.Names, fmt.Sprintf("n%d", i+1))
	}
	script := make([]sim.Operation, writes)
	var command protocols.Command = machine.Command{Op: machine.Put, Key: "x", Value: "v"}
	for i := range script {
		script[i] = sim.Operation{Number: i + 1, At: 2 * time.Second, Command: command}
	}
	for i := range clients {
		place := protocols.NodeID(i%nodes + 1)
		setup.Clients = append(setup.Clients, sim.Client{
			ID: protocols.ClientID(i + 1), Name: fmt.Sprintf("c%d", i+1), Place: place,
			Contacts: []protocols.NodeID{place}, Timeout: 10 * time.Second, Script: script,
		})
	}
	return setup
}

// answered counts the operations that ended ok.
type answered struct{ ok, other int }

func (a *answered) Observe(_ *sim.World, step *sim.Step) {
	if !step.Client.Returned {
		return
	}
	if step.Client.Outcome == sim.OK {
		a.ok++
	} else {
		a.other++
	}
}

func TestZabAnswersEveryClient(t *testing.T) {
	s := newZab(t, 3, 6, 50, 1)
	var a answered
	s.Watch(&a)
	if _, err := s.RunUntil(20*time.Second, nil); err != nil {
		t.Fatal(err)
	}
	if a.ok != 300 || a.other != 0 {
		t.Errorf("%d operations ended ok and %d otherwise, want 300 and 0", a.ok, a.other)
	}
}

func benchmark(b *testing.B, traced bool) {
	s := newZab(b, 3, 30, 50_000, 1)
	if traced {
		r, err := trace.NewRecorder(discard{}, s.World.Setup().Codec, trace.Header{Document: []byte("{}")})
		if err != nil {
			b.Fatal(err)
		}
		s.Watch(r)
	}
	if _, err := s.RunUntil(2*time.Second, nil); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.ResetTimer()
	end := s.Steps + uint64(b.N)
	if _, err := s.RunUntil(sim.Forever, func() bool { return s.Steps >= end }); err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "steps/s")
}

type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }

func BenchmarkZab(b *testing.B)       { benchmark(b, false) }
func BenchmarkZabTraced(b *testing.B) { benchmark(b, true) }
