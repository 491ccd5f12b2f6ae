package durable

import (
	"cmp"
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2"
)

// This file sets up the engine. What is kept is a log that is read at start
// only and cut at its head all the time, so memory goes to writing, and hardly
// any to a cache.

const (
	memTableBytes    = 2 << 20 // there are up to four of them
	cacheBytes       = 1 << 20
	openFilesMax     = 64
	tableBytes       = 2 << 20 // small, so that a cut drops whole files
	manifestBytesMax = 1 << 20
)

// errRot marks errors of bytes that are no longer what was written.
var errRot = errors.New("bytes on the disk are no longer what was written")

// engineOptions returns how pebble is to run. What goes wrong in it fails the
// store.
func (s *Store) engineOptions() *pebble.Options {
	o := &pebble.Options{
		FS: guard{s.fs, s.fail},
		// WALs say how far they were synced: rot is told from a torn tail.
		// Footers of tables have checksums too.
		FormatMajorVersion: pebble.FormatTableFormatV6,
		MemTableSize:       cmp.Or(s.options.MemoryBytes, memTableBytes),
		CacheSize:          cacheBytes,
		MaxOpenFiles:       openFilesMax,

		MemTableStopWritesThreshold: 4,
		L0CompactionThreshold:       2,
		LBaseMaxBytes:               8 << 20,
		MaxManifestFileSize:         manifestBytesMax,
		Logger:                      engineLogger{s.fail},
		EventListener: &pebble.EventListener{
			BackgroundError: func(err error) {
				if pebble.IsCorruptionError(err) {
					s.rotted(err)
					return
				}
				s.fail(fmt.Errorf("in the background: %w", err))
			},
			DataCorruption: func(info pebble.DataCorruptionInfo) {
				s.rotted(fmt.Errorf("%s: %w", info.Path, info.Details))
			},
		},
	}
	o.Experimental.FileCacheShards = 1
	o.TargetFileSizes[0] = tableBytes
	// Commands are short, and most are cut before they are ever rewritten.
	o.ApplyCompressionSettings(func() pebble.DBCompressionSettings { return pebble.DBCompressionNone })
	return o
}

// openEngine opens the engine in a folder. It may get stuck in the guard.
func (s *Store) openEngine(path string) (*pebble.DB, error) {
	type opened struct {
		engine *pebble.DB
		err    error
	}
	done := make(chan opened, 1)
	go func() {
		engine, err := pebble.Open(path, s.engineOptions())
		done <- opened{engine, err}
	}()
	select {
	case result := <-done:
		return result.engine, result.err
	case <-s.broken:
		return nil, s.failed()
	}
}

// closeEngine closes the engine. It may get stuck in the guard.
func (s *Store) closeEngine(engine *pebble.DB) error {
	done := make(chan error, 1)
	go func() { done <- engine.Close() }()
	select {
	case err := <-done:
		return err
	case <-s.broken:
		return s.failed()
	}
}

// engineLogger takes what pebble says. It is silent about its daily work.
type engineLogger struct{ fail func(error) }

func (engineLogger) Infof(string, ...any)  {}
func (engineLogger) Errorf(string, ...any) {} // of those that count, the listener is told

// Fatalf must not return, and the process is not this package's to end.
func (l engineLogger) Fatalf(format string, values ...any) {
	l.fail(fmt.Errorf(format, values...))
	select {}
}
