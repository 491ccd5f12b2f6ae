package world

import (
	"slices"

	"quorumlab/protocols"
)

// What participants of transactions own and hold is asked of the nodes as they are,
// in every state: that whoever has voted YES and not decided holds locks, and that
// the sum of all balances, with what is committed and not carried out yet, stays
// what it was where exploration began. A sum that is wrong once stays so, whatever
// order of steps led to it.

// conserves reports whether what the clients have yet to ask leaves the sum of all
// balances as it is.
func (m *Model) conserves(words []uint32) bool {
	s := &situation{m: m, words: words}
	for client := range m.config.Clients {
		c := m.clients.At(s.client(client))
		for _, command := range m.config.Clients[client].Commands[c.next:] {
			if asked, ok := command.(protocols.Conserving); !ok || !asked.Conserves() {
				return false
			}
		}
	}
	return len(m.config.Clients) > 0
}

// owned returns what a node owns, nil if it is down or owns nothing.
func (m *Model) owned(cell uint32) protocols.Resource {
	if participant, ok := m.cells.At(cell).Node.(protocols.Participant); ok {
		return participant.Resource()
	}
	return nil
}

// held returns what a node's resource tells of a transaction, or by itself if that is 0:
// looked up, or asked.
func (m *Model) held(cell uint32, question uint32, transaction uint64, ask func(protocols.Resource) int64) int64 {
	number := m.transactions.Number(transaction, 0, func() (uint64, uint64) { return transaction, 0 })
	key := number<<2 | question
	if known, ok := m.holding.Get(cell, key); ok {
		return int64(int32(known))
	}
	value := ask(m.owned(cell))
	if value != int64(int32(value)) {
		panic("world: a balance beyond what a world can count")
	}
	m.holding.Put(cell, key, uint32(int32(value)))
	return value
}

// The questions of held.
const (
	balanceOf uint32 = iota
	pendingOf
	locksOf
)

// sum returns the sum of all balances, with what is committed and not carried out.
// It is known only while all nodes run.
func (m *Model) sum(words []uint32) (sum int64, known bool) {
	facts := m.monitors.At(words[len(words)-2]).facts
	commit := m.value(protocols.Commit)
	for _, cell := range words[:m.nodes] {
		if m.owned(cell) == nil {
			return 0, false
		}
		sum += m.held(cell, balanceOf, 0, protocols.Resource.Balance)
		for _, f := range facts {
			if f.kind == decidedAs && f.value == commit {
				sum += m.held(cell, pendingOf, f.number, func(r protocols.Resource) int64 { return r.Pending(f.number) })
			}
		}
	}
	return sum, true
}

// resourceHits returns which of these properties a state hits.
func (m *Model) resourceHits(words []uint32) (hits uint64) {
	if m.conserving {
		if sum, known := m.sum(words); known && sum != m.total {
			hits |= hitsConserved
		}
	}
	if !m.locking {
		return hits
	}
	o := m.monitors.At(words[len(words)-2])
	yes := m.value(protocols.VoteYes)
	for _, f := range o.facts {
		if f.kind != votedFor || f.value != yes || o.knows(fact{kind: decidedAt, number: f.number, part: f.part}) {
			continue
		}
		cell := words[f.part-1]
		if m.owned(cell) != nil && m.held(cell, locksOf, f.number, func(r protocols.Resource) int64 { return int64(r.Locked(f.number)) }) == 0 {
			hits |= hitsLocks
		}
	}
	return hits
}

// vote takes down how a participant votes. A NO binds nobody: it may have been
// forgotten in a crash.
func (m *Model) vote(o *monitor, node protocols.NodeID, note *protocols.Note) {
	f := fact{votedFor, note.Slot, uint64(node), m.value(note.Text)}
	at, known := o.find(f)
	switch {
	case !known:
		o.learn(f)
	case o.facts[at].value == m.value(protocols.VoteNo):
		o.facts[at].value = f.value
	}
}

// begin takes down who takes part in a transaction.
func (m *Model) begin(o *monitor, note *protocols.Note) {
	if u, ok := note.Value.(protocols.Undertaking); ok {
		all := uint64(0)
		for _, node := range u.Participants {
			all |= 1 << node
		}
		o.learn(fact{kind: begunFor, number: note.Slot, part: all})
	}
}

// checkVotes checks, when a node commits, that every participant had voted for it.
func (m *Model) checkVotes(o *monitor, note *protocols.Note) {
	begun := slices.IndexFunc(o.facts, func(f fact) bool { return f.kind == begunFor && f.number == note.Slot })
	if begun < 0 {
		o.breaks(hitsUnanimous, "a transaction is committed that nobody has begun")
		return
	}
	for node := range m.nodes {
		if o.facts[begun].part>>(node+1)&1 == 0 {
			continue
		}
		at, known := o.find(fact{kind: votedFor, number: note.Slot, part: uint64(node + 1)})
		if !known || o.facts[at].value == m.value(protocols.VoteNo) {
			o.breaks(hitsUnanimous, "a transaction is committed though "+m.name(protocols.NodeID(node+1))+" has not voted for it")
		}
	}
}
