package tcp

import (
	"maps"
	"slices"
	"sync/atomic"

	"quorumlab/protocols"
)

// counters are those of a driver; peerCounters those of its dealings with one peer.
type counters struct{ steps, accepted, rejected atomic.Uint64 }

type peerCounters struct {
	sent, received, lost, bytesOut, bytesIn, connects, breaks atomic.Uint64
}

// Stats is what a driver has done so far, and what waits.
type Stats struct {
	// Steps counts the steps of the node. Accepted counts the connections that
	// came in, Rejected those of them that were turned away.
	Steps, Accepted, Rejected uint64
	// Mailbox is how many events wait for the loop, Requests how many requests
	// of clients are under way, RequestBytes how many bytes of their commands count.
	Mailbox, Requests, RequestBytes int
	// Peers are in growing order.
	Peers []PeerStats
}

// PeerStats are the figures of one peer.
type PeerStats struct {
	ID protocols.NodeID
	// Connected tells whether there is a connection now; Connects and Breaks
	// count how often there came to be one, and how often it broke.
	Connected        bool
	Connects, Breaks uint64
	// Sent and Received count messages, Lost those that were wanted to be sent
	// and for which there was no connection or no room.
	Sent, Received, Lost uint64
	BytesOut, BytesIn    uint64
	// Queued is how many bytes wait for a connection, or for the peer.
	Queued int
}

// Stats may be called by anybody at any time.
func (d *Driver) Stats() Stats {
	s := Stats{
		Steps: d.stats.steps.Load(), Accepted: d.stats.accepted.Load(), Rejected: d.stats.rejected.Load(),
		Mailbox: d.mailbox.depth(), Requests: int(d.requests.Load()), RequestBytes: d.burden.carried(),
	}
	for _, id := range slices.Sorted(maps.Keys(d.peers)) {
		s.Peers = append(s.Peers, d.peers[id].stats())
	}
	return s
}

func (p *peer) stats() PeerStats {
	c := &p.counters
	p.mu.Lock()
	up, queued := p.phase == connected, p.out.bytes
	p.mu.Unlock()
	return PeerStats{
		ID: p.id, Connected: up, Queued: queued,
		Connects: c.connects.Load(), Breaks: c.breaks.Load(),
		Sent: c.sent.Load(), Received: c.received.Load(), Lost: c.lost.Load(),
		BytesOut: c.bytesOut.Load(), BytesIn: c.bytesIn.Load(),
	}
}
