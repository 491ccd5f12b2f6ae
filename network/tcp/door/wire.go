package door

import (
	"encoding/binary"
	"errors"
	"fmt"

	"quorumlab/network"
	"quorumlab/protocols"
	"quorumlab/protocols/machine"
)

// This file has the binary API as bytes (doc.go has the format). Decoding never
// panics, whatever the bytes are, and what it gives is safe to ask the node.

// wireName is the protocol and its version, as the header Upgrade has it.
const wireName = "quorumlab-kv/1"

// The kinds of question.
const (
	askCommand     = 1
	askTransaction = 2
	askLocal       = 3
	askSession     = 4
)

// The kinds of answer.
const (
	tellFault       = 0
	tellResult      = 1
	tellTransaction = 2
	tellSession     = 3
)

// The bits of a result.
const (
	bitFound   = 1
	bitSwapped = 2
)

// operations are those of the machine; their place, from 1, stands for them.
var operations = [...]machine.Op{machine.Get, machine.Put, machine.CAS, machine.Delete, machine.Add}

// question is what a client asks.
type question struct {
	kind    byte
	client  protocols.ClientID // of a command or transaction; 0 if it has no name
	request uint64
	// command is a machine.Command or a machine.Transaction, the Get of a local read.
	command protocols.Command
}

// answer is what it gets: a fault, a session's number, or a machine.Result or
// machine.TransactionResult.
type answer struct {
	fault   *Fault
	session protocols.ClientID
	result  protocols.Result
}

// beginFrame appends room for a frame's header and the number that it bears; sealFrom
// fills the header in.
func beginFrame(dst []byte, number uint64) []byte {
	dst = append(dst, make([]byte, network.FrameHeader)...)
	return binary.AppendUvarint(dst, number)
}

func appendWireText(dst []byte, text string) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(text))), text...)
}

// appendQuestion appends the frame of a question, which was checked.
func appendQuestion(dst []byte, number uint64, q question) []byte {
	start := len(dst)
	dst = append(beginFrame(dst, number), q.kind)
	if q.kind == askCommand || q.kind == askTransaction {
		dst = binary.AppendUvarint(dst, uint64(q.client))
		dst = binary.AppendUvarint(dst, q.request)
	}
	switch command := q.command.(type) {
	case machine.Command:
		if q.kind == askLocal {
			dst = appendWireText(dst, command.Key)
		} else {
			dst = appendCommand(dst, &command)
		}
	case machine.Transaction:
		dst = binary.AppendUvarint(dst, uint64(len(command.Commands)))
		for i := range command.Commands {
			dst = appendCommand(dst, &command.Commands[i])
		}
	}
	network.SealFrame(dst[start:])
	return dst
}

func appendCommand(dst []byte, c *machine.Command) []byte {
	for i, op := range operations {
		if op == c.Op {
			dst = append(dst, byte(i+1))
		}
	}
	dst = appendWireText(dst, c.Key)
	if c.Op == machine.Get || c.Op == machine.Delete {
		return dst
	}
	dst = appendWireText(dst, c.Value)
	switch {
	case c.Op != machine.CAS:
	case c.Absent:
		dst = append(dst, 0)
	default:
		dst = appendWireText(append(dst, 1), c.Expect)
	}
	return dst
}

// appendAnswer appends the frame of an answer.
func appendAnswer(dst []byte, number uint64, a *answer) []byte {
	start := len(dst)
	dst = beginFrame(dst, number)
	switch result := a.result.(type) {
	case machine.Result:
		dst = appendResult(append(dst, tellResult), &result)
	case machine.TransactionResult:
		dst = append(dst, tellTransaction, oneIf(result.Aborted, 1))
		dst = appendWireText(dst, result.Error)
		dst = binary.AppendUvarint(dst, uint64(len(result.Results)))
		for i := range result.Results {
			dst = appendResult(dst, &result.Results[i])
		}
	default:
		if a.fault == nil {
			dst = binary.AppendUvarint(append(dst, tellSession), uint64(a.session))
			break
		}
		dst = append(dst, tellFault, oneIf(a.fault.Unknown(), 1))
		for _, text := range []string{a.fault.Kind, a.fault.Message, a.fault.Hint} {
			dst = appendWireText(dst, text)
		}
	}
	network.SealFrame(dst[start:])
	return dst
}

func appendResult(dst []byte, r *machine.Result) []byte {
	dst = append(dst, oneIf(r.Found, bitFound)|oneIf(r.Swapped, bitSwapped))
	return appendWireText(appendWireText(dst, r.Value), r.Error)
}

// oneIf returns a bit if something is so.
func oneIf(is bool, bit byte) byte {
	if is {
		return bit
	}
	return 0
}

// errShort says that a frame ends too early.
var errShort = errors.New("the frame ends within its contents")

