package world

import "quorumlab/protocols"

// What is left out, and why it may be.
//
// Prompt calls. That what the clients saw is linearizable is harder to meet if an
// operation takes less time: between its beginning and its end others have less
// room. So if any run violates it, one does in which a request arrives as soon as
// its client begins, and its answer as soon as it is given; what the nodes do is
// the same. (A client that may give up is another matter: its request begins at
// once, but may arrive late.) Client histories are fewer, verdicts are not.
//
// Effectless datagrams. A state with a datagram under way can do all that the
// state without it can, for a datagram need never arrive. So if its delivery
// changes nothing else, the state behind it shows nothing new. It is tried anew
// when the node has changed. For the same reason nothing is lost but to let
// timers run out when nothing else can happen.
//
// Prompt hints are a bound: of the orders in which the votes of an election arrive
// one is explored. Whom it picks matters to no proof of safety, but what the node
// that is picked meets does, so runs are left out. With them partial-order
// reduction leaves out nothing: what is under way then decides what comes next.
//
// Prompt disks are a bound: a node is given nothing while its disk is at work.
// Where no crash can come any more, what the disk completes is part of the step
// that gave it work: between the two nothing else can happen at the node, and
// what others do commutes.

// atomic reports whether disks complete at once what they are given.
func (x *expander) atomic() bool {
	return !x.starting && x.config.Limits.PromptDisks && !x.spends(usedCrashes, x.budgets.Crashes)
}

// waits reports whether a node is given nothing until its disk is done.
func (x *expander) waits(id protocols.NodeID) bool {
	return x.waiting>>(id-1)&1 != 0
}

// deliverHint adds the delivery of the first hint under way, and reports whether
// there is one.
func (x *expander) deliverHint() bool {
	datagrams := x.config.Protocol.Links == protocols.Datagram
	for i := range x.nodes {
		to := protocols.NodeID(i + 1)
		if (x.ups&^x.waiting)>>i&1 == 0 {
			continue
		}
		for j := range x.nodes {
			from := protocols.NodeID(j + 1)
			if from == to {
				continue
			}
			at, direction := x.pairAt(min(from, to), max(from, to)), towards(to, from)
			p := x.pairs.At(x.now[at])
			if !p.hinting[direction] {
				continue
			}
			for n, item := range p.queues[direction] {
				if item > 0 && x.advisory(item-1) && x.deliver(at, from, to, direction, n) {
					return true
				}
				if !datagrams {
					break
				}
			}
		}
	}
	return false
}

func (m *Model) advisory(message uint32) bool {
	_, ok := m.messages.At(message).(protocols.Advisory)
	return ok
}

// lossless reports whether losing a datagram shows nothing new.
func (x *expander) lossless() bool { return x.effectless && x.budgets.Idle == 0 }

// settle has the disks complete what they were given, if no crash can come any
// more.
func (x *expander) settle(s *situation) {
	if !x.config.Limits.PromptDisks || used(*s.budgets(), usedCrashes) < x.budgets.Crashes {
		return
	}
	s.atomic = true
	for i := range x.nodes {
		id := protocols.NodeID(i + 1)
		if c := x.cells.At(s.cell(id)); c.Up && c.Disk.Syncing > 0 {
			s.apply(id, s.react(id, act{kind: sync}))
		}
	}
}

// idle reports whether a step did nothing that anybody could tell.
func (o *outcome) idle() bool {
	return len(o.sends) == 0 && len(o.replies) == 0 && o.notes == 0 && o.broken == ""
}

// ordinary tells the kinds of step that are neither a fault nor a restart, nor
// that of a timer.
var ordinary = [kindCount]bool{
	kindDeliver: true, kindLearn: true, kindSync: true, kindInvoke: true, kindRequest: true, kindAnswer: true,
	kindLate: true, kindLost: true, kindMiss: true,
}

// expandTimers adds the timers that may run out: within their budget at any time,
// within another if nothing else can happen.
func (x *expander) expandTimers() {
	field := usedTimers
	switch {
	case x.starting:
	case !x.busy && x.config.AtLast:
		x.expandIdle()
		return
	case !x.busy && x.spends(usedIdle, x.budgets.Idle):
		field = usedIdle
	case !x.spends(usedTimers, x.budgets.Timers):
		return
	}
	for i := range x.nodes {
		id := protocols.NodeID(i + 1)
		if !x.waits(id) && id != x.without {
			x.fire(id, field)
		}
	}
}

func (x *expander) fire(id protocols.NodeID, field int) {
	for i, timer := range x.contents[id-1].Timers {
		s := x.begin()
		s.apply(id, s.react(id, act{kind: fire, timer: timer}))
		if !x.starting {
			x.spend(field)
		}
		x.done(kindFire, int(id), i, x.value(timerName(timer)))
	}
}
