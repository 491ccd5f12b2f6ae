package sim

import (
	"slices"
	"time"

	"quorumlab/network"
	"quorumlab/protocols"
)

// Choose makes a choice now, out of its turn: somebody decides, not the seed.
// What was scheduled for the same thing comes to nothing then. It reports
// whether the choice was enabled. A node that panics or is not deterministic is
// an error of type *Failure.
func (s *Simulator) Choose(c Choice) (done bool, err error) {
	defer s.rescue(&err)
	if !s.World.Valid(c) {
		return false, nil
	}
	if c.Kind == Sync {
		c.ID = s.nodes[c.Node-1].forces
	}
	s.step.Done = false
	s.choose(c)
	return s.step.Done, s.auditor.failure
}

// Ask has a client that is idle start an operation now, beyond its script.
func (s *Simulator) Ask(id protocols.ClientID, contacts []protocols.NodeID, number int, command protocols.Command) {
	client := s.World.client(id)
	if client.Open || client.Next < len(client.Script) {
		panic("sim: a client that is busy is asked to ask")
	}
	asked := Asked{Client: id, Contacts: contacts, Operation: Operation{Number: number, At: s.World.Now, Command: command}}
	s.unseen = append(s.unseen, Unseen{After: s.Steps, Asked: &asked})
	s.World.entrust(&asked)
	s.scheduleInvoke(client)
}

// Hold keeps back what is under way on some links, and what will be, until it
// is released: neither lost nor, as a cut would have it, about to break. Only
// Choose still moves it.
func (s *Simulator) Hold(pairs []network.Pair) {
	for _, pair := range pairs {
		s.link(pair.From, pair.To).held = true
	}
}

// Release ends Hold: what was due in the meantime comes now.
func (s *Simulator) Release(pairs []network.Pair) {
	for _, pair := range pairs {
		l := s.link(pair.From, pair.To)
		l.held = false
		for _, d := range l.withheld {
			s.schedule(s.World.Now, d.choice)
		}
		l.withheld = nil
	}
}

// Held tells whether Hold is in force on a link.
func (s *Simulator) Held(from, to protocols.NodeID) bool { return s.link(from, to).held }

// withhold keeps back a delivery on a link that is held.
func (s *Simulator) withhold(next *due) bool {
	if next.choice.Kind != Deliver {
		return false
	}
	l := s.link(next.choice.Node, next.choice.Peer)
	if l.held {
		l.withheld = append(l.withheld, *next)
	}
	return l.held
}

// Postpone has what is scheduled come later by a time above 0: a delivery, a
// timer, the end of a force, what a client does. It reports whether it was
// scheduled. What follows it on a stream waits for it.
func (s *Simulator) Postpone(c Choice, by time.Duration) bool {
	if c.Kind == Sync && s.World.Valid(c) {
		c.ID = s.nodes[c.Node-1].forces
	}
	if by <= 0 {
		return false
	}
	if c.Kind == Expire && s.World.Valid(c) {
		if pending, queued := s.putOff(c, by); !queued {
			return pending
		}
	}
	at := slices.IndexFunc(s.queue, func(d due) bool { return d.choice == c })
	if at < 0 || s.queue[at].at > Forever-by {
		return false
	}
	s.queue[at].at += by
	s.sortQueue()
	return true
}

// sortQueue makes a queue a heap again in which instants have changed.
func (s *Simulator) sortQueue() { // a sorted queue is a heap
	slices.SortFunc(s.queue, func(a, b due) int {
		if a.before(&b) {
			return -1
		}
		return 1
	})
}
