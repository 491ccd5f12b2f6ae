package sim_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"quorumlab/protocols"
	"quorumlab/sim"
)

// disks are writes of every kind, and what they make of a disk one by one.
var disks = struct {
	writes []protocols.Write
	logs   []string // after so many writes
}{
	writes: []protocols.Write{
		protocols.Append{Record: "a"},
		protocols.Append{Record: "b"},
		protocols.SetMeta{Meta: "m"},
		protocols.CutTail{From: 2},
		protocols.Append{Record: "c"},
		protocols.SaveSnapshot{Snapshot: "s"},
		protocols.CutHead{Before: 2},
		protocols.Append{Record: "d"},
	},
	logs: []string{
		"0 [] <nil> <nil>",
		"1 [a] <nil> <nil>",
		"1 [a b] <nil> <nil>",
		"1 [a b] m <nil>",
		"1 [a] m <nil>",
		"1 [a c] m <nil>",
		"1 [a c] m s",
		"2 [c] m s",
		"2 [c d] m s",
	},
}

func show(d protocols.Disk) string {
	return fmt.Sprintf("%d %v %v %v", d.First, d.Log, d.Meta, d.Snapshot)
}

// TestCrashKeepsAnyPrefix goes through every way to group the writes into two
// Persists, the first or none of which is being forced, and every keep.
func TestCrashKeepsAnyPrefix(t *testing.T) {
	for split := range len(disks.writes) + 1 {
		for keep := range len(disks.writes) + 3 {
			var d sim.Disk
			d.Pending = append(d.Pending, protocols.Persist{Mark: 1, Writes: disks.writes[:split]})
			if keep%2 == 0 {
				d.Start()
			}
			d.Pending = append(d.Pending, protocols.Persist{Mark: 2, Writes: disks.writes[split:]})
			if d.Unforced() != len(disks.writes) {
				t.Fatalf("%d unforced", d.Unforced())
			}
			d.Crash(keep)
			if got, want := show(d.Durable), disks.logs[min(keep, len(disks.writes))]; got != want {
				t.Errorf("split %d keep %d: %s, want %s", split, keep, got, want)
			}
			if d.Unforced() != 0 || d.Syncing != 0 || d.Start() {
				t.Errorf("split %d keep %d: something is still pending: %+v", split, keep, d)
			}
		}
	}
}

func TestForceCoversWhatWasThere(t *testing.T) {
	var d sim.Disk
	if d.Start() {
		t.Error("a force of nothing began")
	}
	for i, write := range disks.writes {
		d.Pending = append(d.Pending, protocols.Persist{Mark: uint64(i + 1), Writes: []protocols.Write{write}})
		if began := d.Start(); began != (i == 0 || i == 3) {
			t.Errorf("write %d: force began: %v", i+1, began)
		}
		if i == 2 { // the first alone is covered
			if d.Forced() != 1 || d.Complete() != 1 || show(d.Durable) != disks.logs[1] {
				t.Errorf("after the first force: %+v", d)
			}
		}
	}
	// The second force began with write 4 and covers 2 to 4.
	if d.Forced() != 3 || d.Complete() != 4 || show(d.Durable) != disks.logs[4] {
		t.Errorf("after the second force: %+v", d)
	}
	if !d.Start() || d.Complete() != 8 || show(d.Durable) != disks.logs[8] {
		t.Errorf("after the third force: %+v", d)
	}
}

func TestRottenRecordsCannotBeRead(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var d sim.Disk
		d.Durable.First = rapid.Uint64Range(1, 5).Draw(t, "first")
		records := rapid.IntRange(0, 6).Draw(t, "records")
		for i := range records {
			d.Durable.Log = append(d.Durable.Log, fmt.Sprint(i))
		}
		rotten := map[uint64]bool{}
		for _, position := range rapid.SliceOfN(rapid.Uint64(), 0, 8).Draw(t, "positions") {
			index := d.Rot(position)
			if records == 0 {
				if index != 0 {
					t.Fatal("a record of an empty log rots")
				}
				continue
			}
			want := d.Durable.First + position%uint64(records)
			if rotten[want] {
				want = 0
			}
			if index != want {
				t.Fatalf("position %d rots record %d, want %d", position, index, want)
			}
			if want != 0 {
				rotten[want] = true
			}
		}
		image := d.Image()
		if !slices.IsSorted(image.Damaged) || len(image.Damaged) != len(rotten) {
			t.Fatalf("damaged %v, want %v", image.Damaged, rotten)
		}
		for i, record := range image.Log {
			if index := image.First + uint64(i); (record == nil) != rotten[index] || d.Durable.Log[i] == nil {
				t.Fatalf("record %d is %v", index, record)
			}
		}
	})
}

