package reference

import (
	"fmt"
	"slices"

	"quorumlab/checker/explore"
)

// TCommit is the TLA+ specification TCommit: what committing a transaction
// means, with nothing but the states of the resource managers, two bits each.
type TCommit struct{ managers int }

const (
	tcPrepare = iota
	tcDecide  // from prepared to committed
	tcAbort   // from working or prepared to aborted
)

var tcommitKinds = []string{tcPrepare: "Prepare", tcDecide: "Decide (commit)", tcAbort: "Decide (abort)"}

const tcommitMax = 16

func newTCommit(p explore.Values) (explore.Model, error) {
	return &TCommit{managers: p.Number("rms")}, nil
}

// Width implements explore.Model.
func (m *TCommit) Width() int { return 1 }

// Bytes implements explore.Model.
func (m *TCommit) Bytes() uint64 { return 0 }

// Kinds implements explore.Model.
func (m *TCommit) Kinds() []string { return tcommitKinds }

// Expander implements explore.Model.
func (m *TCommit) Expander() explore.Expander { return m }

// Properties implements explore.Model.
func (m *TCommit) Properties() []explore.Property { return (&TwoPhase{}).Properties() }

func managerState(state []uint32, i int) uint32 { return state[0] >> (2 * i) & 3 }

// count returns how many resource managers are in each state.
func (m *TCommit) count(state []uint32) (of [4]int) {
	for i := range m.managers {
		of[managerState(state, i)]++
	}
	return of
}

// Hits implements explore.Expander.
func (m *TCommit) Hits(state []uint32) uint64 {
	of := m.count(state)
	var hits uint64
	if of[committed] > 0 && of[aborted] > 0 {
		hits |= 1
	}
	if of[committed] == m.managers {
		hits |= 2
	}
	if of[aborted] == m.managers {
		hits |= 4
	}
	return hits
}

// Initial implements explore.Expander.
func (m *TCommit) Initial(b *explore.Batch) {
	b.Next()[0] = 0
	b.Done(0)
}

// Expand implements explore.Expander.
func (m *TCommit) Expand(state []uint32, b *explore.Batch) {
	of := m.count(state)
	for i := range m.managers {
		m.expandManager(state, i, of, b)
	}
}

// expandManager adds the steps of a resource manager. of tells how many are in each
// state.
func (m *TCommit) expandManager(state []uint32, i int, of [4]int, b *explore.Batch) {
	now := managerState(state, i)
	become := func(next uint32, kind int) {
		b.Next()[0] = state[0]&^(3<<(2*i)) | next<<(2*i)
		if b.Attributing() {
			b.By(i, m.touched(of, i, int(now), kind))
		}
		b.Done(step(kind, i))
	}
	if now == working {
		become(prepared, tcPrepare)
	}
	if now == prepared && of[prepared]+of[committed] == m.managers {
		become(committed, tcDecide)
	}
	if (now == working || now == prepared) && of[committed] == 0 {
		become(aborted, tcAbort)
	}
}

// Canonical implements explore.Symmetric.
func (m *TCommit) Canonical(state []uint32) {
	var of [tcommitMax]uint32
	for i := range m.managers {
		of[i] = managerState(state, i)
	}
	slices.Sort(of[:m.managers])
	state[0] = 0
	for i, x := range of[:m.managers] {
		state[0] |= x << (2 * i)
	}
}

// Describe implements explore.Model.
func (m *TCommit) Describe(state []uint32) []string {
	var lines []string
	for i := range m.managers {
		lines = append(lines, fmt.Sprintf("r%d: %s", i+1, managerStates[managerState(state, i)]))
	}
	return lines
}

// Explain implements explore.Model.
func (m *TCommit) Explain(label explore.Label) string {
	return fmt.Sprintf("%s(r%d)", tcommitKinds[label.Kind()], label>>8+1)
}
