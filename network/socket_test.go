package network

import (
	"slices"

	"quorumlab/protocols"
)

// sockets is the reference model of streams: it has what TCP has, a socket at
// each end of every connection there ever was. An end reads from its oldest
// socket until it finds it broken, and writes to it. It shares neither code
// nor representation with Network, which has one queue and a count.
type sockets struct {
	up  map[protocols.NodeID]bool
	cut map[Pair]bool
	// ends holds the sockets of From with To that From has not yet found
	// broken, oldest first.
	ends map[Pair][]*socket
}

// socket is one end of a connection.
type socket struct {
	peer   *socket // nil: it never connected
	inbox  []parcel
	broken bool
}

type parcel struct {
	message int
	corrupt bool
}

func newSockets() *sockets {
	return &sockets{
		up:   map[protocols.NodeID]bool{},
		cut:  map[Pair]bool{},
		ends: map[Pair][]*socket{},
	}
}

// send reports what became of the message.
func (s *sockets) send(from, to protocols.NodeID, message int) dialResult {
	here, there := Pair{from, to}, Pair{to, from}
	if len(s.ends[here]) == 0 {
		if !s.up[to] || s.cut[here] || s.cut[there] {
			s.ends[here] = []*socket{{broken: true}}
			return dialFailed
		}
		mine, theirs := &socket{}, &socket{}
		mine.peer, theirs.peer = theirs, mine
		s.ends[here] = append(s.ends[here], mine)
		s.ends[there] = append(s.ends[there], theirs)
	}
	mine := s.ends[here][0]
	if mine.broken {
		return dialLost
	}
	mine.peer.inbox = append(mine.peer.inbox, parcel{message: message})
	return dialOpen
}

// deliver lets the reader take what is next from the writer.
func (s *sockets) deliver(from, to protocols.NodeID) (Outcome, int) {
	here := Pair{to, from}
	if len(s.ends[here]) == 0 {
		return Absent, 0
	}
	mine := s.ends[here][0]
	switch {
	case len(mine.inbox) == 0 && !mine.broken:
		return Absent, 0
	case len(mine.inbox) == 0:
		s.ends[here] = s.ends[here][1:]
		return Broken, 0
	case !mine.broken && s.cut[Pair{from, to}]:
		return Held, 0
	}
	next := mine.inbox[0]
	switch {
	case !next.corrupt:
		mine.inbox = mine.inbox[1:]
		return Delivered, next.message
	case mine.broken:
		mine.inbox = nil
	default:
		s.close(here, 0, len(mine.peer.inbox))
	}
	return Discarded, next.message
}

// close breaks the connection whose newest socket is at this end; keepHere and
// keepThere are how much each end still has in its buffer.
func (s *sockets) close(here Pair, keepHere, keepThere int) {
	there := Pair{here.To, here.From}
	all := s.ends[here]
	mine := all[len(all)-1]
	s.closeEnd(here, mine, keepHere)
	s.closeEnd(there, mine.peer, keepThere)
}

func (s *sockets) closeEnd(here Pair, end *socket, keep int) {
	if s.cut[Pair{here.To, here.From}] {
		keep = 0
	}
	end.inbox = end.inbox[:min(keep, len(end.inbox))]
	end.broken = true
	if len(end.inbox) == 0 && s.ends[here][0] != end {
		// It is broken before its owner ever looked at it.
		s.ends[here] = slices.DeleteFunc(s.ends[here], func(s *socket) bool { return s == end })
	}
}

// live returns the socket of a working connection, nil if there is none.
func (s *sockets) live(here Pair) *socket {
	if all := s.ends[here]; len(all) > 0 && !all[len(all)-1].broken {
		return all[len(all)-1]
	}
	return nil
}

// crash stops a node: its sockets die, its peers keep what they have.
func (s *sockets) crash(node protocols.NodeID, nodes int, keep map[protocols.NodeID]int) {
	s.up[node] = false
	for i := range nodes {
		peer := protocols.NodeID(i + 1)
		if s.live(Pair{node, peer}) != nil {
			s.close(Pair{node, peer}, 0, keep[peer])
		}
		delete(s.ends, Pair{node, peer})
	}
}

// waiting returns all that is still to be read, with 0 for a break.
func (s *sockets) waiting(from, to protocols.NodeID) []int {
	var all []int
	for _, end := range s.ends[Pair{to, from}] {
		for _, p := range end.inbox {
			all = append(all, p.message)
		}
		if end.broken {
			all = append(all, 0)
		}
	}
	return all
}
