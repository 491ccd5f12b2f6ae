package mutants

import (
	"slices"
	"time"

	"quorumlab/protocols"
	"quorumlab/protocols/zab"
)

// This file holds errors that a node of Zab makes with its disk.

// rewritePersists changes what the Persist effects from a place on write.
func rewritePersists(out protocols.Effects, from int, change func([]protocols.Write) []protocols.Write) {
	for i := from; i < len(out); i++ {
		if persist, ok := out[i].(protocols.Persist); ok {
			persist.Writes = change(persist.Writes)
			out[i] = persist
		}
	}
}

// TruncInMemory is a follower whose TRUNC never reaches the disk.
type TruncInMemory struct{ Inner protocols.Node }

// Step implements protocols.Node.
func (m *TruncInMemory) Step(now time.Duration, event protocols.Event, out *protocols.Effects) {
	before := len(*out)
	m.Inner.Step(now, event, out)
	rewritePersists(*out, before, func(writes []protocols.Write) []protocols.Write {
		return slices.DeleteFunc(slices.Clone(writes), func(w protocols.Write) bool {
			_, cut := w.(protocols.CutTail)
			return cut
		})
	})
}

// Replicated implements protocols.Replica.
func (m *TruncInMemory) Replicated() protocols.StateMachine { return replicated(m.Inner) }

// OldWriter is a node whose writer of the log still runs when the next role cuts
// the log: it writes the last transaction of the old role after the cut.
type OldWriter struct{ Inner protocols.Node }

// Step implements protocols.Node.
func (m *OldWriter) Step(now time.Duration, event protocols.Event, out *protocols.Effects) {
	var last protocols.Record
	received, _ := event.(protocols.Received)
	if n := zabNode(m.Inner); n != nil && len(n.History.Entries) > 0 {
		if trunc, ok := received.Message.(zab.Trunc); ok {
			if entry := n.History.Entries[len(n.History.Entries)-1]; entry.Zxid > trunc.Zxid {
				last = entry.Transaction
			}
		}
	}
	m.Inner.Step(now, event, out)
	if n := zabNode(m.Inner); n != nil && last != nil {
		late := protocols.Append{Record: last}
		done := false
		rewritePersists(*out, 0, func(writes []protocols.Write) []protocols.Write {
			done = true
			return append(slices.Clone(writes), late)
		})
		if !done {
			n.Stable.Waiting = append(n.Stable.Waiting, late)
		}
	}
}

// Replicated implements protocols.Replica.
func (m *OldWriter) Replicated() protocols.StateMachine { return replicated(m.Inner) }

// SnapInMemory is a follower that takes over a snapshot it was sent, but does not
// put it on disk before it goes on.
type SnapInMemory struct{ Inner protocols.Node }

// Step implements protocols.Node.
func (m *SnapInMemory) Step(now time.Duration, event protocols.Event, out *protocols.Effects) {
	before := len(*out)
	m.Inner.Step(now, event, out)
	n := zabNode(m.Inner)
	if n == nil || n.Following.Stage == 0 || n.Following.Stage > zab.Adopting {
		return
	}
	rewritePersists(*out, before, func(writes []protocols.Write) []protocols.Write {
		return slices.DeleteFunc(slices.Clone(writes), func(w protocols.Write) bool {
			_, saves := w.(protocols.SaveSnapshot)
			return saves
		})
	})
}

// Replicated implements protocols.Replica.
func (m *SnapInMemory) Replicated() protocols.StateMachine { return replicated(m.Inner) }

// EpochBeforeHistory is a follower that writes the leader's epoch as its current
// one before the leader's history, and not after it.
type EpochBeforeHistory struct{ Inner protocols.Node }

// Step implements protocols.Node.
func (m *EpochBeforeHistory) Step(now time.Duration, event protocols.Event, out *protocols.Effects) {
	before := len(*out)
	m.Inner.Step(now, event, out)
	n := zabNode(m.Inner)
	if n == nil || n.Following.Stage < zab.Receiving || n.Following.Stage > zab.Recording {
		return
	}
	rewritePersists(*out, before, func(writes []protocols.Write) []protocols.Write {
		early := protocols.SetMeta{Meta: zab.Meta{
			AcceptedEpoch: n.AcceptedEpoch, CurrentEpoch: n.Following.Epoch, Life: n.Life,
			Configured: n.Active.Configuration.Version,
		}}
		return slices.Insert(slices.Clone(writes), 0, protocols.Write(early))
	})
}

// Replicated implements protocols.Replica.
func (m *EpochBeforeHistory) Replicated() protocols.StateMachine { return replicated(m.Inner) }

// AcceptedEpochForgotten is a node that keeps its two epochs apart, and puts only
// the current one on disk.
type AcceptedEpochForgotten struct{ Inner protocols.Node }

// Step implements protocols.Node.
func (m *AcceptedEpochForgotten) Step(now time.Duration, event protocols.Event, out *protocols.Effects) {
	before := len(*out)
	m.Inner.Step(now, event, out)
	rewritePersists(*out, before, func(writes []protocols.Write) []protocols.Write {
		writes = slices.Clone(writes)
		for i, write := range writes {
			if set, ok := write.(protocols.SetMeta); ok {
				meta := set.Meta.(zab.Meta)
				meta.AcceptedEpoch = meta.CurrentEpoch
				writes[i] = protocols.SetMeta{Meta: meta}
			}
		}
		return writes
	})
}

// Replicated implements protocols.Replica.
func (m *AcceptedEpochForgotten) Replicated() protocols.StateMachine { return replicated(m.Inner) }

// FailedForceBelieved is a node that goes on after the disk has failed to force its
// log: one force of transactions in seven leaves pages that cannot be read, and the
// node answers, acknowledges and joins its next leader by what it has in memory.
type FailedForceBelieved struct {
	Inner protocols.Node
	// Forces counts those of transactions.
	Forces int
}

// Step implements protocols.Node.
func (m *FailedForceBelieved) Step(now time.Duration, event protocols.Event, out *protocols.Effects) {
	const every = 7
	before := len(*out)
	m.Inner.Step(now, event, out)
	if zabNode(m.Inner) == nil {
		return
	}
	rewritePersists(*out, before, func(writes []protocols.Write) []protocols.Write {
		adds := func(w protocols.Write) bool { _, ok := w.(protocols.Append); return ok }
		if !slices.ContainsFunc(writes, adds) {
			return writes
		}
		if m.Forces++; m.Forces%every != 0 {
			return writes
		}
		writes = slices.Clone(writes)
		for i := range writes {
			if adds(writes[i]) {
				writes[i] = protocols.Append{}
			}
		}
		return writes
	})
}

// Replicated implements protocols.Replica.
func (m *FailedForceBelieved) Replicated() protocols.StateMachine { return replicated(m.Inner) }
