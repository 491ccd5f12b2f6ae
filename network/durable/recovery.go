package durable

import (
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2"

	"quorumlab/protocols"
)

// Recovery must give the node exactly what was written, and where that cannot be
// read any more must say so: never less in silence, never a guess. Bytes whose
// checksum fits but which do not decode are no damage; they were written by
// another version of the program, and are refused.

// Names in the folder.
const (
	lockName    = "LOCK"
	storeName   = "store"
	rescuedName = "rescued"
	salvageName = "salvage"
	damagedName = "store.damaged-"
)

// load opens the engine and reads all. If something cannot be read, what can is
// put into a new store.
func (s *Store) load() (protocols.Disk, error) {
	if err := s.finishSalvage(); err != nil {
		return protocols.Disk{}, err
	}
	forced, err := s.openWitness()
	if err != nil {
		return protocols.Disk{}, err
	}
	_, err = s.fs.Stat(s.path(salvageName))
	wanted := err == nil
	s.engine, err = s.openEngine(s.path(storeName))
	switch {
	case pebble.IsCorruptionError(err):
		// Of what was lost nothing is known, so all of it may have been.
		return s.salvage(lost(forced))
	case err != nil:
		return protocols.Disk{}, fmt.Errorf("the engine cannot open its files: %w", err)
	}
	found, err := s.read()
	if err != nil {
		return protocols.Disk{}, err
	}
	if found.bounds.Sequence < forced {
		return s.salvage(lost(forced))
	}
	if wanted || found.rotten || s.heardOfRot() {
		return s.salvage(found)
	}
	if found.fresh {
		return found.disk, s.begin()
	}
	s.written = found.bounds
	return found.disk, s.sweep(found.snapshot)
}

// heardOfRot tells whether the engine met rot while it was opened and read.
func (s *Store) heardOfRot() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.rotten
}

func (s *Store) path(name string) string { return s.fs.PathJoin(s.dir, name) }

// begin writes the format into an empty store.
func (s *Store) begin() error {
	s.written = bounds{First: 1, Next: 1, Sequence: 1}
	batch := s.engine.NewBatch()
	for key, payload := range map[string][]byte{
		string(rune(keyFormat)): encodeFormat(s.options.Identity), string(rune(keyBounds)): s.written.encode(),
	} {
		if err := batch.Set([]byte(key), seal(nil, []byte(key), whole, payload), nil); err != nil {
			return err
		}
	}
	if err := apply(s.engine, batch, true); err != nil {
		return err
	}
	return s.testify(s.written.Sequence)
}

// sweep removes what a crash left of snapshots that were not finished.
func (s *Store) sweep(kept pointer) error {
	batch := s.engine.NewBatch()
	err := errors.Join(
		batch.DeleteRange(chunkKey(0, 0), chunkKey(kept.Generation, 0), nil),
		batch.DeleteRange(chunkKey(kept.Generation+1, 0), []byte{keyChunk + 1}, nil),
	)
	if err != nil {
		return err
	}
	return apply(s.engine, batch, false)
}

// image is what was read of a store.
type image struct {
	disk                         protocols.Disk
	bounds                       bounds
	snapshot                     pointer
	metaDamaged, snapshotDamaged bool
	// rotten: something could not be read that was not known to be damaged.
	// fresh: nothing was ever written.
	rotten, fresh bool
}

// lost is the image of a disk of which nothing is known but that so many batches
// were forced: any of it may be missing.
func lost(forced uint64) image {
	return image{
		metaDamaged: true, snapshotDamaged: true, rotten: true, fresh: true,
		bounds: bounds{Sequence: forced},
	}
}

// read reads all.
func (s *Store) read() (image, error) {
	var found image
	format, state, err := s.get([]byte{keyFormat})
	switch {
	case err != nil:
		return found, err
	case state == absent:
		found.fresh, err = s.empty()
		if err != nil || found.fresh {
			return found, err
		}
		state = unreadable
	case state == readable:
		if err := s.judgeFormat(format); err != nil {
			return found, err
		}
	}
	known, boundsState, err := s.get([]byte{keyBounds})
	if err != nil {
		return found, err
	}
	if state != readable || boundsState != readable {
		// Whose disk it is, or how far its log goes, nobody can tell.
		return lost(0), nil // the witness knows how many
	}
	if found.bounds, err = decodeBounds(known); err != nil {
		return found, foreign("the bounds of the log", err)
	}
	for _, step := range []func(*image) error{s.readMeta, s.readSnapshot, s.readLog} {
		if err := step(&found); err != nil {
			return found, err
		}
	}
	return found, nil
}

// judgeFormat refuses what another program or node wrote.
func (s *Store) judgeFormat(payload []byte) error {
	version, identity, err := decodeFormat(payload)
	switch {
	case err != nil:
		return foreign("the format", err)
	case version != formatVersion:
		return fmt.Errorf("it has format %d, and this program knows %d\n  hint: run the version of quorumlab that wrote it", version, formatVersion)
	case identity != s.options.Identity:
		return fmt.Errorf("it belongs to %q, and not to %q\n  hint: give each node a data directory of its own", identity, s.options.Identity)
	}
	return nil
}

