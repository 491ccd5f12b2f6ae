package door

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"quorumlab/network"
	"quorumlab/network/tcp"
	"quorumlab/protocols/machine"
)

// This file turns an HTTP connection into one of the binary API, and asks the node what
// comes on it. Who asks more than he takes answers for is not read from any further.

// The bounds of such a connection.
const (
	lineIdle     = 2 * time.Minute  // without a question
	lineWithin   = 30 * time.Second // for the rest of a question that has begun
	answerWithin = 10 * time.Second // for the other end to take answers
	// askedMost is how many questions may be under way, answersMost how many bytes of
	// answers may wait, when the next question is read.
	askedMost   = 128
	answersMost = 256 << 10
	// allAnswersMost is how many bytes of answers may wait on all connections.
	allAnswersMost = 32 << 20
)

// connect takes the connection of a request over.
func (d *Door) connect(r *http.Request, _ Node) (any, error) {
	if !speaks(r.Header) {
		return nil, &Fault{
			Kind: "bad-request", Done: "no", Message: "this leads from HTTP to " + wireName,
			Hint: "send the headers Connection: Upgrade and Upgrade: " + wireName,
		}
	}
	w := r.Context().Value(exchangeKey{}).(exchange).w
	conn, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return nil, &Fault{Kind: "bad-request", Done: "no", Message: err.Error()}
	}
	early, _ := buffered.Reader.Peek(buffered.Reader.Buffered())
	l := newLine(d, conn)
	if !d.lines.add(l) {
		conn.Close()
		return answered{}, nil
	}
	go l.run(slices.Clone(early))
	return answered{}, nil
}

// speaks tells whether a client asks for the binary API.
func speaks(header http.Header) bool {
	has := func(name, want string) bool {
		for _, value := range header.Values(name) {
			for token := range strings.SplitSeq(value, ",") {
				if strings.EqualFold(strings.TrimSpace(token), want) {
					return true
				}
			}
		}
		return false
	}
	return has("Connection", "Upgrade") && has("Upgrade", wireName)
}

// run answers what is asked until the other end has no more to ask, or misbehaves.
func (l *line) run(early []byte) {
	var from io.Reader = l.conn
	if len(early) > 0 {
		from = io.MultiReader(bytes.NewReader(early), l.conn)
	}
	l.conn.SetDeadline(time.Time{}) // those of HTTP
	l.send([]byte("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: " + wireName + "\r\n\r\n"))
	err := l.read(bufio.NewReader(from))
	l.door.config.Log.Debug("a connection of the binary API is over", "address", l.conn.RemoteAddr().String(), "error", err)
	l.end()
}

// read handles questions. Its end is an error.
func (l *line) read(reader *bufio.Reader) error {
	var buffer []byte
	var deadline time.Time
	for l.ready() {
		// To set a deadline is not free, and that for idling need not be exact.
		if now := time.Now(); deadline.Sub(now) < lineIdle-lineIdle/8 {
			deadline = now.Add(lineIdle)
			if err := l.conn.SetReadDeadline(deadline); err != nil {
				return err
			}
		}
		if _, err := reader.Peek(1); err != nil {
			return err
		}
		if !wholeFrame(reader) {
			deadline = time.Now().Add(lineWithin)
			if err := l.conn.SetReadDeadline(deadline); err != nil {
				return err
			}
		}
		question := l.door.bodies.begin(reader, func() { l.conn.SetReadDeadline(time.Unix(1, 0)) })
		frame, err := network.ReadFrame(question, buffer, bodyMost)
		if err != nil {
			question.end()
			return err
		}
		question.arrived()
		l.handle(frame, question)
		if buffer = frame; cap(buffer) > answersMost { // a large one is rare
			buffer = nil
		}
	}
	return net.ErrClosed
}

// wholeFrame tells whether a frame need not be waited for.
func wholeFrame(reader *bufio.Reader) bool {
	have := reader.Buffered()
	if have < network.FrameHeader {
		return false
	}
	header, _ := reader.Peek(network.FrameHeader)
	return network.FramePayload(header) <= have-network.FrameHeader
}

// handle asks the node what a frame asks. An empty one is a sign of life.
func (l *line) handle(frame []byte, read *body) {
	if len(frame) == 0 {
		return
	}
	number, q, err := parseQuestion(frame)
	node := l.door.node.Load()
	switch {
	case err != nil:
	case node == nil:
		err = stopped()
	case q.kind == askLocal:
		var result machine.Result
		if result, err = l.door.local(context.Background(), *node, q.command.(machine.Command)); err == nil {
			l.answer(number, &answer{result: result})
		}
	default:
		if err = l.ask(*node, number, &q, read); err == nil {
			read = nil // it ends with the answer
		}
	}
	if read != nil {
		read.end()
	}
	if err != nil {
		l.door.refuse(l, number, err)
	}
	l.flush()
}

// refuse answers with a fault.
func (d *Door) refuse(l *line, number uint64, err error) {
	fault := faultOf(err)
	d.metrics.faults.WithLabelValues(fault.Kind).Inc()
	l.answer(number, &answer{fault: fault})
}

// ask asks the node. Of the answer it is told later.
func (l *line) ask(node Node, number uint64, q *question, read *body) error {
	d := l.door
	a := &asked{line: l, number: number, kind: q.kind, latency: d.metrics.transactions, begin: time.Now(), read: read}
	a.Client, a.Request, a.Command, a.Teller = q.client, q.request, q.command, a
	switch command := q.command.(type) {
	case nil:
		a.Command = nextSession()
		a.latency = d.metrics.sessions
	case machine.Command:
		if command.Op == machine.Get && d.config.StaleReads {
			return staleReads()
		}
		a.latency = d.metrics.operations[command.Op]
	}
	if a.Client == 0 {
		a.Request = d.request.Add(1)
	}
	l.enter(a)
	err := node.Ask(&a.Asking)
	if err != nil {
		a.read = nil
		l.leave(a)
		return faultOfAsking(err)
	}
	return nil
}

// asked is a question that the node is asked.
type asked struct {
	tcp.Asking
	line         *line
	number       uint64
	kind         byte
	latency      prometheus.Observer
	begin        time.Time
	read         *body
	older, newer *asked // of the same line
	isOver       bool
}

// Tell implements tcp.Teller: it puts the answer into the line's queue.
func (a *asked) Tell(told tcp.Answer) {
	a.line.leave(a)
	if err := faultOfAnswer(told); err != nil {
		a.line.door.refuse(a.line, a.number, err)
		return
	}
	a.latency.Observe(time.Since(a.begin).Seconds())
	made := answer{result: told.Result}
	switch result := told.Result.(type) {
	case machine.Result:
		var err error
		if a.kind == askSession {
			made.result = nil
			made.session, err = sessionOf(result)
		} else if result.Error != "" {
			err = errors.New(result.Error)
		}
		if err != nil {
			a.line.door.refuse(a.line, a.number, err)
			return
		}
	case machine.TransactionResult:
		bytes := 0
		for i := range result.Results {
			bytes += len(result.Results[i].Value)
		}
		if bytes > bodyMost-(1<<16) { // with what else is in the frame
			a.line.door.refuse(a.line, a.number, answerTooLarge())
			return
		}
	default:
		a.line.door.refuse(a.line, a.number, fmt.Errorf("the node answers with a %T", result))
		return
	}
	a.line.answer(a.number, &made)
}
