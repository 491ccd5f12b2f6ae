package mutants

import (
	"time"

	"quorumlab/protocols"
	"quorumlab/protocols/zab"
)

// EarlyProposal has a leader send its proposals to all that have connected, those
// included that have not yet acknowledged the epoch, and a follower log what comes
// while it is still accepting the epoch. It then acknowledges the epoch with a log
// whose end the leader knows, and whose middle is missing: the leader takes the log
// for the beginning of its own and sends what comes after.
type EarlyProposal struct{ Inner protocols.Node }

// Step implements protocols.Node.
func (m *EarlyProposal) Step(now time.Duration, event protocols.Event, out *protocols.Effects) {
	n := zabNode(m.Inner)
	if n == nil {
		m.Inner.Step(now, event, out)
		return
	}
	if received, ok := event.(protocols.Received); ok {
		if propose, ok := received.Message.(zab.Propose); ok && m.early(n, received.From, propose) {
			return
		}
	}
	before := len(*out)
	m.Inner.Step(now, event, out)
	m.propose(n, (*out)[before:], out)
}

// propose sends those that are on their way what the leader broadcasts.
func (m *EarlyProposal) propose(n *zab.Node, sent protocols.Effects, out *protocols.Effects) {
	if n.Phase != zab.Broadcast {
		return
	}
	for _, effect := range sent {
		note, _ := effect.(protocols.Note)
		if note.Kind != protocols.Broadcast {
			continue
		}
		for at, learner := range n.Leading.Learners {
			if learner.Stage == zab.Joined || learner.Stage == zab.Invited {
				out.Send(n.Nodes[at], zab.Propose{Epoch: n.Leading.Epoch, Transaction: note.Value})
			}
		}
	}
}

// early takes a proposal before the epoch is acknowledged, and reports whether it
// has dealt with it: later ones come again with the history.
func (m *EarlyProposal) early(n *zab.Node, from protocols.NodeID, propose zab.Propose) bool {
	f := &n.Following
	if f.Leader != from || f.Epoch != propose.Epoch || f.Stage < zab.Accepting || f.Stage > zab.Promised {
		return false
	}
	transaction, ok := propose.Transaction.(zab.Transaction)
	h := &n.History
	if last := len(h.Entries); f.Stage != zab.Accepting || !ok || last > 0 && h.Entries[last-1].Zxid >= transaction.Zxid {
		return true
	}
	h.Entries = append(h.Entries, zab.Entry{Zxid: transaction.Zxid, Transaction: propose.Transaction})
	n.Stable.Waiting = append(n.Stable.Waiting, protocols.Append{Record: propose.Transaction})
	n.Stable.Queued++
	n.Stable.LogWrite, f.Await = n.Stable.Queued, n.Stable.Queued
	return true
}

// Replicated implements protocols.Replica.
func (m *EarlyProposal) Replicated() protocols.StateMachine { return replicated(m.Inner) }