func TestCutRemovesWhatIsDamagedThere(t *testing.T) {
	build := func() sim.Disk {
		d := sim.Disk{Durable: protocols.Disk{First: 3, Log: []protocols.Record{"a", "b", "c"}}}
		for position := range uint64(3) {
			d.Rot(position)
		}
		return d
	}
	tail, head := build(), build()
	tail.Pending = []protocols.Persist{{Writes: []protocols.Write{protocols.CutTail{From: 4}}}}
	head.Pending = []protocols.Persist{{Writes: []protocols.Write{protocols.CutHead{Before: 5}}}}
	tail.Crash(1)
	head.Crash(1)
	if got := tail.Durable.Damaged; !slices.Equal(got, []uint64{3}) {
		t.Errorf("after CutTail damaged %v", got)
	}
	if got := head.Durable.Damaged; !slices.Equal(got, []uint64{5}) {
		t.Errorf("after CutHead damaged %v", got)
	}
}

func TestGroupFsync(t *testing.T) {
	s := newScene(t, 1, protocols.Stream)
	s.do(0, 1, write("a"))
	s.do(3*ms, 1, write("b"))
	s.do(7*ms, 1, write("c"), write("d"))
	s.boot()
	s.until(9 * ms)
	if got := s.log(1); got != nil {
		t.Errorf("before the first force ends: %v", got)
	}
	s.saw(10*ms, "10ms n1 persisted 1")
	if got := s.log(1); !slices.Equal(got, []string{"a"}) {
		t.Errorf("after the first force: %v", got)
	}
	s.saw(time.Second, "20ms n1 persisted 4")
	if got := s.log(1); !slices.Equal(got, []string{"a", "b", "c", "d"}) {
		t.Errorf("after the second force: %v", got)
	}
}

func TestSlowDisk(t *testing.T) {
	s := newScene(t, 1, protocols.Stream)
	s.do(0, 1, write("a"))
	s.do(30*ms, 1, write("b"))
	s.boot()
	s.strike(0, sim.Fault{Kind: sim.SlowDisk, Node: 1, By: 7 * ms})
	s.strike(20*ms, sim.Fault{Kind: sim.SlowDisk, Node: 1})
	s.saw(time.Second, "17ms n1 persisted 1", "40ms n1 persisted 2")
}

// TestFailingDiskStopsTheNode: whatever such a force leaves is a prefix of
// what was unforced, and the node is never told of it.
func TestFailingDiskStopsTheNode(t *testing.T) {
	lengths := map[int]bool{}
	for seed := range uint64(40) {
		for _, fault := range []sim.Fault{{Kind: sim.FillDisk, Node: 1, On: true}, {Kind: sim.FailForce, Node: 1}} {
			s := newScene(t, 1, protocols.Stream)
			s.config.Seed = seed
			s.do(0, 1, write("a", "b"))
			s.do(5*ms, 1, write("c"))
			s.boot()
			s.strike(3*ms, fault)
			s.saw(time.Second, "10ms n1 stopped")
			log := s.log(1)
			if !slices.Equal(log, []string{"a", "b", "c"}[:len(log)]) {
				t.Errorf("seed %d: the disk holds %v", seed, log)
			}
			lengths[len(log)] = true
		}
	}
	if len(lengths) != 4 {
		t.Errorf("the disk held so many records, over all seeds: %v", lengths)
	}
}

func TestFullDiskUntilItIsNot(t *testing.T) {
	for kind, again := range map[sim.FaultKind]bool{sim.FillDisk: true, sim.FailForce: false} {
		s := newScene(t, 1, protocols.Stream)
		s.do(0, 1, write("a"))
		s.do(50*ms, 1, write("b"))
		s.do(150*ms, 1, write("c"))
		s.boot()
		s.strike(0, sim.Fault{Kind: kind, Node: 1, On: true})
		s.saw(20*ms, "10ms n1 stopped")
		s.strike(30*ms, sim.Fault{Kind: sim.RestartNode, Node: 1})
		if again {
			s.saw(80*ms, "60ms n1 stopped")
		} else {
			s.saw(80*ms, "60ms n1 persisted 1")
		}
		s.strike(100*ms, sim.Fault{Kind: sim.FillDisk, Node: 1})
		s.strike(100*ms, sim.Fault{Kind: sim.RestartNode, Node: 1})
		mark := 2
		if again {
			mark = 1 // a new life counts anew
		}
		s.saw(200*ms, fmt.Sprintf("160ms n1 persisted %d", mark))
	}
}

// forces counts the forces that ended on each node, and keeps each durable
// log before and after.
type forces struct{ marks []int }

func (f *forces) Observe(_ *sim.World, step *sim.Step) {
	if _, ok := step.Event.(protocols.Persisted); ok && step.Node == 1 {
		f.marks = append(f.marks, int(step.Number))
	}
}

// TestCrashAtEveryForce crashes node 1 of a Zab cluster at each of its first
// forces, before and after it completes.
func TestCrashAtEveryForce(t *testing.T) {
	run := func() *sim.Simulator { return newZab(t, 3, 3, 4, 1) }
	var all forces
	s := run()
	s.Watch(&all)
	mustRun(t, s, 5*time.Second)
	if len(all.marks) < 5 {
		t.Fatalf("node 1 forced %d times", len(all.marks))
	}
	for k := range all.marks {
		for _, before := range []bool{true, false} {
			for _, keep := range []int{0, 1, -1} {
				crashAtForce(t, run(), all.marks, k, sim.Fault{
					Kind: sim.CrashAtSync, Node: 1, Count: uint64(k + 1), Before: before, Keep: keep,
				})
			}
		}
	}
}

