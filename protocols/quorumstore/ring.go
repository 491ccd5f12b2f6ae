package quorumstore

import (
	"cmp"
	"slices"

	"quorumlab/protocols"
)

// The ring tells which nodes keep a key: every node stands at several places of
// a circle, a key at one, and the first N different nodes found clockwise from
// there are its owners (Karger et al. 1997; DeCandia et al. 2007, section 4.2).
// The nodes after them, in the same order, are its stand-ins. All nodes must
// compute the same ring.

// Token is one place of a node on the ring.
type Token struct {
	At   uint64
	Node protocols.NodeID
}

// tokensPerNode is how many places a node has: the more, the more evenly the
// keys are spread.
const tokensPerNode = 16

func newRing(nodes []protocols.NodeID) []Token {
	ring := make([]Token, 0, len(nodes)*tokensPerNode)
	for _, node := range nodes {
		for i := range uint64(tokensPerNode) {
			ring = append(ring, Token{At: mixed(uint64(node)<<16 | i), Node: node})
		}
	}
	slices.SortFunc(ring, func(a, b Token) int {
		return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(a.Node, b.Node))
	})
	return ring
}

// preference returns all members in the order in which they are to keep a key:
// the first N own it, the others stand in for them.
func (s *Settings) preference(key string) []protocols.NodeID {
	start, _ := slices.BinarySearchFunc(s.Ring, placeOf(key), func(t Token, at uint64) int {
		return cmp.Compare(t.At, at)
	})
	return s.from(start)
}

// from returns all members in the order of the ring from one of its places on.
func (s *Settings) from(start int) []protocols.NodeID {
	order := make([]protocols.NodeID, 0, len(s.Members))
	for i := 0; len(order) < len(s.Members); i++ {
		if node := s.Ring[(start+i)%len(s.Ring)].Node; !slices.Contains(order, node) {
			order = append(order, node)
		}
	}
	return order
}

// owners returns the nodes that keep a key.
func (s *Settings) owners(key string) []protocols.NodeID { return s.preference(key)[:s.N] }

// owns tells whether a node keeps a key.
func (s *Settings) owns(node protocols.NodeID, key string) bool {
	if s.N == len(s.Members) {
		return slices.Contains(s.Members, node)
	}
	return slices.Contains(s.owners(key), node)
}

// placeOf returns where on the ring a key stands.
func placeOf(key string) uint64 { return mixed(hashed(hashStart, key)) }

// The hash is FNV-1a (Fowler, Noll, Vo), 64 bits.
const (
	hashStart = 14695981039346656037
	hashPrime = 1099511628211
)

// hashed continues a hash by a text and its end.
func hashed(hash uint64, text string) uint64 {
	for i := range len(text) {
		hash = (hash ^ uint64(text[i])) * hashPrime
	}
	return hashedNumber(hash, uint64(len(text)))
}

// hashedNumber continues a hash by a number.
func hashedNumber(hash, number uint64) uint64 {
	for range 8 {
		hash = (hash ^ number&0xff) * hashPrime
		number >>= 8
	}
	return hash
}

// mixed spreads a hash over all its bits (the finalizer of MurmurHash3): the
// upper ones of an FNV hash of short texts differ too little.
func mixed(hash uint64) uint64 {
	hash = (hash ^ hash>>33) * 0xff51afd7ed558ccd
	hash = (hash ^ hash>>33) * 0xc4ceb9fe1a85ec53
	return hash ^ hash>>33
}
