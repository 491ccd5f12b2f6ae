package quorumstore

import (
	"slices"

	"quorumlab/protocols"
)

// Hinted hand-off (DeCandia et al. 2007, section 4.6): what an owner does not
// acknowledge a stand-in keeps for it, on disk, until the owner has it. A hint
// must not be forgotten before that, and a newer one for the same key must not
// be forgotten with an older.

// The kinds of Notes for people.
const (
	// HintKept: the node keeps a write for an owner that did not answer.
	HintKept protocols.NoteKind = "hint-kept"
	// HintHanded: an owner has what was kept for it.
	HintHanded protocols.NoteKind = "hint-handed"
	// ReadRepaired: a replica is sent what a read found it to lack.
	ReadRepaired protocols.NoteKind = "read-repaired"
	// SiblingsRead: a read found versions that do not know of each other, and
	// answered all of them.
	SiblingsRead protocols.NoteKind = "siblings-read"
)

// hint has stand-ins keep what owners have not acknowledged. Which stand-in is
// asked changes with every tick, so that one that is not there is passed over.
func (n *Node) hint(number uint64, out *protocols.Effects) {
	at, found := n.operation(number)
	if !found {
		return
	}
	o := &n.Operations[at]
	standIns := o.Order[n.Settings.N:]
	if o.Ticks < n.Settings.HandoffAfter || len(standIns) == 0 {
		return
	}
	key, versions, turn := o.Command.Key, o.Versions, int(o.Ticks-n.Settings.HandoffAfter)
	var missing []protocols.NodeID
	for _, owner := range o.Order[:n.Settings.N] {
		kept := func(h HintedAt) bool { return h.Owner == owner }
		if !slices.Contains(o.Stored, owner) && !slices.ContainsFunc(o.Hinted, kept) {
			missing = append(missing, owner)
		}
	}
	for i, owner := range missing {
		n.store(standIns[(i+turn)%len(standIns)], number, key, versions, owner, out)
	}
}

// takeHint takes up a hint that is now on disk.
func (n *Node) takeHint(owner protocols.NodeID, key string, versions []Version, record uint64, out *protocols.Effects) {
	out.Note(protocols.Note{Kind: HintKept, Slot: uint64(owner), Text: "a write is kept for an owner"})
	hint := Hint{Number: n.next(), Owner: owner, Key: key, Versions: versions, At: record}
	if at := n.hintFor(owner, key); at >= 0 {
		n.Hints = slices.Delete(n.Hints, at, at+1) // what is under way of it no longer counts
	}
	n.Hints = append(n.Hints, hint)
	if len(n.Hints) == 1 {
		n.handoffLater(out)
	}
}

func (n *Node) handoffLater(out *protocols.Effects) {
	out.SetTimer(protocols.Timer{Name: timerHandoff}, n.Settings.HandoffEvery, n.Settings.HandoffEvery*3/2)
}

// handoffMax bounds the hints that are offered at a time.
const handoffMax = 64

// onHandoffDue offers hints to their owners, the oldest first.
func (n *Node) onHandoffDue(out *protocols.Effects) {
	if len(n.Hints) == 0 {
		return
	}
	for _, hint := range n.Hints[:min(len(n.Hints), handoffMax)] {
		out.Send(hint.Owner, Store{Number: hint.Number, Key: hint.Key, Versions: hint.Versions})
	}
	// Whose owner is away must not keep the others waiting.
	if len(n.Hints) > handoffMax {
		n.Hints = slices.Concat(n.Hints[handoffMax:], n.Hints[:handoffMax])
	}
	n.handoffLater(out)
}

// handed forgets the hint that an owner now has.
func (n *Node) handed(from protocols.NodeID, message Stored, out *protocols.Effects) {
	at := slices.IndexFunc(n.Hints, func(h Hint) bool { return h.Number == message.Number && h.Owner == from })
	if at < 0 || message.For != 0 {
		return
	}
	hint := n.Hints[at]
	newer := func(w Writing) bool { return w.At != 0 && w.For == hint.Owner && w.Key == hint.Key }
	if slices.ContainsFunc(n.Writing, newer) {
		return // the record under way would come before the one that gives it up
	}
	n.Hints = slices.Delete(n.Hints, at, at+1)
	out.Note(protocols.Note{Kind: HintHanded, Slot: uint64(from), Text: "an owner has what was kept for it"})
	n.persist(Writing{}, out, protocols.Append{Record: Handed{For: hint.Owner, Key: hint.Key}})
}

// offerHints takes up, at boot, the hints that the disk kept.
func (n *Node) offerHints(out *protocols.Effects) {
	for i := range n.Hints {
		n.Hints[i].Number = n.next()
	}
	if len(n.Hints) > 0 {
		n.handoffLater(out)
	}
}