func crashAtForce(t *testing.T, s *sim.Simulator, marks []int, k int, fault sim.Fault) {
	t.Helper()
	if err := s.Inflict(fault); err != nil {
		t.Fatal(err)
	}
	var seen forces
	s.Watch(&seen)
	codec, cell := s.World.Setup().Codec, &s.World.Nodes[0]
	copied := func() sim.Disk {
		return codec.Clone(sim.State{Nodes: []sim.Cell{{Disk: cell.Disk}}}).(sim.State).Nodes[0].Disk
	}
	last := copied()
	crashed, err := s.RunUntil(5*time.Second, func() bool {
		if !cell.Up {
			return true
		}
		last = copied()
		return false
	})
	if err != nil || !crashed {
		t.Fatalf("force %d: crashed %v, error %v", k+1, crashed, err)
	}
	// The fault itself was a step more.
	if len(seen.marks) != k || int(s.Steps) != marks[k]+1 {
		t.Errorf("force %d: node 1 was told of %d forces and crashed in step %d, want %d and %d",
			k+1, len(seen.marks), s.Steps, k, marks[k]+1)
	}
	want := fault.Keep
	if want < 0 {
		want = last.Unforced()
	} else if !fault.Before {
		want = max(want, last.Forced())
	}
	if last.Syncing == 0 {
		t.Fatalf("force %d: none was under way", k+1)
	}
	last.Crash(want)
	got, expected := codec.Canonical(last.Durable), codec.Canonical(cell.Disk.Durable)
	if !slices.Equal(got, expected) {
		t.Errorf("force %d of %+v left %+v, want %+v", k+1, fault, cell.Disk.Durable, last.Durable)
	}
}

func mustRun(t testing.TB, s *sim.Simulator, until time.Duration) {
	t.Helper()
	if _, err := s.RunUntil(until, nil); err != nil {
		t.Fatal(err)
	}
}

func TestTrapsOfALifeThatIsOver(t *testing.T) {
	s := newScene(t, 1, protocols.Stream)
	s.do(50*ms, 1, write("a"))
	s.boot()
	s.strike(0, sim.Fault{Kind: sim.CrashAtSync, Node: 1, Count: 1})
	s.strike(10*ms, sim.Fault{Kind: sim.CrashNode, Node: 1})
	s.strike(20*ms, sim.Fault{Kind: sim.RestartNode, Node: 1})
	s.saw(time.Second, "10ms n1 stopped", "60ms n1 persisted 1")
}

// TestStaleForce: a force of an earlier life ends nothing in the next.
func TestStaleForce(t *testing.T) {
	s := newScene(t, 1, protocols.Stream)
	s.do(0, 1, write("a"))
	s.do(7*ms, 1, write("b"))
	s.boot()
	s.strike(4*ms, sim.Fault{Kind: sim.CrashNode, Node: 1, Keep: 0})
	s.strike(5*ms, sim.Fault{Kind: sim.RestartNode, Node: 1})
	s.saw(time.Second, "4ms n1 stopped", "17ms n1 persisted 1")
	if got := s.log(1); !slices.Equal(got, []string{"b"}) {
		t.Errorf("the disk holds %v", got)
	}
}

func TestTornWriteIsLost(t *testing.T) {
	s := newScene(t, 1, protocols.Stream)
	s.do(0, 1, write("a", "b", "c"))
	s.boot()
	var choice sim.Choice
	s.watched = func(step *sim.Step) bool { choice = step.Choice; return false }
	s.strike(ms, sim.Fault{Kind: sim.CrashNode, Node: 1, Keep: 1, Torn: true})
	if want := (sim.Choice{Kind: sim.Crash, Node: 1, Keep: 1, ID: 1}); choice != want {
		t.Errorf("the step is %+v, want %+v", choice, want)
	}
	if got := s.log(1); !slices.Equal(got, []string{"a"}) {
		t.Errorf("the disk holds %v", got)
	}
}

// TestCrashAtForceKeepsWhatWaits: "a" is being forced, the others wait.
func TestCrashAtForceKeepsWhatWaits(t *testing.T) {
	for _, test := range []struct {
		before bool
		keep   int
		want   []string
	}{
		{true, 0, nil},
		{true, 2, []string{"a", "b"}},
		{true, -1, []string{"a", "b", "c"}},
		{false, 0, []string{"a"}},
		{false, 2, []string{"a", "b"}},
		{false, -1, []string{"a", "b", "c"}},
	} {
		s := newScene(t, 1, protocols.Stream)
		s.do(0, 1, write("a"))
		s.do(5*ms, 1, write("b", "c"))
		s.boot()
		s.strike(0, sim.Fault{Kind: sim.CrashAtSync, Node: 1, Count: 1, Before: test.before, Keep: test.keep})
		s.saw(time.Second, "10ms n1 stopped")
		if got := s.log(1); !slices.Equal(got, test.want) {
			t.Errorf("before %v, keep %d: the disk holds %v, want %v", test.before, test.keep, got, test.want)
		}
	}
}
