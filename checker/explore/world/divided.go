package world

import (
	"quorumlab/checker/explore"
	"quorumlab/protocols"
)

// A world's steps are made by nodes and clients (explore.Divided). What is
// pending at a node may be explored ahead of all else if no other can put a new
// first packet or a request before it first. Steps of two nodes do not depend on
// each other otherwise:
//
//   - on a stream, what one end sends goes behind what the other receives;
//   - what nodes note is joined, in whatever order;
//   - a send to a node that is down depends on its restart: such steps are not
//     explored ahead, nor is what a node that is down can do;
//   - what spends a budget depends on all that spends from it, and a cut on all:
//     they are not explored ahead.
//
// What clients see depends on the order of what begins and what ends. So a
// client is explored ahead only when all others are done; and so is a node's step
// in which an operation begins or ends, as it does with prompt calls.

// Actors implements explore.Divided: the nodes, then the clients.
func (x *expander) Actors() int { return x.nodes + len(x.config.Clients) }

// Pending implements explore.Divided.
func (x *expander) Pending(words []uint32, actor int, b *explore.Batch) bool {
	x.look(words, b)
	x.touched = false
	n := len(words)
	if x.monitors.At(words[n-2]).hits&hitsPanic != 0 || words[n-1]>>isolated != 0 || !x.settled() || x.config.Limits.PromptHints {
		return false
	}
	if actor >= x.nodes {
		if client := actor - x.nodes; x.turnsTo(client, words[x.clientAt(client)]) == 0 { // else it is the node's turn
			x.ahead = true
			x.expandClient(client)
			x.ahead = false
		}
		return !x.touched
	}
	id := protocols.NodeID(actor + 1)
	if x.ups>>actor&1 == 0 || x.spending(id) {
		return false
	}
	x.only, x.ahead = id, true
	x.expandNode(id)
	for i := range x.nodes {
		if peer := protocols.NodeID(i + 1); peer != id {
			x.expandPair(min(id, peer), max(id, peer))
		}
	}
	for client := range x.config.Clients {
		if x.turnsTo(client, words[x.clientAt(client)]) == id {
			x.expandClient(client)
		}
	}
	x.only, x.ahead = 0, false
	return !x.touched
}

// settled reports whether no cut can begin any more, and no client can give up
// or has given up what is still under way.
func (x *expander) settled() bool {
	if x.spends(usedCuts, x.budgets.Cuts) {
		return false
	}
	if len(x.config.Clients) > 0 && x.spends(usedExpired, x.budgets.Expirations) {
		return false
	}
	for client := range x.config.Clients {
		if x.clients.At(x.now[x.clientAt(client)]).late[0].node != 0 {
			return false
		}
	}
	return true
}

// spending reports whether something that a budget bounds can happen at a node
// that runs.
func (x *expander) spending(id protocols.NodeID) bool {
	b := &x.budgets
	if x.spends(usedCrashes, b.Crashes) || len(x.contents[id-1].Timers) > 0 && x.spends(usedTimers, b.Timers) {
		return true
	}
	disturbed := x.spends(usedDrops, b.Drops) || x.spends(usedDoubles, b.Duplicates)
	breaks := x.spends(usedBreaks, b.Breaks)
	if !disturbed && !breaks {
		return false
	}
	for i := range x.nodes {
		peer := protocols.NodeID(i + 1)
		if peer == id {
			continue
		}
		p := x.pairs.At(x.now[x.pairAt(min(id, peer), max(id, peer))])
		if breaks && p.established || disturbed && len(p.queues[towards(id, peer)]) > 0 {
			return true
		}
	}
	return false
}

// towards returns the direction of what is under way to a node from a peer.
func towards(node, peer protocols.NodeID) int {
	if node > peer {
		return 0
	}
	return 1
}

