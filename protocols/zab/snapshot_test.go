package zab

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"quorumlab/protocols"
	"quorumlab/protocols/machine"
)

// TestSnapshotBoundsLog: the log never grows beyond what the parameters say, in
// memory and on disk, and a restart takes up snapshot and log.
func TestSnapshotBoundsLog(t *testing.T) {
	w := settled(t, 3, map[string]string{"snapCount": "10", "commitLogCount": "4"})
	for i := range 100 {
		w.mustCount(t, 2, uint64(i+1), i+1)
		for _, id := range w.ids {
			if h := w.nodes[id]; len(h.node.History.Entries) > 16 || len(h.disk.Log) > 16 {
				t.Fatalf("node %d keeps %d transactions, %d on disk", id, len(h.node.History.Entries), len(h.disk.Log))
			}
		}
	}
	w.run(time.Second)
	for _, id := range w.ids {
		w.crash(id, 0)
	}
	w.bootAll()
	for _, id := range w.ids {
		n := w.nodes[id].node
		if want := int(n.Saved.Zxid.Counter()); n.Sessions.Machine.(*tally).Count != want || want < 80 {
			t.Fatalf("node %d restores %d transactions of the snapshot's %d", id, n.Sessions.Machine.(*tally).Count, want)
		}
		if n.History.last() != zxidOf(1, 100) {
			t.Fatalf("node %d has a log up to %v", id, n.History.last())
		}
	}
	if !w.until(5*time.Second, w.allServe) {
		t.Fatal("no epoch")
	}
	w.mustCount(t, 3, 100, 100) // the last request again: sessions are in the snapshot
	w.mustCount(t, 3, 101, 101)
}

// TestNoSnapshotBeforeLeading: a fail-over does not wait for a snapshot, however
// much is delivered in it.
func TestNoSnapshotBeforeLeading(t *testing.T) {
	log := []Transaction{}
	for i := range uint32(50) {
		log = append(log, txn(1, i+1))
	}
	p := newProbe(t, 3, diskOf(1, 1, log...), map[string]string{"snapCount": "10"})
	p.finish()
	p.lead(2)
	for _, write := range p.persist.Writes {
		t.Fatalf("%v is written when leading begins", write)
	}
	p.step(protocols.Requested{Client: 1, Request: 1, Command: add{}})
	p.finish()
	p.receive(1, Ack{Epoch: 2, Zxid: zxidOf(2, 1)})
	if len(p.persist.Writes) != 2 || len(replies(p)) != 1 {
		t.Fatalf("after a write there go to disk %v, and %v is answered", p.persist.Writes, replies(p))
	}
}

// TestSnapshotCrashes: whatever a crash leaves of the writes of a snapshot, the
// node comes back with the same state.
func TestSnapshotCrashes(t *testing.T) {
	set := map[string]string{"snapCount": "5", "commitLogCount": "2"}
	p := newProbe(t, 3, protocols.Disk{}, set)
	p.finish()
	p.lead(1)
	for i := range uint64(4) {
		p.step(protocols.Requested{Client: 1, Request: i + 1, Command: add{}})
		p.finish()
		p.receive(1, Ack{Epoch: 1, Zxid: zxidOf(1, uint32(i+1))})
	}
	if len(p.persist.Writes) != 2 {
		t.Fatalf("no snapshot, but %v", p.persist.Writes)
	}
	for keep := range 3 {
		disk := copyDisk(p.disk)
		for _, write := range p.persist.Writes[:keep] {
			applyWrite(&disk, write)
		}
		again := newProbe(t, 3, disk, set)
		again.finish()
		h := &again.node.History
		if h.last() != zxidOf(1, 4) || h.Base != []Zxid{0, zxidOf(1, 2), zxidOf(1, 2)}[keep] {
			t.Fatalf("with %d writes the log goes from %v to %v", keep, h.Base, h.last())
		}
		if again.disk.First != h.First || len(again.disk.Log) != len(h.Entries) {
			t.Fatalf("with %d writes the disk has %d records from %d on, the log %v", keep, len(again.disk.Log), again.disk.First, h)
		}
		again.lead(2)
		if count := again.node.Sessions.Machine.(*tally).Count; count != 4 {
			t.Fatalf("with %d writes the state counts %d", keep, count)
		}
	}
}

