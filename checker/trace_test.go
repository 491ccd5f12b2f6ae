package checker_test

import (
	"fmt"
	"time"

	"pgregory.net/rapid"

	"quorumlab/checker"
	"quorumlab/protocols"
	"quorumlab/sim"
)

// act is one step of a hand-made run: what a node emitted, or what a client
// was told. Before it, prepare changes the world.
type act struct {
	node    protocols.NodeID
	event   protocols.Event
	effects protocols.Effects
	client  sim.ClientStep
	prepare func(*sim.World)
	// stopped goes down by it; lost messages are lost by it.
	stopped protocols.NodeID
	lost    int
}

// command is what the clients of hand-made runs ask.
type command struct{ Put string }

// machine counts what it executes; every string is a query to it.
type machine struct{ Done int }

func (m *machine) Apply(protocols.Command) protocols.Result { m.Done++; return m.Done }
func (*machine) Snapshot() protocols.Record                 { return nil }
func (*machine) Restore(protocols.Record)                   {}
func (*machine) Query(c protocols.Command) (protocols.Result, bool) {
	_, query := c.(string)
	return nil, query
}

// idle is a node that does nothing.
type idle struct{}

func (*idle) Step(time.Duration, protocols.Event, *protocols.Effects) {}

// vow is true if its sender's log has that many records on disk.
type vow struct{ Logged int }

func (v vow) Kept(durable protocols.Disk) string {
	if len(durable.Log) < v.Logged {
		return fmt.Sprintf("record %d is not on disk", v.Logged)
	}
	return ""
}

func does(node protocols.NodeID, effects ...protocols.Effect) act {
	return act{node: node, event: protocols.TimerFired{}, effects: effects}
}

func leading(epoch uint64) protocols.Effect {
	return protocols.Note{Kind: protocols.Leading, Term: epoch}
}

func leads(node protocols.NodeID, epoch uint64) act { return does(node, leading(epoch)) }

func boots(node protocols.NodeID) act {
	return act{node: node, event: protocols.Recovered{}}
}

func restores(node protocols.NodeID, slot uint64) act {
	return does(node, protocols.Note{Kind: protocols.Restored, Slot: slot})
}

// tx is a transaction of a hand-made run.
type tx struct {
	term, slot uint64
	value      any
}

func (x tx) note(kind protocols.NoteKind) protocols.Effect {
	return protocols.Note{Kind: kind, Term: x.term, Slot: x.slot, Value: x.value}
}

func casts(node protocols.NodeID, all ...tx) act {
	a := does(node)
	for _, x := range all {
		a.effects = append(a.effects, x.note(protocols.Broadcast))
	}
	return a
}

func delivers(node protocols.NodeID, all ...tx) act {
	a := does(node)
	for _, x := range all {
		a.effects = append(a.effects, x.note(protocols.Delivered))
	}
	return a
}

func sends(node, to protocols.NodeID, message protocols.Message) act {
	return does(node, protocols.Send{To: to, Message: message})
}

// forces puts one more record on a node's disk.
func forces(node protocols.NodeID) act {
	a := does(node)
	a.prepare = func(w *sim.World) {
		d := &w.Nodes[node-1].Disk.Durable
		d.First, d.Log = 1, append(d.Log, "record")
	}
	return a
}

// told lets a client hear that its request is done.
func told(client protocols.ClientID, number int, c protocols.Command) act {
	return act{
		client:  sim.ClientStep{Client: client, Command: c, Returned: true, Outcome: sim.OK},
		prepare: func(w *sim.World) { w.Clients[client-1].Next = number },
	}
}

// newWorld returns a world of the nodes n1, n2 and n3 and the clients c1 and
// c2, in which nothing happens by itself.
func newWorld(t rapid.TB) *sim.World {
	t.Helper()
	w, err := sim.NewWorld(&sim.Setup{
		Protocol: protocols.Protocol{
			Name: "idle", Links: protocols.Stream,
			New: func(protocols.Config) (protocols.Node, error) { return &idle{}, nil },
		},
		Tick:    time.Millisecond,
		Names:   []string{"n1", "n2", "n3"},
		Machine: func() protocols.StateMachine { return &machine{} },
		Clients: []sim.Client{{ID: 1, Name: "c1"}, {ID: 2, Name: "c2"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func names() []string {
	var all []string
	for _, d := range checker.All() {
		all = append(all, d.Name)
	}
	return all
}

// play shows a run to observers.
func play(t rapid.TB, acts []act, observers ...sim.Observer) {
	t.Helper()
	w := newWorld(t)
	for i, a := range acts {
		if a.prepare != nil {
			a.prepare(w)
		}
		step := sim.Step{
			Number: uint64(i + 1), Time: time.Duration(i+1) * time.Millisecond, Done: true,
			Node: a.node, Event: a.event, Effects: a.effects, Client: a.client,
			Stopped: a.stopped, Lost: a.lost,
		}
		if _, boots := a.event.(protocols.Recovered); boots {
			step.Choice.Kind = sim.Restart
		}
		for _, o := range observers {
			o.Observe(w, &step)
		}
	}
}

// judge plays a run to a set of all invariants, and to each by itself: both
// must come to the same findings, which are returned by name.
func judge(t rapid.TB, acts []act) map[string]checker.Finding {
	t.Helper()
	set, err := checker.NewSet(names()...)
	if err != nil {
		t.Fatal(err)
	}
	observers := []sim.Observer{set}
	var alone []*checker.Set
	for _, name := range names() {
		one, err := checker.NewSet(name)
		if err != nil {
			t.Fatal(err)
		}
		alone = append(alone, one)
		observers = append(observers, one)
	}
	play(t, acts, observers...)
	findings := map[string]checker.Finding{}
	violated := false
	for i, f := range set.Findings() {
		findings[f.Property] = f
		violated = violated || f.Verdict == checker.Violated
		if one := alone[i].Findings()[0]; one != f {
			t.Fatalf("%s alone: %+v, in the set: %+v", f.Property, one, f)
		}
	}
	if set.Violated() != violated {
		t.Fatalf("Violated() is %v, the findings say %v", set.Violated(), violated)
	}
	return findings
}
