package explore

import "unsafe"

// block is a run of states of one group and one level that are yet to be
// expanded, the first of which is number first of its group.
type block struct {
	words []uint32
	count int
	group int
	first int
	// places are those of the states if they are no such run.
	places []place
}

// What stands for the group of a block whose states are of several.
const (
	mixed = groupCount + iota // the level's rest, that fills no block of one group
	again                     // states that are expanded once more
)

// place returns the place of the i'th state.
func (b *block) place(i int) place {
	if b.places != nil {
		return b.places[i]
	}
	return place{b.group, b.first + i}
}

// blockStates is the number of states of a full block.
const blockStates = 256

// frontier holds the states of one level of one group.
type frontier struct {
	blocks []*block
	spare  *block // nil, or one to begin with
	full   uint64 // bytes of all blocks but the last
	placed bool   // the states are no run
}

// take takes out the blocks. They are valid until the next is added.
func (f *frontier) take() []*block {
	blocks := f.blocks
	f.blocks, f.full = f.blocks[:0], 0
	return blocks
}

// add appends a state, the number'th of its group.
func (f *frontier) add(state []uint32, group, number int) {
	var last *block
	if n := len(f.blocks); n > 0 {
		last = f.blocks[n-1]
	}
	if last == nil || last.count == blockStates {
		if last != nil {
			f.full += last.bytes()
		}
		last = f.fresh(len(state))
		last.group, last.first = group, number
		f.blocks = append(f.blocks, last)
	}
	last.words = append(last.words, state...)
	if f.placed {
		last.places = append(last.places, place{group, number})
	}
	last.count++
}

// fresh returns an empty block. The first of a group is small: most levels of
// most models are.
func (f *frontier) fresh(width int) *block {
	if b := f.spare; b != nil {
		f.spare = nil
		b.words, b.places, b.count = b.words[:0], b.places[:0], 0
		return b
	}
	size := blockStates
	if len(f.blocks) == 0 {
		size = 8
	}
	return &block{words: make([]uint32, 0, size*width)}
}

// wants reports whether the last block will be full soon.
func (f *frontier) wants() bool {
	n := len(f.blocks)
	return n > 0 && f.blocks[n-1].count > blockStates*3/4
}

func (f *frontier) bytes() uint64 {
	sum := f.full
	if n := len(f.blocks); n > 0 {
		sum += f.blocks[n-1].bytes()
	}
	if f.spare != nil {
		sum += f.spare.bytes()
	}
	return sum
}

func (b *block) bytes() uint64 {
	return 4*uint64(cap(b.words)) + uint64(unsafe.Sizeof(place{}))*uint64(cap(b.places))
}

func (b *block) state(i, width int) []uint32 { return b.words[i*width : (i+1)*width] }
