package primarybackup

import (
	"strings"
	"testing"

	"quorumlab/protocols"
	"quorumlab/protocols/machine"
	"quorumlab/protocols/state/statetest"
)

type set = map[string]string

// The three figures of the CAP proof: N1, N2, a value V and the message M that
// carries it.
func TestCapProof(t *testing.T) {
	for _, mode := range []set{
		{"replication": "async", "reads": "local"},
		{"replication": "async", "reads": "confirmed"},
		{"replication": "sync", "reads": "confirmed"},
	} {
		c := newCluster(t, 2, mode)
		c.drain()
		c.request(1, 1, 1, put("V0"))
		c.drain()
		c.wantWritten(1, 1)
		c.request(2, 2, 1, get())
		c.drain()
		c.wantRead(2, 1, "V0") // figures 1 and 2: no fault
	}
}

func TestCapProofAnswersTheOldValue(t *testing.T) {
	c := newCluster(t, 2, set{"replication": "async", "reads": "local"})
	c.drain()
	c.request(1, 1, 1, put("V0"))
	c.drain()
	c.cut(1, 2)
	c.drain()
	c.request(1, 1, 2, put("V1"))
	c.drain()
	c.wantWritten(1, 2)
	c.request(2, 2, 1, get())
	c.wantRead(2, 1, "V0") // at once, and wrong
	c.recover()
	c.request(2, 2, 2, get())
	c.wantRead(2, 2, "V1")
	c.wantConverged()
}

func TestCapProofWaitsForTheMessage(t *testing.T) {
	for _, replication := range []string{"async", "sync"} {
		c := newCluster(t, 2, set{"replication": replication, "reads": "confirmed"})
		c.drain()
		c.request(1, 1, 1, put("V0"))
		c.drain()
		c.cut(1, 2)
		c.drain()
		c.request(1, 1, 2, put("V1"))
		c.request(2, 2, 1, get())
		for range 3 {
			c.drain()
			c.fire(timerRetry)
		}
		c.wantNoAnswer(2, 1)
		if replication == "sync" {
			c.wantNoAnswer(1, 2)
		} else {
			c.wantWritten(1, 2)
		}
		c.recover()
		c.wantWritten(1, 2)
		if replication == "sync" {
			c.wantRead(2, 1, "V0") // while V1 was not yet acknowledged
			c.request(2, 2, 2, get())
			c.drain()
			c.wantRead(2, 2, "V1")
		} else {
			c.wantRead(2, 1, "V1")
		}
	}
}

func TestWeakReplicationNeverArrives(t *testing.T) {
	c := newCluster(t, 2, set{"replication": "none", "reads": "local"})
	c.drain()
	c.request(1, 1, 1, put("2"))
	c.drain()
	c.wantWritten(1, 1)
	c.recover()
	c.request(2, 2, 1, get())
	c.wantRead(2, 1, "")
	c.request(2, 3, 1, put("3"))
	if got := c.reply(3, 1); len(got) != 1 || got[0].Refusal != protocols.NotLeader {
		t.Errorf("write at the backup: %+v", got)
	}
}

// The primary answers, dies before it has shipped the entry, and a backup takes
// over: the acknowledged write is gone, and when the old primary is back it
// gives it up as well.
func TestAsyncFailoverLosesAnAcknowledgedWrite(t *testing.T) {
	c := newCluster(t, 2, set{"replication": "async", "reads": "local", "takeover": "timeout"})
	c.drain()
	c.request(1, 1, 1, put("kept"))
	c.drain()
	c.request(1, 1, 2, put("lost"))
	c.sync(1) // answered, and shipped into a link that breaks
	c.wantWritten(1, 2)
	c.crash(1, 0)
	c.drain()
	c.fire(timerTakeover)
	c.drain()
	c.wantRole(2, RolePrimary, 2)
	c.request(2, 2, 1, get())
	c.wantRead(2, 1, "kept")
	c.request(2, 2, 2, put("new"))
	c.drain()

	c.start(1) // it leads on, in a term of its own, with what it has
	c.request(1, 3, 1, get())
	c.wantRead(3, 1, "lost")
	c.drain()
	c.recover()
	c.wantConverged()
	if kept := c.nodes[1].Sessions.Machine.(*machine.KV).Values["v"]; kept != "lost" {
		t.Fatalf("the restarted primary claimed term 3, so its log wins, but v is %q", kept)
	}
	c.wantNote(2, Discarded, "applied entry given up")
}

