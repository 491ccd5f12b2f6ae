package resource_test

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"quorumlab/protocols"
	"quorumlab/protocols/machine"
	"quorumlab/protocols/resource"
	"quorumlab/protocols/state"
	"quorumlab/sim"
)

// participant is a store with its journal on a simulated disk, driven as a
// protocol drives it. It keeps, beside them, what the disk should stand for.
type participant struct {
	t       *rapid.T
	store   resource.Store
	journal resource.Journal
	numbers resource.Numbers
	disk    sim.Disk
	every   uint64
	count   uint64
	given   map[uint64]bool
	// said holds what became of the branches, in the order of the records, each
	// with the record's index; told the last index that is stable.
	said   []saying
	stable uint64
}

// saying is one record, in short.
type saying struct {
	index  uint64
	branch resource.Branch
	commit bool
	ends   bool
}

func (p *participant) boot() {
	p.store = resource.Store{}
	if s, err := resource.NewStore(here, resource.Ownership{Nodes: alone}, &machine.KV{Values: map[string]string{"a": "50", "b": "50"}}); err == nil {
		p.store = s
	}
	image := p.disk.Image()
	found, err := p.store.Recover(image)
	if err != nil {
		p.t.Fatal(err)
	}
	p.journal.Begin(image)
	p.numbers.Begin(found.Reserved)
	p.reserve()
}

// do collects the effects of an act on the disk.
func (p *participant) do(act func(out *protocols.Effects)) {
	var out protocols.Effects
	act(&out)
	if through, due := p.journal.Through(p.every); due {
		p.journal.Compact(p.store.Snapshot(through, p.numbers.Reserved, nil), &out)
	}
	for _, effect := range out {
		p.disk.Pending = append(p.disk.Pending, effect.(protocols.Persist))
	}
}

func (p *participant) reserve() {
	if record, due := p.numbers.Reserve(); due {
		p.do(func(out *protocols.Effects) { p.journal.Force(record, 0, "reserve", out) })
	}
}

func (p *participant) begin(alone bool) {
	id, ok := p.numbers.Take(here)
	if !ok {
		return
	}
	if p.given[id.Count()] {
		p.t.Fatalf("%v was given twice", id)
	}
	p.given[id.Count()] = true
	p.reserve()
	p.count++
	key := rapid.SampledFrom([]string{"a", "b", "c"}).Draw(p.t, "key")
	r := resource.Request{
		Transaction: id, Client: protocols.ClientID(p.count%2 + 1), Number: p.count, Participants: both,
		Commands: []machine.Command{put(key, fmt.Sprint(p.count))},
	}
	if alone {
		r.Participants = r.Participants[:1]
	}
	if o := p.store.Execute(r); o.Vote != resource.Yes {
		p.store.Resolve(id, resource.Abort)
		return
	}
	p.do(func(out *protocols.Effects) {
		if alone {
			record := p.store.Alone(id)
			p.said = append(p.said, saying{p.journal.Next, record.Branch, true, true})
			p.journal.Force(record, id, "alone", out)
			return
		}
		record := p.store.Prepare(id)
		p.said = append(p.said, saying{index: p.journal.Next, branch: record.Branch})
		p.journal.Force(record, id, "prepared", out)
	})
}

// decide resolves one branch that is prepared on disk.
func (p *participant) decide(commit bool) {
	undecided := slices.DeleteFunc(p.store.Undecided(), func(b resource.Branch) bool {
		return len(b.Participants) == 1 || slices.ContainsFunc(p.journal.Awaited, func(a resource.Awaited) bool { return a.Transaction == b.Transaction })
	})
	if len(undecided) == 0 {
		return
	}
	branch := undecided[rapid.IntRange(0, len(undecided)-1).Draw(p.t, "branch")]
	decision := resource.Abort
	if commit {
		decision = resource.Commit
	}
	record := resource.Resolved{Transaction: branch.Transaction, Decision: decision}
	p.do(func(out *protocols.Effects) {
		p.said = append(p.said, saying{p.journal.Next, branch, commit, true})
		if commit {
			p.journal.Force(record, branch.Transaction, "resolved", out)
		} else {
			p.journal.Keep(record)
		}
		p.store.Resolve(branch.Transaction, decision)
	})
}

// sync lets a force complete.
func (p *participant) sync() {
	if !p.disk.Start() {
		return
	}
	p.do(func(*protocols.Effects) {
		for _, a := range p.journal.Persisted(p.disk.Complete()) {
			switch a.What {
			case "reserve":
				p.numbers.Granted()
			case "alone":
				p.store.Resolve(a.Transaction, resource.Commit)
			}
		}
	})
}

// crash keeps some of what was being written, and checks what comes back.
func (p *participant) crash() {
	p.disk.Crash(rapid.IntRange(0, p.disk.Unforced()).Draw(p.t, "kept"))
	p.stable = p.disk.Durable.Next() - 1
	values := map[string]string{"a": "50", "b": "50"}
	open := map[resource.ID]resource.Branch{}
	p.said = slices.DeleteFunc(p.said, func(s saying) bool { return s.index > p.stable })
	for _, s := range p.said {
		open[s.branch.Transaction] = s.branch
		if s.ends {
			delete(open, s.branch.Transaction)
		}
		if s.commit {
			for _, image := range s.branch.Images {
				values[image.Key] = image.After.Text
			}
		}
	}
	p.boot()
	if !reflect.DeepEqual(p.store.Committed.Values, values) {
		p.t.Fatalf("recovered %v, want %v", p.store.Committed.Values, values)
	}
	if len(p.store.Branches) != len(open) {
		p.t.Fatalf("in doubt: %v, want %v", p.store.Branches, open)
	}
	held := 0
	for id := range open {
		if p.store.Locked(uint64(id)) != 1 {
			p.t.Fatalf("%v has lost its lock", id)
		}
		held++
	}
	if len(p.store.Locks) != held {
		p.t.Fatalf("locks %v of %d branches", p.store.Locks, held)
	}
}

