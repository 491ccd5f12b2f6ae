package sim

import (
	"quorumlab/network"
	"quorumlab/protocols"
)

// A node that loses its power leaves its connections half open: nobody tells its
// peers. The marker that tells a peer is in the network at once, as after every
// break, but has no instant until something makes it due.

// cutPower breaks the connections of a node that is about to lose its power. Of
// what it had sent on each a suffix, which is drawn, never left it.
func (s *Simulator) cutPower(node protocols.NodeID) {
	n := &s.World.Network
	if n.Kind != protocols.Stream || !s.World.cell(node).Up {
		return
	}
	s.cutting = true
	for i := range s.World.Nodes {
		peer := protocols.NodeID(i + 1)
		if peer == node || !n.Connection(node, peer).Established {
			continue
		}
		l := s.link(node, peer)
		keep := network.Below(&l.random, uint64(n.InFlight(node, peer))+1)
		s.choose(Choice{Kind: Break, Node: node, Peer: peer, Keep: uint32(keep)})
	}
	s.cutting = false
}

// probe makes markers due that tell of a power loss: those of peers that have
// just sent into the void, and those of nodes that have just connected anew.
func (s *Simulator) probe() {
	for _, effect := range s.step.Effects {
		if send, is := effect.(protocols.Send); is {
			s.reveal(send.To, s.step.Node)
			s.reveal(s.step.Node, send.To)
		}
	}
}

// probed is what the other end of a half-open connection did to learn of it.
type probed uint8

const (
	notProbed   probed = iota
	probedDead         // it sent to a machine that is off: its time-out tells
	probedAlive        // it sent to one that runs again, which answers
)

// reveal gives an instant to the marker on the link from a node that lost its
// power to a peer, one of which has just sent to the other.
func (s *Simulator) reveal(from, to protocols.NodeID) {
	l, back := s.link(from, to), s.link(to, from)
	if l.unheard == 0 {
		return
	}
	choice := Choice{Kind: Deliver, Node: from, Peer: to, ID: l.unheard}
	n := &s.World.Network
	_, waits := n.Link(from, to).Index(l.unheard)
	alive := s.World.cell(from).Up && n.Reachable(to, from) && n.Reachable(from, to)
	switch {
	case !waits: // it was told
		l.unheard = 0
		s.halfOpen--
	case s.step.Node == from: // what it sends now comes behind the marker
		s.schedule(s.World.Now, choice)
		l.unheard = 0
		s.halfOpen--
	case alive && l.probed != probedAlive:
		l.probed = probedAlive
		s.schedule(s.World.Now+back.conditions.Delay.Draw(&back.random)+l.conditions.Delay.Draw(&l.random), choice)
	case !alive && l.probed == notProbed:
		l.probed = probedDead
		s.schedule(s.World.Now+s.config.StreamTimeout, choice)
	}
}

// redraw gives new instants to the timers that are set at a node whose clock is
// about to run at another rate: what is left of them is left on that clock.
func (s *Simulator) redraw(node protocols.NodeID, drift int64) {
	now, clock := s.World.Now, s.World.cell(node).Clock
	after := clock
	after.Drift = drift
	moved := false
	for i := range s.queue {
		d := &s.queue[i]
		if d.choice.Kind == Fire && d.choice.Node == node && d.at > now {
			d.at, moved = now+after.Lasts(clock.Advances(d.at-now)), true
		}
	}
	if moved {
		s.sortQueue()
	}
}
