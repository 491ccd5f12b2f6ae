package reference

import "slices"

// networkKind says what the network does to what is under way.
type networkKind uint8

const (
	// nondup: what is under way is a multiset, a delivery takes out one.
	nondup networkKind = iota
	// dup: it is a set that never shrinks, and the state has the envelope
	// that was delivered last.
	dup
	// ordered: a queue for each sender.
	ordered
)

var networkNames = []string{nondup: "nondup", dup: "dup", ordered: "ordered"}

// inbox is what is under way to one actor. Envelopes stand in their order, or,
// on an ordered network, those of one sender as they were sent.
type inbox []envelope

// add appends to a room the inbox with one more envelope.
func (k networkKind) add(room, box inbox, e envelope) inbox {
	at, found := slices.BinarySearch(box, e)
	switch {
	case k == dup && found:
		return append(room, box...)
	case k == ordered:
		for at = 0; at < len(box) && box[at].from() <= e.from(); at++ {
		}
	}
	return append(append(append(room, box[:at]...), e), box[at:]...)
}

// delivered appends to a room the inbox after its i'th envelope has been delivered.
func (k networkKind) delivered(room, box inbox, i int) inbox {
	if k == dup {
		return append(room, box...)
	}
	return append(append(room, box[:i]...), box[i+1:]...)
}

// deliverable reports whether the i'th envelope can be delivered as such: not if
// an equal one has its turn, nor if one of its sender is before it.
func (k networkKind) deliverable(box inbox, i int) bool {
	switch {
	case i == 0:
		return true
	case k == ordered:
		return box[i-1].from() != box[i].from()
	}
	return box[i-1] != box[i]
}
