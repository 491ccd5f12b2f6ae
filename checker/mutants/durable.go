package mutants

import (
	"time"

	"quorumlab/protocols"
)

// following is the Text of the Role note of a node that takes up the role of a
// follower.
const following = "following"

// AckBeforeDurable is a follower that takes what it appends to its log for
// durable as soon as the write is asked for.
//
// It lies about the log alone: a write of metadata or of a snapshot, and
// whatever is asked for while one is under way, is waited for.
type AckBeforeDurable struct {
	Inner     protocols.Node
	Following bool
	// Forged is the last mark of which the node was told too early, Honest
	// the last that it has to wait for, Done the last that is stable.
	Forged, Honest, Done uint64
}

// Step implements protocols.Node.
func (m *AckBeforeDurable) Step(now time.Duration, event protocols.Event, out *protocols.Effects) {
	switch e := event.(type) {
	case protocols.Recovered:
		m.Following, m.Forged, m.Honest, m.Done = false, 0, 0, 0
	case protocols.Persisted:
		m.Done = e.Mark
		if e.Mark <= m.Forged {
			return // the node knows it already
		}
	}
	seen := len(*out)
	m.Inner.Step(now, event, out)
	for ; seen < len(*out); seen++ {
		switch e := (*out)[seen].(type) {
		case protocols.Note:
			if e.Kind == protocols.Role {
				m.Following = e.Text == following
			}
		case protocols.Persist:
			if !m.Following || m.Honest > m.Done || !appends(e.Writes) {
				m.Honest = e.Mark
				continue
			}
			m.Forged = e.Mark
			m.Inner.Step(now, protocols.Persisted{Mark: e.Mark}, out)
		}
	}
}

// appends tells whether the writes do nothing but add to the log.
func appends(writes []protocols.Write) bool {
	for _, w := range writes {
		if _, ok := w.(protocols.Append); !ok {
			return false
		}
	}
	return len(writes) > 0
}

// Replicated implements protocols.Replica.
func (m *AckBeforeDurable) Replicated() protocols.StateMachine { return replicated(m.Inner) }
