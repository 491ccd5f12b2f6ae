package zab

import (
	"testing"
	"time"

	"quorumlab/protocols"
	"quorumlab/protocols/state"
)

// settled returns a world whose nodes all serve.
func settled(t *testing.T, size int, set map[string]string) *world {
	t.Helper()
	w := newWorld(1, size, set)
	w.bootAll()
	if !w.until(5*time.Second, w.allServe) {
		t.Fatal("no epoch")
	}
	return w
}

// request asks at a node and returns the reply, nil if there is none in time.
func (w *world) request(at protocols.NodeID, client protocols.ClientID, request uint64, command protocols.Command) *protocols.Reply {
	var found *protocols.Reply
	w.replied = func(_ protocols.NodeID, reply protocols.Reply) {
		if reply.Client == client && reply.Request == request {
			found = &reply
		}
	}
	w.step(at, protocols.Requested{Client: client, Request: request, Command: command})
	w.until(3*time.Second, func() bool { return found != nil })
	return found
}

func (w *world) mustCount(t *testing.T, at protocols.NodeID, request uint64, want int) {
	t.Helper()
	reply := w.request(at, 1, request, add{})
	if reply == nil || reply.Refusal != "" || reply.Result != want {
		t.Fatalf("write %d at node %d: %v", request, at, reply)
	}
}

func (w *world) stallAll(a protocols.NodeID, stalled bool) {
	for _, b := range w.ids {
		for _, pair := range [][2]protocols.NodeID{{a, b}, {b, a}} {
			w.links[pair].stalled = stalled
			w.move(pair)
		}
	}
}

// other returns a node that is not the given one.
func other(w *world, not protocols.NodeID) protocols.NodeID {
	if w.ids[0] == not {
		return w.ids[1]
	}
	return w.ids[0]
}

// TestOrphan: a leader crashes with a transaction that it alone has. Others go
// on without it, and it has to cut its log when it comes back.
func TestOrphan(t *testing.T) {
	for _, more := range []bool{false, true} {
		w := settled(t, 3, nil)
		leader := w.leader()
		w.mustCount(t, leader, 1, 1)
		w.stallAll(leader, true)
		w.step(leader, protocols.Requested{Client: 2, Request: 1, Command: add{}})
		w.run(50 * time.Millisecond)
		w.crash(leader, -1)
		w.stallAll(leader, false)
		if !w.until(5*time.Second, func() bool { return w.leader() != 0 }) {
			t.Fatal("no new leader")
		}
		want := "synchronized TRUNC"
		if more {
			w.mustCount(t, w.leader(), 2, 2)
			want = "synchronized TRUNC+DIFF"
		}
		before := w.judge.notes[want]
		w.boot(leader)
		if !w.until(5*time.Second, w.allServe) {
			t.Fatal("the old leader does not come back")
		}
		if w.judge.notes[want] == before {
			t.Fatalf("no %s: %v", want, w.judge.notes)
		}
		w.run(time.Second)
		log := w.nodes[w.leader()].node.History.Entries
		for _, id := range w.ids {
			if got := w.nodes[id].node.History.Entries; len(got) != len(log) || len(w.nodes[id].disk.Log) != len(log) {
				t.Fatalf("node %d has %v, the leader %v", id, got, log)
			}
		}
	}
}

func TestLateJoiner(t *testing.T) {
	w := newWorld(1, 3, nil)
	w.boot(1)
	w.boot(2)
	if !w.until(5*time.Second, func() bool { return w.leader() != 0 }) {
		t.Fatal("no leader among two of three")
	}
	w.run(time.Second)
	for i := range 20 {
		w.mustCount(t, 1, uint64(i+1), i+1)
	}
	epoch := w.nodes[1].node.CurrentEpoch
	w.boot(3)
	if !w.until(2*time.Second, w.allServe) {
		t.Fatal("the late joiner does not serve")
	}
	if got := w.nodes[3].node.CurrentEpoch; got != epoch || w.judge.notes["synchronized DIFF"] == 0 {
		t.Fatalf("it joined epoch %d of %d: %v", got, epoch, w.judge.notes)
	}
	w.mustCount(t, 3, 21, 21)
}

// TestQuorumLoss: a leader that hears nobody steps down within syncLimit, and
// refuses; it reads nothing stale before.
func TestQuorumLoss(t *testing.T) {
	w := settled(t, 3, nil)
	leader := w.leader()
	w.mustCount(t, leader, 1, 1)
	w.stallAll(leader, true)
	began := w.now
	if reply := w.request(leader, 2, 1, total{}); reply == nil || reply.Refusal != protocols.NoQuorum {
		t.Fatalf("a leader without a quorum answers a read with %v", reply)
	}
	if limit := 7 * testTick; w.now-began > limit || w.nodes[leader].node.Role != Looking {
		t.Fatalf("after %v the old leader is %v", w.now-began, w.nodes[leader].node.Role)
	}
	if reply := w.request(leader, 2, 2, add{}); reply == nil || reply.Refusal != protocols.NoQuorum {
		t.Fatalf("it answers a write with %v", reply)
	}
	if !w.until(5*time.Second, func() bool { return w.leader() != 0 }) {
		t.Fatal("the majority has no leader")
	}
	w.mustCount(t, w.leader(), 2, 2)
}

