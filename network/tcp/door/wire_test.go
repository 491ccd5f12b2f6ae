package door

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"

	"quorumlab/network"
	"quorumlab/network/tcp"
	"quorumlab/protocols"
	"quorumlab/protocols/machine"
)

// drawCommand draws a command that makes sense.
func drawCommand(t *rapid.T) machine.Command {
	text := rapid.StringN(0, 20, 100)
	c := machine.Command{
		Op: rapid.SampledFrom(operations[:]).Draw(t, "op"), Key: rapid.StringMatching(`[a-zé/]{1,20}`).Draw(t, "key"),
	}
	if c.Op == machine.Get || c.Op == machine.Delete {
		return c
	}
	c.Value = text.Draw(t, "value")
	if c.Op == machine.CAS {
		if c.Absent = rapid.Bool().Draw(t, "absent"); !c.Absent {
			c.Expect = text.Draw(t, "expect")
		}
	}
	return c
}

func drawResult(t *rapid.T) machine.Result {
	text := rapid.StringN(0, 20, 100)
	return machine.Result{
		Value: text.Draw(t, "value"), Found: rapid.Bool().Draw(t, "found"),
		Swapped: rapid.Bool().Draw(t, "swapped"), Error: text.Draw(t, "error"),
	}
}

func payloadOf(t *rapid.T, frame []byte) []byte {
	payload, err := network.ReadFrame(bufio.NewReader(&reader1{frame}), nil, bodyMost)
	if err != nil {
		t.Fatal(err)
	}
	return payload
}

// reader1 reads byte by byte.
type reader1 struct{ rest []byte }

func (r *reader1) Read(b []byte) (int, error) {
	if len(r.rest) == 0 {
		return 0, io.EOF
	}
	b[0] = r.rest[0]
	r.rest = r.rest[1:]
	return 1, nil
}

func TestQuestionsRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		number := rapid.Uint64().Draw(t, "number")
		q := question{kind: rapid.SampledFrom([]byte{askCommand, askTransaction, askLocal, askSession}).Draw(t, "kind")}
		if named := rapid.Bool().Draw(t, "named"); named && q.kind <= askTransaction {
			q.client = protocols.ClientID(rapid.Uint32Min(1).Draw(t, "client"))
			q.request = rapid.Uint64Min(1).Draw(t, "request")
		}
		switch q.kind {
		case askCommand:
			q.command = drawCommand(t)
		case askTransaction:
			q.command = machine.Transaction{Commands: rapid.SliceOfN(rapid.Custom(drawCommand), 1, 5).Draw(t, "commands")}
		case askLocal:
			q.command = machine.Command{Op: machine.Get, Key: "k"}
		}
		gotNumber, got, err := parseQuestion(payloadOf(t, appendQuestion(nil, number, q)))
		if err != nil || gotNumber != number || !reflect.DeepEqual(got, q) {
			t.Fatalf("%d %+v, %v; want %d %+v", gotNumber, got, err, number, q)
		}
	})
}

func TestAnswersRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		number := rapid.Uint64().Draw(t, "number")
		var a answer
		switch rapid.IntRange(0, 3).Draw(t, "kind") {
		case tellFault:
			text := rapid.StringN(0, 20, 100)
			a.fault = &Fault{
				Kind: text.Draw(t, "kind"), Done: rapid.SampledFrom([]string{"no", "unknown"}).Draw(t, "done"),
				Message: text.Draw(t, "message"), Hint: text.Draw(t, "hint"),
			}
		case tellResult:
			a.result = drawResult(t)
		case tellTransaction:
			a.result = machine.TransactionResult{
				Aborted: rapid.Bool().Draw(t, "aborted"), Error: rapid.String().Draw(t, "why"),
				Results: rapid.SliceOfN(rapid.Custom(drawResult), 1, 5).Draw(t, "results"),
			}
		case tellSession:
			a.session = protocols.ClientID(rapid.Uint32().Draw(t, "session"))
		}
		gotNumber, got, err := parseAnswer(payloadOf(t, appendAnswer(nil, number, &a)))
		if err != nil || gotNumber != number || !reflect.DeepEqual(got, a) {
			t.Fatalf("%d %+v, %v; want %d %+v", gotNumber, got, err, number, a)
		}
	})
}

