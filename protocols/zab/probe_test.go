package zab

import (
	"testing"

	"quorumlab/protocols"
)

// probe drives one node by hand. The others are in the test's imagination.
type probe struct {
	t    *testing.T
	node *Node
	disk protocols.Disk
	// out holds the effects of the last step.
	out     protocols.Effects
	persist protocols.Persist
}

// newProbe boots a node of three and finishes the write of its life's number.
func newProbe(t *testing.T, self protocols.NodeID, disk protocols.Disk, set map[string]string) *probe {
	t.Helper()
	config := newWorld(1, 3, set).config
	config.Self, config.Machine = self, &tally{}
	node, err := Protocol().New(config)
	if err != nil {
		t.Fatal(err)
	}
	p := &probe{t: t, node: node.(*Node), disk: disk}
	p.step(protocols.Recovered{Disk: disk})
	return p
}

func (p *probe) step(event protocols.Event) {
	p.t.Helper()
	p.out = nil
	p.node.Step(0, event, &p.out)
	for _, effect := range p.out {
		switch e := effect.(type) {
		case protocols.Persist:
			p.persist = e
		case protocols.Send:
			if vow, ok := e.Message.(protocols.Vow); ok {
				if missing := vow.Kept(p.disk); missing != "" {
					p.t.Fatalf("%#v: %s", e.Message, missing)
				}
			}
		}
	}
}

func (p *probe) receive(from protocols.NodeID, message protocols.Message) {
	p.t.Helper()
	p.step(protocols.Received{From: from, Message: message})
}

// finish completes the write under way.
func (p *probe) finish() {
	p.t.Helper()
	if len(p.persist.Writes) == 0 {
		p.t.Fatal("no write is under way")
	}
	done := p.persist
	p.persist = protocols.Persist{}
	for _, write := range done.Writes {
		applyWrite(&p.disk, write)
	}
	p.step(protocols.Persisted{Mark: done.Mark})
}

// settle makes a looking node settle on a leader.
func (p *probe) settle(leader protocols.NodeID) {
	p.t.Helper()
	for id := protocols.NodeID(1); id <= 3; id++ {
		if id == p.node.Self || p.node.Role != Looking {
			continue
		}
		state := FollowingLeader
		if id == leader {
			state = LeadingFollowers
		}
		p.receive(id, Notification{
			State: state, Vote: Vote{Leader: leader, Round: p.node.Election.Round},
		})
	}
	if p.node.Role == Looking {
		p.t.Fatal("the node does not settle")
	}
}

// lead brings node 3, whose write of its life is done, to leading epoch with
// follower 1 alone.
func (p *probe) lead(epoch Epoch) {
	p.t.Helper()
	p.settle(p.node.Self)
	p.receive(1, FollowerInfo{Attempt: 7, AcceptedEpoch: epoch - 1})
	p.finish()
	p.receive(1, AckEpoch{Attempt: 7, Epoch: epoch, Counted: true})
	p.finish()
	p.receive(1, AckNewLeader{Attempt: 7, Epoch: epoch, Zxid: p.node.History.last()})
	if !p.node.serving() {
		p.t.Fatal("the epoch is not established")
	}
}

// join brings node 1, whose write of its life is done, to serving in an epoch
// of leader 3.
func (p *probe) join(epoch Epoch) {
	p.t.Helper()
	p.settle(3)
	attempt := p.node.Following.Attempt
	last := p.node.History.last()
	p.receive(3, LeaderInfo{Attempt: attempt, Epoch: epoch})
	p.finish()
	p.receive(3, Diff{Attempt: attempt, Epoch: epoch, Zxid: last})
	p.receive(3, NewLeader{Attempt: attempt, Epoch: epoch, Zxid: last})
	p.finish()
	p.receive(3, UpToDate{Attempt: attempt, Epoch: epoch, Committed: last})
	if !p.node.serving() {
		p.t.Fatal("the follower does not serve")
	}
}

// sent returns the messages of a type that the last step sent.
func sent[M any](p *probe) []M {
	var found []M
	for _, effect := range p.out {
		if e, ok := effect.(protocols.Send); ok {
			if m, ok := e.Message.(M); ok {
				found = append(found, m)
			}
		}
	}
	return found
}

func (p *probe) expectSent(want protocols.Message) {
	p.t.Helper()
	for _, effect := range p.out {
		if e, ok := effect.(protocols.Send); ok && e.Message == want {
			return
		}
	}
	p.t.Fatalf("%#v was not sent, but %#v", want, p.out)
}

func (p *probe) expectReply(want protocols.Reply) {
	p.t.Helper()
	for _, effect := range p.out {
		if effect == protocols.Effect(want) {
			return
		}
	}
	p.t.Fatalf("no reply %#v, but %#v", want, p.out)
}

func (p *probe) noted(kind protocols.NoteKind) bool {
	for _, effect := range p.out {
		if e, ok := effect.(protocols.Note); ok && e.Kind == kind {
			return true
		}
	}
	return false
}

func replies(p *probe) []protocols.Reply {
	var found []protocols.Reply
	for _, effect := range p.out {
		if e, ok := effect.(protocols.Reply); ok {
			found = append(found, e)
		}
	}
	return found
}

// txn is a transaction for logs made by hand.
func txn(epoch Epoch, counter uint32) Transaction {
	return Transaction{
		Zxid: zxidOf(epoch, counter), Client: 9, Request: uint64(zxidOf(epoch, counter)), Command: add{},
	}
}

func diskOf(accepted, current Epoch, log ...Transaction) protocols.Disk {
	disk := protocols.Disk{Meta: Meta{AcceptedEpoch: accepted, CurrentEpoch: current, Life: 1}, First: 1}
	for _, t := range log {
		disk.Log = append(disk.Log, t)
	}
	return disk
}
