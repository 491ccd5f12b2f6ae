package reference

import "quorumlab/checker/explore"

// Steps are made by the resource managers and, last, by the transaction manager
// (explore.Divided). Those of different ones depend on each other only by what is
// sent: Prepared lets the transaction manager make a step, Commit and Abort the
// resource managers.

// Actors implements explore.Divided.
func (m *TwoPhase) Actors() int { return m.managers + 1 }

// Attributes implements explore.Attributed.
func (m *TwoPhase) Attributes() bool { return true }

// owned says whose a step is.
func (m *TwoPhase) owned(b *explore.Batch, kind, argument int) {
	coordinator, all := m.managers, uint32(1)<<m.managers-1
	switch kind {
	case tmCommit, tmAbort:
		b.By(coordinator, all)
	case tmRcvPrepared:
		b.By(coordinator, 0)
	case rmPrepare:
		b.By(argument, 1<<coordinator)
	default:
		b.By(argument, 0)
	}
}

// Pending implements explore.Divided. Who has nothing left but to be told again is
// not to be followed by itself.
func (m *TwoPhase) Pending(state []uint32, actor int, b *explore.Batch) bool {
	before := b.Len()
	if actor == m.managers {
		m.expandCoordinator(state, b)
	} else {
		m.expandManager(state, actor, b)
	}
	return b.Changes(before, state)
}

// Aside implements explore.Divided: what can touch an actor can be told from the
// whole state.
func (m *TwoPhase) Aside([]uint32, int) {}

// Meanwhile implements explore.Divided. Nothing needs to be followed: a resource
// manager that has not prepared may do so, whatever others do, and a transaction
// manager that has not decided may decide.
func (m *TwoPhase) Meanwhile(state []uint32, actor int, _ *explore.Batch) (touched bool) {
	if actor < m.managers {
		return state[1]>>tmState&3 == 0
	}
	for i := range m.managers {
		if state[0]>>(rmStates+2*i)&3 == working {
			return true
		}
	}
	return false
}
