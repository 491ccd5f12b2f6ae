package explore

import "slices"

// Batch takes the successors of states. It is filled by an Expander: Next
// gives the room for one, Done ends it.
type Batch struct {
	width     int
	seed      uint64
	canonical func(state []uint32)

	words  []uint32 // the successors, one after the other
	prints []uint64 // their fingerprints
	second []uint64 // and 64 bits more, if wide
	origin []uint32 // of each: its parent's place in the block
	turn   []uint32 // of each: how many of its siblings came before it
	labels []Label  // if they are kept
	owners []Owner  // likewise
	served []uint64 // likewise: the classes of what is owed that it serves

	// Of sleep sets: what to expand of the parent and what is asleep there, as
	// sets of actors; of each successor what is asleep in it; and whose the next
	// one is, and whom it touches.
	sleepy       bool
	todo, asleep uint32
	sleeps       []uint32
	next         Owner
	serves       uint64 // what the next one serves

	wide, keepLabels bool
	attributing      bool // it matters whose the steps are
	parent, siblings uint32
	count            int
	kinds            [256]uint64

	// Of the parents, those of which only a part was explored, and which have
	// a successor that is yet to be expanded.
	reduced, open []uint32

	// The successors in the order of their groups, and their fingerprints: those
	// of group g are order[start[g]:start[g+1]].
	order   []uint32
	sorted  []uint64
	start   [groupCount + 1]uint32
	grouped bool
}

// batchFirst is for how many successors a batch has room at first.
const batchFirst = 64

// newBatch returns a batch for states of a width.
func newBatch(width int, o *Options, canonical func([]uint32)) *Batch {
	return &Batch{
		width: width, seed: o.Seed, wide: o.Wide, canonical: canonical, next: nobodys, todo: allActors,
		words: make([]uint32, 0, batchFirst*width), prints: make([]uint64, 0, batchFirst),
		origin: make([]uint32, 0, batchFirst), turn: make([]uint32, 0, batchFirst),
	}
}

// reset empties the batch. The counts of kinds go on.
func (b *Batch) reset() {
	b.words, b.prints, b.second = b.words[:0], b.prints[:0], b.second[:0]
	b.origin, b.turn, b.sleeps = b.origin[:0], b.turn[:0], b.sleeps[:0]
	b.labels, b.owners, b.served, b.serves = b.labels[:0], b.owners[:0], b.served[:0], 0
	b.count, b.grouped = 0, false
}

// from says whose successors come now.
func (b *Batch) from(parent int) { b.parent, b.siblings = uint32(parent), 0 }

// Next returns the room for one more successor. The caller sets every word of
// it and calls Done or DoneAs.
func (b *Batch) Next() []uint32 {
	end := len(b.words) + b.width
	if end > cap(b.words) {
		grown := make([]uint32, len(b.words), max(end+end/2, batchFirst*b.width))
		copy(grown, b.words)
		b.words = grown
	}
	return b.words[end-b.width : end : end]
}

// Done adds the successor that was written into the room.
func (b *Batch) Done(label Label) {
	room := b.words[len(b.words) : len(b.words)+b.width]
	if b.canonical != nil {
		b.canonical(room)
	}
	b.add(label, fingerprint(room, b.seed))
}

// DoneAs is Done for a model that computes fingerprints itself: from what its
// words stand for, if which word stands for what depends on the workers.
// Without a Canonical only.
func (b *Batch) DoneAs(label Label, print uint64) { b.add(label, Mix(print^b.seed)) }

func (b *Batch) add(label Label, print uint64) {
	if print == 0 {
		print = 1 // 0 marks an empty slot
	}
	owner := nobodys
	if b.attributing {
		owner = b.owner()
	}
	if b.sleepy && !b.awake(owner) {
		b.siblings++
		return
	}
	if b.wide {
		room := b.words[len(b.words) : len(b.words)+b.width]
		b.second = append(b.second, secondPrint(room, b.seed))
	}
	if b.keepLabels {
		b.labels, b.owners, b.served = append(b.labels, label), append(b.owners, owner), append(b.served, b.serves)
		b.serves = 0
	}
	b.words = b.words[:len(b.words)+b.width]
	b.prints = append(b.prints, print)
	b.origin = append(b.origin, b.parent)
	b.turn = append(b.turn, b.siblings)
	b.siblings++
	b.count++
	b.kinds[label&0xff]++
}

// secondPrint returns 64 bits that are independent of the fingerprint.
func secondPrint(state []uint32, seed uint64) uint64 {
	h := seed ^ keyC
	for _, word := range state {
		h = Mix(h*keyB + uint64(word) + keyA)
	}
	return h
}

// state returns the i'th successor.
func (b *Batch) state(i int) []uint32 { return b.words[i*b.width : (i+1)*b.width] }

// group sorts the successors by their groups, unless they are; those of one keep
// their order.
func (b *Batch) group() {
	if b.grouped {
		return
	}
	b.grouped = true
	b.start = [groupCount + 1]uint32{}
	for _, print := range b.prints {
		b.start[print>>groupShift+1]++
	}
	for g := range groupCount {
		b.start[g+1] += b.start[g]
	}
	if cap(b.order) < b.count {
		b.order = make([]uint32, b.count, cap(b.prints))
		b.sorted = make([]uint64, b.count, cap(b.prints))
	}
	b.order, b.sorted = b.order[:b.count], b.sorted[:b.count]
	next := b.start
	for i, print := range b.prints {
		g := print >> groupShift
		b.order[next[g]], b.sorted[next[g]] = uint32(i), print
		next[g]++
	}
}

// Len returns the number of successors.
func (b *Batch) Len() int { return b.count }

// Changes reports whether a successor, from the one on that has this number, is
// another state.
func (b *Batch) Changes(from int, state []uint32) bool {
	for i := from; i < b.count; i++ {
		if !slices.Equal(b.state(i), state) {
			return true
		}
	}
	return false
}

func (b *Batch) bytes() uint64 {
	return uint64(4*(cap(b.words)+cap(b.origin)+cap(b.turn)+cap(b.order)+cap(b.sleeps)) +
		8*(cap(b.prints)+cap(b.second)+cap(b.sorted)+cap(b.labels)))
}

// Attributing reports whether it matters what By says.
func (b *Batch) Attributing() bool { return b.attributing }

// Symmetric reports whether Done replaces a state by the one that stands for it.
func (b *Batch) Symmetric() bool { return b.canonical != nil }
