package world

import (
	"slices"
	"time"

	"quorumlab/protocols"
	"quorumlab/sim"
)

// With Turns the clocks of all nodes tick in turn, and what timers are set to counts,
// in ticks. Of the range within which a timer may run out each node has a part of its
// own, so that nodes are not at one.

// setTimer sets a timer of a node.
func (m *Model) setTimer(c *content, e *protocols.SetTimer) {
	at, set := slices.BinarySearchFunc(c.Timers, e.Timer, compareTimers)
	if !set {
		c.Timers = slices.Insert(c.Timers, at, e.Timer)
	}
	if !m.config.Turns {
		return
	}
	if !set {
		c.Waits = slices.Insert(c.Waits, at, 0)
	}
	after := e.Min + (e.Max-e.Min)*time.Duration(c.ID-1)/time.Duration(m.nodes)
	c.Waits[at] = uint32(max(1, (after+m.config.Tick-1)/m.config.Tick))
}

// drop takes a timer away, if it is set.
func (c *content) drop(timer protocols.Timer) {
	if at, set := slices.BinarySearchFunc(c.Timers, timer, compareTimers); set {
		c.Timers = slices.Delete(c.Timers, at, at+1)
		if c.Waits != nil {
			c.Waits = slices.Delete(c.Waits, at, at+1)
		}
	}
}

// due returns the timers that the next tick lets run out.
func (c *content) due() (due []protocols.Timer) {
	for i, timer := range c.Timers {
		if c.Waits[i] == 1 {
			due = append(due, timer)
		}
	}
	return due
}

// tick has the clock of a node tick once.
func (m *Model) tick(c *content, o *outcome) (notes []protocols.Note) {
	due := c.due()
	for i := range c.Waits {
		c.Waits[i]--
	}
	for _, timer := range due {
		at, set := slices.BinarySearchFunc(c.Timers, timer, compareTimers)
		if !set || c.Waits[at] != 0 {
			continue // what another timer led to has cancelled it, or set it anew
		}
		c.drop(timer)
		o.timers |= m.timerClass(c.ID, timer)
		notes = m.step(c, protocols.TimerFired{Timer: timer}, o, notes)
	}
	return notes
}

// patience is for how many ticks of the clock of each node a client waits.
const patience = 10

// expandWeary adds that clients wait no longer that have done so for long enough, and
// reports whether there are any.
func (x *expander) expandWeary() (any bool) {
	for client := range x.config.Clients {
		c := x.clients.At(x.now[x.clientAt(client)])
		if x.serving && c.phase == waiting && int(c.waited) >= patience*x.nodes {
			x.expire(x.begin(), client)
			x.done(kindExpire, client, int(x.contact(client, &c)), 0)
			any = true
		}
	}
	return any
}

// expandTurn adds that the clock of a node ticks: of the next one that has timers. It
// reports whether there is one.
func (x *expander) expandTurn() bool {
	first := max(1, used(x.now[len(x.now)-1], usedIdle)) // the field holds whose turn it is
	for i := range x.nodes {
		id := protocols.NodeID((first-1+i)%x.nodes + 1)
		if len(x.contents[id-1].Timers) == 0 || id == x.without {
			continue
		}
		s := x.begin()
		for client := range x.config.Clients {
			if c := x.clients.At(s.client(client)); x.serving && c.phase == waiting {
				c.waited++
				s.setClient(client, x.clientOf(c))
			}
		}
		if len(x.contents[id-1].due()) > 0 {
			x.wake(s)
		}
		s.apply(id, s.react(id, act{kind: tick}))
		x.pass(int(id)%x.nodes + 1)
		x.done(kindTurn, int(id), 0, 0)
		return true
	}
	return false
}

// takeTurn has do let those timers of a node run out that its next tick lets, and that
// stay set as they are until then.
func (m *Model) takeTurn(w *sim.World, node protocols.NodeID, before []uint32, do func(sim.Choice, *sim.Fault)) {
	var due []uint64
	for _, timer := range m.cells.At(before[node-1]).due() {
		for _, armed := range w.Nodes[node-1].Timers {
			if armed.Timer == timer {
				due = append(due, armed.ID)
			}
		}
	}
	for _, id := range due {
		for _, armed := range w.Nodes[node-1].Timers {
			if armed.ID == id {
				do(sim.Choice{Kind: sim.Fire, Node: node, ID: id}, nil)
				break
			}
		}
	}
}
