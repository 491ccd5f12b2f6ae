package reference

import (
	"fmt"
	"math/bits"
	"slices"
	"strings"

	"quorumlab/checker/explore"
)

// PaxosCommit is the TLA+ specification PaxosCommit of the transaction_commit
// examples (Gray and Lamport): an instance of Paxos a resource manager, on
// common acceptors.
//
// A state has a word for each resource manager and acceptor (column acceptor,
// row resource manager), then one a resource manager, then one for the
// decision.
type PaxosCommit struct {
	managers, acceptors, ballots int
	quorums                      []uint32
	orders                       [][]int // of the resource managers
}

const (
	pcManagersMax  = 4
	pcAcceptorsMax = 5
)

// The fields of an acceptor's word for an instance. A vote is 1 + 2 × ballot +
// value, or 0; a 1b is 1 + the vote that it tells, or 0 if it is not sent.
const (
	pcPromised = 0  // 3 bits: mbal
	pcVote     = 3  // 4 bits
	pc1b       = 7  // 4 bits a ballot, of which the first is never used
	pc2b       = 23 // a bit a ballot
)

// The fields of a resource manager's word.
const (
	pcState = 0 // 2 bits
	pc1a    = 2 // a bit a ballot
	pc2a    = 8 // 2 bits a ballot: 1 + value, or 0
)

// The values, and the bits of the last word.
const (
	pcPrepared = 0
	pcAborted  = 1
	pcCommit   = 1
	pcAbort    = 2
)

const (
	pcRMPrepare = iota
	pcRMChooseToAbort
	pcRMRcvCommit
	pcRMRcvAbort
	pcPhase1a
	pcPhase2a
	pcDecideCommit
	pcDecideAbort
	pcPhase1b
	pcPhase2b
)

var paxosCommitKinds = []string{
	pcRMPrepare: "RMPrepare", pcRMChooseToAbort: "RMChooseToAbort", pcRMRcvCommit: "RMRcvCommitMsg",
	pcRMRcvAbort: "RMRcvAbortMsg", pcPhase1a: "Phase1a", pcPhase2a: "Phase2a",
	pcDecideCommit: "Decide (commit)", pcDecideAbort: "Decide (abort)", pcPhase1b: "Phase1b", pcPhase2b: "Phase2b",
}

func newPaxosCommit(p explore.Values) (explore.Model, error) {
	m := &PaxosCommit{managers: p.Number("rms"), acceptors: p.Number("acceptors"), ballots: p.Number("ballots")}
	m.quorums = quorums(m.acceptors, p["quorums"] == "minimal")
	m.orders = permutations(m.managers)
	return m, nil
}

// Width implements explore.Model.
func (m *PaxosCommit) Width() int { return m.managers*m.acceptors + m.managers + 1 }

// Bytes implements explore.Model.
func (m *PaxosCommit) Bytes() uint64 { return 0 }

// Kinds implements explore.Model.
func (m *PaxosCommit) Kinds() []string { return paxosCommitKinds }

// Expander implements explore.Model.
func (m *PaxosCommit) Expander() explore.Expander { return m }

// Properties implements explore.Model.
func (m *PaxosCommit) Properties() []explore.Property { return (&TwoPhase{}).Properties() }

func (m *PaxosCommit) cell(manager, acceptor int) int { return acceptor*m.managers + manager }

func (m *PaxosCommit) manager(i int) int { return m.managers*m.acceptors + i }

func (m *PaxosCommit) decision() int { return m.managers*m.acceptors + m.managers }

