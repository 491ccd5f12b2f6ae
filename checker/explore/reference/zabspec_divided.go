package reference

import "quorumlab/checker/explore"

// The recorder of the specification takes down which action was the last, and of whom.
// So two steps in either order never lead to one state: every step depends on every
// other, and partial-order reduction (explore.Divided) leaves nothing out.

// Inseparable implements explore.Inseparable.
func (m *ZabSpec) Inseparable() string {
	return "the specification's recorder takes down which action was the last, and whose: no two steps lead to the same state in either order"
}

// Actors implements explore.Divided: the servers.
func (m *ZabSpec) Actors() int { return m.n }

// Pending implements explore.Divided: nothing may be done ahead of what others do.
func (m *ZabSpec) Pending([]uint32, int, *explore.Batch) bool { return false }

// Aside implements explore.Divided.
func (m *ZabSpec) Aside([]uint32, int) {}

// Meanwhile implements explore.Divided: others touch everybody.
func (m *ZabSpec) Meanwhile([]uint32, int, *explore.Batch) (touched bool) { return true }