func foreign(what string, err error) error {
	return fmt.Errorf("%s cannot be understood: %w\n  hint: another version of quorumlab wrote it", what, err)
}

// How a value was found.
const (
	absent = iota
	readable
	marked     // known to be damaged
	unreadable // it was found out now
)

// get reads a value. The error is one of the disk, not of its content.
func (s *Store) get(key []byte) (payload []byte, state int, err error) {
	value, closer, err := s.engine.Get(key)
	switch {
	case errors.Is(err, pebble.ErrNotFound):
		return nil, absent, nil
	case pebble.IsCorruptionError(err):
		return nil, unreadable, nil
	case err != nil:
		return nil, absent, fmt.Errorf("reading: %w", err)
	}
	payload, state = classify(key, value)
	payload = append([]byte(nil), payload...)
	return payload, state, closer.Close()
}

func classify(key, value []byte) (payload []byte, state int) {
	payload, kind, err := open(key, value)
	switch {
	case err != nil:
		return nil, unreadable
	case kind == damaged:
		return nil, marked
	}
	return payload, readable
}

// empty tells whether there is nothing in the store.
func (s *Store) empty() (bool, error) {
	iterator, err := s.engine.NewIter(nil)
	if err != nil {
		return false, fmt.Errorf("reading: %w", err)
	}
	some := iterator.First()
	err = errors.Join(iterator.Error(), iterator.Close())
	if pebble.IsCorruptionError(err) {
		return false, nil
	}
	return !some, err
}

func (s *Store) readMeta(found *image) error {
	payload, state, err := s.get([]byte{keyMeta})
	if err != nil {
		return err
	}
	found.rotten = found.rotten || state == unreadable
	found.disk.MetaDamaged = state == marked || state == unreadable
	if state == readable {
		if found.disk.Meta, err = s.options.Codec.Decode(payload); err != nil {
			return foreign("the metadata", err)
		}
	}
	return nil
}

func (s *Store) readSnapshot(found *image) error {
	payload, state, err := s.get([]byte{keySnapshot})
	if err != nil {
		return err
	}
	found.disk.SnapshotDamaged = state == marked || state == unreadable
	found.rotten = found.rotten || state == unreadable
	if state != readable {
		return nil
	}
	if found.snapshot, err = decodePointer(payload); err != nil {
		return foreign("the pointer to the snapshot", err)
	}
	// It may be large: its bytes are in memory one chunk at a time.
	n, chunk := uint64(0), error(nil)
	next := func() (piece []byte, err error) {
		piece, state, chunk = s.get(chunkKey(found.snapshot.Generation, n))
		if chunk == nil && (state != readable || uint64(len(piece)) != found.snapshot.chunkLength(n)) {
			chunk = errDamaged
		}
		n++
		return piece, chunk
	}
	found.disk.Snapshot, err = s.options.Codec.DecodePieces(found.snapshot.Bytes, next)
	switch {
	case errors.Is(chunk, errDamaged):
		found.disk.Snapshot, found.disk.SnapshotDamaged, found.rotten = nil, true, true
		return nil
	case chunk != nil:
		return chunk
	case err != nil:
		return foreign("the snapshot", err)
	}
	return nil
}

// readLog reads the records within the bounds, in one go if all is well, else
// one by one.
func (s *Store) readLog(found *image) error {
	first, next := found.bounds.First, found.bounds.Next
	found.disk.First = first
	found.disk.Log = make([]protocols.Record, 0, next-first)
	iterator, err := s.engine.NewIter(&pebble.IterOptions{LowerBound: recordKey(first), UpperBound: recordKey(next)})
	if err != nil {
		return fmt.Errorf("reading: %w", err)
	}
	defer iterator.Close()
	for valid := iterator.First(); valid; valid = iterator.Next() {
		index, err := recordIndex(iterator.Key())
		if err != nil {
			return foreign("a key", err)
		}
		if index != first+uint64(len(found.disk.Log)) {
			break // what is between is gone
		}
		value, err := iterator.ValueAndErr()
		if err != nil {
			break
		}
		payload, state := classify(iterator.Key(), value)
		if err := s.takeRecord(found, index, payload, state); err != nil {
			return err
		}
	}
	if err := iterator.Error(); err != nil && !pebble.IsCorruptionError(err) {
		return fmt.Errorf("reading: %w", err)
	}
	for index := first + uint64(len(found.disk.Log)); index < next; index++ {
		payload, state, err := s.get(recordKey(index))
		if err != nil {
			return err
		}
		if err := s.takeRecord(found, index, payload, state); err != nil {
			return err
		}
	}
	return nil
}

// takeRecord adds a record to what was read. One that is absent is as bad as one
// that is damaged: it was written.
func (s *Store) takeRecord(found *image, index uint64, payload []byte, state int) error {
	if state != readable {
		found.rotten = found.rotten || state != marked
		found.disk.Damaged = append(found.disk.Damaged, index)
		found.disk.Log = append(found.disk.Log, nil)
		return nil
	}
	record, err := s.options.Codec.Decode(payload)
	if err != nil {
		return foreign(fmt.Sprintf("record %d of the log", index), err)
	}
	found.disk.Log = append(found.disk.Log, record)
	return nil
}
