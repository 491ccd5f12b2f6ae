package quorumstore_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"quorumlab/checker"
	"quorumlab/checker/linear"
	"quorumlab/protocols"
	"quorumlab/protocols/machine"
	"quorumlab/protocols/quorumstore"
	"quorumlab/protocols/state"
	"quorumlab/sim"
)

// run is a world in which a random choice follows the other.
type run struct {
	t       *rapid.T
	world   *sim.World
	step    sim.Step
	set     *checker.Set
	history linear.History
	open    map[protocols.ClientID]int // place in history
}

func newRun(t *rapid.T, given map[string]string) *run {
	protocol := quorumstore.Protocol()
	codec, err := state.NewCodec(append(protocol.Types, sim.State{}, sim.Fault{}, protocols.Requested{})...)
	if err != nil {
		t.Fatal(err)
	}
	nodes := rapid.IntRange(3, 4).Draw(t, "nodes")
	setup := &sim.Setup{
		Protocol: protocol, Tick: 10 * time.Millisecond, Parameters: map[string]string{}, Codec: codec,
		Names: []string{"n1", "n2", "n3", "n4"}[:nodes], Machine: func() protocols.StateMachine { return machine.NewKV() },
	}
	for _, p := range protocol.Parameters {
		setup.Parameters[p.Name] = p.Default
	}
	setup.Parameters["snapshot_every"] = rapid.SampledFrom([]string{"0", "1", "3"}).Draw(t, "snapshot_every")
	maps.Copy(setup.Parameters, given)
	for id := protocols.ClientID(1); id <= 3; id++ {
		at := protocols.NodeID(rapid.IntRange(1, nodes).Draw(t, "at"))
		client := sim.Client{ID: id, Name: fmt.Sprint("c", id), Place: at, Contacts: []protocols.NodeID{at}}
		for i := range rapid.IntRange(1, 5).Draw(t, "operations") {
			client.Script = append(client.Script, sim.Operation{Number: len(client.Script) + 1, Command: draw(t, id, i)})
		}
		setup.Clients = append(setup.Clients, client)
	}
	r := &run{t: t, open: map[protocols.ClientID]int{}}
	if r.world, err = sim.NewWorld(setup); err != nil {
		t.Fatal(err)
	}
	if r.set, err = checker.NewSet(protocol.Invariants...); err != nil {
		t.Fatal(err)
	}
	for id := range protocols.NodeID(nodes) {
		r.apply(sim.Choice{Kind: sim.Restart, Node: id + 1})
	}
	return r
}

func draw(t *rapid.T, client protocols.ClientID, number int) machine.Command {
	switch rapid.IntRange(0, 5).Draw(t, "operation") {
	case 0, 1, 2:
		return machine.Command{Op: machine.Get, Key: "x"}
	case 3:
		return machine.Command{Op: machine.Delete, Key: "x"}
	}
	return machine.Command{Op: machine.Put, Key: "x", Value: fmt.Sprint(client, ".", number)}
}

func (r *run) apply(c sim.Choice) {
	r.world.Now += time.Millisecond
	r.step.Number++
	r.step.Time = r.world.Now
	r.world.Apply(c, &r.step)
	if !r.step.Done {
		return
	}
	r.set.Observe(r.world, &r.step)
	r.record()
}

// record takes what clients saw into the history.
func (r *run) record() {
	c := r.step.Client
	switch {
	case c.Invoked:
		command := c.Command.(machine.Command)
		op := linear.Operation{
			ID: len(r.history) + 1, Session: uint64(c.Client), Invoke: int64(r.world.Now),
			Return: linear.Never, Outcome: linear.Info, Kind: linear.Read,
		}
		if command.Op != machine.Get {
			op.Kind, op.In = linear.Write, linear.Value{Text: command.Value, Present: command.Op == machine.Put}
		}
		r.open[c.Client] = len(r.history)
		r.history = append(r.history, op)
	case c.Returned:
		op := &r.history[r.open[c.Client]]
		op.Return, op.Outcome = int64(r.world.Now), linear.Outcome(c.Outcome)
		if result, is := c.Result.(machine.Result); is && op.Kind == linear.Read {
			op.Out = linear.Value{Text: result.Value, Present: result.Found}
		}
	}
}

