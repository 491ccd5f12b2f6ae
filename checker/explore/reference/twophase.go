package reference

import (
	"fmt"
	"slices"
	"strings"

	"quorumlab/checker/explore"
)

// The states of a resource manager.
const (
	working = iota
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
// A state is two words. Bit i of a mask belongs to resource manager i. The
// first word has a byte a state that a resource manager can be in besides
// working, and the set of those whose Prepared is sent; the second has the
// transaction manager's set of those prepared, its own state, and the messages
// Commit and Abort.
type TwoPhase struct{ managers int }

const managersMax = 8

// The parts of the two words.
const (
	isPrepared  = 0  // shifts of the first word
	isCommitted = 8  //
	isAborted   = 16 //
	sentPrepare = 24 //
	tmPrepared  = 0  // and of the second
	tmState     = 8  // 2 bits
	sentCommit  = 10 // 1 bit
	sentAbort   = 11 // 1 bit
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

func newTwoPhase(p parameters) (explore.Model, error) {
	return &TwoPhase{managers: p.number("rms")}, nil
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
	all := uint32(1)<<m.managers - 1
	commits, aborts := state[0]>>isCommitted&0xff, state[0]>>isAborted&0xff
	var hits uint64
	if commits != 0 && aborts != 0 {
		hits |= 1
	}
	if commits == all {
		hits |= 2
	}
	if aborts == all {
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

func put(b *explore.Batch, first, second uint32, label explore.Label) {
	room := b.Next()
	room[0], room[1] = first, second
	b.Done(label)
}

// Expand implements explore.Expander.
func (m *TwoPhase) Expand(state []uint32, b *explore.Batch) {
	s, t := state[0], state[1]
	all := uint32(1)<<m.managers - 1
	undecided := t>>tmState&3 == 0
	if undecided && t>>tmPrepared&0xff == all {
		put(b, s, t|1<<tmState|1<<sentCommit, step(tmCommit, 0))
	}
	if undecided {
		put(b, s, t|2<<tmState|1<<sentAbort, step(tmAbort, 0))
	}
	for i := range m.managers {
		bit := uint32(1) << i
		if undecided && s&(bit<<sentPrepare) != 0 {
			put(b, s, t|bit<<tmPrepared, step(tmRcvPrepared, i))
		}
		others := s &^ (bit<<isPrepared | bit<<isCommitted | bit<<isAborted)
		if s&(bit<<isPrepared|bit<<isCommitted|bit<<isAborted) == 0 {
			put(b, s|bit<<isPrepared|bit<<sentPrepare, t, step(rmPrepare, i))
			put(b, s|bit<<isAborted, t, step(rmChooseToAbort, i))
		}
		if t&(1<<sentCommit) != 0 {
			put(b, others|bit<<isCommitted, t, step(rmRcvCommit, i))
		}
		if t&(1<<sentAbort) != 0 {
			put(b, others|bit<<isAborted, t, step(rmRcvAbort, i))
		}
	}
}

// Canonical implements explore.Symmetric: resource managers can be
// interchanged. What belongs to one is five bits; they are sorted.
func (m *TwoPhase) Canonical(state []uint32) {
	var of [managersMax]uint32
	for i := range m.managers {
		s, t := state[0]>>i, state[1]>>i
		of[i] = s>>isPrepared&1 | s>>isCommitted&1<<1 | s>>isAborted&1<<2 | s>>sentPrepare&1<<3 | t>>tmPrepared&1<<4
	}
	slices.Sort(of[:m.managers])
	first, second := uint32(0), state[1]&^0xff
	for i, x := range of[:m.managers] {
		first |= (x&1<<isPrepared | x>>1&1<<isCommitted | x>>2&1<<isAborted | x>>3&1<<sentPrepare) << i
		second |= x >> 4 & 1 << i
	}
	state[0], state[1] = first, second
}

// Describe implements explore.Model.
func (m *TwoPhase) Describe(state []uint32) []string {
	s, t := state[0], state[1]
	var lines []string
	for i := range m.managers {
		now := working
		switch {
		case s>>isPrepared>>i&1 != 0:
			now = prepared
		case s>>isCommitted>>i&1 != 0:
			now = committed
		case s>>isAborted>>i&1 != 0:
			now = aborted
		}
		lines = append(lines, fmt.Sprintf("r%d: %s", i+1, managerStates[now]))
	}
	lines = append(lines,
		"tm: "+coordinatorStates[t>>tmState&3],
		"tmPrepared: "+setOf("r", t>>tmPrepared&0xff))
	var sent []string
	for i := range m.managers {
		if s>>sentPrepare>>i&1 != 0 {
			sent = append(sent, fmt.Sprintf("Prepared(r%d)", i+1))
		}
	}
	if t&(1<<sentCommit) != 0 {
		sent = append(sent, "Commit")
	}
	if t&(1<<sentAbort) != 0 {
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
