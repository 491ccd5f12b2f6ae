package mutants_test

import (
	"fmt"
	"testing"
	"time"

	"quorumlab/checker"
	"quorumlab/checker/mutants"
	"quorumlab/network"
	"quorumlab/protocols"
	"quorumlab/protocols/machine"
	"quorumlab/protocols/state"
	"quorumlab/protocols/zab"
	"quorumlab/sim"
)

// simulate runs three nodes of Zab under load. Again and again all of them
// lose power at once, without what is not on disk, and come back. It returns
// the findings of all of the protocol's invariants.
func simulate(t *testing.T, seed uint64, wrap func(protocols.Node) protocols.Node) map[string]checker.Finding {
	t.Helper()
	protocol := zab.Protocol()
	w := newZabWorld(t, protocol, wrap)
	disks := network.UniformDelay(time.Millisecond, 20*time.Millisecond)
	s := sim.NewSimulator(w, sim.Config{
		Seed: seed,
		Conditions: func(_, _ protocols.NodeID) network.Conditions {
			return network.Conditions{Delay: network.UniformDelay(100*time.Microsecond, time.Millisecond)}
		},
		DiskLatency:   func(protocols.NodeID) network.Distribution { return disks },
		ClientDelay:   network.UniformDelay(50*time.Microsecond, 250*time.Microsecond),
		StreamTimeout: 3 * time.Second, DialTimeout: 100 * time.Millisecond,
	})
	set, err := checker.NewSet(protocol.Invariants...)
	if err != nil {
		t.Fatal(err)
	}
	s.Watch(set)
	inflict := func(kind sim.FaultKind) {
		for node := range protocols.NodeID(3) {
			if err := s.Inflict(sim.Fault{Kind: kind, Node: node + 1}); err != nil {
				t.Fatal(err)
			}
		}
	}
	for round := range time.Duration(5) {
		inflict(sim.RestartNode)
		if _, err := s.RunUntil((round+1)*4*time.Second, nil); err != nil {
			t.Fatal(err)
		}
		inflict(sim.CrashNode)
	}
	findings := map[string]checker.Finding{}
	for _, f := range set.Findings() {
		findings[f.Property] = f
	}
	return findings
}

func newZabWorld(t *testing.T, protocol protocols.Protocol, wrap func(protocols.Node) protocols.Node) *sim.World {
	t.Helper()
	types := append(protocol.Types, mutants.Types()...)
	codec, err := state.NewCodec(append(types, sim.State{}, sim.Fault{}, protocols.Requested{})...)
	if err != nil {
		t.Fatal(err)
	}
	setup := &sim.Setup{
		Protocol: protocol, Tick: 100 * time.Millisecond, Parameters: map[string]string{},
		Names: []string{"n1", "n2", "n3"}, Wrap: wrap, Codec: codec,
		Machine: func() protocols.StateMachine { return machine.NewKV() },
	}
	for _, p := range protocol.Parameters {
		setup.Parameters[p.Name] = p.Default
	}
	setup.Parameters["snapCount"] = "100"
	for i := range protocols.ClientID(3) {
		client := sim.Client{
			ID: i + 1, Name: fmt.Sprintf("c%d", i+1), Place: protocols.NodeID(i + 1),
			Contacts: []protocols.NodeID{protocols.NodeID(i + 1)}, Timeout: time.Second,
		}
		for k := range 900 {
			client.Script = append(client.Script, sim.Operation{
				Number: int(i)*900 + k + 1, At: time.Duration(k) * 20 * time.Millisecond,
				Command: machine.Command{Op: machine.Put, Key: "x", Value: fmt.Sprint(k)},
			})
		}
		setup.Clients = append(setup.Clients, client)
	}
	w, err := sim.NewWorld(setup)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// The mutant is caught by what it says and by what comes of it, and its sound
// twin passes the same runs.
func TestAckBeforeDurableIsCaught(t *testing.T) {
	mutant, err := mutants.Lookup("zab-ack-before-durable")
	if err != nil {
		t.Fatal(err)
	}
	lost := 0
	for seed := range uint64(12) {
		for property, f := range simulate(t, seed, nil) {
			if f.Verdict != checker.Holds || f.Checked == 0 {
				t.Errorf("without the mutant, seed %d: %s: %+v", seed, property, f)
			}
		}
		findings := simulate(t, seed, mutant.Wrap)
		if f := findings["force-order"]; f.Verdict != checker.Violated {
			t.Errorf("seed %d: nobody saw the early vow: %+v", seed, f)
		}
		if f := findings[mutant.Property]; f.Verdict == checker.Violated {
			lost++
			t.Log(f.Witness)
		}
	}
	if lost == 0 {
		t.Error("nothing that was acknowledged got lost in any run")
	}
}
