package cost

import (
	"fmt"
	"reflect"
	"testing"
	"time"

	"quorumlab/network"
	"quorumlab/protocols"
	"quorumlab/protocols/machine"
	"quorumlab/protocols/state"
	"quorumlab/sim"
)

// puppet is a node that does what it is told by messages and commands.
type puppet struct {
	Marks  uint64
	Then   map[uint64]protocols.Effects // by mark
	Timers map[string]protocols.Effects
}

// order is a message or a command. Its effects are done at once; of a write or a
// timer, the rest when it has ended.
type order struct{ Do protocols.Effects }

// later is an effect in an order: the puppet writes, or sets a timer, and then
// does something.
type later struct {
	protocols.Note
	Timer string // "": a write
	Then  protocols.Effects
}

func send(to protocols.NodeID, then ...protocols.Effect) protocols.Effect {
	return protocols.Send{To: to, Message: order{then}}
}

func force(then ...protocols.Effect) protocols.Effect { return later{Then: then} }

func wait(timer string, then ...protocols.Effect) protocols.Effect {
	return later{Timer: timer, Then: then}
}

// answer answers the request of a number of client 1.
func answer(request uint64) protocols.Effect { return protocols.Reply{Client: 1, Request: request} }

func role(name string) protocols.Effect { return protocols.Note{Kind: protocols.Role, Text: name} }

func (p *puppet) Step(_ time.Duration, event protocols.Event, out *protocols.Effects) {
	switch e := event.(type) {
	case protocols.Received:
		p.do(e.Message.(order).Do, out)
	case protocols.Requested:
		if o, ok := e.Command.(order); ok {
			p.do(o.Do, out)
		} else {
			out.Reply(e.Client, e.Request, nil)
		}
	case protocols.Persisted:
		for mark := uint64(1); mark <= e.Mark; mark++ {
			p.do(p.Then[mark], out)
			delete(p.Then, mark)
		}
	case protocols.TimerFired:
		p.do(p.Timers[e.Timer.Name], out)
	}
}

func (p *puppet) do(effects protocols.Effects, out *protocols.Effects) {
	for _, effect := range effects {
		l, ok := effect.(later)
		switch {
		case !ok:
			*out = append(*out, effect)
		case l.Timer == "":
			p.Marks++
			p.Then[p.Marks] = l.Then
			out.Persist(p.Marks, protocols.Append{Record: p.Marks})
		default:
			p.Timers[l.Timer] = l.Then
			out.SetTimer(protocols.Timer{Name: l.Timer}, 50*time.Millisecond, 50*time.Millisecond)
		}
	}
}

// scene is a run of three puppets: client 1 stands beside node 1 and asks it
// commands a second apart, and after a second and a half node 2.
type scene struct {
	*sim.Simulator
	meter *Meter
}

func newScene(t *testing.T, links protocols.LinkKind, commands ...protocols.Command) *scene {
	t.Helper()
	codec, err := state.NewCodec(append(sim.Types(), append(machine.Types(), order{}, later{}, protocols.Send{}, protocols.Reply{}, (*puppet)(nil))...)...)
	if err != nil {
		t.Fatal(err)
	}
	setup := &sim.Setup{
		Protocol: protocols.Protocol{Name: "puppets", Links: links, New: func(protocols.Config) (protocols.Node, error) {
			return &puppet{Then: map[uint64]protocols.Effects{}, Timers: map[string]protocols.Effects{}}, nil
		}},
		Names: []string{"n1", "n2", "n3"}, Codec: codec,
		Machine: func() protocols.StateMachine { return machine.NewKV() },
	}
	client := sim.Client{ID: 1, Place: 1, Contacts: []protocols.NodeID{1, 2}, Timeout: 1500 * time.Millisecond}
	for i, command := range commands {
		client.Script = append(client.Script, sim.Operation{Number: i + 1, At: time.Duration(i+1) * time.Second, Command: command})
	}
	setup.Clients = []sim.Client{client}
	world, err := sim.NewWorld(setup)
	if err != nil {
		t.Fatal(err)
	}
	constant := func() network.Distribution { return network.ConstantDelay(time.Millisecond) }
	s := &scene{meter: New(codec), Simulator: sim.NewSimulator(world, sim.Config{
		Seed: 1, Conditions: func(_, _ protocols.NodeID) network.Conditions { return network.Conditions{Delay: constant()} },
		DiskLatency:   func(protocols.NodeID) network.Distribution { return constant() },
		StreamTimeout: 200 * time.Millisecond, DialTimeout: 5 * time.Millisecond,
	})}
	s.Watch(s.meter)
	for i := range setup.Names {
		s.inflict(t, sim.Fault{Kind: sim.RestartNode, Node: protocols.NodeID(i + 1)})
	}
	return s
}

