package sim_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"quorumlab/network"
	"quorumlab/protocols"
	"quorumlab/protocols/state"
	"quorumlab/sim"
)

// puppet is a node that does what messages, timers and clients tell it.
type puppet struct {
	Marks  uint64
	Timers map[string]protocols.Effects // what to do when one fires
}

// order tells a puppet, as a message or a command, what to do. As a command it
// is then answered with Word, refused if Refusal is set, or not if Silent.
type order struct {
	Word    string
	Refusal string
	Silent  bool
	Do      protocols.Effects
	// Timers sets what is done when timers fire.
	Timers map[string]protocols.Effects
}

// write is a Persist of records: the puppet knows the mark.
func write(records ...string) protocols.Persist {
	var p protocols.Persist
	for _, r := range records {
		p.Writes = append(p.Writes, protocols.Append{Record: r})
	}
	return p
}

func say(to protocols.NodeID, word string) protocols.Send {
	return protocols.Send{To: to, Message: order{Word: word}}
}

func (p *puppet) Step(_ time.Duration, event protocols.Event, out *protocols.Effects) {
	switch e := event.(type) {
	case protocols.Received:
		p.obey(e.Message.(order), out)
	case protocols.Requested:
		o := e.Command.(order)
		p.obey(o, out)
		switch {
		case o.Refusal != "":
			out.Refuse(e.Client, e.Request, o.Refusal)
		case !o.Silent:
			out.Reply(e.Client, e.Request, o.Word)
		}
	case protocols.TimerFired:
		p.obey(order{Do: p.Timers[e.Timer.Name]}, out)
	}
}

func (p *puppet) obey(o order, out *protocols.Effects) {
	if o.Word == "panic" {
		panic("told to")
	}
	for name, do := range o.Timers {
		p.Timers[name] = do
	}
	for _, effect := range o.Do {
		if persist, ok := effect.(protocols.Persist); ok {
			p.Marks++
			effect = protocols.Persist{Mark: p.Marks, Writes: persist.Writes}
		}
		*out = append(*out, effect)
	}
}

// scene is a run of puppets. Client i stands beside node i and asks it, until
// a test says otherwise.
type scene struct {
	t      testing.TB
	setup  sim.Setup
	config sim.Config
	*sim.Simulator
	// seen tells what happened, a line each.
	seen []string
	// say decides which steps are told of; nil: all that describe knows.
	watched func(*sim.Step) bool
}

func newScene(t testing.TB, nodes int, links protocols.LinkKind) *scene {
	t.Helper()
	protocol := protocols.Protocol{
		Name: "puppets", Links: links,
		New: func(protocols.Config) (protocols.Node, error) {
			return &puppet{Timers: map[string]protocols.Effects{}}, nil
		},
	}
	codec, err := state.NewCodec(append(sim.Types(), (*puppet)(nil), (*fickle)(nil), order{})...)
	if err != nil {
		t.Fatal(err)
	}
	s := &scene{t: t, setup: sim.Setup{Protocol: protocol, Codec: codec}}
	for i := range nodes {
		id := protocols.NodeID(i + 1)
		s.setup.Names = append(s.setup.Names, fmt.Sprintf("n%d", id))
		s.setup.Clients = append(s.setup.Clients, sim.Client{
			ID: protocols.ClientID(id), Place: id, Contacts: []protocols.NodeID{id}, Timeout: time.Second,
		})
	}
	s.config = sim.Config{
		Seed: 1,
		Conditions: func(_, _ protocols.NodeID) network.Conditions {
			return network.Conditions{Delay: network.ConstantDelay(10 * time.Millisecond)}
		},
		DiskLatency:   func(protocols.NodeID) network.Distribution { return network.ConstantDelay(10 * time.Millisecond) },
		StreamTimeout: 200 * time.Millisecond, DialTimeout: 5 * time.Millisecond,
	}
	return s
}

const ms = time.Millisecond

