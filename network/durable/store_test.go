package durable_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"quorumlab/network/durable"
	"quorumlab/network/tcp"
	"quorumlab/protocols"
	"quorumlab/sim"
)

var _ tcp.Disk = (*durable.Store)(nil)

// device is what the conformance cases ask of a disk. Both the simulator's and
// the real one are asked the same.
type device interface {
	// persist asks for writes and waits until they are stable.
	persist(writes ...protocols.Write)
	// restart ends the process and returns what the next finds.
	restart() protocols.Disk
}

type simulated struct{ disk sim.Disk }

func (d *simulated) persist(writes ...protocols.Write) {
	d.disk.Pending = append(d.disk.Pending, protocols.Persist{Mark: 1, Writes: writes})
	d.disk.Start()
	d.disk.Complete()
}

func (d *simulated) restart() protocols.Disk {
	d.disk.Crash(0)
	return d.disk.Image()
}

type real struct {
	t     *testing.T
	dir   string
	store *durable.Store
	told  *listener
	mark  uint64
}

func (d *real) persist(writes ...protocols.Write) {
	d.mark++
	d.store.Persist(protocols.Persist{Mark: d.mark, Writes: writes})
	if err := d.told.await(d.mark); err != nil {
		d.t.Fatal(err)
	}
}

func (d *real) restart() protocols.Disk {
	if d.store != nil {
		if err := d.store.Close(); err != nil {
			d.t.Fatal(err)
		}
	}
	var disk protocols.Disk
	d.store, d.told, disk = recoverStore(d.t, d.dir, durable.Options{Codec: codec(d.t), Identity: "1"})
	d.mark = 0
	return disk
}

func record(n uint64) protocols.Write { return protocols.Append{Record: Entry{Number: n}} }

// conformance are writes, Persist by Persist; the disk is restarted after each.
var conformance = []struct {
	name     string
	persists [][]protocols.Write
}{
	{"nothing", nil},
	{"records", [][]protocols.Write{{record(1), record(2)}, {record(3)}}},
	{"a meta that is replaced", [][]protocols.Write{{protocols.SetMeta{Meta: Entry{Number: 1}}}, {protocols.SetMeta{Meta: Entry{Number: 2}}}}},
	{"a meta that is nothing", [][]protocols.Write{{protocols.SetMeta{Meta: Entry{Number: 1}}}, {protocols.SetMeta{}}}},
	{"a tail that is cut and grows anew", [][]protocols.Write{
		{record(1), record(2), record(3)}, {protocols.CutTail{From: 2}, record(4)}, {protocols.CutTail{From: 1}}, {record(5)},
	}},
	{"a head that is cut", [][]protocols.Write{
		{record(1), record(2), record(3)}, {protocols.CutHead{Before: 3}}, {record(4)}, {protocols.CutHead{Before: 3}},
	}},
	{"all that is cut from either end", [][]protocols.Write{
		{record(1), record(2)}, {protocols.CutHead{Before: 3}}, {record(3)}, {protocols.CutTail{From: 3}}, {record(4)},
	}},
	{"cuts and records in one", [][]protocols.Write{{
		record(1), record(2),
		protocols.CutTail{From: 2},
		record(3),
		protocols.CutHead{Before: 2},
		record(4),
		protocols.CutTail{From: 3},
		record(5), record(6),
		protocols.CutHead{Before: 4},
	}}},
	{"snapshots of all lengths", [][]protocols.Write{
		{protocols.SaveSnapshot{Snapshot: Entry{Text: ""}}},
		{protocols.SaveSnapshot{Snapshot: Entry{Text: text(256<<10, 1)}}, record(1)},
		{record(2), protocols.SaveSnapshot{Snapshot: Entry{Text: text(5<<20, 2)}}, protocols.CutHead{Before: 3}},
		{protocols.SaveSnapshot{Snapshot: Entry{Text: "short"}}, protocols.SaveSnapshot{Snapshot: Entry{Text: "shorter"}}},
	}},
	{"long records", [][]protocols.Write{{
		protocols.Append{Record: Entry{Text: text(3<<20, 1)}}, protocols.Append{Record: Entry{Text: text(3<<20, 2)}},
	}}},
}

func TestConformance(t *testing.T) {
	for _, c := range conformance {
		t.Run(c.name, func(t *testing.T) {
			disk := &real{t: t, dir: filepath.Join(t.TempDir(), "deep", "node")}
			var left, right device = &simulated{}, disk
			want, got := left.restart(), right.restart()
			for i, writes := range c.persists {
				left.persist(writes...)
				right.persist(writes...)
				want, got = left.restart(), right.restart()
				if !same(want, got) {
					t.Fatalf("after Persist %d: %s", i+1, difference(want, got))
				}
			}
			if !same(want, got) {
				t.Fatal(difference(want, got))
			}
			if err := disk.store.Close(); err != nil {
				t.Fatal(err)
			}
		})
	}
}

