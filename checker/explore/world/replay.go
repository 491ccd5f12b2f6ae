package world

import (
	"bytes"
	"fmt"
	"slices"

	"quorumlab/checker/explore"
	"quorumlab/network"
	"quorumlab/protocols"
	"quorumlab/sim"
)

// Replay makes a run of the model in a world of the simulator, and compares the
// two after every step: nodes, disks, timers and what is under way. The error
// tells the first step after which they differ, or that the simulator cannot
// make; then the model is wrong.
func (m *Model) Replay(path *explore.Path) error {
	w, err := m.Boot()
	if err != nil {
		return err
	}
	return m.follow(w, path, m.Make)
}

// Boot returns the simulator's world where a run begins.
func (m *Model) Boot() (*sim.World, error) {
	w, err := m.boot()
	if err != nil {
		return nil, err
	}
	var step sim.Step
	apply := func(c sim.Choice, _ *sim.Fault) { w.Apply(c, &step) }
	if m.prologue == nil {
		m.settle(w, explore.NewStepper(m).Initial()[0], apply)
		return w, nil
	}
	if err := m.follow(w, m.prologue, m.makeStarting); err != nil {
		return nil, fmt.Errorf("before it begins: %w", err)
	}
	return w, nil
}

// Make has do carry out a step in the simulator's world, choice by choice or as a
// fault: what in the model is part of the step comes after it. before and after are
// the model's states.
func (m *Model) Make(w *sim.World, label explore.Label, before, after []uint32, do func(sim.Choice, *sim.Fault)) error {
	if err := m.makeFirst(w, label, before, do); err != nil {
		return err
	}
	m.ask(w, label, before, do)
	m.settle(w, after, do)
	return nil
}

// makeStarting is Make for a step of the prologue, in which disks take their time.
func (m *Model) makeStarting(w *sim.World, label explore.Label, before, _ []uint32, do func(sim.Choice, *sim.Fault)) error {
	if err := m.makeFirst(w, label, before, do); err != nil {
		return err
	}
	m.ask(w, label, before, do)
	m.settleCalls(w, do)
	return nil
}

// ask has do bring a request to its node, if that is part of a step.
func (m *Model) ask(w *sim.World, label explore.Label, before []uint32, do func(sim.Choice, *sim.Fault)) {
	if label.Kind() == kindInvoke && m.meets(before[len(before)-1]) {
		do(sim.Choice{Kind: sim.Arrive, ID: w.Clients[label>>8&0xff].Call}, nil)
	}
}

func (m *Model) makeFirst(w *sim.World, label explore.Label, before []uint32, do func(sim.Choice, *sim.Fault)) error {
	switch label.Kind() {
	case kindAnew:
		return nil // the simulator's client has turned to the next contact by itself
	case kindTurn:
		m.takeTurn(w, protocols.NodeID(label>>8&0xff), before, do)
		return nil
	}
	choice, fault, err := m.Act(w, label)
	if err == nil {
		do(choice, fault)
	}
	return err
}

// Act returns what a step is in the simulator's world first of all: a choice or, if
// it cuts or heals, a fault.
func (m *Model) Act(w *sim.World, label explore.Label) (sim.Choice, *sim.Fault, error) {
	if fault := m.cuts(label); fault != nil {
		return sim.Choice{}, fault, nil
	}
	c, err := m.choice(w, label)
	return c, nil, err
}

// settle has do carry out what in the model is part of the step before.
func (m *Model) settle(w *sim.World, words []uint32, do func(sim.Choice, *sim.Fault)) {
	if m.config.Limits.PromptDisks && used(words[len(words)-1], usedCrashes) >= m.config.Budgets.Crashes {
		for i := range w.Nodes {
			for w.Nodes[i].Up && w.Nodes[i].Disk.Syncing > 0 {
				do(sim.Choice{Kind: sim.Sync, Node: protocols.NodeID(i + 1)}, nil)
			}
		}
	}
	m.settleCalls(w, do)
}

// settleCalls has do bring the answers that are under way to their clients.
func (m *Model) settleCalls(w *sim.World, do func(sim.Choice, *sim.Fault)) {
	for m.config.Limits.PromptCalls {
		at := slices.IndexFunc(w.Calls, func(c sim.Call) bool { return c.Answered })
		if at < 0 {
			return
		}
		do(sim.Choice{Kind: sim.Arrive, ID: w.Calls[at].ID}, nil)
	}
}

