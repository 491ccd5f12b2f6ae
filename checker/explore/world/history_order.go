package world

import (
	"fmt"
	"slices"
	"strconv"

	"quorumlab/protocols"
)

// What nodes deliver makes a tree, in which a transaction lies behind the one that
// was delivered before it; it has to be a single line (prefix).

// deliver takes down that a node, counted from 0, delivers a transaction.
func (m *Model) deliver(o *monitor, at protocols.NodeID, note *protocols.Note) {
	value := m.noteValue(protocols.Note{Term: note.Term, Value: note.Value})
	o.learn(fact{deliveredAs, note.Slot, 0, value})
	before := m.value(fmt.Sprint(o.last[at]))
	o.learn(fact{after, note.Slot, 0, before})
	if slices.ContainsFunc(o.facts, func(f fact) bool {
		return f.kind == after && f.number != note.Slot && f.value == before
	}) {
		o.breaks(hitsOrder, fmt.Sprintf("two nodes deliver different transactions after that of number %#x", o.last[at]))
	}
	o.last[at] = note.Slot
	if at, known := o.find(fact{kind: broadcastAs, number: note.Slot, part: note.Term}); m.integrity && !(known && (o.facts[at].value == value || o.facts[at].value == manyValues)) {
		o.breaks(hitsIntegrity, fmt.Sprintf("transaction %#x is delivered and was not broadcast", note.Slot))
	}
	if asked, ok := note.Value.(protocols.Originated); ok {
		client, request := asked.Origin()
		o.learn(fact{kind: deliveredFor, number: requestNumber(client, request), part: note.Slot})
	}
}

func requestNumber(client protocols.ClientID, request uint64) uint64 {
	return uint64(client)<<32 | request
}

// acknowledge takes down that a client was told that its request is done. That
// and the establishment of a leader depend on each other: neither is explored
// ahead of other steps (divided.go).
func (s *situation) acknowledge(client int, request uint8) {
	s.hindered = true
	if s.blind {
		return
	}
	m, id := s.m, *s.monitor()
	key := acknowledgement | uint32(client)<<8 | uint32(request)
	known, ok := m.noting.Get(id, key)
	if !ok {
		o := m.monitors.At(id).copied()
		f := fact{kind: ackedIn, number: requestNumber(protocols.ClientID(client+1), uint64(request)), value: uint32(o.termMax())}
		if !o.knows(f) {
			o.learn(f)
		}
		known = m.monitorOf(o)
		m.noting.Put(id, key, known)
	}
	*s.monitor() = known
}

// acknowledgement marks the keys of acknowledgements among those of notes.
const acknowledgement = 1 << 31

// termMax returns the highest term that has a leader.
func (o *monitor) termMax() uint64 {
	var highest uint64
	for _, f := range o.facts {
		if f.kind == ledBy {
			highest = max(highest, f.number)
		}
	}
	return highest
}

// checkLeader checks that a leader has delivered what clients were told before.
func (m *Model) checkLeader(o *monitor, node protocols.NodeID, term uint64) {
	for _, acked := range o.facts {
		if acked.kind != ackedIn || uint64(acked.value) >= term {
			continue
		}
		delivered, missing := false, false
		for _, f := range o.facts {
			if f.kind == deliveredFor && f.number == acked.number {
				missing = true
				delivered = delivered || m.holds(o, o.last[node-1], f.part)
			}
		}
		if missing && !delivered {
			o.breaks(hitsDurable, fmt.Sprintf("%s leads term %d without what client %d was told is done",
				m.name(node), term, acked.number>>32))
		}
	}
}

// holds reports whether the line that ends with a transaction has another in it.
// Of what lies before a state that was taken over nothing is known.
func (m *Model) holds(o *monitor, end, slot uint64) bool {
	for end != slot {
		if end == 0 {
			return false
		}
		at, known := o.find(fact{kind: after, number: end})
		if !known || o.facts[at].value == manyValues {
			return true
		}
		before, err := strconv.ParseUint(m.values.At(o.facts[at].value), 10, 64)
		if err != nil {
			panic("world: a transaction without a number")
		}
		end = before
	}
	return true
}
