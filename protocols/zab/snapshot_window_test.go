package zab

import (
	"fmt"
	"testing"
	"time"

	"quorumlab/protocols"
	"quorumlab/protocols/machine"
)

// longSnapshot is a disk with a snapshot of so many sessions, in whose place no log is.
func longSnapshot(sessions int) protocols.Disk {
	state := machine.New(&tally{})
	for i := range protocols.ClientID(sessions) {
		state.Apply(i+1, 1, add{})
	}
	return protocols.Disk{
		Meta: Meta{AcceptedEpoch: 2, CurrentEpoch: 2}, First: 1,
		Snapshot: Snapshot{Zxid: zxidOf(2, 40), Base: zxidOf(2, 40), State: state.Snapshot()},
	}
}

// leadWithSnapshot is node 3, which leads with node 1 and has a long snapshot.
func leadWithSnapshot(t *testing.T, window uint32) *probe {
	t.Helper()
	p := newProbe(t, 3, longSnapshot(200), map[string]string{"snapChunk": "128", "snapCount": "10", "commitLogCount": "2"})
	p.node.Options.SnapWindow = window
	p.finish()
	p.settle(3)
	p.receive(1, FollowerInfo{Attempt: 7, AcceptedEpoch: 2})
	p.finish()
	p.receive(1, AckEpoch{Attempt: 7, Epoch: 3, Counted: true, CurrentEpoch: 2, LastZxid: zxidOf(2, 40)})
	p.finish()
	p.receive(1, AckNewLeader{Attempt: 7, Epoch: 3, Zxid: zxidOf(2, 40)})
	if !p.node.serving() {
		t.Fatal("the epoch is not established")
	}
	p.receive(2, FollowerInfo{Attempt: 8})
	p.receive(2, AckEpoch{Attempt: 8, Epoch: 3})
	return p
}

// write has the leader commit a write, with follower 1.
func (p *probe) write(counter uint32) {
	p.t.Helper()
	p.step(protocols.Requested{Client: 300, Request: uint64(counter), Command: add{}})
	for _, e := range p.out {
		if send, ok := e.(protocols.Send); ok && send.To == 2 {
			p.t.Fatalf("%#v is sent into the middle of a snapshot", send.Message)
		}
	}
	p.receive(1, Ack{Epoch: 3, Zxid: zxidOf(3, counter)})
	for len(p.persist.Writes) > 0 {
		p.finish()
	}
}

// TestLongSnapshotIsAskedFor: a leader sends no more of a snapshot than is asked for,
// and what comes after it, once, in the end.
func TestLongSnapshotIsAskedFor(t *testing.T) {
	p := leadWithSnapshot(t, 4)
	if len(sent[Snap](p)) != 1 || len(sent[SnapPart](p)) != 4 || len(sent[NewLeader](p)) != 0 {
		t.Fatalf("it begins with %#v", p.out)
	}
	total := sent[SnapPart](p)[0].Chunk.Total
	for counter := range uint32(30) { // more than snapCount: the log is needed from the snapshot on
		p.write(counter + 1)
	}
	if saved := p.node.Saved.Zxid; saved != zxidOf(2, 40) {
		t.Fatalf("meanwhile another snapshot is taken, at %v", saved)
	}
	position := uint32(4)
	for received := uint32(2); len(sent[NewLeader](p)) == 0; received += 2 {
		if received > total {
			t.Fatal("there is no end")
		}
		p.receive(2, SnapNext{Attempt: 8, Epoch: 3, Received: received})
		for _, part := range sent[SnapPart](p) {
			if position++; part.Chunk.Position != position || position > received+4 {
				t.Fatalf("part %d comes after %d have come", part.Chunk.Position, received)
			}
		}
	}
	if position != total || len(sent[Propose](p)) != 30 || len(sent[Snap](p)) != 0 {
		t.Fatalf("%d of %d parts were sent, and then %#v", position, total, p.out)
	}
	p.receive(2, SnapNext{Attempt: 8, Epoch: 3, Received: 2}) // one too many has no effect
	if len(p.out) > 0 {
		t.Fatalf("there comes %#v", p.out)
	}
}

// TestSlowReceiver: one that does not get on with its snapshot is given up, before the
// log that it needs is without bounds.
func TestSlowReceiver(t *testing.T) {
	p := leadWithSnapshot(t, 4)
	for counter := range uint32(200) {
		p.write(counter + 1)
		if entries := len(p.node.History.Entries); entries > 10*(snapPatience+2) {
			t.Fatalf("the log has %d entries", entries)
		}
	}
	p.receive(2, SnapNext{Attempt: 8, Epoch: 3, Received: 2})
	if len(sent[Close](p)) != 1 || len(sent[SnapPart](p)) != 0 {
		t.Fatalf("it goes on: %#v", p.out)
	}
	p = leadWithSnapshot(t, 4)
	p.receive(2, SnapNext{Attempt: 8, Epoch: 3, Received: 5}) // which was not sent
	if len(sent[Close](p)) != 1 {
		t.Fatalf("it goes on: %#v", p.out)
	}
}

// TestProgressIsWorthTime: to be connected longer than the limits say is no reason to
// be given up, as long as parts are asked for; to ask for none is.
func TestProgressIsWorthTime(t *testing.T) {
	p := leadWithSnapshot(t, 4)
	limit := p.node.Options.InitLimit + p.node.Options.SyncLimit
	tick := func() (closed bool) {
		for range 2 {
			p.receive(1, Pong{Epoch: 3, Round: p.node.Leading.Round})
			p.step(protocols.TimerFired{Timer: protocols.Timer{Name: timerTick}})
			closed = closed || len(sent[Close](p)) > 0
		}
		return closed
	}
	received := uint32(2)
	for n := range 3 * limit {
		if n%limit == limit-1 {
			p.receive(2, SnapNext{Attempt: 8, Epoch: 3, Received: received})
			received += 2
		}
		if tick() {
			t.Fatalf("given up after %d ticks, with %d parts", n, received)
		}
	}
	for range 2 * limit {
		if tick() {
			return
		}
	}
	t.Fatal("a learner that asks for nothing is waited for")
}

// TestLongSnapshotsInAWorld: a follower that comes back late gets a long snapshot in
// small windows, under writes, and so does one without which there is no quorum.
func TestLongSnapshotsInAWorld(t *testing.T) {
	for seed := range uint64(4) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			w := newWorld(seed, 3, map[string]string{"snapChunk": "128", "snapCount": "20", "commitLogCount": "2"})
			w.window = uint32(seed + 1)
			most := 0
			asked := 0
			w.sent = func(_ protocols.NodeID, send protocols.Send) bool {
				switch m := send.Message.(type) {
				case SnapPart:
					most = max(most, int(m.Chunk.Total))
				case SnapNext:
					asked++
				}
				return false
			}
			w.bootAll()
			if !w.until(5*time.Second, w.allServe) {
				t.Fatal("no epoch")
			}
			w.crash(1, 0)
			c := newCrowd(w, 40)
			w.run(3 * time.Second)
			c.stopped = true
			w.crash(2, 0)
			w.boot(1) // with node 3 alone, it has to get the snapshot before there is an epoch
			if !w.until(20*time.Second, func() bool { return w.nodes[1].node.serving() && w.nodes[3].node.serving() }) {
				t.Fatal("no epoch with a node that was away")
			}
			if most <= int(w.window) || asked == 0 {
				t.Fatalf("%d parts at most, asked for %d times", most, asked)
			}
		})
	}
}
