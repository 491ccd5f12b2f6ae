package zab

import (
	"testing"

	"quorumlab/protocols"
)

func TestFollowerWaitsForEachWrite(t *testing.T) {
	p := newProbe(t, 1, protocols.Disk{}, nil)
	p.settle(3)
	if got := sent[FollowerInfo](p); got != nil {
		t.Fatalf("%v sent before the life's number is on disk", got)
	}
	p.finish()
	attempt := p.node.Following.Attempt
	p.expectSent(FollowerInfo{Attempt: attempt})

	p.receive(3, LeaderInfo{Attempt: attempt, Epoch: 2})
	if got := sent[AckEpoch](p); got != nil {
		t.Fatalf("%v sent before acceptedEpoch is on disk", got)
	}
	p.finish()
	p.expectSent(AckEpoch{Attempt: attempt, Epoch: 2, Counted: true})

	p.receive(3, Diff{Attempt: attempt, Epoch: 2})
	p.receive(3, Propose{Epoch: 2, Transaction: txn(1, 1)})
	p.receive(3, Propose{Epoch: 2, Transaction: txn(1, 2)})
	p.receive(3, NewLeader{Attempt: attempt, Epoch: 2, Zxid: zxidOf(1, 2)})
	for len(p.disk.Log) < 2 {
		for _, write := range p.persist.Writes {
			if meta, ok := write.(protocols.SetMeta); ok {
				t.Fatalf("%v goes to disk while the log there has %d records", meta, len(p.disk.Log))
			}
		}
		p.finish()
	}
	if want := (protocols.SetMeta{Meta: Meta{AcceptedEpoch: 2, CurrentEpoch: 2, Life: 1}}); len(p.persist.Writes) != 1 || p.persist.Writes[0] != want {
		t.Fatalf("after the history goes %v to disk, not currentEpoch", p.persist.Writes)
	}
	if got := sent[AckNewLeader](p); got != nil {
		t.Fatalf("%v sent before currentEpoch is on disk", got)
	}
	p.finish()
	p.expectSent(AckNewLeader{Attempt: attempt, Epoch: 2, Zxid: zxidOf(1, 2)})
	if p.node.serving() || p.noted(protocols.Delivered) {
		t.Fatal("the follower serves before UPTODATE")
	}
	p.receive(3, UpToDate{Attempt: attempt, Epoch: 2, Committed: zxidOf(1, 2)})
	if !p.node.serving() || p.node.Sessions.Machine.(*tally).Count != 2 {
		t.Fatal("the follower does not serve, or has not applied, after UPTODATE")
	}
}

func TestFollowerCountsForOneLeaderAnEpoch(t *testing.T) {
	p := newProbe(t, 1, diskOf(4, 3, txn(3, 1)), nil)
	p.finish()
	p.settle(3)
	attempt := p.node.Following.Attempt
	p.receive(3, LeaderInfo{Attempt: attempt, Epoch: 4})
	p.expectSent(AckEpoch{Attempt: attempt, Epoch: 4, CurrentEpoch: 3, LastZxid: zxidOf(3, 1)})
}

func TestFollowerGoesNotBehindItsEpoch(t *testing.T) {
	p := newProbe(t, 1, diskOf(4, 3, txn(3, 1)), nil)
	p.finish()
	p.settle(3)
	attempt := p.node.Following.Attempt
	p.receive(3, LeaderInfo{Attempt: attempt, Epoch: 3})
	p.expectSent(Close{Attempt: attempt})
	if p.node.Role != Looking {
		t.Fatalf("the follower is %v", p.node.Role)
	}
}

func TestAttemptsAreNeverNumberedTwice(t *testing.T) {
	seen := map[uint64]bool{}
	disk := protocols.Disk{}
	for range 3 {
		p := newProbe(t, 1, disk, nil)
		p.finish()
		for range 2 {
			p.settle(3)
			attempt := p.node.Following.Attempt
			if attempt == 0 || seen[attempt] {
				t.Fatalf("attempt %d again", attempt)
			}
			seen[attempt] = true
			p.step(protocols.Disconnected{Peer: 3})
		}
		disk = p.disk
	}
}

func TestFollowerIgnoresItsFormerAttempt(t *testing.T) {
	p := newProbe(t, 1, protocols.Disk{}, nil)
	p.finish()
	p.join(1)
	former := p.node.Following.Attempt
	p.step(protocols.Disconnected{Peer: 3})
	p.settle(3)
	for _, message := range []protocols.Message{
		LeaderInfo{Attempt: former, Epoch: 1},
		Diff{Attempt: former, Epoch: 1},
		Trunc{Attempt: former, Epoch: 1},
		Propose{Epoch: 1, Transaction: txn(1, 1)},
		Commit{Epoch: 1, Zxid: zxidOf(1, 1)},
		NewLeader{Attempt: former, Epoch: 1},
		UpToDate{Attempt: former, Epoch: 1},
		ReadIndexReply{Epoch: 1, Number: 1},
		Ping{Epoch: 1, Round: 1},
		Close{Attempt: former},
	} {
		p.receive(3, message)
		if len(p.out) != 0 || p.node.Following.Stage != Introduced {
			t.Errorf("%#v of the former attempt has an effect: %v", message, p.out)
		}
	}
}

