package sim

import (
	"slices"

	"quorumlab/protocols"
)

// Disk is a node's stable storage: the durable image, and what was written
// but is not yet forced.
type Disk struct {
	Durable protocols.Disk
	// Pending holds the Persist effects not yet stable, in order. Syncing of
	// them are covered by the force (fsync) that is under way, if it is not 0.
	Pending []protocols.Persist
	Syncing int
	// Full: no force completes; it ends in an error. Failing: the next force
	// ends in an error (EIO). Either stops the node: after a failed fsync
	// nobody knows what the disk holds.
	Full, Failing bool
}

// Start begins a force that covers all that is pending, unless one is under
// way or nothing is pending. It reports whether it did.
func (d *Disk) Start() bool {
	if d.Syncing > 0 || len(d.Pending) == 0 {
		return false
	}
	d.Syncing = len(d.Pending)
	return true
}

// Complete ends the force under way and returns the mark that is now stable.
func (d *Disk) Complete() uint64 {
	mark := d.Pending[d.Syncing-1].Mark
	for _, persist := range d.Pending[:d.Syncing] {
		for _, write := range persist.Writes {
			d.Durable.Apply(write)
		}
	}
	d.Pending = slices.Delete(d.Pending, 0, d.Syncing)
	d.Syncing = 0
	return mark
}

// Unforced returns the number of single writes that a crash may lose.
func (d *Disk) Unforced() int {
	n := 0
	for _, persist := range d.Pending {
		n += len(persist.Writes)
	}
	return n
}

// Forced returns how many of the unforced writes the force under way covers.
func (d *Disk) Forced() int {
	n := 0
	for _, persist := range d.Pending[:d.Syncing] {
		n += len(persist.Writes)
	}
	return n
}

// Crash keeps the first keep unforced writes (all, if there are fewer) and
// loses the rest.
func (d *Disk) Crash(keep int) {
	for _, persist := range d.Pending {
		for _, write := range persist.Writes {
			if keep == 0 {
				break
			}
			d.Durable.Apply(write)
			keep--
		}
	}
	d.Pending, d.Syncing, d.Failing = nil, 0, false
}

// Rot makes one durable record unreadable: the one at position of the log,
// counted from its start and taken modulo its length. It returns the record's
// index, or 0 if there is no readable record there.
func (d *Disk) Rot(position uint64) uint64 {
	if len(d.Durable.Log) == 0 {
		return 0
	}
	offset := position % uint64(len(d.Durable.Log))
	index := d.Durable.First + offset
	at, damaged := slices.BinarySearch(d.Durable.Damaged, index)
	if damaged {
		return 0
	}
	d.Durable.Damaged = slices.Insert(d.Durable.Damaged, at, index)
	return index
}

// RotMeta makes the durable metadata unreadable. It reports false if there is
// none that could be read.
func (d *Disk) RotMeta() bool {
	rots := d.Durable.Meta != nil && !d.Durable.MetaDamaged
	d.Durable.MetaDamaged = d.Durable.MetaDamaged || rots
	return rots
}

// RotSnapshot is RotMeta for the snapshot.
func (d *Disk) RotSnapshot() bool {
	rots := d.Durable.Snapshot != nil && !d.Durable.SnapshotDamaged
	d.Durable.SnapshotDamaged = d.Durable.SnapshotDamaged || rots
	return rots
}

// Lose makes the disk an empty one: the old one broke, and was replaced.
func (d *Disk) Lose() { d.Durable = protocols.Disk{} }

// Image returns the durable content as a recovering node may see it: what is
// damaged is unreadable. It shares no slice with the disk.
func (d *Disk) Image() protocols.Disk {
	image := d.Durable
	image.Log = slices.Clone(d.Durable.Log)
	image.Damaged = slices.Clone(d.Durable.Damaged)
	for _, index := range image.Damaged {
		image.Log[index-image.First] = nil
	}
	if image.MetaDamaged {
		image.Meta = nil
	}
	if image.SnapshotDamaged {
		image.Snapshot = nil
	}
	return image
}
