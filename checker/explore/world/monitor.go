package world

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"math"
	"slices"

	"quorumlab/checker/explore"
	"quorumlab/protocols"
)

// monitor is what the nodes noted so far, as far as later notes are held
// against it.
type monitor struct {
	facts []fact // sorted
	// last is the number of the transaction that each node, in this life,
	// delivered last.
	last []uint64
	// promised is the highest ballot that each node promised or accepted in;
	// instances, sorted, where each slot is an instance with promises of its own.
	promised  []uint64
	instances []instance
	hits      uint64
	// reason says in words what is broken.
	reason string
}

// instance is the highest ballot that a node promised or accepted in, in a slot.
type instance struct {
	node   protocols.NodeID
	slot   uint64
	ballot uint64
}

// fact is something that may not be true in two ways: of this kind, number and
// part there is this value only.
type fact struct {
	kind   factKind
	number uint64
	part   uint64 // of the number: a ballot of a slot, or a node
	value  uint32 // interned
}

type factKind uint8

const (
	ledBy factKind = iota
	deliveredAs
	after // the transaction delivered before it, as a value
	decidedAs
	decidedAt
	chosenAs
	votedAs
	broadcastAs
	// deliveredFor: of the request number (client and number), that of the
	// transaction part was delivered. ackedIn: its client was told that it is
	// done, when the highest term of a leader was the value.
	deliveredFor
	ackedIn
	votedFor // how a node votes on a transaction
	// begunFor: in the transaction those take part that are the bits of part.
	begunFor
	// promisedIn, with a ballot and a slot (0: all), and acceptedBy, with a slot and a
	// ballot: as value the set of nodes that did.
	promisedIn
	acceptedBy
)

// broken tells, for each kind of fact, what is broken if it is true in two ways.
var broken = [...]struct {
	hits     uint64
	sentence string
}{
	ledBy:       {hitsLeader, "two nodes lead term %d"},
	deliveredAs: {hitsOrder, "two nodes deliver different transactions of number %#x"},
	after:       {hitsOrder, "two nodes deliver different transactions before that of number %#x"},
	decidedAs:   {hitsDecision, "two nodes decide differently on transaction %d"},
	decidedAt:   {hitsTwice, "a node decides twice, and differently, on transaction %d"},
	chosenAs:    {hitsChoice, "two values are taken for chosen in slot %d"},
	broadcastAs: {hitsIntegrity, "two transactions of number %#x are broadcast"},
	votedAs:     {hitsBallot, "two values are proposed or accepted in slot %d and one ballot"},
}

// noted is an interned list of notes of one step.
type noted struct {
	node  protocols.NodeID
	boots bool
	notes []protocols.Note
}

// noteList interns what a step noted, 0 if that is nothing that matters.
func (m *Model) noteList(node protocols.NodeID, boots bool, notes []protocols.Note) uint32 {
	var kept []protocols.Note
	for _, note := range notes {
		switch note.Kind {
		case protocols.Leading, protocols.Delivered, protocols.Restored, protocols.Decided, protocols.Chosen,
			protocols.Proposed, protocols.Accepted, protocols.Promised, protocols.Lost:
			kept = append(kept, note)
		case protocols.Voted, protocols.Begun, protocols.Heuristic:
			if m.voting {
				kept = append(kept, note)
			}
		case protocols.Broadcast:
			if m.integrity {
				kept = append(kept, note)
			}
		}
	}
	if len(kept) == 0 && !boots {
		return 0
	}
	key := []byte{byte(node)}
	if boots {
		key = append(key, 1)
	}
	for _, note := range kept {
		key = append(key, m.codec.Canonical(note)...)
	}
	return 1 + m.noteds.Number(string(key), len(key), func() (*noted, uint64) {
		return &noted{node, boots, kept}, explore.HashBytes(key)
	})
}

