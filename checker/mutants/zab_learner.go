package mutants

import (
	"slices"
	"time"

	"quorumlab/protocols"
	"quorumlab/protocols/zab"
)

// This file holds errors that a learner of Zab makes.

// zabNode returns the node of Zab inside a wrapper.
func zabNode(inner protocols.Node) *zab.Node {
	node, _ := inner.(*zab.Node)
	return node
}

// NewLeaderBeforeDurable is a follower that acknowledges NEWLEADER as soon as it
// has got the history, while the disk is still busy with it.
type NewLeaderBeforeDurable struct{ Inner protocols.Node }

// Step implements protocols.Node.
func (m *NewLeaderBeforeDurable) Step(now time.Duration, event protocols.Event, out *protocols.Effects) {
	m.Inner.Step(now, event, out)
	n := zabNode(m.Inner)
	if n == nil || n.Following.Stage != zab.Recording {
		return
	}
	f := &n.Following
	last := n.History.Entries
	f.Stage, f.Acked = zab.Adopted, n.History.Base
	if len(last) > 0 {
		f.Acked = last[len(last)-1].Zxid
	}
	n.CurrentEpoch = f.Epoch
	n.Stable.Waiting = append(n.Stable.Waiting, protocols.SetMeta{Meta: zab.Meta{
		AcceptedEpoch: n.AcceptedEpoch, CurrentEpoch: n.CurrentEpoch, Life: n.Life,
		Configured: n.Active.Configuration.Version,
	}})
	n.Stable.Queued++
	n.Stable.MetaWrite = n.Stable.Queued
	out.Send(f.Leader, zab.AckNewLeader{Attempt: f.Attempt, Epoch: f.Epoch, Zxid: f.Acked})
}

// Replicated implements protocols.Replica.
func (m *NewLeaderBeforeDurable) Replicated() protocols.StateMachine { return replicated(m.Inner) }

// AckEpochBeforeDurable is a follower that promises an epoch before the promise is
// on its disk.
type AckEpochBeforeDurable struct{ Inner protocols.Node }

// Step implements protocols.Node.
func (m *AckEpochBeforeDurable) Step(now time.Duration, event protocols.Event, out *protocols.Effects) {
	m.Inner.Step(now, event, out)
	n := zabNode(m.Inner)
	if n == nil || n.Following.Stage != zab.Accepting {
		return
	}
	f := &n.Following
	f.Stage = zab.Promised
	ack := zab.AckEpoch{
		Attempt: f.Attempt, Epoch: f.Epoch, Counted: f.Counted,
		CurrentEpoch: n.CurrentEpoch, LastZxid: n.History.Base,
	}
	if last := n.History.Entries; len(last) > 0 {
		ack.LastZxid = last[len(last)-1].Zxid
	}
	out.Send(f.Leader, ack)
}

// Replicated implements protocols.Replica.
func (m *AckEpochBeforeDurable) Replicated() protocols.StateMachine { return replicated(m.Inner) }

// ProposalBeforeNewLeader is a follower that acknowledges proposals that came with
// its history before it acknowledges NEWLEADER.
type ProposalBeforeNewLeader struct{ Inner protocols.Node }

// Step implements protocols.Node.
func (m *ProposalBeforeNewLeader) Step(now time.Duration, event protocols.Event, out *protocols.Effects) {
	n := zabNode(m.Inner)
	before := len(*out)
	m.Inner.Step(now, event, out)
	if n == nil {
		return
	}
	for i := before; i < len(*out); i++ {
		send, ok := (*out)[i].(protocols.Send)
		if !ok {
			continue
		}
		if ack, ok := send.Message.(zab.AckNewLeader); ok && ack.Zxid > n.Saved.Zxid {
			early := protocols.Send{To: send.To, Message: zab.Ack{Epoch: ack.Epoch, Zxid: ack.Zxid}}
			*out = slices.Insert(*out, i, protocols.Effect(early))
			return
		}
	}
}

// Replicated implements protocols.Replica.
func (m *ProposalBeforeNewLeader) Replicated() protocols.StateMachine { return replicated(m.Inner) }