func TestFollowerLeavesOnWhatDoesNotFit(t *testing.T) {
	for _, message := range []protocols.Message{
		Propose{Epoch: 1, Transaction: txn(1, 2)},
		Propose{Epoch: 1, Transaction: txn(2, 2)},
		Propose{Epoch: 1, Transaction: "no transaction"},
		Commit{Epoch: 1, Zxid: zxidOf(1, 1)},
		ReadIndexReply{Epoch: 1, Number: 1, Zxid: zxidOf(1, 1)},
	} {
		p := newProbe(t, 1, protocols.Disk{}, nil)
		p.finish()
		p.join(1)
		p.receive(3, message)
		if p.node.Role != Looking || len(p.node.History.Entries) != 0 {
			t.Errorf("after %#v the follower is %v with %v", message, p.node.Role, p.node.History)
		}
	}
}

func TestBrokenDiskHalts(t *testing.T) {
	alien := diskOf(1, 1)
	alien.Log = append(alien.Log, "another protocol's")
	short := diskOf(1, 1, txn(1, 1))
	short.Snapshot = Snapshot{Zxid: zxidOf(1, 3), Base: zxidOf(1, 0)}
	strange := diskOf(1, 1)
	strange.Snapshot = "another protocol's"
	foreign := diskOf(1, 1)
	foreign.Meta = "another protocol's"
	for why, disk := range map[string]protocols.Disk{
		"a record of the log is not Zab's":          alien,
		"the log does not reach the snapshot":       short,
		"the snapshot is not Zab's":                 strange,
		"the log has a hole":                        diskOf(1, 1, txn(1, 1), txn(1, 3)),
		"the epochs on disk contradict one another": diskOf(1, 2),
		"the log is ahead of the accepted epoch":    diskOf(1, 1, txn(2, 1)),
		"the metadata is not Zab's":                 foreign,
	} {
		t.Run(why, func(t *testing.T) {
			p := newProbe(t, 1, disk, nil)
			if want := (protocols.Note{Kind: protocols.Halted, Text: why}); len(p.out) != 1 || p.out[0] != want {
				t.Fatalf("the node does not halt, but %v", p.out)
			}
			p.receive(2, Notification{State: Looking, Vote: Vote{Leader: 2, Round: 9}})
			p.step(protocols.Requested{Client: 1, Request: 1, Command: add{}})
			if len(p.out) != 0 {
				t.Fatalf("a halted node does %v", p.out)
			}
		})
	}
}

// TestRejoinWithWritesUnderWay: a follower comes back to the same leader, in the
// same epoch, while what it is told to cut is still on its way to the disk.
func TestRejoinWithWritesUnderWay(t *testing.T) {
	p := newProbe(t, 1, protocols.Disk{}, nil)
	p.finish()
	p.join(1)
	p.receive(3, Propose{Epoch: 1, Transaction: txn(1, 1)})
	p.receive(3, Propose{Epoch: 1, Transaction: txn(1, 2)})
	p.step(protocols.Disconnected{Peer: 3})
	p.settle(3)
	attempt := p.node.Following.Attempt
	p.receive(3, LeaderInfo{Attempt: attempt, Epoch: 1})
	p.expectSent(AckEpoch{Attempt: attempt, Epoch: 1, CurrentEpoch: 1, LastZxid: zxidOf(1, 2)})
	p.receive(3, Trunc{Attempt: attempt, Epoch: 1})
	p.receive(3, NewLeader{Attempt: attempt, Epoch: 1})
	p.finish()
	if got := p.node.Stable.IndexDurable; got != 0 || sent[AckNewLeader](p) != nil {
		t.Fatalf("with the cut to come the node believes %d records on disk, and sends %v", got, p.out)
	}
	p.finish()
	p.expectSent(AckNewLeader{Attempt: attempt, Epoch: 1})
	if len(p.disk.Log) != 0 {
		t.Fatalf("left on disk: %v", p.disk.Log)
	}
}

func TestDeadLeaderIsNotElected(t *testing.T) {
	for name, votes := range map[string]map[protocols.NodeID]Vote{
		"another": {2: {Leader: 3, Round: 7}, 3: {Leader: 3, Round: 7}},
		"itself":  {2: {Leader: 1, Round: 7}, 3: {Leader: 1, Round: 7}},
	} {
		p := newProbe(t, 1, protocols.Disk{}, nil)
		for _, from := range []protocols.NodeID{2, 3} {
			p.receive(from, Notification{State: FollowingLeader, Vote: votes[from]})
		}
		if p.node.Role != Looking {
			t.Errorf("%s: elected though it does not say that it leads", name)
		}
	}
}

func TestTruncOutsideTheLogHalts(t *testing.T) {
	p := newProbe(t, 1, diskOf(1, 1, txn(1, 1), txn(1, 2)), nil)
	p.finish()
	p.settle(3)
	attempt := p.node.Following.Attempt
	p.receive(3, LeaderInfo{Attempt: attempt, Epoch: 3})
	p.finish()
	p.receive(3, Trunc{Attempt: attempt, Epoch: 3, Zxid: zxidOf(2, 1)})
	if !p.noted(protocols.Halted) || len(p.node.History.Entries) != 2 {
		t.Fatalf("a TRUNC that cannot be does %v", p.out)
	}
}

func TestTruncOfDeliveredPanics(t *testing.T) {
	p := newProbe(t, 1, diskOf(1, 1, txn(1, 1)), nil)
	p.finish()
	p.join(2)
	p.step(protocols.Disconnected{Peer: 3})
	p.settle(3)
	attempt := p.node.Following.Attempt
	p.receive(3, LeaderInfo{Attempt: attempt, Epoch: 3})
	p.finish()
	defer func() {
		if recover() == nil {
			t.Fatal("a delivered transaction was cut")
		}
	}()
	p.receive(3, Trunc{Attempt: attempt, Epoch: 3})
}