// note returns the monitor that a monitor becomes by the notes of a step.
func (m *Model) note(id, notes uint32) uint32 {
	if notes == 0 {
		return id
	}
	if known, ok := m.noting.Get(id, notes); ok {
		return known
	}
	before, list := m.monitors.At(id), m.noteds.At(notes-1)
	after := before.copied()
	at := list.node - 1
	if list.boots {
		after.last[at] = 0
	}
	for i := range list.notes {
		m.takeNote(after, list, &list.notes[i])
	}
	for i := range list.notes { // a leader may deliver what it inherits in the very step
		if note := &list.notes[i]; note.Kind == protocols.Leading {
			m.checkLeader(after, list.node, note.Term)
		}
	}
	if m.voting {
		after.hits &^= hitsReason
		if m.abortsUnasked(after) {
			after.hits |= hitsReason
		}
	}
	number := m.monitorOf(after)
	m.noting.Put(id, notes, number)
	return number
}

func (m *Model) takeNote(o *monitor, list *noted, note *protocols.Note) {
	node := list.node
	switch at := node - 1; note.Kind {
	case protocols.Leading:
		if o.knows(fact{kind: ledBy, number: note.Term}) {
			o.breaks(hitsEpoch, fmt.Sprintf("term %d is established a second time", note.Term))
		}
		o.learn(fact{ledBy, note.Term, 0, uint32(node)})
	case protocols.Delivered:
		m.deliver(o, at, note)
	case protocols.Broadcast:
		o.learn(fact{broadcastAs, note.Slot, note.Term, m.noteValue(protocols.Note{Term: note.Term, Value: note.Value})})
	case protocols.Restored:
		o.last[at] = note.Slot
	case protocols.Voted:
		m.vote(o, node, note)
	case protocols.Heuristic: // from now on it goes its own way
		if at, known := o.find(fact{kind: votedFor, number: note.Slot, part: uint64(node)}); known {
			o.facts[at].value = m.value(string(protocols.Heuristic))
		}
	case protocols.Begun:
		m.begin(o, note)
	case protocols.Decided:
		if note.Text == protocols.Commit && m.voting {
			m.checkVotes(o, note)
		}
		o.learn(fact{decidedAs, note.Slot, 0, m.value(note.Text)})
		o.learn(fact{decidedAt, note.Slot, uint64(node), m.value(note.Text)})
	case protocols.Chosen:
		chosen := m.noteValue(protocols.Note{Value: note.Value})
		o.learn(fact{chosenAs, note.Slot, 0, chosen})
		if !slices.ContainsFunc(o.facts, func(f fact) bool {
			return f.kind == votedAs && f.number == note.Slot && (f.value == chosen || f.value == manyValues)
		}) {
			o.breaks(hitsValid, fmt.Sprintf("what is chosen in slot %d was never proposed there", note.Slot))
		}
	case protocols.Proposed:
		value := m.noteValue(protocols.Note{Value: note.Value})
		if m.free {
			m.checkProposal(o, note, value)
		}
		o.learn(fact{votedAs, note.Slot, note.Term, value})
	case protocols.Accepted:
		o.learn(fact{votedAs, note.Slot, note.Term, m.noteValue(protocols.Note{Value: note.Value})})
		if m.free {
			o.join(fact{kind: acceptedBy, number: note.Slot, part: note.Term}, node)
		}
		if !list.boots { // else it tells of what was accepted before
			o.promise(m.promisedBy(o, at, note.Slot), note.Term)
		}
	case protocols.Promised:
		if m.free {
			o.join(fact{kind: promisedIn, number: note.Term, part: note.Slot}, node)
		}
		o.promise(m.promisedBy(o, at, note.Slot), note.Term)
	case protocols.Lost: // it is another acceptor now
		o.promised[at] = 0
		o.instances = slices.DeleteFunc(o.instances, func(i instance) bool { return i.node == at })
	}
}

