package zab

import (
	"testing"

	"quorumlab/protocols"
	"quorumlab/protocols/machine"
)

// A session that ended between two copies of one request: the second is not
// executed. Who asks then is refused; who waits for a copy that was handed on
// hears nothing, since the first was executed.
func TestRetryAfterItsSessionIsGone(t *testing.T) {
	p := newProbe(t, 3, protocols.Disk{}, nil)
	p.finish()
	p.lead(1)
	p.receive(1, Request{Epoch: 1, Client: 5, Request: 1, Command: add{}})
	p.step(protocols.Requested{Command: machine.Expire{Clients: []machine.Idle{{Client: 5, Request: 1}}}})
	p.step(protocols.Requested{Client: 5, Request: 1, Command: add{}})
	p.finish()
	p.finish()
	p.receive(1, Ack{Epoch: 1, Zxid: zxidOf(1, 3)})
	for _, reply := range replies(p) {
		if reply.Client == 5 {
			t.Fatalf("the second copy is answered: %+v", reply)
		}
	}
	p.step(protocols.Requested{Client: 5, Request: 1, Command: add{}})
	p.expectReply(protocols.Reply{Client: 5, Request: 1, Refusal: protocols.SessionGone})
	if p.node.Sessions.Machine.(*tally).Count != 1 || len(p.node.Writes) != 0 {
		t.Fatalf("executed %d times, waiting %v", p.node.Sessions.Machine.(*tally).Count, p.node.Writes)
	}
	p.step(protocols.Requested{Client: 5, Request: 2, Command: add{}})
	p.finish()
	p.receive(1, Ack{Epoch: 1, Zxid: zxidOf(1, 4)})
	p.expectReply(protocols.Reply{Client: 5, Request: 2, Result: 2})
}
