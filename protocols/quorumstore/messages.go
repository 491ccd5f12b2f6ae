package quorumstore

import (
	"fmt"

	"quorumlab/protocols"
)

// Fetch asks a replica what it holds of a key. Numbers are the sender's, and
// never used twice, not even in another life: an answer that comes late answers
// nothing else.
type Fetch struct {
	Number uint64
	Key    string
}

// Fetched answers Fetch with what is on the sender's disk.
type Fetched struct {
	Number   uint64
	Versions []Version
}

// Store asks a replica to keep versions of a key: for itself or, as a hint, for
// the owner in For.
type Store struct {
	Number   uint64
	Key      string
	Versions []Version
	For      protocols.NodeID
}

// Stored answers Store: the versions, or such as replace them, are on the
// sender's disk, in the record At of its log or in the snapshot that took the
// record's place.
type Stored struct {
	Number   uint64
	Key      string
	Versions []Version
	For      protocols.NodeID
	At       uint64
}

// Digest compares a level of the Merkle tree over the keys that sender and
// receiver both own: it holds the hash of some ranges. Round is the number of
// the node that began the comparison, Back whether the receiver is that one.
type Digest struct {
	Round  uint64
	Back   bool
	Level  int
	Ranges []Range
}

// Range is one node of a Merkle tree: the Index'th of its level.
type Range struct {
	Index int
	Hash  uint64
}

// Agreed answers the Digest that began Round: the trees are equal; Hash is that
// of their root.
type Agreed struct{ Round, Hash uint64 }

// Contents ships what the sender holds in the leaves where the trees differ.
// With Answer the receiver ships back what the sender lacks.
type Contents struct {
	Leaves  []int
	Entries []Entry
	Answer  bool
}

// Entry is a key with its versions.
type Entry struct {
	Key      string
	Versions []Version
}

// Kept tells whether the sender's disk bears the acknowledgement out.
func (m Stored) Kept(durable protocols.Disk) string {
	held := heldOnDisk(durable, m.At, m.Key, m.For)
	for i := range m.Versions {
		// What keys are given with was never written.
		if !m.Versions[i].Stamp.initial() && !covers(held, &m.Versions[i]) {
			return fmt.Sprintf("a version of key %q is not on disk", m.Key)
		}
	}
	return ""
}

// heldOnDisk returns the versions that a record of the log, or the snapshot in
// its place, has of a key.
func heldOnDisk(disk protocols.Disk, at uint64, key string, owner protocols.NodeID) []Version {
	if at >= disk.First && at < disk.Next() {
		record, is := disk.Log[at-disk.First].(Kept)
		if !is || record.Key != key || record.For != owner {
			return nil
		}
		return record.Versions
	}
	snapshot, _ := disk.Snapshot.(Snapshot)
	if owner == 0 {
		return snapshot.Cells[key]
	}
	for i := range snapshot.Hints {
		if snapshot.Hints[i].Owner == owner && snapshot.Hints[i].Key == key {
			return snapshot.Hints[i].Versions
		}
	}
	return nil
}