// The old primary is not dead but cut off: both lead, both acknowledge.
func TestSplitBrain(t *testing.T) {
	c := newCluster(t, 2, set{"replication": "async", "reads": "local", "takeover": "timeout"})
	c.drain()
	c.cut(1, 2)
	c.drain()
	c.fire(timerTakeover)
	c.drain()
	c.wantRole(1, RolePrimary, 1)
	c.wantRole(2, RolePrimary, 2)
	c.request(1, 1, 1, put("left"))
	c.request(2, 2, 1, put("right"))
	c.drain()
	c.wantWritten(1, 1)
	c.wantWritten(2, 1)
	c.recover()
	c.wantRole(1, RoleBackup, 2)
	c.wantNote(1, Discarded, "applied entry given up")
	c.wantNote(1, protocols.Restored, "rolled back")
	c.wantNote(1, protocols.Synchronized, "TRUNC")
	c.wantConverged()
	c.request(1, 3, 1, get())
	c.wantRead(3, 1, "right")
}

// With sync the new primary has what was acknowledged, and answers nobody until
// all are back; with wait=alive it does not wait for the dead.
func TestSyncFailoverKeepsAcknowledgedWrites(t *testing.T) {
	for _, wait := range []string{"all", "alive"} {
		c := newCluster(t, 3, set{"wait": wait, "takeover": "timeout"})
		c.drain()
		c.request(1, 1, 1, put("kept"))
		c.sync(1)
		for _, backup := range []protocols.NodeID{2, 3} {
			c.deliver(link{1, backup})
			c.sync(backup)
			c.deliver(link{backup, 1})
		}
		c.wantWritten(1, 1)
		c.crash(1, 0) // nobody else knows that it is committed
		c.drain()
		c.fireAt(2, protocols.Timer{Name: timerTakeover})
		c.drain()
		c.wantRole(2, RoleSettling, 2)
		c.request(3, 2, 1, get())
		c.drain()
		c.wantNoAnswer(2, 1)
		if wait == "alive" {
			c.fireAt(2, protocols.Timer{Name: timerSilence, Key: 1})
			c.drain()
		} else {
			c.fire(timerSilence)
			c.drain()
			c.wantNoAnswer(2, 1)
			c.recover()
		}
		c.wantRead(2, 1, "kept")
		c.recover()
		c.wantConverged()
	}
}

// A cut sync pair that waits for the living only: each side drops the other.
func TestSyncPairThatDropsTheSilentDiverges(t *testing.T) {
	c := newCluster(t, 2, set{"wait": "alive", "takeover": "timeout"})
	c.drain()
	c.cut(1, 2)
	c.drain()
	c.request(1, 1, 1, put("left"))
	c.drain()
	c.wantNoAnswer(1, 1)
	c.fire(timerSilence)
	c.fire(timerTakeover)
	c.drain()
	c.wantWritten(1, 1)
	c.fireAt(2, protocols.Timer{Name: timerSilence, Key: 1})
	c.request(2, 2, 1, get())
	c.wantRead(2, 1, "") // stale: the other side has "left"
	c.recover()
	c.wantRole(1, RoleBackup, 2)
	c.wantConverged()
}

func TestWriteAtABackupIsExecutedOnce(t *testing.T) {
	c := newCluster(t, 3, nil)
	c.drain()
	add := machine.Command{Op: machine.CAS, Key: "v", Absent: true, Value: "mine"}
	c.request(2, 1, 1, add)
	c.deliver(link{2, 1})
	c.cut(1, 2) // the primary has it, the backup waits
	c.request(3, 1, 1, add)
	c.drain()
	c.recover()
	replies := c.reply(1, 1)
	if len(replies) == 0 {
		t.Fatal("never answered")
	}
	for _, reply := range replies {
		if reply.Result != (machine.Result{Swapped: true}) {
			t.Errorf("answer %+v", reply)
		}
	}
	if last := c.nodes[1].last().Index; last != 1 {
		t.Errorf("the log has %d entries for one request", last)
	}
	c.request(2, 1, 1, add)
	if again := c.reply(1, 1); len(again) != len(replies)+1 || again[len(replies)].Result != replies[0].Result {
		t.Errorf("asked again: %+v", again)
	}
}

