package zab

import (
	"fmt"
	"reflect"

	"quorumlab/protocols"
)

// judge checks Zab's invariants while a world runs. It panics at the first
// violation.
type judge struct {
	// history is the longest sequence that any node delivered.
	history []Transaction
	// delivered counts what each node delivered since it booted.
	delivered map[protocols.NodeID]int
	leaders   map[uint64]protocols.NodeID
	broadcast map[uint64]Transaction
	// established is set while a step of a node that became leader goes on.
	established uint64
	// notes counts notes by kind and text.
	notes map[string]int
}

func newJudge() *judge {
	return &judge{
		delivered: map[protocols.NodeID]int{}, leaders: map[uint64]protocols.NodeID{},
		broadcast: map[uint64]Transaction{}, notes: map[string]int{},
	}
}

func (j *judge) event(id protocols.NodeID, event protocols.Event) {
	if _, ok := event.(protocols.Recovered); ok {
		j.delivered[id] = 0
	}
}

func (j *judge) note(id protocols.NodeID, note protocols.Note) {
	j.notes[string(note.Kind)+" "+note.Text]++
	switch note.Kind {
	case protocols.Leading:
		if other := j.leaders[note.Term]; other != 0 {
			panic(fmt.Sprintf("one leader an epoch: %d and %d lead %d", other, id, note.Term))
		}
		j.leaders[note.Term] = id
		j.established = note.Term
	case protocols.Broadcast:
		t := note.Value.(Transaction)
		if _, twice := j.broadcast[note.Slot]; twice || uint64(t.Zxid) != note.Slot || j.leaders[note.Term] != id {
			panic(fmt.Sprintf("node %d broadcasts %v twice, wrongly numbered or without leading", id, t))
		}
		j.broadcast[note.Slot] = t
		j.primaryIntegrity(id, note.Term)
	case protocols.Delivered:
		j.deliver(id, note.Value.(Transaction))
	case protocols.Restored:
		j.restore(id, Zxid(note.Slot))
	}
}

// primaryIntegrity: all that anyone delivered of earlier epochs, the primary
// delivered. With prefix consistency it is enough to count.
func (j *judge) primaryIntegrity(id protocols.NodeID, epoch uint64) {
	for _, t := range j.history[j.delivered[id]:] {
		if uint64(t.Zxid.Epoch()) < epoch {
			panic(fmt.Sprintf("primary integrity: %d leads %d and has not delivered %v", id, epoch, t))
		}
	}
}

func (j *judge) deliver(id protocols.NodeID, t Transaction) {
	if b, ok := j.broadcast[uint64(t.Zxid)]; !ok || !reflect.DeepEqual(b, t) {
		panic(fmt.Sprintf("integrity: %d delivers %v, broadcast was %v", id, t, b))
	}
	at := j.delivered[id]
	j.delivered[id]++
	switch {
	case at < len(j.history):
		if !reflect.DeepEqual(j.history[at], t) {
			panic(fmt.Sprintf("prefix: %d delivers %v at %d, another %v", id, t, at, j.history[at]))
		}
	default:
		if at > 0 && j.history[at-1].Zxid >= t.Zxid {
			panic(fmt.Sprintf("primary order: %v after %v", t, j.history[at-1]))
		}
		j.history = append(j.history, t)
	}
}

// restore: a node takes over the state after a transaction that was delivered.
func (j *judge) restore(id protocols.NodeID, zxid Zxid) {
	at := 0
	for at < len(j.history) && j.history[at].Zxid <= zxid {
		at++
	}
	if zxid != 0 && (at == 0 || j.history[at-1].Zxid != zxid) {
		panic(fmt.Sprintf("node %d takes over a state after %v, which nobody delivered", id, zxid))
	}
	j.delivered[id] = at
}

// after checks what must hold at the end of a node's step: a leader that was
// established in it has delivered all that was ever committed.
func (j *judge) after(id protocols.NodeID) {
	if j.established != 0 {
		j.primaryIntegrity(id, j.established)
		j.established = 0
	}
}
