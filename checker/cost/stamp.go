package cost

import (
	"slices"

	"quorumlab/protocols"
)

// stamp is what a step passes on: with each message, write and timer goes why it
// was made.
type stamp struct {
	// causes has a bit for each kind of operation on whose account it is.
	causes uint8
	// depths holds the open requests that the step knows of.
	depths []depth
}

// depth tells how many messages, one after the other, lead from where a request
// was asked to here.
type depth struct {
	request
	delays int
}

// request is one that a client asked of a node.
type request struct {
	client protocols.ClientID
	number uint64
}

// find returns the place of a request in depths, or -1.
func find(depths []depth, r request) int {
	return slices.IndexFunc(depths, func(d depth) bool { return d.request == r })
}

// further returns a stamp for what takes a message to get there. It shares
// nothing with s.
func (s stamp) further(messages int) stamp {
	if len(s.depths) == 0 {
		return stamp{causes: s.causes}
	}
	depths := slices.Clone(s.depths)
	for i := range depths {
		depths[i].delays += messages
	}
	return stamp{causes: s.causes, depths: depths}
}

func (s stamp) empty() bool { return s.causes == 0 && len(s.depths) == 0 }

// join makes s one that stands for both; of a request that both know the longer
// chain counts.
func (s *stamp) join(other stamp) {
	s.causes |= other.causes
	for _, d := range other.depths {
		if at := find(s.depths, d.request); at >= 0 {
			s.depths[at].delays = max(s.depths[at].delays, d.delays)
		} else {
			s.depths = append(s.depths, d)
		}
	}
}