// Whatever a crash leaves of the log, and however often it was compacted, what
// is committed on disk comes back, and what is in doubt comes back locked.
func TestRecovery(t *testing.T) {
	compacted, crashes, doubtful := 0, 0, 0
	rapid.Check(t, func(t *rapid.T) {
		p := participant{t: t, given: map[uint64]bool{}, every: uint64(rapid.SampledFrom([]int{0, 1, 3, 10}).Draw(t, "every"))}
		p.boot()
		for range rapid.IntRange(5, 80).Draw(t, "acts") {
			switch rapid.IntRange(0, 9).Draw(t, "act") {
			case 0:
				crashes++
				p.crash()
				doubtful += len(p.store.Branches)
			case 1, 2, 3:
				p.begin(false)
			case 4:
				p.begin(true)
			case 5, 6:
				p.decide(rapid.Bool().Draw(t, "commit"))
			default:
				p.sync()
			}
			if p.every > 0 && uint64(len(p.disk.Durable.Log)) > p.every+20 {
				t.Fatalf("the log has grown to %d records", len(p.disk.Durable.Log))
			}
		}
		p.crash()
		if p.disk.Durable.Snapshot != nil {
			compacted++
		}
	})
	if compacted < 10 || crashes < 50 || doubtful < 50 {
		t.Errorf("%d logs were compacted, %d crashes, %d in doubt after one: too few", compacted, crashes, doubtful)
	}
}

func TestSessionsAndWatermarksComeBack(t *testing.T) {
	s := newStore(t, nil)
	var disk sim.Disk
	first := request(1, 7, alone, put("a", "1"))
	s.Execute(first)
	refused := request(3, 8, alone, add("a", "x"))
	s.Resolve(first.Transaction, resource.Commit)
	s.Advance(2, 1)
	disk.Pending = []protocols.Persist{{Mark: 1, Writes: []protocols.Write{
		protocols.SaveSnapshot{Snapshot: s.Snapshot(0, 99, "coordinator")},
		protocols.Append{Record: resource.RefuseAlone(&refused, protocols.Aborted)},
		protocols.Append{Record: "a record of the protocol"},
	}}}
	disk.Start()
	disk.Complete()
	back := newStore(t, map[string]string{"z": "1"})
	found, err := back.Recover(disk.Image())
	if err != nil || found.Reserved != 99 || found.Protocol != "coordinator" ||
		!slices.Equal(found.Records, []protocols.Record{"a record of the protocol"}) {
		t.Errorf("%+v, %v", found, err)
	}
	if !maps.Equal(back.Committed.Values, map[string]string{"a": "1"}) || back.Watermarks[2] != 1 ||
		back.Sessions[7].Number != 1 || back.Sessions[8].Refusal != protocols.Aborted {
		t.Errorf("%+v", back)
	}
	disk.Rot(0)
	if _, err := back.Recover(disk.Image()); err == nil {
		t.Error("damage is not told")
	}
}

func TestWhatTheDiskSays(t *testing.T) {
	s := newStore(t, nil)
	one, two := request(1, 1, both, put("a", "1")), request(2, 2, both, put("b", "1"))
	s.Execute(one)
	s.Execute(two)
	disk := protocols.Disk{First: 1, Log: []protocols.Record{
		s.Prepare(one.Transaction), s.Prepare(two.Transaction),
		resource.Resolved{Transaction: one.Transaction, Decision: resource.Commit},
	}}
	check := func(where string, disk protocols.Disk) {
		if !resource.IsPrepared(disk, one.Transaction) || !resource.IsPrepared(disk, two.Transaction) || resource.IsPrepared(disk, 7) {
			t.Errorf("%s: prepared", where)
		}
		if !resource.IsResolved(disk, one.Transaction, resource.Commit) || resource.IsResolved(disk, one.Transaction, resource.Abort) ||
			resource.IsResolved(disk, two.Transaction, resource.Commit) {
			t.Errorf("%s: resolved", where)
		}
	}
	check("log", disk)
	s.Resolve(one.Transaction, resource.Commit)
	check("snapshot", protocols.Disk{First: 4, Snapshot: s.Snapshot(3, 1, nil)})
	third := request(3, 3, alone, put("c", "1"))
	s.Execute(third)
	if log := (protocols.Disk{First: 1, Log: []protocols.Record{s.Alone(third.Transaction)}}); !resource.IsResolved(log, third.Transaction, resource.Commit) {
		t.Error("finished alone")
	}
}

// What is put into states and records is plain data, and all types are known.
func TestTypes(t *testing.T) {
	codec, err := state.NewCodec(resource.Types()...)
	if err != nil {
		t.Fatal(err)
	}
	s := newStore(t, nil)
	r := request(1, 1, both, put("a", "1"))
	s.Execute(r)
	for _, value := range []any{s.Prepare(r.Transaction), s.Snapshot(1, 2, nil), resource.RefuseAlone(&r, "x")} {
		if back, err := codec.Decode(codec.Canonical(value)); err != nil || string(codec.Canonical(back)) != string(codec.Canonical(value)) {
			t.Errorf("%+v: %v", back, err)
		}
	}
	if id := resource.NewID(3, 17); id.String() != "3.17" || id.Coordinator() != 3 || id.Count() != 17 {
		t.Error(id)
	}
}
