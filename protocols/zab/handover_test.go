package zab

import (
	"testing"
	"time"

	"quorumlab/protocols"
)

// load has a client at each node write all the time. It returns how many writes
// were answered, and the longest time between two answers of a client.
type load struct {
	w       *world
	request map[protocols.ClientID]uint64
	since   map[protocols.ClientID]time.Duration
	answers int
	refused int
	longest time.Duration
	stopped bool
}

func newLoad(w *world, clients ...protocols.NodeID) *load {
	l := &load{w: w, request: map[protocols.ClientID]uint64{}, since: map[protocols.ClientID]time.Duration{}}
	w.replied = func(_ protocols.NodeID, reply protocols.Reply) {
		if reply.Request != l.request[reply.Client] {
			return
		}
		if reply.Refusal != "" {
			l.refused++
		}
		l.answers++
		l.longest = max(l.longest, w.now-l.since[reply.Client])
		w.after(time.Millisecond, func() { l.next(protocols.NodeID(reply.Client)) })
	}
	for _, id := range clients {
		w.after(0, func() { l.next(id) })
	}
	return l
}

func (l *load) next(at protocols.NodeID) {
	if l.stopped {
		return
	}
	client := protocols.ClientID(at)
	l.request[client]++
	l.since[client] = l.w.now
	command := protocols.Command(add{})
	if l.request[client]%4 == 0 {
		command = total{}
	}
	l.w.step(at, protocols.Requested{Client: client, Request: l.request[client], Command: command})
}

// TestEpochsEnd: epochs of 20 transactions follow one another without an
// election. No write is lost, refused or executed twice, and the pause is much
// shorter than any time-out.
func TestEpochsEnd(t *testing.T) {
	w := settled(t, 3, map[string]string{"counterMax": "20"})
	leader := w.leader()
	l := newLoad(w, w.ids...)
	w.run(10 * time.Second)
	l.stopped = true
	w.run(time.Second)
	n := w.nodes[leader].node
	if n.CurrentEpoch < 10 || w.leader() != leader {
		t.Fatalf("node %d leads epoch %d", w.leader(), n.CurrentEpoch)
	}
	if w.judge.notes["role looking"] != 3 {
		t.Fatalf("%d elections", w.judge.notes["role looking"])
	}
	asked := uint64(0)
	for _, request := range l.request {
		asked += request
	}
	if l.refused != 0 || uint64(l.answers) != asked {
		t.Fatalf("of %d operations %d are answered, %d of them by a refusal", asked, l.answers, l.refused)
	}
	if l.longest > 150*time.Millisecond {
		t.Fatalf("an operation takes %v, in spite of links of 8 ms and disks of 10 ms", l.longest)
	}
	if count := n.Sessions.Machine.(*tally).Count; count != len(w.judge.history) {
		t.Fatalf("%d transactions, %d executed: some were proposed twice", len(w.judge.history), count)
	}
	t.Logf("%d epochs, %d operations, the longest takes %v", n.CurrentEpoch, l.answers, l.longest)
}

// TestHandOverFails: the leader dies in the middle of it, and the others elect.
func TestHandOverFails(t *testing.T) {
	for _, at := range []int{1, 2, 3, 4} {
		w := settled(t, 3, map[string]string{"counterMax": "5"})
		leader := w.leader()
		l := newLoad(w, w.ids...)
		stage := 0
		w.sent = func(from protocols.NodeID, send protocols.Send) bool {
			handedOver := w.judge.notes["handing-over the epoch's zxids are used up"] > 0
			switch send.Message.(type) {
			case HandOver:
				stage = max(stage, 1)
			case LeaderInfo:
				if handedOver {
					stage = max(stage, 2)
				}
			case NewLeader:
				if handedOver {
					stage = max(stage, 3)
				}
			case UpToDate:
				if handedOver {
					stage = max(stage, 4)
				}
			}
			return from == leader && stage >= at // lost, with all that follows
		}
		if !w.until(10*time.Second, func() bool { return stage >= at }) {
			t.Fatalf("no hand-over comes to stage %d", at)
		}
		w.crash(leader, -1)
		w.sent = nil
		if !w.until(10*time.Second, func() bool { return w.leader() != 0 && w.leader() != leader }) {
			t.Fatalf("stage %d: nobody takes over", at)
		}
		w.bootAll()
		if !w.until(10*time.Second, w.allServe) {
			t.Fatalf("stage %d: the old leader does not come back", at)
		}
		l.stopped = true
		if reply := w.request(other(w, leader), 9, 1, add{}); reply == nil || reply.Refusal != "" {
			t.Fatalf("stage %d: a write in peace is answered with %v", at, reply)
		}
	}
}

