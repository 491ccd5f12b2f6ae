package checker

import (
	"fmt"

	"quorumlab/protocols"
)

// durability: what a client was told is done has been delivered by every leader
// that is established later. Later is one of a higher term than all that were
// established when the client was told: one of a lower term may have been
// deposed before it began, and not know it (its messages were slow). A request
// may have been broadcast more than once, for a client asks again; one of them is
// enough.
type durability struct {
	rule
	// asked holds, by the number of a request, what was first broadcast for it,
	// again by transaction what was next.
	asked []int32
	again map[int32]int32
	acks  []ack
	// depth is how long a beginning of the trunk has every acknowledged
	// transaction but those of odd (positions in acks).
	depth int32
	odd   []int
	// termMax is the highest term of all leaders until now.
	termMax uint64
	// machine answers whether a command changes anything.
	machine protocols.StateMachine
}

// ack is an answer that a client got.
type ack struct {
	request
	numbered int32 // the request, in the history
	step     uint64
	// term is the highest of all leaders' at that time.
	term uint64
}

func newDurability() *durability {
	return &durability{again: map[int32]int32{}}
}

func (r *durability) broadcast(s *Set, tx int32) {
	number := s.history.transactions[tx].request
	if number == 0 {
		return
	}
	r.asked = reach(r.asked, number)
	if first := r.asked[number]; first != 0 {
		r.again[tx] = r.again[first]
		r.again[first] = tx
		return
	}
	r.asked[number] = tx
}

// acknowledged takes up the answer that a client got in this step.
func (r *durability) acknowledged(s *Set) {
	c := &s.step.Client
	q := request{c.Client, uint64(s.world.Clients[c.Client-1].Next)}
	number, first := s.history.request(q), int32(0)
	if int(number) < len(r.asked) {
		first = r.asked[number]
	}
	if first == 0 {
		if r.changes(s, c.Command) {
			r.violate(s, fmt.Sprintf("%s was told that its request %d (%+v) is done, which no node ever broadcast",
				s.client(q.client), q.number, c.Command))
		}
		return
	}
	r.acks = append(r.acks, ack{q, number, s.step.Number, r.termMax})
	for tx := first; tx != 0; tx = r.again[tx] {
		if at := s.history.transactions[tx].at; at.depth > 0 && at.branch == 0 {
			r.depth = max(r.depth, at.depth)
			return
		}
	}
	r.odd = append(r.odd, len(r.acks)-1)
}

// changes tells whether a command is more than a query.
func (r *durability) changes(s *Set, command protocols.Command) bool {
	if r.machine == nil {
		if s.world.Setup().Machine == nil {
			return false
		}
		r.machine = s.world.Setup().Machine()
	}
	_, query := r.machine.Query(command)
	return !query
}

// established checks the leaders of this step, at its end: what a leader
// inherits it may deliver in the very step in which it is established.
func (r *durability) established(s *Set) {
	for _, leader := range s.established {
		r.termMax = max(r.termMax, leader.term)
		n := s.history.node(leader.node)
		if n.lost {
			continue
		}
		if trunk := s.history.fork(n.at, s.history.tip(0)); trunk < r.depth {
			for i := range r.acks {
				r.delivered(s, leader, n.at, i)
			}
			continue
		}
		r.open() // all but the odd ones
		for _, i := range r.odd {
			r.delivered(s, leader, n.at, i)
		}
	}
}

// delivered checks whether a leader has one acknowledged request.
func (r *durability) delivered(s *Set, leader reign, at place, i int) {
	a := &r.acks[i]
	if leader.term <= a.term || !r.open() {
		return
	}
	first := r.asked[a.numbered]
	for tx := first; tx != 0; tx = r.again[tx] {
		if s.history.holds(at, tx) {
			return
		}
	}
	r.violate(s, fmt.Sprintf("%s was established as leader of epoch %d without %s, of which %s was told at step %d that it is done",
		s.name(leader.node), leader.term, s.words(first), s.client(a.client), a.step))
}