// wholeSnapshot is a snapshot of forty writes of as many clients, in parts.
func wholeSnapshot(p *probe) (protocols.Record, []machine.Chunk) {
	sessions := machine.New(&tally{})
	for i := range protocols.ClientID(40) {
		sessions.Apply(i+1, 1, add{})
	}
	whole := sessions.Snapshot()
	return whole, p.node.Sessions.Split(whole, 128)
}

// TestSnap: a follower takes a snapshot in the place of its log, and crashes
// after any of the writes.
func TestSnap(t *testing.T) {
	p := newProbe(t, 1, diskOf(1, 1, txn(1, 1), txn(1, 2)), nil)
	p.finish()
	p.settle(3)
	attempt := p.node.Following.Attempt
	p.receive(3, LeaderInfo{Attempt: attempt, Epoch: 3})
	p.finish()
	_, chunks := wholeSnapshot(p)
	if len(chunks) < 3 {
		t.Fatalf("%d chunks", len(chunks))
	}
	p.receive(3, Snap{Attempt: attempt, Epoch: 3, Zxid: zxidOf(2, 40)})
	for _, chunk := range chunks {
		if p.node.History.last() != zxidOf(1, 2) {
			t.Fatal("half a snapshot has an effect")
		}
		p.receive(3, SnapPart{Attempt: attempt, Epoch: 3, Chunk: chunk})
	}
	p.receive(3, Propose{Epoch: 3, Transaction: txn(2, 41)})
	p.receive(3, NewLeader{Attempt: attempt, Epoch: 3, Zxid: zxidOf(2, 41)})
	for keep := range len(p.persist.Writes) + 1 {
		disk := copyDisk(p.disk)
		for _, write := range p.persist.Writes[:keep] {
			applyWrite(&disk, write)
		}
		again := newProbe(t, 1, disk, nil)
		want, count := zxidOf(1, 2), 0
		if keep > 0 {
			want, count = zxidOf(2, 40), 40
		}
		if n := again.node; n.History.last() != want || n.Sessions.Machine.(*tally).Count != count || n.CurrentEpoch != 1 {
			t.Fatalf("after %d writes the log ends at %v, the state counts %d, the epoch is %d",
				keep, n.History.last(), n.Sessions.Machine.(*tally).Count, n.CurrentEpoch)
		}
	}
	for p.node.Following.Stage != Adopted {
		p.finish()
	}
	p.receive(3, UpToDate{Attempt: attempt, Epoch: 3, Committed: zxidOf(2, 41)})
	if count := p.node.Sessions.Machine.(*tally).Count; count != 41 || len(p.disk.Log) != 1 {
		t.Fatalf("the state counts %d, the log on disk has %d records", count, len(p.disk.Log))
	}
}

// TestInterruptedSnap: nothing is left of a snapshot that did not come whole.
func TestInterruptedSnap(t *testing.T) {
	for name, interrupt := range map[string]func(p *probe, chunks []machine.Chunk, attempt uint64){
		"broken link": func(p *probe, _ []machine.Chunk, _ uint64) { p.step(protocols.Disconnected{Peer: 3}) },
		"missing part": func(p *probe, chunks []machine.Chunk, attempt uint64) {
			p.receive(3, SnapPart{Attempt: attempt, Epoch: 3, Chunk: chunks[2]})
		},
		"another's part": func(p *probe, chunks []machine.Chunk, attempt uint64) {
			chunks[1].Part = chunks[0].Part
			for _, chunk := range chunks[1:] {
				p.receive(3, SnapPart{Attempt: attempt, Epoch: 3, Chunk: chunk})
			}
		},
		"proposal": func(p *probe, _ []machine.Chunk, _ uint64) {
			p.receive(3, Propose{Epoch: 3, Transaction: txn(1, 3)})
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := newProbe(t, 1, diskOf(1, 1, txn(1, 1)), nil)
			p.finish()
			p.settle(3)
			attempt := p.node.Following.Attempt
			p.receive(3, LeaderInfo{Attempt: attempt, Epoch: 3})
			p.finish()
			_, chunks := wholeSnapshot(p)
			p.receive(3, Snap{Attempt: attempt, Epoch: 3, Zxid: zxidOf(2, 40)})
			p.receive(3, SnapPart{Attempt: attempt, Epoch: 3, Chunk: chunks[0]})
			interrupt(p, chunks, attempt)
			n := p.node
			if n.Role != Looking || n.History.last() != zxidOf(1, 1) || n.Saved.State != nil ||
				len(n.Following.Parts.Parts) != 0 || n.Sessions.Machine.(*tally).Count != 0 {
				t.Fatalf("there is left %v %+v %+v", n.Role, n.History, n.Following)
			}
		})
	}
}

