package reference

import (
	"sync/atomic"

	"quorumlab/checker/explore"
)

// Register is a system of servers that keep a register and of clients that
// each write a value of their own and then read, as Stateright's examples have
// them. Servers have the numbers from 0 on, clients those after.
//
// A state has a word an actor, which names a site (the actor's state with what
// is under way to it), a word that names the history of the clients, and on a
// network that duplicates one that names the envelope delivered last. What a
// delivery does is computed once for each site and then looked up.
type Register struct {
	protocol         protocol
	servers, clients int
	network          networkKind

	desks []desk

	_         explore.Apart // all workers read what is above, all the time
	post      explore.Lock  // for letters, and for adding to envelopes
	letters   index
	envelopes explore.Arena[letter]

	archive   explore.Lock // for histories, and for adding to verdicts
	histories index
	verdicts  explore.Arena[recorded]
	recorded  explore.Memo // history, event → history

	_     explore.Apart
	bytes atomic.Uint64 // of letters and histories
}

// desk is what one actor can be in, and what can happen to it there. Each actor
// has its own, so that workers seldom wait for each other.
type desk struct {
	interning explore.Lock // for what follows, but for reading arenas and memos
	cells     index
	cellOf    []cell
	cellHash  []uint64
	inboxes   index
	boxes     []inbox
	letters   index // those known here: to ask for them nobody waits
	scratch   inbox
	worked    cell // the state that an outcome is computed in
	out       outbox
	kept      []envelope // room for inboxes
	sends     []letterTo // and for what outcomes send

	sites    explore.Arena[site]
	moves    explore.Arena[move]
	outcomes explore.Arena[outcome]
	handled  index        // cell, envelope → outcome
	siteIDs  index        // cell, inbox → site
	added    explore.Memo // site, envelope → site

	bytes uint64 // of what is interned, but for memos
	_     explore.Apart
}

// protocol is what the servers do.
type protocol interface {
	// start returns the state in which a server starts.
	start(self int) cell
	// handle lets a server handle an envelope. touched: the server's state is
	// set anew, though perhaps to what it was.
	handle(self int, c *cell, e envelope, out *outbox) (touched bool)
	// kinds names the messages between servers.
	kinds() []string
	// tell tells a server's state, tellMessage the payload of a message.
	tell(c *cell) string
	tellMessage(e envelope) string
}

// letter is an interned envelope.
type letter struct {
	content envelope
	hash    uint64
}

// recorded is an interned history.
type recorded struct {
	content      history
	hash         uint64
	linearizable bool
}

// site is an actor's state with what is under way to it, both interned.
type site struct {
	cell, inbox uint32
	hash        uint64
	// chosen: an answer to a read that found a value is under way.
	chosen bool
	// moves is 1 + the number of its first move, times 2¹⁶, plus how many it
	// has; 0 if they are not known yet.
	moves atomic.Uint64
}

// move is what a delivery at a site does: the site that it becomes, and the
// number of the outcome.
type move struct{ site, outcome uint32 }

// letterTo is an interned envelope with its receiver.
type letterTo struct{ to, letter uint32 }

// outcome is what handling an envelope does, whatever else is under way.
type outcome struct {
	from   uint32 // the cell before
	cell   uint32
	letter uint32 // the envelope
	kind   uint8  // of its message
	noop   bool
	event  uint32 // what is recorded in the history, 0: nothing
	sent   []letterTo
}

func newRegister(p explore.Values, protocol protocol) *Register {
	m := &Register{
		protocol: protocol, servers: p.Number("servers"), clients: p.Number("clients"),
	}
	m.desks = make([]desk, m.servers+m.clients)
	for actor := range m.desks {
		m.desks[actor].out.self = actor
	}
	for kind, name := range networkNames {
		if name == p["network"] {
			m.network = networkKind(kind)
		}
	}
	return m
}

// Width implements explore.Model.
func (m *Register) Width() int {
	width := m.servers + m.clients + 1
	if m.network == dup {
		width++
	}
	return width
}

// Expander implements explore.Model.
func (m *Register) Expander() explore.Expander { return m }

// Bytes implements explore.Model.
func (m *Register) Bytes() uint64 {
	sum := m.bytes.Load() + m.recorded.Bytes()
	for actor := range m.servers + m.clients {
		d := &m.desks[actor]
		sum += d.bytes + d.added.Bytes()
	}
	return sum
}

// Properties implements explore.Model.
func (m *Register) Properties() []explore.Property {
	return []explore.Property{
		{Name: "linearizable", Sentence: "What the clients saw is linearizable."},
		{
			Name: "value chosen", Sentence: "A read finds a value that was written.",
			Expectation: explore.Sometimes,
		},
	}
}

