package machine

import (
	"fmt"
	"slices"

	"quorumlab/protocols"
)

// Journal executes what a KV does, for many keys. It numbers its changes and remembers
// the last of them, so that people can watch keys, and go on watching at another
// replica: equal logs give equal numbers.
type Journal struct {
	Values Pages
	// Revision is the number of commands that changed something.
	Revision uint64
	// Changes are the last of them, the oldest first: between JournalKeep and twice
	// as many, fewer only after the beginning or a Restore. Complete is the
	// revision after which none is missing.
	Changes  []Change
	Complete uint64
	// Bytes are those of Changes.
	Bytes int
}

// JournalKeep is how many changes a Journal remembers at least.
const JournalKeep = 1024

// journalBytes is from how many bytes on it remembers fewer, of about half as many.
const journalBytes = 32 << 20

// Change is what a command did to a key. Those of one transaction have one
// revision, and each tells what the whole transaction left.
type Change struct {
	Revision   uint64
	Key, Value string
	Deleted    bool
}

// JournalPages is the record that Journal.Snapshot returns. It has no changes:
// they are for those who watch, and they look again when they have missed some. Its
// name changes when what stands in a page means something else: older ones are then
// refused.
type JournalPages struct {
	Revision uint64
	// Count is the number of keys, Pages hold them, as in Pages.
	Count int
	Pages []string
}

// JournalPagesPart is a part of a JournalPages. Revision and Count are the same in all.
// More says that the last of its pages goes on with the first of the next part.
type JournalPagesPart struct {
	Revision uint64
	Count    int
	Pages    []string
	More     bool
}

// NewJournal returns a Journal without keys.
func NewJournal() *Journal { return &Journal{} }

// Apply implements protocols.StateMachine, as KV does.
func (j *Journal) Apply(command protocols.Command) protocols.Result {
	result := apply(&j.Values, command)
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
	case c.Op == Put || c.Op == Append:
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
		left := j.Values.get(key)
		j.Changes = append(j.Changes, Change{Revision: j.Revision, Key: key, Value: left.Value, Deleted: !left.Found})
		j.Bytes += len(key) + len(left.Value)
	}
	if len(j.Changes) >= 2*JournalKeep || j.Bytes >= journalBytes {
		j.drop()
	}
}

// drop forgets the oldest changes. Those of one revision are kept or dropped together.
func (j *Journal) drop() {
	from, bytes := len(j.Changes), 0
	for ; from > 0 && len(j.Changes)-from < JournalKeep && bytes < journalBytes/2; from-- {
		bytes += len(j.Changes[from-1].Key) + len(j.Changes[from-1].Value)
	}
	for ; from > 0 && j.Changes[from].Revision == j.Changes[from-1].Revision; from-- {
		bytes += len(j.Changes[from-1].Key) + len(j.Changes[from-1].Value)
	}
	if from > 0 {
		j.Complete = j.Changes[from-1].Revision
		j.Changes, j.Bytes = slices.Clone(j.Changes[from:]), bytes
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
	c, ok := command.(Command)
	if !ok || c.Op != Get {
		return nil, false
	}
	return j.Values.get(c.Key), true
}

// Snapshot implements protocols.StateMachine.
func (j *Journal) Snapshot() protocols.Record {
	return JournalPages{Revision: j.Revision, Count: j.Values.Count, Pages: slices.Clone(j.Values.Pages)}
}

// Restore implements protocols.StateMachine. A record of another type panics.
func (j *Journal) Restore(snapshot protocols.Record) {
	var restored JournalPages
	if snapshot != nil {
		var ok bool
		if restored, ok = snapshot.(JournalPages); !ok {
			panic(fmt.Sprintf("machine: snapshot of a Journal is a %T", snapshot))
		}
	}
	j.Values = Pages{Pages: slices.Clone(restored.Pages), Count: restored.Count}
	j.Revision, j.Complete, j.Changes, j.Bytes = restored.Revision, restored.Revision, nil, 0
}

// Divide implements Divisible. Pages that are too long are cut.
func (j *Journal) Divide(snapshot protocols.Record, size int) []protocols.Record {
	whole := snapshot.(JournalPages)
	empty := JournalPagesPart{Revision: whole.Revision, Count: whole.Count}
	most := max(size-partHead-entryHead, 1)
	var parts []protocols.Record
	part, room := empty, most
	for _, page := range whole.Pages {
		for {
			piece := page[:min(len(page), max(room, 1))]
			part.Pages = append(part.Pages, piece)
			room -= len(piece) + entryHead
			if page = page[len(piece):]; page == "" {
				break
			}
			part.More = true
			parts = append(parts, part)
			part, room = empty, most
		}
		if room <= 0 {
			parts = append(parts, part)
			part, room = empty, most
		}
	}
	return append(parts, part)
}

// Unite implements Divisible.
func (j *Journal) Unite(parts []protocols.Record) (protocols.Record, error) {
	if len(parts) == 0 {
		return nil, fmt.Errorf("machine: a Journal's snapshot of no parts")
	}
	var whole JournalPages
	var piece []byte
	for _, record := range parts {
		part, ok := record.(JournalPagesPart)
		if !ok {
			return nil, fmt.Errorf("machine: a part of a Journal's snapshot is a %T", record)
		}
		whole.Revision, whole.Count = part.Revision, part.Count
		for i, page := range part.Pages {
			goesOn := part.More && i == len(part.Pages)-1
			if !goesOn && len(piece) == 0 {
				whole.Pages = append(whole.Pages, page)
				continue
			}
			if piece = append(piece, page...); !goesOn {
				whole.Pages = append(whole.Pages, string(piece))
				piece = piece[:0]
			}
		}
	}
	if len(piece) > 0 {
		return nil, fmt.Errorf("machine: a Journal's snapshot ends within a page")
	}
	return whole, nil
}