func TestBackupThatFellBehindGetsTheSnapshot(t *testing.T) {
	c := newCluster(t, 2, set{"replication": "async", "reads": "local", "snapshot_every": "3"})
	c.drain()
	c.crash(2, 0)
	for i := range uint64(10) {
		c.request(1, 1, i+1, put(string(rune('a'+i))))
		c.drain()
	}
	if kept := len(c.disks[1].stable.Log); kept > 3 {
		t.Errorf("%d records on disk, a snapshot is due every 3", kept)
	}
	c.recover()
	c.wantNote(2, protocols.Synchronized, "SNAP")
	c.wantConverged()
	for _, id := range c.ids { // and the disks hold it all
		c.crash(id, 0)
	}
	c.recover()
	c.wantConverged()
	c.request(2, 2, 1, get())
	c.wantRead(2, 1, "j")
	c.request(2, 1, 10, put("again"))
	c.drain()
	c.request(2, 2, 2, get())
	c.wantRead(2, 2, "j") // the sessions were in the snapshot
}

func TestDamagedLog(t *testing.T) {
	damage := func(c *cluster, id protocols.NodeID) {
		c.crash(id, 0)
		stable := c.codec.Clone(c.disks[id].stable).(protocols.Disk)
		stable.Log[0], stable.Damaged = nil, []uint64{1}
		c.disks[id].stable = stable
	}
	prepared := func(takeover string) *cluster {
		c := newCluster(t, 2, set{"takeover": takeover})
		c.drain()
		for i := range uint64(3) {
			c.request(1, 1, i+1, put("x"))
			c.drain()
		}
		return c
	}
	t.Run("of a backup", func(t *testing.T) {
		c := prepared("timeout")
		damage(c, 2)
		c.cut(1, 2)
		c.start(2)
		c.drain()
		c.fire(timerTakeover)
		c.drain()
		c.wantRole(2, RoleBackup, 1) // must not lead with a log that has lost entries
		c.recover()
		c.wantConverged()
		if n := c.nodes[2]; n.Lost != 0 || n.Durable != 3 {
			t.Errorf("lost %d, durable %d", n.Lost, n.Durable)
		}
	})
	t.Run("of the only primary", func(t *testing.T) {
		c := prepared("off")
		damage(c, 1)
		c.start(1)
		c.drain()
		c.crash(1, 0) // it does not forget, and does not lead
		c.recover()
		c.wantRole(1, RoleHalted, 1)
		c.wantNote(1, protocols.Halted, "the log is damaged and nobody takes over")
	})
	t.Run("of a primary that has a successor", func(t *testing.T) {
		c := prepared("timeout")
		damage(c, 1)
		c.start(1)
		c.drain()
		c.wantRole(1, RoleBackup, 1)
		c.fireAt(2, protocols.Timer{Name: timerTakeover})
		c.recover()
		c.wantRole(2, RolePrimary, 2)
		c.wantConverged()
	})
}

// A Follow that is sent twice is answered twice. The second answer is older than
// what the backup has acknowledged since, and must not take it away.
func TestSecondSyncTakesNothingAway(t *testing.T) {
	c := newCluster(t, 2, nil)
	c.links[link{2, 1}] = append(c.links[link{2, 1}], c.links[link{2, 1}]...)
	c.sync(1)
	c.deliver(link{2, 1})
	c.request(1, 1, 1, put("x"))
	c.sync(1)
	c.deliver(link{2, 1})
	for c.nodes[2].last().Index == 0 {
		c.deliver(link{1, 2})
	}
	c.sync(2) // acknowledged
	if _, again := c.links[link{1, 2}][0].(protocols.Received).Message.(Sync); !again {
		t.Fatal("there is no second answer")
	}
	c.deliver(link{1, 2})
	c.crash(2, 99)
	c.deliver(link{2, 1})
	if !holds(c.disks[2].stable, End{Index: 1, Term: 1}) {
		t.Error("what was acknowledged is not on disk any more")
	}
}

