package reference

import "quorumlab/checker/explore"

// Keep implements explore.Kept.
func (m *ZabSpec) Keep(w *explore.Writer) {
	m.histories.Keep(w)
	m.channels.Keep(w)
	m.proposals.Keep(w)
	m.servers.Keep(w)
	m.globals.Keep(w)
}

// Restore implements explore.Kept.
func (m *ZabSpec) Restore(r *explore.Reader) {
	m.histories.Restore(r)
	m.channels.Restore(r)
	m.proposals.Restore(r)
	m.servers.Restore(r)
	m.globals.Restore(r)
}
