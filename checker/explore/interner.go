package explore

import (
	"sync"
	"sync/atomic"
	"unsafe"
)

// Interner numbers contents: equal ones have one number, the first is 0. K is
// the content as a key, T what is kept of it. Workers may use it at once. Its
// zero value is empty.
type Interner[K comparable, T any] struct {
	mu    sync.RWMutex
	known map[K]uint32
	items Arena[interned[T]]
	bytes atomic.Uint64
}

// interned is a content with its hash, which does not depend on numbers.
type interned[T any] struct {
	content T
	hash    uint64
}

// mapEntry is about how much memory a map takes for a byte of its entries.
const mapEntry = 2

// Number returns the number of a content, which takes size bytes beside key and
// content. make is called if it is new, for what is kept and for its hash.
func (n *Interner[K, T]) Number(key K, size int, make func() (T, uint64)) uint32 {
	n.mu.RLock()
	id, known := n.known[key]
	n.mu.RUnlock()
	if known {
		return id
	}
	content, hash := make()
	n.mu.Lock()
	defer n.mu.Unlock()
	if id, known = n.known[key]; known {
		return id
	}
	if n.known == nil {
		n.known = map[K]uint32{}
	}
	id, item := n.items.Add()
	item.content, item.hash = content, hash
	n.known[key] = id
	n.bytes.Add(uint64(mapEntry*(int(unsafe.Sizeof(key))+4) + int(unsafe.Sizeof(*item)) + size))
	return id
}

// At returns the content of a number.
func (n *Interner[K, T]) At(id uint32) T { return n.items.At(id).content }

// Hash returns its hash.
func (n *Interner[K, T]) Hash(id uint32) uint64 { return n.items.At(id).hash }

// Len returns how many contents there are. It is for when no worker is at work.
func (n *Interner[K, T]) Len() int { return n.items.Len() }

// Bytes returns about how much memory the interner takes.
func (n *Interner[K, T]) Bytes() uint64 { return n.bytes.Load() }
