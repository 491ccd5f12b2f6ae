package zab

import (
	"testing"

	"quorumlab/protocols"
)

func TestLeaderWaitsForEachWrite(t *testing.T) {
	p := newProbe(t, 3, diskOf(3, 3, txn(3, 1)), nil)
	p.finish()
	p.receive(1, FollowerInfo{Attempt: 7, AcceptedEpoch: 5}) // node 1 settled first
	p.settle(3)
	if got := sent[LeaderInfo](p); got != nil {
		t.Fatalf("%v sent before acceptedEpoch is on disk", got)
	}
	p.finish()
	p.expectSent(LeaderInfo{Attempt: 7, Epoch: 6})
	p.receive(1, AckEpoch{Attempt: 7, Epoch: 6, Counted: true, CurrentEpoch: 3})
	p.expectSent(Diff{Attempt: 7, Epoch: 6})
	p.expectSent(Propose{Epoch: 6, Transaction: txn(3, 1)})
	p.expectSent(NewLeader{Attempt: 7, Epoch: 6, Zxid: zxidOf(3, 1)})
	p.receive(1, AckNewLeader{Attempt: 7, Epoch: 6, Zxid: zxidOf(3, 1)})
	if p.node.serving() {
		t.Fatal("the epoch is established before the leader's currentEpoch is on disk")
	}
	p.finish()
	p.expectSent(UpToDate{Attempt: 7, Epoch: 6, Committed: zxidOf(3, 1)})
	if !p.noted(protocols.Leading) || !p.noted(protocols.Delivered) {
		t.Fatalf("the leader does not deliver its initial history: %v", p.out)
	}
}

// TestLeaderRecordsHistoryFirst has a log whose end is not on disk yet when a
// quorum promises: the node was a follower a moment ago.
func TestLeaderRecordsHistoryFirst(t *testing.T) {
	p := newProbe(t, 3, protocols.Disk{}, nil)
	p.finish()
	p.node.AcceptedEpoch = 1
	transaction := txn(1, 1)
	p.node.appendLog(&transaction, transaction)
	p.settle(3)
	p.receive(1, FollowerInfo{Attempt: 7})
	p.finish() // the transaction
	p.node.Stable.Waiting = append(p.node.Stable.Waiting, protocols.Append{Record: txn(1, 2)})
	p.node.Stable.Queued++
	p.node.Stable.LogWrite = p.node.Stable.Queued
	p.node.History.Entries = append(p.node.History.Entries, Entry{Zxid: zxidOf(1, 2), Transaction: txn(1, 2)})
	p.finish() // acceptedEpoch
	p.receive(1, AckEpoch{Attempt: 7, Epoch: 2, Counted: true})
	if p.node.CurrentEpoch != 0 || p.node.Leading.Recorded {
		t.Fatal("currentEpoch is written before the history")
	}
	p.finish()
	if p.node.CurrentEpoch != 2 {
		t.Fatal("currentEpoch is not written after the history")
	}
}

func TestLeaderCountsOnlyPromises(t *testing.T) {
	p := newProbe(t, 3, protocols.Disk{}, nil)
	p.finish()
	p.settle(3)
	p.receive(1, FollowerInfo{Attempt: 7})
	p.finish()
	p.receive(1, AckEpoch{Attempt: 7, Epoch: 1}) // accepted from another leader
	if p.node.Phase != Discovery {
		t.Fatal("a node counts for two leaders of one epoch")
	}
	p.receive(2, FollowerInfo{Attempt: 8})
	p.expectSent(LeaderInfo{Attempt: 8, Epoch: 1})
	p.receive(2, AckEpoch{Attempt: 6, Epoch: 1, Counted: true})
	p.receive(2, AckEpoch{Attempt: 8, Epoch: 2, Counted: true})
	if p.node.Phase != Discovery {
		t.Fatal("an ACKEPOCH of another attempt or epoch counts")
	}
	p.receive(2, AckEpoch{Attempt: 8, Epoch: 1, Counted: true})
	if p.node.Phase != Synchronization || len(sent[NewLeader](p)) != 2 {
		t.Fatalf("with a quorum the leader sends %v", p.out)
	}
}

