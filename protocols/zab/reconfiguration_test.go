package zab

import (
	"slices"
	"testing"
	"time"

	"quorumlab/protocols"
)

func members(ids ...protocols.NodeID) protocols.Reconfigure {
	return protocols.Reconfigure{Members: ids}
}

// mustReconfigure asks for members until they are in force.
func (w *world) mustReconfigure(t *testing.T, request uint64, ids ...protocols.NodeID) {
	t.Helper()
	for tries := range 20 {
		reply := w.request(w.ids[tries%len(w.ids)], operator, request, members(ids...))
		if reply != nil && reply.Refusal == "" {
			return
		}
		w.run(200 * time.Millisecond)
	}
	t.Fatalf("the members never become %v", ids)
}

// haveMembers reports whether all nodes that are up go by the same members.
func (w *world) haveMembers(ids ...protocols.NodeID) func() bool {
	return func() bool {
		for _, h := range w.nodes {
			if h.alive && (!slices.Equal(h.node.Active.Configuration.Members, ids) || h.node.Pending.Quorum > 0) {
				return false
			}
		}
		return true
	}
}

// TestReconfigure goes through changes of all kinds, under load, and then starts
// all nodes anew.
func TestReconfigure(t *testing.T) {
	w := newWorld(1, 5, map[string]string{"snapCount": "100"})
	w.config.Members = []protocols.NodeID{1, 2, 3}
	w.bootAll()
	if !w.until(5*time.Second, w.allServe) {
		t.Fatal("no epoch")
	}
	for i, ids := range [][]protocols.NodeID{{1, 2, 3, 4, 5}, {3, 4, 5}, {1, 2}, {4}, {4}, {1, 2, 3}} {
		w.mustCount(t, 5, uint64(2*i+1), 2*i+1)
		w.mustReconfigure(t, uint64(i+1), ids...)
		if !w.until(2*time.Second, w.haveMembers(ids...)) || !w.until(time.Second, w.allServe) {
			t.Fatalf("the members are not %v everywhere", ids)
		}
		if leader := w.leader(); !slices.Contains(ids, leader) {
			t.Fatalf("of the members %v node %d leads", ids, leader)
		}
		for _, id := range w.ids {
			observes := w.nodes[id].node.Role == ObservingLeader
			if observes == slices.Contains(ids, id) {
				t.Fatalf("of the members %v node %d is %v", ids, id, w.nodes[id].node.Role)
			}
		}
		w.mustCount(t, 1, uint64(2*i+2), 2*i+2)
	}
	for _, id := range w.ids {
		w.crash(id, -1)
	}
	w.bootAll()
	if !w.haveMembers(1, 2, 3)() {
		t.Fatal("the members are in doubt after a restart")
	}
	if !w.until(5*time.Second, w.allServe) {
		t.Fatal("no epoch")
	}
	w.mustCount(t, 4, 13, 13)
}

// TestReconfigurationLosesNothing: clients notice nothing when the leader leaves.
func TestReconfigurationLosesNothing(t *testing.T) {
	w := settled(t, 5, nil)
	leader := w.leader()
	l := newLoad(w, w.ids...)
	w.run(time.Second)
	rest := slices.DeleteFunc(slices.Clone(w.ids), func(id protocols.NodeID) bool { return id == leader })
	w.step(1, protocols.Requested{Client: operator, Request: 1, Command: protocols.Reconfigure{Members: rest}})
	if !w.until(time.Second, func() bool { return w.leader() != 0 && w.leader() != leader }) {
		t.Fatal("the leader that left is not replaced")
	}
	w.run(time.Second)
	l.stopped = true
	w.run(time.Second)
	asked := uint64(0)
	for _, request := range l.request {
		asked += request
	}
	if l.refused != 0 || uint64(l.answers) < asked || l.longest > 200*time.Millisecond {
		t.Fatalf("%d of %d operations answered, %d refused, the longest takes %v", l.answers, asked, l.refused, l.longest)
	}
	if w.judge.notes["role looking"] != 5 || w.judge.notes["handing-over the leader is no member any more"] != 1 {
		t.Fatalf("there was an election: %v", w.judge.notes)
	}
	t.Logf("the longest operation takes %v", l.longest)
}

