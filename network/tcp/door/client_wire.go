package door

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/http"
	"time"

	"quorumlab/network"
)

// wireAsker asks by the binary API, over a connection that it keeps. It has one question
// under way at a time.
type wireAsker struct {
	attempt time.Duration

	conn   net.Conn // nil if there is none
	node   string   // at its other end
	reader *bufio.Reader
	// deadline is that of the connection.
	deadline time.Time
	number   uint64
	out, in  []byte
}

func (w *wireAsker) close() {
	if w.conn != nil {
		w.conn.Close()
		w.conn = nil
	}
}

// ask implements asker.
func (w *wireAsker) ask(ctx context.Context, node string, q question) (answer, error) {
	if err := ctx.Err(); err != nil {
		return answer{}, err
	}
	now := time.Now()
	until := now.Add(w.attempt)
	if end, ok := ctx.Deadline(); ok && end.Before(until) {
		until = end
	}
	if w.conn == nil || w.node != node {
		w.close()
		if err := w.dial(ctx, node, until); err != nil {
			return answer{}, err
		}
	}
	// Whatever is under way on the connection fails when the context ends.
	conn := w.conn
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	given, err := w.exchange(q, now, until)
	if !stop() || err != nil {
		w.close()
	}
	switch {
	case err == nil && given.fault != nil:
		return answer{}, given.fault
	case err != nil && ctx.Err() != nil:
		return answer{}, fmt.Errorf("%w (%w)", context.Cause(ctx), err)
	}
	return given, err
}

// exchange sends a question and waits for its answer.
func (w *wireAsker) exchange(q question, now, until time.Time) (answer, error) {
	// To set a deadline is not free, and need not be exact: it may be a little early.
	if early := until.Sub(w.deadline); early > until.Sub(now)/8 || early < 0 {
		w.deadline = until
		if err := w.conn.SetDeadline(until); err != nil {
			return answer{}, err
		}
	}
	w.number++
	w.out = appendQuestion(w.out[:0], w.number, q)
	if _, err := w.conn.Write(w.out); err != nil {
		return answer{}, err
	}
	for {
		frame, err := network.ReadFrame(w.reader, w.in, bodyMost)
		if err != nil {
			return answer{}, err
		}
		if w.in = frame; len(frame) == 0 {
			continue // a sign of life
		}
		number, given, err := parseAnswer(frame)
		switch {
		case err != nil:
			return answer{}, fmt.Errorf("the node's answer: %w", err)
		case number == w.number:
			return given, nil
		case number > w.number:
			return answer{}, fmt.Errorf("the node answers question %d, and was asked %d so far", number, w.number)
		}
	}
}

// dial connects with a node, and has it speak the binary API.
func (w *wireAsker) dial(ctx context.Context, node string, until time.Time) error {
	ctx, cancel := context.WithDeadline(ctx, until)
	defer cancel()
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "tcp", node)
	if err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	reader := bufio.NewReader(conn)
	err = upgrade(conn, reader, node)
	if !stop() && err == nil {
		err = context.Cause(ctx)
	}
	if err != nil {
		conn.Close()
		return err
	}
	w.conn, w.node, w.reader, w.deadline, w.number = conn, node, reader, time.Time{}, 0
	return nil
}

// upgrade leads a new connection from HTTP to the binary API.
func upgrade(conn net.Conn, reader *bufio.Reader, node string) error {
	request, err := http.NewRequest(http.MethodGet, "http://"+node+"/v1/connect", nil)
	if err != nil {
		return err
	}
	request.Header.Set("Connection", "Upgrade")
	request.Header.Set("Upgrade", wireName)
	if err := request.Write(conn); err != nil {
		return err
	}
	response, err := http.ReadResponse(reader, request)
	if err != nil {
		return err
	}
	if response.StatusCode == http.StatusSwitchingProtocols {
		return nil
	}
	defer response.Body.Close()
	if err := readAnswer(response, new(struct{})); err != nil {
		return err
	}
	return fmt.Errorf("%s does not speak %s", node, wireName)
}