func TestLeaderRefusesBetterHistory(t *testing.T) {
	for _, ack := range []AckEpoch{
		{Attempt: 7, Epoch: 4, Counted: true, CurrentEpoch: 3},
		{Attempt: 7, Epoch: 4, Counted: true, CurrentEpoch: 2, LastZxid: zxidOf(2, 2)},
	} {
		p := newProbe(t, 3, diskOf(2, 2, txn(2, 1)), nil)
		p.finish()
		p.settle(3)
		p.receive(1, FollowerInfo{Attempt: 7, AcceptedEpoch: 3})
		p.finish()
		p.receive(1, ack)
		p.expectSent(Close{Attempt: 7})
		if p.node.Phase == Synchronization {
			t.Errorf("the leader synchronizes after %v", ack)
		}
	}
}

func TestParkedFollowerIsTurnedAway(t *testing.T) {
	p := newProbe(t, 1, protocols.Disk{}, nil)
	p.receive(2, FollowerInfo{Attempt: 7})
	p.settle(3)
	p.expectSent(Close{Attempt: 7})
	p.receive(2, FollowerInfo{Attempt: 8})
	p.expectSent(Close{Attempt: 8})
}

func TestLeaderMakesWayForHigherEpoch(t *testing.T) {
	p := newProbe(t, 3, protocols.Disk{}, nil)
	p.finish()
	p.lead(1)
	p.receive(2, FollowerInfo{Attempt: 8, AcceptedEpoch: 2})
	p.expectSent(Close{Attempt: 7})
	p.expectSent(Close{Attempt: 8})
	if p.node.Role != Looking {
		t.Fatalf("the leader is %v", p.node.Role)
	}
}

// TestLateLearner: a learner that is alive but does not get on is closed.
func TestLateLearner(t *testing.T) {
	for name, answer := range map[string]func(p *probe){
		"never promises": func(*probe) {},
		"never adopts":   func(p *probe) { p.receive(2, AckEpoch{Attempt: 8, Epoch: 1}) },
		"never acknowledges": func(p *probe) {
			p.receive(2, AckEpoch{Attempt: 8, Epoch: 1})
			p.receive(2, AckNewLeader{Attempt: 8, Epoch: 1})
			p.step(protocols.Requested{Client: 1, Request: 1, Command: add{}})
			p.finish()
			p.receive(1, Ack{Epoch: 1, Zxid: zxidOf(1, 1)})
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := newProbe(t, 3, protocols.Disk{}, nil)
			p.finish()
			p.lead(1)
			p.receive(2, FollowerInfo{Attempt: 8})
			answer(p)
			for half := 0; p.node.Leading.Learners[1].Stage != 0; half++ {
				if half > 40 || p.node.Role != LeadingFollowers {
					t.Fatalf("after %d half ticks the leader is %v and the learner still there", half, p.node.Role)
				}
				p.receive(1, Pong{Epoch: 1, Round: p.node.Leading.Round})
				p.receive(2, Pong{Epoch: 1, Round: p.node.Leading.Round})
				p.step(protocols.TimerFired{Timer: protocols.Timer{Name: timerTick}})
			}
			p.expectSent(Close{Attempt: 8})
		})
	}
}

func TestGroupCommit(t *testing.T) {
	p := newProbe(t, 3, protocols.Disk{}, nil)
	p.finish()
	p.lead(1)
	persists := 0
	for i := range 10 {
		p.step(protocols.Requested{Client: 1, Request: uint64(i + 1), Command: add{}})
		for _, effect := range p.out {
			if _, ok := effect.(protocols.Persist); ok {
				persists++
			}
		}
	}
	if persists != 1 || len(p.persist.Writes) != 1 {
		t.Fatalf("%d writes begun while one is under way", persists)
	}
	p.finish()
	if len(p.persist.Writes) != 9 {
		t.Fatalf("the next write carries %d of 9 transactions", len(p.persist.Writes))
	}
	p.receive(1, Ack{Epoch: 1, Zxid: zxidOf(1, 10)})
	if got := p.node.Leading.Committed; got != zxidOf(1, 1) {
		t.Fatalf("committed up to %v with one record on the leader's disk", got)
	}
	p.finish()
	p.expectSent(Commit{Epoch: 1, Zxid: zxidOf(1, 10)})
	if got := replies(p); len(got) != 9 || got[8].Result != 10 {
		t.Fatalf("answered %v", got)
	}
}

