package explore

// Sleep sets (Godefroid, "Partial-order methods for the verification of
// concurrent systems", 1996): when all that is pending at an actor has been
// explored from a state, it needs not be explored again after steps that do not
// depend on it, for the other order leads to the same states. The actor is asleep
// there, until a step touches it. The set of those asleep is kept with the state.
// If it is reached again with fewer of them asleep, what was left out is explored
// then: the state is expanded once more.
//
// All states are reached; what is spared is steps.

// Attributed is a Divided whose Expand and Pending say of each step, by
// Batch.By, whose it is and whom it touches. Steps of which they do not say it
// depend on all others.
type Attributed interface {
	Divided
	// Attributes reports whether they do.
	Attributes() bool
}

// Sets of actors are masks. What is nobody's step is everybody's.
const (
	sleepActorsMax = 14
	everybody      = sleepActorsMax
	allActors      = 1<<(sleepActorsMax+1) - 1
)

// Owner tells whose a step is, as a number from 0, and whom it touches: every
// actor, as a bit, at which it adds, takes away or changes what is pending, or of
// which some pending step depends on it. That must hold both ways. A step that is
// nobody's depends on all.
type Owner struct {
	Actor   int
	Touched uint32
}

var nobodys = Owner{everybody, allActors}

// Nobodys reports whether the step is nobody's.
func (o Owner) Nobodys() bool { return o.Actor == everybody }

// By says whose the next successor is, and whom it touches.
func (b *Batch) By(actor int, touched uint32) { b.next = Owner{actor, touched} }

// Heeds reports whether what By says matters to anybody.
func (b *Batch) Heeds() bool { return b.sleepy || b.keepLabels }

// owner returns what was said of the successor that is added now.
func (b *Batch) owner() Owner {
	owner := b.next
	b.next = nobodys
	return owner
}

// awake reports whether the successor is one to explore, and notes who is asleep
// in it.
func (b *Batch) awake(o Owner) bool {
	if b.todo>>o.Actor&1 == 0 {
		return false
	}
	before := uint32(1)<<o.Actor - 1
	b.sleeps = append(b.sleeps, (b.asleep|b.todo&before)&realActors&^o.Touched&^(1<<o.Actor))
	return true
}

// A note is what is kept of a state: who is asleep; who was and is to be expanded in
// the next even or odd level, and whether the state is in that level; who has been
// expanded, and whether the state has been at all.
//
// What happens to a state in the level in which it is expanded counts from the next
// one on. So it does not matter in which order the states of a level are expanded.
const (
	noteWoken    = sleepActorsMax // of even levels; those of odd ones follow
	noteDone     = 3 * sleepActorsMax
	noteQueued   = noteDone + sleepActorsMax + 1 // likewise
	noteExpanded = 1 << (noteQueued + 2)

	realActors = 1<<sleepActorsMax - 1
)

// wokenAt and queuedAt return where the note has what is to happen in levels of a
// parity.
func wokenAt(parity int) int     { return noteWoken + parity*sleepActorsMax }
func queuedAt(parity int) uint64 { return 1 << (noteQueued + parity) }

// sleepy reports whether sleep sets are kept. Under symmetry they are not: who is
// asleep would have to be interchanged too.
func (o *Options) sleepy(x Expander) bool {
	if !o.PartialOrder || o.Awake || o.Symmetry {
		return false
	}
	a, ok := x.(Attributed)
	return ok && a.Attributes() && a.Actors() <= sleepActorsMax
}

// visit takes a successor that may be asleep in part: a new state, or a known one
// that is reached with fewer asleep.
func (s *search) visit(g *group, number int, batch *Batch, at uint32, slot int, fresh bool) {
	asleep, next := uint64(batch.sleeps[at]), 1-s.parity
	if fresh {
		*in(g.table.number, slot) = uint64(g.notes.count)
		g.notes.add(asleep | queuedAt(next))
		return
	}
	known := int(*in(g.table.number, slot))
	note := g.notes.ref(known)
	woken := *note &^ asleep & realActors
	if woken == 0 {
		return
	}
	*note = *note&^woken | woken<<wokenAt(next)
	if *note&queuedAt(next) == 0 {
		*note |= queuedAt(next)
		g.next.add(batch.state(int(at)), number, known)
	}
}

// expandAwake adds the successors of a state that are not asleep, or of those only
// what is pending at one actor. again: that was not enough. It reports whether
// only a part was expanded, and whether the state has no successor at all.
func (s *search) expandAwake(w *worker, state []uint32, p place, batch *Batch, reduce, again bool) (reduced, terminal bool) {
	note := s.groups[p.group].notes.ref(p.number)
	asleep := uint32((*note | *note>>wokenAt(1-s.parity)) & realActors) // as it was when the level began
	done := uint32(*note>>noteDone) & allActors
	first, best := *note&noteExpanded == 0, -1
	switch {
	case again: // what has been expanded was so before
		batch.asleep, batch.todo = asleep|done&realActors, allActors&^asleep&^done
	case first:
		batch.asleep, batch.todo = asleep, allActors&^asleep
		if reduce {
			best = w.reducer.best(state, asleep)
		}
	default:
		batch.asleep, batch.todo = asleep, uint32(*note>>wokenAt(s.parity))&realActors
	}
	expanded := batch.todo
	if best >= 0 {
		// What is pending there may be nobody's too.
		expanded, batch.todo, reduced = 1<<best, 1<<best|1<<everybody, true
		w.reducer.add(state, best, batch)
	} else if batch.todo != 0 {
		w.expander.Expand(state, batch)
		terminal = first && batch.siblings == 0
	}
	*note |= uint64(expanded)<<noteDone | noteExpanded
	*note &^= queuedAt(s.parity) | realActors<<wokenAt(s.parity)
	return reduced, terminal
}
