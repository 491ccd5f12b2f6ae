package reference

import (
	"fmt"
	"strings"

	"quorumlab/checker/explore"
)

// An event is what a delivery to a client records in the history: the client,
// the answer that it got, and whether it goes on to read.
const invokesRead = 1 << 16

func event(client int, answer uint8, reads bool) uint32 {
	e := uint32(client) | uint32(answer)<<8
	if reads {
		e |= invokesRead
	}
	return e
}

// clientStart returns the state of a client that has sent its write: the
// request that it waits for.
func (m *Register) clientStart(self int) cell { return cell{uint64(self)} }

// handleClient lets a client handle an envelope: on the answer to its write it
// reads, at the next server; on the answer to its read it stops. Any answer is
// recorded, also one that the client does not wait for.
func (m *Register) handleClient(self int, c *cell, e envelope, out *outbox) (touched bool, recorded uint32) {
	client := self - m.servers
	awaited := c[0] != 0 && e.request() == c[0]
	switch e.kind() {
	case putOkMessage:
		if awaited && c[0] == uint64(self) {
			c[0] = 2 * uint64(self)
			out.send((self+1)%m.servers, getMessage, payload(c[0], 0))
			return true, event(client, wroteAnswer, true)
		}
		return false, event(client, wroteAnswer, false)
	case getOkMessage:
		if awaited && c[0] == 2*uint64(self) {
			c[0] = 0
			touched = true
		}
		return touched, event(client, readAnswer+uint8(e.value()), false)
	}
	panic("reference: a client gets a message of servers")
}

// Kinds implements explore.Model.
func (m *Register) Kinds() []string {
	return append([]string{"Put", "Get", "PutOk", "GetOk"}, m.protocol.kinds()...)
}

// Explain implements explore.Model.
func (m *Register) Explain(label explore.Label) string {
	e := m.envelopes.At(uint32(label >> 8)).content
	return fmt.Sprintf("%s → %s: %s", m.actor(e.from()), m.actor(e.to()), m.tellEnvelope(e))
}

func (m *Register) actor(number int) string {
	if number < m.servers {
		return fmt.Sprintf("server %d", number)
	}
	return fmt.Sprintf("client %d", number)
}

// valueName returns the name of a value, as a client writes it.
func valueName(value uint64) string {
	if value == 0 {
		return "nothing"
	}
	return string(rune('A' + value - 1))
}

func (m *Register) tellEnvelope(e envelope) string {
	switch e.kind() {
	case putMessage:
		return fmt.Sprintf("Put(%d, %s)", e.request(), valueName(e.value()))
	case getMessage:
		return fmt.Sprintf("Get(%d)", e.request())
	case putOkMessage:
		return fmt.Sprintf("PutOk(%d)", e.request())
	case getOkMessage:
		return fmt.Sprintf("GetOk(%d, %s)", e.request(), valueName(e.value()))
	}
	return m.protocol.tellMessage(e)
}

// Describe implements explore.Model.
func (m *Register) Describe(state []uint32) []string {
	actors := m.servers + m.clients
	var lines []string
	for actor, id := range state[:actors] {
		c, box := m.lookAt(actor, id)
		told := "done"
		switch {
		case actor < m.servers:
			told = m.protocol.tell(&c)
		case c[0] != 0:
			told = fmt.Sprintf("waits for %d", c[0])
		}
		lines = append(lines, m.actor(actor)+": "+told)
		var under []string
		for _, e := range box {
			under = append(under, fmt.Sprintf("%s from %d", m.tellEnvelope(e), e.from()))
		}
		lines = append(lines, fmt.Sprintf("under way to %d: [%s]", actor, strings.Join(under, ", ")))
	}
	h := m.verdicts.At(state[actors]).content
	for client := range m.clients {
		lines = append(lines, fmt.Sprintf("history of client %d: %s", m.servers+client, h.tell(client)))
	}
	return lines
}

// lookAt returns what a site of an actor is.
func (m *Register) lookAt(actor int, id uint32) (cell, inbox) {
	d := &m.desks[actor]
	d.interning.Lock()
	defer d.interning.Unlock()
	s := d.sites.At(id)
	return d.cellOf[s.cell], d.boxes[s.inbox]
}

// tell tells a client's operations.
func (h *history) tell(client int) string {
	var told []string
	known := h.completed[client]
	if h.open[client] {
		known++
	}
	for _, op := range h.operations[client][:known] {
		name := "write " + valueName(uint64(client)+1)
		if op.read {
			name = "read"
		}
		switch {
		case op.answer == wroteAnswer:
			name += " → ok"
		case op.answer >= readAnswer:
			name += " → " + valueName(uint64(op.answer-readAnswer))
		default:
			name += " …"
		}
		told = append(told, name)
	}
	return strings.Join(told, "; ")
}

// Actor implements explore.Acting: the receiver steps.
func (m *Register) Actor(label explore.Label) int {
	return m.envelopes.At(uint32(label >> 8)).content.to()
}
