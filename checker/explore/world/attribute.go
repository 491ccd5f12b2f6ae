package world

import "quorumlab/protocols"

// Attributes implements explore.Attributed. Where a hint that is under way comes first,
// all steps depend on all.
func (x *expander) Attributes() bool { return !x.config.Limits.PromptHints }

// attribute says whose the step is that leads to the successor, and whom it
// touches: deliveries, completed forces and requests are their node's, what
// clients begin and end is theirs. All other steps depend on all: faults, timers
// and restarts, what is sent to a node that is down, and what of a client is done
// at a node at once.
func (x *expander) attribute(kind, a, b int) {
	if !x.batch.Heeds() {
		return
	}
	var actor int
	switch kind {
	case kindDeliver, kindLearn, kindRequest:
		actor = b - 1
	case kindSync:
		actor = a - 1
	case kindInvoke, kindAnswer:
		if x.config.Limits.PromptCalls {
			return // what the node does at once depends on the node
		}
		actor = x.nodes + a
	default:
		return
	}
	n := len(x.now)
	if x.next.hindered || x.next.words[n-1] != x.now[n-1] {
		return
	}
	touched, own := x.touches(actor)
	if own {
		x.batch.By(actor, touched)
	}
}

// touches compares the successor with the state. own: the step is made at no node
// but the actor.
//
// What nodes send goes behind what is under way, so that it does not matter to the
// steps of the sender's peer whether it has been sent; to the peer it is something
// new. A reply goes to a client that waits at this very node, so that no other
// node's reply is in its way.
func (x *expander) touches(actor int) (touched uint32, own bool) {
	now, next := x.now, x.next.words
	for i := range x.nodes {
		if i != actor && next[i] != now[i] {
			return 0, false
		}
		for j := range i {
			at := x.pairAt(protocols.NodeID(j+1), protocols.NodeID(i+1))
			if next[at] == now[at] {
				continue
			}
			if i != actor && j != actor {
				return 0, false
			}
			peer := i + j - actor
			if !x.sameTowards(now[at], next[at], protocols.NodeID(peer+1), protocols.NodeID(actor+1)) {
				touched |= 1 << peer
			}
		}
	}
	for client := range x.config.Clients {
		at := x.clientAt(client)
		if next[at] == now[at] {
			continue
		}
		touched |= 1 << (x.nodes + client)
		if c := x.clients.At(next[at]); c.phase == asking {
			touched |= 1 << (x.contact(client, &c) - 1)
		}
	}
	if history := len(now) - 3; next[history] != now[history] {
		touched |= (1<<len(x.config.Clients) - 1) << x.nodes
	}
	return touched, true
}

// sameTowards reports whether two pairs are the same to a node but for what is
// under way from it to the peer.
func (x *expander) sameTowards(a, b uint32, node, peer protocols.NodeID) bool {
	was, is := x.pairs.At(a), x.pairs.At(b)
	if was.established != is.established {
		return false
	}
	direction := towards(node, peer)
	before, after := was.queues[direction], is.queues[direction]
	if len(before) != len(after) {
		return false
	}
	for i := range before {
		if before[i] != after[i] {
			return false
		}
	}
	return true
}
