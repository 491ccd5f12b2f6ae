package measure

import (
	"cmp"
	"slices"
	"time"

	"quorumlab/checker/linear"
)

// Share is how many of how many.
type Share struct {
	Answered int `json:"answered"`
	Of       int `json:"of"`
}

// Add adds another share.
func (s *Share) Add(other Share) {
	s.Answered += other.Answered
	s.Of += other.Of
}

// Ratio returns it as a number from 0 to 1; ok is false if it is of nothing.
func (s Share) Ratio() (ratio float64, ok bool) {
	if s.Of == 0 {
		return 0, false
	}
	return float64(s.Answered) / float64(s.Of), true
}

// All tells whether it is of something, and all of it.
func (s Share) All() bool { return s.Of > 0 && s.Answered == s.Of }

// SideShare is what was answered of one kind of operation on one side.
type SideShare struct {
	Side string
	Kind linear.Kind
	Share
}

// Availability returns, by side and kind, how many operations were answered ok
// within the deadline, of those that were to start in the window. What the end
// left no time to answer is not counted.
func Availability(ops []Operation, during Window, deadline, end int64) []SideShare {
	var shares []SideShare
	for i := range ops {
		op := &ops[i]
		if !during.Contains(op.Intended) || op.unsettled(deadline, end) {
			continue
		}
		at := slices.IndexFunc(shares, func(s SideShare) bool { return s.Side == op.Side && s.Kind == op.Kind })
		if at < 0 {
			at = len(shares)
			shares = append(shares, SideShare{Side: op.Side, Kind: op.Kind})
		}
		shares[at].Of++
		if op.answered(deadline) {
			shares[at].Answered++
		}
	}
	slices.SortFunc(shares, func(a, b SideShare) int {
		return cmp.Or(cmp.Compare(a.Side, b.Side), cmp.Compare(a.Kind, b.Kind))
	})
	return shares
}

// GilbertLynch returns the share of requests that ever got an answer which is no
// error, of those that reached a node in the window which did not crash on them:
// the availability of the CAP theorem (Gilbert and Lynch, 2002). Requests that
// came less than patience before the end and have no answer are not counted.
func GilbertLynch(requests []Request, during Window, patience, end int64) Share {
	var share Share
	for _, r := range requests {
		late := end-r.At < patience && !r.Answered
		if !during.Contains(r.At) || r.Crashed || late {
			continue
		}
		share.Of++
		if r.Answered {
			share.Answered++
		}
	}
	return share
}

// Goodput returns how many operations a second returned ok in the window; ok is
// false if the window is empty.
func Goodput(ops []Operation, during Window) (perSecond float64, ok bool) {
	if during.To <= during.From {
		return 0, false
	}
	answered := 0
	for i := range ops {
		if ops[i].Begun && ops[i].Outcome == linear.OK && during.Contains(ops[i].Return) {
			answered++
		}
	}
	return float64(answered) / during.Seconds(), true
}

// ErrorCount is how often operations ended in one kind of error.
type ErrorCount struct {
	Error string `json:"error"`
	// Fail surely did not happen; of Info nobody knows.
	Fail int `json:"fail"`
	Info int `json:"info"`
}

// Errors counts what did not end ok, of what was invoked in the window, by kind
// of error: the most frequent first.
func Errors(ops []Operation, during Window) []ErrorCount {
	var counts []ErrorCount
	for i := range ops {
		op := &ops[i]
		if !op.Begun || op.Outcome == linear.OK || !during.Contains(op.Invoke) {
			continue
		}
		name := cmp.Or(op.Error, "unknown")
		at := slices.IndexFunc(counts, func(c ErrorCount) bool { return c.Error == name })
		if at < 0 {
			at = len(counts)
			counts = append(counts, ErrorCount{Error: name})
		}
		if op.Outcome == linear.Fail {
			counts[at].Fail++
		} else {
			counts[at].Info++
		}
	}
	SortErrors(counts)
	return counts
}

// SortErrors puts the most frequent first.
func SortErrors(counts []ErrorCount) {
	slices.SortFunc(counts, func(a, b ErrorCount) int {
		return cmp.Or(cmp.Compare(b.Fail+b.Info, a.Fail+a.Info), cmp.Compare(a.Error, b.Error))
	})
}

// Failover returns how long after the fault began an operation returned ok that
// was invoked after that, of those that counts picks; ok is false if none did
// while the fault lasted.
func Failover(ops []Operation, fault Window, counts func(*Operation) bool) (after int64, ok bool) {
	for i := range ops {
		op := &ops[i]
		if !op.Begun || op.Outcome != linear.OK || op.Invoke < fault.From || !fault.Contains(op.Return) || !counts(op) {
			continue
		}
		if took := op.Return - fault.From; !ok || took < after {
			after, ok = took, true
		}
	}
	return after, ok
}

// The windows over which the rate of answers is taken for Recovery.
const (
	rateOver  = int64(2 * time.Second)
	rateEvery = int64(100 * time.Millisecond)
)

// Recovery returns how long after the end of the fault the share of operations
// that are answered within the deadline is, and stays until the work ends, at 95 %
// of what it was before the fault. ok is false if that never happens, or there is
// nothing to compare with.
func Recovery(ops []Operation, before, fault Window, workEnds, deadline int64) (after int64, ok bool) {
	baseline, known := answeredIn(ops, before, deadline).Ratio()
	if !known || baseline == 0 {
		return 0, false
	}
	const enough = 0.95
	seen := false
	for from := fault.To; from+rateOver <= workEnds; from += rateEvery {
		ratio, some := answeredIn(ops, Window{from, from + rateOver - 1}, deadline).Ratio()
		seen = seen || some
		switch {
		case some && ratio < enough*baseline:
			ok = false
		case !ok:
			after, ok = from-fault.To, true
		}
	}
	return after, ok && seen
}

func answeredIn(ops []Operation, during Window, deadline int64) Share {
	var share Share
	for i := range ops {
		if !during.Contains(ops[i].Intended) {
			continue
		}
		share.Of++
		if ops[i].answered(deadline) {
			share.Answered++
		}
	}
	return share
}
