package zab

import (
	"testing"
	"time"

	"quorumlab/protocols"
)

// observed returns a world of three voters and two observers that all serve.
func observed(t *testing.T, set map[string]string) *world {
	t.Helper()
	w := newWorld(1, 5, set)
	w.config.Members = []protocols.NodeID{1, 2, 3}
	w.bootAll()
	if !w.until(5*time.Second, w.allServe) {
		t.Fatal("no epoch")
	}
	return w
}

// TestObservers: they serve reads and forward writes, get transactions by INFORM
// and only once those are committed.
func TestObservers(t *testing.T) {
	w := observed(t, nil)
	informed := 0
	w.sent = func(_ protocols.NodeID, send protocols.Send) bool {
		switch m := send.Message.(type) {
		case Inform:
			informed++
			if zxid := m.Transaction.(Transaction).Zxid; zxid > w.nodes[w.leader()].node.Leading.Committed {
				t.Errorf("observer %d is informed of %v before it is committed", send.To, zxid)
			}
		case Propose:
			if send.To > 3 {
				t.Errorf("observer %d gets a proposal", send.To)
			}
		case Ack:
			if w.nodes[4].node.Role != ObservingLeader || w.nodes[5].node.Role != ObservingLeader {
				t.Errorf("the observers are %v and %v", w.nodes[4].node.Role, w.nodes[5].node.Role)
			}
		}
		return false
	}
	for i := range 5 {
		w.mustCount(t, 4, uint64(i+1), i+1)
		if reply := w.request(5, 2, uint64(i+1), total{}); reply == nil || reply.Result != i+1 {
			t.Fatalf("the other observer reads %v", reply)
		}
	}
	if informed != 10 {
		t.Fatalf("%d times informed of 5 transactions", informed)
	}
}

// TestObserversAreNotCounted: neither their silence nor their word matters.
func TestObserversAreNotCounted(t *testing.T) {
	w := observed(t, nil)
	w.crash(4, -1)
	w.crash(5, -1)
	w.mustCount(t, 1, 1, 1)
	w.boot(4)
	w.boot(5)
	if !w.until(2*time.Second, w.allServe) {
		t.Fatal("the observers do not come back")
	}
	epoch := w.nodes[1].node.CurrentEpoch
	leader := w.leader()
	for _, id := range w.ids[:3] {
		if id != leader {
			w.crash(id, -1)
		}
	}
	if reply := w.request(4, 1, 2, add{}); reply != nil && reply.Refusal == "" {
		t.Fatalf("one voter and two observers commit: %v", reply)
	}
	w.run(5 * time.Second)
	if got := w.leader(); got != 0 {
		t.Fatalf("node %d leads with one voter", got)
	}
	w.bootAll()
	if !w.until(5*time.Second, w.allServe) || w.nodes[1].node.CurrentEpoch == epoch {
		t.Fatal("no new epoch")
	}
	// A retry of the write counts once.
	w.mustCount(t, 5, 2, 2)
}

func TestObserverHasNoVote(t *testing.T) {
	w := newWorld(1, 3, nil)
	w.config.Members = []protocols.NodeID{1}
	w.boot(2)
	w.boot(3)
	w.run(5 * time.Second)
	for _, id := range []protocols.NodeID{2, 3} {
		if got := w.nodes[id].node.Role; got != Looking {
			t.Fatalf("observer %d without voters is %v", id, got)
		}
	}
	w.boot(1)
	if !w.until(2*time.Second, w.allServe) {
		t.Fatal("the observers do not find the only voter")
	}
	w.mustCount(t, 3, 1, 1)
}
