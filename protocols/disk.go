package protocols

import (
	"fmt"
	"slices"
)

// Disk is the content of one node's stable storage: a log of records, one
// record of metadata that is replaced as a whole, and one snapshot.
type Disk struct {
	// Meta is the latest metadata, nil if none was ever written.
	Meta Record
	// First is the index of Log[0]; the first record ever has index 1.
	First uint64
	Log   []Record
	// Snapshot is the latest snapshot, nil if there is none.
	Snapshot Record
	// Damaged holds the indices, growing, of records of Log that were
	// written but can no longer be read (their checksum fails); they are nil
	// in Log. A record that a crash tore is not among them: its length gives
	// it away, and the driver drops it.
	Damaged []uint64
	// MetaDamaged and SnapshotDamaged say the same of Meta and Snapshot, which
	// then are nil too. A node that takes such a disk for a new one forgets
	// what it vowed.
	MetaDamaged, SnapshotDamaged bool
}

// Unreadable says what of the disk cannot be read any more, "" if nothing.
func (d Disk) Unreadable() string {
	switch {
	case d.MetaDamaged:
		return "the metadata is damaged"
	case d.SnapshotDamaged:
		return "the snapshot is damaged"
	case len(d.Damaged) > 0:
		return fmt.Sprintf("record %d of the log is damaged", d.Damaged[0])
	}
	return ""
}

// Next returns the index that the next record appended will have.
func (d Disk) Next() uint64 {
	if d.First == 0 {
		return 1
	}
	return d.First + uint64(len(d.Log))
}

// Apply makes one write. Indices outside the log are the node's error, not the
// disk's: they panic. It works in place: what was copied from Log may change.
func (d *Disk) Apply(write Write) {
	if d.First == 0 {
		d.First = 1
	}
	switch w := write.(type) {
	case Append:
		d.Log = append(d.Log, w.Record)
	case SetMeta:
		d.Meta, d.MetaDamaged = w.Meta, false
	case SaveSnapshot:
		d.Snapshot, d.SnapshotDamaged = w.Snapshot, false
	case CutTail:
		if w.From < d.First || w.From > d.Next() {
			panic("protocols: CutTail outside the log")
		}
		d.Log = slices.Delete(d.Log, int(w.From-d.First), len(d.Log))
		d.Damaged = slices.DeleteFunc(d.Damaged, func(i uint64) bool { return i >= w.From })
	case CutHead:
		if w.Before < d.First || w.Before > d.Next() {
			panic("protocols: CutHead outside the log")
		}
		d.Log = slices.Delete(d.Log, 0, int(w.Before-d.First))
		d.First = w.Before
		d.Damaged = slices.DeleteFunc(d.Damaged, func(i uint64) bool { return i < w.Before })
	default:
		panic(fmt.Sprintf("protocols: a write of type %T", write))
	}
}

// Write is one change of a Disk: one of Append, SetMeta, CutTail, CutHead and
// SaveSnapshot.
type Write interface{ isWrite() }

// Append adds one record at the log's end.
type Append struct{ Record Record }

// SetMeta replaces the metadata.
type SetMeta struct{ Meta Record }

// CutTail removes the records from index From on.
type CutTail struct{ From uint64 }

// CutHead removes the records before index Before.
type CutHead struct{ Before uint64 }

// SaveSnapshot replaces the snapshot.
type SaveSnapshot struct{ Snapshot Record }

func (Append) isWrite()       {}
func (SetMeta) isWrite()      {}
func (CutTail) isWrite()      {}
func (CutHead) isWrite()      {}
func (SaveSnapshot) isWrite() {}
