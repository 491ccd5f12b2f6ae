package durable_test

import (
	"math/rand/v2"
	"sync/atomic"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
	"pgregory.net/rapid"

	"quorumlab/network/durable"
)

// crasher is a file system that crashes before one of its operations: from then
// on clone is what the crash left. What goes on after it is not of that world.
type crasher struct {
	memory *vfs.MemFS
	before int64 // which operation
	config vfs.CrashCloneCfg
	told   func() uint64

	operations atomic.Int64
	clone      *vfs.MemFS
	toldThen   uint64
}

func (c *crasher) String() string { return "crasher" }

// MaybeError implements errorfs.Injector.
func (c *crasher) MaybeError(errorfs.Op) error {
	if c.operations.Add(1) == c.before {
		c.toldThen = c.told()
		c.clone = c.memory.CrashClone(c.config)
	}
	return nil
}

// TestCrashesKeepAPrefix is metamorphic: whatever is written, and wherever the
// machine loses its power, with any part of what was not forced on its disk, the
// store comes back with a prefix of the writes, and at least those that were told.
func TestCrashesKeepAPrefix(t *testing.T) {
	c := codec(t)
	crashes, losses, recoveries := 0, 0, 0
	rapid.Check(t, func(r *rapid.T) {
		m := &model{}
		memory := vfs.NewCrashableMem()
		for range rapid.IntRange(10, 30).Draw(r, "lives") {
			var l *listener
			power := &crasher{
				memory: memory,
				before: rapid.Int64Range(1, 250).Draw(r, "operation"),
				config: vfs.CrashCloneCfg{
					UnsyncedDataPercent: rapid.SampledFrom([]int{0, 30, 70, 100}).Draw(r, "kept"),
					RNG:                 rand.New(rand.NewPCG(rapid.Uint64().Draw(r, "random"), 0)),
				},
				told: func() uint64 { return l.reached() },
			}
			l = newListener()
			options := durable.Options{Codec: c, Identity: "1", FS: errorfs.Wrap(memory, power), MemoryBytes: 64 << 10}
			store := durable.New("/data/node", options)
			disk, err := store.Recover(l.tell)
			if err != nil {
				r.Fatalf("after a crash: %v", err)
			}
			recoveries++
			if n := m.prefix(disk, 0); n < 0 {
				r.Fatal("what a clean end left is no prefix")
			}
			m.mark = 0
			for range rapid.IntRange(1, 12).Draw(r, "persists") {
				p := m.persist(r)
				store.Persist(p)
				if rapid.Bool().Draw(r, "waits") {
					if err := l.await(p.Mark); err != nil {
						r.Fatal(err)
					}
				}
			}
			if err := l.await(m.mark); err != nil {
				r.Fatal(err)
			}
			if err := store.Close(); err != nil {
				r.Fatal(err)
			}
			if power.clone == nil {
				continue // it came to its end before
			}
			crashes++
			memory = power.clone
			probe := durable.New("/data/node", durable.Options{Codec: c, Identity: "1", FS: memory})
			if disk, err = probe.Recover(newListener().tell); err != nil {
				r.Fatalf("after a crash: %v", err)
			}
			if n := m.prefix(disk, m.upTo[power.toldThen]); n < 0 {
				r.Fatalf("a crash after mark %d of %d left no prefix of what was written", power.toldThen, m.mark)
			} else if n > 0 {
				losses++
			}
			if err := probe.Close(); err != nil {
				r.Fatal(err)
			}
		}
	})
	t.Logf("%d crashes, of which %d lost a part of the writes; %d recoveries", crashes, losses, recoveries)
	if crashes == 0 {
		t.Error("nothing crashed")
	}
}
