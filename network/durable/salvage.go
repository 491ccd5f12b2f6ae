package durable

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/cockroachdb/pebble/v2/vfs"

	"quorumlab/protocols"
)

// A store in which something rotted is not written to any more: the engine would
// meet the rot again whenever it rewrites a file. A salvage puts what could be
// read into a new store, with marks for what could not, and then puts that in the
// place of the old. A crash at any point leaves one of the two.

// salvage makes the new store and opens it.
func (s *Store) salvage(found image) (protocols.Disk, error) {
	if found.fresh { // nothing is known
		found.bounds = bounds{First: 1, Next: 1, Sequence: found.bounds.Sequence}
		found.disk = protocols.Disk{First: 1, MetaDamaged: found.metaDamaged, SnapshotDamaged: found.snapshotDamaged}
	}
	if s.engine != nil {
		if err := s.closeEngine(s.engine); s.failed() != nil {
			return protocols.Disk{}, err
		}
		s.engine = nil
	}
	if err := s.rescue(&found); err != nil {
		return protocols.Disk{}, fmt.Errorf("saving what can be read: %w", err)
	}
	if err := s.finishSalvage(); err != nil {
		return protocols.Disk{}, err
	}
	var err error
	if s.engine, err = s.openEngine(s.path(storeName)); err != nil {
		return protocols.Disk{}, fmt.Errorf("the engine cannot open what was saved: %w", err)
	}
	s.written = found.bounds
	if err := s.testify(s.written.Sequence); err != nil {
		return protocols.Disk{}, err
	}
	s.mu.Lock()
	s.rotten = false // that was the old store
	s.mu.Unlock()
	return found.disk, nil
}

// rescue writes the new store, whole and stable, under its own name.
func (s *Store) rescue(found *image) error {
	path := s.path(rescuedName)
	if err := s.fs.RemoveAll(path); err != nil {
		return err
	}
	engine, err := s.openEngine(path)
	if err != nil {
		return err
	}
	saver := &Store{options: s.options, engine: engine}
	err = saver.save(found)
	return errors.Join(err, s.closeEngine(engine))
}

// save writes an image. The format comes last, and all is forced with it: a store
// that has it is whole.
func (s *Store) save(found *image) error {
	disk := &found.disk
	w := batchWriter{store: s, batch: s.engine.NewBatch(), bounds: bounds{First: found.bounds.First, Next: found.bounds.First}}
	w.bounds.Generation, w.bounds.Sequence = found.bounds.Generation, found.bounds.Sequence
	for i, record := range disk.Log {
		if record == nil {
			if err := w.mark(recordKey(disk.First + uint64(i))); err != nil {
				return err
			}
			w.bounds.Next++
			continue
		}
		if err := w.add(protocols.Append{Record: record}); err != nil {
			return err
		}
	}
	if disk.Meta != nil {
		if err := w.add(protocols.SetMeta{Meta: disk.Meta}); err != nil {
			return err
		}
	}
	if disk.Snapshot != nil {
		if err := w.add(protocols.SaveSnapshot{Snapshot: disk.Snapshot}); err != nil {
			return err
		}
	}
	if disk.MetaDamaged {
		if err := w.mark([]byte{keyMeta}); err != nil {
			return err
		}
	}
	if disk.SnapshotDamaged {
		if err := w.mark([]byte{keySnapshot}); err != nil {
			return err
		}
	}
	found.bounds = w.bounds
	if err := w.set([]byte{keyFormat}, encodeFormat(s.options.Identity)); err != nil {
		return err
	}
	return w.commit(true)
}

// mark notes at a key that what was there is damaged.
func (w *batchWriter) mark(key []byte) error {
	return w.batch.Set(key, seal(nil, key, damaged, nil), nil)
}

// finishSalvage puts a new store that is whole in the place of the old one.
func (s *Store) finishSalvage() error {
	rescued, store := s.path(rescuedName), s.path(storeName)
	if _, err := s.fs.Stat(rescued); err != nil {
		return nil
	}
	switch whole, err := s.isWhole(rescued); {
	case err != nil:
		return err
	case !whole: // a crash ended the salvage; it begins anew
		return s.fs.RemoveAll(rescued)
	}
	if _, err := s.fs.Stat(store); err == nil {
		aside, err := s.freeName()
		if err != nil {
			return err
		}
		if err := s.fs.Rename(store, aside); err != nil {
			return err
		}
	}
	if err := s.fs.Rename(rescued, store); err != nil {
		return err
	}
	if err := s.fs.Remove(s.path(salvageName)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return syncFolder(s.fs, s.dir)
}

// isWhole tells whether a new store was finished.
func (s *Store) isWhole(path string) (bool, error) {
	engine, err := s.openEngine(path)
	if err != nil {
		return false, s.failed() // not even the engine's files are whole
	}
	other := &Store{engine: engine}
	_, state, err := other.get([]byte{keyFormat})
	return state == readable, errors.Join(err, s.closeEngine(engine))
}

// freeName returns a name for a store that is put aside.
func (s *Store) freeName() (string, error) {
	for n := 1; ; n++ {
		path := s.path(fmt.Sprintf("%s%d", damagedName, n))
		if _, err := s.fs.Stat(path); errors.Is(err, fs.ErrNotExist) {
			return path, nil
		} else if err != nil {
			return "", err
		}
	}
}

// markForSalvage has the next start make a new store. If that cannot be written
// the engine will meet the damage again, and fail again.
func (s *Store) markForSalvage() {
	file, err := s.fs.Create(s.path(salvageName), vfs.WriteCategoryUnspecified)
	if err != nil {
		return
	}
	if errors.Join(file.Sync(), file.Close()) == nil {
		_ = syncFolder(s.fs, s.dir) // as above
	}
}
