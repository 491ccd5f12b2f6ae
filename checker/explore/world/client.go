package world

import (
	"cmp"
	"slices"

	"quorumlab/protocols"
	"quorumlab/sim"
)

// clientState is where a client is in its commands.
type clientState struct {
	next    uint8 // commands begun
	open    bool  // the last of them is not over
	attempt uint8 // contacts asked for it
	unknown bool  // an earlier attempt may have been executed
	// The call of that attempt.
	phase   phase
	refused string // the answer on its way is none but this
	broken  bool   // the connection broke
	result  uint32 // the answer on its way
	waited  uint8  // the ticks for which it has waited, with Turns only
	// late are requests that the client has given up and that may still
	// arrive.
	late [expirationsMax]lateRequest
}

// lateRequest is one of them; node 0 if there is none.
type lateRequest struct{ node, request uint8 }

// expirationsMax bounds how often a client waits no longer.
const expirationsMax = 4

type phase uint8

const (
	idle phase = iota
	asking
	waiting
	answered
	resting // until time passes: nobody could serve it (atlast.go)
)

// clientOf interns a client's state.
func (m *Model) clientOf(c clientState) uint32 {
	return m.clients.Number(c, 0, func() (clientState, uint64) { return c, 0 })
}

// contact returns the node that the client asks now.
func (m *Model) contact(client int, c *clientState) protocols.NodeID {
	contacts := m.config.Clients[client].Contacts
	return contacts[int(c.attempt-1)%len(contacts)]
}

// invoke begins the client's next command.
func (m *Model) invoke(s *situation, client int) {
	c := m.clients.At(s.client(client))
	s.setClient(client, m.clientOf(clientState{next: c.next + 1, open: true, attempt: 1, phase: asking, late: c.late}))
	s.record(entry{client: uint8(client), invoked: true})
}

// arriveRequest has the request of a client reach its node.
func (m *Model) arriveRequest(s *situation, client int) {
	c := m.clients.At(s.client(client))
	node := m.contact(client, &c)
	if !s.runs(node) {
		c.phase, c.refused = answered, sim.Crashed
		m.answer(s, client, c)
		return
	}
	c.phase = waiting
	s.setClient(client, m.clientOf(c))
	s.apply(node, s.react(node, act{
		kind: request, client: protocols.ClientID(client + 1), request: uint64(c.next),
	}))
}

// arriveAnswer has an answer reach its client, which is then done or asks the
// next contact.
func (m *Model) arriveAnswer(s *situation, client int) {
	c := m.clients.At(s.client(client))
	if c.refused == "" {
		s.setClient(client, m.clientOf(clientState{next: c.next, late: c.late}))
		s.record(entry{client: uint8(client), outcome: okOutcome, result: c.result})
		if m.durable {
			s.acknowledge(client, c.next)
		}
		return
	}
	c.unknown = c.unknown || c.broken
	m.retry(s, client, c)
}

// expire ends the client's patience with the node that it asked. A request that
// is still on its way stays so.
func (m *Model) expire(s *situation, client int) {
	c := m.clients.At(s.client(client))
	c.unknown = true
	if c.phase == asking {
		at := slices.Index(c.late[:], lateRequest{})
		c.late[at] = lateRequest{uint8(m.contact(client, &c)), c.next}
		slices.SortFunc(c.late[:], func(a, b lateRequest) int {
			return cmp.Or(cmp.Compare(b.node, a.node), cmp.Compare(b.request, a.request))
		})
	}
	m.retry(s, client, c)
}

// arriveLate has a request arrive that its client has given up. Nobody waits for
// an answer; a node that is down never sees it.
func (m *Model) arriveLate(s *situation, client, at int) {
	c := m.clients.At(s.client(client))
	late := c.late[at]
	copy(c.late[at:], c.late[at+1:])
	c.late[expirationsMax-1] = lateRequest{}
	s.setClient(client, m.clientOf(c))
	if node := protocols.NodeID(late.node); s.runs(node) {
		s.apply(node, s.react(node, act{
			kind: request, client: protocols.ClientID(client + 1), request: uint64(late.request),
		}))
	}
}

func (m *Model) retry(s *situation, client int, c clientState) {
	if int(c.attempt) < len(m.config.Clients[client].Contacts) {
		s.setClient(client, m.clientOf(clientState{
			next: c.next, open: true, attempt: c.attempt + 1, unknown: c.unknown, phase: asking, late: c.late,
		}))
		return
	}
	if m.serving {
		s.setClient(client, m.clientOf(clientState{
			next: c.next, open: true, attempt: c.attempt, unknown: c.unknown, phase: resting, late: c.late,
		}))
		return
	}
	s.setClient(client, m.clientOf(clientState{next: c.next, late: c.late}))
	outcome := failOutcome
	if c.unknown {
		outcome = infoOutcome
	}
	s.record(entry{client: uint8(client), outcome: outcome})
}

// reply puts a node's answer on its way, if the client still waits there.
func (m *Model) reply(s *situation, node protocols.NodeID, r reply) {
	client := int(r.client) - 1
	if client < 0 || client >= len(m.config.Clients) {
		return
	}
	c := m.clients.At(s.client(client))
	if c.phase != waiting || uint64(c.next) != r.request || m.contact(client, &c) != node {
		return
	}
	c.phase, c.result, c.refused = answered, r.result, m.results.At(r.result).Refusal
	m.answer(s, client, c)
}

// answer puts an answer on its way to a client, or has it arrive.
func (m *Model) answer(s *situation, client int, c clientState) {
	s.setClient(client, m.clientOf(c))
	if m.config.Limits.PromptCalls {
		m.arriveAnswer(s, client)
	}
}

// hangUp breaks the connections of clients that wait for a node that crashed.
func (m *Model) hangUp(s *situation, node protocols.NodeID) {
	for client := range m.config.Clients {
		c := m.clients.At(s.client(client))
		if c.phase == waiting && m.contact(client, &c) == node {
			c.phase, c.broken, c.refused = answered, true, sim.Crashed
			m.answer(s, client, c)
		}
	}
}

// meets reports whether a client's request arrives as soon as it begins.
func (m *Model) meets(budgets uint32) bool {
	return m.config.Limits.PromptCalls && used(budgets, usedExpired) >= m.config.Budgets.Expirations
}

// expandClient adds what a client may do.
func (x *expander) expandClient(client int) {
	c := x.clients.At(x.now[x.clientAt(client)])
	switch {
	case !c.open && int(c.next) < len(x.config.Clients[client].Commands):
		s := x.begin()
		x.invoke(s, client)
		if x.meets(x.now[len(x.now)-1]) {
			x.arriveRequest(s, client)
		}
		x.done(kindInvoke, client, int(c.next), 0)
	case c.phase == asking:
		x.arriveRequest(x.begin(), client)
		x.done(kindRequest, client, int(x.contact(client, &c)), 0)
	case c.phase == answered:
		x.arriveAnswer(x.begin(), client)
		x.done(kindAnswer, client, int(x.contact(client, &c)), 0)
	}
	for i, late := range c.late {
		if late.node != 0 {
			x.arriveLate(x.begin(), client, i)
			x.done(kindLate, client, int(late.node), uint32(late.request))
		}
	}
	if c.open && c.phase != resting && x.spends(usedExpired, x.budgets.Expirations) {
		x.expire(x.begin(), client)
		x.spend(usedExpired)
		x.done(kindExpire, client, int(x.contact(client, &c)), 0)
	}
}