// parts takes a frame's payload apart. After the first error all reads give zeros.
type parts struct {
	rest []byte
	err  error
}

func (p *parts) fail(err error) {
	if p.err == nil {
		p.err = err
	}
	p.rest = nil
}

func (p *parts) byte() byte {
	if len(p.rest) == 0 {
		p.fail(errShort)
		return 0
	}
	b := p.rest[0]
	p.rest = p.rest[1:]
	return b
}

// number reads a number of at most some size.
func (p *parts) number(most uint64) uint64 {
	n, length := binary.Uvarint(p.rest)
	switch {
	case length <= 0:
		p.fail(errShort)
		return 0
	case n > most:
		p.fail(fmt.Errorf("the number %d is above %d", n, most))
		return 0
	}
	p.rest = p.rest[length:]
	return n
}

func (p *parts) text() string {
	length := p.number(1 << 32)
	if length > uint64(len(p.rest)) {
		p.fail(errShort)
		return ""
	}
	text := string(p.rest[:length])
	p.rest = p.rest[length:]
	return text
}

func (p *parts) flag() bool {
	b := p.byte()
	if b > 1 {
		p.fail(fmt.Errorf("a flag is %d", b))
	}
	return b == 1
}

// end returns what was wrong with the payload, which has to be over.
func (p *parts) end() error {
	if p.err == nil && len(p.rest) > 0 {
		p.err = fmt.Errorf("the frame goes on for %d bytes after its contents", len(p.rest))
	}
	return p.err
}

const (
	clientMost = 1<<32 - 1
	numberMost = 1<<64 - 1
)

// parseQuestion returns what a frame asks, and the number that the answer must bear.
// The error says what is wrong with the question.
func parseQuestion(payload []byte) (number uint64, q question, err error) {
	p := parts{rest: payload}
	number = p.number(numberMost)
	switch q.kind = p.byte(); q.kind {
	case askCommand, askTransaction:
		q.client = protocols.ClientID(p.number(clientMost))
		q.request = p.number(numberMost)
		if (q.client == 0) != (q.request == 0) {
			p.fail(fmt.Errorf("the request is named %d by client %d: use the number of a session and one from 1 that grows, or 0 for both", q.request, q.client))
		}
		if q.kind == askCommand {
			command := p.command()
			q.command = command
			err = checkCommand(&command)
			break
		}
		var transaction machine.Transaction
		for range p.number(CommandsMost) {
			transaction.Commands = append(transaction.Commands, p.command())
		}
		q.command = transaction
		err = checkTransaction(&transaction)
	case askLocal:
		command := machine.Command{Op: machine.Get, Key: p.text()}
		q.command = command
		err = checkCommand(&command)
	case askSession:
	default:
		p.fail(fmt.Errorf("no kind %d of question", q.kind))
	}
	if wrong := p.end(); wrong != nil {
		err = wrong
	}
	return number, q, err
}

func (p *parts) command() machine.Command {
	var c machine.Command
	op := int(p.byte())
	if op == 0 || op > len(operations) {
		p.fail(fmt.Errorf("no operation %d", op))
		return c
	}
	c.Op = operations[op-1]
	c.Key = p.text()
	if c.Op == machine.Get || c.Op == machine.Delete {
		return c
	}
	c.Value = p.text()
	if c.Op == machine.CAS {
		if c.Absent = !p.flag(); !c.Absent {
			c.Expect = p.text()
		}
	}
	return c
}

// parseAnswer returns what a frame answers, and to which question.
func parseAnswer(payload []byte) (number uint64, a answer, err error) {
	p := parts{rest: payload}
	number = p.number(numberMost)
	switch kind := p.byte(); kind {
	case tellFault:
		a.fault = &Fault{Done: "no"}
		if p.flag() {
			a.fault.Done = "unknown"
		}
		a.fault.Kind, a.fault.Message, a.fault.Hint = p.text(), p.text(), p.text()
	case tellResult:
		a.result = p.result()
	case tellTransaction:
		var result machine.TransactionResult
		result.Aborted = p.flag()
		result.Error = p.text()
		for range p.number(CommandsMost) {
			result.Results = append(result.Results, p.result())
		}
		a.result = result
	case tellSession:
		a.session = protocols.ClientID(p.number(clientMost))
	default:
		p.fail(fmt.Errorf("no kind %d of answer", kind))
	}
	return number, a, p.end()
}

func (p *parts) result() machine.Result {
	var r machine.Result
	bits := p.byte()
	if bits > bitFound|bitSwapped {
		p.fail(fmt.Errorf("no result has the bits %b", bits))
	}
	r.Found, r.Swapped = bits&bitFound != 0, bits&bitSwapped != 0
	r.Value, r.Error = p.text(), p.text()
	return r
}
