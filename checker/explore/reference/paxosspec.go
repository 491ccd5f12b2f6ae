package reference

import (
	"fmt"
	"slices"
	"strings"

	"quorumlab/checker/explore"
)

// PaxosSpec is the TLA+ specification Paxos of the TLA+ examples (Lamport):
// acceptors, and the set of all messages ever sent.
//
// A state has a word an acceptor (what it promised and voted, and which of its
// messages are sent), and a word for the messages of leaders. An acceptor sends
// one 1b a ballot, and a ballot has one value, so that numbers say which.
type PaxosSpec struct {
	acceptors, values, ballots int
	quorums                    []uint32
	orders                     [][]int // of the values
}

const (
	specAcceptorsMax = 7
	specValuesMax    = 4
	specBallotsMax   = 4
)

// The fields of an acceptor's word. A vote is 1 + ballot × values + value, or 0;
// a 1b is 1 + the vote that it tells, or 0 if it is not sent.
const (
	pxPromised = 0 // 3 bits: 1 + maxBal
	pxVote     = 3 // 5 bits
	px1b       = 8 // 5 bits a ballot
	px2b       = 28
)

// The fields of the last word.
const (
	px1a = 0 // a bit a ballot
	px2a = 8 // 3 bits a ballot: 1 + value, or 0
)

const (
	pxPhase1a = iota
	pxPhase2a
	pxPhase1b
	pxPhase2b
)

var paxosSpecKinds = []string{pxPhase1a: "Phase1a", pxPhase2a: "Phase2a", pxPhase1b: "Phase1b", pxPhase2b: "Phase2b"}

func newPaxosSpec(p explore.Values) (explore.Model, error) {
	m := &PaxosSpec{acceptors: p.Number("acceptors"), values: p.Number("values"), ballots: p.Number("ballots")}
	m.quorums = quorums(m.acceptors, p["quorums"] == "minimal")
	m.orders = permutations(m.values)
	return m, nil
}

// Width implements explore.Model.
func (m *PaxosSpec) Width() int { return m.acceptors + 1 }

// Bytes implements explore.Model.
func (m *PaxosSpec) Bytes() uint64 { return 0 }

// Kinds implements explore.Model.
func (m *PaxosSpec) Kinds() []string { return paxosSpecKinds }

// Expander implements explore.Model.
func (m *PaxosSpec) Expander() explore.Expander { return m }

// Properties implements explore.Model.
func (m *PaxosSpec) Properties() []explore.Property {
	return []explore.Property{
		{Name: "agreement", Sentence: "At most one value is chosen, over all ballots."},
		{Name: "chosen", Sentence: "A value is chosen.", Expectation: explore.Sometimes},
	}
}

// Hits implements explore.Expander.
func (m *PaxosSpec) Hits(state []uint32) uint64 {
	leaders := state[m.acceptors]
	var chosen uint32
	for b := range m.ballots {
		value := leaders >> (px2a + 3*b) & 7
		if value == 0 {
			continue
		}
		voted := 0
		for _, a := range state[:m.acceptors] {
			voted += int(a >> (px2b + b) & 1)
		}
		if voted > m.acceptors/2 {
			chosen |= 1 << value
		}
	}
	switch {
	case chosen == 0:
		return 0
	case chosen&(chosen-1) == 0:
		return 2
	}
	return 3
}

// Initial implements explore.Expander.
func (m *PaxosSpec) Initial(b *explore.Batch) {
	clear(b.Next())
	b.Done(0)
}

// Expand implements explore.Expander. A step is generated as often as TLC
// generates it: once for each quorum, and each highest vote in it, that allows
// it.
func (m *PaxosSpec) Expand(state []uint32, b *explore.Batch) {
	for ballot := range m.ballots {
		m.expandLeader(state, ballot, b)
	}
	for a := range m.acceptors {
		m.expandAcceptor(state, a, b)
	}
}

// expandLeader adds the steps of whoever leads a ballot.
func (m *PaxosSpec) expandLeader(state []uint32, ballot int, b *explore.Batch) {
	leaders := state[m.acceptors]
	m.set(b, state, m.acceptors, leaders|1<<(px1a+ballot), pxPhase1a, ballot, 0)
	if leaders>>(px2a+3*ballot)&7 != 0 {
		return
	}
	for value := range m.values {
		for range m.ways(state, ballot, value) {
			m.set(b, state, m.acceptors, leaders|uint32(1+value)<<(px2a+3*ballot), pxPhase2a, ballot, value)
		}
	}
}

// expandAcceptor adds the steps of an acceptor.
func (m *PaxosSpec) expandAcceptor(state []uint32, a int, b *explore.Batch) {
	leaders, word := state[m.acceptors], state[a]
	promised := int(word >> pxPromised & 7)
	vote := word >> pxVote & 31
	for ballot := range m.ballots {
		if leaders>>(px1a+ballot)&1 != 0 && ballot >= promised {
			m.set(b, state, a, word&^(7<<pxPromised)|uint32(1+ballot)<<pxPromised|(1+vote)<<(px1b+5*ballot), pxPhase1b, a, ballot)
		}
	}
	for ballot := range m.ballots {
		value := leaders >> (px2a + 3*ballot) & 7
		if value != 0 && ballot >= promised-1 {
			m.set(b, state, a, word&^(7<<pxPromised|31<<pxVote)|uint32(1+ballot)<<pxPromised|
				m.vote(ballot, int(value)-1)<<pxVote|1<<(px2b+ballot), pxPhase2b, a, ballot)
		}
	}
}

