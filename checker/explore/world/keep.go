package world

import (
	"fmt"

	"quorumlab/checker/explore"
	"quorumlab/protocols"
)

// Keep implements explore.Kept. What nodes hold and send is kept as its canonical
// bytes; what nodes do is not kept, it is computed again.
func (m *Model) Keep(w *explore.Writer) {
	m.values.Keep(w)
	m.messages.KeepKeys(w)
	m.results.KeepKeys(w)
	m.cells.KeepKeys(w)
	m.pairs.Keep(w)
	m.clients.Keep(w)
	m.histories.Keep(w)
	m.monitors.Keep(w)
}

// Restore implements explore.Kept.
func (m *Model) Restore(r *explore.Reader) {
	m.values.Restore(r)
	m.messages.RestoreKeys(r, func(key string) (protocols.Message, uint64, error) {
		return decoded[protocols.Message](m, key)
	})
	m.results.RestoreKeys(r, func(key string) (protocols.Reply, uint64, error) {
		return decoded[protocols.Reply](m, key)
	})
	m.cells.RestoreKeys(r, func(key string) (*content, uint64, error) {
		c, hash, err := decoded[content](m, key)
		return &c, hash, err
	})
	m.pairs.Restore(r)
	m.clients.Restore(r)
	m.histories.Restore(r)
	m.monitors.Restore(r)
}

// decoded reads a value from its canonical bytes.
func decoded[T any](m *Model, key string) (value T, hash uint64, err error) {
	found, err := m.codec.Decode([]byte(key))
	if err != nil {
		return value, 0, err
	}
	value, ok := found.(T)
	if !ok {
		return value, 0, fmt.Errorf("a %T where another type was kept", found)
	}
	return value, explore.HashBytes([]byte(key)), nil
}