// follow makes a run in a world of the simulator that is where the run begins.
func (m *Model) follow(
	w *sim.World, path *explore.Path,
	makes func(w *sim.World, label explore.Label, before, after []uint32, do func(sim.Choice, *sim.Fault)) error,
) error {
	if err := m.same(w, path.States[0]); err != nil {
		return fmt.Errorf("world: at the beginning %w", err)
	}
	for i, label := range path.Steps {
		var step sim.Step
		var undone bool
		var err error
		panicked := panics(func() {
			err = makes(w, label, path.States[i], path.States[i+1], func(c sim.Choice, f *sim.Fault) {
				w.Redo(0, c, f, &step)
				undone = undone || !step.Done
			})
		})
		switch expected := m.panicked(path.States[i+1]); {
		case panicked != "" && expected:
			return nil // nothing can be told of what comes after
		case panicked != "" || expected:
			return fmt.Errorf("world: step %d (%s): panic %q, expected %t", i+1, m.Explain(label), panicked, expected)
		case err != nil:
			return fmt.Errorf("world: step %d (%s): %w", i+1, m.Explain(label), err)
		case undone:
			return fmt.Errorf("world: step %d (%s) is not possible", i+1, m.Explain(label))
		}
		if err := m.same(w, path.States[i+1]); err != nil {
			return fmt.Errorf("world: after step %d (%s) %w", i+1, m.Explain(label), err)
		}
	}
	return nil
}

// panics calls a function and returns what it panicked with, "" if it did not.
func panics(do func()) (with string) {
	defer func() {
		if r := recover(); r != nil {
			with = fmt.Sprint(r)
		}
	}()
	do()
	return ""
}

// panicked reports whether a node has met what it takes for impossible.
func (m *Model) panicked(words []uint32) bool {
	return m.monitors.At(words[len(words)-2]).hits&hitsPanic != 0
}

// persistence is how often a client of the simulator's world turns to each contact,
// where it does not give up in the model's: more often than it does in any run that
// is shown.
const persistence = 1 << 10

// boot makes the world in which all nodes have booted at once: a node that boots
// finds the others running.
func (m *Model) boot() (*sim.World, error) {
	setup := &sim.Setup{
		Protocol: m.config.Protocol, Tick: m.config.Tick, Parameters: m.config.Parameters, Names: m.config.Names,
		Machine: m.config.Machine, Wrap: m.config.Wrap, Codec: m.codec,
	}
	for i, client := range m.config.Clients {
		c := sim.Client{ID: protocols.ClientID(i + 1), Name: client.Name, Contacts: client.Contacts}
		if m.serving {
			c.Contacts = slices.Repeat(client.Contacts, persistence)
		}
		for n, command := range client.Commands {
			c.Script = append(c.Script, sim.Operation{Number: 1 + i*256 + n, Command: command})
		}
		setup.Clients = append(setup.Clients, c)
	}
	w, err := sim.NewWorld(setup)
	if err != nil {
		return nil, err
	}
	var step sim.Step
	for i := range m.nodes {
		for j := range m.nodes {
			w.Network.Up[j] = j != i
		}
		w.Apply(sim.Choice{Kind: sim.Restart, Node: protocols.NodeID(i + 1)}, &step)
	}
	return w, nil
}

// cuts returns the fault that cuts a node of the simulator's world off, or heals
// that, if the step is such a one.
func (m *Model) cuts(label explore.Label) *sim.Fault {
	const cut = "cut"
	switch label.Kind() {
	case kindHeal:
		return &sim.Fault{Kind: sim.HealLinks, Cut: cut}
	case kindCut:
		alone := protocols.NodeID(label >> 8 & 0xff)
		return &sim.Fault{Kind: sim.CutLinks, Cut: cut, Pairs: network.Isolate(m.nodes, alone)}
	}
	return nil
}

