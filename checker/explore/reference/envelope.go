package reference

// envelope is a message with its sender and receiver, in one word: envelopes
// are ordered by sender first.
type envelope uint64

// The parts of an envelope. What the payload means depends on the kind.
const (
	payloadBits = 48
	kindBits    = 4
	actorBits   = 6
	toShift     = payloadBits + kindBits
	fromShift   = toShift + actorBits
)

func makeEnvelope(from, to int, kind int, payload uint64) envelope {
	return envelope(uint64(from)<<fromShift | uint64(to)<<toShift | uint64(kind)<<payloadBits | payload)
}

func (e envelope) from() int { return int(e >> fromShift) }

func (e envelope) to() int { return int(e >> toShift & (1<<actorBits - 1)) }

func (e envelope) kind() int { return int(e >> payloadBits & (1<<kindBits - 1)) }

// part returns size bits of the payload, from bit shift on.
func (e envelope) part(shift, size int) uint64 { return uint64(e) >> shift & (1<<size - 1) }

// The kinds of message between clients and servers. Protocols go on from
// protocolKinds.
const (
	putMessage    = iota // request, value
	getMessage           // request
	putOkMessage         // request
	getOkMessage         // request, value
	protocolKinds        // the first of a protocol's own
)

// The payload of those: the request in the low 8 bits, the value in the next 5.
const (
	requestBits = 8
	valueBits   = 5
)

func (e envelope) request() uint64 { return e.part(0, requestBits) }

func (e envelope) value() uint64 { return e.part(requestBits, valueBits) }

func payload(request, value uint64) uint64 { return request | value<<requestBits }

// cell is the state of one actor, in words whose meaning is the actor's.
type cell [1 + serversMax]uint64

// get returns size bits of a word.
func (c *cell) get(word, shift, size int) uint64 { return c[word] >> shift & (1<<size - 1) }

func (c *cell) set(word, shift, size int, value uint64) {
	c[word] = c[word]&^((1<<size-1)<<shift) | value<<shift
}

// The most actors there can be.
const (
	serversMax = 8
	clientsMax = 8
)

// outbox takes what a handler sends.
type outbox struct {
	self int
	sent []envelope
}

func (o *outbox) send(to, kind int, payload uint64) {
	o.sent = append(o.sent, makeEnvelope(o.self, to, kind, payload))
}

// broadcast sends to all servers but oneself.
func (o *outbox) broadcast(servers, kind int, payload uint64) {
	for to := range servers {
		if to != o.self {
			o.send(to, kind, payload)
		}
	}
}
