package statetest

import (
	"bytes"
	"fmt"

	"pgregory.net/rapid"
)

// pieces: in pieces of any size canonical bytes are the same, and so is what decodes,
// and what does not.
func (s suite) pieces(t *rapid.T) {
	v := s.draw(t)
	canonical := s.codec.Canonical(v)
	size := rapid.IntRange(1, 40).Draw(t, "size")
	var got []byte
	err := s.codec.AppendPieces(v, size, func(piece []byte) error {
		if len(got)%size != 0 || len(piece) > size || len(piece) == 0 {
			t.Fatalf("a piece of %d bytes after %d, want pieces of %d", len(piece), len(got), size)
		}
		got = append(got, piece...)
		return nil
	})
	if err != nil || !bytes.Equal(got, canonical) {
		t.Fatalf("in pieces of %d: %x (%v), want %x", size, got, err, canonical)
	}
	if rapid.Bool().Draw(t, "damaged") {
		canonical[rapid.IntRange(0, len(canonical)-1).Draw(t, "at")] ^= rapid.Byte().Draw(t, "flip")
	}
	want, wrong := s.codec.Decode(canonical)
	rest, shared := canonical, make([]byte, size)
	decoded, err := s.codec.DecodePieces(uint64(len(canonical)), func() ([]byte, error) {
		if len(rest) == 0 {
			t.Fatal("asked for more than there is")
		}
		n := copy(shared, rest)
		rest = rest[n:]
		return shared[:n], nil
	})
	if fmt.Sprint(err) != fmt.Sprint(wrong) || err == nil && !Equal(want, decoded) {
		t.Fatalf("in pieces of %d: %#v, %v; whole: %#v, %v", size, decoded, err, want, wrong)
	}
}
