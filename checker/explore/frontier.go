package explore

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

// place returns the place of the i'th state.
func (b *block) place(i int) place {
	if b.places != nil {
		return b.places[i]
	}
	return place{b.group, b.first + i}
}

// blockStates is the number of states of a full block.
const blockStates = 512

const spareMax = 1

// frontier holds the states of one level of one group.
type frontier struct {
	blocks []*block
	spare  []*block
}

// add appends a state, the number'th of its group.
func (f *frontier) add(state []uint32, group, number int) {
	var last *block
	if n := len(f.blocks); n > 0 {
		last = f.blocks[n-1]
	}
	if last == nil || last.count == blockStates {
		last = f.fresh(len(state))
		last.group, last.first = group, number
		f.blocks = append(f.blocks, last)
	}
	last.words = append(last.words, state...)
	last.count++
}

// fresh returns an empty block. The first of a group is small: most levels of
// most models are.
func (f *frontier) fresh(width int) *block {
	if n := len(f.spare); n > 0 {
		b := f.spare[n-1]
		f.spare = f.spare[:n-1]
		b.words, b.count = b.words[:0], 0
		return b
	}
	size := blockStates
	if len(f.blocks) == 0 {
		size = 16
	}
	return &block{words: make([]uint32, 0, size*width)}
}

// recycle takes back a block that has been expanded. One is enough: when
// levels get smaller, memory is to be free for other things.
func (f *frontier) recycle(b *block) {
	if len(f.spare) < spareMax {
		f.spare = append(f.spare, b)
	}
}

func (f *frontier) bytes() uint64 {
	var sum uint64
	for _, b := range f.blocks {
		sum += 4 * uint64(cap(b.words))
	}
	for _, b := range f.spare {
		sum += 4 * uint64(cap(b.words))
	}
	return sum
}

func (b *block) state(i, width int) []uint32 { return b.words[i*width : (i+1)*width] }