func TestRetryIsExecutedOnce(t *testing.T) {
	p := newProbe(t, 3, protocols.Disk{}, nil)
	p.finish()
	p.lead(1)
	p.receive(1, Request{Epoch: 1, Client: 5, Request: 1, Command: add{}})
	p.step(protocols.Requested{Client: 5, Request: 1, Command: add{}}) // before it is committed
	p.finish()
	p.receive(1, Ack{Epoch: 1, Zxid: zxidOf(1, 2)})
	p.expectReply(protocols.Reply{Client: 5, Request: 1, Result: 1})
	p.finish()
	if got := replies(p); !p.noted(protocols.Delivered) || got != nil {
		t.Fatalf("the second transaction is answered with %v", got)
	}
	p.step(protocols.Requested{Client: 5, Request: 1, Command: add{}}) // and after
	p.expectReply(protocols.Reply{Client: 5, Request: 1, Result: 1})
	p.step(protocols.Requested{Client: 5, Request: 0, Command: add{}}) // long gone
	if len(p.out) != 0 || len(p.node.History.Entries) != 2 || p.node.Sessions.Machine.(*tally).Count != 1 {
		t.Fatalf("retries leave %v and do %v", p.node.History, p.out)
	}
}

func TestReadNeedsARoundBegunAfterIt(t *testing.T) {
	p := newProbe(t, 3, protocols.Disk{}, nil)
	p.finish()
	p.lead(1)
	first := p.node.Leading.Round + 1
	p.step(protocols.Requested{Client: 1, Request: 1, Command: total{}})
	p.expectSent(Ping{Epoch: 1, Round: first})
	p.step(protocols.Requested{Client: 2, Request: 1, Command: total{}})
	p.receive(1, ReadIndex{Epoch: 1, Number: 4})
	p.receive(1, Pong{Epoch: 1, Round: first})
	p.expectReply(protocols.Reply{Client: 1, Request: 1, Result: 0})
	p.expectSent(Ping{Epoch: 1, Round: first + 1})
	if len(replies(p)) != 1 || sent[ReadIndexReply](p) != nil {
		t.Fatalf("a round begun before a read confirms it: %v", p.out)
	}
	p.receive(1, Pong{Epoch: 1, Round: first + 1})
	p.expectReply(protocols.Reply{Client: 2, Request: 1, Result: 0})
	p.expectSent(ReadIndexReply{Epoch: 1, Number: 4})
}

func TestClientsAtTheEndOfARole(t *testing.T) {
	for name, boot := range map[string]func() *probe{
		"leader": func() *probe {
			p := newProbe(t, 3, protocols.Disk{}, nil)
			p.finish()
			p.lead(1)
			return p
		},
		"follower": func() *probe {
			p := newProbe(t, 1, protocols.Disk{}, nil)
			p.finish()
			p.join(1)
			return p
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := boot()
			p.step(protocols.Requested{Client: 1, Request: 1, Command: add{}})
			p.step(protocols.Requested{Client: 2, Request: 1, Command: total{}})
			p.step(protocols.Disconnected{Peer: 4 - p.node.Self})
			want := protocols.Reply{Client: 2, Request: 1, Refusal: protocols.NoQuorum}
			if got := replies(p); len(got) != 1 || got[0] != want {
				t.Fatalf("answered %v: a write's fate is unknown, a read did nothing", got)
			}
			p.step(protocols.Requested{Client: 3, Request: 1, Command: add{}})
			p.expectReply(protocols.Reply{Client: 3, Request: 1, Refusal: protocols.NoQuorum})
		})
	}
}