// Aside implements explore.Divided: what others do is the same whatever is in a
// node that does nothing, whatever waits behind the first packet under way to
// it, and whatever was seen and noted.
func (x *expander) Aside(words []uint32, actor int) {
	if actor >= x.nodes { // only what the clients are at matters
		clear(words[:x.clientAt(0)])
		clear(words[x.clientAt(len(x.config.Clients)):])
		return
	}
	s := &situation{m: x.Model, words: words}
	id := protocols.NodeID(actor + 1)
	words[actor] = x.Model.cell(&content{ID: id, Up: true})
	*s.history(), *s.monitor() = 0, 0
	for i := range x.nodes {
		if peer := protocols.NodeID(i + 1); peer != id {
			x.blur(words, id, peer)
		}
	}
}

// blur leaves of what is under way to a node from a peer only whether there is
// something.
func (x *expander) blur(words []uint32, id, peer protocols.NodeID) {
	at, direction := x.pairAt(min(id, peer), max(id, peer)), towards(id, peer)
	known, ok := x.blurred.Get(words[at], uint32(direction))
	if !ok {
		p := x.pairs.At(words[at])
		known = words[at]
		if len(p.queues[direction]) > 0 {
			blurred := &pair{established: p.established}
			blurred.queues[1-direction] = p.queues[1-direction]
			blurred.queues[direction] = []uint32{1}
			known = x.pairOf(blurred)
		}
		x.blurred.Put(words[at], uint32(direction), known)
	}
	words[at] = known
}

// Meanwhile implements explore.Divided.
func (x *expander) Meanwhile(words []uint32, actor int, b *explore.Batch) (touched bool) {
	x.look(words, b)
	x.touched = false
	if actor >= x.nodes {
		return x.othersSee(actor - x.nodes)
	}
	x.without = protocols.NodeID(actor + 1)
	for i := range x.nodes {
		if id := protocols.NodeID(i + 1); id != x.without {
			x.expandNode(id)
		}
		for j := range i {
			x.expandPair(protocols.NodeID(j+1), protocols.NodeID(i+1))
		}
	}
	for client := range x.config.Clients {
		if x.turnsTo(client, words[x.clientAt(client)]) != x.without {
			x.expandClient(client)
		}
	}
	x.busy = true // the actor has something to do: it is not the time of idle timers
	x.expandTimers()
	x.without = 0
	return x.touched
}

// turnsTo returns the node at which the next step of a client is made: the one to
// which its request is under way, or goes as soon as it begins; 0 if it is none.
func (x *expander) turnsTo(client int, state uint32) protocols.NodeID {
	switch c := x.clients.At(state); {
	case c.phase == asking:
		return x.contact(client, &c)
	case !c.open && int(c.next) < len(x.config.Clients[client].Commands) && x.meets(x.now[len(x.now)-1]):
		return x.config.Clients[client].Contacts[0]
	}
	return 0
}

// othersSee reports whether another client is not done.
func (x *expander) othersSee(client int) bool {
	for other := range x.config.Clients {
		c := x.clients.At(x.now[x.clientAt(other)])
		if other != client && (c.open || int(c.next) < len(x.config.Clients[other].Commands)) {
			return true
		}
	}
	return false
}

// heed looks whether a step of others touches the node that does nothing, and
// leaves out what does not matter.
func (x *expander) heed() {
	id, next := x.without, x.next.words
	for i := range x.nodes {
		peer := protocols.NodeID(i + 1)
		if peer == id {
			continue
		}
		at, direction := x.pairAt(min(id, peer), max(id, peer)), towards(id, peer)
		if next[at] == x.now[at] {
			continue
		}
		was, is := x.pairs.At(x.now[at]).queues[direction], x.pairs.At(next[at]).queues[direction]
		datagrams := x.config.Protocol.Links == protocols.Datagram
		if len(is) > len(was) && (datagrams || len(was) == 0) || len(is) < len(was) {
			x.touched = true
		}
		x.blur(next, id, peer)
	}
	for client := range x.config.Clients {
		at := x.clientAt(client)
		if next[at] == x.now[at] {
			continue
		}
		if x.turnsTo(client, next[at]) == id {
			x.touched = true
		}
	}
	*x.next.history(), *x.next.monitor() = 0, 0
}
