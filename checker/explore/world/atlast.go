package world

import (
	"errors"
	gosync "sync"

	"quorumlab/checker/explore"
	"quorumlab/protocols"
)

// What comes at last is asked of runs without end (Config.AtLast): of commit
// protocols that every participant in doubt decides, of others that clients are
// served. Faults have their budgets, so that in a run without end there is a last
// one. What else can happen does, some time, if it is owed for ever:
//
//   - what is under way on a link arrives, a disk completes, a client goes on, a cut
//     heals, and a node that is down restarts, unless it stays down (Deathly);
//   - a timer runs out if it stays set and is not set anew.
//
// Without bounds on how long messages take nothing of the kind could be promised
// (Fischer, Lynch, Paterson: Impossibility of distributed consensus with one faulty
// process, JACM 1985). So here timers run out without a budget, but only when
// nothing else can happen but faults and restarts: messages take less time than
// timers, from some time on (Dwork, Lynch, Stockmeyer: Consensus in the presence of
// partial synchrony, JACM 1988). Before that, as often as the budget of timers
// allows, they run out at any time.
//
// Even so an adversary can have two nodes depose each other for ever, each time
// before the other's attempt has come to its end: then ballots grow, no state comes
// again, and nothing is said. With Turns the nodes' clocks tick in turn, and the time to
// which timers are set counts (clock.go).
//
// Clients of protocols that replicate ask until they are answered: who was refused
// by all contacts asks anew when time passes, that is when a timer runs out, and
// waits no longer when nothing else can happen. What comes after all were
// answered is not explored: elections could go on for ever, each under a new number.
// Where they go on for ever before, no bound is too high: nothing is said then.
//
// What is sent to a node that is down is lost; effectless datagrams arrive.

// prepareAtLast makes a model ready for what is asked at last.
func (m *Model) prepareAtLast() error {
	if len(m.config.Clients) == 0 {
		return errors.New("without clients nothing is to come at last")
	}
	m.serving = !m.voting
	m.owed.nodes = m.nodes
	m.owed.first = m.nodes*m.nodes + len(m.config.Clients) + 1
	m.owed.known = map[ownedTimer]int{}
	m.owed.counts = make([]int, m.nodes)
	return nil
}

// The classes of what is owed, as bits: for each pair of nodes what is under way
// from the one to the other, and for a node and itself that its disk completes, or it
// restarts; then the clients; that a cut ends; and timers.

// linkClass is that of what is under way to a node, or of the node by itself.
func (m *Model) linkClass(from, to protocols.NodeID) uint64 {
	return 1 << (int(from-1)*m.nodes + int(to-1))
}

func (m *Model) clientClass(client int) uint64 { return 1 << (m.nodes*m.nodes + client) }

func (m *Model) healClass() uint64 { return 1 << (m.nodes*m.nodes + len(m.config.Clients)) }

// timerClasses gives each timer of each node a class, as they come. Those of a node
// that has more than there is room for share the last.
type timerClasses struct {
	gosync.Mutex
	nodes, first int
	known        map[ownedTimer]int
	counts       []int
}

type ownedTimer struct {
	node  protocols.NodeID
	timer protocols.Timer
}

// timerClass returns the class of a timer, none if nothing is asked at last.
func (m *Model) timerClass(node protocols.NodeID, timer protocols.Timer) uint64 {
	if !m.config.AtLast {
		return 0
	}
	t := &m.owed
	t.Lock()
	defer t.Unlock()
	key := ownedTimer{node, timer}
	number, known := t.known[key]
	if !known {
		const classes = 64
		room := (classes - t.first) / t.nodes
		number = t.first + int(node-1)*room + min(t.counts[node-1], room-1)
		t.counts[node-1]++
		t.known[key] = number
	}
	return 1 << number
}

// classOf returns the class of a step that is owed by itself.
func (m *Model) classOf(kind, a, b int) uint64 {
	switch kind {
	case kindDeliver, kindLearn, kindLost, kindMiss, kindDrop:
		return m.linkClass(protocols.NodeID(a), protocols.NodeID(b))
	case kindSync, kindRestart:
		return m.linkClass(protocols.NodeID(a), protocols.NodeID(a))
	case kindInvoke, kindRequest, kindAnswer, kindExpire, kindAnew:
		return m.clientClass(a)
	case kindHeal:
		return m.healClass()
	}
	return 0
}

// Owes implements explore.Owing.
func (x *expander) Owes(words []uint32) (owed uint64) {
	if !x.config.AtLast {
		return 0
	}
	for i := range x.nodes {
		id := protocols.NodeID(i + 1)
		c := x.cells.At(words[i])
		if !c.Up && !x.config.Limits.Deathly || c.Up && c.Disk.Syncing > 0 {
			owed |= x.linkClass(id, id)
		}
		for _, timer := range c.Timers {
			owed |= x.timerClass(id, timer)
		}
		for j := range i {
			other := protocols.NodeID(j + 1)
			queues := &x.pairs.At(words[x.pairAt(other, id)]).queues
			if len(queues[0]) > 0 {
				owed |= x.linkClass(other, id)
			}
			if len(queues[1]) > 0 {
				owed |= x.linkClass(id, other)
			}
		}
	}
	for client := range x.config.Clients {
		if c := x.clients.At(words[x.clientAt(client)]); c.open || int(c.next) < len(x.config.Clients[client].Commands) {
			owed |= x.clientClass(client)
		}
	}
	if words[len(words)-1]>>isolated != 0 {
		owed |= x.healClass()
	}
	return owed
}