// An acknowledgement counts only as long as the backup is known to have kept
// what it spoke of.
func TestAckOfADamagedBackupDoesNotCount(t *testing.T) {
	c := newCluster(t, 3, nil)
	c.drain()
	c.request(1, 1, 1, put("x"))
	c.sync(1)
	c.deliver(link{1, 2})
	c.sync(2)
	c.deliver(link{2, 1})
	c.crash(2, 0)
	stable := c.codec.Clone(c.disks[2].stable).(protocols.Disk)
	stable.Log[0], stable.Damaged = nil, []uint64{1}
	c.disks[2].stable = stable
	c.start(2)
	for len(c.links[link{2, 1}]) > 0 {
		c.deliver(link{2, 1})
	}
	c.deliver(link{1, 3})
	c.sync(3)
	c.deliver(link{3, 1})
	c.wantNoAnswer(1, 1)
	c.recover()
	c.wantWritten(1, 1)
}

// A read that was told how far to wait by a primary since deposed, whose entry
// is lost, must not wait for it.
func TestReadOutlivesALostEntry(t *testing.T) {
	c := newCluster(t, 3, set{"replication": "async", "takeover": "timeout"})
	c.drain()
	c.cut(1, 2)
	c.drain()
	c.request(1, 1, 1, put("lost"))
	c.sync(1)
	c.lose(link{1, 3}, 0) // the entry does not get to 3,
	c.request(3, 2, 1, get())
	c.deliver(link{3, 1})
	c.deliver(link{1, 3})
	for len(c.links[link{1, 3}]) > 0 {
		c.deliver(link{1, 3}) // but how far it must wait does
	}
	if read := c.nodes[3].Reads[2]; !read.Known || read.Index != 1 {
		t.Fatalf("the read waits for %+v", read)
	}
	c.crash(1, 0)
	c.fireAt(2, protocols.Timer{Name: timerTakeover})
	for range 6 {
		c.drain()
		c.fire(timerHeartbeat)
		c.fire(timerRetry)
	}
	c.wantRole(2, RolePrimary, 2)
	c.wantRead(2, 1, "")
}

// A crash between the two writes that replace a log by a snapshot leaves
// records that continue its index but not its chain.
func TestRecoveryCutsOffWhatDoesNotFollow(t *testing.T) {
	c := newCluster(t, 2, set{"replication": "async"})
	c.drain()
	c.crash(2, 0)
	c.disks[2].stable = protocols.Disk{
		Meta: Meta{Term: 3}, First: 4,
		Log: []protocols.Record{
			Entry{Index: 1, Term: 1}, Entry{Index: 2, Term: 1, Prev: 1}, Entry{Index: 3, Term: 1, Prev: 1},
		},
		Snapshot: Snapshot{End: End{Index: 2, Term: 3}},
	}
	c.snapshots[End{Index: 2, Term: 3}] = make([]Entry, 2)
	c.start(2)
	if last := c.nodes[2].last(); last != (End{Index: 2, Term: 3}) {
		t.Errorf("the log ends with %+v", last)
	}
	c.sync(2)
	if stable := c.disks[2].stable; len(stable.Log) != 0 || stable.Next() != 6 {
		t.Errorf("on disk remain %+v", stable)
	}
}

func TestOneNodeAlone(t *testing.T) {
	c := newCluster(t, 1, nil)
	c.request(1, 1, 1, put("x"))
	c.drain()
	c.wantWritten(1, 1)
	c.crash(1, 0)
	c.recover()
	c.request(1, 2, 1, get())
	c.wantRead(2, 1, "x")
}

func TestWrongParametersAreNamed(t *testing.T) {
	for _, test := range []struct{ name, value, want string }{
		{"replication", "semi", "replication"},
		{"takeover_after", "1", "takeover_after"},
		{"takeover_after", "soon", "takeover_after"},
		{"snapshot_every", "-1", "snapshot_every"},
		{"replication", "none", "reads"},
	} {
		config := protocols.Config{Self: 1, Nodes: []protocols.NodeID{1}, Machine: machine.NewKV(), Tick: 1, Parameters: set{}}
		for _, p := range Protocol().Parameters {
			config.Parameters[p.Name] = p.Default
		}
		if _, err := Protocol().New(config); err != nil {
			t.Fatalf("the defaults: %v", err)
		}
		config.Parameters[test.name] = test.value
		if _, err := Protocol().New(config); err == nil || !strings.Contains(err.Error(), "parameter "+test.want) {
			t.Errorf("%s=%s: %v", test.name, test.value, err)
		}
	}
}

func TestTypesArePlainData(t *testing.T) { statetest.Check(t, Protocol().Types...) }
