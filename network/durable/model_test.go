package durable_test

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"quorumlab/network/durable"
	"quorumlab/protocols"
	"quorumlab/protocols/state"
	"quorumlab/sim"
)

// Entry is the record of the tests.
type Entry struct {
	Number uint64
	Text   string
}

// otherCodec does not know the record of the tests.
func otherCodec(t testing.TB) *state.Codec {
	t.Helper()
	c, err := state.NewCodec(sim.Types()...)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// codec knows all that a disk of the tests holds.
func codec(t testing.TB) *state.Codec {
	t.Helper()
	c, err := state.NewCodec(append(sim.Types(), Entry{})...)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// listener hears what a store tells.
type listener struct {
	mu   sync.Mutex
	told sync.Cond
	mark uint64
	err  error
}

func newListener() *listener {
	l := &listener{}
	l.told.L = &l.mu
	return l
}

func (l *listener) tell(mark uint64, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.err != nil:
		panic(fmt.Sprintf("told %d, %v after the failure %v", mark, err, l.err))
	case err == nil && mark <= l.mark:
		panic(fmt.Sprintf("told %d after %d", mark, l.mark))
	case err == nil:
		l.mark = mark
	default:
		l.err = err
	}
	l.told.Broadcast()
}

// await waits until a mark is told, or the failure.
func (l *listener) await(mark uint64) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	for l.mark < mark && l.err == nil {
		l.told.Wait()
	}
	return l.err
}

func (l *listener) reached() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.mark
}

// failure waits for the failure.
func (l *listener) failure(t testing.TB) error {
	t.Helper()
	late := time.AfterFunc(time.Minute, func() { l.tell(0, errors.New("nothing failed for a minute")) })
	defer late.Stop()
	return l.await(^uint64(0))
}

// model is what a disk must come to: the writes asked for, in order, over all
// Persists, on the simulator's disk.
type model struct {
	start protocols.Disk
	disk  sim.Disk // what all writes come to
	// writes since the start, and how many of them each mark stands for.
	writes []protocols.Write
	upTo   map[uint64]int
	mark   uint64
	number uint64
}

// persist draws what is asked for next.
func (m *model) persist(t *rapid.T) protocols.Persist {
	m.mark++
	p := protocols.Persist{Mark: m.mark}
	for range rapid.IntRange(1, 6).Draw(t, "writes") {
		write := m.draw(t)
		p.Writes = append(p.Writes, write)
		m.disk.Pending = []protocols.Persist{{Writes: []protocols.Write{write}}}
		m.disk.Crash(1)
	}
	m.writes = append(m.writes, p.Writes...)
	if m.upTo == nil {
		m.upTo = map[uint64]int{}
	}
	m.upTo[m.mark] = len(m.writes)
	return p
}

func (m *model) draw(t *rapid.T) protocols.Write {
	first, next := max(m.disk.Durable.First, 1), m.disk.Durable.Next()
	m.number++
	entry := Entry{Number: m.number, Text: text(rapid.SampledFrom([]int{0, 3, 100, 3000}).Draw(t, "bytes"), m.number)}
	switch rapid.IntRange(0, 9).Draw(t, "kind") {
	case 0:
		return protocols.CutTail{From: rapid.Uint64Range(first, next).Draw(t, "from")}
	case 1, 2:
		return protocols.CutHead{Before: rapid.Uint64Range(first, next).Draw(t, "before")}
	case 3:
		entry.Text = text(rapid.SampledFrom([]int{0, 10, 100, 1000, 1000, 3000, 3000, 3000, 300 << 10, 1200 << 10}).Draw(t, "snapshot bytes"), m.number)
		return protocols.SaveSnapshot{Snapshot: entry}
	case 4:
		return protocols.SetMeta{Meta: entry}
	}
	return protocols.Append{Record: entry}
}

// text returns so many bytes that do not repeat soon.
func text(length int, seed uint64) string {
	b := make([]byte, length)
	for i := range b {
		seed = seed*6364136223846793005 + 1442695040888963407
		b[i] = byte('a' + seed>>59%26)
	}
	return string(b)
}

// prefix returns how many of the writes make a disk, at least least; -1 if it is
// not made by any. The model goes on from there.
func (m *model) prefix(got protocols.Disk, least int) int {
	d := sim.Disk{Durable: m.start}
	d.Durable.Log = slices.Clone(m.start.Log)
	found, last := sim.Disk{}, -1
	for n := 0; ; n++ {
		if n >= least && same(d.Durable, got) {
			found, last = sim.Disk{Durable: d.Image()}, n
		}
		if n == len(m.writes) {
			break
		}
		d.Pending = []protocols.Persist{{Writes: m.writes[n : n+1]}}
		d.Crash(1)
	}
	m.start, m.disk, m.writes, m.upTo = found.Image(), found, nil, nil
	return last
}

// same tells whether two disks hold the same; an empty log is nil or not.
func same(a, b protocols.Disk) bool {
	a.First, b.First = max(a.First, 1), max(b.First, 1)
	return a.First == b.First && a.Meta == b.Meta && a.Snapshot == b.Snapshot && slices.Equal(a.Log, b.Log) &&
		slices.Equal(a.Damaged, b.Damaged) && a.MetaDamaged == b.MetaDamaged && a.SnapshotDamaged == b.SnapshotDamaged
}

// recoverStore opens a store that must be sound.
func recoverStore(t testing.TB, dir string, options durable.Options) (*durable.Store, *listener, protocols.Disk) {
	t.Helper()
	store, l := durable.New(dir, options), newListener()
	disk, err := store.Recover(l.tell)
	if err != nil {
		t.Fatal(err)
	}
	return store, l, disk
}
