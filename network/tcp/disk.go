package tcp

import (
	"errors"
	"fmt"
	"slices"
	"sync"

	"quorumlab/protocols"
)

// Disk is one node's stable storage, as the Driver uses it. A Disk belongs to
// one Driver, which calls Recover once, before all else.
type Disk interface {
	// Recover returns what the disk kept, and begins to work. The node owns
	// what is returned. An error says why the disk cannot be used (it belongs
	// to another node, is locked, its format is too new); damage of single
	// records is no error but told in the protocols.Disk itself.
	//
	// From now on the disk tells, from any goroutine, what became of Persists:
	// a nil error says that all up to and including that with this mark are on
	// stable storage; marks grow, and one may stand for several Persists. Any
	// other error says that the disk has failed (EIO, no space): what was not
	// told to be stable by then is unknown, and nothing is told after it. tell
	// does not block, and keeps nothing of what it is given.
	Recover(tell func(mark uint64, err error)) (protocols.Disk, error)

	// Persist queues the writes behind all earlier ones. It may block while
	// too much is queued, but not on tell. After a failure it does nothing.
	// A crash keeps a prefix of the writes, each whole or not at all.
	Persist(persist protocols.Persist)

	// Close waits for a force that is under way and lets go of the disk. Of
	// what is queued a prefix may become stable, as in a crash. Nothing is
	// told after it has returned. A second Close does nothing.
	Close() error
}

// errInUse is the error of a Memory that is recovered while it is in use.
var errInUse = errors.New("the disk is in use by another driver")

// Memory is a Disk that outlives its Driver but not the process: for tests, and
// for whoever wants to see what fsync costs. Every Persist is stable at once,
// unless the disk is held.
type Memory struct {
	mu      sync.Mutex
	content protocols.Disk
	tell    func(mark uint64, err error) // nil: not in use
	held    bool
	pending []protocols.Persist
	failed  error
}

// NewMemory returns a disk with some content.
func NewMemory(content protocols.Disk) *Memory { return &Memory{content: content} }

// Content returns a copy of what is stable; records are shared.
func (m *Memory) Content() protocols.Disk {
	m.mu.Lock()
	defer m.mu.Unlock()
	content := m.content
	content.Log = slices.Clone(content.Log)
	content.Damaged = slices.Clone(content.Damaged)
	return content
}

// Recover implements Disk.
func (m *Memory) Recover(tell func(mark uint64, err error)) (protocols.Disk, error) {
	m.mu.Lock()
	if m.tell != nil {
		m.mu.Unlock()
		return protocols.Disk{}, errInUse
	}
	m.tell, m.failed, m.pending = tell, nil, nil
	m.mu.Unlock()
	return m.Content(), nil
}

// Persist implements Disk.
func (m *Memory) Persist(persist protocols.Persist) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.tell == nil || m.failed != nil {
		return
	}
	m.pending = append(m.pending, persist)
	if !m.held {
		m.force()
	}
}

// force makes all that is pending stable.
func (m *Memory) force() {
	if len(m.pending) == 0 {
		return
	}
	for _, persist := range m.pending {
		for _, write := range persist.Writes {
			m.content.Apply(write)
		}
	}
	mark := m.pending[len(m.pending)-1].Mark
	m.pending = nil
	m.tell(mark, nil)
}

// Hold lets Persists wait until Release, which makes them stable together.
func (m *Memory) Hold() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.held = true
}

// Release ends Hold.
func (m *Memory) Release() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.held = false
	m.force()
}

// Fail makes the disk fail, until it is recovered anew. What is held is lost.
func (m *Memory) Fail(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.tell == nil || m.failed != nil {
		return
	}
	m.failed, m.pending = fmt.Errorf("disk: %w", err), nil
	m.tell(0, m.failed)
}

// Close implements Disk. What is held is lost.
func (m *Memory) Close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.tell, m.pending = nil, nil
	return nil
}
