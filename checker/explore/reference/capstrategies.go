package reference

import (
	"fmt"
	"strings"

	"quorumlab/checker/explore"
)

// CapStrategies enumerates all that two nodes could do in the figures of the CAP
// proof (Gilbert and Lynch, 2002, as retold by Browne, 2009): N1 is asked to
// write V1, N2 to read; the message M tells N2 of the write, an acknowledgement
// tells N1 that it did. A strategy says, for every sequence of events that a node
// can have seen while a request is open, whether it answers, and what, or waits.
//
// A state is a strategy, and every one is an initial state: there are no steps.
// Whether it is linearizable is told from every run in which it is followed,
// whatever is delivered and in whatever order; whether it is available, from
// those in which the link is cut, from the beginning or after M.
type CapStrategies struct{}

// What a node decides. Answers of N2 are the value that it returns.
const (
	answerOld = iota
	answerNew // N1: it is done
	wait
)

// capSituation is what a node has seen when it decides, and what it may decide
// then. Nobody can return V1 who has not heard of it.
type capSituation struct {
	words   string
	answers []int
}

// The situations, as positions in a strategy.
const (
	capWrite = iota // N1 is asked
	capAcked        // and has the acknowledgement
	capRead         // N2 is asked, and has not heard of the write
	capKnown        // N2 had heard of the write when it was asked
	capHeard        // N2 hears of it while it waits
	capSituations
)

var capTable = [capSituations]capSituation{
	capWrite: {"N1 is asked to write", []int{answerNew, wait}},
	capAcked: {"N1 learns that N2 has V1", []int{answerNew, wait}},
	capRead:  {"N2 is asked to read, without M", []int{answerOld, wait}},
	capKnown: {"N2 is asked to read, after M", []int{answerOld, answerNew, wait}},
	capHeard: {"N2 gets M while a read waits", []int{answerOld, answerNew, wait}},
}

func newCapStrategies(explore.Values) (explore.Model, error) { return CapStrategies{}, nil }

// Width implements explore.Model.
func (CapStrategies) Width() int { return capSituations }

// Bytes implements explore.Model.
func (CapStrategies) Bytes() uint64 { return 0 }

// Kinds implements explore.Model.
func (CapStrategies) Kinds() []string { return []string{"strategy"} }

// Expander implements explore.Model.
func (m CapStrategies) Expander() explore.Expander { return m }

// Properties implements explore.Model.
func (CapStrategies) Properties() []explore.Property {
	return []explore.Property{
		{Name: "cap", Sentence: "No strategy is linearizable, and available while the link is cut."},
		{Name: "linearizable", Sentence: "A strategy is linearizable.", Expectation: explore.Sometimes},
		{Name: "available", Sentence: "A strategy is available while the link is cut.", Expectation: explore.Sometimes},
	}
}

// Initial implements explore.Expander.
func (m CapStrategies) Initial(b *explore.Batch) { m.choose(b, nil) }

// choose adds every strategy that begins with some decisions.
func (m CapStrategies) choose(b *explore.Batch, decided []uint32) {
	if len(decided) == capSituations {
		copy(b.Next(), decided)
		b.Done(0)
		return
	}
	for _, answer := range capTable[len(decided)].answers {
		m.choose(b, append(decided, uint32(answer)))
	}
}

// Expand implements explore.Expander.
func (CapStrategies) Expand([]uint32, *explore.Batch) {}

// capRun is a run in which a strategy is followed.
type capRun struct {
	written, told, acked, asked bool // what has happened
	// writeDone, and before: it was when the read began.
	writeDone, before bool
	read              int // what the read returned; wait: nothing yet
}

// Hits implements explore.Expander.
func (m CapStrategies) Hits(strategy []uint32) uint64 {
	linearizable, available := m.follow(strategy, capRun{read: wait})
	var hits uint64
	if linearizable && available {
		hits |= 1
	}
	if linearizable {
		hits |= 2
	}
	if available {
		hits |= 4
	}
	return hits
}

// follow goes on with a run in every way, and reports whether all of them are
// linearizable, and whether in all of them that end in a cut both requests are
// answered.
func (m CapStrategies) follow(strategy []uint32, r capRun) (linearizable, available bool) {
	linearizable = r.read != answerOld || !r.before
	available = !r.written || !r.asked || r.acked || r.writeDone && r.read != wait
	step := func(next capRun) {
		l, a := m.follow(strategy, next)
		linearizable, available = linearizable && l, available && a
	}
	if !r.written {
		next := r
		next.written, next.writeDone = true, strategy[capWrite] == answerNew
		step(next)
	}
	if r.written && !r.told {
		next := r
		next.told = true
		if r.asked && r.read == wait {
			next.read = int(strategy[capHeard])
		}
		step(next)
	}
	if r.told && !r.acked {
		next := r
		next.acked, next.writeDone = true, r.writeDone || strategy[capAcked] == answerNew
		step(next)
	}
	if !r.asked {
		next := r
		next.asked, next.before, next.read = true, r.writeDone, int(strategy[capRead])
		if r.told {
			next.read = int(strategy[capKnown])
		}
		step(next)
	}
	return linearizable, available
}

// Describe implements explore.Model.
func (m CapStrategies) Describe(strategy []uint32) []string {
	var lines []string
	for i, decision := range strategy {
		words := [...]string{answerOld: "answers V0", answerNew: "answers V1", wait: "waits"}[decision]
		if i <= capAcked && decision == answerNew {
			words = "answers: done"
		}
		who, _, _ := strings.Cut(capTable[i].words, " ")
		lines = append(lines, fmt.Sprintf("if %s: %s %s", capTable[i].words, who, words))
	}
	return lines
}

// Explain implements explore.Model.
func (CapStrategies) Explain(explore.Label) string { return "strategy" }
