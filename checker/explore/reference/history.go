package reference

// operation is a client's: it writes the client's own value or reads.
type operation struct {
	read bool
	// answer is 0 while there is none, wroteAnswer for a write's, and
	// readAnswer+v for a read's that returned v.
	answer uint8
	// seen has, of every other client, how many operations it had completed
	// when this one was invoked.
	seen [clientsMax]uint8
}

const (
	wroteAnswer = 1
	readAnswer  = 2
)

// history is what the clients saw: each client's operations in their order. A
// client invokes two at most.
type history struct {
	// invalid: an answer came that nobody waited for. What follows is not
	// recorded any more.
	invalid    bool
	completed  [clientsMax]uint8
	open       [clientsMax]bool
	operations [clientsMax][2]operation
}

// invoke records that a client begins an operation.
func (h *history) invoke(client int, read bool) {
	switch {
	case h.invalid:
		return
	case h.open[client]:
		h.invalid = true
		return
	}
	now := operation{read: read}
	for other, n := range h.completed {
		if other != client {
			now.seen[other] = n
		}
	}
	h.operations[client][h.completed[client]] = now
	h.open[client] = true
}

// answer records that a client's operation returned.
func (h *history) answer(client int, answer uint8) {
	switch {
	case h.invalid:
		return
	case !h.open[client]:
		h.invalid = true
		return
	}
	h.operations[client][h.completed[client]].answer = answer
	h.completed[client]++
	h.open[client] = false
}

// linearizable reports whether the operations can be put into an order that
// keeps to real time and in which every read returns the value written last,
// 0 at first. Operations without an answer may or may not have happened.
func (h *history) linearizable() bool {
	return !h.invalid && h.linearize([clientsMax]uint8{}, 0)
}

// linearize continues an order that has of each client the first done
// operations, after which the register holds a value.
func (h *history) linearize(done [clientsMax]uint8, value uint8) bool {
	if done == h.completed {
		return true
	}
	finished := true
	for client, n := range done {
		finished = finished && n >= h.completed[client]
	}
	if finished {
		return true
	}
	for client, n := range done {
		known := h.completed[client]
		if h.open[client] {
			known++
		}
		if n >= known {
			continue
		}
		op := &h.operations[client][n]
		if !precede(&op.seen, &done) {
			continue
		}
		after := value
		if n < h.completed[client] {
			expected := uint8(wroteAnswer)
			if op.read {
				expected = readAnswer + value
			}
			if op.answer != expected {
				continue
			}
		}
		if !op.read {
			after = uint8(client) + 1
		}
		next := done
		next[client]++
		if h.linearize(next, after) {
			return true
		}
	}
	return false
}

// precede reports whether all that had completed is in the order.
func precede(seen, done *[clientsMax]uint8) bool {
	for client, n := range seen {
		if done[client] < n {
			return false
		}
	}
	return true
}
