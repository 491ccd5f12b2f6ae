package linear

// What an operation of unknown outcome costs: it stays possible until the end
// of the history, so that a search must consider it at every point after its
// invocation, and k of them multiply the work by up to 2^k. This file gets rid
// of most of them without changing any verdict.
//
// Words used: an operation *writes* the value that the key has after it took
// effect, and *observes* the value that its answer shows the key to have had.

// writes returns the value that an operation writes, if it does or may.
func (o *Operation) writes() (Value, bool) {
	switch {
	case o.Outcome == Fail:
	case o.Kind == Write, o.Kind == CAS && (o.Outcome == Info || o.Swapped):
		return o.In, true
	}
	return Value{}, false
}

// observes returns the value that an operation observes, if it does or may.
func (o *Operation) observes() (Value, bool) {
	switch {
	case o.Kind == Read && o.Outcome == OK:
		return o.Out, true
	case o.Kind == CAS && (o.Outcome == Info || o.Outcome == OK && o.Swapped):
		return o.Expected, true
	}
	return Value{}, false
}

// mismatched reports a comparison that was made and failed. It observes that
// the key did not have a value.
func (o *Operation) mismatched() bool {
	return o.Kind == CAS && o.Outcome == OK && !o.Swapped
}

// hidesWrites reports whether a write can matter although nobody observes its
// value: a failed comparison may have needed any other value than its own, and
// an append builds on the value.
func hidesWrites(ops History) bool {
	for i := range ops {
		if ops[i].mismatched() || ops[i].Kind == Append {
			return true
		}
	}
	return false
}

// unsure reports whether the outcome of some operation is unknown.
func unsure(ops History) bool {
	for i := range ops {
		if ops[i].Outcome == Info {
			return true
		}
	}
	return false
}

// prepare returns the operations of one object that the search needs, every one
// closed. It is linearizable just if the given ones are.
func prepare(ops History) History {
	if onObject(ops) {
		return prepareObject(ops)
	}
	if joint(ops) {
		kept := dropIneffective(ops)
		closeOpen(kept)
		return kept
	}
	kept := forgetUnobserved(dropIneffective(ops))
	closeOpen(kept)
	narrow(kept)
	return kept
}

// dropIneffective drops what surely did not happen, and reads whose answer is
// not known: they change nothing and may answer anything.
func dropIneffective(ops History) History {
	kept := make(History, 0, len(ops))
	for i := range ops {
		if ops[i].Outcome == Fail || ops[i].Kind == Read && ops[i].Outcome == Info {
			continue
		}
		kept = append(kept, ops[i])
	}
	return kept
}

// forgetUnobserved drops the operations of unknown outcome that write a value
// which no operation observes, unless hidesWrites.
//
// That an order with them gives one without them is a lemma, which admissible
// uses as well. Let D be operations that write values which no operation
// outside D observes, and let no kept operation be an append or a failed
// comparison. Take an order of all. Where the last effective write before a
// point is one of D, the operation there observes nothing: it is a Write, or a
// CAS of unknown outcome that compares with another value and so does nothing.
// Move every such CAS to the end: it is open, so nothing must come after it,
// and what it does there is seen by nobody. Take D out. At every point where
// something observes, the last effective write is then the same as before, so
// the rest is an order. Conversely, operations of unknown outcome are open too,
// and an order without them becomes one with them by putting them at its end.
//
// It uses up what it is given.
func forgetUnobserved(ops History) History {
	if !unsure(ops) || hidesWrites(ops) {
		return ops
	}
	for {
		observed := make(map[Value]struct{})
		for i := range ops {
			if v, ok := ops[i].observes(); ok {
				observed[v] = struct{}{}
			}
		}
		kept := ops[:0]
		for i := range ops {
			v, writes := ops[i].writes()
			if _, seen := observed[v]; writes && !seen && ops[i].Outcome == Info {
				continue
			}
			kept = append(kept, ops[i])
		}
		if len(kept) == len(ops) {
			return kept
		}
		ops = kept // a CAS that was dropped no longer observes
	}
}

// closeOpen lets every operation of unknown outcome return at the end of the
// history: an operation without a return is misjudged by porcupine without a
// word. Intervals are closed, so that it may still come after all others.
func closeOpen(ops History) {
	if len(ops) == 0 {
		return
	}
	end := ops[0].Invoke
	for i := range ops {
		end = max(end, ops[i].Invoke)
		if ops[i].Outcome == OK {
			end = max(end, ops[i].Return)
		}
	}
	for i := range ops {
		if ops[i].Outcome == Info {
			ops[i].Return = end
		}
	}
}