// TestSyncModes is the table of synchronization.go.
func TestSyncModes(t *testing.T) {
	for _, c := range []struct {
		last Zxid
		want string
	}{
		{zxidOf(2, 7), "DIFF 2:7 +0"},
		{zxidOf(2, 5), "DIFF 2:5 +2"},
		{zxidOf(2, 4), "DIFF 2:4 +3"}, // Base
		{zxidOf(2, 9), "TRUNC 2:7 +0"},
		{zxidOf(2, 3), "SNAP 2:6 +1"},
		{zxidOf(1, 9), "SNAP 2:6 +1"},
		{0, "SNAP 2:6 +1"},
	} {
		p := newProbe(t, 3, protocols.Disk{
			Meta: Meta{AcceptedEpoch: 2, CurrentEpoch: 2}, First: 5,
			Log:      []protocols.Record{txn(2, 5), txn(2, 6), txn(2, 7)},
			Snapshot: Snapshot{Zxid: zxidOf(2, 6), Base: zxidOf(2, 4), State: machine.New(&tally{}).Snapshot()},
		}, nil)
		p.finish()
		p.lead(3)
		p.receive(2, FollowerInfo{Attempt: 8})
		p.receive(2, AckEpoch{Attempt: 8, Epoch: 3, LastZxid: c.last})
		got := ""
		for _, m := range sent[Diff](p) {
			got = "DIFF " + m.Zxid.String()
		}
		for _, m := range sent[Trunc](p) {
			got = "TRUNC " + m.Zxid.String()
		}
		for _, m := range sent[Snap](p) {
			got = "SNAP " + m.Zxid.String()
		}
		if got += fmt.Sprintf(" +%d", len(sent[Propose](p))); got != c.want {
			t.Errorf("a follower at %v gets %s, not %s", c.last, got, c.want)
		}
	}
}

// TestDamagedLog: what a node does about records that it cannot read.
func TestDamagedLog(t *testing.T) {
	snapshot := Snapshot{Zxid: zxidOf(1, 3), Base: zxidOf(1, 1), State: machine.New(&tally{Count: 3}).Snapshot()}
	for name, c := range map[string]struct {
		damaged  []uint64
		snapshot protocols.Record
		does     bool // the node is Damaged
		last     Zxid
		records  int
	}{
		"the end":                    {[]uint64{5}, snapshot, true, zxidOf(1, 4), 3},
		"after the snapshot":         {[]uint64{4, 5}, snapshot, true, zxidOf(1, 3), 2},
		"under the snapshot":         {[]uint64{2}, snapshot, false, zxidOf(1, 5), 2},
		"before the base":            {[]uint64{1}, snapshot, false, zxidOf(1, 5), 3},
		"the snapshot's own":         {[]uint64{3}, snapshot, true, zxidOf(1, 3), 0},
		"everywhere":                 {[]uint64{1, 2, 3, 4, 5}, snapshot, true, zxidOf(1, 3), 0},
		"the first, with a snapshot": {[]uint64{1, 5}, snapshot, true, zxidOf(1, 4), 2},
		"without a snapshot":         {[]uint64{2}, nil, true, zxidOf(1, 1), 1},
		"the first":                  {[]uint64{1}, nil, true, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			disk := diskOf(1, 1, txn(1, 1), txn(1, 2), txn(1, 3), txn(1, 4), txn(1, 5))
			disk.Damaged, disk.Snapshot = c.damaged, c.snapshot
			disk.First = 1
			p := newProbe(t, 1, copyDisk(disk), nil)
			p.disk = disk
			vote := sent[Notification](p)[0].Vote
			if (vote.Leader == 0) != c.does || p.node.Damaged != c.does || p.node.History.last() != c.last {
				t.Fatalf("it votes %v, with a log up to %v", vote, p.node.History.last())
			}
			for keep := range len(p.persist.Writes) + 1 {
				part := disk
				part.Log, part.Damaged = slices.Clone(disk.Log), slices.Clone(disk.Damaged)
				for _, write := range p.persist.Writes[:keep] {
					applyWrite(&part, write)
				}
				again := newProbe(t, 1, copyDisk(part), nil)
				if n := again.node; n.Damaged != c.does || n.History.last() != c.last || n.Halted {
					t.Fatalf("after %d of its writes a log up to %v, damaged %v", keep, n.History.last(), n.Damaged)
				}
			}
			p.finish()
			if len(p.disk.Log) != c.records || len(p.disk.Damaged) != 0 {
				t.Fatalf("the disk keeps %v, damaged %v", p.disk.Log, p.disk.Damaged)
			}
		})
	}
}

