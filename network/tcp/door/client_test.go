package door_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"quorumlab/network/tcp/door"
	"quorumlab/protocols/machine"
)

// cutter passes connections on to a door, and cuts some of them after the question.
type cutter struct {
	net.Listener
	target string
	mu     sync.Mutex
	cuts   int
	asked  int
}

func (c *cutter) run() {
	for {
		from, err := c.Accept()
		if err != nil {
			return
		}
		to, err := net.Dial("tcp", c.target)
		if err != nil {
			from.Close()
			continue
		}
		go c.pass(from, to)
	}
}

// pass passes questions on, and their answers back, unless they are cut.
func (c *cutter) pass(from, to net.Conn) {
	defer from.Close()
	defer to.Close()
	buffer := make([]byte, 1<<16)
	for {
		n, err := from.Read(buffer) // questions and answers are short, and come alone
		if err != nil {
			return
		}
		cut := c.cut(string(buffer[:n]))
		if _, err := to.Write(buffer[:n]); err != nil {
			return
		}
		if n, err = to.Read(buffer); err != nil || cut {
			return
		}
		if _, err := from.Write(buffer[:n]); err != nil {
			return
		}
	}
}

func (c *cutter) cut(said string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !strings.Contains(said, "counter") {
		return false
	}
	c.asked++
	c.cuts--
	return c.cuts >= 0
}

// The client of the binary API asks again under the same name, however often its
// connection breaks, and tells exactly what it knows.
func TestBinaryClientTellsWhatItKnows(t *testing.T) {
	h := newHouse(t, "zab", nil)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &cutter{Listener: listener, target: strings.TrimPrefix(h.server.URL, "http://"), cuts: 5}
	go c.run()
	defer listener.Close()
	address := listener.Addr().String()
	client := door.NewClient([]string{address, "127.0.0.1:1", address}, door.ClientOptions{First: 1})
	defer client.Close()
	add := machine.Command{Op: machine.Add, Key: "counter", Value: "1"}
	if got, err := client.Do(t.Context(), add); err != nil || got != (machine.Result{Swapped: true}) || c.asked != 6 {
		t.Errorf("%+v, %v, asked %d times", got, err, c.asked)
	}
	if got, err := client.Do(t.Context(), add); err != nil || got != (machine.Result{Value: "1", Found: true, Swapped: true}) || c.asked != 7 {
		t.Errorf("%+v, %v, asked %d times", got, err, c.asked)
	}
	c.mu.Lock()
	c.cuts = 1 << 30
	c.mu.Unlock()
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	_, err = client.Do(ctx, add)
	if _, unknown := errors.AsType[*door.UnknownError](err); !unknown || ctx.Err() == nil {
		t.Errorf("after a time-out: %v", err)
	}
	if status, body := h.ask("GET", "/v1/kv/counter", "", nil); status != 200 || body != `{"value":"3"}` {
		t.Errorf("the counter: %d %s", status, body)
	}
	h.driver.Close()
	ctx, cancel = context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	direct := door.NewClient([]string{c.target}, door.ClientOptions{})
	_, err = direct.Do(ctx, add)
	if fault, told := errors.AsType[*door.Fault](err); !told || fault.Kind != "stopped" {
		t.Errorf("of a node that has stopped: %v", err)
	}
}
