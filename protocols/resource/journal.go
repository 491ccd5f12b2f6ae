package resource

import (
	"slices"

	"quorumlab/protocols"
)

// Journal is a node's log as it is being written. A record that must be on disk
// before something may be said is forced; one that need not is kept until then:
// it costs no force of its own, and may be lost (Gray, "Notes on Data Base
// Operating Systems", 1978).
type Journal struct {
	// Next is the index that the next record will have, those of Lazy counted.
	Next uint64
	// Mark is that of the latest Persist.
	Mark uint64
	// Lazy holds what waits for the next force.
	Lazy []protocols.Record
	// Awaited holds what is to be done once records are on disk, oldest first.
	Awaited []Awaited
	// Since is the index after the latest snapshot's.
	Since uint64
}

// Awaited is what is to be done once a record is on disk. What is the
// protocol's own word for it.
type Awaited struct {
	Mark uint64
	// Index is that of the record.
	Index       uint64
	Transaction ID
	What        string
}

// Begin makes a Journal of a disk.
func (j *Journal) Begin(disk protocols.Disk) {
	*j = Journal{Next: disk.Next(), Since: max(disk.First, 1)}
}

// Keep adds a record that need not be forced.
func (j *Journal) Keep(record protocols.Record) {
	j.Lazy = append(j.Lazy, record)
	j.Next++
}

// Force adds a record and has it forced, with all that was kept. Persisted will
// return what is given here.
func (j *Journal) Force(record protocols.Record, transaction ID, what string, out *protocols.Effects) {
	index := j.Next
	j.Keep(record)
	j.flush(out)
	j.Awaited = append(j.Awaited, Awaited{Mark: j.Mark, Index: index, Transaction: transaction, What: what})
}

func (j *Journal) flush(out *protocols.Effects, more ...protocols.Write) {
	writes := make([]protocols.Write, 0, len(j.Lazy)+len(more))
	for _, record := range j.Lazy {
		writes = append(writes, protocols.Append{Record: record})
	}
	j.Mark++
	out.Persist(j.Mark, append(writes, more...)...)
	j.Lazy = nil
}

// Persisted returns what waited for what is on disk by now, oldest first.
func (j *Journal) Persisted(mark uint64) []Awaited {
	done := 0
	for done < len(j.Awaited) && j.Awaited[done].Mark <= mark {
		done++
	}
	ready := slices.Clone(j.Awaited[:done])
	j.Awaited = slices.Delete(j.Awaited, 0, done)
	return ready
}

// Through returns the index up to which a snapshot may stand for the log now,
// if there are so many records that one is due (never, if every is 0). What a
// record that is awaited says has not yet happened in memory: such a record and
// those after it stay in the log, and are replayed over the snapshot.
func (j *Journal) Through(every uint64) (through uint64, due bool) {
	through = j.Next - 1
	if len(j.Awaited) > 0 {
		through = j.Awaited[0].Index - 1
	}
	return through, every > 0 && through+1 >= j.Since+every
}

// Compact replaces the log, as far as the snapshot goes, by it. It is the last act
// of a step: all that Persisted returned must have been done.
func (j *Journal) Compact(snapshot Snapshot, out *protocols.Effects) {
	j.Since = snapshot.Through + 1
	j.flush(out, protocols.SaveSnapshot{Snapshot: snapshot}, protocols.CutHead{Before: j.Since})
}
