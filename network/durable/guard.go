package durable

import (
	"fmt"
	"strings"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// guard stands between the engine and the file system, for two reasons.
//
// The engine names its newest manifest by the name of a marker file. It makes the
// manifest, makes the new marker, removes the old one, and only then syncs the
// folder: a file system that keeps names in another order than they were made
// may after a crash have a marker without its manifest, or no marker. The guard
// syncs the folder in between.
//
// To some errors of writing the engine answers with a panic while it holds a lock
// that it does not hold, which takes the process with it. So it never hears of
// one: the store has failed, and whoever wrote stays where he is, for good. What
// the engine had in its hands is left to the end of the process.
type guard struct {
	vfs.FS
	fail func(error)
}

const markerPrefix = "marker."

// stop fails the store and does not return, if there is an error.
func (g guard) stop(doing, path string, err error) {
	if err != nil {
		g.fail(fmt.Errorf("%s %s: %w", doing, path, err))
		select {}
	}
}

// settle syncs a marker's folder.
func (g guard) settle(path string) {
	if strings.HasPrefix(g.PathBase(path), markerPrefix) {
		folder := g.PathDir(path)
		g.stop("syncing", folder, syncFolder(g.FS, folder))
	}
}

// Create implements vfs.FS.
func (g guard) Create(path string, category vfs.DiskWriteCategory) (vfs.File, error) {
	g.settle(path)
	file, err := g.FS.Create(path, category)
	g.stop("making", path, err)
	return guardedFile{file, path, g}, nil
}

// ReuseForWrite implements vfs.FS.
func (g guard) ReuseForWrite(old, path string, category vfs.DiskWriteCategory) (vfs.File, error) {
	file, err := g.FS.ReuseForWrite(old, path, category)
	g.stop("making", path, err)
	return guardedFile{file, path, g}, nil
}

// Rename implements vfs.FS.
func (g guard) Rename(old, path string) error {
	g.stop("naming", path, g.FS.Rename(old, path))
	return nil
}

// Remove implements vfs.FS.
func (g guard) Remove(path string) error {
	g.settle(path)
	return g.FS.Remove(path)
}

// OpenDir implements vfs.FS.
func (g guard) OpenDir(path string) (vfs.File, error) {
	file, err := g.FS.OpenDir(path)
	if err != nil {
		return nil, err
	}
	return guardedFile{file, path, g}, nil
}

// Unwrap implements vfs.FS.
func (g guard) Unwrap() vfs.FS { return g.FS }

// guardedFile is a file that is written to, or a folder.
type guardedFile struct {
	vfs.File
	path  string
	guard guard
}

// Write implements vfs.File.
func (f guardedFile) Write(b []byte) (int, error) {
	n, err := f.File.Write(b)
	f.guard.stop("writing to", f.path, err)
	return n, nil
}

// WriteAt implements vfs.File.
func (f guardedFile) WriteAt(b []byte, at int64) (int, error) {
	n, err := f.File.WriteAt(b, at)
	f.guard.stop("writing to", f.path, err)
	return n, nil
}

// Preallocate implements vfs.File.
func (f guardedFile) Preallocate(offset, length int64) error {
	f.guard.stop("reserving space for", f.path, f.File.Preallocate(offset, length))
	return nil
}

// Sync implements vfs.File.
func (f guardedFile) Sync() error {
	f.guard.stop("syncing", f.path, f.File.Sync())
	return nil
}

// SyncTo implements vfs.File.
func (f guardedFile) SyncTo(length int64) (bool, error) {
	full, err := f.File.SyncTo(length)
	f.guard.stop("syncing", f.path, err)
	return full, nil
}

// SyncData implements vfs.File.
func (f guardedFile) SyncData() error {
	f.guard.stop("syncing", f.path, f.File.SyncData())
	return nil
}
