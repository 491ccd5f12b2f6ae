package durable_test

import (
	"testing"

	"quorumlab/network/durable"
	"quorumlab/protocols"
)

// BenchmarkPersist measures what a force of so many records costs, on the
// machine's own disk.
func BenchmarkPersist(b *testing.B) {
	for _, batch := range []int{1, 64} {
		b.Run(map[int]string{1: "1", 64: "64"}[batch], func(b *testing.B) {
			store, l, _ := recoverStore(b, b.TempDir(), durable.Options{Codec: codec(b), Identity: "1"})
			mark := uint64(0)
			for b.Loop() {
				mark++
				p := protocols.Persist{Mark: mark}
				for n := range uint64(batch) {
					p.Writes = append(p.Writes, protocols.Append{Record: Entry{Number: n, Text: "100 bytes"}})
				}
				store.Persist(p)
				if err := l.await(mark); err != nil {
					b.Fatal(err)
				}
			}
			if err := store.Close(); err != nil {
				b.Fatal(err)
			}
		})
	}
}
