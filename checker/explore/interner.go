package explore

import (
	"hash/maphash"
	"sync/atomic"
	"unsafe"
)

// Interner numbers contents: equal ones have one number, the first is 0. K is
// the content as a key, T what is kept of it. Workers may use it at once, and
// none waits to look up what is known. Its zero value is empty.
type Interner[K comparable, T any] struct {
	current atomic.Pointer[internerTable]
	items   Arena[interned[K, T]]
	adding  Lock
	bytes   atomic.Uint64
	_       Apart
}

// internerTable is open addressing. A slot is 0 if it is free, or has 1 + a number
// in its lower half and in its upper half a part of the key's hash.
type internerTable struct {
	seed  maphash.Seed
	slots []atomic.Uint64
	used  int
}

// interned is a content with its hash, which does not depend on numbers.
type interned[K comparable, T any] struct {
	key     K
	content T
	hash    uint64
}

const internerMin = 16

// find returns the number of a key, or that it is not known.
func (n *Interner[K, T]) find(t *internerTable, key K, hash uint64) (id uint32, known bool) {
	if t == nil {
		return 0, false
	}
	for at := int(hash) & (len(t.slots) - 1); ; at = (at + 1) & (len(t.slots) - 1) {
		slot := t.slots[at].Load()
		if slot == 0 {
			return 0, false
		}
		if id := uint32(slot) - 1; slot>>32 == hash>>32 && n.items.At(id).key == key {
			return id, true
		}
	}
}

func (t *internerTable) put(slot uint64, hash uint64) {
	at := int(hash) & (len(t.slots) - 1)
	for t.slots[at].Load() != 0 {
		at = (at + 1) & (len(t.slots) - 1)
	}
	t.slots[at].Store(slot)
	t.used++
}

// grown returns a table with room for one more.
func (n *Interner[K, T]) grown(t *internerTable) *internerTable {
	switch {
	case t == nil:
		return &internerTable{seed: maphash.MakeSeed(), slots: make([]atomic.Uint64, internerMin)}
	case 3*(t.used+1) <= 2*len(t.slots):
		return t
	}
	next := &internerTable{seed: t.seed, slots: make([]atomic.Uint64, 2*len(t.slots))}
	for id := range uint32(t.used) {
		hash := maphash.Comparable(t.seed, n.items.At(id).key)
		next.put(hash>>32<<32|uint64(id+1), hash)
	}
	return next
}

// Number returns the number of a content, which takes size bytes beside key and
// content. make is called if it is new, for what is kept and for its hash.
func (n *Interner[K, T]) Number(key K, size int, make func() (T, uint64)) uint32 {
	t := n.current.Load()
	var hash uint64
	if t != nil {
		hash = maphash.Comparable(t.seed, key)
		if id, known := n.find(t, key, hash); known {
			return id
		}
	}
	content, own := make()
	n.adding.Lock()
	defer n.adding.Unlock()
	t = n.grown(n.current.Load())
	hash = maphash.Comparable(t.seed, key)
	id, known := n.find(t, key, hash)
	if !known {
		var item *interned[K, T]
		id, item = n.items.Add()
		*item = interned[K, T]{key, content, own}
		t.put(hash>>32<<32|uint64(id+1), hash)
		n.bytes.Add(uint64(slotBytes + int(unsafe.Sizeof(*item)) + size))
	}
	n.current.Store(t)
	return id
}

// slotBytes is what the slots take for each content.
const slotBytes = 8 * 2

// At returns the content of a number.
func (n *Interner[K, T]) At(id uint32) T { return n.items.At(id).content }

// Hash returns its hash.
func (n *Interner[K, T]) Hash(id uint32) uint64 { return n.items.At(id).hash }

// Len returns how many contents there are. It is for when no worker is at work.
func (n *Interner[K, T]) Len() int { return n.items.Len() }

// Bytes returns about how much memory the interner takes.
func (n *Interner[K, T]) Bytes() uint64 { return n.bytes.Load() }
