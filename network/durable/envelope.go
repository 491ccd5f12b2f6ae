package durable

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
)

// This file has keys and values as bytes. Decoding never panics, whatever the
// bytes are, and accepts only what encoding gives.

// formatVersion is the version of all that this package writes.
const formatVersion = 1

// The first byte of a key.
const (
	keyFormat   = 'f'
	keyBounds   = 'b'
	keyRecord   = 'l'
	keyMeta     = 'm'
	keySnapshot = 's'
	keyChunk    = 'c'
)

// The first byte of a value.
const (
	whole   = 1
	damaged = 2 // it was there, and can no longer be read
)

// envelopeBytes is what an envelope adds to the bytes in it.
const envelopeBytes = 1 + 4

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// errDamaged says that an envelope is not what was written.
var errDamaged = errors.New("the checksum does not fit")

func recordKey(index uint64) []byte {
	return binary.BigEndian.AppendUint64([]byte{keyRecord}, index)
}

// recordIndex returns the index in a record's key.
func recordIndex(key []byte) (uint64, error) {
	if len(key) != 9 || key[0] != keyRecord {
		return 0, fmt.Errorf("%q is no key of a record", key)
	}
	return binary.BigEndian.Uint64(key[1:]), nil
}

func chunkKey(generation, number uint64) []byte {
	key := binary.BigEndian.AppendUint64([]byte{keyChunk}, generation)
	return binary.BigEndian.AppendUint64(key, number)
}

// seal appends the envelope of a payload to dst.
func seal(dst, key []byte, kind byte, payload []byte) []byte {
	dst = append(dst, kind)
	dst = binary.LittleEndian.AppendUint32(dst, checksum(key, kind, payload))
	return append(dst, payload...)
}

// open returns what an envelope holds, and its kind.
func open(key, envelope []byte) (payload []byte, kind byte, err error) {
	if len(envelope) < envelopeBytes {
		return nil, 0, errDamaged
	}
	kind, payload = envelope[0], envelope[envelopeBytes:]
	sum := binary.LittleEndian.Uint32(envelope[1:])
	if sum != checksum(key, kind, payload) || kind != whole && kind != damaged || kind == damaged && len(payload) > 0 {
		return nil, 0, errDamaged
	}
	return payload, kind, nil
}

func checksum(key []byte, kind byte, payload []byte) uint32 {
	sum := crc32.Update(0, castagnoli, key)
	sum = crc32.Update(sum, castagnoli, []byte{kind})
	return crc32.Update(sum, castagnoli, payload)
}

// bounds are the first and the next index of the log, the generation of the
// snapshot written last, and the number of batches written.
type bounds struct{ First, Next, Generation, Sequence uint64 }

func (b bounds) encode() []byte { return encodeNumbers(b.First, b.Next, b.Generation, b.Sequence) }

func decodeBounds(payload []byte) (bounds, error) {
	n, err := decodeNumbers(payload, 4)
	if err != nil {
		return bounds{}, err
	}
	b := bounds{First: n[0], Next: n[1], Generation: n[2], Sequence: n[3]}
	if b.First == 0 || b.Next < b.First {
		return bounds{}, fmt.Errorf("a log from %d to before %d cannot be", b.First, b.Next)
	}
	return b, nil
}

// pointer tells where a snapshot is.
type pointer struct{ Generation, Bytes, Chunks uint64 }

func (p pointer) encode() []byte { return encodeNumbers(p.Generation, p.Bytes, p.Chunks) }

func decodePointer(payload []byte) (pointer, error) {
	n, err := decodeNumbers(payload, 3)
	if err != nil {
		return pointer{}, err
	}
	p := pointer{Generation: n[0], Bytes: n[1], Chunks: n[2]}
	if p.Chunks != chunks(p.Bytes) {
		return pointer{}, fmt.Errorf("%d bytes cannot be in %d chunks", p.Bytes, p.Chunks)
	}
	return p, nil
}

// chunkBytes is how many bytes of a snapshot stand in one value, so that no
// batch of the engine is large.
const chunkBytes = 256 << 10

// chunkLength returns how many bytes chunk n has.
func (p pointer) chunkLength(n uint64) uint64 {
	return min(chunkBytes, p.Bytes-min(p.Bytes, n*chunkBytes))
}

func chunks(size uint64) uint64 {
	return size/chunkBytes + min(1, size%chunkBytes)
}

func encodeNumbers(numbers ...uint64) []byte {
	var b []byte
	for _, n := range numbers {
		b = binary.BigEndian.AppendUint64(b, n)
	}
	return b
}

func decodeNumbers(b []byte, count int) ([]uint64, error) {
	if len(b) != 8*count {
		return nil, fmt.Errorf("found %d bytes, expected %d", len(b), 8*count)
	}
	numbers := make([]uint64, count)
	for i := range numbers {
		numbers[i] = binary.BigEndian.Uint64(b[8*i:])
	}
	return numbers, nil
}

// encodeFormat returns the version and whose disk this is.
func encodeFormat(identity string) []byte {
	return append(encodeNumbers(formatVersion), identity...)
}

func decodeFormat(payload []byte) (version uint64, identity string, err error) {
	if len(payload) < 8 {
		return 0, "", fmt.Errorf("found %d bytes, expected at least 8", len(payload))
	}
	return binary.BigEndian.Uint64(payload), string(payload[8:]), nil
}
