package mutants

import (
	"slices"
	"time"

	"quorumlab/protocols"
	"quorumlab/protocols/zab"
)

// This file holds errors that a leader of Zab makes.

// DiffForOrphan is a leader that has a follower keep its whole log (DIFF), though
// the end of that is not in the leader's.
type DiffForOrphan struct{ Inner protocols.Node }

// Step implements protocols.Node.
func (m *DiffForOrphan) Step(now time.Duration, event protocols.Event, out *protocols.Effects) {
	before := len(*out)
	m.Inner.Step(now, event, out)
	n := zabNode(m.Inner)
	if n == nil {
		return
	}
	for i := before; i < len(*out); i++ {
		send, _ := (*out)[i].(protocols.Send)
		trunc, ok := send.Message.(zab.Trunc)
		if !ok {
			continue
		}
		at := slices.Index(n.Nodes, send.To)
		send.Message = zab.Diff{
			Attempt: trunc.Attempt, Epoch: trunc.Epoch, Zxid: n.Leading.Learners[at].LastZxid,
		}
		(*out)[i] = send
	}
}

// Replicated implements protocols.Replica.
func (m *DiffForOrphan) Replicated() protocols.StateMachine { return replicated(m.Inner) }

// RingWithHole is a leader whose ring of committed proposals lacks one: when it
// brings a follower up to date it leaves out the last before NEWLEADER.
type RingWithHole struct{ Inner protocols.Node }

// Step implements protocols.Node.
func (m *RingWithHole) Step(now time.Duration, event protocols.Event, out *protocols.Effects) {
	before := len(*out)
	m.Inner.Step(now, event, out)
	n := zabNode(m.Inner)
	if n == nil {
		return
	}
	for i := before + 2; i < len(*out); i++ {
		send, _ := (*out)[i].(protocols.Send)
		newLeader, ok := send.Message.(zab.NewLeader)
		if !ok {
			continue
		}
		lost, _ := (*out)[i-1].(protocols.Send)
		kept, _ := (*out)[i-2].(protocols.Send)
		if _, ok := lost.Message.(zab.Propose); !ok {
			continue
		}
		propose, ok := kept.Message.(zab.Propose)
		if !ok {
			continue
		}
		newLeader.Zxid = propose.Transaction.(zab.Transaction).Zxid
		send.Message = newLeader
		(*out)[i] = send
		*out = slices.Delete(*out, i-1, i)
		i--
	}
}

// Replicated implements protocols.Replica.
func (m *RingWithHole) Replicated() protocols.StateMachine { return replicated(m.Inner) }

// CommitTooFar is a leader that names in COMMIT and UPTODATE the last transaction
// that it has proposed, not the last that is committed.
type CommitTooFar struct{ Inner protocols.Node }

// Step implements protocols.Node.
func (m *CommitTooFar) Step(now time.Duration, event protocols.Event, out *protocols.Effects) {
	before := len(*out)
	m.Inner.Step(now, event, out)
	n := zabNode(m.Inner)
	if n == nil || len(n.History.Entries) == 0 {
		return
	}
	for i := before; i < len(*out); i++ {
		send, _ := (*out)[i].(protocols.Send)
		last := n.History.Entries[len(n.History.Entries)-1].Zxid
		switch told := send.Message.(type) {
		case zab.UpToDate:
			told.Committed = last
			send.Message = told
		case zab.Commit:
			told.Zxid = last
			send.Message = told
		default:
			continue
		}
		(*out)[i] = send
	}
}

// Replicated implements protocols.Replica.
func (m *CommitTooFar) Replicated() protocols.StateMachine { return replicated(m.Inner) }

// SnapBehindNewLeader is a leader that fixes what a snapshot and NEWLEADER stand for
// before it takes the snapshot's state from what it saved: what comes between the two
// it never sends.
type SnapBehindNewLeader struct{ Inner protocols.Node }

// Step implements protocols.Node.
func (m *SnapBehindNewLeader) Step(now time.Duration, event protocols.Event, out *protocols.Effects) {
	before := len(*out)
	m.Inner.Step(now, event, out)
	for i := before; i < len(*out); i++ {
		send, _ := (*out)[i].(protocols.Send)
		snap, ok := send.Message.(zab.Snap)
		if !ok {
			continue
		}
		kept := (*out)[:i+1]
		for _, effect := range (*out)[i+1:] {
			next, _ := effect.(protocols.Send)
			if newLeader, ok := next.Message.(zab.NewLeader); ok && next.To == send.To && snap.Zxid < newLeader.Zxid {
				snap.Zxid = newLeader.Zxid
			}
			if _, ok := next.Message.(zab.Propose); !ok || next.To != send.To {
				kept = append(kept, effect)
			}
		}
		send.Message = snap
		*out = kept
		(*out)[i] = send
	}
}

// Replicated implements protocols.Replica.
func (m *SnapBehindNewLeader) Replicated() protocols.StateMachine { return replicated(m.Inner) }