// TestNothingOfNobodyIsRepeated: a command without a session that was on its way
// is not asked again, one that still waited is asked for the first time.
func TestNothingOfNobodyIsRepeated(t *testing.T) {
	p := newProbe(t, 1, protocols.Disk{}, nil)
	p.finish()
	p.join(1)
	p.step(protocols.Requested{Command: add{}})
	p.step(protocols.Requested{Client: 2, Request: 1, Command: add{}})
	p.step(protocols.Requested{Client: 3, Request: 1, Command: total{}})
	p.receive(3, HandOver{Epoch: 1, Leader: 3})
	attempt := p.node.Following.Attempt
	p.expectSent(FollowerInfo{Attempt: attempt, AcceptedEpoch: 1, HandedOver: 1})
	p.step(protocols.Requested{Command: add{}})
	p.step(protocols.Requested{Client: 4, Request: 1, Command: total{}})
	if len(p.out) != 0 {
		t.Fatalf("during the hand-over requests lead to %v", p.out)
	}
	p.receive(3, LeaderInfo{Attempt: attempt, Epoch: 2})
	p.finish()
	p.receive(3, Diff{Attempt: attempt, Epoch: 2})
	p.receive(3, NewLeader{Attempt: attempt, Epoch: 2})
	p.finish()
	p.receive(3, UpToDate{Attempt: attempt, Epoch: 2})
	p.expectSent(Request{Epoch: 2, Client: 2, Request: 1, Command: add{}})
	p.expectSent(Request{Epoch: 2, Command: add{}})
	p.expectSent(ReadIndex{Epoch: 2, Number: 2, Client: 4})
	if got := len(sent[Request](p)); got != 2 {
		t.Fatalf("%d requests are sent", got)
	}
}

// TestHandOverEndsInElection: who waited is told that nothing was done.
func TestHandOverEndsInElection(t *testing.T) {
	p := newProbe(t, 1, protocols.Disk{}, nil)
	p.finish()
	p.join(1)
	p.step(protocols.Requested{Client: 2, Request: 1, Command: add{}})
	p.receive(3, HandOver{Epoch: 1, Leader: 2})
	p.step(protocols.Requested{Client: 3, Request: 1, Command: add{}})
	p.step(protocols.Disconnected{Peer: 2})
	want := protocols.Reply{Client: 3, Request: 1, Refusal: protocols.NoQuorum}
	if got := replies(p); len(got) != 1 || got[0] != want || p.node.Role != Looking {
		t.Fatalf("answered %v: what was sent may have been done, what waited was not", got)
	}
}

// TestSuccessorHearsLast: another has heard of the hand-over before the successor.
func TestSuccessorHearsLast(t *testing.T) {
	p := newProbe(t, 1, protocols.Disk{}, nil)
	p.finish()
	p.join(1)
	p.receive(2, FollowerInfo{Attempt: 7, AcceptedEpoch: 1, HandedOver: 1})
	if len(p.out) != 0 {
		t.Fatalf("the successor turns away who comes too soon: %v", p.out)
	}
	p.receive(3, HandOver{Epoch: 1, Leader: 1})
	if n := p.node; n.Role != LeadingFollowers || n.Leading.Epoch != 2 || n.Leading.Learners[1].Attempt != 7 {
		t.Fatalf("the successor is %v of %+v", n.Role, n.Leading)
	}
}