// UpToDateBeforeApplied is a follower that serves as soon as UPTODATE comes, and
// applies what is committed only with the next COMMIT.
type UpToDateBeforeApplied struct{ Inner protocols.Node }

// Step implements protocols.Node.
func (m *UpToDateBeforeApplied) Step(now time.Duration, event protocols.Event, out *protocols.Effects) {
	received, _ := event.(protocols.Received)
	upToDate, ok := received.Message.(zab.UpToDate)
	if !ok {
		m.Inner.Step(now, event, out)
		return
	}
	early := upToDate
	early.Committed = 0
	received.Message = early
	m.Inner.Step(now, received, out)
	if n := zabNode(m.Inner); n != nil && n.Phase == zab.Broadcast && n.Following.Leader == received.From {
		n.Following.Committed = max(n.Following.Committed, upToDate.Committed)
	}
}

// Replicated implements protocols.Replica.
func (m *UpToDateBeforeApplied) Replicated() protocols.StateMachine { return replicated(m.Inner) }

// CommitUnmatched is a follower to whom the transactions of its history are the past
// once NEWLEADER has come: a COMMIT before UPTODATE finds none that it belongs to, and
// is only counted. They are applied when the next COMMIT passes over them.
type CommitUnmatched struct {
	Inner protocols.Node
	// Attempt is the one to follow in which Lost, unless 0, was the first zxid
	// of such a COMMIT.
	Attempt uint64
	Lost    zab.Zxid
}

// Step implements protocols.Node.
func (m *CommitUnmatched) Step(now time.Duration, event protocols.Event, out *protocols.Effects) {
	n := zabNode(m.Inner)
	received, _ := event.(protocols.Received)
	if n == nil || n.Following.Stage < zab.Recording || received.From != n.Following.Leader {
		m.Inner.Step(now, event, out)
		return
	}
	if m.Attempt != n.Following.Attempt {
		m.Attempt, m.Lost = n.Following.Attempt, 0
	}
	switch message := received.Message.(type) {
	case zab.Commit:
		if n.Phase != zab.Broadcast && m.Lost == 0 && message.Epoch == n.Following.Epoch {
			m.Lost = message.Zxid
		}
	case zab.UpToDate:
		if m.Lost != 0 && message.Attempt == m.Attempt && message.Committed >= m.Lost {
			counted := message.Committed
			message.Committed = m.Lost - 1
			received.Message = message
			m.Inner.Step(now, received, out)
			if n.Phase == zab.Broadcast && n.Following.Attempt == m.Attempt {
				n.Following.Committed = counted
			}
			return
		}
	}
	m.Inner.Step(now, event, out)
}

// Replicated implements protocols.Replica.
func (m *CommitUnmatched) Replicated() protocols.StateMachine { return replicated(m.Inner) }

// MemoryKept is a node that keeps its state when it looks for a leader, and takes
// the end of its log, which it has not applied, for a part of it.
type MemoryKept struct {
	Inner protocols.Node
	// Led tells whether it followed or led at the end of the last step.
	Led bool
}

// Step implements protocols.Node.
func (m *MemoryKept) Step(now time.Duration, event protocols.Event, out *protocols.Effects) {
	n := zabNode(m.Inner)
	if n == nil {
		m.Inner.Step(now, event, out)
		return
	}
	if received, ok := event.(protocols.Received); ok {
		if trunc, ok := received.Message.(zab.Trunc); ok {
			for h := &n.History; h.Applied >= h.First && h.Entries[h.Applied-h.First].Zxid > trunc.Zxid; {
				h.Applied-- // of this it does take notice
			}
		}
	}
	m.Inner.Step(now, event, out)
	led := n.Role != zab.Looking
	if m.Led && !led {
		n.History.Applied = n.History.First + uint64(len(n.History.Entries)) - 1
	}
	m.Led = led
}

// Replicated implements protocols.Replica.
func (m *MemoryKept) Replicated() protocols.StateMachine { return replicated(m.Inner) }
