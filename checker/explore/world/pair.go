package world

import (
	"encoding/binary"
	"slices"

	"quorumlab/network"
	"quorumlab/protocols"
)

// pair is what connects two nodes: what is under way from the lower to the
// higher (0) and back (1), by the numbers of messages plus one, 0 being the news
// that the stream broke; and whether a stream connects them.
type pair struct {
	queues      [2][]uint32
	established bool
	// hinting: a hint is among what is under way in a direction, and on a stream
	// it is the first.
	hinting [2]bool
}

// move is what can happen on a pair: deliver or drop or double the packet at
// position at of a direction, put a message under way, break the stream so that
// at and back packets still arrive, or have one side crash. up tells which of
// the two nodes run.
type move struct {
	kind      moveKind
	direction uint8
	at, back  uint8
	message   uint32
	up        [2]bool
	cut       bool
}

type moveKind uint8

const (
	deliverPacket moveKind = iota
	dropPacket
	doublePacket
	sendMessage
	breakStream
	crashSide // that of direction
)

// moved is what it did: the pair that is left, and what was delivered.
type moved struct {
	pair    uint32
	outcome network.Outcome
	message uint32
}

// pairOf interns a pair. What is under way as datagrams has no order.
func (m *Model) pairOf(p *pair) uint32 {
	if m.config.Protocol.Links == protocols.Datagram {
		for i := range p.queues {
			slices.Sort(p.queues[i])
		}
	}
	key := []byte{0}
	if p.established {
		key[0] = 1
	}
	for _, queue := range p.queues {
		key = binary.LittleEndian.AppendUint32(key, uint32(len(queue)))
		for _, item := range queue {
			key = binary.LittleEndian.AppendUint32(key, item)
		}
	}
	return m.pairs.Number(string(key), 2*len(key), func() (*pair, uint64) {
		for direction, queue := range p.queues {
			if m.config.Protocol.Links == protocols.Stream {
				queue = queue[:min(1, len(queue))]
			}
			p.hinting[direction] = slices.ContainsFunc(queue, func(item uint32) bool { return item > 0 && m.advisory(item-1) })
		}
		return p, 0
	})
}

// happen returns what a move does to a pair.
func (m *Model) happen(id uint32, v move) *moved {
	what := v.key()
	if known, ok := m.moving.Get(id, what); ok {
		return m.moveds.At(known)
	}
	d := m.computeMove(m.pairs.At(id), v)
	m.adding.Lock()
	defer m.adding.Unlock()
	if known, ok := m.moving.Get(id, what); ok {
		return m.moveds.At(known)
	}
	number, item := m.moveds.Add()
	*item = d
	m.moving.Put(id, what, number)
	return item
}

// key returns a number that names a move.
func (v move) key() uint32 {
	key := uint32(v.kind)<<29 | uint32(v.direction)<<28
	for i, up := range v.up {
		if up {
			key |= 1 << (26 + i)
		}
	}
	if v.cut {
		key |= 1 << 25
	}
	if v.kind == sendMessage {
		return key | v.message
	}
	return key | uint32(v.at)<<8 | uint32(v.back)
}

// The nodes of a pair, as a network of two has them.
var sides = [2]protocols.NodeID{1, 2}

// computeMove has the simulator's network do it, on a network of two nodes.
func (m *Model) computeMove(p *pair, v move) moved {
	n := network.New(2, m.config.Protocol.Links)
	n.Up[0], n.Up[1] = v.up[0], v.up[1]
	for direction, queue := range p.queues {
		link := n.Link(sides[direction], sides[1-direction])
		for _, item := range queue {
			n.LastID++
			packet := network.Packet{ID: n.LastID, Break: item == 0}
			if item == 0 {
				link.Breaks++
			} else {
				packet.Message = item
			}
			link.Queue = append(link.Queue, packet)
		}
	}
	if p.established {
		n.Connection(1, 2).Established = true
	}
	if v.cut {
		if err := n.Cut("cut", []network.Pair{{From: 1, To: 2}, {From: 2, To: 1}}); err != nil {
			panic(err)
		}
	}
	from, to := sides[v.direction], sides[1-v.direction]
	var d moved
	switch v.kind {
	case deliverPacket:
		delivery := n.Deliver(from, to, n.Link(from, to).Queue[v.at].ID)
		d.outcome = delivery.Outcome
		if item, ok := delivery.Packet.Message.(uint32); ok {
			d.message = item - 1
		}
	case dropPacket:
		n.Drop(from, to, n.Link(from, to).Queue[v.at].ID)
	case doublePacket:
		n.Duplicate(from, to, n.Link(from, to).Queue[v.at].ID)
	case sendMessage:
		n.Send(from, to, v.message+1, 0)
	case breakStream:
		n.Break(1, 2, int(v.at), int(v.back))
	case crashSide:
		n.Crash(from, func(_ protocols.NodeID, inFlight int) int { return inFlight })
	}
	d.pair = m.pairOf(packed(n))
	return d
}

// packed returns the pair that a network of two nodes is.
func packed(n *network.Network) *pair {
	p := &pair{}
	for direction := range p.queues {
		for _, packet := range n.Link(sides[direction], sides[1-direction]).Queue {
			item := uint32(0)
			if !packet.Break {
				item = packet.Message.(uint32)
			}
			p.queues[direction] = append(p.queues[direction], item)
		}
	}
	p.established = n.Kind == protocols.Stream && n.Connection(1, 2).Established
	return p
}

// inFlight returns how many packets of the current connection are under way in
// a direction: those after the last news of a break.
func (p *pair) inFlight(direction int) int {
	queue := p.queues[direction]
	for i := len(queue) - 1; i >= 0; i-- {
		if queue[i] == 0 {
			return len(queue) - 1 - i
		}
	}
	return len(queue)
}
