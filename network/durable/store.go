package durable

import (
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"quorumlab/protocols"
	"quorumlab/protocols/state"
)

// Options is what a Store needs to know.
type Options struct {
	// Codec knows the types of all records.
	Codec *state.Codec
	// Identity says whose disk it is: cluster, node, protocol. A folder that
	// was written under another identity is refused.
	Identity string
	// FS is the file system; nil stands for the machine's.
	FS vfs.FS
	// Hold is for how long writes stay in the memory of the process before
	// they are written: a slow disk, and one whose cache a kill empties. A
	// plain kill -9 loses nothing that was given to the operating system.
	Hold time.Duration
	// MemoryBytes is how much is written before the engine sorts it into a file;
	// it holds up to four times that in memory. 0 stands for 2 MiB.
	MemoryBytes uint64
	// Forced, if not nil, is told how long each batch took from its first byte
	// to the end of its fsync, and what was in it. It must not block.
	Forced func(took time.Duration, writes, bytes int)
}

// Store is one node's disk. Persist, Close and what tell is given follow the
// contract of a driver's disk.
type Store struct {
	dir     string
	options Options
	fs      vfs.FS
	tell    func(mark uint64, err error)
	lock    io.Closer
	engine  *pebble.DB
	// witness is the file that says how many batches were forced, written what
	// the writer goroutine has written.
	witness vfs.File
	written bounds

	mu sync.Mutex
	// wake tells the writer that there is work; space tells Persist that there
	// is room; stopped is closed when the writer has ended, broken when the
	// store has failed.
	wake, space     sync.Cond
	stopped, broken chan struct{}
	queue           []protocols.Persist
	next            bounds // as it will be when all that is queued is written
	// failure is the error after which nothing is written or told.
	failure   error
	recovered bool
	closing   bool
	rotten    bool
}

// queueMax is how many Persists may wait for the disk before Persist blocks.
const queueMax = 4096

// New returns the store in a folder, which need not exist. Nothing is touched
// before Recover.
func New(dir string, options Options) *Store {
	s := &Store{dir: dir, options: options, fs: options.FS, stopped: make(chan struct{}), broken: make(chan struct{})}
	if s.fs == nil {
		s.fs = vfs.Default
	}
	s.wake.L, s.space.L = &s.mu, &s.mu
	return s
}

// Recover opens the folder and returns what it holds. What is damaged is told
// in the Disk. An error says why the folder cannot be used. From then on tell is
// called, from any goroutine, with the mark up to which all is on stable
// storage, or once with the error that ends all writing.
func (s *Store) Recover(tell func(mark uint64, err error)) (protocols.Disk, error) {
	if s.recovered || s.closing {
		return protocols.Disk{}, errors.New("durable: a store is recovered once")
	}
	if err := s.acquire(); err != nil {
		return protocols.Disk{}, fmt.Errorf("durable: %w", err)
	}
	disk, err := s.load()
	if err != nil {
		return protocols.Disk{}, errors.Join(s.named(err), s.release())
	}
	s.mu.Lock()
	s.tell, s.next, s.recovered = tell, s.written, true
	s.mu.Unlock()
	go s.write()
	return disk, nil
}

// acquire makes the folder and locks it.
func (s *Store) acquire() error {
	if err := makeFolder(s.fs, s.dir); err != nil {
		return err
	}
	if info, err := s.fs.Stat(s.dir); err == nil && !info.IsDir() {
		return fmt.Errorf("%s is no folder, so it cannot hold a node's data\n  hint: name a folder, which need not exist", s.dir)
	}
	path := s.fs.PathJoin(s.dir, lockName)
	lock, err := s.fs.Lock(path)
	if err != nil {
		return fmt.Errorf("the data directory %s is in use: %s cannot be locked (%w)\n"+
			"  hint: another process has it open; fuser %s tells which", s.dir, path, err, path)
	}
	s.lock = lock
	return nil
}

