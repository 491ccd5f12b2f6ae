package paxos

import (
	"slices"
	"time"

	"quorumlab/protocols"
	"quorumlab/protocols/machine"
)

// Memory and disk must stay bounded: every Compact slots a snapshot takes the
// place of the log, but for the last Retain slots. It holds the client sessions
// (a command that is retried must not be executed again) and who votes.
//
// A node that lags behind the log gets a snapshot, in parts: it asks for one
// after the other, so that a lost one costs a repetition and nothing else. The
// old snapshot and log stay on its disk until the new one takes their place in
// one write, followed by the cut: a crash between any two leaves a state that
// can be recovered.

// Snapshot is the record of a snapshot: the state after Slot.
type Snapshot struct {
	Slot           uint64
	Sessions       protocols.Record
	Configurations []Configuration
	Incarnations   []uint32
}

// Serving is a snapshot that others fetch. It stays the same as long as someone
// does, though newer ones are made.
type Serving struct {
	Slot           uint64 // 0: none
	Chunks         []machine.Chunk
	Configurations []Configuration
	Incarnations   []uint32
	// Idle counts the half ticks since a part was asked for.
	Idle uint64
}

// Receiving is a snapshot that is being fetched.
type Receiving struct {
	Slot     uint64 // 0: none
	From     int
	Assembly machine.Assembly
	// Age counts the half ticks since the last part came.
	Age uint64
}

func (n *Node) snapshotSlot() uint64 {
	s, _ := n.Snapshot.(Snapshot)
	return s.Slot
}

// compact makes a snapshot if it is time.
func (n *Node) compact() {
	if n.Chosen < n.snapshotSlot()+n.Options.Compact && !n.Log.Weight.Full(1) {
		return
	}
	n.save(n.snapshot(), n.retained())
}

// retained returns the first slot that is kept for those who lag.
func (n *Node) retained() uint64 {
	first := n.Chosen + 1
	for bytes := 0; first > 1 && n.Chosen+1-first < n.Options.Retain; first-- {
		if e := n.Log.at(first - 1); e != nil {
			bytes += sizeOf(e.Value)
		}
		if bytes > machine.WeightKept {
			break
		}
	}
	return first
}

// snapshot returns the state as it is.
func (n *Node) snapshot() Snapshot {
	return Snapshot{
		Slot: n.Chosen, Sessions: n.Sessions.Snapshot(),
		Configurations: slices.Clone(n.Configurations), Incarnations: slices.Clone(n.Incarnations),
	}
}

// save puts a snapshot on disk, and then drops the log before a slot.
func (n *Node) save(s Snapshot, first uint64) {
	n.Snapshot = s
	n.Log.Weight.Begin(s.Sessions)
	n.queue(protocols.SaveSnapshot{Snapshot: s})
	l := &n.Log
	if gone := min(max(first, l.First), l.next()) - l.First; gone > 0 {
		l.Entries = slices.Delete(l.Entries, 0, int(gone))
		l.First += gone
	}
	l.First = max(l.First, first)
	n.forget(l.First)
	before := n.Stable.Next
	for i := range l.Entries {
		if l.Entries[i].Ballot != 0 {
			before = min(before, l.Entries[i].Index)
		}
	}
	if before > n.Stable.First {
		n.Stable.First = before
		n.queue(protocols.CutHead{Before: before})
	}
}

// serve sends the first part of a snapshot.
func (n *Node) serve(from int, out *protocols.Effects) {
	v := &n.Serving
	// One that is being fetched is not taken away for a newer one.
	if s, ok := n.Snapshot.(Snapshot); ok && (v.Slot == 0 || v.Slot+1 < n.Log.First && v.Idle > 1) {
		*v = Serving{
			Slot: s.Slot, Chunks: n.Sessions.Split(s.Sessions, n.Options.Part),
			Configurations: s.Configurations, Incarnations: s.Incarnations,
		}
	}
	n.sendPart(from, 0, out)
}

