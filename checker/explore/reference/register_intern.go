package reference

import (
	"slices"
	"unsafe"

	"quorumlab/checker/explore"
)

// What is below gives numbers to contents. What takes a desk is called with that
// desk's lock held. The hashes are of the contents, for numbers differ from run to
// run.

func (m *Register) cell(d *desk, c cell) uint32 {
	hash := explore.HashWords(uint64(d.out.self), c[:])
	id, known := d.cells.find(hash, func(id uint32) bool { return d.cellOf[id] == c })
	if !known {
		id = uint32(len(d.cellOf))
		if id == 0 {
			const first = 32
			d.cellOf, d.cellHash = make([]cell, 0, first), make([]uint64, 0, first)
		}
		d.cells.add(hash, id)
		d.cellOf, d.cellHash = append(d.cellOf, c), append(d.cellHash, hash)
		d.bytes += uint64(unsafe.Sizeof(c)) + 8 + indexEntry
	}
	return id
}

// indexEntry is about how much an index takes for an entry.
const indexEntry = 16

// inbox numbers an inbox; the caller may use it for another one afterwards.
func (m *Register) inbox(d *desk, box inbox) uint32 {
	hash := explore.HashWords(0, box)
	id, known := d.inboxes.find(hash, func(id uint32) bool { return slices.Equal(d.boxes[id], box) })
	if !known {
		id = uint32(len(d.boxes))
		d.inboxes.add(hash, id)
		kept := inbox(keep(&d.kept, len(box)))
		copy(kept, box)
		d.boxes = append(d.boxes, kept)
		d.bytes += uint64(8*len(box)) + sliceHeader + indexEntry
	}
	return id
}

const sliceHeader = 24

// keep takes so many items of a room, which is made anew when it is used up.
func keep[T any](room *[]T, n int) []T {
	const piece = 64
	if len(*room) < n {
		*room = make([]T, max(n, piece))
	}
	kept := (*room)[:n:n]
	*room = (*room)[n:]
	return kept
}

// pairHash returns a hash of two numbers.
func pairHash(a, b uint32) uint64 { return explore.Mix(uint64(a)<<32 | uint64(b)) }

func (m *Register) site(d *desk, cell, inbox uint32) uint32 {
	hash := pairHash(cell, inbox)
	id, known := d.siteIDs.find(hash, func(id uint32) bool {
		s := d.sites.At(id)
		return s.cell == cell && s.inbox == inbox
	})
	if known {
		return id
	}
	box := d.boxes[inbox]
	id, s := d.sites.Add()
	s.cell, s.inbox = cell, inbox
	s.hash = explore.HashWords(d.cellHash[cell], box)
	for _, e := range box {
		s.chosen = s.chosen || e.kind() == getOkMessage && e.value() != 0
	}
	d.siteIDs.add(hash, id)
	d.bytes += uint64(unsafe.Sizeof(*s)) + indexEntry
	return id
}

// letterAt is letter for what is known at a desk already.
func (m *Register) letterAt(d *desk, e envelope) uint32 {
	hash := explore.Mix(uint64(e) + 1)
	id, known := d.letters.find(hash, func(id uint32) bool { return m.envelopes.At(id).content == e })
	if !known {
		id = m.letter(e)
		d.letters.add(hash, id)
		d.bytes += indexEntry
	}
	return id
}

func (m *Register) letter(e envelope) uint32 {
	m.post.Lock()
	defer m.post.Unlock()
	hash := explore.Mix(uint64(e) + 1)
	id, known := m.letters.find(hash, func(id uint32) bool { return m.envelopes.At(id).content == e })
	if !known {
		var l *letter
		id, l = m.envelopes.Add()
		l.content, l.hash = e, hash
		m.letters.add(hash, id)
		m.bytes.Add(uint64(unsafe.Sizeof(*l)) + indexEntry)
	}
	return id
}

func (m *Register) history(h history) uint32 {
	var room [unsafe.Sizeof(h)]byte
	h.write(&room)
	hash := explore.HashBytes(room[:])
	m.archive.Lock()
	defer m.archive.Unlock()
	id, known := m.histories.find(hash, func(id uint32) bool { return m.verdicts.At(id).content == h })
	if !known {
		var r *recorded
		id, r = m.verdicts.Add()
		r.content, r.hash, r.linearizable = h, hash, h.linearizable()
		m.histories.add(hash, id)
		m.bytes.Add(uint64(unsafe.Sizeof(*r)) + indexEntry)
	}
	return id
}

// write writes the history into data, which is empty.
func (h *history) write(data *[unsafe.Sizeof(history{})]byte) {
	flag := func(at int, b bool) {
		if b {
			data[at] = 1
		}
	}
	flag(0, h.invalid)
	at := 1
	for client := range clientsMax {
		data[at] = h.completed[client]
		flag(at+1, h.open[client])
		at += 2
		for i := range h.operations[client] {
			op := &h.operations[client][i]
			flag(at, op.read)
			data[at+1] = op.answer
			at += 2 + copy(data[at+2:], op.seen[:])
		}
	}
}

// movesAt returns the number of the first move at a site, and how many follow.
func (m *Register) movesAt(d *desk, id uint32) (first, count uint32) {
	s := d.sites.At(id)
	moves := s.moves.Load()
	if moves == 0 {
		moves = m.findMoves(d, s)
	}
	return uint32(moves>>16 - 1), uint32(moves & 0xffff)
}

// findMoves computes what can happen at a site.
func (m *Register) findMoves(d *desk, from *site) uint64 {
	d.interning.Lock()
	defer d.interning.Unlock()
	if known := from.moves.Load(); known != 0 {
		return known
	}
	first := uint64(d.moves.Len())
	box := d.boxes[from.inbox]
	for i, e := range box {
		if !m.network.deliverable(box, i) {
			continue
		}
		number := m.outcome(d, from.cell, e)
		o := d.outcomes.At(number)
		if o.noop && m.network != ordered {
			continue
		}
		d.scratch = m.network.delivered(d.scratch[:0], box, i)
		after := m.site(d, o.cell, m.inbox(d, d.scratch))
		_, v := d.moves.Add()
		v.site, v.outcome = after, number
		d.bytes += uint64(unsafe.Sizeof(*v))
	}
	found := (first+1)<<16 | (uint64(d.moves.Len()) - first)
	from.moves.Store(found)
	return found
}

// outcome computes what handling an envelope does.
func (m *Register) outcome(d *desk, cell uint32, e envelope) uint32 {
	letter := m.letterAt(d, e)
	hash := pairHash(cell, letter)
	number, known := d.handled.find(hash, func(id uint32) bool {
		o := d.outcomes.At(id)
		return o.from == cell && o.letter == letter
	})
	if known {
		return number
	}
	d.worked = d.cellOf[cell]
	c, self, out := &d.worked, d.out.self, &d.out
	out.sent = out.sent[:0]
	number, o := d.outcomes.Add()
	var touched bool
	if self < m.servers {
		touched = m.protocol.handle(self, c, e, out)
	} else {
		touched, o.event = m.handleClient(self, c, e, out)
	}
	o.noop = !touched && len(out.sent) == 0
	o.from, o.cell, o.letter, o.kind = cell, m.cell(d, *c), letter, uint8(e.kind())
	o.sent = keep(&d.sends, len(out.sent))
	for i, e := range out.sent {
		o.sent[i] = letterTo{uint32(e.to()), m.letterAt(d, e)}
	}
	d.handled.add(hash, number)
	d.bytes += uint64(unsafe.Sizeof(*o)) + uint64(8*len(o.sent)) + indexEntry
	return number
}
