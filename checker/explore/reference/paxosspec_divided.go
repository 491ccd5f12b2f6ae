package reference

import "quorumlab/checker/explore"

// The acceptors are actors and, after them, those who lead a ballot
// (explore.Divided). What one does matters to others only by what it sends: 1a and
// 2a let acceptors answer that have promised no later ballot, 1b lets a leader
// propose that has not yet; nobody waits for 2b.

// Actors implements explore.Divided.
func (m *PaxosSpec) Actors() int { return m.acceptors + m.ballots }

// Attributes implements explore.Attributed.
func (m *PaxosSpec) Attributes() bool { return true }

// owned says whose a step is, which makes a word what it is now.
func (m *PaxosSpec) owned(b *explore.Batch, state []uint32, word uint32, kind, first, second int) {
	switch kind {
	case pxPhase1a:
		var touched uint32
		if word != state[m.acceptors] {
			touched = m.below(state, first)
		}
		b.By(m.acceptors+first, touched)
	case pxPhase2a:
		b.By(m.acceptors+first, m.below(state, first+1))
	case pxPhase1b:
		var touched uint32
		if state[m.acceptors]>>(px2a+3*second)&7 == 0 {
			touched = 1 << (m.acceptors + second)
		}
		b.By(first, touched)
	case pxPhase2b:
		b.By(first, 0)
	}
}

// below returns the acceptors that have promised nothing but ballots below one.
func (m *PaxosSpec) below(state []uint32, ballot int) uint32 {
	var mask uint32
	for a, word := range state[:m.acceptors] {
		if int(word>>pxPromised&7) <= ballot {
			mask |= 1 << a
		}
	}
	return mask
}

// Pending implements explore.Divided. Who can only say again what is said already
// is not to be followed by itself.
func (m *PaxosSpec) Pending(state []uint32, actor int, b *explore.Batch) bool {
	before := b.Len()
	if actor < m.acceptors {
		m.expandAcceptor(state, actor, b)
	} else {
		m.expandLeader(state, actor-m.acceptors, b)
	}
	return b.Changes(before, state)
}

// Aside implements explore.Divided: what can touch an actor can be told from the
// whole state.
func (m *PaxosSpec) Aside([]uint32, int) {}

// Meanwhile implements explore.Divided. Nothing needs to be followed.
func (m *PaxosSpec) Meanwhile(state []uint32, actor int, _ *explore.Batch) (touched bool) {
	if actor >= m.acceptors {
		return m.heard(state, actor-m.acceptors)
	}
	leaders, promised := state[m.acceptors], int(state[actor]>>pxPromised&7)
	for ballot := range m.ballots {
		if ballot >= promised && leaders>>(px1a+ballot)&1 == 0 {
			return true
		}
		if ballot >= promised-1 && leaders>>(px2a+3*ballot)&7 == 0 && m.electable(state, ballot, actor) {
			return true
		}
	}
	return false
}

// heard reports whether a leader that has proposed nothing may still get a 1b, while
// it does nothing.
func (m *PaxosSpec) heard(state []uint32, ballot int) bool {
	leaders := state[m.acceptors]
	return leaders>>(px2a+3*ballot)&7 == 0 && leaders>>(px1a+ballot)&1 != 0 && m.below(state, ballot) != 0
}

// electable reports whether a leader may still get a 1b of a whole quorum, while one
// acceptor does nothing.
func (m *PaxosSpec) electable(state []uint32, ballot, idle int) bool {
	able := m.below(state, ballot) &^ (1 << idle)
	for a, word := range state[:m.acceptors] {
		if word>>(px1b+5*ballot)&31 != 0 {
			able |= 1 << a
		}
	}
	for _, quorum := range m.quorums {
		if quorum&^able == 0 {
			return true
		}
	}
	return false
}
