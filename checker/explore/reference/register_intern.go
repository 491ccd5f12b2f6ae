package reference

import (
	"encoding/binary"
	"unsafe"

	"quorumlab/checker/explore"
)

// What is below is called with the lock held: it gives numbers to contents. The
// hashes are of the contents, for numbers differ from run to run.

// mapEntry is about how much memory a map takes for a byte of its entries.
const mapEntry = 2

func (m *Register) cell(c actorCell) uint32 {
	id, known := m.cells[c]
	if !known {
		id = uint32(len(m.cellOf))
		m.cells[c] = id
		m.cellOf = append(m.cellOf, c)
		m.bytes.Add((1 + mapEntry) * uint64(unsafe.Sizeof(c)))
	}
	return id
}

func (m *Register) inbox(box inbox) uint32 {
	content := box.bytes()
	id, known := m.inboxes[string(content)]
	if !known {
		id = uint32(len(m.boxes))
		key := string(content)
		m.inboxes[key] = id
		m.boxes = append(m.boxes, key)
		m.bytes.Add(uint64(len(key)) + stringHeader + mapEntry*(stringHeader+4))
	}
	return id
}

const stringHeader = 16

// box returns an interned inbox.
func (m *Register) box(id uint32) inbox {
	content := []byte(m.boxes[id])
	box := make(inbox, 0, len(content)/8)
	for ; len(content) > 0; content = content[8:] {
		box = append(box, envelope(binary.LittleEndian.Uint64(content)))
	}
	return box
}

// bytes returns the inbox as bytes, from which it can be read again.
func (b inbox) bytes() []byte {
	data := make([]byte, 0, 8*len(b))
	for _, e := range b {
		data = binary.LittleEndian.AppendUint64(data, uint64(e))
	}
	return data
}

func (m *Register) site(cell, inbox uint32) uint32 {
	id, known := m.siteIDs.Get(cell, inbox)
	if known {
		return id
	}
	c := m.cellOf[cell]
	data := []byte{byte(c.actor)}
	for _, word := range c.state {
		data = binary.LittleEndian.AppendUint64(data, word)
	}
	id, s := m.sites.Add()
	s.cell, s.inbox, s.hash = cell, inbox, explore.HashBytes(append(data, m.boxes[inbox]...))
	for _, e := range m.box(inbox) {
		s.chosen = s.chosen || e.kind() == getOkMessage && e.value() != 0
	}
	m.siteIDs.Put(cell, inbox, id)
	m.bytes.Add(uint64(unsafe.Sizeof(*s)))
	return id
}

func (m *Register) letter(e envelope) uint32 {
	id, known := m.letters[e]
	if !known {
		var l *letter
		id, l = m.envelopes.Add()
		l.content, l.hash = e, explore.Mix(uint64(e)+1)
		m.letters[e] = id
		m.bytes.Add(48)
	}
	return id
}

func (m *Register) history(h history) uint32 {
	id, known := m.histories[h]
	if !known {
		var r *recorded
		id, r = m.verdicts.Add()
		r.content, r.hash, r.linearizable = h, explore.HashBytes(h.bytes()), h.linearizable()
		m.histories[h] = id
		m.bytes.Add(3 * uint64(unsafe.Sizeof(h)))
	}
	return id
}

func (h *history) bytes() []byte {
	var data []byte
	flag := func(b bool) {
		if b {
			data = append(data, 1)
			return
		}
		data = append(data, 0)
	}
	flag(h.invalid)
	for client := range clientsMax {
		data = append(data, h.completed[client])
		flag(h.open[client])
		for _, op := range h.operations[client] {
			flag(op.read)
			data = append(append(data, op.answer), op.seen[:]...)
		}
	}
	return data
}

// findMoves computes what can happen at a site.
func (m *Register) findMoves(from *site) uint64 {
	m.interning.Lock()
	defer m.interning.Unlock()
	if known := from.moves.Load(); known != 0 {
		return known
	}
	first := uint64(m.moves.Len())
	box := m.box(from.inbox)
	for i, e := range box {
		if !m.network.deliverable(box, i) {
			continue
		}
		number := m.outcome(from.cell, e)
		o := m.outcomes.At(number)
		if o.noop && m.network != ordered {
			continue
		}
		after := m.site(o.cell, m.inbox(m.network.delivered(box, i)))
		_, v := m.moves.Add()
		v.site, v.outcome = after, number
		m.bytes.Add(uint64(unsafe.Sizeof(*v)))
	}
	found := (first+1)<<16 | (uint64(m.moves.Len()) - first)
	from.moves.Store(found)
	return found
}

// outcome computes what handling an envelope does.
func (m *Register) outcome(cell uint32, e envelope) uint32 {
	letter := m.letter(e)
	if known, ok := m.handled.Get(cell, letter); ok {
		return known
	}
	c := m.cellOf[cell]
	out := outbox{self: c.actor}
	number, o := m.outcomes.Add()
	var touched bool
	if c.actor < m.servers {
		touched = m.protocol.handle(c.actor, &c.state, e, &out)
	} else {
		touched, o.event = m.handleClient(c.actor, &c.state, e, &out)
	}
	o.noop = !touched && len(out.sent) == 0
	o.cell, o.letter, o.kind = m.cell(c), letter, uint8(e.kind())
	for _, e := range out.sent {
		o.sent = append(o.sent, letterTo{uint32(e.to()), m.letter(e)})
	}
	m.handled.Put(cell, letter, number)
	m.bytes.Add(uint64(unsafe.Sizeof(*o)) + uint64(8*len(o.sent)))
	return number
}
