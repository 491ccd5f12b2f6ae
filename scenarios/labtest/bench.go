package labtest

import (
	"fmt"
	"testing"
	"time"

	"quorumlab/checker/cost"
	"quorumlab/network"
	"quorumlab/protocols"
	"quorumlab/protocols/catalog"
	"quorumlab/protocols/machine"
	"quorumlab/protocols/state"
	"quorumlab/sim"
)

// Workbench is a cluster of three nodes on which nothing fails, every message takes 2
// milliseconds and every force 1. Its one client asks commands, which no document need be
// able to say, half a second apart, and a second after the last all is over. Ann's account, which holds 1000, and bob's are on n1,
// kim's is on n2, zoe's on n3.
type Workbench struct {
	Protocol   string
	Parameters map[string]string
	At         protocols.NodeID // whom the client asks
}

// Run has the commands done. It returns what they have cost, and, in their order, what was
// sent and what was forced: "1.002s n1→n2", "1.003s n2".
func (b Workbench) Run(t testing.TB, commands ...protocols.Command) (cost.Cost, []string) {
	t.Helper()
	protocol, err := catalog.Lookup(b.Protocol)
	if err != nil {
		t.Fatal(err)
	}
	given := map[string]string{"ranges": "h,p"}
	for name, value := range b.Parameters {
		given[name] = value
	}
	parameters, err := catalog.Parameters(protocol, given)
	if err != nil {
		t.Fatal(err)
	}
	codec, err := state.NewCodec(append(catalog.Types(), sim.Types()...)...)
	if err != nil {
		t.Fatal(err)
	}
	client := sim.Client{ID: 1, Name: "client", Place: b.At, Contacts: []protocols.NodeID{b.At}, Timeout: 5 * time.Second}
	for i, command := range commands {
		at := time.Second + time.Duration(i)*500*time.Millisecond
		client.Script = append(client.Script, sim.Operation{Number: i + 1, At: at, Command: command})
	}
	world, err := sim.NewWorld(&sim.Setup{
		Protocol: protocol, Tick: 100 * time.Millisecond, Parameters: parameters, Names: []string{"n1", "n2", "n3"},
		Machine: accounts, Clients: []sim.Client{client}, Codec: codec,
	})
	if err != nil {
		t.Fatal(err)
	}
	s := sim.NewSimulator(world, sim.Config{
		Seed: 1,
		Conditions: func(_, _ protocols.NodeID) network.Conditions {
			return network.Conditions{Delay: network.ConstantDelay(2 * time.Millisecond)}
		},
		DiskLatency: func(protocols.NodeID) network.Distribution { return network.ConstantDelay(time.Millisecond) },
	})
	meter, seen := cost.New(codec), &footprint{}
	s.Watch(meter)
	s.Watch(seen)
	for id := range world.Nodes {
		if err := s.Inflict(sim.Fault{Kind: sim.RestartNode, Node: protocols.NodeID(id + 1)}); err != nil {
			t.Fatal(err)
		}
	}
	last := client.Script[len(client.Script)-1].At
	if _, err := s.RunUntil(last+time.Second, nil); err != nil {
		t.Fatal(err)
	}
	return meter.Cost(), seen.steps
}

func accounts() protocols.StateMachine {
	kv := machine.NewKV()
	for _, key := range []string{"ann", "bob", "kim", "zoe"} {
		kv.Values[key] = "1000"
	}
	return kv
}

// footprint is an observer of what is sent and forced from the first request on.
type footprint struct {
	asked bool
	steps []string
}

func (f *footprint) Observe(w *sim.World, step *sim.Step) {
	f.asked = f.asked || step.Client.Invoked
	if !f.asked {
		return
	}
	if step.Choice.Kind == sim.Sync {
		f.steps = append(f.steps, fmt.Sprintf("%v %s", step.Time, w.Setup().Name(step.Choice.Node)))
	}
	for _, effect := range step.Effects {
		if send, ok := effect.(protocols.Send); ok {
			f.steps = append(f.steps, fmt.Sprintf("%v %s→%s", step.Time, w.Setup().Name(step.Node), w.Setup().Name(send.To)))
		}
	}
}
