package scenarios

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"quorumlab/checker/linear"
	"quorumlab/scenarios/language"
)

// figures compares availability, waiting times and what must happen with what
// is expected.
func (j *judgement) figures() {
	for _, e := range j.x.run.Expect.Availability {
		j.whole(AvailableAs, sideInWords(e.Side, e.Kind), func() (Judgement, string) { return j.available(e) })
	}
	for _, e := range j.x.run.Expect.Waits {
		j.whole(WaitsAs, sideInWords(e.Side, e.Kind), func() (Judgement, string) { return j.waits(e) })
	}
	for _, e := range j.x.run.Expect.InDoubt {
		j.whole(InDoubtAs, string(e.Figure), func() (Judgement, string) { return j.inDoubt(e) })
	}
	j.result.Reached = map[string]int64{}
	names := phrases(j.x.run)
	for i, c := range j.x.run.Sometimes {
		if n, _ := j.x.count(c); !c.Count.Met(0) {
			j.result.Reached[names[i]] = n
		}
	}
	for i, c := range j.x.run.Expect.Happens {
		phrase := names[i]
		n, known := j.x.count(c)
		if !c.Count.Met(0) { // else its not happening is what is wanted
			j.result.Reached[phrase] = n
		}
		j.whole(Happens, phrase, func() (Judgement, string) {
			if !known {
				return Unknown, phrase + ": no node runs at the end"
			}
			return met(c.Count, n, fmt.Sprintf("%s: %s, expected %s", phrase, times(n), boundInWords(c.Count, "")))
		})
	}
}

// phrases returns what the conditions of a run are called, each differently:
// those that are expected to happen or, in a swarm, that may.
func phrases(run *language.Run) []string {
	var names []string
	for _, c := range slices.Concat(run.Expect.Happens, run.Sometimes) {
		phrase := cmp.Or(c.Phrase, conditionInWords(c, run))
		unique := phrase
		for n := 2; slices.Contains(names, unique); n++ {
			unique = fmt.Sprintf("%s (%d)", phrase, n)
		}
		names = append(names, unique)
	}
	return names
}

// met judges a measured number.
func met(bound language.Bound, measured int64, words string) (Judgement, string) {
	if bound.Met(measured) {
		return Holds, words
	}
	return Violated, words
}

func (j *judgement) available(e language.AvailabilityExpectation) (Judgement, string) {
	answered, invoked := 0, 0
	for _, a := range j.result.Availability {
		if a.Side == e.Side && (e.Kind == "" || e.Kind == a.Kind) {
			answered, invoked = answered+a.Answered, invoked+a.Invoked
		}
	}
	if invoked == 0 {
		return Unknown, fmt.Sprintf("side %s: no %s began while faults lasted", e.Side, cmp.Or(e.Kind, "operation"))
	}
	share := int64(answered) * language.Whole / int64(invoked)
	return met(e.Bound, share, fmt.Sprintf("side %s: %d of %d %s answered (%s), expected %s",
		e.Side, answered, invoked, e.Kind.Plural(), percent(share), boundInWords(e.Bound, "%")))
}

func (j *judgement) waits(e language.WaitExpectation) (Judgement, string) {
	longest, found := time.Duration(0), false
	for i := range j.result.History {
		op := &j.result.History[i]
		if op.Outcome == linear.OK && (e.Side == "" || e.Side == op.Side) && (e.Kind == "" || e.Kind == kindOf(op)) {
			longest, found = max(longest, time.Duration(op.Return-op.Invoke)), true
		}
	}
	where := sideInWords(e.Side, e.Kind)
	if !found {
		return Unknown, where + ": none was answered"
	}
	return met(e.Bound, int64(longest), fmt.Sprintf("%s: the longest wait was %v, expected %s",
		where, longest, boundInWords(e.Bound, "ns")))
}

// availability counts what was answered, by side and kind.
func (x *execution) availability() []Availability {
	var figures []Availability
	from, to, faulty := x.phases.faults()
	for i := range x.clients.history {
		op := &x.clients.history[i]
		invoke := time.Duration(op.Invoke)
		answered := op.Outcome == linear.OK && time.Duration(op.Return)-invoke <= x.run.Deadline
		open := op.Return == linear.Never && x.sim.World.Now-invoke < x.run.Deadline
		if faulty && (invoke < from || invoke > to) || open {
			continue
		}
		kind := kindOf(op)
		at := slices.IndexFunc(figures, func(a Availability) bool { return a.Side == op.Side && a.Kind == kind })
		if at < 0 {
			at = len(figures)
			figures = append(figures, Availability{Run: x.run.Name, Side: op.Side, Kind: kind})
		}
		figures[at].Invoked++
		if answered {
			figures[at].Answered++
		}
	}
	slices.SortFunc(figures, func(a, b Availability) int {
		return cmp.Or(cmp.Compare(a.Side, b.Side), cmp.Compare(a.Kind, b.Kind))
	})
	return figures
}
