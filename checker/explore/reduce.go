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

// ErrIndivisible is returned when partial-order reduction is asked of a model
// that does not tell who makes which step.
var ErrIndivisible = errors.New("explore: the steps of this model are not divided among actors")

// reducedTurn marks the turn of a successor that was found among what is
// pending at one actor.
const reducedTurn = 1 << (turnBits - 1)

// reducer finds persistent sets, for one worker.
type reducer struct {
	Divided
	pending *Batch
	// meanwhile has a batch for each depth of the search among what others do.
	meanwhile []*Batch
	// known tells of what others are in, by actor, whether they can still touch
	// it.
	known []map[string]touch
	open  []string // of the search at work
	bytes uint64
}

type touch uint8

const (
	unknown touch = iota
	touching
	never    // they can touch it no more
	searched // by the search at work, without a result yet
)

func newReducer(d Divided, width int) *reducer {
	r := &reducer{Divided: d, pending: newBatch(width, &Options{}, nil)}
	for range d.Actors() {
		r.known = append(r.known, map[string]touch{})
	}
	return r
}

// expand adds the successors that suffice. It reports whether these are only
// those of what is pending at one actor, the one at which the least is.
func (r *reducer) expand(state []uint32, batch *Batch) (reduced bool) {
	best, least := -1, 0
	for actor := range r.known {
		r.pending.reset()
		r.pending.from(0)
		free := r.Pending(state, actor, r.pending)
		if n := r.pending.count; !free || n == 0 || best >= 0 && n >= least || r.touchable(state, actor) {
			continue
		}
		best, least = actor, r.pending.count
	}
	if best < 0 {
		r.Expand(state, batch)
		return false
	}
	batch.siblings = reducedTurn
	r.Pending(state, best, batch)
	return true
}

// touchable reports whether others can touch an actor before it makes a step.
func (r *reducer) touchable(state []uint32, actor int) bool {
	words := append([]uint32(nil), state...)
	r.Aside(words, actor)
	r.open = r.open[:0]
	found := r.search(words, actor, 0)
	for _, key := range r.open {
		if found == touching && r.known[actor][key] == searched {
			delete(r.known[actor], key)
		} else if found != touching {
			r.known[actor][key] = never
		}
	}
	return found == touching
}

// search follows what others can do. What is on the way, or was left without a
// result because it leads there, tells nothing of its own: if nothing that can
// be reached touches the actor, then nothing from there does.
func (r *reducer) search(words []uint32, actor, depth int) touch {
	var buffer [256]byte
	content := buffer[:0]
	for _, word := range words {
		content = binary.LittleEndian.AppendUint32(content, word)
	}
	known := r.known[actor]
	if found := known[string(content)]; found != unknown {
		return found
	}
	key := string(content)
	known[key] = searched
	r.bytes += mapEntry * uint64(len(key)+int(unsafe.Sizeof(key))+1)
	if depth == len(r.meanwhile) {
		r.meanwhile = append(r.meanwhile, newBatch(len(words), &Options{}, nil))
	}
	batch := r.meanwhile[depth]
	batch.reset()
	batch.from(0)
	result := never
	if r.Meanwhile(words, actor, batch) {
		result = touching
	}
	for i := 0; i < batch.count && result != touching; i++ {
		if found := r.search(batch.state(i), actor, depth+1); found != never {
			result = found
		}
	}
	if result == searched {
		r.open = append(r.open, key)
		return searched
	}
	known[key] = result
	return result
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

// blocks returns them as blocks, and is empty then.
func (a *anew) blocks(width int) []*block {
	var all []*block
	for from := 0; from < len(a.places); from += blockStates {
		to := min(from+blockStates, len(a.places))
		all = append(all, &block{words: a.words[from*width : to*width], count: to - from, places: a.places[from:to]})
	}
	*a = anew{}
	return all
}