// Hits implements explore.Expander.
func (m *Register) Hits(state []uint32) uint64 {
	actors := m.servers + m.clients
	var hits uint64
	if !m.verdicts.At(state[actors]).linearizable {
		hits |= 1
	}
	for actor := m.servers; actor < actors; actor++ {
		if m.desks[actor].sites.At(state[actor]).chosen {
			return hits | 2
		}
	}
	return hits
}

// Initial implements explore.Expander: the actors start in their order.
func (m *Register) Initial(b *explore.Batch) {
	state := b.Next()
	actors := m.servers + m.clients
	boxes := make([]inbox, actors)
	var h history
	for client := range m.clients {
		self := m.servers + client
		request := uint64(self)
		e := makeEnvelope(self, self%m.servers, putMessage, payload(request, uint64(client)+1))
		boxes[e.to()] = m.network.add(nil, boxes[e.to()], e)
		h.invoke(client, false)
	}
	for actor := range actors {
		start := m.clientStart(actor)
		if actor < m.servers {
			start = m.protocol.start(actor)
		}
		d := &m.desks[actor]
		d.interning.Lock()
		state[actor] = m.site(d, m.cell(d, start), m.inbox(d, boxes[actor]))
		d.interning.Unlock()
	}
	state[actors] = m.history(h)
	if m.network == dup {
		m.letter(0) // the number of the first stands for none
		state[actors+1] = 0
	}
	var hashes [serversMax + clientsMax]uint64
	b.DoneAs(0, m.sum(state, &hashes))
}

// sum returns what a state's fingerprint is made from: the sum of the hashes of
// what its words stand for, so that one that differs in few words is quick.
// It tells the hashes of the actors' sites too.
func (m *Register) sum(state []uint32, hashes *[serversMax + clientsMax]uint64) uint64 {
	actors := m.servers + m.clients
	var sum uint64
	for actor, id := range state[:actors] {
		hashes[actor] = m.desks[actor].sites.At(id).hash
		sum += hashes[actor]
	}
	sum += m.verdicts.At(state[actors]).hash
	if m.network == dup {
		sum += m.envelopes.At(state[actors+1]).hash
	}
	return sum
}

// Expand implements explore.Expander: every delivery that is a step.
func (m *Register) Expand(state []uint32, b *explore.Batch) {
	actors := m.servers + m.clients
	var hashes [serversMax + clientsMax]uint64
	base := m.sum(state, &hashes)
	for actor := range actors {
		m.expandActor(state, actor, base, &hashes, b)
	}
}

// expandActor adds the steps of one actor. base is the state's sum.
func (m *Register) expandActor(
	state []uint32, actor int, base uint64, hashes *[serversMax + clientsMax]uint64, b *explore.Batch,
) {
	actors := m.servers + m.clients
	d := &m.desks[actor]
	first, moves := m.movesAt(d, state[actor])
	for i := range moves {
		v := d.moves.At(first + i)
		o := d.outcomes.At(v.outcome)
		room := b.Next()
		copy(room, state)
		sum := base - hashes[actor] + d.sites.At(v.site).hash
		room[actor] = v.site
		for _, s := range o.sent {
			to := &m.desks[s.to]
			before := room[s.to]
			after := m.add(to, before, s.letter)
			room[s.to] = after
			if before == state[s.to] {
				sum -= hashes[s.to]
			} else {
				sum -= to.sites.At(before).hash
			}
			sum += to.sites.At(after).hash
		}
		if o.event != 0 {
			after := m.record(state[actors], o.event)
			sum += m.verdicts.At(after).hash - m.verdicts.At(state[actors]).hash
			room[actors] = after
		}
		if m.network == dup {
			sum += m.envelopes.At(o.letter).hash - m.envelopes.At(state[actors+1]).hash
			room[actors+1] = o.letter
		}
		if b.Attributing() {
			b.By(actor, m.touched(o))
		}
		b.DoneAs(explore.Label(o.kind)|explore.Label(o.letter)<<8, sum)
	}
}

// add returns the site that a site of an actor becomes when one more envelope is
// under way to it.
func (m *Register) add(d *desk, id, letter uint32) uint32 {
	if known, ok := d.added.Get(id, letter); ok {
		return known
	}
	d.interning.Lock()
	defer d.interning.Unlock()
	before := d.sites.At(id)
	d.scratch = m.network.add(d.scratch[:0], d.boxes[before.inbox], m.envelopes.At(letter).content)
	after := m.site(d, before.cell, m.inbox(d, d.scratch))
	d.added.PutAlone(id, letter, after)
	return after
}

// record returns the history that a history becomes by an event.
func (m *Register) record(id, event uint32) uint32 {
	if known, ok := m.recorded.Get(id, event); ok {
		return known
	}
	h := m.verdicts.At(id).content
	client := int(event & 0xff)
	h.answer(client, uint8(event>>8))
	if event&invokesRead != 0 {
		h.invoke(client, true)
	}
	after := m.history(h)
	m.recorded.Put(id, event, after)
	return after
}
