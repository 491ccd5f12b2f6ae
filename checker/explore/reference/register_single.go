package reference

import "quorumlab/checker/explore"

// single is a server that keeps a copy of its own, first come, first served:
// with more servers than one the register is not linearizable.
type single struct{}

func newSingle(p explore.Values) (explore.Model, error) { return newRegister(p, single{}), nil }

func (single) start(int) cell { return cell{} }

func (single) handle(_ int, c *cell, e envelope, out *outbox) bool {
	switch e.kind() {
	case putMessage:
		c[0] = e.value()
		out.send(e.from(), putOkMessage, payload(e.request(), 0))
		return true
	case getMessage:
		out.send(e.from(), getOkMessage, payload(e.request(), c[0]))
	}
	return false
}

func (single) kinds() []string { return nil }

func (single) tell(c *cell) string { return valueName(c[0]) }

func (single) tellMessage(envelope) string { return "" }
