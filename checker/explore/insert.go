package explore

// insertAll visits the successors of a round of blocks; nil stands for the
// initial states.
func (s *search) insertAll(round []*block) {
	batches := s.batches[:max(1, len(round))]
	n := 0
	for _, b := range batches {
		n += b.count
	}
	s.generated += uint64(n)
	switch {
	case s.alone || n < 2*groupCount: // too few to be grouped
		for i, b := range batches {
			for at, print := range b.prints {
				s.insert(int(print>>groupShift), b, uint32(at), i, round)
			}
		}
		return
	case round == nil || len(s.workers) == 1 || n < 4*blockStates:
		for _, b := range batches {
			b.group()
		}
		for g := range groupCount {
			s.insertGroup(&s.workers[0], g, batches, round)
		}
		return
	}
	for _, b := range batches {
		b.group()
	}
	s.each(groupCount, func(number, g int) { s.insertGroup(&s.workers[number], g, batches, round) })
}

// insertGroup visits those of one group, which are another worker's perhaps. What has
// to be fetched from memory is asked for all at once: first where the table is to be
// looked at, then those that are new.
func (s *search) insertGroup(w *worker, number int, batches []*Batch, round []*block) {
	g := &s.groups[number]
	for _, batch := range batches {
		w.touched += g.table.touch(batch.sorted[batch.start[number]:batch.start[number+1]])
	}
	plain := !s.options.Wide && !s.options.PartialOrder && g.audit == nil
	for i, batch := range batches {
		order := batch.order[batch.start[number]:batch.start[number+1]]
		if !plain {
			for _, at := range order {
				s.insert(number, batch, at, i, round)
			}
			continue
		}
		w.fresh = g.table.insertEach(batch.sorted[batch.start[number]:batch.start[number+1]], order, w.fresh[:0])
		for _, at := range w.fresh {
			s.take(g, number, batch, at, i, round)
		}
	}
}

// insert visits a successor of the i'th block of a round.
func (s *search) insert(number int, batch *Batch, at uint32, i int, round []*block) {
	g := &s.groups[number]
	var fresh bool
	var slot int
	if batch.wide {
		slot, fresh = g.table.insertWide(batch.prints[at], batch.second[at])
	} else {
		slot, fresh = g.table.insert(batch.prints[at])
	}
	if g.audit != nil {
		g.audit.check(batch.prints[at], batch.state(int(at)), fresh)
	}
	if s.options.PartialOrder {
		s.grow(g, batch, at, fresh, round != nil)
	}
	if s.sleepy {
		s.visit(g, number, batch, at, slot, fresh)
	}
	if fresh {
		s.take(g, number, batch, at, i, round)
	}
}

// take takes over a successor that is new, to be expanded, and where it came from.
func (s *search) take(g *group, number int, batch *Batch, at uint32, i int, round []*block) {
	origin := noOrigin | uint64(batch.turn[at])
	if round != nil {
		origin = round[i].place(int(batch.origin[at])).origin(batch.turn[at])
	}
	if s.alone {
		s.addFew(batch.state(int(at)), place{number, g.origins.count})
	} else {
		g.next.add(batch.state(int(at)), number, g.origins.count)
	}
	g.origins.add(origin)
}
