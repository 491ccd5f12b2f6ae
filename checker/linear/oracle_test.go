package linear

import "fmt"

// The oracle: a linearizability checker with nothing in common with the real
// one. It splits no keys, prepares nothing, and tries every order that keeps
// real time, with every choice of which operations of unknown outcome happened.

// bruteForce reports whether a tiny history (up to 7 operations) is linearizable.
func bruteForce(history History) bool {
	var ops []Operation
	for _, op := range history {
		if op.Outcome != Fail {
			ops = append(ops, op)
		}
	}
	return tryOrders(ops, map[string]Value{})
}

// tryOrders tries each remaining operation as the next one.
func tryOrders(rest []Operation, state map[string]Value) bool {
	sure := 0
	for _, op := range rest {
		if op.Outcome == OK {
			sure++
		}
	}
	if sure == 0 {
		return true // what is unknown need not have happened
	}
	for i, next := range rest {
		if !mayBeNext(next, rest) {
			continue
		}
		after, allowed := effect(next, state[next.Key])
		changed := map[string]Value{next.Key: after}
		if next.Kind == Transfer {
			changed, allowed = transferred(next, state[next.Key], state[next.To], state[next.Look])
		}
		if !allowed {
			continue
		}
		left := append(append([]Operation(nil), rest[:i]...), rest[i+1:]...)
		for key, value := range state {
			if _, new := changed[key]; !new {
				changed[key] = value
			}
		}
		if tryOrders(left, changed) {
			return true
		}
	}
	return false
}

// mayBeNext: nobody who is still to come had returned before it was invoked.
func mayBeNext(next Operation, rest []Operation) bool {
	for _, other := range rest {
		if other.Outcome == OK && other.Return < next.Invoke {
			return false
		}
	}
	return true
}

// transferred is the specification of a transfer, in small numbers.
func transferred(op Operation, from, to, looked Value) (map[string]Value, bool) {
	digits := map[Value]int64{{}: 0}
	for i := range int64(20) {
		digits[Some(fmt.Sprint(i))] = i
	}
	a, fromOK := digits[from]
	b, toOK := digits[to]
	if !fromOK || !toOK || a < op.Amount {
		return map[string]Value{}, op.Outcome != OK || !op.Swapped
	}
	return map[string]Value{
		op.Key: Some(fmt.Sprint(a - op.Amount)), op.To: Some(fmt.Sprint(b + op.Amount)),
	}, op.Outcome != OK || op.Swapped && (op.Look == "" || op.Out == looked)
}

// effect is the specification once more, on values instead of numbers.
func effect(op Operation, value Value) (Value, bool) {
	sure := op.Outcome == OK
	switch op.Kind {
	case Read:
		return value, !sure || op.Out == value
	case Write:
		return op.In, true
	case Append:
		if op.In.Text == "" {
			return value, true
		}
		return Some(value.Text + op.In.Text), true
	}
	if value == op.Expected {
		return op.In, !sure || op.Swapped
	}
	return value, !sure || !op.Swapped
}