// missing reports whether what is sent to a node that is down is lost.
func (x *expander) missing() bool {
	return x.config.AtLast && x.config.Protocol.Links == protocols.Datagram && !x.starting
}

// expandIdle adds that time passes, where nothing else can happen: a timer runs out,
// or a client waits no longer or asks anew.
func (x *expander) expandIdle() {
	switch {
	case !x.config.Turns:
		for i := range x.nodes {
			if id := protocols.NodeID(i + 1); id != x.without {
				x.expandFree(id)
			}
		}
	case x.expandWeary() || x.expandTurn():
		return
	}
	for client := range x.config.Clients {
		c := x.clients.At(x.now[x.clientAt(client)])
		switch {
		case !x.serving:
		case c.phase == waiting:
			x.expire(x.begin(), client)
			x.done(kindExpire, client, int(x.contact(client, &c)), 0)
		case c.phase == resting:
			x.ask(x.begin(), client)
			x.done(kindAnew, client, 0, 0)
		}
	}
}

// expandFree adds that a timer of a node runs out.
func (x *expander) expandFree(id protocols.NodeID) {
	for at, timer := range x.contents[id-1].Timers {
		s := x.begin()
		x.wake(s)
		s.apply(id, s.react(id, act{kind: fire, timer: timer}))
		x.pass(1) // that one ran out is remembered, no more
		x.done(kindFire, int(id), at, x.value(timerName(timer)))
	}
}

// pass writes down that time has passed.
func (x *expander) pass(mark int) {
	budgets := x.next.budgets()
	*budgets = *budgets&^((1<<budgetBits-1)<<usedIdle) | uint32(mark)<<usedIdle
}

// wake has the clients that rest ask anew.
func (x *expander) wake(s *situation) {
	for client := range x.config.Clients {
		if x.clients.At(s.client(client)).phase == resting {
			x.ask(s, client)
		}
	}
}

// ask has a client that rests ask its first contact.
func (x *expander) ask(s *situation, client int) {
	c := x.clients.At(s.client(client))
	s.setClient(client, x.clientOf(clientState{
		next: c.next, open: true, attempt: 1, unknown: c.unknown, phase: asking, late: c.late,
	}))
}

// atLast returns which of what is asked at last a state has.
func (x *expander) atLast(words []uint32) (hits uint64) {
	switch {
	case !x.serving && x.resolved(words):
		return hitsResolved
	case x.serving && x.served(words):
		return hitsServed
	}
	return 0
}

// served reports whether all clients have been answered all that they ask.
func (x *expander) served(words []uint32) bool {
	for client := range x.config.Clients {
		c := x.clients.At(words[x.clientAt(client)])
		if c.open || int(c.next) < len(x.config.Clients[client].Commands) {
			return false
		}
	}
	return true
}

// resolved reports whether no participant is in doubt.
func (x *expander) resolved(words []uint32) bool {
	o := x.monitors.At(words[len(words)-2])
	yes := x.value(protocols.VoteYes)
	for _, f := range o.facts {
		if f.kind != votedFor || f.value != yes {
			continue
		}
		decided := o.knows(fact{kind: decidedAt, number: f.number, part: f.part})
		cell := words[f.part-1]
		switch {
		case !x.cells.At(cell).Up:
			if !decided && !x.config.Limits.Deathly {
				return false
			}
		case !decided:
			return false
		case x.owned(cell) != nil && x.held(cell, locksOf, f.number, func(r protocols.Resource) int64 { return int64(r.Locked(f.number)) }) > 0:
			return false
		}
	}
	return true
}

// abortsUnasked reports whether a transaction is aborted though all who take part
// have voted for it.
func (m *Model) abortsUnasked(o *monitor) bool {
	abort, no := m.value(protocols.Abort), m.value(protocols.VoteNo)
	for _, decided := range o.facts {
		if decided.kind != decidedAs || decided.value != abort && decided.value != manyValues {
			continue
		}
		for _, begun := range o.facts {
			if begun.kind != begunFor || begun.number != decided.number {
				continue
			}
			unasked := true
			for node := range m.nodes {
				at, known := o.find(fact{kind: votedFor, number: begun.number, part: uint64(node + 1)})
				unasked = unasked && (begun.part>>(node+1)&1 == 0 || known && o.facts[at].value != no)
			}
			if unasked {
				return true
			}
		}
	}
	return false
}

var _ explore.Owing = (*expander)(nil)
