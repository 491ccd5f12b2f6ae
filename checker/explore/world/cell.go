package world

import (
	"cmp"
	"fmt"

	"quorumlab/checker/explore"
	"quorumlab/protocols"
	"quorumlab/sim"
)

// content is all of a node that is part of the state.
type content struct {
	ID     protocols.NodeID
	Up     bool
	Node   protocols.Node // nil when down
	Disk   sim.Disk
	Timers []protocols.Timer // that are set, in order
	Waits  []uint32          // the ticks until each of them runs out, with Turns only
	Shadow Shadow            // nil when down, if there is none, or if it has parted
}

// act is what can happen to a node. Its zero fields do not matter.
type act struct {
	kind    actKind
	peer    protocols.NodeID
	message uint32 // interned, of receive
	timer   protocols.Timer
	client  protocols.ClientID
	request uint64
	keep    int
	// atomic: the disk completes at once what the node gives it.
	atomic bool
}

type actKind uint8

const (
	receive actKind = iota
	disconnect
	fire
	sync
	crash
	restart
	request
	tick // of the node's clock
)

// outcome is what an act does to a node.
type outcome struct {
	cell    uint32
	sends   []send
	replies []reply
	// notes is an interned list of what the node noted, 0 if nothing.
	notes uint32
	// broken says what the node did that it may never do, "" if nothing.
	broken string
	hits   uint64 // the properties that this breaks
	leads  bool   // the node is established as a leader
	// commits: the node tells that a transaction is committed.
	commits bool
	// timers are the classes of timers that ran out, were set or cancelled (atlast.go).
	timers uint64
}

type send struct {
	to      protocols.NodeID
	message uint32
}

type reply struct {
	client  protocols.ClientID
	request uint64
	result  uint32 // interned, of protocols.Reply
}

// cell interns a node's content.
func (m *Model) cell(c *content) uint32 {
	key := m.codec.Canonical(*c)
	return m.cells.Number(string(key), 2*len(key), func() (*content, uint64) { return c, explore.HashBytes(key) })
}

// react returns what an act does to a node: from memory, or by the node's own
// Step.
func (m *Model) react(cell uint32, a act) *outcome {
	what := m.key(a)
	if known, ok := m.reacted.Get(cell, what); ok {
		return m.outcomes.At(known)
	}
	o := m.compute(m.cells.At(cell), a)
	m.adding.Lock()
	defer m.adding.Unlock()
	if known, ok := m.reacted.Get(cell, what); ok {
		return m.outcomes.At(known)
	}
	id, item := m.outcomes.Add()
	*item = *o
	m.reacted.Put(cell, what, id)
	return item
}

// key returns a number that names an act.
func (m *Model) key(a act) uint32 {
	detail := a.message
	switch a.kind {
	case fire:
		detail = m.timers.Number(a.timer, 0, func() (protocols.Timer, uint64) { return a.timer, 0 })
	case request:
		detail = uint32(a.client)<<8 | uint32(a.request)
	case crash:
		detail = uint32(a.keep)
	}
	if detail >= 1<<detailBits {
		panic("world: too many messages for a key")
	}
	key := uint32(a.kind)<<29 | uint32(a.peer)<<detailBits | detail
	if a.atomic {
		key |= 1 << 28
	}
	return key
}

// detailBits is what a key has for the detail, beside the kind and a node.
const detailBits = 24

// compute makes the step on a copy.
func (m *Model) compute(before *content, a act) *outcome {
	copied := m.codec.Clone(*before).(content)
	c := &copied
	var event protocols.Event
	switch a.kind {
	case receive:
		event = protocols.Received{From: a.peer, Message: m.messages.At(a.message)}
	case disconnect:
		event = protocols.Disconnected{Peer: a.peer}
	case fire:
		c.drop(a.timer)
		event = protocols.TimerFired{Timer: a.timer}
	case sync:
		mark := c.Disk.Complete()
		c.Disk.Start()
		event = protocols.Persisted{Mark: mark}
	case request:
		event = protocols.Requested{
			Client: a.client, Request: a.request, Command: m.config.Clients[a.client-1].Commands[a.request-1],
		}
	case restart:
		c.Up, c.Node = true, m.newNode(c.ID)
		event = protocols.Recovered{Disk: c.Disk.Image()}
	case crash:
		c.Disk.Crash(a.keep)
		c.Up, c.Node, c.Timers, c.Waits, c.Shadow = false, nil, nil, nil, nil
		return &outcome{cell: m.cell(c)}
	}
	o := &outcome{}
	var notes []protocols.Note
	switch a.kind {
	case tick:
		notes = m.tick(c, o)
	case fire:
		o.timers = m.timerClass(c.ID, a.timer)
		fallthrough
	default:
		notes = m.step(c, event, o, nil)
	}
	for a.atomic && c.Up && c.Disk.Syncing > 0 {
		mark := c.Disk.Complete()
		c.Disk.Start()
		notes = m.step(c, protocols.Persisted{Mark: mark}, o, notes)
	}
	if len(c.Timers) == 0 {
		c.Timers, c.Waits = nil, nil
	}
	o.notes = m.noteList(c.ID, a.kind == restart, notes)
	o.cell = m.cell(c)
	return o
}

