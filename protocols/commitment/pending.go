package commitment

import (
	"slices"

	"quorumlab/protocols"
	"quorumlab/protocols/resource"
)

// Pending is what is being put on disk about a transaction, and what is to be said
// when it is there.
type Pending struct {
	// Mark is that of the latest force.
	Mark uint64
	Held []Held
}

// Held is a message that waits for the disk.
type Held struct {
	Mark    uint64
	To      protocols.NodeID
	Message protocols.Message
}

// Force puts a record about a transaction on disk.
func (s *Site) Force(p *Pending, id resource.ID, record protocols.Record, what string, out *protocols.Effects) {
	s.Journal.Force(record, id, what, out)
	p.Mark = s.Journal.Mark
}

// Say sends what is true only once all that is being forced is on disk.
func (s *Site) Say(p *Pending, to protocols.NodeID, message protocols.Message, out *protocols.Effects) {
	if p.Mark <= s.Written {
		s.Send(to, message, out)
		return
	}
	p.Held = append(p.Held, Held{Mark: p.Mark, To: to, Message: message})
}

// Release sends of what was held what the disk now bears out.
func (s *Site) Release(p *Pending, out *protocols.Effects) {
	done := 0
	for done < len(p.Held) && p.Held[done].Mark <= s.Written {
		s.Send(p.Held[done].To, p.Held[done].Message, out)
		done++
	}
	p.Held = slices.Delete(p.Held, 0, done)
}