// promisedBy returns where the ballot stands that a node has promised for a slot.
// Who commits transactions promises for each by itself, in a consensus of its own.
func (m *Model) promisedBy(o *monitor, node protocols.NodeID, slot uint64) *uint64 {
	if !slices.Contains(m.config.Protocol.Invariants, "ac1") {
		return &o.promised[node]
	}
	at, known := slices.BinarySearchFunc(o.instances, instance{node: node, slot: slot}, func(a, b instance) int {
		return cmp.Or(cmp.Compare(a.node, b.node), cmp.Compare(a.slot, b.slot))
	})
	if !known {
		o.instances = slices.Insert(o.instances, at, instance{node: node, slot: slot})
	}
	return &o.instances[at].ballot
}

// copied returns a copy to be changed.
func (o *monitor) copied() *monitor {
	c := *o
	c.facts, c.last, c.promised = slices.Clone(o.facts), slices.Clone(o.last), slices.Clone(o.promised)
	c.instances = slices.Clone(o.instances)
	return &c
}

// promise takes down that a node is in a ballot.
func (o *monitor) promise(promised *uint64, ballot uint64) {
	if ballot < *promised {
		o.breaks(hitsPromise, fmt.Sprintf("an acceptor that promised ballot %d is in ballot %d", *promised, ballot))
	}
	*promised = max(*promised, ballot)
}

// breaks takes down that a property is broken.
func (o *monitor) breaks(hits uint64, reason string) {
	if o.hits&hits == 0 {
		o.hits |= hits
		o.reason = reason
	}
}

// find returns where a fact is, or would be, whatever its value.
func (o *monitor) find(f fact) (at int, known bool) {
	return slices.BinarySearchFunc(o.facts, f, func(a, b fact) int {
		return cmp.Or(cmp.Compare(a.kind, b.kind), cmp.Compare(a.number, b.number), cmp.Compare(a.part, b.part))
	})
}

func (o *monitor) knows(f fact) bool {
	_, known := o.find(f)
	return known
}

// manyValues is the value of a fact that is true in two ways: so the order in
// which nodes note does not matter.
const manyValues = math.MaxUint32

// learn adds a fact. One that contradicts another breaks a property.
func (o *monitor) learn(f fact) {
	at, known := o.find(f)
	if !known {
		o.facts = slices.Insert(o.facts, at, f)
		return
	}
	if o.facts[at].value == f.value {
		return
	}
	o.facts[at].value = manyValues
	o.breaks(broken[f.kind].hits, fmt.Sprintf(broken[f.kind].sentence, f.number))
}

// value interns a text that a fact is about, or a label tells.
func (m *Model) value(text string) uint32 {
	return m.values.Number(text, len(text), func() (string, uint64) { return text, 0 })
}

func (m *Model) noteValue(note protocols.Note) uint32 {
	return m.value(string(m.codec.Canonical(note)))
}

// fail returns the monitor with a broken property.
func (m *Model) fail(id uint32, hits uint64, reason string) uint32 {
	failed := *m.monitors.At(id)
	failed.hits |= hits
	failed.reason = reason
	return m.monitorOf(&failed)
}

func (m *Model) monitorOf(o *monitor) uint32 {
	key := binary.LittleEndian.AppendUint64(nil, o.hits)
	for _, last := range o.last {
		key = binary.LittleEndian.AppendUint64(key, last)
	}
	for _, promised := range o.promised {
		key = binary.LittleEndian.AppendUint64(key, promised)
	}
	key = binary.AppendUvarint(key, uint64(len(o.instances)))
	for _, i := range o.instances {
		key = binary.LittleEndian.AppendUint64(append(key, byte(i.node)), i.slot)
		key = binary.LittleEndian.AppendUint64(key, i.ballot)
	}
	for _, f := range o.facts {
		key = binary.LittleEndian.AppendUint32(append(key, byte(f.kind)), f.value)
		key = binary.LittleEndian.AppendUint64(key, f.number)
		key = binary.LittleEndian.AppendUint64(key, f.part)
	}
	return m.monitors.Number(string(key), 2*len(key), func() (*monitor, uint64) { return o, 0 })
}
