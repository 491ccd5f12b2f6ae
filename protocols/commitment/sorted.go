package commitment

import (
	"cmp"
	"slices"

	"quorumlab/protocols"
	"quorumlab/protocols/resource"
)

// About is what is about one transaction.
type About interface{ About() resource.ID }

// Sorted holds what is about transactions, one a transaction, by their IDs.
type Sorted[T About] []T

// Find returns what is about a transaction, nil if nothing is. The pointer is good
// until something is added or dropped.
func (s Sorted[T]) Find(id resource.ID) *T {
	at, found := s.Place(id)
	if !found {
		return nil
	}
	return &s[at]
}

// Place returns where it stands, or would.
func (s Sorted[T]) Place(id resource.ID) (at int, found bool) {
	return slices.BinarySearchFunc(s, id, func(t T, id resource.ID) int { return cmp.Compare(t.About(), id) })
}

// Add adds what is about a transaction that nothing is about yet.
func (s *Sorted[T]) Add(t T) *T {
	at, _ := s.Place(t.About())
	*s = slices.Insert(*s, at, t)
	return &(*s)[at]
}

// Remove takes out what is about a transaction, and reports whether anything was.
func (s *Sorted[T]) Remove(id resource.ID) bool {
	at, found := s.Place(id)
	if found {
		*s = slices.Delete(*s, at, at+1)
	}
	return found
}

// Drop takes out what is about a transaction, and stops its timer.
func (s *Sorted[T]) Drop(id resource.ID, timer string, out *protocols.Effects) {
	if s.Remove(id) {
		out.CancelTimer(TimerOf(timer, id))
	}
}
