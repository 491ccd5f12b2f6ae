package network

import "quorumlab/protocols"

// Connection is the one connection that two nodes may have, which carries the
// streams of both directions. The table in the package's documentation says
// how it comes and goes. Whether one of its ends has yet to learn that the
// last connection broke needs no field: it is so as long as a marker is in
// flight to it (Link.Breaks).
type Connection struct {
	A, B        protocols.NodeID // A < B
	Established bool
}

// Connection returns the connection of two nodes. It panics if they are not
// two different nodes of a network of streams.
func (n *Network) Connection(a, b protocols.NodeID) *Connection {
	n.place(a, b) // panics
	low, high := int(min(a, b)), int(max(a, b))
	return &n.Connections[(high-1)*(high-2)/2+low-1]
}

// Lost reports whether what a node sends to another on a stream is lost, for
// the node has yet to learn of a break.
func (n *Network) Lost(from, to protocols.NodeID) bool {
	return n.Link(to, from).Breaks > 0
}

// InFlight returns how many messages on the current connection from one node
// to another could have reached the receiver's machine: what a Break or a
// Crash may keep. It is 0 while the link is cut, for then all in flight is on
// the sender's side: else a break would carry messages across a partition.
func (n *Network) InFlight(from, to protocols.NodeID) int {
	link := n.Link(from, to)
	if !n.Reachable(from, to) {
		return 0
	}
	return len(link.Queue) - link.current()
}

// Stalled reports whether two nodes have a connection on which something is
// held by a cut, so that it may be broken by a sender's time-out.
func (n *Network) Stalled(a, b protocols.NodeID) bool {
	if n.Kind != protocols.Stream || !n.Connection(a, b).Established {
		return false
	}
	return n.stalled(a, b) || n.stalled(b, a)
}

func (n *Network) stalled(from, to protocols.NodeID) bool {
	link := n.Link(from, to)
	return !n.Reachable(from, to) && len(link.Queue) > link.current()
}

// Break breaks the connection of two nodes. In each direction the first keepAB
// (keepBA) messages in flight, at most InFlight, still arrive; the rest is
// lost, and a marker follows. Until an end has been given its marker, all it
// sends is lost. It returns the new markers: none if there is no connection,
// and none towards an end that has yet to learn of an earlier break and has
// nothing to receive from this connection, so that it never saw it.
func (n *Network) Break(a, b protocols.NodeID, keepAB, keepBA int) []Marker {
	connection := n.Connection(a, b)
	if !connection.Established {
		return nil
	}
	connection.Established = false
	markers := n.end(nil, n.Link(a, b), keepAB)
	return n.end(markers, n.Link(b, a), keepBA)
}

// end cuts what is in flight on the current connection of a link to its first
// keep packets, and adds a marker unless one is last.
func (n *Network) end(markers []Marker, link *Link, keep int) []Marker {
	keep = max(0, min(keep, n.InFlight(link.From, link.To)))
	link.truncate(link.current() + keep)
	if last := len(link.Queue); last > 0 && link.Queue[last-1].Break {
		return markers
	}
	id := n.nextID()
	link.push(Packet{ID: id, Break: true})
	return append(markers, Marker{From: link.From, To: link.To, ID: id})
}

type dialResult uint8

const (
	dialOpen dialResult = iota
	dialLost
	dialFailed
)

// dial makes sure that there is a connection to send on.
func (n *Network) dial(from, to protocols.NodeID, back *Link) dialResult {
	if back.Breaks > 0 {
		return dialLost
	}
	connection := n.Connection(from, to)
	if connection.Established {
		return dialOpen
	}
	// The handshake takes a packet each way.
	if !n.Up[to-1] || !n.Reachable(from, to) || !n.Reachable(to, from) {
		return dialFailed
	}
	connection.Established = true
	return dialOpen
}

func (n *Network) deliverStream(link *Link, i int) Delivery {
	packet := &link.Queue[i]
	switch {
	case i > 0:
		return Delivery{Outcome: Held}
	case packet.Break:
		return Delivery{Outcome: Broken, Packet: link.remove(0)}
	case link.Breaks == 0 && !n.Reachable(link.From, link.To):
		return Delivery{Outcome: Held}
	case packet.Corrupted:
		discarded := *packet
		return Delivery{Outcome: Discarded, Packet: discarded, Markers: n.discard(link)}
	}
	return Delivery{Outcome: Delivered, Packet: link.remove(0)}
}

// discard has the receiver find the first packet of a stream corrupted: it
// reads no further on that connection. If this is the current one it closes
// it; what it had sent itself still arrives (Break gives the other choices).
func (n *Network) discard(link *Link) []Marker {
	if link.Breaks == 0 {
		return n.Break(link.From, link.To, 0, n.InFlight(link.To, link.From))
	}
	for !link.Queue[0].Break {
		link.remove(0)
	}
	return nil
}
