package durable

import (
	"bytes"
	"testing"
)

// FuzzDecoders: bytes of the disk never panic a decoder, and what decodes encodes
// to the same bytes again.
func FuzzDecoders(f *testing.F) {
	f.Add([]byte("l"), seal(nil, []byte("l"), whole, []byte("payload")))
	f.Add(recordKey(7), bounds{First: 1, Next: 3, Generation: 2, Sequence: 9}.encode())
	f.Add([]byte("s"), pointer{Generation: 1, Bytes: chunkBytes + 1, Chunks: 2}.encode())
	f.Add([]byte("f"), encodeFormat("cluster, node 1"))
	f.Add([]byte("witness"), encodeWitness(12))
	f.Fuzz(func(t *testing.T, key, value []byte) {
		check := func(what string, again []byte) {
			if !bytes.Equal(again, value) {
				t.Errorf("%s: %x decodes to what encodes to %x", what, value, again)
			}
		}
		if payload, kind, err := open(key, value); err == nil {
			check("envelope", seal(nil, key, kind, payload))
		}
		if b, err := decodeBounds(value); err == nil {
			check("bounds", b.encode())
		}
		if p, err := decodePointer(value); err == nil {
			check("pointer", p.encode())
		}
		if version, identity, err := decodeFormat(value); err == nil && version == formatVersion {
			check("format", encodeFormat(identity))
		}
		if len(value) == witnessBytes {
			if n := decodeWitness(value); n > 0 {
				check("witness", encodeWitness(n))
			}
		}
		if index, err := recordIndex(key); err == nil && !bytes.Equal(recordKey(index), key) {
			t.Errorf("key %x is of record %d", key, index)
		}
	})
}
