package durable

import (
	"errors"
	"fmt"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"quorumlab/protocols"
)

// This file is the one goroutine that writes. It must guarantee that the disk
// gets every write in the order asked for, that a batch is there whole or not
// at all, and that a mark is told only after the fsync that covers it.

// batchBytesMax bounds a batch of the engine, and so its memory. With a piece of a
// snapshot on top it is below half of what the engine sorts in memory: a larger one
// it would keep beside that.
const batchBytesMax = 512 << 10

// write takes what is queued, batch by batch, until the store is closed or has
// failed.
func (s *Store) write() {
	defer close(s.stopped)
	for {
		batch := s.take()
		if batch == nil {
			return
		}
		if s.options.Hold > 0 {
			time.Sleep(s.options.Hold)
		}
		mark := batch[len(batch)-1].Mark
		if err := s.force(batch); err != nil {
			s.fail(err)
			return
		}
		s.told(mark)
	}
}

// take waits for work and returns all that is queued; nil if there is to be no
// more.
func (s *Store) take() []protocols.Persist {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.queue) == 0 && !s.closing && s.failure == nil {
		s.wake.Wait()
	}
	if s.closing || s.failure != nil {
		return nil
	}
	batch := s.queue
	s.queue = nil
	s.space.Broadcast()
	return batch
}

// told tells that all up to a mark is stable, unless the store failed meanwhile.
func (s *Store) told(mark uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failure == nil && !s.closing {
		s.tell(mark, nil)
	}
}

// force writes a batch and waits until it is stable. If it is large it is
// written in pieces, in order, the last of which is forced.
func (s *Store) force(persists []protocols.Persist) error {
	started := time.Now()
	w := batchWriter{store: s, batch: s.engine.NewBatch(), bounds: s.written}
	for _, persist := range persists {
		for _, write := range persist.Writes {
			if err := w.add(write); err != nil {
				return err
			}
		}
	}
	if err := w.commit(true); err != nil {
		return err
	}
	s.written = w.bounds
	if err := s.testify(w.bounds.Sequence); err != nil {
		return err
	}
	if s.options.Forced != nil {
		s.options.Forced(time.Since(started), w.writes, w.bytes)
	}
	return nil
}

// batchWriter turns writes into batches of the engine.
type batchWriter struct {
	store  *Store
	batch  *pebble.Batch
	bounds bounds
	// payload and value are used again and again.
	payload, value []byte
	writes, bytes  int
}

func (w *batchWriter) add(write protocols.Write) error {
	w.writes++
	first, next := w.bounds.First, w.bounds.Next
	w.bounds.take(write)
	var err error
	switch e := write.(type) {
	case protocols.Append:
		err = w.record(recordKey(next), e.Record)
	case protocols.SetMeta:
		err = w.record([]byte{keyMeta}, e.Meta)
	case protocols.SaveSnapshot:
		return w.snapshot(e.Snapshot) // which commits pieces of its own
	case protocols.CutTail:
		err = w.batch.DeleteRange(recordKey(e.From), recordKey(next), nil)
	case protocols.CutHead:
		err = w.batch.DeleteRange(recordKey(first), recordKey(e.Before), nil)
	}
	if err == nil && w.batch.Len() >= batchBytesMax {
		err = w.commit(false)
	}
	return err
}

// record puts a record's canonical bytes at a key.
func (w *batchWriter) record(key []byte, record protocols.Record) error {
	var err error
	if w.payload, err = w.store.options.Codec.AppendCanonical(w.payload[:0], record); err != nil {
		return err
	}
	return w.set(key, w.payload)
}

func (w *batchWriter) set(key, payload []byte) error {
	w.value = seal(w.value[:0], key, whole, payload)
	return w.batch.Set(key, w.value, nil)
}

// snapshot writes a snapshot piece by piece; the pointer to it comes last, and in
// one batch with the removal of the one before. Pieces that a crash leaves
// without a pointer are removed when the store is opened.
func (w *batchWriter) snapshot(snapshot protocols.Record) error {
	p := pointer{Generation: w.bounds.Generation}
	err := w.store.options.Codec.AppendPieces(snapshot, chunkBytes, func(piece []byte) error {
		if err := w.set(chunkKey(p.Generation, p.Chunks), piece); err != nil {
			return err
		}
		p.Chunks++
		p.Bytes += uint64(len(piece))
		if w.batch.Len() >= batchBytesMax {
			return w.commit(false)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if err := w.set([]byte{keySnapshot}, p.encode()); err != nil {
		return err
	}
	return w.batch.DeleteRange(chunkKey(0, 0), chunkKey(p.Generation, 0), nil)
}

// commit writes what was gathered; if it is forced, it and all before it is
// stable then.
func (w *batchWriter) commit(force bool) error {
	w.bounds.Sequence++
	if err := w.set([]byte{keyBounds}, w.bounds.encode()); err != nil {
		return err
	}
	w.bytes += w.batch.Len()
	if err := apply(w.store.engine, w.batch, force); err != nil {
		return fmt.Errorf("writing %d bytes: %w", w.batch.Len(), err)
	}
	w.batch = w.store.engine.NewBatch()
	return nil
}

// apply gives a batch to the engine. An error of the fsync is returned; the
// engine's own way, to end the process, is for errors of the write.
func apply(engine *pebble.DB, batch *pebble.Batch, force bool) error {
	if !force {
		return errors.Join(engine.Apply(batch, pebble.NoSync), batch.Close())
	}
	if err := engine.ApplyNoSyncWait(batch, pebble.Sync); err != nil {
		return err
	}
	return errors.Join(batch.SyncWait(), batch.Close())
}
