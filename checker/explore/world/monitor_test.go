package world

import (
	"testing"

	"quorumlab/protocols"
	"quorumlab/protocols/state"
	"quorumlab/sim"
)

// noting is a step of a node that notes something.
type noting struct {
	node protocols.NodeID
	note protocols.Note
}

// TestMonitor: what contradicts itself is found, whoever notes first: steps of two
// nodes lead to the same monitor in both orders.
func TestMonitor(t *testing.T) {
	codec, err := state.NewCodec(sim.Types()...)
	if err != nil {
		t.Fatal(err)
	}
	a, b := protocols.TimerFired{Timer: protocols.Timer{Key: 1}}, protocols.TimerFired{Timer: protocols.Timer{Key: 2}}
	note := func(kind protocols.NoteKind, term, slot uint64, value any, text string) protocols.Note {
		return protocols.Note{Kind: kind, Term: term, Slot: slot, Value: value, Text: text}
	}
	for _, test := range []struct {
		name          string
		first, second noting
		hits          uint64
	}{
		{"one leader each", noting{1, note(protocols.Leading, 1, 0, nil, "")}, noting{2, note(protocols.Leading, 2, 0, nil, "")}, 0},
		{"two leaders", noting{1, note(protocols.Leading, 1, 0, nil, "")}, noting{2, note(protocols.Leading, 1, 0, nil, "")}, hitsLeader | hitsEpoch},
		{"one leader twice", noting{1, note(protocols.Leading, 1, 0, nil, "")}, noting{1, note(protocols.Leading, 1, 0, nil, "")}, hitsEpoch},
		{"one choice", noting{1, note(protocols.Chosen, 1, 1, a, "")}, noting{2, note(protocols.Chosen, 2, 1, a, "")}, hitsValid},
		{"two choices", noting{1, note(protocols.Chosen, 1, 1, a, "")}, noting{2, note(protocols.Chosen, 1, 1, b, "")}, hitsChoice | hitsValid},
		{"two slots", noting{1, note(protocols.Chosen, 1, 1, a, "")}, noting{2, note(protocols.Chosen, 1, 2, b, "")}, hitsValid},
		{"two successors", noting{1, note(protocols.Delivered, 1, 1, a, "")}, noting{2, note(protocols.Delivered, 1, 2, b, "")}, hitsOrder},
		{"two values in a ballot", noting{1, note(protocols.Proposed, 1, 1, a, "")}, noting{2, note(protocols.Accepted, 1, 1, b, "")}, hitsBallot},
		{"two ballots", noting{1, note(protocols.Proposed, 1, 1, a, "")}, noting{2, note(protocols.Accepted, 2, 1, b, "")}, 0},
		{"a promise kept", noting{1, note(protocols.Promised, 1, 0, nil, "")}, noting{2, note(protocols.Accepted, 0, 1, a, "")}, 0},
		{"two fates", noting{1, note(protocols.Decided, 0, 1, nil, "commit")}, noting{2, note(protocols.Decided, 0, 1, nil, "abort")}, hitsDecision},
		{"a fate changed", noting{1, note(protocols.Decided, 0, 1, nil, "commit")}, noting{1, note(protocols.Decided, 0, 1, nil, "abort")}, hitsDecision | hitsTwice},
	} {
		m := &Model{codec: codec, nodes: 2}
		start := m.monitorOf(&monitor{last: make([]uint64, 2), promised: make([]uint64, 2)})
		after := func(id uint32, n noting) uint32 {
			return m.note(id, m.noteList(n.node, false, []protocols.Note{n.note}))
		}
		one, other := after(after(start, test.first), test.second), after(after(start, test.second), test.first)
		if one != other {
			t.Errorf("%s: the order matters", test.name)
		}
		if hits := m.monitors.At(one).hits; hits != test.hits {
			t.Errorf("%s: hits %b, want %b", test.name, hits, test.hits)
		}
	}
	m := &Model{codec: codec, nodes: 1}
	id := m.monitorOf(&monitor{last: []uint64{0}, promised: []uint64{0}})
	for i, test := range []struct {
		kind protocols.NoteKind
		term uint64
		hits uint64
	}{{protocols.Promised, 2, 0}, {protocols.Lost, 0, 0}, {protocols.Accepted, 1, 0}, {protocols.Promised, 3, 0}, {protocols.Accepted, 2, hitsPromise}} {
		id = m.note(id, m.noteList(1, false, []protocols.Note{note(test.kind, test.term, uint64(i), a, "")}))
		if hits := m.monitors.At(id).hits; hits != test.hits {
			t.Errorf("after note %d of promises: hits %b, want %b", i+1, hits, test.hits)
		}
	}
}