// act makes one choice, a fault now and then. The disk loses nothing that was
// forced; what a crash keeps of the rest is drawn.
func (r *run) act() {
	choices := slices.DeleteFunc(r.world.Choices(), func(c sim.Choice) bool {
		return c.Kind == sim.Corrupt || c.Kind == sim.Pause || c.Kind == sim.Expire || c.Kind == sim.FailSync
	})
	rare := func(c sim.Choice) bool {
		return c.Kind == sim.Crash || c.Kind == sim.Drop || c.Kind == sim.Duplicate
	}
	if rapid.IntRange(0, 9).Draw(r.t, "fault") > 0 {
		choices = slices.DeleteFunc(choices, rare)
	}
	if len(choices) > 0 {
		r.apply(choices[rapid.IntRange(0, len(choices)-1).Draw(r.t, "choice")])
	}
}

// recover restarts all, and lets everything happen that is due, timers too, for
// long enough that anti-entropy gets around.
func (r *run) recover() {
	for range 1000 {
		choices := slices.DeleteFunc(r.world.Choices(), func(c sim.Choice) bool {
			switch c.Kind {
			case sim.Deliver, sim.Sync, sim.Restart, sim.Arrive, sim.Fire:
				return false
			}
			return true
		})
		// What is under way first, so that it ends.
		slices.SortStableFunc(choices, func(a, b sim.Choice) int { return order(a) - order(b) })
		if order(choices[0]) == 1 { // a timer: the oldest
			choices[0] = slices.MinFunc(choices, func(a, b sim.Choice) int { return int(a.ID) - int(b.ID) })
		}
		r.apply(choices[0])
	}
}

func order(c sim.Choice) int {
	if c.Kind == sim.Fire {
		return 1
	}
	return 0
}

// wantConverged fails unless all owners of x hold the same.
func (r *run) wantConverged() {
	var first []quorumstore.Version
	seen := false
	for i := range r.world.Nodes {
		node := r.world.Nodes[i].Node.(*quorumstore.Node)
		if len(node.Hints) > 0 {
			r.t.Fatalf("node %d still has the hints %+v", i+1, node.Hints)
		}
		if !node.Keeps("x") {
			continue
		}
		held := node.Cells["x"].Versions
		if seen && fmt.Sprint(held) != fmt.Sprint(first) {
			r.t.Fatalf("one owner holds %+v, node %d %+v", first, i+1, held)
		}
		first, seen = held, true
	}
}

// Every mode, under lost, doubled and reordered messages and crashes at every
// point of a force: what doc.go promises for it.
func TestModesKeepTheirPromises(t *testing.T) {
	for _, test := range []struct {
		mode         map[string]string
		linearizable bool
	}{
		{map[string]string{}, true},
		{map[string]string{"r": "1", "w": "3"}, true},
		{map[string]string{"r": "3", "w": "1"}, true},
		{map[string]string{"writeback": "off"}, false},
		{map[string]string{"r": "1", "w": "1", "writeback": "off"}, false},
		{map[string]string{"sloppy": "on"}, false},
		{map[string]string{"conflicts": "lww", "writeback": "off"}, false},
		{map[string]string{"conflicts": "siblings"}, false},
		{map[string]string{"conflicts": "siblings", "sloppy": "on", "r": "1", "w": "1"}, false},
	} {
		t.Run(fmt.Sprint(test.mode), rapid.MakeCheck(func(t *rapid.T) {
			r := newRun(t, test.mode)
			for range rapid.IntRange(0, 200).Draw(t, "steps") {
				r.act()
			}
			r.recover()
			r.wantConverged()
			for _, f := range r.set.Findings() {
				if f.Verdict != checker.Holds {
					t.Fatalf("%s: %s", f.Property, f.Witness)
				}
			}
			if !test.linearizable {
				return
			}
			found, err := linear.Check(context.Background(), r.history, linear.Register(), linear.Options{})
			if err != nil || found.Verdict != linear.Holds {
				t.Fatal(found.Verdict, found.Explanation, err)
			}
		}))
	}
}