func TestIndicesOutsideTheLogPanic(t *testing.T) {
	for _, write := range []protocols.Write{
		protocols.CutTail{From: 0}, protocols.CutTail{From: 3}, protocols.CutHead{Before: 3}, protocols.CutHead{}, nil,
	} {
		store, l, _ := recoverStore(t, "/node", durable.Options{Codec: codec(t), Identity: "1", FS: vfs.NewMem()})
		store.Persist(protocols.Persist{Mark: 1, Writes: []protocols.Write{record(1)}})
		if err := l.await(1); err != nil {
			t.Fatal(err)
		}
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%#v was taken", write)
				}
			}()
			store.Persist(protocols.Persist{Mark: 2, Writes: []protocols.Write{write}})
		}()
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestAFolderHasOneOwner(t *testing.T) {
	dir := t.TempDir()
	options := durable.Options{Codec: codec(t), Identity: "cluster a, node 1"}
	first, _, _ := recoverStore(t, dir, options)
	_, err := durable.New(dir, options).Recover(nil)
	checkError(t, err, "in use", filepath.Join(dir, "LOCK"), "hint")
	notes := filepath.Join(dir, "notes")
	if err := os.WriteFile(notes, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = durable.New(notes, options).Recover(nil)
	checkError(t, err, notes, "is no folder", "hint")
	if err := errors.Join(first.Close(), first.Close()); err != nil {
		t.Fatal(err)
	}
	options.Identity = "cluster a, node 2"
	_, err = durable.New(dir, options).Recover(nil)
	checkError(t, err, `"cluster a, node 1"`, `"cluster a, node 2"`, "hint")
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = durable.New(file, options).Recover(nil)
	checkError(t, err, file)
}

func checkError(t *testing.T, err error, words ...string) {
	t.Helper()
	for _, word := range words {
		if err == nil || !strings.Contains(err.Error(), word) {
			t.Errorf("found error %v, expected one with %q", err, word)
		}
	}
}

// TestGroupCommit: whatever gathers while a force is under way shares the next.
func TestGroupCommit(t *testing.T) {
	var forces atomic.Int64
	options := durable.Options{
		Codec: codec(t), Identity: "1", FS: vfs.NewMem(), Hold: 20 * time.Millisecond,
		Forced: func(_ time.Duration, writes, bytes int) { forces.Add(1) },
	}
	store, l, _ := recoverStore(t, "/node", options)
	for mark := uint64(1); mark <= 1000; mark++ {
		store.Persist(protocols.Persist{Mark: mark, Writes: []protocols.Write{record(mark)}})
	}
	if err := l.await(1000); err != nil {
		t.Fatal(err)
	}
	if n := forces.Load(); n > 100 {
		t.Errorf("1000 Persists took %d forces", n)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
}

// failing is a disk that fails in one way from some operation on.
type failing struct {
	err   error
	fails func(errorfs.Op) bool
	on    atomic.Bool
}

func (f *failing) String() string { return "failing" }

func (f *failing) MaybeError(op errorfs.Op) error {
	if f.on.Load() && f.fails(op) {
		return f.err
	}
	return nil
}

// TestDiskErrorsStopTheNode: the reason is told once, nothing after it, and what
// was told to be stable before is there at the next start.
func TestDiskErrorsStopTheNode(t *testing.T) {
	kinds := func(kinds ...errorfs.OpKind) func(errorfs.Op) bool {
		return func(op errorfs.Op) bool { return slices.Contains(kinds, op.Kind) }
	}
	for _, c := range []struct {
		name  string
		err   error
		fails func(errorfs.Op) bool
	}{
		{"EIO on fsync", syscall.EIO, kinds(errorfs.OpFileSync, errorfs.OpFileSyncData, errorfs.OpFileSyncTo)},
		{"EIO on write", syscall.EIO, kinds(errorfs.OpFileWrite)},
		{"no space left on write", syscall.ENOSPC, kinds(errorfs.OpFileWrite, errorfs.OpFilePreallocate)},
		{"no space left on create", syscall.ENOSPC, kinds(errorfs.OpCreate, errorfs.OpReuseForWrite)},
		{"EIO on a table", syscall.EIO, func(op errorfs.Op) bool {
			return op.Kind == errorfs.OpFileWrite && strings.HasSuffix(op.Path, ".sst")
		}},
		{"EIO on the manifest", syscall.EIO, func(op errorfs.Op) bool {
			return op.Kind == errorfs.OpFileWrite && strings.Contains(op.Path, "MANIFEST")
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			memory := vfs.NewCrashableMem()
			fault := &failing{err: c.err, fails: c.fails}
			options := durable.Options{Codec: codec(t), Identity: "1", FS: errorfs.Wrap(memory, fault), MemoryBytes: 64 << 10}
			store, l, _ := recoverStore(t, "/node", options)
			m := &model{upTo: map[uint64]int{}}
			for m.mark < 1000 && l.await(m.mark) == nil {
				m.mark++
				write := protocols.Append{Record: Entry{Number: m.mark, Text: text(1000, m.mark)}}
				m.writes = append(m.writes, write)
				m.upTo[m.mark] = len(m.writes)
				fault.on.Store(m.mark > 50)
				store.Persist(protocols.Persist{Mark: m.mark, Writes: []protocols.Write{write}})
			}
			err := l.failure(t)
			checkError(t, err, "/node", c.err.Error())
			if l.reached() < 50 {
				t.Errorf("it failed after mark %d, before the disk did", l.reached())
			}
			store.Persist(protocols.Persist{Mark: m.mark + 1}) // does nothing
			if err := store.Close(); err != nil {
				t.Error(err)
			}
			options.FS = memory.CrashClone(vfs.CrashCloneCfg{})
			store, _, disk := recoverStore(t, "/node", options)
			if m.prefix(disk, m.upTo[l.reached()]) < 0 {
				t.Errorf("of %d writes told to be stable there are %d", l.reached(), len(disk.Log))
			}
			if err := store.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestHeldWritesAreLostInAKill: with Hold nothing reaches the file system before
// its time.
func TestHeldWritesAreLostInAKill(t *testing.T) {
	memory := vfs.NewCrashableMem()
	options := durable.Options{Codec: codec(t), Identity: "1", FS: memory}
	store, l, _ := recoverStore(t, "/node", options)
	store.Persist(protocols.Persist{Mark: 1, Writes: []protocols.Write{record(1)}})
	if err := l.await(1); err != nil {
		t.Fatal(err)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	options.Hold = time.Second
	store, _, _ = recoverStore(t, "/node", options)
	store.Persist(protocols.Persist{Mark: 1, Writes: []protocols.Write{record(2)}})
	options.FS, options.Hold = memory.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: 0}), 0
	killed, _, disk := recoverStore(t, "/node", options)
	if len(disk.Log) != 1 {
		t.Errorf("after a kill the log has %d records", len(disk.Log))
	}
	if err := errors.Join(store.Close(), killed.Close()); err != nil {
		t.Error(err)
	}
}

// TestCutsFreeSpace: a log that is cut at its head all the time does not grow.
func TestCutsFreeSpace(t *testing.T) {
	dir := t.TempDir()
	store, l, _ := recoverStore(t, dir, durable.Options{Codec: codec(t), Identity: "1"})
	const rounds, records, bytesEach = 60, 1000, 1000 // 60 MB in all
	most, mark := int64(0), uint64(0)
	for round := range uint64(rounds) {
		mark++
		p := protocols.Persist{Mark: mark}
		for n := range uint64(records) {
			p.Writes = append(p.Writes, protocols.Append{Record: Entry{Number: n, Text: text(bytesEach, n)}})
		}
		if round > 0 {
			p.Writes = append(p.Writes, protocols.SaveSnapshot{Snapshot: Entry{Text: text(1<<20, round)}},
				protocols.CutHead{Before: round*records + 1})
		}
		store.Persist(p)
		if err := l.await(mark); err != nil {
			t.Fatal(err)
		}
		if round >= 10 {
			most = max(most, folderBytes(t, dir))
		}
	}
	t.Logf("at most %d MB on the disk, of 120 MB written", most>>20)
	if most > 40<<20 {
		t.Errorf("a log of 1 to 2 MB and a snapshot of 1 MB take %d bytes", most)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
}

func folderBytes(t *testing.T, dir string) int64 {
	total := int64(0)
	err := filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if err != nil {
			return ignoreGone(err)
		}
		info, err := entry.Info()
		if err != nil {
			return ignoreGone(err)
		}
		total += info.Size()
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return total
}

func ignoreGone(err error) error {
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return err
}

// TestWhatDoesNotDecodeIsRefused: a sound checksum around bytes of another
// program is no damage.
func TestWhatDoesNotDecodeIsRefused(t *testing.T) {
	dir := t.TempDir()
	store, l, _ := recoverStore(t, dir, durable.Options{Codec: codec(t), Identity: "1"})
	store.Persist(protocols.Persist{Mark: 1, Writes: []protocols.Write{protocols.Append{Record: []byte("plain")}, record(2)}})
	if err := l.await(1); err != nil {
		t.Fatal(err)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	_, err := durable.New(dir, durable.Options{Codec: otherCodec(t), Identity: "1"}).Recover(nil)
	checkError(t, err, "record 2 of the log", "another version", dir)
	if left := fmt.Sprint(os.ReadDir(dir)); bytes.Contains([]byte(left), []byte("damaged")) {
		t.Error("it was put aside")
	}
}
