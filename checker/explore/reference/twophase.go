package reference

import (
	"fmt"
	"slices"
	"strings"

	"quorumlab/checker/explore"
)

// The states of a resource manager.
const (
	working = iota // two bits, of which the upper means that it is decided
	prepared
	committed
	aborted
)

var managerStates = [...]string{working: "working", prepared: "prepared", committed: "committed", aborted: "aborted"}

// The states of the transaction manager, which is a resource manager's without
// working and prepared; 0 is init.
var coordinatorStates = [...]string{"init", "committed", "aborted"}

// TwoPhase is the TLA+ specification TwoPhase of the transaction_commit
// examples (Gray and Lamport, "Consensus on Transaction Commit", 2006): resource
// managers, a transaction manager, and a set of messages that never shrinks.
//
// A state is two words. The first has two bits a resource manager, its state,
// and the set of those whose Prepared is sent; the second has the transaction
// manager's set of those prepared, its own state, and the messages Commit and
// Abort.
type TwoPhase struct{ managers int }

const managersMax = 10

// The parts of the two words.
const (
	rmStates    = 0               // shifts of the first word: 2 bits each
	sentPrepare = 2 * managersMax //
	tmPrepared  = 0               // and of the second
	tmState     = managersMax     // 2 bits
	sentCommit  = tmState + 2     // 1 bit
	sentAbort   = sentCommit + 1  // 1 bit
	managersSet = 1<<managersMax - 1
	// lowBits has the lower bit of every resource manager's state.
	lowBits = 0x55555
)

// The kinds of step.
const (
	tmCommit = iota
	tmAbort
	tmRcvPrepared
	rmPrepare
	rmChooseToAbort
	rmRcvCommit
	rmRcvAbort
)

var twoPhaseKinds = []string{
	tmCommit: "TMCommit", tmAbort: "TMAbort", tmRcvPrepared: "TMRcvPrepared", rmPrepare: "RMPrepare",
	rmChooseToAbort: "RMChooseToAbort", rmRcvCommit: "RMRcvCommitMsg", rmRcvAbort: "RMRcvAbortMsg",
}

func newTwoPhase(p explore.Values) (explore.Model, error) {
	return &TwoPhase{managers: p.Number("rms")}, nil
}

// Width implements explore.Model.
func (m *TwoPhase) Width() int { return 2 }

// Bytes implements explore.Model.
func (m *TwoPhase) Bytes() uint64 { return 0 }

// Kinds implements explore.Model.
func (m *TwoPhase) Kinds() []string { return twoPhaseKinds }

// Expander implements explore.Model.
func (m *TwoPhase) Expander() explore.Expander { return m }

// Properties implements explore.Model.
func (m *TwoPhase) Properties() []explore.Property {
	return []explore.Property{
		{Name: "consistent", Sentence: "No resource manager has committed while another has aborted."},
		{Name: "commit", Sentence: "All resource managers commit.", Expectation: explore.Sometimes},
		{Name: "abort", Sentence: "All resource managers abort.", Expectation: explore.Sometimes},
	}
}

// Hits implements explore.Expander.
func (m *TwoPhase) Hits(state []uint32) uint64 {
	all := uint32(1)<<(2*m.managers) - 1
	low, high := state[0]&all&lowBits, state[0]&all>>1&lowBits
	aborts, commits := low&high, high&^low
	var hits uint64
	if commits != 0 && aborts != 0 {
		hits |= 1
	}
	if commits == all&lowBits {
		hits |= 2
	}
	if aborts == all&lowBits {
		hits |= 4
	}
	return hits
}

// Initial implements explore.Expander.
func (m *TwoPhase) Initial(b *explore.Batch) {
	clear(b.Next())
	b.Done(0)
}

func step(kind int, argument int) explore.Label {
	return explore.Label(kind) | explore.Label(argument)<<8
}

func (m *TwoPhase) put(b *explore.Batch, first, second uint32, kind, argument int) {
	room := b.Next()
	room[0], room[1] = first, second
	if b.Attributing() {
		m.owned(b, kind, argument)
	}
	b.Done(step(kind, argument))
}

