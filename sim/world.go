package sim

import (
	"fmt"
	"slices"
	"time"

	"quorumlab/network"
	"quorumlab/protocols"
	"quorumlab/protocols/state"
)

// Setup is what does not change in a world: who takes part and how nodes are
// made. Worlds that come from one another share it.
type Setup struct {
	Protocol protocols.Protocol
	// Tick and Parameters go into every node's Config.
	Tick       time.Duration
	Parameters map[string]string
	// Names holds the nodes' names; node i+1 has Names[i].
	Names []string
	// Members go into every node's Config: who votes at the start, nil for all.
	Members []protocols.NodeID
	// Machine makes the state machine of a node; nil if there is none.
	Machine func() protocols.StateMachine
	// Wrap, if not nil, wraps every node that is made (a mutant).
	Wrap func(protocols.Node) protocols.Node
	// Links overrides the protocol's kind of link, if not "".
	Links protocols.LinkKind
	// Clients holds all clients; client i+1 is Clients[i].
	Clients []Client
	// Codec knows the types of the protocol, the machine and of State.
	Codec *state.Codec
}

// State is the whole simulated system as exported plain data.
type State struct {
	// Now is the true virtual time. The world itself never advances it.
	Now     time.Duration
	Nodes   []Cell // node i+1 is Nodes[i]
	Network network.Network
	Clients []Client
	Calls   []Call // under way, or waiting at a node
	// Timers and Called count all timers ever set and all calls ever made.
	Timers, Called uint64
}

// Cell is one node with all that belongs to it.
type Cell struct {
	ID         protocols.NodeID
	Up, Paused bool
	Node       protocols.Node // nil when down
	Disk       Disk
	Timers     []Armed
	Clock      Clock
}

// World is a State that can step. Steps are deterministic: equal states and
// choices give equal steps.
type World struct {
	State
	setup *Setup
}

// NewWorld returns a world in which every node is down and nothing is under
// way; each node has yet to be restarted. It reports what is wrong with the
// protocol's parameters.
func NewWorld(setup *Setup) (*World, error) {
	kind := setup.Links
	if kind == "" {
		kind = setup.Protocol.Links
	}
	w := &World{setup: setup}
	w.Network = *network.New(len(setup.Names), kind)
	w.Clients = slices.Clone(setup.Clients)
	for i := range setup.Names {
		id := protocols.NodeID(i + 1)
		if _, err := w.newNode(id); err != nil {
			return nil, fmt.Errorf("%s: %w", setup.Protocol.Name, err)
		}
		w.Nodes = append(w.Nodes, Cell{ID: id})
	}
	return w, nil
}

// Setup returns what does not change.
func (w *World) Setup() *Setup { return w.setup }

// Clone returns a world that shares nothing changeable with w.
func (w *World) Clone() *World {
	return &World{State: w.setup.Codec.Clone(w.State).(State), setup: w.setup}
}

// Name returns the name of a node.
func (s *Setup) Name(id protocols.NodeID) string {
	if id == 0 || int(id) > len(s.Names) {
		return ""
	}
	return s.Names[id-1]
}

func (w *World) cell(id protocols.NodeID) *Cell { return &w.Nodes[id-1] }

func (w *World) client(id protocols.ClientID) *Client { return &w.Clients[id-1] }

// newNode makes a node of the configuration, as at every boot.
func (w *World) newNode(id protocols.NodeID) (protocols.Node, error) {
	config := protocols.Config{
		Self: id, Members: slices.Clone(w.setup.Members), Tick: w.setup.Tick, Parameters: w.setup.Parameters,
	}
	for i := range w.setup.Names {
		config.Nodes = append(config.Nodes, protocols.NodeID(i+1))
	}
	if w.setup.Machine != nil {
		config.Machine = w.setup.Machine()
	}
	node, err := w.setup.Protocol.New(config)
	if err != nil {
		return nil, err
	}
	if w.setup.Wrap != nil {
		node = w.setup.Wrap(node)
	}
	return node, nil
}

// Valid reports whether a choice names nodes, clients and numbers that exist,
// so that Apply cannot fail on it; it may still not be enabled.
func (w *World) Valid(c Choice) bool {
	nodes, clients := protocols.NodeID(len(w.Nodes)), protocols.ClientID(len(w.Clients))
	switch c.Kind {
	case Deliver, Drop, Duplicate, Corrupt, Break:
		return c.Node >= 1 && c.Node <= nodes && c.Peer >= 1 && c.Peer <= nodes && c.Node != c.Peer
	case Fire, Sync, FailSync, Crash, Restart, Pause, Resume:
		return c.Node >= 1 && c.Node <= nodes
	case Invoke, Expire:
		return c.Client >= 1 && c.Client <= clients
	case Arrive, Lose:
		return true
	}
	return false
}

// Apply makes one choice and tells in step what it did; step.Done is false,
// and nothing has changed, if the choice is not enabled.
func (w *World) Apply(c Choice, step *Step) {
	step.reset()
	step.Choice = c
	if !w.Valid(c) {
		return
	}
	switch c.Kind {
	case Deliver:
		w.deliver(c, step)
	case Drop, Duplicate, Corrupt, Break:
		w.disturb(c, step)
	case Fire:
		w.fire(c, step)
	case Sync:
		w.sync(c, step)
	case FailSync, Crash:
		w.crash(c, step)
	case Restart:
		w.restart(c, step)
	case Pause, Resume:
		cell := w.cell(c.Node)
		step.Done = cell.Up && cell.Paused != (c.Kind == Pause)
		cell.Paused = cell.Up && c.Kind == Pause
	case Invoke:
		w.invoke(c.Client, step)
	case Arrive:
		w.arrive(c.ID, step)
	case Expire:
		w.expire(c, step)
	case Lose:
		w.lose(c.ID, step)
	}
}
