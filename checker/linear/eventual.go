package linear

import (
	"fmt"
	"slices"
)

// Eventual consistency (Vogels: Eventually consistent, 2009): once nothing is
// written any more, and the system has had its time, all reads of a key return
// the same value, and one that was written. No finite history shows the
// contrary of an eventually, so the time is given by who asks.

// EventualOptions of CheckEventual.
type EventualOptions struct {
	// Initial holds the values of keys before the history; a key that is not
	// in it was absent.
	Initial map[string]Value
	Clock   Clock
	// Quiet is an instant from which nothing disturbs the system any more, 0
	// if nothing ever did.
	Quiet int64
	// Settle is the time that it may take from there, and from the end of the
	// last write of a key, until all reads of the key agree.
	Settle int64
}

// EventualResult is the verdict on a history.
type EventualResult struct {
	Verdict Verdict
	// Reads counts those that began late enough to be judged.
	Reads int
	// Witness holds two reads that disagree, or one of a value that nobody
	// wrote; empty unless Violated.
	Witness History
	// Explanation says in words what is violated, or why it is not known; ""
	// if the verdict is Holds.
	Explanation string
}

// CheckEventual judges a history. A write of unknown fate may take effect at any
// time, so keys of which a late read returned such a one's value are not judged.
// If no read is late enough the verdict is Unknown. An error means that the
// history is not valid.
func CheckEventual(history History, options EventualOptions) (EventualResult, error) {
	if err := history.Validate(); err != nil {
		return EventualResult{}, err
	}
	result := EventualResult{Verdict: Holds}
	objects := history.objects()
	for _, key := range history.Keys() {
		if objects[key] != key {
			continue // judged with another one
		}
		e := eventually{ops: byInvocation(history.joined(key)), options: options}
		e.judge(&result)
		if result.Verdict == Violated {
			return result, nil
		}
	}
	if result.Reads == 0 && result.Explanation == "" {
		result.Verdict = Unknown
		result.Explanation = "eventual: nothing was read late enough, when all had been quiet for a while"
	}
	return result, nil
}

// eventually judges the operations of keys that belong together.
type eventually struct {
	ops     History
	options EventualOptions
}

func (e *eventually) judge(result *EventualResult) {
	from := e.options.Quiet
	for i := range e.ops {
		if op := &e.ops[i]; op.changes() && op.Return != Never {
			from = max(from, op.Return)
		}
	}
	from += e.options.Settle
	first := map[string]*Operation{}
	for i := range e.ops {
		read := &e.ops[i]
		if read.Kind != Read || read.Outcome != OK || read.Invoke < from {
			continue
		}
		if e.unsure(read) {
			result.Verdict = Unknown
			result.Explanation = fmt.Sprintf("eventual: %s, of which it is not known when it was written", e.tell(read))
			return
		}
		result.Reads++
		if !e.written(read) {
			result.Verdict, result.Witness = Violated, History{*read}
			result.Explanation = fmt.Sprintf("eventual: %s, which nobody wrote", e.tell(read))
			return
		}
		before := first[read.Key]
		if before == nil {
			first[read.Key] = read
			continue
		}
		if before.Out != read.Out {
			result.Verdict, result.Witness = Violated, History{*before, *read}
			result.Explanation = fmt.Sprintf("eventual: %s, but %s, though all had been quiet since %s",
				e.tell(before), e.tell(read), e.options.Clock.instant(from-e.options.Settle))
			return
		}
	}
}

// unsure: what was read may come from a write of unknown fate.
func (e *eventually) unsure(read *Operation) bool {
	return slices.ContainsFunc(e.ops, func(op Operation) bool {
		v, writes := op.writes()
		return op.Outcome == Info && op.changes() && (!writes || op.Key == read.Key && v == read.Out)
	})
}

// written: somebody wrote what was read, or it was there; where values are made
// from others (appends, transfers, siblings) it is not looked at.
func (e *eventually) written(read *Operation) bool {
	if e.options.Initial[read.Key] == read.Out {
		return true
	}
	made := slices.ContainsFunc(e.ops, func(op Operation) bool { return op.Kind == Append || op.Kind == Transfer })
	if made {
		return true
	}
	for _, part := range siblingsOf(read.Out) {
		if !slices.ContainsFunc(e.ops, func(op Operation) bool {
			v, writes := op.writes()
			return writes && op.Key == read.Key && (v == part || v == read.Out)
		}) {
			return false
		}
	}
	return true
}

func (e *eventually) tell(op *Operation) string {
	return fmt.Sprintf("%s %s", subjectOf(op), e.options.Clock.span(op))
}
