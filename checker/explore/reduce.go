package explore

import (
	"encoding/binary"
	"errors"
	"sync/atomic"
	"unsafe"
)

// Divided is an Expander of a model whose steps are made by actors, so that
// the order of steps of different ones often does not matter. Partial-order
// reduction explores, where it can, only what is pending at one actor: a
// persistent set, if nobody else can put anything new before that actor, or
// make a step that what is pending there depends on, before the actor itself
// has made a step.
//
// What a property hits must be stable: a state that hits it is followed by
// states that do, or the step that led to it hits it wherever it is made.
type Divided interface {
	Expander
	// Actors returns the number of actors.
	Actors() int
	// Pending adds every step that is pending at an actor. It reports false
	// if one of them may not be made ahead of what others do: because it spends
	// what others may spend too, say, or ends what others may do.
	Pending(state []uint32, actor int, batch *Batch) bool
	// Aside replaces in a state what does not matter to what others do while
	// an actor does nothing.
	Aside(state []uint32, actor int)
	// Meanwhile adds the states, as Aside leaves them, that lie behind the
	// steps of others while an actor does nothing. It reports whether one of
	// these steps touches the actor: puts something new before it, or is one
	// that what is pending there depends on.
	Meanwhile(state []uint32, actor int, batch *Batch) (touched bool)
}

// Inseparable is a model of which partial-order reduction may leave nothing out.
type Inseparable interface {
	Model
	// Inseparable says in words why it leaves nothing out, "" if it does.
	Inseparable() string
}

// ErrIndivisible is returned when partial-order reduction is asked of a model
// that does not tell who makes which step.
var ErrIndivisible = errors.New("explore: the steps of this model are not divided among actors")

// reducedTurn marks the turn of a successor that was found among what is
// pending at one actor, whose number the turn has too.
const (
	reducedTurn  = 1 << (turnBits - 1)
	reducedActor = turnBits - 7 // shift: 6 bits
)

// reducedActorsMax is the most actors among which steps can be divided.
const reducedActorsMax = 1 << (turnBits - 1 - reducedActor)

// reducer finds persistent sets, for one worker.
type reducer struct {
	Divided
	pending   *Batch
	meanwhile *Batch
	// known tells of what others are in, by actor, whether they can still touch
	// it.
	known []map[string]bool
	words []uint32 // of the states to follow
	seen  map[string]bool
}

// Of what others can do no more than meanwhileMax states are followed: then it is
// taken for granted that they touch the actor. That must not depend on what was
// asked before, else the counts would depend on who works on what. Of the answers
// no more than knownMax are kept.
const (
	meanwhileMax = 16
	knownMax     = 1 << 14
)

func newReducer(d Divided, width int) *reducer {
	r := &reducer{
		Divided: d, pending: newBatch(width, &Options{}, nil), meanwhile: newBatch(width, &Options{}, nil),
		seen: map[string]bool{},
	}
	for range d.Actors() {
		r.known = append(r.known, map[string]bool{})
	}
	return r
}

// best returns the actor at which the least is pending of those that are not asleep
// and whose steps suffice, less than 0 if there is none.
func (r *reducer) best(state []uint32, asleep uint32) int {
	best, least := -1, 0
	for actor := range r.known {
		if asleep>>actor&1 != 0 {
			continue
		}
		r.pending.reset()
		r.pending.from(0)
		free := r.Pending(state, actor, r.pending)
		if n := r.pending.count; !free || n == 0 || best >= 0 && n >= least || r.touchable(state, actor) {
			continue
		}
		best, least = actor, r.pending.count
	}
	return best
}

// expand adds the successors that suffice. It reports whether these are only
// those of what is pending at one actor, the one at which the least is.
func (r *reducer) expand(state []uint32, batch *Batch) (reduced bool) {
	best := r.best(state, 0)
	if best < 0 {
		r.Expand(state, batch)
		return false
	}
	r.add(state, best, batch)
	return true
}

// add adds what is pending at an actor.
func (r *reducer) add(state []uint32, actor int, batch *Batch) {
	batch.siblings = reducedTurn | uint32(actor)<<reducedActor
	r.Pending(state, actor, batch)
}