// ask has a node's client ask for something at an instant.
func (s *scene) ask(at time.Duration, node protocols.NodeID, o order) {
	client := &s.setup.Clients[node-1]
	client.Script = append(client.Script, sim.Operation{
		Number: 100*int(node) + len(client.Script) + 1, At: at, Command: o,
	})
}

// do has a node do something at an instant.
func (s *scene) do(at time.Duration, node protocols.NodeID, effects ...protocols.Effect) {
	s.ask(at, node, order{Do: effects})
}

// boot makes the world and starts all nodes.
func (s *scene) boot() *scene {
	s.t.Helper()
	world, err := sim.NewWorld(&s.setup)
	if err != nil {
		s.t.Fatal(err)
	}
	s.Simulator = sim.NewSimulator(world, s.config)
	for i := range s.setup.Names {
		if err := s.Inflict(sim.Fault{Kind: sim.RestartNode, Node: protocols.NodeID(i + 1)}); err != nil {
			s.t.Fatal(err)
		}
	}
	s.Watch(s)
	return s
}

// strike runs up to an instant and has a fault strike then.
func (s *scene) strike(at time.Duration, f sim.Fault) {
	s.t.Helper()
	if at > s.World.Now {
		s.until(at)
	}
	if err := s.Inflict(f); err != nil {
		s.t.Fatal(err)
	}
}

func (s *scene) until(at time.Duration) {
	s.t.Helper()
	if _, err := s.RunUntil(at, nil); err != nil {
		s.t.Fatal(err)
	}
}

// Observe notes what happened.
func (s *scene) Observe(_ *sim.World, step *sim.Step) {
	if s.watched != nil && !s.watched(step) {
		return
	}
	for _, line := range describe(step) {
		s.seen = append(s.seen, fmt.Sprintf("%v %s", step.Time, line))
	}
}

func describe(step *sim.Step) (lines []string) {
	switch e := step.Event.(type) {
	case protocols.Received:
		lines = append(lines, fmt.Sprintf("n%d<n%d %s", step.Node, e.From, e.Message.(order).Word))
	case protocols.Disconnected:
		lines = append(lines, fmt.Sprintf("n%d<n%d broken", step.Node, e.Peer))
	case protocols.TimerFired:
		lines = append(lines, fmt.Sprintf("n%d %s fired", step.Node, e.Timer.Name))
	case protocols.Persisted:
		lines = append(lines, fmt.Sprintf("n%d persisted %d", step.Node, e.Mark))
	}
	if step.Stopped != 0 {
		lines = append(lines, fmt.Sprintf("n%d stopped", step.Stopped))
	}
	c := step.Client
	switch {
	case c.Client == 0 || c.Returned && c.Outcome == sim.OK && c.Result == "":
	case c.Invoked:
		if word := c.Command.(order).Word; word != "" {
			lines = append(lines, fmt.Sprintf("c%d asks n%d %s", c.Client, c.Node, word))
		}
	case c.Returned && c.Outcome == sim.OK:
		lines = append(lines, fmt.Sprintf("c%d ok %v", c.Client, c.Result))
	case c.Returned:
		lines = append(lines, fmt.Sprintf("c%d %s %s", c.Client, c.Outcome, c.Reason))
	default:
		lines = append(lines, fmt.Sprintf("c%d retries n%d", c.Client, c.Node))
	}
	return lines
}

// saw runs up to an instant and checks all that was seen since the last time.
func (s *scene) saw(until time.Duration, want ...string) {
	s.t.Helper()
	s.until(until)
	if !slices.Equal(s.seen, want) {
		s.t.Errorf("until %v:\n saw  %q\n want %q", until, s.seen, want)
	}
	s.seen = nil
}

func (s *scene) log(node protocols.NodeID) []string {
	var log []string
	for _, record := range s.World.Nodes[node-1].Disk.Durable.Log {
		log = append(log, record.(string))
	}
	return log
}