// TestMonitorOfInstances: who commits transactions promises for each by itself.
func TestMonitorOfInstances(t *testing.T) {
	codec, err := state.NewCodec(sim.Types()...)
	if err != nil {
		t.Fatal(err)
	}
	m := &Model{codec: codec, nodes: 1}
	m.config.Protocol.Invariants = []string{"ac1", "promise"}
	id := m.monitorOf(&monitor{last: []uint64{0}, promised: []uint64{0}})
	for i, test := range []struct {
		kind       protocols.NoteKind
		term, slot uint64
		hits       uint64
	}{
		{protocols.Promised, 5, 3, 0},
		{protocols.Accepted, 0, 4, 0},
		{protocols.Promised, 2, 4, 0},
		{protocols.Accepted, 5, 3, 0},
		{protocols.Accepted, 4, 3, hitsPromise},
	} {
		id = m.note(id, m.noteList(1, false, []protocols.Note{{Kind: test.kind, Term: test.term, Slot: test.slot}}))
		if hits := m.monitors.At(id).hits; hits != test.hits {
			t.Errorf("after note %d: hits %b, want %b", i+1, hits, test.hits)
		}
	}
}

// TestMonitorInOrder: what depends on what came first.
func TestMonitorInOrder(t *testing.T) {
	codec, err := state.NewCodec(sim.Types()...)
	if err != nil {
		t.Fatal(err)
	}
	command := protocols.Requested{Client: 1, Request: 1}
	broadcast := noting{1, protocols.Note{Kind: protocols.Broadcast, Term: 1, Slot: 1, Value: command}}
	delivered := noting{1, protocols.Note{Kind: protocols.Delivered, Term: 1, Slot: 1, Value: command}}
	elsewhere := noting{2, protocols.Note{Kind: protocols.Delivered, Term: 1, Slot: 1, Value: command}}
	first := noting{1, protocols.Note{Kind: protocols.Leading, Term: 1}}
	second := noting{2, protocols.Note{Kind: protocols.Leading, Term: 2}}
	proposed := noting{1, protocols.Note{Kind: protocols.Proposed, Term: 1, Slot: 1, Value: command}}
	chosen := noting{2, protocols.Note{Kind: protocols.Chosen, Term: 1, Slot: 1, Value: command}}
	told := noting{} // the client is told
	for i, test := range []struct {
		notes []noting
		hits  uint64
	}{
		{[]noting{first, broadcast, delivered}, 0},
		{[]noting{first, delivered}, hitsIntegrity},
		{[]noting{first, broadcast, delivered, told, second}, hitsDurable},
		{[]noting{first, broadcast, delivered, told, elsewhere, second}, 0},
		{[]noting{first, broadcast, delivered, second, told}, 0},
		{[]noting{first, broadcast, delivered, second}, 0},
		{[]noting{proposed, chosen}, 0},
		{[]noting{chosen}, hitsValid},
	} {
		m := &Model{codec: codec, nodes: 2, integrity: true, durable: true, config: Config{Names: []string{"n1", "n2"}}}
		words := []uint32{0, m.monitorOf(&monitor{last: make([]uint64, 2), promised: make([]uint64, 2)}), 0}
		s := &situation{m: m, words: words}
		for _, n := range test.notes {
			if n == told {
				s.acknowledge(0, 1)
			} else {
				*s.monitor() = m.note(*s.monitor(), m.noteList(n.node, false, []protocols.Note{n.note}))
			}
		}
		if hits := m.monitors.At(*s.monitor()).hits; hits != test.hits {
			t.Errorf("run %d: hits %b, want %b", i+1, hits, test.hits)
		}
	}
}

