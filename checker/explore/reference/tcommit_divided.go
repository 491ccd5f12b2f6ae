package reference

import "quorumlab/checker/explore"

// Each resource manager is an actor (explore.Divided). What one may do depends on
// the others: it may commit when all have prepared, and abort while nobody has
// committed.

// Actors implements explore.Divided.
func (m *TCommit) Actors() int { return m.managers }

// Attributes implements explore.Attributed.
func (m *TCommit) Attributes() bool { return true }

// touched returns whom a step touches: all others, if it lets them commit, or
// keeps them from committing or from aborting.
func (m *TCommit) touched(of [4]int, i, now, kind int) uint32 {
	var changes bool
	switch ready := of[prepared]+of[committed] == m.managers; kind {
	case tcPrepare:
		changes = of[prepared]+of[committed]+1 == m.managers
	case tcDecide:
		changes = of[committed] == 0
	case tcAbort:
		changes = ready && now == prepared
	}
	if !changes {
		return 0
	}
	return (1<<m.managers - 1) &^ (1 << i)
}

// Pending implements explore.Divided.
func (m *TCommit) Pending(state []uint32, actor int, b *explore.Batch) bool {
	m.expandManager(state, actor, m.count(state), b)
	return true
}

// Aside implements explore.Divided: what can touch an actor can be told from the
// whole state.
func (m *TCommit) Aside([]uint32, int) {}

// Meanwhile implements explore.Divided. Nothing needs to be followed: while one is
// working, nobody can commit; one that has prepared is touched if the last other
// prepares, or if another commits or aborts, as long as nobody has.
func (m *TCommit) Meanwhile(state []uint32, actor int, _ *explore.Batch) (touched bool) {
	of := m.count(state)
	return managerState(state, actor) == prepared && of[committed] == 0 && of[aborted] == 0
}
