package linear

import (
	"maps"
	"slices"
)

// KV is a key-value store: every key is a register of its own, with
// compare-and-set and append; a transfer joins two of them to one object.
func KV() Model {
	return Model{
		Name: "kv", Summary: "many keys: read, write, compare-and-set, append, transfer",
		kinds: []Kind{Read, Write, CAS, Append, Transfer}, byKey: true,
	}
}

// parts splits a history into the objects that are judged one by one, in the
// order of their keys.
func (m Model) parts(history History) []History {
	objects := history.objects()
	index := make(map[string]int, len(objects))
	var sizes []int
	for _, key := range slices.Sorted(maps.Keys(objects)) {
		if first := objects[key]; first != key {
			index[key] = index[first] // which comes before it
			continue
		}
		index[key] = len(sizes)
		sizes = append(sizes, 0)
	}
	for i := range history {
		sizes[index[history[i].Key]]++
	}
	parts := make([]History, len(sizes))
	for k, size := range sizes {
		parts[k] = make(History, 0, size)
	}
	for i := range history {
		k := index[history[i].Key]
		parts[k] = append(parts[k], history[i])
	}
	return parts
}
