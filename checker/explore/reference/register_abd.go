package reference

import (
	"fmt"
	"math/bits"

	"quorumlab/checker/explore"
)

// abd is the register of Attiya, Bar-Noy and Dolev ("Sharing memory robustly in
// message-passing systems", 1995) for many writers: a server asks a majority
// for its sequence number and value, then has a majority record the newest.
type abd struct{ servers int }

func newABD(p explore.Values) (explore.Model, error) {
	return newRegister(p, abd{p.Number("servers")}), nil
}

// The messages between servers.
const (
	abdQuery     = protocolKinds + iota // request
	abdAckQuery                         // request, value, sequence
	abdRecord                           // request, value, sequence
	abdAckRecord                        // request
)

func (abd) kinds() []string { return []string{"Query", "AckQuery", "Record", "AckRecord"} }

// A sequence number is (clock, server), as one number that is ordered alike. In
// payloads it follows the value.
const (
	clockBits    = 24
	sequenceBits = clockBits + actorBits
	sequenceAt   = requestBits + valueBits
)

// The first word of a server's state; word 1+i is server i's answer to the
// query, with abdAnswered set.
const (
	abdSequence  = 0                          // sequenceBits
	abdValue     = abdSequence + sequenceBits // valueBits
	abdPhase     = abdValue + valueBits       // 2: 0 idle, 1 asking, 2 recording
	abdRequest   = abdPhase + 2               // requestBits
	abdRequester = abdRequest + requestBits   // actorBits
	abdOption    = abdRequester + actorBits   // valueBits+1: 1 + the value to write, then that read; 0 if none
	abdAnswered  = sequenceBits + valueBits   // a bit of the words of answers
)

func (abd) start(self int) cell {
	var c cell
	c.set(0, abdSequence, sequenceBits, uint64(self))
	return c
}

// newest returns sequence and value of a server as they stand in answers.
func (c *cell) newest() uint64 {
	return c.get(0, abdSequence, sequenceBits) | c.get(0, abdValue, valueBits)<<sequenceBits
}

func abdPayload(request, newest uint64) uint64 {
	return payload(request, newest>>sequenceBits) | newest&(1<<sequenceBits-1)<<sequenceAt
}

func (a abd) handle(self int, c *cell, e envelope, out *outbox) bool {
	phase, mine := c.get(0, abdPhase, 2), c.get(0, abdRequest, requestBits) == e.request()
	switch e.kind() {
	case putMessage, getMessage:
		if phase != 0 {
			return false
		}
		a.ask(self, c, e, out)
		return true
	case abdQuery:
		out.send(e.from(), abdAckQuery, abdPayload(e.request(), c.newest()))
	case abdAckQuery:
		if phase != 1 || !mine {
			return false
		}
		c[1+e.from()] = 1<<abdAnswered | e.value()<<sequenceBits | e.part(sequenceAt, sequenceBits)
		if a.answers(c) == a.servers/2+1 {
			a.record(self, c, out)
		}
		return true
	case abdRecord:
		out.send(e.from(), abdAckRecord, payload(e.request(), 0))
		return c.adopt(e.part(sequenceAt, sequenceBits), e.value())
	case abdAckRecord:
		if phase != 2 || !mine || c[1]>>e.from()&1 != 0 {
			return false
		}
		c[1] |= 1 << e.from()
		if bits.OnesCount64(c[1]) == a.servers/2+1 {
			c.finish(out)
		}
		return true
	}
	return false
}

// ask begins an operation.
func (a abd) ask(self int, c *cell, e envelope, out *outbox) {
	out.broadcast(a.servers, abdQuery, payload(e.request(), 0))
	c.set(0, abdPhase, 2, 1)
	c.set(0, abdRequest, requestBits, e.request())
	c.set(0, abdRequester, actorBits, uint64(e.from()))
	if e.kind() == putMessage {
		c.set(0, abdOption, valueBits+1, 1+e.value())
	}
	c[1+self] = 1<<abdAnswered | c.newest()
}

func (a abd) answers(c *cell) int {
	n := 0
	for _, word := range c[1 : 1+a.servers] {
		n += int(word >> abdAnswered)
	}
	return n
}

// record goes on to the second phase, with the newest of the answers.
func (a abd) record(self int, c *cell, out *outbox) {
	var sequence, value uint64
	for _, word := range c[1 : 1+a.servers] {
		if word>>abdAnswered == 0 {
			continue
		}
		if s := word & (1<<sequenceBits - 1); s >= sequence {
			sequence, value = s, word>>sequenceBits&(1<<valueBits-1)
		}
	}
	if option := c.get(0, abdOption, valueBits+1); option != 0 {
		sequence = (sequence>>actorBits+1)<<actorBits | uint64(self)
		value = option - 1
		c.set(0, abdOption, valueBits+1, 0)
	} else {
		c.set(0, abdOption, valueBits+1, 1+value)
	}
	request := c.get(0, abdRequest, requestBits)
	out.broadcast(a.servers, abdRecord, abdPayload(request, sequence|value<<sequenceBits))
	c.adopt(sequence, value)
	c.set(0, abdPhase, 2, 2)
	clear(c[1:])
	c[1] = 1 << self
}

// adopt takes over a value that is newer.
func (c *cell) adopt(sequence, value uint64) bool {
	if sequence <= c.get(0, abdSequence, sequenceBits) {
		return false
	}
	c.set(0, abdSequence, sequenceBits, sequence)
	c.set(0, abdValue, valueBits, value)
	return true
}

// finish answers the client.
func (c *cell) finish(out *outbox) {
	request, option := c.get(0, abdRequest, requestBits), c.get(0, abdOption, valueBits+1)
	to := int(c.get(0, abdRequester, actorBits))
	if option != 0 {
		out.send(to, getOkMessage, payload(request, option-1))
	} else {
		out.send(to, putOkMessage, payload(request, 0))
	}
	sequence, value := c.get(0, abdSequence, sequenceBits), c.get(0, abdValue, valueBits)
	*c = cell{}
	c.set(0, abdSequence, sequenceBits, sequence)
	c.set(0, abdValue, valueBits, value)
}

func sequenceName(sequence uint64) string {
	return fmt.Sprintf("(%d,%d)", sequence>>actorBits, sequence&(1<<actorBits-1))
}

func (a abd) tell(c *cell) string {
	told := sequenceName(c.get(0, abdSequence, sequenceBits)) + " " + valueName(c.get(0, abdValue, valueBits))
	request := c.get(0, abdRequest, requestBits)
	switch c.get(0, abdPhase, 2) {
	case 1:
		told += fmt.Sprintf(", asks for request %d: %d answers", request, a.answers(c))
	case 2:
		told += fmt.Sprintf(", records for request %d: %d acknowledgements", request, bits.OnesCount64(c[1]))
	}
	return told
}

func (a abd) tellMessage(e envelope) string {
	name := a.kinds()[e.kind()-protocolKinds]
	if e.kind() == abdAckQuery || e.kind() == abdRecord {
		return fmt.Sprintf("%s(%d, %s, %s)", name, e.request(), sequenceName(e.part(sequenceAt, sequenceBits)), valueName(e.value()))
	}
	return fmt.Sprintf("%s(%d)", name, e.request())
}