// TestDamagedSnapshot: without it the log is worth nothing, the node begins anew,
// without a vote.
func TestDamagedSnapshot(t *testing.T) {
	disk := protocols.Disk{
		Meta: Meta{AcceptedEpoch: 1, CurrentEpoch: 1, Life: 1}, SnapshotDamaged: true,
		First: 4, Log: []protocols.Record{txn(1, 4), txn(1, 5)},
	}
	first := newProbe(t, 1, disk, nil)
	for keep := range len(first.persist.Writes) + 1 {
		part := disk
		part.Log = slices.Clone(disk.Log)
		for _, write := range first.persist.Writes[:keep] {
			applyWrite(&part, write)
		}
		p := newProbe(t, 1, part, nil)
		if n := p.node; !n.Damaged || n.Halted || n.History.last() != 0 {
			t.Fatalf("after %d writes it is damaged: %v, with a log up to %v", keep, n.Damaged, n.History.last())
		}
		p.finish()
		if len(p.disk.Log) != 0 || p.disk.SnapshotDamaged {
			t.Fatalf("after %d writes the disk keeps %v", keep, p.disk)
		}
	}
}

// TestDamagedNodeVotesAgain: it counts for nothing until a leader has given it
// back its history, and then as before.
func TestDamagedNodeVotesAgain(t *testing.T) {
	disk := diskOf(1, 1, txn(1, 1), txn(1, 2))
	disk.Damaged = []uint64{2}
	p := newProbe(t, 1, copyDisk(disk), nil)
	p.disk = disk
	p.finish()
	p.receive(2, Notification{State: Looking, Vote: Vote{Leader: 2, Round: 1}})
	p.receive(3, Notification{State: Looking, Vote: Vote{Leader: 2, Round: 1}})
	if p.node.Role != Looking {
		t.Fatal("a damaged node takes part in an election")
	}
	p.settle(3)
	attempt := p.node.Following.Attempt
	p.receive(3, LeaderInfo{Attempt: attempt, Epoch: 3})
	p.finish()
	p.expectSent(AckEpoch{Attempt: attempt, Epoch: 3, CurrentEpoch: 1, LastZxid: zxidOf(1, 1)})
	p.receive(3, Diff{Attempt: attempt, Epoch: 3, Zxid: zxidOf(1, 1)})
	p.receive(3, Propose{Epoch: 3, Transaction: txn(1, 2)})
	p.receive(3, NewLeader{Attempt: attempt, Epoch: 3, Zxid: zxidOf(1, 2)})
	for p.node.Following.Stage != Adopted {
		p.finish()
	}
	if meta := metaOf(p.disk); meta.Damaged || !p.node.eligible() {
		t.Fatalf("the node stays damaged: %v", meta)
	}
}

// TestAcknowledgementNeedsAWholeLog: what continues no snapshot is no history.
func TestAcknowledgementNeedsAWholeLog(t *testing.T) {
	meta := Meta{AcceptedEpoch: 2, CurrentEpoch: 2}
	snapshot := Snapshot{Zxid: zxidOf(1, 5), Base: zxidOf(1, 5)}
	for _, c := range []struct {
		snapshot protocols.Record
		log      []protocols.Record
		kept     bool
	}{
		{snapshot, []protocols.Record{txn(1, 6)}, true},
		{snapshot, []protocols.Record{txn(1, 4), txn(1, 5), txn(1, 6)}, true}, // the cut is to come
		{snapshot, []protocols.Record{txn(1, 7)}, false},
		{nil, []protocols.Record{txn(1, 6)}, false},
		{nil, []protocols.Record{txn(2, 1)}, true},
	} {
		disk := protocols.Disk{Meta: meta, Snapshot: c.snapshot, First: 1, Log: c.log}
		last := c.log[len(c.log)-1].(Transaction).Zxid
		for _, vow := range []protocols.Vow{Ack{Epoch: 2, Zxid: last}, AckNewLeader{Epoch: 2, Zxid: last}} {
			if missing := vow.Kept(disk); (missing == "") != c.kept {
				t.Errorf("%T of %v with snapshot %v: %q", vow, c.log, c.snapshot, missing)
			}
		}
	}
}
