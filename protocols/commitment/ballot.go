package commitment

import (
	"fmt"

	"quorumlab/protocols"
)

// Ballot numbers the attempts to bring a transaction to its end: a count, and in
// the lower bits who makes the attempt. 0 is before all.
type Ballot uint64

// NewBallot puts a ballot together.
func NewBallot(count uint64, leader protocols.NodeID) Ballot {
	return Ballot(count<<16 | uint64(leader))
}

// String shows the two parts, as in 2.3.
func (b Ballot) String() string { return fmt.Sprintf("%d.%d", b>>16, b&0xffff) }

// Leader returns whose ballot it is.
func (b Ballot) Leader() protocols.NodeID { return protocols.NodeID(b & 0xffff) }

// After returns a node's own lowest ballot above this one.
func (b Ballot) After(leader protocols.NodeID) Ballot { return NewBallot(uint64(b>>16)+1, leader) }
