package explore

import (
	"math/bits"
	"sync/atomic"
)

// Memo remembers a number for a pair of numbers. Reading it takes no lock, so
// that workers do not wait for each other over what is already known. Its zero
// value is empty.
type Memo struct {
	current atomic.Pointer[memoTable]
	_       Apart
	writing Lock
	used    int
	_       Apart
}

// Apart keeps what is written often out of the cache line of what is read often.
type Apart [64]byte

// memoTable is open addressing. A slot's value is there before its key is.
type memoTable struct {
	keys   []atomic.Uint64
	values []uint32
}

const memoMin = 64

func memoKey(a, b uint32) uint64 { return (uint64(a)<<32 | uint64(b)) + 1 }

func (t *memoTable) find(key uint64) int {
	for at := int(Fold(key, keyB)) & (len(t.keys) - 1); ; at = (at + 1) & (len(t.keys) - 1) {
		if known := t.keys[at].Load(); known == key || known == 0 {
			return at
		}
	}
}

// Get returns what is remembered for a pair.
func (m *Memo) Get(a, b uint32) (uint32, bool) {
	t := m.current.Load()
	if t == nil {
		return 0, false
	}
	key := memoKey(a, b)
	at := t.find(key)
	if t.keys[at].Load() != key {
		return 0, false
	}
	return t.values[at], true
}

// Put remembers a number for a pair. Two that put for one pair put the same. No
// pair is of two largest numbers.
func (m *Memo) Put(a, b, value uint32) {
	m.writing.Lock()
	defer m.writing.Unlock()
	m.PutAlone(a, b, value)
}

// PutAlone is Put for whoever sees to it that nobody else puts meanwhile.
func (m *Memo) PutAlone(a, b, value uint32) {
	t := m.current.Load()
	if t == nil || 3*(m.used+1) > 2*len(t.keys) {
		t = t.grown()
		m.current.Store(t)
	}
	key := memoKey(a, b)
	at := t.find(key)
	if t.keys[at].Load() == key {
		return
	}
	t.values[at] = value
	t.keys[at].Store(key)
	m.used++
}

func (t *memoTable) grown() *memoTable {
	if t == nil {
		return &memoTable{keys: make([]atomic.Uint64, memoMin), values: make([]uint32, memoMin)}
	}
	size := 2 * len(t.keys)
	next := &memoTable{keys: make([]atomic.Uint64, size), values: make([]uint32, size)}
	for i := range t.keys {
		if key := t.keys[i].Load(); key != 0 {
			at := next.find(key)
			next.values[at] = t.values[i]
			next.keys[at].Store(key)
		}
	}
	return next
}

// Bytes returns the size of the memo.
func (m *Memo) Bytes() uint64 {
	if t := m.current.Load(); t != nil {
		return 12 * uint64(len(t.keys))
	}
	return 0
}

// Arena holds items that never move and are named by number. Workers may read
// an item that another has added, once they know its number. Its zero value is
// empty; Add is for one goroutine at a time.
//
// Its pieces are twice as big from one to the next, so that a small arena takes
// little and a big one has few.
type Arena[T any] struct {
	pieces [arenaPieces][]T
	_      Apart
	count  int
	_      Apart
}

const (
	arenaBits   = 4 // the first piece has 1<<arenaBits items
	arenaPieces = 32 - arenaBits
)

// arenaPlace returns the piece of an item, and its place in it.
func arenaPlace(number uint32) (piece int, at uint32) {
	piece = bits.Len32(number>>arenaBits+1) - 1
	return piece, number - (1<<piece-1)<<arenaBits
}

// At returns an item.
func (a *Arena[T]) At(number uint32) *T {
	piece, at := arenaPlace(number)
	return &a.pieces[piece][at]
}

// Add adds an item, which is as the zero value until the caller fills it.
func (a *Arena[T]) Add() (number uint32, item *T) {
	number = uint32(a.count)
	piece, at := arenaPlace(number)
	if at == 0 {
		a.pieces[piece] = make([]T, 1<<(piece+arenaBits))
	}
	a.count++
	return number, &a.pieces[piece][at]
}

// Len returns the number of items.
func (a *Arena[T]) Len() int { return a.count }
