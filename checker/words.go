package checker

import (
	"fmt"

	"quorumlab/protocols"
)

// name returns what people call a node.
func (s *Set) name(node protocols.NodeID) string {
	if name := s.world.Setup().Name(node); name != "" {
		return name
	}
	return fmt.Sprint(node)
}

// client returns what people call a client.
func (s *Set) client(id protocols.ClientID) string {
	if id > 0 && int(id) <= len(s.world.Clients) && s.world.Clients[id-1].Name != "" {
		return s.world.Clients[id-1].Name
	}
	return fmt.Sprint(id)
}

// number names a slot. One that carries its epoch in its upper half is written
// as ZooKeeper writes zxids.
func (s *Set) number(term, slot uint64) string {
	if slot>>32 != 0 {
		return fmt.Sprintf("slot %#x", slot)
	}
	if term == 0 {
		return fmt.Sprintf("slot %d", slot)
	}
	return fmt.Sprintf("slot %d of epoch %d", slot, term)
}

// words names a transaction: its slot, its request or else its value.
func (s *Set) words(tx int32) string {
	t := &s.history.transactions[tx]
	if q := requestOf(t.value); q.client != 0 {
		return fmt.Sprintf("%s (request %d of %s)", s.number(t.term, t.slot), q.number, s.client(q.client))
	}
	return fmt.Sprintf("%s (%+v)", s.number(t.term, t.slot), t.value)
}

// who says which node delivered an item first, and when.
func (s *Set) who(it item) string {
	return fmt.Sprintf("%s (step %d)", s.name(it.node), it.step)
}
