package zab

import (
	"testing"
	"time"

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

// Only the leader ends sessions, through the log, and a new one gives all of them
// their whole time again.
func TestSessionsExpire(t *testing.T) {
	w := settled(t, 3, map[string]string{"sessionTimeout": "20"})
	w.mustCount(t, 1, 1, 1)
	sessions := func() (open int) {
		for _, id := range w.ids {
			open += len(w.nodes[id].node.Sessions.Open)
		}
		return open
	}
	w.run(time.Second)
	if sessions() != 3 {
		t.Fatal("a session is not everywhere")
	}
	w.crash(w.leader(), -1)
	if !w.until(3*time.Second, func() bool { return w.leader() != 0 }) {
		t.Fatal("no new leader")
	}
	w.bootAll()
	began := w.now
	if !w.until(5*time.Second, func() bool { return sessions() == 0 }) {
		t.Fatalf("%d sessions never end", sessions())
	}
	if silent := w.now - began; silent < 18*testTick || silent > 26*testTick {
		t.Fatalf("a session of 20 ticks ends %v after the new leader began", silent)
	}
	if reply := w.request(2, 1, 1, add{}); reply == nil || reply.Refusal != protocols.SessionGone {
		t.Fatalf("a request from before is answered with %v", reply)
	}
	w.mustCount(t, 2, 2, 2)
}

// Reads keep a session open, wherever they are asked and however they are
// answered.
func TestReadsKeepSessions(t *testing.T) {
	for _, reads := range []string{"sync", "local"} {
		w := settled(t, 3, map[string]string{"sessionTimeout": "5", "reads": reads})
		w.mustCount(t, 1, 1, 1)
		for i := range 30 {
			w.request(w.ids[i/10], 1, uint64(i+2), total{})
			w.run(2 * testTick)
		}
		w.mustCount(t, 1, 1, 1)
		w.run(10 * testTick)
		if reply := w.request(1, 1, 1, add{}); reply == nil || reply.Refusal != protocols.SessionGone {
			t.Fatalf("%s: after the last read the session goes on: %v", reads, reply)
		}
	}
}