// touchable reports whether others can touch an actor before it makes a step.
func (r *reducer) touchable(state []uint32, actor int) bool {
	r.words = append(r.words[:0], state...)
	r.Aside(r.words, actor)
	var buffer [keyMax]byte
	key := appendKey(buffer[:0], r.words)
	if found, known := r.known[actor][string(key)]; known {
		return found
	}
	found := r.follow(actor, len(state))
	if len(r.known[actor]) >= knownMax {
		clear(r.known[actor])
	}
	r.known[actor][string(key)] = found
	return found
}

// follow follows what others can do, from the state in words on.
func (r *reducer) follow(actor, width int) (touched bool) {
	clear(r.seen)
	var buffer [keyMax]byte
	r.seen[string(appendKey(buffer[:0], r.words))] = true
	state := make([]uint32, width)
	for len(r.words) > 0 {
		rest := len(r.words) - width // the newest first
		copy(state, r.words[rest:])
		r.words = r.words[:rest]
		r.meanwhile.reset()
		r.meanwhile.from(0)
		if r.Meanwhile(state, actor, r.meanwhile) {
			return true
		}
		for i := range r.meanwhile.count {
			next := r.meanwhile.state(i)
			key := appendKey(buffer[:0], next)
			if r.seen[string(key)] {
				continue
			}
			if len(r.seen) == meanwhileMax {
				return true
			}
			r.seen[string(key)] = true
			r.words = append(r.words, next...)
		}
	}
	return false
}

// keyMax is the size of the keys of most models.
const keyMax = 128

func appendKey(key []byte, words []uint32) []byte {
	for _, word := range words {
		key = binary.LittleEndian.AppendUint32(key, word)
	}
	return key
}

// mapEntry is about how much memory a map takes for a byte of its entries.
const mapEntry = 2

// size returns about how much memory the reducer takes.
func (r *reducer) size() uint64 {
	answers := 0
	for _, known := range r.known {
		answers += len(known)
	}
	return uint64(answers) * mapEntry * uint64(4*r.pending.width+int(unsafe.Sizeof(""))+1)
}

// What is left out may be left out for ever if the reduced steps lead in a
// circle. So of the states of which only what is pending at one actor was
// explored, those are expanded as a whole that lead only to states which were
// expanded before.

// anew is such states, of the level at work.
type anew struct {
	words  []uint32
	places []place
}

// opened notes that of a parent there is a successor which is yet to be
// expanded.
func (b *Batch) opened(parent uint32) { atomic.StoreUint32(&b.open[parent], 1) }

// grow notes that a successor is yet to be expanded, if it is so: if it is new
// on this level.
func (s *search) grow(g *group, batch *Batch, at uint32, fresh, inner bool) {
	if fresh {
		g.young.insert(batch.prints[at])
	}
	if inner && (fresh || g.young.has(batch.prints[at])) {
		batch.opened(batch.origin[at])
	}
}

// reducing prepares the batch for the successors of so many states.
func (b *Batch) reducing(parents int) {
	b.reduced = b.reduced[:0]
	if cap(b.open) < parents {
		b.open = make([]uint32, parents)
	}
	b.open = b.open[:parents]
	clear(b.open)
}

// take takes those of a round that lead to nothing new.
func (a *anew) take(batch *Batch, b *block, width int) {
	for _, i := range batch.reduced {
		if batch.open[i] == 0 {
			a.words = append(a.words, b.state(int(i), width)...)
			a.places = append(a.places, b.place(int(i)))
		}
	}
}

// anewOf returns the states of such blocks.
func anewOf(blocks []*block) (a anew) {
	for _, b := range blocks {
		a.words, a.places = append(a.words, b.words...), append(a.places, b.places...)
	}
	return a
}

// blocks returns them as blocks, and is empty then.
func (a *anew) blocks(width int) []*block {
	var all []*block
	for from := 0; from < len(a.places); from += blockStates {
		to := min(from+blockStates, len(a.places))
		all = append(all, &block{
			group: again, words: a.words[from*width : to*width], count: to - from, places: a.places[from:to],
		})
	}
	*a = anew{}
	return all
}
