package linear

import "slices"

// Where the value that somebody saw was written once only, more is known of every order
// than the sessions tell: the write came before who saw it, and no other write of the
// key between the two. So another write that must come before who saw it must come
// before the write, too; and one that must come after the write comes after who saw it.
// What follows from that, again and again, is forced: it cuts the search short, and a
// circle in it is a proof that there is no order (Gibbons and Korach, "Testing Shared
// Memories", 1997, call it the read-mapping; saturation by such rules is that of
// "Checking Robustness" and of most checkers since).

// forcedMost bounds of how many operations the relation is kept, a bit a pair.
const forcedMost = 2048

// seen is a value of a key, as operations write and see it.
type seen struct {
	key   string
	value Value
}

// sight is who has to do with it.
type sight struct {
	seen
	observers []int // that surely saw it
	writers   []int // that write it, or may
	// unseen and unwritten count those of them that have no place yet.
	unseen, unwritten int
}

// look takes down who writes and who sees what.
func (s *ordering) look() {
	s.sightOf = map[seen]*sight{}
	s.sees, s.makes = make([]*sight, len(s.ops)), make([]*sight, len(s.ops))
	of := func(key string, v Value) *sight {
		at := seen{key, v}
		if s.sightOf[at] == nil {
			s.sightOf[at] = &sight{seen: at}
			s.sights = append(s.sights, s.sightOf[at])
		}
		return s.sightOf[at]
	}
	for i := range s.ops {
		op := &s.ops[i]
		if v, ok := op.observes(); ok && op.Outcome == OK {
			s.sees[i] = of(op.Key, v)
			s.sees[i].observers = append(s.sees[i].observers, i)
			s.sees[i].unseen++
		}
		if v, ok := op.writes(); ok {
			s.makes[i] = of(op.Key, v)
			s.makes[i].writers = append(s.makes[i].writers, i)
			s.makes[i].unwritten++
		}
	}
}

// hides tells whether an operation would overwrite a value for ever that somebody is
// yet to see.
func (s *ordering) hides(i int, before Value) bool {
	now := s.sightOf[seen{s.ops[i].Key, before}]
	if now == nil || now.unwritten > 0 {
		return false
	}
	left := now.unseen
	if s.sees[i] == now {
		left--
	}
	return left > 0
}

// relation tells of operations which must come before which.
type relation struct {
	words int
	after [][]uint64 // of each, those that come after it
}

func (r *relation) has(a, b int) bool { return r.after[a][b/64]>>(b%64)&1 != 0 }

// add adds that a comes before b, and what follows by transitivity. It reports whether
// that is new.
func (r *relation) add(a, b int) bool {
	if r.has(a, b) {
		return false
	}
	for c := range r.after {
		if c != a && !r.has(c, a) {
			continue
		}
		row := r.after[c]
		row[b/64] |= 1 << (b % 64)
		for w, more := range r.after[b] {
			row[w] |= more
		}
	}
	return true
}

// clone returns a copy.
func (r *relation) clone() *relation {
	c := &relation{words: r.words}
	for _, row := range r.after {
		c.after = append(c.after, slices.Clone(row))
	}
	return c
}

// forced is what is known of every order: of all of them or, once it is decided which
// of two writes of a key comes first, of those in which it does.
type forced struct {
	*ordering
	initial map[string]Value
	writes  map[string][]int // by key, those that surely happened
	budget  int
}

// forcing returns what the sessions tell.
func (s *ordering) forcing(initial map[string]Value) (*forced, *relation) {
	n := len(s.ops)
	r := &relation{words: (n + 63) / 64}
	for range n {
		r.after = append(r.after, make([]uint64, r.words))
	}
	for a := range s.after {
		for _, b := range s.after[a] {
			r.add(a, b)
		}
	}
	return &forced{s, initial, s.happened(initial), s.steps / decisionSteps}, r
}

// decisionSteps is what a decision counts in the bound of a search.
const decisionSteps = 10

