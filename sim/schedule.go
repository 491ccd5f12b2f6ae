package sim

import (
	"slices"
	"time"

	"quorumlab/network"
	"quorumlab/protocols"
)

func (s *Simulator) schedule(at time.Duration, c Choice) {
	s.scheduled++
	s.queue.push(due{at: at, number: s.scheduled, choice: c})
}

// scheduleConsequences draws an instant for all that the last step set going.
func (s *Simulator) scheduleConsequences() {
	step := &s.step
	if s.halfOpen > 0 {
		s.probe()
	}
	if step.Choice.Kind == Duplicate {
		s.scheduleDouble(step.Sent[0], step.Choice.ID)
		return
	}
	for _, flight := range step.Sent {
		s.scheduleFlight(flight)
	}
	for i := range step.Armed {
		s.scheduleTimer(&step.Armed[i])
	}
	for _, call := range step.Calls {
		choice := Choice{Kind: Arrive, ID: call}
		if s.config.ClientLoss > 0 && network.Chance(&s.clients, s.config.ClientLoss) {
			choice.Kind = Lose
		}
		s.schedule(s.World.Now+s.config.ClientDelay.Draw(&s.clients), choice)
	}
	if step.Syncing {
		s.scheduleSync(step.Node)
	}
	if step.Client.Client != 0 {
		s.scheduleClient(step.Client)
	}
}

func (s *Simulator) link(from, to protocols.NodeID) *link {
	return &s.links[(int(from)-1)*len(s.nodes)+int(to)-1]
}

// scheduleFlight draws the fate of a packet: when it arrives, and whether it
// is lost, doubled, damaged or overtaken on the way.
func (s *Simulator) scheduleFlight(f Flight) {
	l := s.link(f.From, f.To)
	choice := Choice{Kind: Deliver, Node: f.From, Peer: f.To, ID: f.ID}
	if f.Marker && s.cutting && f.From == s.step.Choice.Node {
		l.unheard, l.probed = f.ID, notProbed
		s.halfOpen++
		return
	}
	if f.Marker {
		l.latest = max(l.latest, s.World.Now+s.config.DialTimeout)
		s.schedule(l.latest, choice)
		return
	}
	at := s.World.Now
	if l.conditions.Bandwidth > 0 {
		l.free = max(l.free, at) + l.conditions.Transmission(s.size(f))
		at = l.free
	}
	fate := l.conditions.Fate(&l.random, s.World.Network.Kind)
	if fate.Corrupted {
		s.schedule(at, Choice{Kind: Corrupt, Node: f.From, Peer: f.To, ID: f.ID})
	}
	if fate.Duplicated {
		l.doubles = append(l.doubles, double{of: f.ID, delay: fate.DuplicateDelay})
		s.schedule(at, Choice{Kind: Duplicate, Node: f.From, Peer: f.To, ID: f.ID})
	}
	if fate.Lost {
		choice.Kind = Drop
	}
	at += fate.Delay
	if s.World.Network.Kind == protocols.Stream {
		at = max(at, l.latest)
		l.latest = at
	}
	s.schedule(at, choice)
}

// scheduleDouble lets a duplicate arrive when it was drawn to: it shares what
// else befell its original, and is not doubled itself.
func (s *Simulator) scheduleDouble(f Flight, of uint64) {
	l := s.link(f.From, f.To)
	at := slices.IndexFunc(l.doubles, func(d double) bool { return d.of == of })
	var delay time.Duration
	if at < 0 { // somebody chose to have it
		delay = l.conditions.Delay.Draw(&l.random)
	} else {
		delay = l.doubles[at].delay
		l.doubles = slices.Delete(l.doubles, at, at+1)
	}
	s.schedule(s.World.Now+delay, Choice{Kind: Deliver, Node: f.From, Peer: f.To, ID: f.ID})
}

// size returns how many bytes a packet has on the wire.
func (s *Simulator) size(f Flight) uint64 {
	const overhead = 40 + 8 // headers of IP and TCP, our frame
	link := s.World.Network.Link(f.From, f.To)
	at, found := link.Index(f.ID)
	if !found {
		return overhead
	}
	encoded, err := s.World.setup.Codec.AppendCanonical(nil, link.Queue[at].Message)
	if err != nil {
		panic(err)
	}
	return uint64(overhead + len(encoded))
}

// scheduleTimer draws the instant at which a timer runs out.
func (s *Simulator) scheduleTimer(t *Armed) {
	host, clock := &s.nodes[t.Node-1], s.World.cell(t.Node).Clock
	wait := t.Min
	if t.Max > t.Min {
		wait = network.Between(&host.timers, t.Min, t.Max)
	}
	s.schedule(s.World.Now+clock.Lasts(wait), Choice{Kind: Fire, Node: t.Node, ID: t.ID})
}

func (s *Simulator) scheduleSync(node protocols.NodeID) {
	host := &s.nodes[node-1]
	at := s.World.Now + host.latency.Draw(&host.disk) + host.diskSlow
	host.forces++
	s.schedule(at, Choice{Kind: Sync, Node: node, ID: host.forces})
}

// scheduleClient sets the time-out of a call, or the start of the next one.
func (s *Simulator) scheduleClient(c ClientStep) {
	client := s.World.client(c.Client)
	if client.Open {
		s.schedulePatience(client)
		return
	}
	s.scheduleInvoke(client)
}

func (s *Simulator) scheduleInvoke(client *Client) {
	if client.Next < len(client.Script) {
		at := max(s.World.Now, client.Script[client.Next].At)
		s.schedule(at, Choice{Kind: Invoke, Client: client.ID})
	}
}

// follow keeps a stream moving after the instant of one of its packets. If the
// packet could not be delivered because a cut holds the stream, the stream may
// break after a while; if it could not because it is not the first, it follows
// the first as soon as that is delivered.
func (s *Simulator) follow(c Choice) {
	l := s.link(c.Node, c.Peer)
	queue := s.World.Network.Link(c.Node, c.Peer).Queue
	if s.step.Done {
		if len(l.overdue) == 0 {
			return
		}
		if len(queue) > 0 && slices.Contains(l.overdue, queue[0].ID) {
			s.schedule(s.World.Now, Choice{Kind: Deliver, Node: c.Node, Peer: c.Peer, ID: queue[0].ID})
		}
		l.overdue = slices.DeleteFunc(l.overdue, func(id uint64) bool { return len(queue) == 0 || id <= queue[0].ID })
		return
	}
	switch _, flying := s.World.Network.Link(c.Node, c.Peer).Index(c.ID); {
	case !flying:
	case s.World.Network.Reachable(c.Node, c.Peer):
		l.overdue = append(l.overdue, c.ID)
	case l.stalled == 0:
		l.stalled = s.scheduled + 1
		s.schedule(s.World.Now+s.config.StreamTimeout, Choice{Kind: Break, Node: c.Node, Peer: c.Peer})
	}
}

// resume gives new instants to what was held on streams that are whole again.
func (s *Simulator) resume() {
	n := &s.World.Network
	for i := range s.links {
		l := &s.links[i]
		from, to := protocols.NodeID(i/len(s.nodes)+1), protocols.NodeID(i%len(s.nodes)+1)
		if l.stalled == 0 || !n.Reachable(from, to) {
			continue
		}
		l.stalled = 0
		for _, packet := range n.Link(from, to).Queue {
			l.latest = max(l.latest, s.World.Now+l.conditions.Delay.Draw(&l.random))
			s.schedule(l.latest, Choice{Kind: Deliver, Node: from, Peer: to, ID: packet.ID})
		}
	}
}