// Hits implements explore.Expander.
func (m *PaxosCommit) Hits(state []uint32) uint64 {
	var of [4]int
	for i := range m.managers {
		of[state[m.manager(i)]>>pcState&3]++
	}
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
func (m *PaxosCommit) Initial(b *explore.Batch) {
	clear(b.Next())
	b.Done(0)
}

// set adds the successor in which one word is another.
func (m *PaxosCommit) set(b *explore.Batch, state []uint32, at int, word uint32, label explore.Label) {
	room := b.Next()
	copy(room, state)
	room[at] = word
	if b.Attributing() {
		m.owned(b, state, room, label)
	}
	b.Done(label)
}

// Expand implements explore.Expander. A step is generated as often as TLC
// generates it: once for each choice of ballots and quorums that allows it.
func (m *PaxosCommit) Expand(state []uint32, b *explore.Batch) {
	for i := range m.managers {
		m.expandManager(state, b, i)
		for ballot := 1; ballot < m.ballots; ballot++ {
			m.expandLeader(state, b, i, ballot)
		}
	}
	m.decide(state, b)
	for acceptor := range m.acceptors {
		for i := range m.managers {
			m.accept(state, b, i, acceptor)
		}
	}
}

// expandManager adds the steps of a resource manager.
func (m *PaxosCommit) expandManager(state []uint32, b *explore.Batch, i int) {
	at, decision := m.manager(i), state[m.decision()]
	word := state[at]
	if word>>pcState&3 == working {
		m.set(b, state, at, word|prepared<<pcState|(1+pcPrepared)<<pc2a, step(pcRMPrepare, i))
		m.set(b, state, at, word|aborted<<pcState|(1+pcAborted)<<pc2a, step(pcRMChooseToAbort, i))
	}
	if decision&pcCommit != 0 {
		m.set(b, state, at, word&^(3<<pcState)|committed<<pcState, step(pcRMRcvCommit, i))
	}
	if decision&pcAbort != 0 {
		m.set(b, state, at, word&^(3<<pcState)|aborted<<pcState, step(pcRMRcvAbort, i))
	}
}

// expandLeader adds the steps of whoever leads a ballot of an instance: Phase1a and,
// once for each quorum that has promised, Phase2a.
func (m *PaxosCommit) expandLeader(state []uint32, b *explore.Batch, i, ballot int) {
	at := m.manager(i)
	m.set(b, state, at, state[at]|1<<(pc1a+ballot), step(pcPhase1a, i|ballot<<8))
	if state[at]>>(pc2a+2*ballot)&3 != 0 {
		return
	}
	for _, quorum := range m.quorums {
		var highest uint32
		complete := true
		for acceptor := range m.acceptors {
			if quorum>>acceptor&1 != 0 {
				told := state[m.cell(i, acceptor)] >> (pc1b + 4*ballot) & 15
				complete = complete && told != 0
				highest = max(highest, told)
			}
		}
		if !complete {
			continue
		}
		value := uint32(pcAborted)
		if highest > 1 {
			value = (highest - 2) & 1
		}
		m.set(b, state, at, state[at]|(1+value)<<(pc2a+2*ballot), step(pcPhase2a, i|ballot<<8|int(value)<<16))
	}
}

// decide adds the announcement of a decision: a commit once for each choice, of
// every resource manager, of a ballot and a quorum that chose prepared in it,
// an abort once for each ballot and quorum that chose aborted.
func (m *PaxosCommit) decide(state []uint32, b *explore.Batch) {
	commits, aborts := 1, 0
	for i := range m.managers {
		var chosen [2]int
		for ballot := range m.ballots {
			value := state[m.manager(i)] >> (pc2a + 2*ballot) & 3
			if value == 0 {
				continue
			}
			voted := m.voted(state, i, ballot)
			if bits.OnesCount32(voted) <= m.acceptors/2 {
				continue
			}
			for _, quorum := range m.quorums {
				if quorum&^voted == 0 {
					chosen[value-1]++
				}
			}
		}
		commits *= chosen[pcPrepared]
		aborts += chosen[pcAborted]
	}
	at := m.decision()
	for range commits {
		m.set(b, state, at, state[at]|pcCommit, step(pcDecideCommit, 0))
	}
	for range aborts {
		m.set(b, state, at, state[at]|pcAbort, step(pcDecideAbort, 0))
	}
}

// voted returns the acceptors that have voted in a ballot of an instance.
func (m *PaxosCommit) voted(state []uint32, i, ballot int) uint32 {
	var voted uint32
	for acceptor := range m.acceptors {
		voted |= state[m.cell(i, acceptor)] >> (pc2b + ballot) & 1 << acceptor
	}
	return voted
}

// accept adds what an acceptor may do in an instance.
func (m *PaxosCommit) accept(state []uint32, b *explore.Batch, i, acceptor int) {
	at, leaders := m.cell(i, acceptor), state[m.manager(i)]
	word := state[at]
	promised, vote := int(word>>pcPromised&7), word>>pcVote&15
	for ballot := 1; ballot < m.ballots; ballot++ {
		if leaders>>(pc1a+ballot)&1 != 0 && promised < ballot {
			m.set(b, state, at, word&^(7<<pcPromised)|uint32(ballot)<<pcPromised|(1+vote)<<(pc1b+4*ballot),
				step(pcPhase1b, i|acceptor<<8|ballot<<16))
		}
	}
	for ballot := range m.ballots {
		if value := leaders >> (pc2a + 2*ballot) & 3; value != 0 && promised <= ballot {
			m.set(b, state, at, word&^(7<<pcPromised|15<<pcVote)|uint32(ballot)<<pcPromised|
				(uint32(2*ballot)+value)<<pcVote|1<<(pc2b+ballot), step(pcPhase2b, i|acceptor<<8|ballot<<16))
		}
	}
}

// Canonical implements explore.Symmetric: resource managers and acceptors can
// be interchanged. For each order of the resource managers the columns of the
// acceptors are sorted.
func (m *PaxosCommit) Canonical(state []uint32) {
	const widthMax = pcManagersMax*pcAcceptorsMax + pcManagersMax + 1
	var best, now [widthMax]uint32
	columns := make([][]uint32, m.acceptors)
	for k, order := range m.orders {
		for acceptor := range columns {
			for i, from := range order {
				now[m.cell(i, acceptor)] = state[m.cell(from, acceptor)]
			}
		}
		for i, from := range order {
			now[m.manager(i)] = state[m.manager(from)]
		}
		now[m.decision()] = state[m.decision()]
		sorted := now
		for acceptor := range columns {
			columns[acceptor] = now[m.cell(0, acceptor) : m.cell(0, acceptor)+m.managers]
		}
		slices.SortFunc(columns, slices.Compare[[]uint32])
		for acceptor, column := range columns {
			copy(sorted[m.cell(0, acceptor):], column)
		}
		if k == 0 || slices.Compare(sorted[:len(state)], best[:len(state)]) < 0 {
			best = sorted
		}
	}
	copy(state, best[:])
}

var pcValues = [...]string{pcPrepared: "prepared", pcAborted: "aborted"}

func pcVoteName(vote uint32) string {
	if vote == 0 {
		return "none"
	}
	return fmt.Sprintf("%s at %d", pcValues[(vote-1)&1], (vote-1)/2)
}

// Describe implements explore.Model.
func (m *PaxosCommit) Describe(state []uint32) []string {
	var lines []string
	for i := range m.managers {
		word := state[m.manager(i)]
		lines = append(lines, fmt.Sprintf("r%d: %s", i+1, managerStates[word>>pcState&3]))
		for ballot := range m.ballots {
			var sent []string
			if word>>(pc1a+ballot)&1 != 0 {
				sent = append(sent, "1a")
			}
			if value := word >> (pc2a + 2*ballot) & 3; value != 0 {
				sent = append(sent, fmt.Sprintf("2a(%s)", pcValues[value-1]))
			}
			lines = append(lines, fmt.Sprintf("ballot %d for r%d: sent {%s}", ballot, i+1, strings.Join(sent, ", ")))
		}
		for acceptor := range m.acceptors {
			lines = append(lines, m.describeCell(state, i, acceptor))
		}
	}
	decided := [...]string{"none", "commit", "abort", "commit and abort"}[state[m.decision()]]
	return append(lines, "decision: "+decided)
}

func (m *PaxosCommit) describeCell(state []uint32, i, acceptor int) string {
	word := state[m.cell(i, acceptor)]
	var sent []string
	for ballot := range m.ballots {
		if told := word >> (pc1b + 4*ballot) & 15; told != 0 {
			sent = append(sent, fmt.Sprintf("1b(%d, %s)", ballot, pcVoteName(told-1)))
		}
		if word>>(pc2b+ballot)&1 != 0 {
			sent = append(sent, fmt.Sprintf("2b(%d)", ballot))
		}
	}
	return fmt.Sprintf("a%d for r%d: promised %d, voted %s, sent {%s}",
		acceptor+1, i+1, word>>pcPromised&7, pcVoteName(word>>pcVote&15), strings.Join(sent, ", "))
}

// Explain implements explore.Model.
func (m *PaxosCommit) Explain(label explore.Label) string {
	first, second, third := label>>8&0xff, label>>16&0xff, label>>24
	name := paxosCommitKinds[label.Kind()]
	switch label.Kind() {
	case pcDecideCommit, pcDecideAbort:
		return name
	case pcPhase1a:
		return fmt.Sprintf("%s(%d, r%d)", name, second, first+1)
	case pcPhase2a: // quorums that know different things propose different values
		return fmt.Sprintf("%s(%d, r%d): %s", name, second, first+1, pcValues[third])
	case pcPhase1b, pcPhase2b:
		return fmt.Sprintf("%s(a%d) for r%d, ballot %d", name, second+1, first+1, third)
	}
	return fmt.Sprintf("%s(r%d)", name, first+1)
}