// saturate adds all that follows. It reports false if that is a circle.
func (f *forced) saturate(r *relation) bool {
	for again := true; again; {
		again = false
		for _, sight := range f.sights {
			again = f.forceSight(r, sight, f.initial[sight.key] == sight.value, f.writes[sight.key]) || again
		}
		for i := range r.after {
			if r.has(i, i) {
				return false
			}
		}
	}
	return true
}

// decide looks for an order of all writes of each key from which no circle follows. It
// takes that of the invocations, and another where that is none. If it says Violated
// there is no order of the operations; if Holds, the relation has found one of those
// of which it knows.
func (f *forced) decide(r *relation) Verdict {
	for {
		if !f.saturate(r) {
			return Violated
		}
		a, b, open := f.undecided(r)
		if !open {
			return Holds
		}
		if f.budget--; f.budget < 0 || f.ctx.Err() != nil {
			return Unknown
		}
		trial := r.clone()
		trial.add(a, b)
		switch v := f.decide(trial); v {
		case Holds:
			*r = *trial
			return Holds
		case Unknown:
			return Unknown
		}
		r.add(b, a)
	}
}

// undecided returns two writes of a key of which either may come first.
func (f *forced) undecided(r *relation) (a, b int, open bool) {
	for _, key := range f.keys {
		writes := f.writes[key]
		for i, a := range writes {
			for _, b := range writes[i+1:] {
				if f.makes[a] != f.makes[b] && !r.has(a, b) && !r.has(b, a) {
					return a, b, true
				}
			}
		}
	}
	return 0, 0, false
}

// force decides, as far as it can, which operations come before which, and has them
// wait. There may be no order (impossible); if it was decided what comes first of what
// may have any order, there may be another.
func (s *ordering) force(initial map[string]Value) (impossible, decided bool) {
	if len(s.ops) > forcedMost {
		return false, false
	}
	f, known := s.forcing(initial)
	if !f.saturate(known) {
		return true, false
	}
	trial := known.clone()
	switch f.decide(trial) {
	case Violated:
		return true, false
	case Holds:
		s.waitFor(trial)
		return false, true
	}
	s.waitFor(known)
	return false, false
}

// waitFor has operations wait for those that come before them.
func (s *ordering) waitFor(r *relation) {
	for i := range s.ops {
		s.after[i], s.waits[i] = nil, 0
	}
	for a := range s.ops {
		for b := range s.ops {
			if r.has(a, b) {
				s.after[a] = append(s.after[a], b)
				s.waits[b]++
			}
		}
	}
}

// happened lists by key the writes that surely happened: those that were answered, and
// those whose value somebody saw that nobody else can have written.
func (s *ordering) happened(initial map[string]Value) map[string][]int {
	all := map[string][]int{}
	for i := range s.ops {
		made := s.makes[i]
		if made == nil {
			continue
		}
		op := &s.ops[i]
		v, _ := op.writes()
		if op.Outcome == OK || len(made.writers) == 1 && len(made.observers) > 0 && v != initial[op.Key] {
			all[op.Key] = append(all[op.Key], i)
		}
	}
	return all
}

// forceSight adds what is forced by those who saw a value that was written once, or
// that nobody wrote because it was there before: first.
func (f *forced) forceSight(r *relation, sight *sight, first bool, writes []int) (added bool) {
	if len(sight.observers) == 0 || len(sight.writers) > 1 || first == (len(sight.writers) == 1) {
		return false
	}
	writer := -1
	if !first {
		writer = sight.writers[0]
	}
	add := func(a, b int) { added = a != b && r.add(a, b) || added }
	for _, reader := range sight.observers {
		if writer >= 0 {
			add(writer, reader)
		}
		for _, other := range writes {
			switch {
			case other == writer || other == reader || f.makes[other] == sight:
			case writer < 0 || r.has(writer, other):
				add(reader, other)
			case r.has(other, reader):
				add(other, writer)
			}
		}
	}
	return added
}