func (n *Node) sendPart(from int, part uint32, out *protocols.Effects) {
	v := &n.Serving
	if v.Slot == 0 || int(part) >= len(v.Chunks) {
		return
	}
	v.Idle = 0
	m := Part{Slot: v.Slot, Chunk: v.Chunks[part]}
	if int(part) == len(v.Chunks)-1 {
		m.Configurations, m.Incarnations = v.Configurations, v.Incarnations
	}
	out.Send(n.Nodes[from], m)
}

func (n *Node) onFetch(from int, m Fetch, out *protocols.Effects) {
	switch {
	case m.Slot == n.Serving.Slot && m.Part > 0:
		n.sendPart(from, m.Part-1, out)
	case n.Snapshot != nil:
		n.serve(from, out)
	}
}

func (n *Node) onPart(now time.Duration, from int, m Part, out *protocols.Effects) {
	r := &n.Receiving
	if m.Slot <= n.Chosen || n.Leading.Stage >= Recovering {
		return
	}
	if r.Slot != m.Slot {
		if m.Chunk.Position != 1 || n.receiving() {
			return
		}
		*r = Receiving{Slot: m.Slot, From: from}
	}
	wanted := r.Assembly.Next()
	complete, err := r.Assembly.Add(m.Chunk)
	if err != nil {
		return // late, or of another series
	}
	if !complete && r.Assembly.Next() == wanted {
		return // it came twice, and what follows it is asked for
	}
	r.Age, r.From = 0, from
	if !complete {
		out.Send(n.Nodes[from], Fetch{Slot: r.Slot, Part: r.Assembly.Next()})
		return
	}
	if len(m.Configurations) == 0 {
		return // an old one again: the last is still to come
	}
	sessions, err := n.Sessions.Join(r.Assembly)
	*r = Receiving{}
	if err != nil {
		return // it will be asked for anew
	}
	n.install(Snapshot{
		Slot: m.Slot, Sessions: sessions, Configurations: m.Configurations, Incarnations: m.Incarnations,
	}, out)
	n.askAnew()
	n.ask(from, out)
	n.lead(now, out)
}

// receiving tells whether a snapshot is coming: until it has come, or comes no more,
// no other is asked for, nor taken. If nodes that offer different ones could supplant
// each other's, none would ever be whole that takes longer than they take to offer.
func (n *Node) receiving() bool { return n.Receiving.Slot > n.Chosen && n.Receiving.Age <= 1 }

// install makes a snapshot the node's state.
func (n *Node) install(s Snapshot, out *protocols.Effects) {
	out.Note(protocols.Note{Kind: protocols.Synchronized, Slot: s.Slot, Text: fromSnapshot})
	n.restore(s, out)
	n.save(s, s.Slot+1)
	n.answerForced(out)
	n.answerReads(out)
}

// restore takes over the state of a snapshot.
func (n *Node) restore(s Snapshot, out *protocols.Effects) {
	n.Sessions.Restore(s.Sessions)
	n.Chosen = s.Slot
	n.Configurations, n.Incarnations = slices.Clone(s.Configurations), slices.Clone(s.Incarnations)
	out.Note(protocols.Note{Kind: protocols.Restored, Slot: s.Slot})
	for i := range n.Configurations {
		n.noteConfiguration(&n.Configurations[i], out)
	}
}

// receivingOnTick asks again for a part that did not come.
func (n *Node) receivingOnTick(out *protocols.Effects) {
	if r := &n.Receiving; r.Slot != 0 {
		r.Age++
		switch {
		case r.Slot <= n.Chosen || r.Age > n.Options.Election:
			*r = Receiving{}
		case r.Age > 1:
			out.Send(n.Nodes[r.From], Fetch{Slot: r.Slot, Part: r.Assembly.Next()})
		}
	}
	if v := &n.Serving; v.Slot != 0 {
		if v.Idle++; v.Idle > n.Options.Election {
			*v = Serving{}
		}
	}
}
