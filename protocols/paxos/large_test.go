package paxos

import (
	"strings"
	"testing"

	"quorumlab/protocols"
	"quorumlab/protocols/machine"
)

func (c *cluster) tick(id protocols.NodeID) {
	c.step(id, protocols.TimerFired{Timer: protocols.Timer{Name: timerTick}})
}

// TestCommandWithoutNameIsExecutedOnce: nobody can tell one that comes again from
// another, so whoever waits long for its leader, or for a vote, does not repeat it.
func TestCommandWithoutNameIsExecutedOnce(t *testing.T) {
	for id := protocols.NodeID(1); id <= 2; id++ {
		c := newCluster(t, nil)
		c.step(id, protocols.Requested{Request: 7, Command: machine.Command{Op: machine.Add, Key: "k", Value: "1"}})
		for range 3 {
			c.tick(id)
		}
		c.drain()
		c.tick(1)
		c.drain()
		if got := c.nodes[1].Sessions.Machine.(*machine.KV).Values["k"]; got != "1" {
			t.Errorf("asked of node %d it was executed so that the sum is %q", id, got)
		}
	}
}

// TestLargeCommandsAreRepeatedSeldom: in ten half ticks without an answer a large
// command is handed on once and proposed once to each; a small one is repeated.
func TestLargeCommandsAreRepeatedSeldom(t *testing.T) {
	for _, test := range []struct{ bytes, submits, accepts int }{{4 << 20, 1, 2}, {10, 11, 20}} {
		c := newCluster(t, nil)
		command := machine.Command{Op: machine.Put, Key: "k", Value: strings.Repeat("v", test.bytes)}
		count := func() (submits, accepts int) {
			for _, l := range c.queue {
				received, _ := l.event.(protocols.Received)
				switch received.Message.(type) {
				case Submit:
					submits++
				case Accept:
					accepts++
				}
			}
			return submits, accepts
		}
		c.step(2, protocols.Requested{Client: 1, Request: 1, Command: command})
		for range 10 {
			c.tick(2)
		}
		if submits, _ := count(); submits != test.submits {
			t.Errorf("%d bytes are handed on %d times, want %d", test.bytes, submits, test.submits)
		}
		c.queue = nil
		c.step(1, protocols.Requested{Client: 1, Request: 1, Command: command})
		for range 10 {
			c.nodes[1].Leading.Heard = make([]uint64, 3)
			c.tick(1)
		}
		if _, accepts := count(); accepts != test.accepts {
			t.Errorf("%d bytes are proposed in %d messages, want %d", test.bytes, accepts, test.accepts)
		}
	}
}

// TestLogOfLargeValuesIsCut: the log in memory is bounded by bytes, too, and so is what
// is under way.
func TestLogOfLargeValuesIsCut(t *testing.T) {
	c := newCluster(t, nil)
	value := strings.Repeat("v", 1<<20)
	for i := range 100 {
		c.step(1, protocols.Requested{
			Client: protocols.ClientID(i + 1), Request: 1, Command: machine.Command{Op: machine.Put, Key: "k", Value: value},
		})
	}
	if open := len(c.nodes[1].Leading.Open); open != 8 {
		t.Errorf("%d MiB are under way", open)
	}
	most := 0
	for at := 0; at < len(c.queue); at++ {
		c.step(c.queue[at].to, c.queue[at].event)
		most = max(most, len(c.nodes[2].Log.Entries))
	}
	if c.nodes[2].Chosen < 100 || most > 60 {
		t.Errorf("%d are chosen, and up to %d MiB were in the log", c.nodes[2].Chosen, most)
	}
}

// TestAttemptTakesTheTimeOfLargeValues: a leader that has large values to propose anew
// is not given up while disks write them; one that has none is.
func TestAttemptTakesTheTimeOfLargeValues(t *testing.T) {
	for _, bytes := range []int{10, 4 << 20} {
		c := newCluster(t, nil)
		n := c.nodes[1]
		c.step(1, protocols.Requested{Client: 1, Request: 1, Command: machine.Command{Op: machine.Put, Key: "k", Value: strings.Repeat("v", bytes)}})
		n.Leading.Stage = Recovering
		ticks := uint64(0)
		for ; n.Leading.Stage == Recovering && ticks < 1000; ticks++ {
			n.Leading.Heard = make([]uint64, 3)
			c.tick(1)
		}
		if want := n.Options.Election + uint64(bytes/slowBytes) + 1; ticks != want {
			t.Errorf("with %d bytes it lasts %d half ticks, want %d", bytes, ticks, want)
		}
	}
}
