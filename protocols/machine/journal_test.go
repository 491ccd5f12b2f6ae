package machine

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"quorumlab/protocols"
	"quorumlab/protocols/state"
)

// TestJournalTellsWhatChanged: a Journal answers as its KV does, and whoever follows
// its changes has the same values.
func TestJournalTellsWhatChanged(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		journal, kv := NewJournal(), NewKV()
		follower := map[string]string{}
		seen := uint64(0)
		for range rapid.IntRange(1, 60).Draw(t, "commands") {
			var command protocols.Command = drawCommand(t)
			if rapid.IntRange(0, 3).Draw(t, "together") == 0 {
				transaction := Transaction{}
				for range rapid.IntRange(0, 4).Draw(t, "parts") {
					transaction.Commands = append(transaction.Commands, drawCommand(t))
				}
				command = transaction
			}
			before := maps.Clone(kv.Values)
			got, want := journal.Apply(command), kv.Apply(command)
			if !reflect.DeepEqual(got, want) {
				t.Fatalf("%+v gives %+v, want %+v", command, got, want)
			}
			if journal.Revision == seen && !maps.Equal(before, kv.Values) {
				t.Fatalf("%+v changed something, and has no revision", command)
			}
			changes, complete := journal.Since(seen)
			if !complete || len(changes) == 0 && journal.Revision != seen {
				t.Fatalf("changes are missing after revision %d", seen)
			}
			for _, change := range changes {
				if change.Deleted {
					delete(follower, change.Key)
				} else {
					follower[change.Key] = change.Value
				}
				seen = change.Revision
			}
			if !maps.Equal(follower, kv.Values) || seen != journal.Revision {
				t.Fatalf("at revision %d (of %d) the follower has %v, want %v", seen, journal.Revision, follower, kv.Values)
			}
		}
	})
}

func TestJournalForgetsWholeRevisions(t *testing.T) {
	journal := NewJournal()
	pair := Transaction{Commands: []Command{{Op: Put, Key: "a", Value: "1"}, {Op: Put, Key: "b", Value: "1"}}}
	journal.Apply(Command{Op: Put, Key: "c"})
	for range 3 * JournalKeep {
		journal.Apply(pair)
		if len(journal.Changes) > 2*JournalKeep {
			t.Fatalf("%d changes are kept", len(journal.Changes))
		}
		changes, complete := journal.Since(journal.Complete)
		if !complete || len(changes) != 2*int(journal.Revision-journal.Complete) && journal.Complete > 0 {
			t.Fatalf("%d changes after %d, at %d", len(changes), journal.Complete, journal.Revision)
		}
		if _, complete := journal.Since(journal.Complete - 1); complete && journal.Complete > 0 {
			t.Fatal("what is forgotten counts as known")
		}
	}
}

func TestJournalSnapshots(t *testing.T) {
	sessions := New(NewJournal())
	for i := range uint64(100) {
		sessions.Apply(1, i+1, Command{Op: Put, Key: string(rune('a' + i%26)), Value: "some value"})
	}
	snapshot := sessions.Snapshot()
	var assembly Assembly
	for _, chunk := range sessions.Split(snapshot, 200) {
		if _, err := assembly.Add(chunk); err != nil {
			t.Fatal(err)
		}
	}
	other := New(NewJournal())
	joined, err := other.Join(assembly)
	if err != nil {
		t.Fatal(err)
	}
	other.Restore(joined)
	if got := other.Machine.(*Journal); got.Revision != 100 || got.Complete != 100 || got.Values.Count != 26 {
		t.Errorf("%+v", got)
	}
	if !reflect.DeepEqual(other.Snapshot(), snapshot) {
		t.Error("the snapshot of what was restored differs")
	}
	if _, complete := other.Machine.(*Journal).Since(99); complete {
		t.Error("changes before the snapshot count as known")
	}
	for _, parts := range [][]protocols.Record{nil, {"rubbish"}, {JournalPagesPart{}, "rubbish"}} {
		if united, err := NewJournal().Unite(parts); err == nil {
			t.Errorf("%v united to %v", parts, united)
		}
	}
}

