package explore

import "slices"

// nextLevel makes what was inserted the level to expand.
func (s *search) nextLevel() bool {
	s.level, s.levelBytes = s.level[:0], 0
	s.parity = 1 - s.parity
	s.frontier = 0
	rest := s.mixFew()
	if !s.alone { // otherwise they have nothing
		rest = s.takeGroups(rest)
	}
	if rest != nil {
		s.addBlock(rest)
	}
	if s.frontier == 0 {
		return false
	}
	if distinct := s.distinct(); distinct > s.before {
		s.before = distinct
		s.depth++
	}
	return true
}

// takeGroups takes what the groups have that comes next, after the rest of blocks
// that are not full, which it returns with more.
func (s *search) takeGroups(rest *block) *block {
	for g := range s.groups {
		f := &s.groups[g].next
		for _, b := range f.take() {
			if b.count == blockStates {
				s.addBlock(b)
			} else {
				rest = s.mix(rest, b)
				s.recycle(b)
			}
		}
		s.groups[g].young.clear()
	}
	return rest
}

func (s *search) addBlock(b *block) {
	s.level = append(s.level, b)
	s.frontier += uint64(b.count)
	s.levelBytes += b.bytes()
}

// recycle takes back a block that has been expanded. As many are kept as a few
// rounds use: when levels get smaller, memory is to be free for other things.
func (s *search) recycle(b *block) {
	const spareMax = roundBlocks
	switch {
	case b.group == mixed && len(s.spareMixed) < spareMax:
		s.spareMixed = append(s.spareMixed, b)
	case b.group < groupCount && len(s.spare) < spareMax:
		s.spare = append(s.spare, b)
	default:
		return
	}
	s.spareBytes += b.bytes()
}

// handOut gives spare blocks to the groups that have none and will need one soon.
func (s *search) handOut() {
	for g := range s.groups {
		n := len(s.spare)
		if n == 0 {
			return
		}
		if f := &s.groups[g].next; f.spare == nil && f.wants() {
			f.spare, s.spare = s.spare[n-1], s.spare[:n-1]
			s.spareBytes -= f.spare.bytes()
		}
	}
}

// mix adds the states of a block to one that has the rest of several groups, and
// returns it, or the next one if it is full.
func (s *search) mix(rest, b *block) *block {
	for i := range b.count {
		if rest != nil && rest.count == blockStates {
			s.addBlock(rest)
			rest = nil
		}
		if rest == nil {
			rest = s.mixedBlock()
		}
		rest.append(b.state(i, s.width), b.place(i))
	}
	return rest
}

// mixFew puts the states that came of a level of one block into the order in which
// those of other levels are: by their groups, and those of one as they were found. It
// returns the last block.
func (s *search) mixFew() (rest *block) {
	var next [groupCount + 1]int
	for _, b := range s.few {
		for _, p := range b.places {
			next[p.group+1]++
		}
	}
	for g := range groupCount {
		next[g+1] += next[g]
	}
	s.order = slices.Grow(s.order[:0], next[groupCount])[:next[groupCount]]
	for at, b := range s.few {
		for i, p := range b.places {
			s.order[next[p.group]] = at*blockStates + i
			next[p.group]++
		}
	}
	for _, number := range s.order {
		if rest == nil || rest.count == blockStates {
			if rest != nil {
				s.addBlock(rest)
			}
			rest = s.mixedBlock()
		}
		b, i := s.few[number/blockStates], number%blockStates
		rest.append(b.state(i, s.width), b.places[i])
	}
	for _, b := range s.few {
		s.recycle(b)
	}
	s.few = s.few[:0]
	return rest
}

// mixedFirst is for how many states a mixed block has room at first.
const mixedFirst = 32

// mixedBlock returns an empty block for states of several groups.
func (s *search) mixedBlock() *block {
	n := len(s.spareMixed)
	if n == 0 {
		return &block{
			words: make([]uint32, 0, mixedFirst*s.width), places: make([]place, 0, mixedFirst), group: mixed,
		}
	}
	b := s.spareMixed[n-1]
	s.spareMixed = s.spareMixed[:n-1]
	s.spareBytes -= b.bytes()
	b.words, b.places, b.count = b.words[:0], b.places[:0], 0
	return b
}

// addFew adds a state that comes of a level of one block.
func (s *search) addFew(state []uint32, at place) {
	n := len(s.few)
	if n == 0 || s.few[n-1].count == blockStates {
		s.few = append(s.few, s.mixedBlock())
		n++
	}
	s.few[n-1].append(state, at)
}

// append adds a state to a mixed block.
func (b *block) append(state []uint32, at place) {
	b.words = append(b.words, state...)
	b.places = append(b.places, at)
	b.count++
}
