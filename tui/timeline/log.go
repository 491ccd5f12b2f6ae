package timeline

import (
	"time"

	"quorumlab/protocols"
	"quorumlab/sim"
)

// entry is one step, written down in little room.
type entry struct {
	choice sim.Choice
	at     time.Duration
	fault  *sim.Fault // in the place of choice, if not nil
	// packets and calls are how many there have ever been after the step.
	packets, calls uint32
	node           protocols.NodeID // that handled an event, or stopped; 0 if none
	asked          protocols.NodeID // whose answer it is, if it is one
	flags          flags
}

// flags tell what a step is worth looking at for.
type flags uint8

const (
	handled  flags = 1 << iota // a node handled an event
	stopped                    // a node went down
	loses                      // a message was lost
	noted                      // a node emitted a note
	invoked                    // a client began an operation
	returned                   // a client's operation ended
	replies                    // a node answered a client
)

// chunkSize is how many entries are kept in one piece.
const chunkSize = 1024

// steps is a list of entries that grows, and shares its beginning with the lists
// that were made of it.
type steps struct {
	chunks []*[chunkSize]entry
	n      int
}

func (s *steps) add(e entry) {
	if s.n%chunkSize == 0 {
		s.chunks = append(s.chunks, new([chunkSize]entry))
	}
	s.chunks[s.n/chunkSize][s.n%chunkSize] = e
	s.n++
}

// at returns the entry of a step, from 1.
func (s *steps) at(step int) *entry { return &s.chunks[(step-1)/chunkSize][(step-1)%chunkSize] }

// upTo returns a list of the first n entries to which others can be added.
func (s *steps) upTo(n int) steps {
	whole, rest := n/chunkSize, n%chunkSize
	copied := steps{chunks: append([]*[chunkSize]entry(nil), s.chunks[:whole]...), n: n}
	if rest > 0 {
		last := *s.chunks[whole]
		copied.chunks = append(copied.chunks, &last)
	}
	return copied
}

// first returns the first step of which something is true that, once true, stays
// so; n+1 if it never is.
func (s *steps) first(is func(*entry) bool) int {
	low, high := 1, s.n+1
	for low < high {
		middle := low + (high-low)/2
		if is(s.at(middle)) {
			high = middle
		} else {
			low = middle + 1
		}
	}
	return low
}

// sentBy returns the step that put a packet under way, calledBy the one that made
// a call.
func (s *steps) sentBy(packet uint64) int {
	return s.first(func(e *entry) bool { return uint64(e.packets) >= packet })
}

func (s *steps) calledBy(call uint64) int {
	return s.first(func(e *entry) bool { return uint64(e.calls) >= call })
}
