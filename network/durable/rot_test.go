package durable_test

import (
	"fmt"
	"io"
	"math/rand/v2"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"quorumlab/network/durable"
	"quorumlab/protocols"
)

// rottable returns a file system on which a node wrote a good deal, in files of
// every kind, and what its disk holds. It was killed, not closed.
func rottable(t *testing.T) (*vfs.MemFS, *model, protocols.Disk) {
	memory := vfs.NewCrashableMem()
	store, l, _ := recoverStore(t, "/node", durable.Options{Codec: codec(t), Identity: "1", FS: memory, MemoryBytes: 64 << 10})
	m := &model{}
	for n := range uint64(150) {
		m.mark++
		p := protocols.Persist{Mark: m.mark, Writes: []protocols.Write{
			protocols.Append{Record: Entry{Number: n, Text: text(600, n)}},
			protocols.SetMeta{Meta: Entry{Number: n, Text: "meta"}},
		}}
		switch n {
		case 30, 100:
			p.Writes = append(p.Writes, protocols.SaveSnapshot{Snapshot: Entry{Number: n, Text: text(300<<10, n)}})
		case 60:
			p.Writes = append(p.Writes, protocols.CutHead{Before: 20})
		case 120:
			p.Writes = append(p.Writes, protocols.CutTail{From: 110})
		}
		m.writes = append(m.writes, p.Writes...)
		store.Persist(p)
		if err := l.await(p.Mark); err != nil {
			t.Fatal(err)
		}
	}
	killed := memory.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: 100, RNG: rand.New(rand.NewPCG(0, 0))})
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	store, _, disk := recoverStore(t, "/node", durable.Options{Codec: codec(t), Identity: "1", FS: killed.CrashClone(vfs.CrashCloneCfg{})})
	if m.prefix(disk, len(m.writes)) < 0 {
		t.Fatal("what is to rot is not what was written")
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	return killed, m, disk
}

// flip changes one bit of one of the engine's files, and says which.
func flip(t *testing.T, fs *vfs.MemFS, r *rand.Rand) string {
	names, err := fs.List("/node/store")
	if err != nil {
		t.Fatal(err)
	}
	for {
		name := "/node/store/" + names[r.IntN(len(names))]
		file, err := fs.OpenReadWrite(name, vfs.WriteCategoryUnspecified)
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(file)
		if err != nil {
			t.Fatal(err)
		}
		if len(content) == 0 {
			continue
		}
		at, bit := r.IntN(len(content)), r.IntN(8)
		if _, err := file.WriteAt([]byte{content[at] ^ 1<<bit}, int64(at)); err != nil {
			t.Fatal(err)
		}
		if err := file.Close(); err != nil {
			t.Fatal(err)
		}
		return fmt.Sprintf("bit %d of byte %d of %d of %s", bit, at, len(content), name)
	}
}

// TestRotIsNeverTakenForTruth flips one bit of a killed node's files, anywhere.
// The store is refused, or tells what is damaged, or holds what was written.
func TestRotIsNeverTakenForTruth(t *testing.T) {
	killed, _, disk := rottable(t)
	options := durable.Options{Codec: codec(t), Identity: "1"}
	r := rand.New(rand.NewPCG(1, 2))
	// The engine tries every single bit of a block that it finds damaged, which
	// takes it a second or two: hence so few; 300 have passed. What is where in the
	// files depends on when the engine got to it, so that it may take more to hit
	// something that counts.
	const flips, flipsMost = 15, 500
	outcomes := map[string]int{}
	for n := 0; n < flips || outcomes["damaged"] == 0 && n < flipsMost; n++ {
		fs := killed.CrashClone(vfs.CrashCloneCfg{})
		what := flip(t, fs, r)
		options.FS = fs
		store := durable.New("/node", options)
		got, err := store.Recover(func(uint64, error) {})
		switch {
		case err != nil:
			outcomes["refused"]++
			continue
		case same(disk, got):
			outcomes["unharmed"]++
		case got.Unreadable() == "":
			t.Fatalf("%s: %s, and was taken for truth", what, difference(disk, got))
		default:
			outcomes["damaged"]++
			checkDamage(t, what, disk, got)
		}
		if err := store.Close(); err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		// The damage is still known, and does not spread.
		store = durable.New("/node", options)
		again, err := store.Recover(func(uint64, error) {})
		if err != nil || !same(got, again) {
			t.Fatalf("%s: at the next start: %v, %s", what, err, difference(got, again))
		}
		if err := store.Close(); err != nil {
			t.Fatal(err)
		}
	}
	t.Log(outcomes)
	for _, outcome := range []string{"unharmed", "damaged"} {
		if outcomes[outcome] == 0 {
			t.Errorf("no flip left the store %s", outcome)
		}
	}
}

// checkDamage checks that what is not damaged is what was written.
func checkDamage(t *testing.T, what string, want, got protocols.Disk) {
	if got.MetaDamaged && got.SnapshotDamaged && len(got.Log) == 0 {
		return // all of it
	}
	if got.First != want.First || len(got.Log) != len(want.Log) {
		t.Fatalf("%s: %s", what, difference(want, got))
	}
	for i, record := range got.Log {
		if record != nil && record != want.Log[i] {
			t.Fatalf("%s: record %d is another", what, got.First+uint64(i))
		}
	}
	if !got.MetaDamaged && got.Meta != want.Meta || !got.SnapshotDamaged && got.Snapshot != want.Snapshot {
		t.Fatalf("%s: %s", what, difference(want, got))
	}
}

func difference(want, got protocols.Disk) string {
	return fmt.Sprintf("found a log from %d to before %d, damaged %v, meta %.40v (damaged %v), snapshot %.40v (damaged %v); "+
		"expected a log from %d to before %d, meta %.40v, snapshot %.40v", got.First, got.Next(), got.Damaged,
		got.Meta, got.MetaDamaged, got.Snapshot, got.SnapshotDamaged, want.First, want.Next(), want.Meta, want.Snapshot)
}
