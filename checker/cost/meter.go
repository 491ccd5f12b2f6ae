package cost

import (
	"reflect"
	"slices"

	"quorumlab/protocols"
	"quorumlab/protocols/state"
	"quorumlab/sim"
)

// Meter measures the run that it observes.
type Meter struct {
	codec    *state.Codec // nil: bytes are not measured
	accounts [kinds]account
	open     map[request]opened
	nodes    []node
	packets  map[uint64]stamp
	pruneAt  int
	machine  protocols.StateMachine // answers whether a command is a query
	setup    *sim.Setup
	bytes    []byte
	stamp    stamp // of the step at hand
}

// The accounts. The bit of a kind in stamp.causes is 1<<kind.
const (
	upkeep = iota
	read
	write
	kinds
)

// opened is a request that a node was asked and that is not answered.
type opened struct {
	kind int
	// asked is the role of the node that was asked last.
	asked string
}

// node is what the meter knows of a node in its present life.
type node struct {
	role string
	// known holds the open requests that it has learned of, with the depth
	// at which it first did.
	known []depth
	// writes are the Persist effects under way, timers those that are set;
	// only what has a stamp is kept.
	writes []written
	timers map[protocols.Timer]stamp
}

type written struct {
	mark uint64
	stamp
}

// New returns a meter. It measures bytes if it is given a codec that knows the
// messages.
func New(codec *state.Codec) *Meter {
	m := &Meter{codec: codec, open: map[request]opened{}, packets: map[uint64]stamp{}, pruneAt: packetsMany}
	for i := range m.accounts {
		m.accounts[i] = newAccount()
	}
	return m
}

// Cost returns what the run has cost so far.
func (m *Meter) Cost() Cost {
	c := Cost{Operations: []Operations{}, Upkeep: Spent{Messages: []Messages{}, Forces: []Forces{}}}
	if m.setup == nil {
		return c
	}
	for kind, name := range [...]string{read: Read, write: Write} {
		if o := m.accounts[kind].operations(name, m.setup); name != "" && (o.Answered > 0 || o.Sent() > 0 || len(o.Forces) > 0) {
			c.Operations = append(c.Operations, o)
		}
	}
	c.Upkeep = m.accounts[upkeep].spent(m.setup)
	return c
}

// Observe implements sim.Observer.
func (m *Meter) Observe(w *sim.World, step *sim.Step) {
	if m.setup == nil {
		m.setup, m.nodes = w.Setup(), make([]node, len(w.Nodes))
	}
	if step.Stopped != 0 {
		m.nodes[step.Stopped-1] = node{}
	}
	switch {
	case step.Choice.Kind == sim.Drop:
		delete(m.packets, step.Choice.ID)
	case step.Choice.Kind == sim.Duplicate && len(step.Sent) > 0:
		if original := m.packets[step.Choice.ID]; !original.empty() {
			m.packets[step.Sent[0].ID] = original
		}
	}
	if step.Node != 0 {
		m.handled(step)
		m.done(step)
		m.prune(w)
	}
	if c := &step.Client; c.Returned {
		delete(m.open, request{c.Client, uint64(w.Clients[c.Client-1].Next)})
	}
}

// handled finds out on whose account the step is.
func (m *Meter) handled(step *sim.Step) {
	n := &m.nodes[step.Node-1]
	m.stamp = stamp{depths: m.stamp.depths[:0]}
	switch e := step.Event.(type) {
	case protocols.Requested:
		r := request{e.Client, e.Request}
		kind := m.kind(e.Command)
		m.open[r] = opened{kind: kind, asked: n.role}
		m.stamp.join(stamp{1 << kind, []depth{{r, 0}}})
		if at := find(n.known, r); at >= 0 {
			n.known[at].delays = 0
		}
	case protocols.Received:
		m.stamp.join(m.packets[step.Choice.ID])
		delete(m.packets, step.Choice.ID)
	case protocols.Persisted:
		ended := 0
		for ended < len(n.writes) && n.writes[ended].mark <= e.Mark {
			m.stamp.join(n.writes[ended].stamp)
			ended++
		}
		n.writes = slices.Delete(n.writes, 0, ended)
	case protocols.TimerFired:
		if set := n.timers[e.Timer]; slices.ContainsFunc(set.depths, m.isOpen) {
			m.stamp.join(set)
		}
		delete(n.timers, e.Timer)
	case protocols.Recovered:
		*n = node{}
	}
	m.recall(n)
}

