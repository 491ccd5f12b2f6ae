package measure

import (
	"cmp"
	"slices"

	"quorumlab/checker/linear"
)

// Operation is one operation that a client was to do.
type Operation struct {
	linear.Operation
	// Intended is when it was to start; where that is not known, its Invoke.
	Intended int64
	// Begun is false if the history ended before its client came to it. Only
	// Intended, Side, Kind and the like say something then.
	Begun bool
}

// answered tells whether it was answered within a deadline of its intended start.
func (o *Operation) answered(deadline int64) bool {
	return o.Begun && o.Outcome == linear.OK && o.Return-o.Intended <= deadline
}

// unsettled tells whether the history ends too early to say that it was not
// answered in time.
func (o *Operation) unsettled(deadline, end int64) bool {
	return end-o.Intended < deadline && (!o.Begun || o.Outcome != linear.OK)
}

// Of returns the operations of a history, by intended start. intended may lack
// operations, or be nil.
func Of(history linear.History, intended map[int]int64) []Operation {
	ops := make([]Operation, 0, len(history))
	for _, op := range history {
		at, known := intended[op.ID]
		if !known {
			at = op.Invoke
		}
		ops = append(ops, Operation{Operation: op, Intended: at, Begun: true})
	}
	ByIntention(ops)
	return ops
}

// ByIntention sorts operations by their intended start.
func ByIntention(ops []Operation) {
	slices.SortStableFunc(ops, func(a, b Operation) int {
		return cmp.Or(cmp.Compare(a.Intended, b.Intended), cmp.Compare(a.ID, b.ID))
	})
}

// Window is a part of a run's time, both ends included.
type Window struct{ From, To int64 }

// Contains tells whether an instant lies in the window.
func (w Window) Contains(at int64) bool { return at >= w.From && at <= w.To }

// Seconds returns how long the window is.
func (w Window) Seconds() float64 { return float64(w.To-w.From) / 1e9 }
