package linear

import (
	"fmt"
	"maps"
	"slices"
)

// objectGroups groups what can be taken away from a queue or lock together: all of
// an element, each acquire with the release that follows in its session, and all
// of a session.
func objectGroups(part History) [][]int {
	elements, sessions := map[string]int{}, map[uint64]int{}
	var groups, whole [][]int
	last := map[uint64]int{}
	for i := range part {
		op := &part[i]
		switch {
		case op.Kind == Enqueue || op.Kind == Dequeue && op.Out.Present:
			element := elementOf(op)
			if _, known := elements[element]; !known {
				elements[element] = len(groups)
				groups = append(groups, nil)
			}
			groups[elements[element]] = append(groups[elements[element]], op.ID)
		case op.Kind == Acquire || op.Kind == Release:
			if at, known := last[op.Session]; known && op.Kind == Release && part[at].Kind == Acquire {
				groups = append(groups, []int{part[at].ID, op.ID})
			}
			last[op.Session] = i
			if _, known := sessions[op.Session]; !known {
				sessions[op.Session] = len(whole)
				whole = append(whole, nil)
			}
			whole[sessions[op.Session]] = append(whole[sessions[op.Session]], op.ID)
		}
	}
	return slices.Concat(groups, whole)
}

// keepUnknown leaves a dequeue after the offender unknown, as it is in part, if
// what it returned was not needed: else it would seem to be from nowhere.
func keepUnknown(whole, part History) History {
	for i := range whole {
		op := &whole[i]
		enqueued := slices.ContainsFunc(part, func(other Operation) bool {
			return other.Kind == Enqueue && other.In == op.Out
		})
		at := slices.IndexFunc(part, func(other Operation) bool { return other.ID == op.ID })
		if op.Kind == Dequeue && op.Out.Present && !enqueued {
			*op = part[at]
		}
	}
	return whole
}

// elementOf is the element that an operation shows.
func elementOf(op *Operation) string {
	if op.Kind == Enqueue {
		return op.In.Text
	}
	return op.Out.Text
}

// objectAdmissible is admissible for queues and locks: an order of part stays one
// without an element and all that shows it, without answers that the queue was
// empty, without a session, and without a release and what surely is its acquire.
func objectAdmissible(part, rest History) bool {
	kept, shown, sessions := map[int]bool{}, map[string]bool{}, map[uint64]bool{}
	for i := range rest {
		op := &rest[i]
		kept[op.ID], sessions[op.Session] = true, true
		if op.Kind == Enqueue || op.Out.Present {
			shown[elementOf(op)] = true
		}
	}
	pending := map[uint64]*Operation{} // a session's operation before
	tangled := map[uint64]bool{}       // sessions that are not surely sequential
	for _, op := range byInvocation(slices.Clone(part)) {
		before := pending[op.Session]
		pending[op.Session] = &op
		gone := !kept[op.ID]
		tangled[op.Session] = tangled[op.Session] || op.Outcome != OK || before != nil && before.Return >= op.Invoke
		switch {
		case op.Kind == Enqueue || op.Kind == Dequeue && op.Out.Present:
			if gone && shown[elementOf(&op)] {
				return false
			}
		case op.Kind == Dequeue:
			if gone && op.Outcome == Info {
				return false
			}
		case !sessions[op.Session]:
		case before != nil && !kept[before.ID] && before.Kind == Acquire:
			// The acquire of a pair went: this has to be its release.
			if !gone || op.Kind != Release || tangled[op.Session] {
				return false
			}
		case gone && (op.Kind != Acquire || tangled[op.Session]):
			return false
		}
	}
	for _, session := range slices.Sorted(maps.Keys(pending)) {
		last := pending[session]
		if sessions[session] && last.Kind == Acquire && !kept[last.ID] {
			return false
		}
	}
	return true
}

// explainObject says why the answer of a queue or lock cannot be, if a plain fact
// of the history shows it.
func explainObject(ops, witness History, offender *Operation, clock Clock) string {
	switch {
	case offender.Kind == Dequeue && offender.Out.Present:
		return dequeueReason(ops, offender, clock)
	case offender.Kind == Acquire || offender.Kind == Release:
		return lockReason(ops, witness, offender, clock)
	}
	return ""
}

func dequeueReason(ops History, offender *Operation, clock Clock) string {
	var enqueues, others []*Operation
	for i := range ops {
		op := &ops[i]
		switch {
		case op.ID == offender.ID || elementOf(op) != offender.Out.Text:
		case op.Kind == Enqueue && op.Outcome != Fail:
			enqueues = append(enqueues, op)
		case op.Kind == Dequeue && op.Outcome == OK && op.Out.Present && op.Return < offender.Return:
			others = append(others, op)
		}
	}
	switch {
	case len(enqueues) == 0:
		return "nobody enqueued that"
	case len(enqueues) == 1 && enqueues[0].Invoke > offender.Return:
		return fmt.Sprintf("%s by %s was invoked only %s", action(enqueues[0]), who(enqueues[0]), clock.at(enqueues[0].Invoke))
	case len(enqueues) == 1 && len(others) > 0:
		return fmt.Sprintf("it was enqueued once, and dequeue by %s %s had returned it", who(others[0]), clock.span(others[0]))
	}
	return ""
}

func lockReason(ops, witness History, offender *Operation, clock Clock) string {
	if offender.Kind == Release && !slices.ContainsFunc(ops, func(op Operation) bool {
		return op.Kind == Acquire && op.Outcome != Fail && op.Session == offender.Session && op.Invoke <= offender.Return
	}) {
		return "that client had never acquired it"
	}
	for i := range witness {
		op := &witness[i]
		if op.Kind != Acquire || op.Outcome != OK || offender.Kind != Acquire || op.Return >= offender.Invoke {
			continue
		}
		if op.Out.Present && offender.Out.Present && tokenOf(op.Out) > tokenOf(offender.Out) {
			return fmt.Sprintf("acquire by %s had returned the higher token %s %s", who(op), op.Out.Text, clock.at(op.Return))
		}
		if !slices.ContainsFunc(ops, func(other Operation) bool {
			return other.Kind == Release && other.Outcome != Fail && other.Session == op.Session &&
				other.Invoke <= offender.Return && other.Return >= op.Invoke
		}) {
			return fmt.Sprintf("%s held it since an acquire that had returned %s, and had not released it", who(op), clock.at(op.Return))
		}
	}
	return ""
}