// choice returns the simulator's choice for a step.
func (m *Model) choice(w *sim.World, label explore.Label) (sim.Choice, error) {
	a, b, c := int(label>>8&0xff), int(label>>16&0xff), uint32(label>>24)
	node, peer := protocols.NodeID(a), protocols.NodeID(b)
	kinds := map[int]sim.Kind{kindDeliver: sim.Deliver, kindLost: sim.Deliver, kindMiss: sim.Deliver, kindDrop: sim.Drop, kindDuplicate: sim.Duplicate}
	switch label.Kind() {
	case kindDeliver, kindLost, kindMiss, kindDrop, kindDuplicate:
		id, err := m.packet(w, node, peer, c)
		return sim.Choice{Kind: kinds[label.Kind()], Node: node, Peer: peer, ID: id}, err
	case kindLearn:
		return sim.Choice{Kind: sim.Deliver, Node: node, Peer: peer, ID: w.Network.Link(node, peer).Queue[0].ID}, nil
	case kindFire:
		for _, armed := range w.Nodes[node-1].Timers {
			if timerName(armed.Timer) == m.values.At(c) {
				return sim.Choice{Kind: sim.Fire, Node: node, ID: armed.ID}, nil
			}
		}
		return sim.Choice{}, fmt.Errorf("the timer is not set")
	case kindSync:
		return sim.Choice{Kind: sim.Sync, Node: node}, nil
	case kindCrash:
		return sim.Choice{Kind: sim.Crash, Node: node, Keep: uint32(b)}, nil
	case kindRestart:
		return sim.Choice{Kind: sim.Restart, Node: node}, nil
	case kindBreak:
		return sim.Choice{Kind: sim.Break, Node: node, Peer: peer, Keep: c & 0xff, ID: uint64(c >> 8)}, nil
	case kindInvoke:
		return sim.Choice{Kind: sim.Invoke, Client: protocols.ClientID(a + 1)}, nil
	case kindRequest, kindAnswer:
		return sim.Choice{Kind: sim.Arrive, ID: w.Clients[a].Call}, nil
	case kindExpire:
		return sim.Choice{Kind: sim.Expire, Client: protocols.ClientID(a + 1), ID: w.Clients[a].Call}, nil
	case kindLate:
		at := slices.IndexFunc(w.Calls, func(call sim.Call) bool {
			client := &w.Clients[a]
			return call.Client == client.ID && call.Node == peer && uint32(call.Request) == c &&
				!(client.Open && call.ID == client.Call)
		})
		if at >= 0 {
			return sim.Choice{Kind: sim.Arrive, ID: w.Calls[at].ID}, nil
		}
	}
	return sim.Choice{}, fmt.Errorf("the simulator has no such choice")
}

// packet finds the packet that carries a message.
func (m *Model) packet(w *sim.World, from, to protocols.NodeID, message uint32) (uint64, error) {
	for _, packet := range w.Network.Link(from, to).Queue {
		if !packet.Break && m.message(packet.Message) == message {
			return packet.ID, nil
		}
	}
	return 0, fmt.Errorf("the message is not under way")
}

// same compares a world with a state.
func (m *Model) same(w *sim.World, words []uint32) error {
	s := &situation{m: m, words: words}
	for i := range m.nodes {
		id := protocols.NodeID(i + 1)
		cell := &w.Nodes[i]
		c := content{ID: id, Up: cell.Up, Node: cell.Node, Disk: cell.Disk}
		for _, armed := range cell.Timers {
			c.Timers = append(c.Timers, armed.Timer)
		}
		slices.SortFunc(c.Timers, compareTimers)
		c.Shadow, c.Waits = m.cells.At(s.cell(id)).Shadow, m.cells.At(s.cell(id)).Waits // which the simulator does not have
		if !bytes.Equal(m.codec.Canonical(c), m.codec.Canonical(*m.cells.At(s.cell(id)))) {
			return fmt.Errorf("node %s differs", m.name(id))
		}
		for j := range i {
			if !m.samePair(&w.Network, s, protocols.NodeID(j+1), id) {
				return fmt.Errorf("what is between %s and %s differs", m.config.Names[j], m.name(id))
			}
		}
	}
	for i := range m.config.Clients {
		if c := m.clients.At(s.client(i)); w.Clients[i].Open != c.open || w.Clients[i].Next != int(c.next) {
			return fmt.Errorf("client %s differs", m.config.Clients[i].Name)
		}
	}
	return nil
}

func (m *Model) samePair(n *network.Network, s *situation, a, b protocols.NodeID) bool {
	is := &pair{}
	for direction, ends := range [2][2]protocols.NodeID{{a, b}, {b, a}} {
		for _, packet := range n.Link(ends[0], ends[1]).Queue {
			item := uint32(0)
			if !packet.Break {
				item = 1 + m.message(packet.Message)
			}
			is.queues[direction] = append(is.queues[direction], item)
		}
	}
	is.established = n.Kind == protocols.Stream && n.Connection(a, b).Established
	return m.pairOf(is) == s.words[m.pairAt(a, b)]
}