// step has the node handle the event, and carries out what is the node's own of
// the effects. It returns the notes with those of the step.
func (m *Model) step(c *content, event protocols.Event, o *outcome, notes []protocols.Note) []protocols.Note {
	var effects protocols.Effects
	if failure := handle(c.Node, event, &effects); failure != "" {
		o.broken, o.hits = fmt.Sprintf("node %s panics: %s", m.name(c.ID), failure), hitsPanic
		c.Up, c.Node, c.Timers, c.Waits, c.Shadow = false, nil, nil, nil, nil
		return notes
	}
	m.coverage.step(m, event, effects)
	for _, effect := range effects {
		switch e := effect.(type) {
		case protocols.Send:
			if vow, ok := e.Message.(protocols.Vow); ok && o.broken == "" {
				if missing := vow.Kept(c.Disk.Durable); missing != "" {
					o.broken = fmt.Sprintf("node %s vows what its disk does not bear out: %s", m.name(c.ID), missing)
					o.hits |= hitsForce
				}
			}
			o.sends = append(o.sends, send{e.To, m.message(e.Message)})
		case protocols.SetTimer:
			o.timers |= m.timerClass(c.ID, e.Timer)
			m.setTimer(c, &e)
		case protocols.CancelTimer:
			o.timers |= m.timerClass(c.ID, e.Timer)
			c.drop(e.Timer)
		case protocols.Persist:
			c.Disk.Pending = append(c.Disk.Pending, e)
			c.Disk.Start()
		case protocols.Reply:
			o.replies = append(o.replies, reply{e.Client, e.Request, m.result(e)})
		case protocols.Note:
			notes = append(notes, e)
			o.leads = o.leads || e.Kind == protocols.Leading
			o.commits = o.commits || e.Kind == protocols.Decided && e.Text == protocols.Commit
		}
	}
	m.shadow(c, event, effects, o)
	return notes
}

// handle calls Step and returns what it panicked with, "" if it did not.
func handle(node protocols.Node, event protocols.Event, out *protocols.Effects) (failure string) {
	defer func() {
		if r := recover(); r != nil {
			failure = fmt.Sprint(r)
		}
	}()
	node.Step(0, event, out)
	return ""
}

func compareTimers(a, b protocols.Timer) int {
	return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Key, b.Key))
}

// newNode makes a node of the configuration, as at every boot.
func (m *Model) newNode(id protocols.NodeID) protocols.Node {
	node, err := m.config.newNode(id)
	if err != nil {
		panic("world: a configuration that was good is not any more: " + err.Error())
	}
	return node
}

func (c *Config) newNode(id protocols.NodeID) (protocols.Node, error) {
	config := protocols.Config{Self: id, Tick: c.Tick, Parameters: c.Parameters}
	for i := range c.Names {
		config.Nodes = append(config.Nodes, protocols.NodeID(i+1))
	}
	if c.Machine != nil {
		config.Machine = c.Machine()
	}
	node, err := c.Protocol.New(config)
	if err == nil && c.Wrap != nil {
		node = c.Wrap(node)
	}
	return node, err
}

// message interns a message.
func (m *Model) message(message protocols.Message) uint32 {
	key := m.codec.Canonical(message)
	return m.messages.Number(string(key), 2*len(key), func() (protocols.Message, uint64) {
		return message, explore.HashBytes(key)
	})
}

// result interns an answer. The client and request are those of the reply.
func (m *Model) result(e protocols.Reply) uint32 {
	e.Client, e.Request = 0, 0
	key := m.codec.Canonical(e)
	return m.results.Number(string(key), 2*len(key), func() (protocols.Reply, uint64) { return e, explore.HashBytes(key) })
}
