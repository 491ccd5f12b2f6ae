package machine

import (
	"maps"
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"quorumlab/protocols"
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
	if got := other.Machine.(*Journal); got.Revision != 100 || got.Complete != 100 || len(got.KV.Values) != 26 {
		t.Errorf("%+v", got)
	}
	if !reflect.DeepEqual(other.Snapshot(), snapshot) {
		t.Error("the snapshot of what was restored differs")
	}
	if _, complete := other.Machine.(*Journal).Since(99); complete {
		t.Error("changes before the snapshot count as known")
	}
	for _, parts := range [][]protocols.Record{nil, {"rubbish"}, {JournalPart{}, "rubbish"}} {
		if united, err := NewJournal().Unite(parts); err == nil {
			t.Errorf("%v united to %v", parts, united)
		}
	}
}