// TestReconfigurationIsRefused lists what is.
func TestReconfigurationIsRefused(t *testing.T) {
	for name, c := range map[string]struct {
		command protocols.Reconfigure
		refusal string
	}{
		"nobody":         {members(), protocols.Aborted},
		"a stranger":     {members(1, 9), protocols.Aborted},
		"twice the same": {members(1, 1), protocols.Aborted},
		"one who is not there, without whom there is no quorum": {members(2, 3), protocols.NoQuorum},
	} {
		t.Run(name, func(t *testing.T) {
			p := newProbe(t, 3, protocols.Disk{}, nil)
			p.finish()
			p.lead(1)
			p.step(protocols.Requested{Client: 1, Request: 1, Command: c.command})
			p.expectReply(protocols.Reply{Client: 1, Request: 1, Refusal: c.refusal})
			p.receive(1, Request{Epoch: 1, Client: 2, Request: 1, Command: c.command})
			p.expectSent(Refused{Epoch: 1, Client: 2, Request: 1, Refusal: c.refusal})
			if len(p.node.History.Entries)+len(p.node.Writes) != 0 {
				t.Fatal("it is proposed, too")
			}
		})
	}
}

// TestOneReconfigurationAtATime: a second is refused; the same, asked again, is
// neither refused nor proposed again.
func TestOneReconfigurationAtATime(t *testing.T) {
	p := newProbe(t, 3, protocols.Disk{}, nil)
	p.finish()
	p.lead(1)
	p.receive(1, Request{Epoch: 1, Client: 1, Request: 1, Command: members(1, 3)})
	p.step(protocols.Requested{Client: 2, Request: 1, Command: members(1, 2, 3)})
	p.expectReply(protocols.Reply{Client: 2, Request: 1, Refusal: protocols.Conflict})
	p.step(protocols.Requested{Client: 1, Request: 1, Command: members(1, 3)})
	if len(replies(p)) != 0 {
		t.Fatalf("what is under way is answered: %v", p.out)
	}
	p.receive(1, Request{Epoch: 1, Client: 1, Request: 1, Command: members(1, 3)})
	p.expectSent(Refused{Epoch: 1, Client: 1, Request: 1})
	if len(p.node.History.Entries) != 1 {
		t.Fatalf("%d are proposed", len(p.node.History.Entries))
	}
}

// TestJointQuorums: from the configuration on commits need the old and the new
// members, before it the old ones do, and after it is committed the new ones.
func TestJointQuorums(t *testing.T) {
	p := newProbe(t, 3, protocols.Disk{}, nil)
	p.finish()
	p.lead(1)
	p.receive(2, FollowerInfo{Attempt: 8})
	p.receive(2, AckEpoch{Attempt: 8, Epoch: 1})
	p.receive(2, AckNewLeader{Attempt: 8, Epoch: 1})
	write := func(request uint64, command protocols.Command) {
		t.Helper()
		p.step(protocols.Requested{Client: 1, Request: request, Command: command})
	}
	write(1, add{})
	write(2, members(2, 3))
	write(3, add{})
	p.finish()
	p.finish()
	p.receive(1, Ack{Epoch: 1, Zxid: zxidOf(1, 3)}) // with node 3 a quorum of the old
	p.expectSent(Commit{Epoch: 1, Zxid: zxidOf(1, 1)})
	if g := p.node.Leading; g.Committed != zxidOf(1, 1) || sent[CommitAndActivate](p) != nil {
		t.Fatalf("committed up to %v without the new members", g.Committed)
	}
	p.receive(2, Ack{Epoch: 1, Zxid: zxidOf(1, 2)}) // and one of the new
	p.expectSent(CommitAndActivate{Epoch: 1, Zxid: zxidOf(1, 2)})
	if got := sent[Commit](p); got != nil || !p.noted(protocols.Configured) {
		t.Fatalf("what comes after is committed by those who left: %v", got)
	}
	p.receive(2, Ack{Epoch: 1, Zxid: zxidOf(1, 3)})
	if g := p.node.Leading; g.Committed != zxidOf(1, 3) || g.Learners[0].Sent != zxidOf(1, 3) {
		t.Fatalf("committed up to %v; who left has got %v", g.Committed, g.Learners[0].Sent)
	}
	write(4, add{})
	for _, effect := range p.out {
		if send, ok := effect.(protocols.Send); ok && send.To == 1 {
			t.Fatalf("who left gets %v", send.Message)
		}
	}
}

