package reference

// index finds contents by their hashes: open addressing. A slot is 0 if it is free, or
// has 1 + a number in its lower half and the upper half of the content's hash, which
// tells where the slot is in a table of any size. Its zero value is empty.
type index struct {
	slots []uint64
	used  int
}

const indexMin = 64

func (x *index) at(slot uint64) int { return int(slot>>32) & (len(x.slots) - 1) }

// find returns the number of a content, if it has one; equal tells whether the content
// of a number is that.
func (x *index) find(hash uint64, equal func(id uint32) bool) (id uint32, known bool) {
	if len(x.slots) == 0 {
		return 0, false
	}
	for at := x.at(hash); x.slots[at] != 0; at = (at + 1) & (len(x.slots) - 1) {
		if slot := x.slots[at]; slot>>32 == hash>>32 && equal(uint32(slot)-1) {
			return uint32(slot) - 1, true
		}
	}
	return 0, false
}

// add gives a content that has none a number.
func (x *index) add(hash uint64, id uint32) {
	if 3*(x.used+1) > 2*len(x.slots) {
		before := x.slots
		x.slots = make([]uint64, max(indexMin, 2*len(before)))
		for _, slot := range before {
			if slot != 0 {
				x.put(slot)
			}
		}
	}
	x.put(hash>>32<<32 | uint64(id+1))
	x.used++
}

func (x *index) put(slot uint64) {
	at := x.at(slot)
	for x.slots[at] != 0 {
		at = (at + 1) & (len(x.slots) - 1)
	}
	x.slots[at] = slot
}