// Expand implements explore.Expander.
func (m *TwoPhase) Expand(state []uint32, b *explore.Batch) {
	m.expandCoordinator(state, b)
	for i := range m.managers {
		m.expandManager(state, i, b)
	}
}

// expandCoordinator adds the steps of the transaction manager.
func (m *TwoPhase) expandCoordinator(state []uint32, b *explore.Batch) {
	s, t := state[0], state[1]
	if t>>tmState&3 != 0 {
		return
	}
	if all := uint32(1)<<m.managers - 1; t>>tmPrepared&managersSet == all {
		m.put(b, s, t|1<<tmState|1<<sentCommit, tmCommit, 0)
	}
	m.put(b, s, t|2<<tmState|1<<sentAbort, tmAbort, 0)
	for i := range m.managers {
		if s>>(sentPrepare+i)&1 != 0 {
			m.put(b, s, t|1<<(tmPrepared+i), tmRcvPrepared, i)
		}
	}
}

// expandManager adds the steps of a resource manager.
func (m *TwoPhase) expandManager(state []uint32, i int, b *explore.Batch) {
	s, t := state[0], state[1]
	at := rmStates + 2*i
	others := s &^ (3 << at)
	if s>>at&3 == working {
		m.put(b, s|prepared<<at|1<<(sentPrepare+i), t, rmPrepare, i)
		m.put(b, s|aborted<<at, t, rmChooseToAbort, i)
	}
	if t>>sentCommit&1 != 0 {
		m.put(b, others|committed<<at, t, rmRcvCommit, i)
	}
	if t>>sentAbort&1 != 0 {
		m.put(b, others|aborted<<at, t, rmRcvAbort, i)
	}
}

// Canonical implements explore.Symmetric: resource managers can be
// interchanged. What belongs to one is four bits; they are sorted.
func (m *TwoPhase) Canonical(state []uint32) {
	var of [managersMax]uint32
	for i := range m.managers {
		of[i] = state[0]>>(rmStates+2*i)&3 | state[0]>>(sentPrepare+i)&1<<2 | state[1]>>(tmPrepared+i)&1<<3
	}
	slices.Sort(of[:m.managers])
	first, second := uint32(0), state[1]&^(managersSet<<tmPrepared)
	for i, x := range of[:m.managers] {
		first |= x&3<<(rmStates+2*i) | x>>2&1<<(sentPrepare+i)
		second |= x >> 3 & 1 << (tmPrepared + i)
	}
	state[0], state[1] = first, second
}

// Describe implements explore.Model.
func (m *TwoPhase) Describe(state []uint32) []string {
	s, t := state[0], state[1]
	var lines []string
	for i := range m.managers {
		lines = append(lines, fmt.Sprintf("r%d: %s", i+1, managerStates[s>>(rmStates+2*i)&3]))
	}
	lines = append(lines,
		"tm: "+coordinatorStates[t>>tmState&3],
		"tmPrepared: "+setOf("r", t>>tmPrepared&managersSet))
	var sent []string
	for i := range m.managers {
		if s>>(sentPrepare+i)&1 != 0 {
			sent = append(sent, fmt.Sprintf("Prepared(r%d)", i+1))
		}
	}
	if t>>sentCommit&1 != 0 {
		sent = append(sent, "Commit")
	}
	if t>>sentAbort&1 != 0 {
		sent = append(sent, "Abort")
	}
	return append(lines, "msgs: {"+strings.Join(sent, ", ")+"}")
}

// Explain implements explore.Model.
func (m *TwoPhase) Explain(label explore.Label) string {
	switch label.Kind() {
	case tmCommit, tmAbort:
		return twoPhaseKinds[label.Kind()]
	}
	return fmt.Sprintf("%s(r%d)", twoPhaseKinds[label.Kind()], label>>8+1)
}

// setOf names the members of a set of numbered things.
func setOf(prefix string, mask uint32) string {
	var names []string
	for i := 0; mask>>i != 0; i++ {
		if mask>>i&1 != 0 {
			names = append(names, fmt.Sprintf("%s%d", prefix, i+1))
		}
	}
	return "{" + strings.Join(names, ", ") + "}"
}
