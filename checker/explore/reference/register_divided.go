package reference

import "quorumlab/checker/explore"

// Each delivery is a step of its receiver (explore.Divided). Steps of different
// actors do not depend on each other, but for two things. What clients record
// does: the history tells which operations were over when another began. And on
// a network that duplicates the state has the envelope delivered last, so there
// every step depends on every other, and nothing is reduced.

// Inseparable implements explore.Inseparable.
func (m *Register) Inseparable() string {
	if m.network != dup {
		return ""
	}
	return "on a network that duplicates, the state has the envelope delivered last: no two deliveries lead to the same state in either order"
}

// Actors implements explore.Divided.
func (m *Register) Actors() int { return m.servers + m.clients }

// Attributes implements explore.Attributed.
func (m *Register) Attributes() bool { return true }

// touched returns whom an outcome touches: those to whom something is sent; if a
// client records something, the other clients; and on a network that duplicates,
// all.
func (m *Register) touched(o *outcome) uint32 {
	if m.network == dup {
		return 1<<(m.servers+m.clients) - 1
	}
	var mask uint32
	for _, s := range o.sent {
		mask |= 1 << s.to
	}
	if o.event != 0 {
		mask |= (1<<m.clients - 1) << m.servers
	}
	return mask
}

// Pending implements explore.Divided.
func (m *Register) Pending(state []uint32, actor int, b *explore.Batch) bool {
	if m.network == dup {
		return false
	}
	var hashes [serversMax + clientsMax]uint64
	m.expandActor(state, actor, m.sum(state, &hashes), &hashes, b)
	return true
}

// Aside implements explore.Divided: the history matters to nobody, nor does what
// is under way to who does nothing, but whether something of a sender is.
func (m *Register) Aside(state []uint32, actor int) {
	state[m.servers+m.clients] = 0
	if m.network == nondup {
		state[actor] = 0
	}
}

// Meanwhile implements explore.Divided.
func (m *Register) Meanwhile(state []uint32, actor int, b *explore.Batch) (touched bool) {
	for other, id := range state[:m.servers+m.clients] {
		if other == actor {
			continue
		}
		d := &m.desks[other]
		first, moves := m.movesAt(d, id)
		for i := range moves {
			v := d.moves.At(first + i)
			o := d.outcomes.At(v.outcome)
			if o.event != 0 && actor >= m.servers {
				return true
			}
			room := b.Next()
			copy(room, state)
			room[other] = v.site
			for _, s := range o.sent {
				switch {
				case int(s.to) != actor:
					room[s.to] = m.add(&m.desks[s.to], room[s.to], s.letter)
				case m.network == nondup || !m.waits(&m.desks[actor], state[actor], other):
					return true
				}
			}
			b.Done(0)
		}
	}
	return false
}

// waits reports whether something of a sender is under way to a site.
func (m *Register) waits(d *desk, id uint32, sender int) bool {
	d.interning.Lock()
	defer d.interning.Unlock()
	for _, e := range d.boxes[d.sites.At(id).inbox] {
		if e.from() == sender {
			return true
		}
	}
	return false
}