// FuzzQuestion: whatever comes is a question that can be asked, or an error.
func FuzzQuestion(f *testing.F) {
	for _, q := range []question{
		{kind: askSession},
		{kind: askLocal, command: machine.Command{Op: machine.Get, Key: "a"}},
		{kind: askCommand, client: 1, request: 2, command: machine.Command{Op: machine.CAS, Key: "a", Value: "b", Expect: "c"}},
		{kind: askTransaction, command: machine.Transaction{Commands: []machine.Command{{Op: machine.Put, Key: "a", Value: "b"}, {Op: machine.Delete, Key: "c"}}}},
	} {
		f.Add(appendQuestion(nil, 300, q)[network.FrameHeader:])
	}
	f.Fuzz(func(t *testing.T, payload []byte) {
		number, q, err := parseQuestion(payload)
		if err != nil {
			return
		}
		again, same, err := parseQuestion(appendQuestion(nil, number, q)[network.FrameHeader:])
		if err != nil || again != number || !reflect.DeepEqual(same, q) {
			t.Fatalf("%d %+v became %d %+v, %v", number, q, again, same, err)
		}
	})
}

// FuzzAnswer: whatever a node says, the client can make something of it, or says why not.
func FuzzAnswer(f *testing.F) {
	for _, a := range []answer{
		{session: 7},
		{fault: stopped()},
		{result: machine.Result{Value: "v", Found: true}},
		{result: machine.TransactionResult{Results: []machine.Result{{Error: "e"}, {}}}},
	} {
		f.Add(appendAnswer(nil, 300, &a)[network.FrameHeader:])
	}
	f.Fuzz(func(t *testing.T, payload []byte) {
		number, a, err := parseAnswer(payload)
		if err != nil {
			return
		}
		again, same, err := parseAnswer(appendAnswer(nil, number, &a)[network.FrameHeader:])
		if err != nil || again != number || !reflect.DeepEqual(same, a) {
			t.Fatalf("%d %+v became %d %+v, %v", number, a, again, same, err)
		}
	})
}

// ready is a node that executes everything at once.
type ready struct{ journal *machine.Journal }

func (n *ready) Request(context.Context, protocols.ClientID, uint64, protocols.Command) tcp.Answer {
	return tcp.Answer{Err: errors.ErrUnsupported}
}

func (n *ready) Ask(a *tcp.Asking) error {
	a.Teller.Tell(tcp.Answer{Result: n.journal.Apply(a.Command)})
	return nil
}

func (n *ready) Look(_ context.Context, look func(protocols.Node, time.Duration)) bool {
	look(n, 0)
	return true
}

func (n *ready) Stats() tcp.Stats                                        { return tcp.Stats{} }
func (n *ready) Done() <-chan struct{}                                   { return nil }
func (n *ready) Step(time.Duration, protocols.Event, *protocols.Effects) {}
func (n *ready) Replicated() protocols.StateMachine                      { return n.journal }

// FuzzConnection: whatever comes on a connection, what goes back is answers, and the
// connection ends when the other end is done.
func FuzzConnection(f *testing.F) {
	put := question{kind: askCommand, command: machine.Command{Op: machine.Put, Key: "a", Value: "b"}}
	f.Add([]byte{1, 9}, appendQuestion(appendQuestion(nil, 1, put), 2, question{kind: askSession}))
	f.Add(appendQuestion(nil, 1, put)[network.FrameHeader:], network.AppendFrame(nil, nil))
	f.Add([]byte(nil), []byte("GET / HTTP/1.1\r\n\r\n"))
	f.Fuzz(func(t *testing.T, payload, raw []byte) {
		var node Node = &ready{machine.NewJournal()}
		d := New(Config{ID: 1})
		d.Open(node)
		here, there := net.Pipe()
		l := newLine(d, there)
		d.lines.add(l)
		over := make(chan struct{})
		go func() {
			l.run(nil)
			close(over)
		}()
		heard := make(chan error, 1)
		go func() {
			reader := bufio.NewReader(here)
			for line := ""; line != "\r\n"; {
				var err error
				if line, err = reader.ReadString('\n'); err != nil {
					heard <- nil // it ended before
					return
				}
			}
			for {
				frame, err := network.ReadFrame(reader, nil, bodyMost)
				if err == nil {
					_, _, err = parseAnswer(frame)
				} else if !errors.Is(err, network.ErrFrameCorrupt) {
					err = nil
					heard <- err
					return
				}
				if err != nil {
					heard <- err
					return
				}
			}
		}()
		here.Write(append(network.AppendFrame(nil, payload), raw...))
		here.Close()
		<-over
		if err := <-heard; err != nil {
			t.Fatal(err)
		}
		if d.lines.waiting.Load() != 0 || len(d.lines.all) != 0 {
			t.Fatalf("%d bytes wait on %d connections", d.lines.waiting.Load(), len(d.lines.all))
		}
	})
}
