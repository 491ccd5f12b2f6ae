package network

import (
	"fmt"
	"time"

	"quorumlab/protocols"
)

// Network is all links between the nodes 1 to Nodes, as plain data. A copy
// must be deep.
type Network struct {
	Nodes int
	// Kind is the kind of all links, repeated in each.
	Kind protocols.LinkKind
	// Links holds the link from node f to node t at (f-1)*Nodes + t-1. The
	// places on the diagonal are unused.
	Links []Link
	// Connections holds the connection of the nodes a < b at
	// (b-1)*(b-2)/2 + a-1. It is nil for datagrams.
	Connections []Connection
	// Up says of node i, at i-1, whether it runs.
	Up []bool
	// Partitions holds the partitions in force, names growing.
	Partitions []Partition
	// Severed counts, placed as Links, how many partitions cut a link.
	Severed []uint32
	// LastID is the ID given last to a packet.
	LastID uint64
}

// Sent is what became of a Send: at most one of the two is not 0.
type Sent struct {
	// Packet is the ID of the packet now in flight to the peer.
	Packet uint64
	// Marker is the ID of the marker now in flight from the peer back to the
	// sender, because no connection could be opened.
	Marker uint64
}

// Marker names a marker of a break that is newly in flight.
type Marker struct {
	From, To protocols.NodeID
	ID       uint64
}

// Outcome is what became of a Deliver.
type Outcome uint8

// The outcomes.
const (
	// Absent: no such packet is in flight (any more). Nothing changed.
	Absent Outcome = iota
	// Held: the packet is of a stream and cannot arrive now: another is
	// before it, or the link is cut. It stays in flight; nothing changed.
	Held
	// Delivered: Packet.Message reached the receiver.
	Delivered
	// Broken: the packet was a marker; the receiver is to be given
	// protocols.Disconnected with From as its Peer.
	Broken
	// Dropped: the datagram is gone: the link is cut or the receiver down.
	Dropped
	// Discarded: the packet was corrupted and the receiver's checksum found
	// it. A datagram is gone; on a stream the receiver closes the connection,
	// so all behind it is gone too.
	Discarded
)

// String returns the outcome as a word.
func (o Outcome) String() string {
	names := [...]string{"absent", "held", "delivered", "broken", "dropped", "discarded"}
	if int(o) < len(names) {
		return names[o]
	}
	return fmt.Sprintf("outcome %d", uint8(o))
}

// Delivery is the result of a Deliver.
type Delivery struct {
	Outcome Outcome
	// Packet is the packet taken from the link, zero if Absent or Held.
	Packet Packet
	// Markers are new markers in flight, after a Discarded on a stream.
	Markers []Marker
}

// New returns a network of nodes that are all down: first boot, like every
// other, is Restart. It panics unless there are 1 to 65,535 nodes and a known
// kind of link.
func New(nodes int, kind protocols.LinkKind) *Network {
	if nodes < 1 || nodes > int(^protocols.NodeID(0)) {
		panic(fmt.Sprintf("network: cannot have %d nodes", nodes))
	}
	if kind != protocols.Datagram && kind != protocols.Stream {
		panic(fmt.Sprintf("network: unknown kind of link %q", kind))
	}
	n := &Network{
		Nodes:   nodes,
		Kind:    kind,
		Links:   make([]Link, nodes*nodes),
		Up:      make([]bool, nodes),
		Severed: make([]uint32, nodes*nodes),
	}
	for i := range n.Links {
		from, to := protocols.NodeID(i/nodes+1), protocols.NodeID(i%nodes+1)
		n.Links[i] = Link{From: from, To: to, Kind: kind}
		if kind == protocols.Stream && to < from {
			n.Connections = append(n.Connections, Connection{A: to, B: from})
		}
	}
	return n
}

// Link returns the link from one node to another. It panics if they are not
// two different nodes of the network.
func (n *Network) Link(from, to protocols.NodeID) *Link {
	return &n.Links[n.place(from, to)]
}

func (n *Network) place(from, to protocols.NodeID) int {
	f, t := int(from)-1, int(to)-1
	if f == t || f < 0 || t < 0 || f >= n.Nodes || t >= n.Nodes {
		panic(fmt.Sprintf("network: no link from node %d to node %d among %d nodes", from, to, n.Nodes))
	}
	return f*n.Nodes + t
}

