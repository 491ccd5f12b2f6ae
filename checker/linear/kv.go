package linear

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
	var parts []History
	for _, key := range history.Keys() {
		if objects[key] == key {
			index[key] = len(parts)
			parts = append(parts, nil)
		}
	}
	for i := range history {
		k := index[objects[history[i].Key]]
		parts[k] = append(parts[k], history[i])
	}
	return parts
}