// TestLocalReads: the same without confirmation gives the stale value.
func TestLocalReads(t *testing.T) {
	w := settled(t, 3, map[string]string{"reads": "local"})
	w.mustCount(t, 1, 1, 1)
	w.run(time.Second)
	follower := other(w, w.leader())
	w.stallAll(follower, true)
	w.mustCount(t, w.leader(), 2, 2)
	if reply := w.request(follower, 2, 1, total{}); reply == nil || reply.Result != 1 {
		t.Fatalf("local read: %v", reply)
	}
}

func TestReadsAtEveryNode(t *testing.T) {
	w := settled(t, 5, nil)
	w.mustCount(t, 1, 1, 1)
	for _, id := range w.ids {
		if reply := w.request(id, 2, uint64(id), total{}); reply == nil || reply.Result != 1 {
			t.Fatalf("node %d reads %v", id, reply)
		}
	}
}

func TestRetryAtAnotherNode(t *testing.T) {
	w := settled(t, 3, nil)
	w.mustCount(t, 1, 1, 1)
	w.mustCount(t, 2, 1, 1)
	w.crash(w.leader(), -1)
	if !w.until(5*time.Second, func() bool { return w.leader() != 0 }) {
		t.Fatal("no new leader")
	}
	w.mustCount(t, w.leader(), 1, 1)
	w.mustCount(t, w.leader(), 2, 2)
}

// TestAllCrash: what was answered survives when all crash at once, and what is
// restored is delivered only in the new epoch.
func TestAllCrash(t *testing.T) {
	w := settled(t, 3, nil)
	for i := range 5 {
		w.mustCount(t, 2, uint64(i+1), i+1)
	}
	for _, id := range w.ids {
		w.crash(id, 0)
	}
	w.bootAll()
	for _, id := range w.ids {
		if got := w.judge.delivered[id]; got != 0 {
			t.Fatalf("node %d delivers %d before any leader", id, got)
		}
	}
	if !w.until(5*time.Second, w.allServe) {
		t.Fatal("no epoch after all crashed")
	}
	w.mustCount(t, 3, 6, 6)
}

// TestPlainData: nodes can be copied and encoded at any moment, and a copy goes
// on as its original does.
func TestPlainData(t *testing.T) {
	types := append(Protocol().Types, (*tally)(nil), add{}, total{})
	codec, err := state.NewCodec(types...)
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(3, 3, nil)
	w.bootAll()
	c := newCrowd(w, 3)
	for range 200 {
		w.run(20 * time.Millisecond)
		id := w.ids[w.random.IntN(3)]
		original := w.nodes[id].node
		clone := codec.Clone(original).(*Node)
		if string(codec.Canonical(clone)) != string(codec.Canonical(original)) {
			t.Fatal("a clone has other bytes")
		}
		w.nodes[id].node = clone
	}
	if c.writes == 0 || c.reads == 0 {
		t.Fatal("nothing happened")
	}
}

func TestConfigErrors(t *testing.T) {
	good := func() protocols.Config {
		config := newWorld(1, 3, nil).config
		config.Self, config.Machine = 1, &tally{}
		return config
	}
	if _, err := Protocol().New(good()); err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func(*protocols.Config){
		"self":         func(c *protocols.Config) { c.Self = 9 },
		"order":        func(c *protocols.Config) { c.Nodes = []protocols.NodeID{2, 1, 3} },
		"twice":        func(c *protocols.Config) { c.Nodes = []protocols.NodeID{1, 1, 3} },
		"machine":      func(c *protocols.Config) { c.Machine = nil },
		"tick":         func(c *protocols.Config) { c.Tick = 0 },
		"reads":        func(c *protocols.Config) { c.Parameters["reads"] = "dirty" },
		"syncLimit":    func(c *protocols.Config) { c.Parameters["syncLimit"] = "0" },
		"initLimit":    func(c *protocols.Config) { c.Parameters["initLimit"] = "-1" },
		"finalizeWait": func(c *protocols.Config) { c.Parameters["finalizeWait"] = "soon" },
		"counterMax":   func(c *protocols.Config) { c.Parameters["counterMax"] = "4294967296" },
	} {
		config := good()
		spoil(&config)
		if node, err := Protocol().New(config); err == nil || node != nil {
			t.Errorf("%s: no error", name)
		}
	}
}
