package machine

import (
	"fmt"
	"slices"

	"quorumlab/protocols"
)

// Journal is a KV that numbers its changes and remembers the last of them, so that
// people can watch keys, and go on watching at another replica: equal logs give
// equal numbers.
type Journal struct {
	KV KV
	// Revision is the number of commands that changed something.
	Revision uint64
	// Changes are the last of them, the oldest first: between JournalKeep and twice
	// as many, fewer only after the beginning or a Restore. Complete is the
	// revision after which none is missing.
	Changes  []Change
	Complete uint64
}

// JournalKeep is how many changes a Journal remembers at least.
const JournalKeep = 1024

// Change is what a command did to a key. Those of one transaction have one
// revision, and each tells what the whole transaction left.
type Change struct {
	Revision   uint64
	Key, Value string
	Deleted    bool
}

// JournalSnapshot is the record that Journal.Snapshot returns. It has no changes:
// they are for those who watch, and they look again when they have missed some.
type JournalSnapshot struct {
	Revision uint64
	KV       KVSnapshot
}

// JournalPart is the first part of a JournalSnapshot, those of the KV follow.
type JournalPart struct{ Revision uint64 }

// NewJournal returns a Journal of an empty KV.
func NewJournal() *Journal { return &Journal{KV: *NewKV()} }

// Apply implements protocols.StateMachine, as KV does.
func (j *Journal) Apply(command protocols.Command) protocols.Result {
	result := j.KV.Apply(command)
	switch c := command.(type) {
	case Command:
		if c.changed(result.(Result)) {
			j.note([]string{c.Key})
		}
	case Transaction:
		done := result.(TransactionResult)
		if done.Aborted {
			break
		}
		var keys []string
		for i, part := range c.Commands {
			if part.changed(done.Results[i]) && !slices.Contains(keys, part.Key) {
				keys = append(keys, part.Key)
			}
		}
		j.note(keys)
	}
	return result
}

// changed tells from its result whether a command that took effect changed its key.
func (c Command) changed(result Result) bool {
	switch {
	case result.Error != "":
		return false
	case c.Op == Put:
		return true
	case c.Op == Delete:
		return result.Found
	}
	return result.Swapped
}

// note remembers what a command left of the keys that it changed.
func (j *Journal) note(keys []string) {
	if len(keys) == 0 {
		return
	}
	j.Revision++
	for _, key := range keys {
		left := j.KV.get(key)
		j.Changes = append(j.Changes, Change{Revision: j.Revision, Key: key, Value: left.Value, Deleted: !left.Found})
	}
	if len(j.Changes) >= 2*JournalKeep {
		// Those of one revision are kept or dropped together.
		from := len(j.Changes) - JournalKeep
		for j.Changes[from].Revision == j.Changes[from-1].Revision && from > 1 {
			from--
		}
		j.Complete = j.Changes[from-1].Revision
		j.Changes = slices.Clone(j.Changes[from:])
	}
}

// Since returns the changes after a revision, and whether none is missing. They must
// not be changed.
func (j *Journal) Since(revision uint64) ([]Change, bool) {
	if revision < j.Complete {
		return nil, false
	}
	from, _ := slices.BinarySearchFunc(j.Changes, revision, func(c Change, revision uint64) int {
		if c.Revision <= revision {
			return -1
		}
		return 1
	})
	return j.Changes[from:], true
}

// Query implements protocols.StateMachine.
func (j *Journal) Query(command protocols.Command) (protocols.Result, bool) {
	return j.KV.Query(command)
}

// Snapshot implements protocols.StateMachine.
func (j *Journal) Snapshot() protocols.Record {
	return JournalSnapshot{Revision: j.Revision, KV: j.KV.Snapshot().(KVSnapshot)}
}

// Restore implements protocols.StateMachine. A record of another type panics.
func (j *Journal) Restore(snapshot protocols.Record) {
	var restored JournalSnapshot
	if snapshot != nil {
		var ok bool
		if restored, ok = snapshot.(JournalSnapshot); !ok {
			panic(fmt.Sprintf("machine: snapshot of a Journal is a %T", snapshot))
		}
	}
	j.KV.Restore(restored.KV)
	j.Revision, j.Complete, j.Changes = restored.Revision, restored.Revision, nil
}

// Divide implements Divisible.
func (j *Journal) Divide(snapshot protocols.Record, size int) []protocols.Record {
	whole := snapshot.(JournalSnapshot)
	return append([]protocols.Record{JournalPart{Revision: whole.Revision}}, j.KV.Divide(whole.KV, size)...)
}

// Unite implements Divisible.
func (j *Journal) Unite(parts []protocols.Record) (protocols.Record, error) {
	if len(parts) == 0 {
		return nil, fmt.Errorf("machine: a Journal's snapshot of no parts")
	}
	first, ok := parts[0].(JournalPart)
	if !ok {
		return nil, fmt.Errorf("machine: the first part of a Journal's snapshot is a %T", parts[0])
	}
	united, err := j.KV.Unite(parts[1:])
	if err != nil {
		return nil, err
	}
	return JournalSnapshot{Revision: first.Revision, KV: united.(KVSnapshot)}, nil
}