func (n *Network) nextID() uint64 {
	n.LastID++
	return n.LastID
}

// Send hands a message to the link. A datagram is always in flight then, for
// what a partition cuts is decided on delivery. On a stream see Connection:
// the message is in flight, or lost, or lost with a marker to the sender. now
// is the true virtual time. It panics if the sender is down.
func (n *Network) Send(from, to protocols.NodeID, message protocols.Message, now time.Duration) Sent {
	link := n.Link(from, to)
	if !n.Up[from-1] {
		panic(fmt.Sprintf("network: node %d sends while it is down", from))
	}
	if n.Kind == protocols.Stream {
		back := n.Link(to, from)
		switch n.dial(from, to, back) {
		case dialLost:
			return Sent{}
		case dialFailed:
			id := n.nextID()
			back.push(Packet{ID: id, Break: true})
			return Sent{Marker: id}
		}
	}
	id := n.nextID()
	link.push(Packet{ID: id, Sent: now, Message: message})
	return Sent{Packet: id}
}

// Deliver takes a packet from its link and says what became of it.
func (n *Network) Deliver(from, to protocols.NodeID, id uint64) Delivery {
	link := n.Link(from, to)
	i, found := link.Index(id)
	if !found {
		return Delivery{}
	}
	if n.Kind == protocols.Stream {
		return n.deliverStream(link, i)
	}
	packet := link.remove(i)
	switch {
	case !n.Up[to-1] || !n.Reachable(from, to):
		return Delivery{Outcome: Dropped, Packet: packet}
	case packet.Corrupted:
		return Delivery{Outcome: Discarded, Packet: packet}
	}
	return Delivery{Outcome: Delivered, Packet: packet}
}

// Drop loses a datagram in flight. It reports false if there is none of this
// ID, or the link is a stream.
func (n *Network) Drop(from, to protocols.NodeID, id uint64) bool {
	return n.Link(from, to).Drop(id)
}

// Duplicate puts a second copy of a datagram in flight and returns its ID, 0
// if there is none of this ID or the link is a stream.
func (n *Network) Duplicate(from, to protocols.NodeID, id uint64) uint64 {
	if !n.Link(from, to).Duplicate(id, n.LastID+1) {
		return 0
	}
	return n.nextID()
}

// Corrupt flips bits of a packet in flight, which the receiver's checksum will
// find: see Discarded. It reports false if there is no message of this ID.
func (n *Network) Corrupt(from, to protocols.NodeID, id uint64) bool {
	return n.Link(from, to).Corrupt(id)
}

// Restart lets a node run, at first boot and after a crash. It panics if the
// node runs already.
func (n *Network) Restart(node protocols.NodeID) {
	if n.Up[node-1] {
		panic(fmt.Sprintf("network: node %d is started while it runs", node))
	}
	n.Up[node-1] = true
}

// Crash stops a node. Datagrams in flight stay so: they may arrive after a
// restart, or be dropped by a receiver that is down. Of streams, all in flight
// to the node is gone. What it had sent on a connection and was in flight is
// cut to the prefix that keep allows (it is called for each peer that has a
// choice, in growing order, with the number in flight, and returns how many of
// the first of them still arrive; nil keeps none), and a marker follows. It
// returns the new markers, and panics if the node is down.
func (n *Network) Crash(node protocols.NodeID, keep func(to protocols.NodeID, inFlight int) int) []Marker {
	if !n.Up[node-1] {
		panic(fmt.Sprintf("network: node %d crashes while it is down", node))
	}
	n.Up[node-1] = false
	if n.Kind != protocols.Stream {
		return nil
	}
	var markers []Marker
	for i := range n.Nodes {
		peer := protocols.NodeID(i + 1)
		if peer == node {
			continue
		}
		n.Link(peer, node).truncate(0)
		connection := n.Connection(node, peer)
		if !connection.Established {
			continue
		}
		connection.Established = false
		kept := 0
		if inFlight := n.InFlight(node, peer); inFlight > 0 && keep != nil {
			kept = keep(peer, inFlight)
		}
		markers = n.end(markers, n.Link(node, peer), kept)
	}
	return markers
}
