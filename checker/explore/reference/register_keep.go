package reference

import "quorumlab/checker/explore"

// Keep implements explore.Kept: what words can name, in the order of its numbers.
func (m *Register) Keep(w *explore.Writer) {
	w.Uint(uint64(m.envelopes.Len()))
	for id := range m.envelopes.Len() {
		w.Value(&m.envelopes.At(uint32(id)).content)
	}
	w.Uint(uint64(m.verdicts.Len()))
	for id := range m.verdicts.Len() {
		w.Value(&m.verdicts.At(uint32(id)).content)
	}
	for actor := range m.desks {
		d := &m.desks[actor]
		w.Value(d.cellOf)
		w.Value(d.boxes)
		w.Uint(uint64(d.sites.Len()))
		for id := range d.sites.Len() {
			s := d.sites.At(uint32(id))
			w.Uint(uint64(s.cell))
			w.Uint(uint64(s.inbox))
		}
	}
}

// Restore implements explore.Kept.
func (m *Register) Restore(r *explore.Reader) {
	same := func(id uint32, want int) {
		if int(id) != want {
			r.Fail("two contents are one")
		}
	}
	r.Each(func(id int) {
		var e envelope
		r.Value(&e)
		same(m.letter(e), id)
	})
	r.Each(func(id int) {
		var h history
		r.Value(&h)
		same(m.history(h), id)
	})
	for actor := range m.desks {
		d := &m.desks[actor]
		var cells []cell
		var boxes []inbox
		r.Value(&cells)
		r.Value(&boxes)
		for id, c := range cells {
			same(m.cell(d, c), id)
		}
		for id, box := range boxes {
			same(m.inbox(d, box), id)
		}
		r.Each(func(id int) {
			cell, inbox := r.Uint(), r.Uint()
			if cell >= uint64(len(d.cellOf)) || inbox >= uint64(len(d.boxes)) {
				r.Fail("a site of nothing")
				return
			}
			same(m.site(d, uint32(cell), uint32(inbox)), id)
		})
	}
}
