package explore

import (
	"fmt"
	"slices"
)

// audit keeps the whole states of a group, and finds two that share a
// fingerprint.
type audit struct {
	width int
	known map[uint64]int
	words []uint32
}

func newAudit(width int) *audit { return &audit{width: width, known: map[uint64]int{}} }

// check panics if a state was taken for another, or for a new one though it is
// known.
func (a *audit) check(print uint64, state []uint32, fresh bool) {
	at, known := a.known[print]
	if known == fresh {
		panic("explore: the table of visited states lost a fingerprint")
	}
	if fresh {
		a.known[print] = len(a.words)
		a.words = append(a.words, state...)
		return
	}
	if other := a.words[at : at+a.width]; !slices.Equal(other, state) {
		panic(fmt.Sprintf("explore: two states share the fingerprint %016x: %x and %x", print, other, state))
	}
}

func (a *audit) bytes() uint64 { return 4*uint64(cap(a.words)) + 24*uint64(len(a.known)) }