// recall adds what the node knows of open requests to the stamp, and the other
// way round.
func (m *Meter) recall(n *node) {
	closed := func(d depth) bool { return !m.isOpen(d) }
	m.stamp.depths = slices.DeleteFunc(m.stamp.depths, closed)
	n.known = slices.DeleteFunc(n.known, closed)
	carried := len(m.stamp.depths)
	for _, d := range n.known {
		if find(m.stamp.depths[:carried], d.request) < 0 {
			m.stamp.depths = append(m.stamp.depths, d)
		}
	}
	for _, d := range m.stamp.depths[:carried] {
		if find(n.known, d.request) < 0 {
			n.known = append(n.known, d)
		}
	}
}

func (m *Meter) isOpen(d depth) bool {
	_, open := m.open[d.request]
	return open
}

// done counts what the step did, and stamps it.
func (m *Meter) done(step *sim.Step) {
	n := &m.nodes[step.Node-1]
	if _, ended := step.Event.(protocols.Persisted); ended {
		m.each(func(a *account) { a.forces[place{int(step.Node) - 1, n.role}]++ })
	}
	sent := m.stamp.further(1)
	here := m.stamp.further(0)
	for _, flight := range step.Sent {
		if !flight.Marker && !sent.empty() {
			m.packets[flight.ID] = sent
		}
	}
	for i := range step.Effects {
		switch e := step.Effects[i].(type) {
		case protocols.Send:
			m.sent(e.Message)
		case protocols.Persist:
			if !here.empty() {
				n.writes = append(n.writes, written{e.Mark, here})
			}
		case protocols.SetTimer:
			n.set(e.Timer, here)
		case protocols.CancelTimer:
			delete(n.timers, e.Timer)
		case protocols.Reply:
			m.replied(&e)
		case protocols.Note:
			if e.Kind == protocols.Role {
				n.role = e.Text
			}
		}
	}
}

func (n *node) set(timer protocols.Timer, s stamp) {
	if s.empty() {
		delete(n.timers, timer)
		return
	}
	if n.timers == nil {
		n.timers = map[protocols.Timer]stamp{}
	}
	n.timers[timer] = s
}

// each calls a function with the accounts on which the step is.
func (m *Meter) each(count func(*account)) {
	if m.stamp.causes == 0 {
		count(&m.accounts[upkeep])
		return
	}
	for kind := range m.accounts {
		if m.stamp.causes&(1<<kind) != 0 {
			count(&m.accounts[kind])
		}
	}
}

func (m *Meter) sent(message protocols.Message) {
	bytes := 0
	if m.codec != nil {
		var err error
		if m.bytes, err = m.codec.AppendCanonical(m.bytes[:0], message); err != nil {
			panic(err) // the world could not be copied either
		}
		bytes = len(m.bytes)
	}
	of := reflect.TypeOf(message)
	m.each(func(a *account) { a.message(of, bytes) })
}

// replied closes a request. A refusal does not: another node may be asked.
func (m *Meter) replied(e *protocols.Reply) {
	r := request{e.Client, e.Request}
	asked, open := m.open[r]
	if e.Refusal != "" || !open {
		return
	}
	a := &m.accounts[asked.kind]
	a.answered++
	if at := find(m.stamp.depths, r); at >= 0 {
		a.delays[delayed{asked.asked, m.stamp.depths[at].delays}]++
	}
	delete(m.open, r)
}

func (m *Meter) kind(command protocols.Command) int {
	if m.machine == nil && m.setup.Machine != nil {
		m.machine = m.setup.Machine()
	}
	if m.machine != nil {
		if _, query := m.machine.Query(command); query {
			return read
		}
	}
	return write
}

// packetsMany is the number of stamped packets from which it is worth looking
// for those that were lost.
const packetsMany = 4096

// prune forgets the packets that breaks, crashes and cuts have lost.
func (m *Meter) prune(w *sim.World) {
	if len(m.packets) < m.pruneAt {
		return
	}
	left := map[uint64]stamp{}
	for i := range w.Network.Links {
		for _, packet := range w.Network.Links[i].Queue {
			if s, stamped := m.packets[packet.ID]; stamped {
				left[packet.ID] = s
			}
		}
	}
	m.packets = left
	m.pruneAt = max(packetsMany, 2*len(left))
}
