package explore

import "math/bits"

// The visited states are divided into groups by the highest bits of their
// fingerprints. A group is the work of one worker at a time.
const (
	groupBits  = 6
	groupCount = 1 << groupBits
	groupShift = 64 - groupBits
)

// table is a set of fingerprints: open addressing with linear probing, no
// pointers. A fingerprint's first place grows with it, so that the table is
// rebuilt in one sweep.
type table struct {
	slots  []uint64
	second []uint64 // 64 bits more of each, if the table is wide
	used   int
	limit  int // it grows when so many are used
}

// A table grows by a part of itself when it is full to four fifths, so that
// it is never emptier than to three fifths.
const (
	tableMin    = 16
	tableGrowth = 4
)

// home returns the slot at which a search for a fingerprint begins.
func (t *table) home(print uint64) int {
	high, _ := bits.Mul64(print<<groupBits, uint64(len(t.slots)))
	return int(high)
}

// grow makes room for at least one more.
func (t *table) grow(wide bool) {
	old := *t
	size := max(tableMin, len(old.slots)+len(old.slots)/tableGrowth)
	t.slots, t.limit = make([]uint64, size), size*4/5
	if wide {
		t.second = make([]uint64, size)
	}
	for i, print := range old.slots {
		if print == 0 {
			continue
		}
		at := t.home(print)
		for t.slots[at] != 0 {
			if at++; at == size {
				at = 0
			}
		}
		t.slots[at] = print
		if wide {
			t.second[at] = old.second[i]
		}
	}
}

// insert adds a fingerprint and reports whether it is new.
func (t *table) insert(print uint64) bool {
	if t.used >= t.limit {
		t.grow(false)
	}
	for at := t.home(print); ; {
		switch t.slots[at] {
		case print:
			return false
		case 0:
			t.slots[at] = print
			t.used++
			return true
		}
		if at++; at == len(t.slots) {
			at = 0
		}
	}
}

// has reports whether a fingerprint is in a table that is not wide.
func (t *table) has(print uint64) bool {
	if t.used == 0 {
		return false
	}
	for at := t.home(print); t.slots[at] != 0; {
		if t.slots[at] == print {
			return true
		}
		if at++; at == len(t.slots) {
			at = 0
		}
	}
	return false
}

// clear empties the table and keeps its room.
func (t *table) clear() {
	clear(t.slots)
	clear(t.second)
	t.used = 0
}

// insertWide is insert with 128 bits.
func (t *table) insertWide(print, second uint64) bool {
	if t.used >= t.limit {
		t.grow(true)
	}
	for at := t.home(print); ; {
		switch {
		case t.slots[at] == 0:
			t.slots[at], t.second[at] = print, second
			t.used++
			return true
		case t.slots[at] == print && t.second[at] == second:
			return false
		}
		if at++; at == len(t.slots) {
			at = 0
		}
	}
}

// touch reads the slots at which searches begin, so that they are on their way
// from memory, all at once, when they are needed one by one.
func (t *table) touch(prints []uint64, order []uint32) uint64 {
	var sum uint64
	if len(t.slots) == 0 {
		return 0
	}
	for _, i := range order {
		sum += t.slots[t.home(prints[i])]
	}
	return sum
}

func (t *table) bytes() uint64 { return 8 * uint64(cap(t.slots)+cap(t.second)) }
