package primarybackup

import (
	"testing"

	"quorumlab/protocols"
	"quorumlab/protocols/machine"
)

// A session that ended: a retry is refused, and never executed, by all nodes;
// the client's next request begins a new session.
func TestRetryAfterItsSessionIsGone(t *testing.T) {
	c := newCluster(t, 2, set{})
	c.drain()
	c.request(1, 5, 1, put("once"))
	c.drain()
	c.wantWritten(5, 1)
	c.request(1, 0, 1, machine.Expire{Clients: []machine.Idle{{Client: 5, Request: 1}}})
	c.drain()
	last := c.nodes[1].last()
	for _, node := range []protocols.NodeID{1, 2} {
		c.request(node, 5, 1, put("once"))
		c.drain()
		replies := c.reply(5, 1)
		if reply := replies[len(replies)-1]; reply.Refusal != protocols.SessionGone {
			t.Fatalf("node %d answers %+v", node, reply)
		}
	}
	if c.nodes[1].last() != last {
		t.Fatalf("the log grew from %v to %v", last, c.nodes[1].last())
	}
	c.request(2, 5, 2, put("again"))
	c.drain()
	c.wantWritten(5, 2)
}

// A copy of a request that reaches the log after its session ended is neither
// executed nor answered: it was handed on before anybody could know.
func TestCopyAfterItsSessionIsGone(t *testing.T) {
	c := newCluster(t, 1, set{})
	c.drain()
	n := c.nodes[1]
	n.Sessions.Forgotten = 5
	n.Writes[5] = Write{Request: 1}
	n.Writes[6] = Write{Request: 1}
	var out protocols.Effects
	for _, client := range []protocols.ClientID{5, 6} {
		result, fresh := n.Sessions.Apply(client, 1, put("v"))
		n.answer(Entry{Client: client, Request: 1}, result, fresh, &out)
	}
	if want := (protocols.Reply{Client: 6, Request: 1, Result: machine.Result{}}); len(out) != 1 || out[0] != want {
		t.Fatalf("%+v, want only %+v", out, want)
	}
	if len(n.Writes) != 0 {
		t.Fatalf("still waiting: %v", n.Writes)
	}
}
