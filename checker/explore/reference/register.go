package reference

import (
	"sync"
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

	interning sync.Mutex // for what follows, but for reading
	cells     map[actorCell]uint32
	outcomes  explore.Arena[outcome]
	inboxes   map[string]uint32
	boxes     []string
	cellOf    []actorCell
	sites     explore.Arena[site]
	moves     explore.Arena[move]
	envelopes explore.Arena[letter]
	letters   map[envelope]uint32
	histories map[history]uint32
	verdicts  explore.Arena[recorded]

	handled  explore.Memo // cell, envelope → outcome
	siteIDs  explore.Memo // cell, inbox → site
	added    explore.Memo // site, envelope → site
	recorded explore.Memo // history, event → history
	bytes    atomic.Uint64
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

// actorCell is the state of a certain actor.
type actorCell struct {
	actor int
	state cell
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
		cells: map[actorCell]uint32{}, inboxes: map[string]uint32{},
		letters: map[envelope]uint32{}, histories: map[history]uint32{},
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
	return m.bytes.Load() + m.handled.Bytes() + m.siteIDs.Bytes() + m.added.Bytes() + m.recorded.Bytes()
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
	for _, id := range state[m.servers:actors] {
		if m.sites.At(id).chosen {
			return hits | 2
		}
	}
	return hits
}

// Initial implements explore.Expander: the actors start in their order.
func (m *Register) Initial(b *explore.Batch) {
	m.interning.Lock()
	state := b.Next()
	actors := m.servers + m.clients
	boxes := make([]inbox, actors)
	var h history
	for client := range m.clients {
		self := m.servers + client
		request := uint64(self)
		e := makeEnvelope(self, self%m.servers, putMessage, payload(request, uint64(client)+1))
		boxes[e.to()] = m.network.add(boxes[e.to()], e)
		h.invoke(client, false)
	}
	for actor := range actors {
		start := m.clientStart(actor)
		if actor < m.servers {
			start = m.protocol.start(actor)
		}
		state[actor] = m.site(m.cell(actorCell{actor, start}), m.inbox(boxes[actor]))
	}
	state[actors] = m.history(h)
	if m.network == dup {
		m.letter(0) // the number of the first stands for none
		state[actors+1] = 0
	}
	m.interning.Unlock()
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
		hashes[actor] = m.sites.At(id).hash
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
	from := m.sites.At(state[actor])
	moves := from.moves.Load()
	if moves == 0 {
		moves = m.findMoves(from)
	}
	first := uint32(moves>>16 - 1)
	for i := range uint32(moves & 0xffff) {
		v := m.moves.At(first + i)
		o := m.outcomes.At(v.outcome)
		room := b.Next()
		copy(room, state)
		sum := base - hashes[actor] + m.sites.At(v.site).hash
		room[actor] = v.site
		for _, s := range o.sent {
			before := room[s.to]
			after := m.add(before, s.letter)
			room[s.to] = after
			if before == state[s.to] {
				sum -= hashes[s.to]
			} else {
				sum -= m.sites.At(before).hash
			}
			sum += m.sites.At(after).hash
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
		b.DoneAs(explore.Label(o.kind)|explore.Label(o.letter)<<8, sum)
	}
}

// add returns the site that a site becomes when one more envelope is under way
// to it.
func (m *Register) add(id, letter uint32) uint32 {
	if known, ok := m.added.Get(id, letter); ok {
		return known
	}
	m.interning.Lock()
	defer m.interning.Unlock()
	before := m.sites.At(id)
	after := m.site(before.cell, m.inbox(m.network.add(m.box(before.inbox), m.envelopes.At(letter).content)))
	m.added.Put(id, letter, after)
	return after
}

// record returns the history that a history becomes by an event.
func (m *Register) record(id, event uint32) uint32 {
	if known, ok := m.recorded.Get(id, event); ok {
		return known
	}
	m.interning.Lock()
	defer m.interning.Unlock()
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