func (s *scene) inflict(t *testing.T, fault sim.Fault) {
	t.Helper()
	if err := s.Inflict(fault); err != nil {
		t.Fatal(err)
	}
}

func (s *scene) run(t *testing.T, until time.Duration) Cost {
	t.Helper()
	if _, err := s.RunUntil(until, nil); err != nil {
		t.Fatal(err)
	}
	return s.meter.Cost()
}

func do(effects ...protocols.Effect) order { return order{effects} }

// TestDelays: what is known of each order is its number of message delays,
// messages, and forces.
func TestDelays(t *testing.T) {
	for name, test := range map[string]struct {
		order    order
		delays   int
		messages int64
		forces   []Forces
	}{
		"answered at once":      {do(answer(1)), 0, 0, nil},
		"forced, then answered": {do(force(answer(1))), 0, 0, []Forces{{"n1", "", 1}}},
		"there and back":        {do(send(2, send(1, answer(1)))), 2, 2, nil},
		"a ring":                {do(send(2, send(3, send(1, answer(1))))), 3, 3, nil},
		"forced on the way": {
			do(send(2, force(send(1, force(answer(1)))))), 2, 2, []Forces{{"n1", "", 1}, {"n2", "", 1}},
		},
		"what is sent after the answer is its cost as well": {
			do(send(2, send(1, answer(1), send(2, force(send(3)))))), 2, 4, []Forces{{"n2", "", 1}},
		},
		"the message that brings the answer about counts, not the longest way": {
			do(send(3, send(2, send(3, send(2)))), send(2, send(1, answer(1)))), 2, 6, nil,
		},
		"the last of a quorum": {
			do(send(2, send(3, send(1, answer(1)))), send(3, send(1))), 3, 5, nil,
		},
		"in a role":         {do(role("king"), force(answer(1))), 0, 0, []Forces{{"n1", "king", 1}}},
		"after a timer":     {do(send(2, wait("w", send(1, answer(1))))), 2, 2, nil},
		"resent by a timer": {do(send(2), wait("w", send(2, send(1, answer(1))))), 2, 3, nil},
		"two forces in one": {
			do(force(), force(send(2, send(1, answer(1)))), force()), 2, 2, []Forces{{"n1", "", 2}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := newScene(t, protocols.Stream, test.order).run(t, 10*time.Second)
			o := c.Of(Write)
			if len(c.Operations) != 1 || o.Answered != 1 || len(o.Delays) != 1 || o.Delays[0].Delays != test.delays {
				t.Fatalf("delays %+v, want %d", c.Operations, test.delays)
			}
			if o.Sent() != test.messages {
				t.Errorf("%d messages, want %d", o.Sent(), test.messages)
			}
			for _, m := range o.Messages {
				if m.Type != "cost.order" || m.Bytes < 5*m.Count {
					t.Errorf("%+v", m)
				}
			}
			if fmt.Sprint(o.Forces) != fmt.Sprint(test.forces) {
				t.Errorf("forces %+v, want %+v", o.Forces, test.forces)
			}
			if c.Upkeep.Sent() != 0 || len(c.Upkeep.Forces) != 0 {
				t.Errorf("upkeep %+v", c.Upkeep)
			}
		})
	}
}

// A timer that outlives the request which set it works for nobody any more: so
// heartbeats, which everything sent puts off, are upkeep.
func TestHeartbeatsAreUpkeep(t *testing.T) {
	beat := wait("beat", send(2), wait("beat", send(2, force()), wait("beat")))
	c := newScene(t, protocols.Stream, do(beat, send(2, send(1, answer(1))))).run(t, 10*time.Second)
	if o := c.Of(Write); o.Sent() != 2 || c.Upkeep.Sent() != 2 || len(o.Forces) != 0 || c.Upkeep.Forced("") != 1 {
		t.Errorf("%+v, upkeep %+v", o, c.Upkeep)
	}
}