// set adds the successor in which one word is another.
func (m *PaxosSpec) set(b *explore.Batch, state []uint32, at int, word uint32, kind, first, second int) {
	room := b.Next()
	copy(room, state)
	room[at] = word
	if b.Attributing() {
		m.owned(b, state, word, kind, first, second)
	}
	b.Done(step(kind, first|second<<8))
}

func (m *PaxosSpec) vote(ballot, value int) uint32 { return uint32(1 + ballot*m.values + value) }

// ways counts how a leader may propose a value: for each quorum that has
// promised the ballot, one if nobody in it has voted, else one for each of the
// highest votes that is for the value.
func (m *PaxosSpec) ways(state []uint32, ballot, value int) int {
	ways := 0
	for _, quorum := range m.quorums {
		highest, matching, complete := -1, 0, true
		for a, word := range state[:m.acceptors] {
			if quorum>>a&1 == 0 {
				continue
			}
			told := int(word>>(px1b+5*ballot)&31) - 2 // ballot × values + value, -1: no vote
			if told == -2 {
				complete = false
				break
			}
			of := -1
			if told >= 0 {
				of = told / m.values
			}
			if of > highest {
				highest, matching = of, 0
			}
			if of == highest && told >= 0 && told%m.values == value {
				matching++
			}
		}
		switch {
		case !complete:
		case highest < 0:
			ways++
		default:
			ways += matching
		}
	}
	return ways
}

// Canonical implements explore.Symmetric: acceptors and values can be
// interchanged. For each order of the values the acceptors are sorted.
func (m *PaxosSpec) Canonical(state []uint32) {
	var best, now [specAcceptorsMax + 1]uint32
	for i, order := range m.orders {
		m.renamed(now[:len(state)], state, order)
		slices.Sort(now[:m.acceptors])
		if i == 0 || slices.Compare(now[:len(state)], best[:len(state)]) < 0 {
			best = now
		}
	}
	copy(state, best[:])
}

// renamed writes a state in which value v is called order[v].
func (m *PaxosSpec) renamed(into, state []uint32, order []int) {
	rename := func(vote uint32) uint32 {
		if vote == 0 {
			return 0
		}
		return vote - (vote-1)%uint32(m.values) + uint32(order[(vote-1)%uint32(m.values)])
	}
	for a, word := range state[:m.acceptors] {
		next := word &^ (31 << pxVote)
		next |= rename(word>>pxVote&31) << pxVote
		for ballot := range m.ballots {
			shift := px1b + 5*ballot
			if told := word >> shift & 31; told > 1 {
				next = next&^(31<<shift) | (1+rename(told-1))<<shift
			}
		}
		into[a] = next
	}
	leaders := state[m.acceptors]
	for ballot := range m.ballots {
		shift := px2a + 3*ballot
		if value := leaders >> shift & 7; value != 0 {
			leaders = leaders&^(7<<shift) | uint32(1+order[value-1])<<shift
		}
	}
	into[m.acceptors] = leaders
}

func (m *PaxosSpec) voteName(vote uint32) string {
	if vote == 0 {
		return "none"
	}
	return fmt.Sprintf("v%d at %d", (vote-1)%uint32(m.values)+1, (vote-1)/uint32(m.values))
}

// Describe implements explore.Model.
func (m *PaxosSpec) Describe(state []uint32) []string {
	var lines []string
	for a, word := range state[:m.acceptors] {
		var sent []string
		for ballot := range m.ballots {
			if told := word >> (px1b + 5*ballot) & 31; told != 0 {
				sent = append(sent, fmt.Sprintf("1b(%d, %s)", ballot, m.voteName(told-1)))
			}
			if word>>(px2b+ballot)&1 != 0 {
				sent = append(sent, fmt.Sprintf("2b(%d)", ballot))
			}
		}
		lines = append(lines, fmt.Sprintf("a%d: promised %d, voted %s, sent {%s}",
			a+1, int(word>>pxPromised&7)-1, m.voteName(word>>pxVote&31), strings.Join(sent, ", ")))
	}
	for ballot := range m.ballots {
		var sent []string
		if state[m.acceptors]>>(px1a+ballot)&1 != 0 {
			sent = append(sent, "1a")
		}
		if value := state[m.acceptors] >> (px2a + 3*ballot) & 7; value != 0 {
			sent = append(sent, fmt.Sprintf("2a(v%d)", value))
		}
		lines = append(lines, fmt.Sprintf("leader of ballot %d: sent {%s}", ballot, strings.Join(sent, ", ")))
	}
	return lines
}

// Explain implements explore.Model.
func (m *PaxosSpec) Explain(label explore.Label) string {
	first, second := label>>8&0xff, label>>16
	switch label.Kind() {
	case pxPhase1a:
		return fmt.Sprintf("Phase1a(%d)", first)
	case pxPhase2a:
		return fmt.Sprintf("Phase2a(%d, v%d)", first, second+1)
	}
	return fmt.Sprintf("%s(a%d), ballot %d", paxosSpecKinds[label.Kind()], first+1, second)
}
