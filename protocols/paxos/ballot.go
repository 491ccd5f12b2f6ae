package paxos

import (
	"strconv"

	"quorumlab/protocols"
)

// Ballot numbers an attempt to lead: a number in the high 48 bits, the node
// that made it in the low 16. Two nodes never make the same one, and a node
// never makes one twice: before it uses a ballot its own promise of it is on
// its disk. Ballot 0 stands before all.
type Ballot uint64

func ballotOf(number uint64, node protocols.NodeID) Ballot {
	return Ballot(number<<16 | uint64(node))
}

// Number returns the ballot's number.
func (b Ballot) Number() uint64 { return uint64(b) >> 16 }

// Node returns the node that made the ballot.
func (b Ballot) Node() protocols.NodeID { return protocols.NodeID(b & 0xffff) }

// String writes the number and the node, as in "3.1".
func (b Ballot) String() string {
	return strconv.FormatUint(b.Number(), 10) + "." + strconv.FormatUint(uint64(b.Node()), 10)
}