// Reads and writes are told apart by the state machine.
func TestReadsAndWrites(t *testing.T) {
	get, put := machine.Command{Op: machine.Get, Key: "x"}, machine.Command{Op: machine.Put, Key: "x"}
	c := newScene(t, protocols.Stream, get, put, get).run(t, 10*time.Second)
	if c.Of(Read).Answered != 2 || c.Of(Write).Answered != 1 || len(c.Operations) != 2 {
		t.Errorf("%+v", c)
	}
}

// What a cut or a crash loses was sent all the same, and on account of the one
// request that two nodes were asked.
func TestLostMessagesAndRetries(t *testing.T) {
	refused := protocols.Reply{Client: 1, Request: 1, Refusal: protocols.NotLeader}
	s := newScene(t, protocols.Datagram, do(send(3), refused, send(3, send(2, answer(1)))))
	s.inflict(t, sim.Fault{Kind: sim.CrashNode, Node: 3})
	c := s.run(t, 10*time.Second)
	// Node 1 refuses, node 2, asked then, does the same, and nobody answers.
	if o := c.Of(Write); o.Answered != 0 || o.Sent() != 4 || len(o.Delays) != 0 {
		t.Errorf("%+v", c)
	}
	if len(s.meter.packets) > 4 || len(s.meter.open) != 0 {
		t.Errorf("the meter keeps %v and %v", s.meter.packets, s.meter.open)
	}
}

// A duplicate that the network makes is not sent by anybody, but what it brings
// about is on account of the original's request.
func TestDuplicates(t *testing.T) {
	s := newScene(t, protocols.Datagram, do(send(2, send(1, answer(1)))))
	s.inflict(t, sim.Fault{Kind: sim.SetLinks, Pairs: []network.Pair{{From: 1, To: 2}}, Conditions: network.Conditions{
		Delay: network.ConstantDelay(time.Millisecond), Duplicate: network.Certain,
	}})
	o := s.run(t, 10*time.Second).Of(Write)
	if o.Answered != 1 || o.Sent() != 3 || o.Delays[0].Delays != 2 {
		t.Errorf("%+v", o)
	}
}

// After a crash nobody knows what the node's state rests on.
func TestCrashBreaksTheChain(t *testing.T) {
	s := newScene(t, protocols.Datagram, do(send(2, wait("w", send(1, answer(1))))))
	s.run(t, 1020*time.Millisecond)
	s.inflict(t, sim.Fault{Kind: sim.CrashNode, Node: 2})
	s.inflict(t, sim.Fault{Kind: sim.RestartNode, Node: 2})
	if known := s.meter.nodes[1]; len(known.known)+len(known.timers)+len(known.writes) != 0 {
		t.Errorf("node 2 still has %+v", known)
	}
}

// Stamps of packets that never arrive are forgotten.
func TestMeterIsBounded(t *testing.T) {
	var flood protocols.Effects
	for range packetsMany / 2 {
		flood = append(flood, send(2))
	}
	flood = append(flood, protocols.Reply{Client: 1, Request: 1})
	s := newScene(t, protocols.Datagram, order{flood}, order{flood}, order{flood}, order{flood}, order{flood}, order{flood})
	s.inflict(t, sim.Fault{Kind: sim.CrashNode, Node: 2})
	o := s.run(t, 20*time.Second).Of(Write)
	if sent := o.Sent(); sent < 6*packetsMany/2 || len(s.meter.packets) > packetsMany {
		t.Errorf("%d stamps are kept of %d messages", len(s.meter.packets), sent)
	}
}

// An observer that has seen nothing has nothing to tell.
func TestNothing(t *testing.T) {
	if c := New(nil).Cost(); !reflect.DeepEqual(c.Of(Read), Operations{Kind: Read}) || c.Upkeep.Sent() != 0 {
		t.Errorf("%+v", c)
	}
}
