package machine

import (
	"fmt"
	"maps"
	"slices"

	"quorumlab/protocols"
)

// KVPart is a part of a KVSnapshot.
type KVPart struct{ Entries []KVEntry }

// KVEntry is a key with its value, or with a piece of it: More says that the
// next entry has the next piece.
type KVEntry struct {
	Key, Value string
	More       bool
}

// entryHead is the most that an entry takes beside its strings.
const entryHead = 20

// Divide implements Divisible. Keys come in growing order; values that are too
// long are cut, but not keys.
func (m *KV) Divide(snapshot protocols.Record, size int) []protocols.Record {
	values := snapshot.(KVSnapshot).Values
	var parts []protocols.Record
	var part KVPart
	room := size - partHead
	add := func(entry KVEntry) {
		length := entryHead + len(entry.Key) + len(entry.Value)
		if length > room && len(part.Entries) > 0 {
			parts = append(parts, part)
			part, room = KVPart{}, size-partHead
		}
		part.Entries = append(part.Entries, entry)
		room -= length
	}
	for _, key := range slices.Sorted(maps.Keys(values)) {
		value := values[key]
		longest := max(size-partHead-entryHead-len(key), size/4, 1)
		for len(value) > longest {
			add(KVEntry{Key: key, Value: value[:longest], More: true})
			value = value[longest:]
		}
		add(KVEntry{Key: key, Value: value})
	}
	return append(parts, part)
}

// Unite implements Divisible.
func (m *KV) Unite(parts []protocols.Record) (protocols.Record, error) {
	values := map[string]string{}
	var piece []byte
	for _, record := range parts {
		part, ok := record.(KVPart)
		if !ok {
			return nil, fmt.Errorf("machine: a part of a KV's snapshot is a %T", record)
		}
		for _, entry := range part.Entries {
			piece = append(piece, entry.Value...)
			if !entry.More {
				values[entry.Key] = string(piece)
				piece = piece[:0]
			}
		}
	}
	return KVSnapshot{Values: values}, nil
}
