package linear

// KV is a key-value store: every key is a register of its own, with
// compare-and-set and append.
func KV() Model {
	return Model{
		Name: "kv", Summary: "many keys: read, write, compare-and-set, append",
		kinds: []Kind{Read, Write, CAS, Append}, byKey: true,
	}
}

// parts splits a history into the objects that are judged one by one, in the
// order of their keys.
func (m Model) parts(history History) []History {
	keys := history.Keys()
	index := make(map[string]int, len(keys))
	for i, key := range keys {
		index[key] = i
	}
	parts := make([]History, len(keys))
	for i := range history {
		k := index[history[i].Key]
		parts[k] = append(parts[k], history[i])
	}
	return parts
}
