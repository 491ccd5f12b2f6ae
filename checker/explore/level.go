package explore

// nextLevel makes what was inserted the level to expand.
func (s *search) nextLevel() bool {
	s.level, s.levelBytes = s.level[:0], 0
	s.parity = 1 - s.parity
	s.frontier = 0
	var rest *block
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

func (s *search) addBlock(b *block) {
	s.level = append(s.level, b)
	s.frontier += uint64(b.count)
	s.levelBytes += b.bytes()
}

// recycle takes back a block that has been expanded. As many are kept as a few
// rounds use: when levels get smaller, memory is to be free for other things.
func (s *search) recycle(b *block) {
	const spareMax = 2 * roundBlocks
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

// handOut gives spare blocks to the groups that have none.
func (s *search) handOut() {
	for g := range s.groups {
		n := len(s.spare)
		if n == 0 {
			return
		}
		if f := &s.groups[g].next; f.spare == nil {
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
		if n := len(s.spareMixed); rest == nil && n > 0 {
			rest, s.spareMixed = s.spareMixed[n-1], s.spareMixed[:n-1]
			s.spareBytes -= rest.bytes()
			rest.words, rest.places, rest.count = rest.words[:0], rest.places[:0], 0
		} else if rest == nil {
			rest = &block{group: mixed}
		}
		rest.words = append(rest.words, b.state(i, s.width)...)
		rest.places = append(rest.places, b.place(i))
		rest.count++
	}
	return rest
}
