package network

import (
	"cmp"
	"slices"
	"time"

	"quorumlab/protocols"
)

// Packet is one message in flight, or the marker of a break.
type Packet struct {
	// ID is unique in its network and grows.
	ID uint64
	// Sent is the true virtual time at which the message was handed to the
	// link; 0 for a marker.
	Sent    time.Duration
	Message protocols.Message
	// Break makes this a marker without a message: delivered, it becomes
	// protocols.Disconnected. Streams only.
	Break bool
	// Corrupted says that bits were flipped under way.
	Corrupted bool
}

// Link is one direction of what connects two nodes.
type Link struct {
	From, To protocols.NodeID
	Kind     protocols.LinkKind
	// Queue holds what is in flight, IDs growing. Of a datagram link any
	// packet can be taken, of a stream only the first.
	Queue []Packet
	// Breaks counts the markers in Queue. While it is not 0, what To sends to
	// From is lost.
	Breaks int
}

// queueShort is the length up to which removing a packet moves the rest down.
// It keeps the memory of a short queue in use for ever; a long one lets its
// head go by slicing instead, and gets new memory when it has used up its own,
// which is rare precisely because it is long. Either way Queue is no more and
// no less than what is in flight: no offset, nothing stale within its length.
const queueShort = 64

// Index returns where in Queue a packet is, and whether it is there.
func (l *Link) Index(id uint64) (int, bool) {
	if len(l.Queue) > 0 && l.Queue[0].ID == id {
		return 0, true // nearly always so on a stream
	}
	return slices.BinarySearchFunc(l.Queue, id, func(p Packet, id uint64) int {
		return cmp.Compare(p.ID, id)
	})
}

// Take removes a packet that can be delivered: any of a datagram link, the
// first of a stream. It reports false, and changes nothing, for others.
func (l *Link) Take(id uint64) (Packet, bool) {
	i, found := l.Index(id)
	if !found || (i > 0 && l.Kind == protocols.Stream) {
		return Packet{}, false
	}
	return l.remove(i), true
}

// Drop loses a packet of a datagram link. It reports false if the packet is
// not there, or the link is a stream, which drops nothing by itself.
func (l *Link) Drop(id uint64) bool {
	if l.Kind == protocols.Stream {
		return false
	}
	_, found := l.Take(id)
	return found
}

// Duplicate adds a copy of a packet of a datagram link under a new ID, which
// is above all IDs of the link. It reports false if the packet is not there,
// or the link is a stream.
func (l *Link) Duplicate(id, newID uint64) bool {
	i, found := l.Index(id)
	if !found || l.Kind == protocols.Stream {
		return false
	}
	double := l.Queue[i]
	double.ID = newID
	l.push(double)
	return true
}

// Corrupt flips bits of a packet. It reports false if the packet is not there
// or is a marker, which has none.
func (l *Link) Corrupt(id uint64) bool {
	i, found := l.Index(id)
	if !found || l.Queue[i].Break {
		return false
	}
	l.Queue[i].Corrupted = true
	return true
}

func (l *Link) push(p Packet) {
	if n := len(l.Queue); n > 0 && l.Queue[n-1].ID >= p.ID {
		panic("network: packet IDs of a link must grow")
	}
	if p.Break {
		l.Breaks++
	}
	l.Queue = append(l.Queue, p)
}

func (l *Link) remove(i int) Packet {
	queue := l.Queue
	taken, last := queue[i], len(queue)-1
	if last >= queueShort && i < last/2 {
		copy(queue[1:i+1], queue[:i])
		queue[0] = Packet{} // lets the garbage collector have its message
		l.Queue = queue[1:]
	} else {
		copy(queue[i:], queue[i+1:])
		queue[last] = Packet{}
		l.Queue = queue[:last]
	}
	if taken.Break {
		l.Breaks--
	}
	return taken
}

// truncate loses all packets from index from on.
func (l *Link) truncate(from int) {
	for i := from; i < len(l.Queue); i++ {
		if l.Queue[i].Break {
			l.Breaks--
		}
	}
	clear(l.Queue[from:])
	l.Queue = l.Queue[:from]
}

// current returns the index in Queue of the first packet of the current
// connection: the one after the last marker.
func (l *Link) current() int {
	if l.Breaks == 0 {
		return 0
	}
	i := len(l.Queue)
	for !l.Queue[i-1].Break {
		i--
	}
	return i
}
