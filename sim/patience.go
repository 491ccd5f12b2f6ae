package sim

import "time"

// patience is when a client loses patience with the call that it made last. Most
// calls are answered long before, so of all that a client makes only one has its
// end in the queue: when that comes up and is not the last call's, the last one's
// takes its turn. A queue that held them all would be many times as long.
type patience struct {
	last due
	// queued is the call whose end is in the queue, 0 if none, and at when it is
	// due there.
	queued uint64
	at     time.Duration
}

// schedulePatience gives an instant to the end of a client's patience.
func (s *Simulator) schedulePatience(client *Client) {
	s.scheduled++
	p := &s.patiences[client.ID-1]
	p.last = due{
		at: s.World.Now + client.Timeout, number: s.scheduled,
		choice: Choice{Kind: Expire, Client: client.ID, ID: client.Call},
	}
	if p.queued == 0 || p.last.at < p.at { // somebody put the other off
		s.await(p)
	}
}

// await puts the end of a client's patience with its last call into the queue.
func (s *Simulator) await(p *patience) {
	p.queued, p.at = p.last.choice.ID, p.last.at
	s.queue.push(p.last)
}

// outlasted tells whether what came up ended a client's patience with a call that
// was over long ago, and if so puts the next into the queue.
func (s *Simulator) outlasted(c Choice) bool {
	p := &s.patiences[c.Client-1]
	over := c.ID != p.last.choice.ID
	if p.queued == c.ID {
		p.queued = 0
		if over {
			s.await(p)
		}
	}
	return over
}

// putOff has the end of a client's patience come later, and reports whether it was
// still to come. What is in the queue itself is the caller's to put off.
func (s *Simulator) putOff(c Choice, by time.Duration) (pending, inQueue bool) {
	p := &s.patiences[c.Client-1]
	if p.queued == 0 || p.last.choice != c || p.last.at > Forever-by {
		return false, false
	}
	p.last.at += by
	if inQueue = p.queued == c.ID; inQueue {
		p.at = p.last.at
	}
	return true, inQueue
}