// TestJoinerGetsWhatIsUnderWay: an observer that becomes a member gets the
// proposals that are not yet committed before the one that makes it a member.
func TestJoinerGetsWhatIsUnderWay(t *testing.T) {
	p := newProbe(t, 3, protocols.Disk{}, nil)
	p.node.Active = p.node.electorate(Configuration{Members: []protocols.NodeID{1, 3}})
	p.finish()
	p.lead(1)
	p.receive(2, ObserverInfo{Attempt: 8})
	p.receive(2, AckEpoch{Attempt: 8, Epoch: 1})
	p.receive(2, AckNewLeader{Attempt: 8, Epoch: 1})
	p.step(protocols.Requested{Client: 1, Request: 1, Command: add{}})
	p.step(protocols.Requested{Client: 1, Request: 2, Command: members(1, 2, 3)})
	var got []Zxid
	for _, effect := range p.out {
		if send, ok := effect.(protocols.Send); ok && send.To == 2 {
			got = append(got, send.Message.(Propose).Transaction.(Transaction).Zxid)
		}
	}
	if want := []Zxid{zxidOf(1, 1), zxidOf(1, 2)}; !slices.Equal(got, want) {
		t.Fatalf("it gets %v", got)
	}
}

// TestPendingMembersAreInDoubt: after a restart both configurations count, unless
// the disk says that the later is committed.
func TestPendingMembersAreInDoubt(t *testing.T) {
	for _, configured := range []Zxid{0, zxidOf(1, 2)} {
		change := txn(1, 2)
		change.Command = members(1, 2)
		disk := diskOf(1, 1, txn(1, 1), change)
		disk.Meta = Meta{AcceptedEpoch: 1, CurrentEpoch: 1, Configured: configured}
		p := newProbe(t, 1, disk, nil)
		if in, doubt := p.node.Pending.Quorum > 0, configured == 0; in != doubt {
			t.Fatalf("configured %v: pending is %v", configured, p.node.Pending)
		}
		if m := sent[Notification](p)[0]; m.Configuration.Version != configured || m.Seen != zxidOf(1, 2) {
			t.Fatalf("it tells of %v", m)
		}
	}
}

// TestElectionDuringReconfiguration: cases in which nodes know of different
// members, and once waited for each other for ever.
func TestElectionDuringReconfiguration(t *testing.T) {
	change := func(ids ...protocols.NodeID) Transaction {
		t := txn(1, 2)
		t.Command = members(ids...)
		return t
	}
	for name, c := range map[string]struct {
		start []protocols.NodeID // members at the start
		pend  []protocols.NodeID // members in doubt
		know  []protocols.NodeID // who has these in the log
		epoch Epoch              // of the others
	}{
		// Node 2 does not know that node 3 may lead, and is needed.
		"the best is a member only in doubt": {[]protocols.NodeID{1, 2}, []protocols.NodeID{1, 3}, []protocols.NodeID{1, 3}, 1},
		// Node 3 does not know that it is to vote.
		"an observer is needed": {[]protocols.NodeID{2}, []protocols.NodeID{3}, []protocols.NodeID{2}, 1},
		// Node 2 waits for the members that node 1 has done without.
		"the others went on": {[]protocols.NodeID{1}, []protocols.NodeID{1, 2}, []protocols.NodeID{2}, 2},
		// Node 1 is needed and has asked in more rounds than the others.
		"an observer is ahead": {[]protocols.NodeID{2, 3}, []protocols.NodeID{1, 2}, []protocols.NodeID{2, 3}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(1, 3, map[string]string{"finalizeWait": "20ms"})
			w.config.Members = c.start
			w.judge.leaders[1] = 1
			for _, transaction := range []Transaction{txn(1, 1), change(c.pend...)} {
				w.judge.broadcast[uint64(transaction.Zxid)] = transaction
			}
			for _, id := range w.ids {
				log := []Transaction{txn(1, 1)}
				epoch := c.epoch
				if slices.Contains(c.know, id) {
					log = append(log, change(c.pend...))
					epoch = 1
				}
				w.nodes[id].disk = diskOf(epoch, epoch, log...)
			}
			w.boot(1)
			w.run(50 * time.Millisecond)
			if e := &w.nodes[1].node.Election; w.nodes[1].node.Role == Looking {
				e.Round, e.Vote.Round, e.Votes[0].Vote.Round = 4, 4, 4
			}
			w.boot(2)
			w.boot(3)
			if !w.until(5*time.Second, w.allServe) {
				t.Fatal("no epoch")
			}
			w.mustCount(t, 1, 1, w.nodes[1].node.Sessions.Machine.(*tally).Count+1)
		})
	}
}
