// Package durable is the real disk of a node: what sim.Disk is to the simulated
// world. It keeps a protocols.Disk (a log, one record of metadata, one snapshot)
// in a folder, on the storage engine pebble.
//
// # What holds
//
//   - A crash at any instant keeps a prefix of the writes that were asked for,
//     in order over all Persists, and at least all those that were told to be
//     Persisted. A write is kept whole or not at all.
//   - Persist never waits. One goroutine takes all that is queued and writes it
//     as one batch with one fsync (group commit), then tells the mark.
//   - Every record has a checksum over its key and its bytes, beside those of the
//     engine. What cannot be read any more is told as damaged, and stays so until
//     the node replaces it or cuts it off: it is the protocol that knows whether
//     to refuse or to rejoin (protocols.Disk.Damaged, MetaDamaged,
//     SnapshotDamaged).
//   - After an error of the disk (EIO, no space left) nothing more is written or
//     told, and Failed is called once, with the reason. A failed fsync is never
//     tried again: nobody knows what it left on the disk.
//   - One process at a time: a lock file guards the folder.
//
// # The folder
//
//	LOCK      locked by the process that has it open
//	store     the engine's files
//	witness   how many batches were forced
//	salvage   there is such a file if the engine met damage while it ran: the
//	          next Open reads all that can be read into a new store
//	rescued   such a new store, not yet whole; store.damaged-N are those that
//	          were replaced, kept for whoever wants to look into them
//
// Keys of the store, and what stands there (numbers are big-endian):
//
//	f           the version of this format, and the node's identity
//	b           first and next index of the log, generation of the snapshot,
//	            number of batches
//	l index     a record of the log
//	m           the metadata
//	s           generation, length and number of chunks of the snapshot
//	c gen n     chunk n of the snapshot of a generation
//
// Each value is an envelope: a byte that says whether it is there or known to be
// damaged, a CRC32C over key and all else, and the bytes. Records are canonical
// CBOR (package state).
//
// # What it cannot tell
//
// If a machine loses its power, and the bytes of the last forced batches rot
// before the next start, that looks like a write which the crash tore: such rot is
// found (witness.go) after a kill, but not after a loss of power just then.
//
// The package imports protocols and, for the bytes of records,
// protocols/state. It knows no protocol by name.
package durable