// TestPages: whatever is done, pages hold what a map holds, in order and no page too
// long; and a copy of the list is not touched by what comes after.
func TestPages(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var pages Pages
		want := map[string]string{}
		key := rapid.OneOf(rapid.StringN(0, 3, -1), rapid.StringOfN(rapid.RuneFrom([]rune("ab")), 0, 300, -1), rapid.Custom(func(t *rapid.T) string {
			return fmt.Sprintf("key%d", rapid.IntRange(0, 400).Draw(t, "number"))
		}))
		var kept Pages
		var keptWant map[string]string
		for range rapid.IntRange(1, 300).Draw(t, "changes") {
			k := key.Draw(t, "key")
			switch rapid.IntRange(0, 5).Draw(t, "change") {
			case 0:
				_, there := want[k]
				if pages.remove(k) != there {
					t.Fatalf("remove %q: it was there: %v", k, there)
				}
				delete(want, k)
			case 1:
				kept, keptWant = Pages{Pages: slices.Clone(pages.Pages), Count: pages.Count}, maps.Clone(want)
			default:
				value := strings.Repeat("v", rapid.SampledFrom([]int{0, 1, 100, 127, 128, 1000, 5000, 20000}).Draw(t, "length"))
				pages.set(k, value)
				want[k] = value
			}
			if got := pages.get(k); got.Found != hasKey(want, k) || got.Value != want[k] {
				t.Fatalf("%q is %d bytes, want %d", k, len(got.Value), len(want[k]))
			}
		}
		checkPages(t, &pages, want)
		checkPages(t, &kept, keptWant)
	})
}

// TestPagesTakeLittleMemory: keys that come in any order take hardly more than their
// values and what they do not share.
func TestPagesTakeLittleMemory(t *testing.T) {
	const keys = 100_000
	var pages Pages
	for i := range keys {
		pages.set(fmt.Sprintf("key-%08d", i*7919%keys), "a value of 16 b.")
	}
	total := 0
	for _, page := range pages.Pages {
		total += len(page) + 16 // where it is in the list
	}
	if each := float64(total) / keys; each > 23 {
		t.Errorf("a key of 12 bytes and its value of 16 take %.1f bytes", each)
	}
}

func hasKey(m map[string]string, key string) bool {
	_, there := m[key]
	return there
}

func checkPages(t *rapid.T, p *Pages, want map[string]string) {
	t.Helper()
	var last string
	count := 0
	for i, page := range p.Pages {
		if page == "" {
			t.Fatalf("page %d is empty", i)
		}
		var key []byte
		for at := 0; at < len(page); {
			e := entryAt(page, at)
			if at == 0 && e.shared != 0 {
				t.Fatalf("page %d begins with a key that shares %d bytes", i, e.shared)
			}
			if at > 0 && e.shared < len(last) && len(e.rest) > 0 && last[e.shared] == e.rest[0] {
				t.Fatalf("after %q comes %q, which shares more than %d bytes", last, e.rest, e.shared)
			}
			key = follow(key, e)
			if count > 0 && string(key) <= last {
				t.Fatalf("%q comes after %q", key, last)
			}
			if value, there := want[string(key)]; !there || value != e.value {
				t.Fatalf("%q has %d bytes, want %d", key, len(e.value), len(value))
			}
			if e.to == len(page) && at > 0 && len(page) > pageFull {
				t.Fatalf("page %d has %d bytes", i, len(page))
			}
			last, at = string(key), e.to
			count++
		}
	}
	if count != len(want) || p.Count != count {
		t.Fatalf("%d keys, counted %d, want %d", count, p.Count, len(want))
	}
}

// TestJournalPartsAreBounded: parts are small, and give the whole again.
func TestJournalPartsAreBounded(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		journal := NewJournal()
		for range rapid.IntRange(0, 60).Draw(t, "keys") {
			journal.Apply(Command{
				Op: Put, Key: rapid.StringN(0, 20, -1).Draw(t, "key"),
				Value: strings.Repeat("v", rapid.SampledFrom([]int{0, 10, 900, 9000}).Draw(t, "length")),
			})
		}
		whole := journal.Snapshot()
		size := rapid.IntRange(100, 10_000).Draw(t, "size")
		parts := journal.Divide(whole, size)
		var encoder state.Encoder
		for i, part := range parts {
			if bytes := len(encoder.Append(nil, part)); bytes > size {
				t.Fatalf("part %d has %d bytes, more than %d", i, bytes, size)
			}
		}
		united, err := journal.Unite(parts)
		if err != nil {
			t.Fatal(err)
		}
		equal(t, "united", united, whole)
		if len(parts) > 1 {
			if _, err := journal.Unite(parts[:1]); err == nil && parts[0].(JournalPagesPart).More {
				t.Fatal("half a page was united")
			}
		}
	})
}

func BenchmarkJournalPut(b *testing.B) {
	journal := NewJournal()
	for i := range 1_000_000 {
		journal.Values.set(fmt.Sprintf("key%d", i*7919%1_000_000), "12345678")
	}
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		i++
		journal.Apply(Command{Op: Put, Key: fmt.Sprintf("key%d", i*104729%1_000_000), Value: "87654321"})
	}
}