// makeFolder makes a folder and those above it, each of them durable.
func makeFolder(fs vfs.FS, dir string) error {
	if _, err := fs.Stat(dir); err == nil {
		return nil
	}
	parent := fs.PathDir(dir)
	if parent != dir {
		if err := makeFolder(fs, parent); err != nil {
			return err
		}
	}
	if err := fs.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	return syncFolder(fs, parent)
}

// syncFolder makes the names in a folder durable.
func syncFolder(fs vfs.FS, dir string) error {
	folder, err := fs.OpenDir(dir)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}

// release lets go of engine and lock. Those of a store that has failed stay with
// the process: nobody knows what the engine still does.
func (s *Store) release() error {
	if err := s.failed(); err != nil {
		return err
	}
	if s.engine != nil {
		if err := s.closeEngine(s.engine); err != nil {
			return err
		}
		s.engine = nil
	}
	var err error
	if s.witness != nil {
		err = s.witness.Close()
		s.witness = nil
	}
	return errors.Join(err, s.lock.Close())
}

// Persist queues writes behind all earlier ones. It blocks only while very much
// is queued. Indices outside the log are the node's error, and panic.
func (s *Store) Persist(persist protocols.Persist) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.queue) >= queueMax && s.failure == nil && !s.closing {
		s.space.Wait()
	}
	if s.failure != nil || s.closing || !s.recovered {
		return
	}
	for _, write := range persist.Writes {
		s.next.take(write)
	}
	s.queue = append(s.queue, persist)
	s.wake.Signal()
}

// take changes the bounds as a write does.
func (b *bounds) take(write protocols.Write) {
	switch w := write.(type) {
	case protocols.Append:
		b.Next++
	case protocols.CutTail:
		if w.From < b.First || w.From > b.Next {
			panic(fmt.Sprintf("durable: CutTail from %d of a log from %d to before %d", w.From, b.First, b.Next))
		}
		b.Next = w.From
	case protocols.CutHead:
		if w.Before < b.First || w.Before > b.Next {
			panic(fmt.Sprintf("durable: CutHead before %d of a log from %d to before %d", w.Before, b.First, b.Next))
		}
		b.First = w.Before
	case protocols.SaveSnapshot:
		b.Generation++
	case protocols.SetMeta:
	default:
		panic(fmt.Sprintf("durable: unknown write %T", write))
	}
}

// fail ends all writing. The first reason is told.
func (s *Store) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failure != nil {
		return
	}
	s.failure = fmt.Errorf("durable: %s: %w", s.dir, err)
	close(s.broken)
	s.queue = nil
	s.wake.Signal()
	s.space.Broadcast()
	if s.recovered && !s.closing {
		s.tell(0, s.failure)
	}
}

// rotted is told what the engine finds to be rotten. While all is read anyway
// that is dealt with there; later it is the end, and dealt with at the next start.
func (s *Store) rotted(err error) {
	s.mu.Lock()
	running := s.recovered
	s.rotten = true
	s.mu.Unlock()
	if running {
		s.markForSalvage()
		s.fail(fmt.Errorf("%w: %w\n  hint: start the node again: it then takes up all that can be read", errRot, err))
	}
}

func (s *Store) failed() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.failure
}

// Close waits for the batch that is being written, and lets go of the folder,
// unless the store has failed. What is queued is dropped, as in a crash.
func (s *Store) Close() error {
	s.mu.Lock()
	if s.closing || !s.recovered {
		s.closing = true
		s.mu.Unlock()
		return nil
	}
	s.closing = true
	s.queue = nil
	s.wake.Signal()
	s.space.Broadcast()
	s.mu.Unlock()
	select {
	case <-s.stopped:
	case <-s.broken:
	}
	if s.failed() != nil { // which was told; the writer may have ended on account of it
		return nil
	}
	if err := s.release(); err != nil {
		return s.named(err)
	}
	return nil
}

// named puts the folder before an error.
func (s *Store) named(err error) error {
	if err == s.failed() {
		return err
	}
	return fmt.Errorf("durable: %s: %w", s.dir, err)
}
