package reference

import "quorumlab/checker/explore"

// Each delivery is a step of its receiver (explore.Divided). Steps of different
// actors do not depend on each other, but for two things. What clients record
// does: the history tells which operations were over when another began. And on
// a network that duplicates the state has the envelope delivered last, so there
// every step depends on every other, and nothing is reduced.

// Actors implements explore.Divided.
func (m *Register) Actors() int { return m.servers + m.clients }

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
		from := m.sites.At(id)
		moves := from.moves.Load()
		if moves == 0 {
			moves = m.findMoves(from)
		}
		first := uint32(moves>>16 - 1)
		for i := range uint32(moves & 0xffff) {
			v := m.moves.At(first + i)
			o := m.outcomes.At(v.outcome)
			if o.event != 0 && actor >= m.servers {
				return true
			}
			room := b.Next()
			copy(room, state)
			room[other] = v.site
			for _, s := range o.sent {
				switch {
				case int(s.to) != actor:
					room[s.to] = m.add(room[s.to], s.letter)
				case m.network == nondup || !m.waits(state[actor], other):
					return true
				}
			}
			b.Done(0)
		}
	}
	return false
}

// waits reports whether something of a sender is under way to a site.
func (m *Register) waits(id uint32, sender int) bool {
	m.interning.Lock()
	defer m.interning.Unlock()
	for _, e := range m.box(m.sites.At(id).inbox) {
		if e.from() == sender {
			return true
		}
	}
	return false
}
