package explore

import "math/bits"

// The visited states are divided into groups by the highest bits of their
// fingerprints. A group is the work of one worker at a time.
const (
	groupBits  = 6
	groupCount = 1 << groupBits
	groupShift = 64 - groupBits
)

// table is a set of fingerprints: open addressing with linear probing. Its slots
// lie in segments that never move and are never given back, so that a table
// grows in place: it takes no memory twice, and a page of it comes from the
// system once. Searches never wrap round: the last go on behind the homes.
type table struct {
	slots  []*segment
	second []*segment // 64 bits more of each, if the table is wide
	number []*segment // a number of each, if the table is numbered
	homes  int        // the slots at which searches begin
	used   int
	limit  int // it grows when so many are used
	stash  []stashed

	wide, numbered bool
}

// segment is a run of slots.
type segment [segmentSlots]uint64

const (
	segmentBits  = 6
	segmentSlots = 1 << segmentBits
	segmentMask  = segmentSlots - 1
)

// stashed is what is between its old slot and its new one.
type stashed struct {
	print, second, number uint64
	home                  int
}

// A table grows by a part of itself when it is full to four fifths, so that
// it is never emptier than to three fifths.
const (
	tableGrowth = 4
	tailSlots   = segmentSlots / 4
)

// begin gives a table that has nothing yet its first segment, and room to name more.
func (t *table) begin(first *segment, room []*segment) {
	t.slots = append(room, first)
	t.homes = segmentSlots - tailSlots
	t.limit = t.homes * 4 / 5
	if t.wide {
		t.second = append(t.second, new(segment))
	}
	if t.numbered {
		t.number = append(t.number, new(segment))
	}
}

// home returns the slot at which a search for a fingerprint begins: in tables of
// any size those of greater ones are not before those of smaller ones.
func (t *table) home(print uint64) int {
	high, _ := bits.Mul64(print<<groupBits, uint64(t.homes))
	return int(high)
}

func (t *table) slot(at int) *uint64 { return in(t.slots, at) }

func in(column []*segment, at int) *uint64 { return &column[at>>segmentBits][at&segmentMask] }

// grow makes room for at least one more.
func (t *table) grow() {
	before := len(t.slots)
	for range 1 + before/tableGrowth {
		t.extend()
	}
	t.homes = len(t.slots)*segmentSlots - tailSlots
	t.limit = t.homes * 4 / 5
	// From the last slot on all go up. What would go up less far than it is
	// already from home waits until its new home is reached.
	t.stash = t.stash[:0]
	for number := before - 1; number >= 0; number-- {
		segment := t.slots[number]
		for i := segmentMask; i >= 0; i-- {
			at := number<<segmentBits | i
			print := segment[i]
			if print != 0 {
				segment[i] = 0
				moved := stashed{print: print, home: t.home(print)}
				if t.wide {
					moved.second = *in(t.second, at)
				}
				if t.numbered {
					moved.number = *in(t.number, at)
				}
				if len(t.stash) == 0 && moved.home >= at {
					t.settle(moved)
					continue
				}
				t.stash = append(t.stash, moved)
			}
			if len(t.stash) > 0 {
				t.unstash(at)
			}
		}
	}
}

// unstash settles what is at home at a slot or behind it.
func (t *table) unstash(at int) {
	kept := t.stash[:0]
	for _, moved := range t.stash {
		if moved.home >= at {
			t.settle(moved)
		} else {
			kept = append(kept, moved)
		}
	}
	t.stash = kept
}

// extend adds slots behind the last.
func (t *table) extend() {
	t.slots = append(t.slots, new(segment))
	if t.wide {
		t.second = append(t.second, new(segment))
	}
	if t.numbered {
		t.number = append(t.number, new(segment))
	}
}

// end returns the number of slots.
func (t *table) end() int { return len(t.slots) * segmentSlots }

// settle puts what is known to be new into the first free slot from its home on.
func (t *table) settle(moved stashed) {
	at := moved.home
	for ; *t.slot(at) != 0; at++ {
		if at+1 == t.end() {
			t.extend()
		}
	}
	*t.slot(at) = moved.print
	if t.wide {
		*in(t.second, at) = moved.second
	}
	if t.numbered {
		*in(t.number, at) = moved.number
	}
}

// insert adds a fingerprint; it returns its slot, until the next is added, and
// whether it is new.
func (t *table) insert(print uint64) (at int, fresh bool) {
	if t.used >= t.limit {
		t.grow()
	}
	for at = t.home(print); ; at++ {
		if at == t.end() {
			t.extend()
		}
		switch slot := t.slot(at); *slot {
		case print:
			return at, false
		case 0:
			*slot = print
			t.used++
			return at, true
		}
	}
}

// insertEach is insert for many; it appends to fresh what stands in order beside those
// that are new.
func (t *table) insertEach(prints []uint64, order, fresh []uint32) []uint32 {
next:
	for i, print := range prints {
		if t.used >= t.limit {
			t.grow()
		}
		for at := t.home(print); ; at++ {
			if at == t.end() {
				t.extend()
			}
			switch slot := t.slot(at); *slot {
			case print:
				continue next
			case 0:
				*slot = print
				t.used++
				fresh = append(fresh, order[i])
				continue next
			}
		}
	}
	return fresh
}

// has reports whether a fingerprint is in a table that is not wide.
func (t *table) has(print uint64) bool {
	if t.used == 0 {
		return false
	}
	for at := t.home(print); at < t.end(); at++ {
		switch *t.slot(at) {
		case print:
			return true
		case 0:
			return false
		}
	}
	return false
}

// clear empties a table of fingerprints alone and keeps its room.
func (t *table) clear() {
	for _, s := range t.slots {
		clear(s[:])
	}
	t.used = 0
}

// insertWide is insert with 128 bits.
func (t *table) insertWide(print, second uint64) (at int, fresh bool) {
	if t.used >= t.limit {
		t.grow()
	}
	for at = t.home(print); ; at++ {
		if at == t.end() {
			t.extend()
		}
		slot, more := t.slot(at), in(t.second, at)
		switch {
		case *slot == 0:
			*slot, *more = print, second
			t.used++
			return at, true
		case *slot == print && *more == second:
			return at, false
		}
	}
}

// touch reads the slots at which searches begin, so that they are on their way
// from memory, all at once, when they are needed one by one.
func (t *table) touch(prints []uint64) uint64 {
	var sum uint64
	if len(t.slots) == 0 {
		return 0
	}
	for _, print := range prints {
		sum += *t.slot(t.home(print))
	}
	return sum
}

func (t *table) bytes() uint64 {
	const segmentBytes = 8*segmentSlots + 8 // and the pointer to it
	return segmentBytes * uint64(len(t.slots)+len(t.second)+len(t.number))
}