// TestMonitorOfVotes: a transaction is committed when all who take part have voted
// for it, in whatever order; a value is proposed if a quorum of promises leaves it free.
func TestMonitorOfVotes(t *testing.T) {
	codec, err := state.NewCodec(append(sim.Types(), protocols.Undertaking{})...)
	if err != nil {
		t.Fatal(err)
	}
	a, b := protocols.TimerFired{Timer: protocols.Timer{Key: 1}}, protocols.TimerFired{Timer: protocols.Timer{Key: 2}}
	begun := noting{1, protocols.Note{Kind: protocols.Begun, Slot: 7, Value: protocols.Undertaking{Participants: []protocols.NodeID{2, 3}}}}
	voted := func(node protocols.NodeID, text string) noting {
		return noting{node, protocols.Note{Kind: protocols.Voted, Slot: 7, Text: text}}
	}
	commit := noting{1, protocols.Note{Kind: protocols.Decided, Slot: 7, Text: protocols.Commit}}
	of := func(kind protocols.NoteKind, node protocols.NodeID, ballot uint64, value any) noting {
		return noting{node, protocols.Note{Kind: kind, Term: ballot, Slot: 1, Value: value}}
	}
	promised := func(node protocols.NodeID, ballot uint64) noting {
		return noting{node, protocols.Note{Kind: protocols.Promised, Term: ballot}}
	}
	for i, test := range []struct {
		notes []noting
		hits  uint64
	}{
		{[]noting{begun, voted(2, protocols.VoteYes), voted(3, protocols.VoteReadOnly), commit}, 0},
		{[]noting{begun, voted(3, protocols.VoteYes), commit}, hitsUnanimous},
		{[]noting{begun, voted(3, protocols.VoteYes), voted(2, protocols.VoteNo), commit}, hitsUnanimous},
		{[]noting{begun, voted(3, protocols.VoteYes), voted(2, protocols.VoteNo), voted(2, protocols.VoteYes), commit}, 0},
		{[]noting{voted(2, protocols.VoteYes), voted(3, protocols.VoteYes), commit}, hitsUnanimous},
		{[]noting{promised(1, 5), of(protocols.Proposed, 1, 5, a)}, hitsFree},
		{[]noting{promised(1, 5), promised(2, 5), of(protocols.Proposed, 1, 5, a)}, 0},
		{[]noting{of(protocols.Accepted, 2, 3, b), promised(1, 5), promised(2, 5), of(protocols.Proposed, 1, 5, a)}, hitsFree},
		{[]noting{of(protocols.Accepted, 2, 3, b), promised(1, 5), promised(2, 5), of(protocols.Proposed, 1, 5, b)}, 0},
		{[]noting{of(protocols.Accepted, 2, 3, b), promised(1, 5), promised(2, 5), promised(3, 5), of(protocols.Proposed, 1, 5, a)}, 0},
		{[]noting{
			of(protocols.Accepted, 1, 2, a), of(protocols.Accepted, 2, 3, b), promised(1, 5), promised(2, 5), of(protocols.Proposed, 1, 5, a),
		}, hitsFree},
	} {
		m := &Model{codec: codec, nodes: 3, voting: true, free: true, config: Config{Names: []string{"n1", "n2", "n3"}}}
		id := m.monitorOf(&monitor{last: make([]uint64, 3), promised: make([]uint64, 3)})
		for _, n := range test.notes {
			id = m.note(id, m.noteList(n.node, false, []protocols.Note{n.note}))
		}
		if hits := m.monitors.At(id).hits; hits != test.hits {
			t.Errorf("run %d: hits %b, want %b", i+1, hits, test.hits)
		}
	}
}
