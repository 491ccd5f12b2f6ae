package mutants

import (
	"math"
	"time"

	"quorumlab/protocols"
	"quorumlab/protocols/zab"
)

// CounterRunsOver is a leader that goes on when the counter of its epoch is used
// up: the next zxid is one of the next epoch.
type CounterRunsOver struct {
	Inner protocols.Node
	// Most is the highest counter of an epoch.
	Most uint32
}

// Step implements protocols.Node.
func (m *CounterRunsOver) Step(now time.Duration, event protocols.Event, out *protocols.Effects) {
	n := zabNode(m.Inner)
	if n == nil {
		m.Inner.Step(now, event, out)
		return
	}
	if m.Most == 0 {
		m.Most, n.Options.CounterMax = n.Options.CounterMax, math.MaxUint32
	}
	before := len(*out)
	m.Inner.Step(now, event, out)
	if n.Role != zab.LeadingFollowers || n.Leading.Counter <= m.Most {
		return
	}
	for i := range n.History.Entries {
		if entry := &n.History.Entries[i]; entry.Zxid.Counter() > m.Most {
			moved := m.move(entry.Transaction)
			entry.Zxid, entry.Transaction = moved.(zab.Transaction).Zxid, moved
		}
	}
	for i, write := range n.Stable.Waiting {
		n.Stable.Waiting[i] = m.moveWrite(write)
	}
	rewritePersists(*out, before, func(writes []protocols.Write) []protocols.Write {
		moved := make([]protocols.Write, len(writes))
		for i := range writes {
			moved[i] = m.moveWrite(writes[i])
		}
		return moved
	})
	for i := before; i < len(*out); i++ {
		(*out)[i] = m.moveEffect((*out)[i])
	}
}

func (m *CounterRunsOver) moveEffect(effect protocols.Effect) protocols.Effect {
	switch e := effect.(type) {
	case protocols.Send:
		if propose, ok := e.Message.(zab.Propose); ok {
			propose.Transaction = m.move(propose.Transaction)
			e.Message = propose
		}
		return e
	case protocols.Note:
		if _, ok := e.Value.(zab.Transaction); ok {
			moved := m.move(e.Value).(zab.Transaction)
			e.Value, e.Slot, e.Term = moved, uint64(moved.Zxid), uint64(moved.Zxid.Epoch())
		}
		return e
	}
	return effect
}

func (m *CounterRunsOver) moveWrite(write protocols.Write) protocols.Write {
	if added, ok := write.(protocols.Append); ok {
		return protocols.Append{Record: m.move(added.Record)}
	}
	return write
}

// move gives a transaction whose counter is too high the zxid that comes of
// counting on.
func (m *CounterRunsOver) move(record protocols.Record) protocols.Record {
	t, ok := record.(zab.Transaction)
	if !ok {
		return record
	}
	if over := t.Zxid.Counter(); over > m.Most {
		t.Zxid += 1<<32 - zab.Zxid(m.Most)
	}
	return t
}

// Replicated implements protocols.Replica.
func (m *CounterRunsOver) Replicated() protocols.StateMachine { return replicated(m.Inner) }
