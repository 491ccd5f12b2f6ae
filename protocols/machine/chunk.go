package machine

import (
	"fmt"
	"hash/fnv"

	"quorumlab/protocols"
	"quorumlab/protocols/state"
)

// A snapshot may be too large for one message. It is then sent as a series of
// chunks, of which the receiver can tell whether they belong together and are
// complete: each names the whole by its digest.

// Chunk is one record of the series that a snapshot is cut into.
type Chunk struct {
	// Series is the digest of the whole snapshot.
	Series uint64
	// Position counts from 1 to Total.
	Position, Total uint32
	// Part is a SessionsSnapshot if it is the only one. Else SessionsParts
	// come first, and then the parts of the state machine's snapshot.
	Part protocols.Record
}

// SessionsPart is a part of a SessionsSnapshot, without the machine. Forgotten
// is the same in all.
type SessionsPart struct {
	Open      []Kept
	Ended     []Ended
	Forgotten protocols.ClientID
}

// Divisible is a state machine whose snapshots can be cut. The snapshot of one
// that is not makes one chunk, however large.
type Divisible interface {
	protocols.StateMachine
	// Divide cuts a snapshot into at least one part, always the same for equal
	// snapshots. The canonical bytes of a part are at most size, as far as
	// its smallest pieces allow.
	Divide(snapshot protocols.Record, size int) []protocols.Record
	// Unite returns the snapshot from whose parts, in order, these are. The
	// error says what is wrong with them.
	Unite(parts []protocols.Record) (protocols.Record, error)
}

// Split cuts a snapshot of this Sessions into chunks, whose parts have at most
// size canonical bytes, as far as their smallest pieces allow: a session's
// result, and what a Divisible says. Equal snapshots give equal chunks.
func (s *Sessions) Split(snapshot protocols.Record, size int) []Chunk {
	whole, ok := snapshot.(SessionsSnapshot)
	if !ok {
		panic(fmt.Sprintf("machine: snapshot of sessions is a %T", snapshot))
	}
	var encoder state.Encoder
	series, length := digest(&encoder, whole)
	parts := []protocols.Record{whole}
	if length > size {
		parts = divideSessions(whole, size, &encoder)
		if machine, divisible := s.Machine.(Divisible); divisible {
			parts = append(parts, machine.Divide(whole.Machine, size)...)
		} else {
			parts = append(parts, whole.Machine)
		}
	}
	chunks := make([]Chunk, len(parts))
	for i, part := range parts {
		chunks[i] = Chunk{Series: series, Position: uint32(i + 1), Total: uint32(len(parts)), Part: part}
	}
	return chunks
}

// partHead is the most that a part takes beside its entries: the type, and the
// heads of the lists and numbers in it.
const partHead = 32

func divideSessions(whole SessionsSnapshot, size int, encoder *state.Encoder) []protocols.Record {
	var parts []protocols.Record
	part := SessionsPart{Forgotten: whole.Forgotten}
	room := size - partHead
	var bytes []byte
	fit := func(entry any) {
		bytes = encoder.Append(bytes[:0], entry)
		if len(bytes) > room && len(part.Open)+len(part.Ended) > 0 {
			parts = append(parts, part)
			part = SessionsPart{Forgotten: whole.Forgotten}
			room = size - partHead
		}
		room -= len(bytes)
	}
	for _, kept := range whole.Open {
		fit(kept)
		part.Open = append(part.Open, kept)
	}
	for _, ended := range whole.Ended {
		fit(ended)
		part.Ended = append(part.Ended, ended)
	}
	return append(parts, part)
}

// digestPiece is how many bytes of a snapshot are made at once to take its digest.
const digestPiece = 64 << 10

// digest returns the digest of a snapshot's canonical bytes, and how many they are.
func digest(encoder *state.Encoder, whole SessionsSnapshot) (sum uint64, length int) {
	hash := fnv.New64a()
	err := encoder.Pieces(whole, digestPiece, func(piece []byte) error {
		length += len(piece)
		_, err := hash.Write(piece)
		return err
	})
	if err != nil {
		panic(err) // a hash takes everything
	}
	return hash.Sum64(), length
}

// Assembly collects the chunks of one series, in their order. The zero value is
// empty.
type Assembly struct {
	Series uint64
	// Total is 0 as long as there is nothing.
	Total uint32
	Parts []protocols.Record
}

// Next returns the position of the chunk that is wanted next; it is above Total
// when there is none.
func (a *Assembly) Next() uint32 { return uint32(len(a.Parts)) + 1 }

// Add takes a chunk, and reports whether the series is complete. One that is
// there already changes nothing. The first of another series replaces what there
// is; any other that does not fit is an error, and changes nothing.
func (a *Assembly) Add(chunk Chunk) (complete bool, err error) {
	known := a.Total > 0 && chunk.Series == a.Series && chunk.Total == a.Total
	switch {
	case chunk.Position == 0 || chunk.Position > chunk.Total:
		return false, fmt.Errorf("machine: chunk %d of %d", chunk.Position, chunk.Total)
	case !known && chunk.Position > 1:
		return false, fmt.Errorf("machine: chunk %d is of a series whose beginning is missing", chunk.Position)
	case !known:
		*a = Assembly{Series: chunk.Series, Total: chunk.Total}
	case chunk.Position > a.Next():
		return false, fmt.Errorf("machine: chunk %d came, but chunk %d is missing", chunk.Position, a.Next())
	}
	if chunk.Position == a.Next() {
		a.Parts = append(a.Parts, chunk.Part)
	}
	return a.Next() > a.Total, nil
}

// Join returns the snapshot that a complete assembly is of. An error says that
// it is not one of a Sessions over such a state machine, or was changed.
func (s *Sessions) Join(a Assembly) (protocols.Record, error) {
	if a.Total == 0 || a.Next() <= a.Total {
		return nil, fmt.Errorf("machine: %d of %d chunks of a snapshot", len(a.Parts), a.Total)
	}
	whole, ok := a.Parts[0].(SessionsSnapshot)
	if !ok || len(a.Parts) > 1 {
		var err error
		if whole, err = s.unite(a.Parts); err != nil {
			return nil, err
		}
	}
	var encoder state.Encoder
	if sum, _ := digest(&encoder, whole); sum != a.Series {
		return nil, fmt.Errorf("machine: the snapshot of the chunks is not the one whose digest they bear")
	}
	return whole, nil
}

func (s *Sessions) unite(parts []protocols.Record) (whole SessionsSnapshot, err error) {
	for len(parts) > 0 {
		part, ok := parts[0].(SessionsPart)
		if !ok {
			break
		}
		whole.Open = append(whole.Open, part.Open...)
		whole.Ended = append(whole.Ended, part.Ended...)
		whole.Forgotten = part.Forgotten
		parts = parts[1:]
	}
	if machine, divisible := s.Machine.(Divisible); divisible {
		whole.Machine, err = machine.Unite(parts)
		return whole, err
	}
	if len(parts) != 1 {
		return whole, fmt.Errorf("machine: %d parts of a snapshot that cannot be cut", len(parts))
	}
	whole.Machine = parts[0]
	return whole, nil
}
