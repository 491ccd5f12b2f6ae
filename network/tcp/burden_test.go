package tcp_test

import (
	"errors"
	"testing"

	"quorumlab/network/tcp"
	"quorumlab/protocols"
)

type mute struct{}

func (mute) Tell(tcp.Answer) {}

// Commands are refused when those under way have too many bytes, but one alone may have
// any number. Who gives up at once makes no room by that, for the node still has what he
// asked; an answer does.
func TestBytesOfRequests(t *testing.T) {
	l := newLab(t, 1, protocols.Stream, func(c *tcp.Config) { c.Limits.RequestBytes = 1000 })
	driver := l.drivers[1]
	release := l.nodes[1].hold()
	request := uint64(0)
	ask := func(bytes int) (*tcp.Asking, error) {
		request++
		a := &tcp.Asking{Client: 1, Request: request, Teller: mute{}, Command: heavy(bytes)}
		return a, driver.Ask(a)
	}
	if _, err := ask(5000); err != nil {
		t.Fatalf("one alone: %v", err)
	}
	if _, err := ask(1); !errors.Is(err, tcp.ErrBusy) {
		t.Errorf("one on top: %v", err)
	}
	release()
	l.wait("the answer", func() bool { return driver.Stats().RequestBytes == 0 })
	release = l.nodes[1].hold()
	defer release()
	for _, bytes := range []int{400, 600} {
		a, err := ask(bytes)
		if err != nil {
			t.Fatalf("%d bytes more: %v", bytes, err)
		}
		if !a.Forget() {
			t.Fatal("it was answered")
		}
	}
	if _, err := ask(1); !errors.Is(err, tcp.ErrBusy) {
		t.Errorf("after others were given up: %v", err)
	}
	if s := driver.Stats(); s.RequestBytes != 1000 || s.Requests != 0 {
		t.Errorf("%d bytes of %d requests count", s.RequestBytes, s.Requests)
	}
}
