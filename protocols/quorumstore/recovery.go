package quorumstore

import (
	"maps"
	"slices"
	"time"

	"quorumlab/protocols"
)

// Recovery must bring back what the node has vouched for, and know when it
// cannot: of a record that is damaged the node has told others that it holds it,
// so that it must not be part of a read quorum until it has it again. Writes it
// can take: those it keeps like any other node.

func (n *Node) onRecovered(_ time.Duration, disk protocols.Disk, out *protocols.Effects) {
	n.DiskNext, n.DiskFirst = disk.Next(), max(1, disk.First)
	n.Cells, n.Clients = map[string]Cell{}, map[protocols.ClientID]Session{}
	n.recoverSnapshot(disk)
	for i, record := range disk.Log {
		n.recoverRecord(record, disk.First+uint64(i))
	}
	n.DiskApplied = n.DiskNext
	if meta, written := disk.Meta.(Meta); written {
		n.Life, n.Damaged = meta.Life, meta.Damaged
	}
	lost := len(disk.Damaged) > 0 || disk.SnapshotDamaged
	if disk.MetaDamaged {
		if n.Life == 0 && disk.SnapshotDamaged {
			// Its numbers would be those of an earlier life, and late answers
			// to that one be taken for answers to this.
			n.Halted = true
			out.Note(protocols.Note{Kind: protocols.Halted, Text: "which life this is cannot be read any more"})
			return
		}
		n.Life += uint64(len(disk.Damaged)) // each may have told of one more
	}
	n.Damaged = n.Damaged || lost || disk.MetaDamaged
	n.Life++
	life := []protocols.Write{protocols.SetMeta{Meta: Meta{Life: n.Life, Damaged: n.Damaged}}}
	if lost {
		// What cannot be read is of no use, and the damage is remembered in
		// the metadata.
		n.saveSnapshot(out, life)
	} else {
		n.persist(Writing{}, out, append(life, protocols.Append{Record: Born{Life: n.Life}})...)
	}
}

// recoverSnapshot takes up the snapshot or, if there never was one, what the keys
// are given with.
func (n *Node) recoverSnapshot(disk protocols.Disk) {
	snapshot, saved := disk.Snapshot.(Snapshot)
	if !saved && !disk.SnapshotDamaged {
		for _, key := range sortedKeys(n.Initial) {
			if n.Keeps(key) {
				n.Cells[key] = Cell{Versions: []Version{{Value: n.Initial[key]}}}
			}
		}
	}
	n.Life, n.Hints = snapshot.Life, slices.Clone(snapshot.Hints)
	for _, key := range sortedKeys(snapshot.Cells) {
		n.Cells[key] = Cell{Versions: snapshot.Cells[key]}
	}
}

func (n *Node) recoverRecord(record protocols.Record, index uint64) {
	switch r := record.(type) {
	case Kept:
		held, _ := n.keptFor(r.For, r.Key)
		versions := merge(held, r.Versions)
		if r.For == 0 {
			n.Cells[r.Key] = Cell{Versions: versions, At: index}
			return
		}
		if at := n.hintFor(r.For, r.Key); at >= 0 {
			n.Hints = slices.Delete(n.Hints, at, at+1)
		}
		n.Hints = append(n.Hints, Hint{Owner: r.For, Key: r.Key, Versions: versions, At: index})
	case Born:
		n.Life = max(n.Life, r.Life)
	case Handed:
		if at := n.hintFor(r.For, r.Key); at >= 0 {
			n.Hints = slices.Delete(n.Hints, at, at+1)
		}
	}
}

// begin starts to coordinate, now that no other life has the number of this one.
func (n *Node) begin(now time.Duration, out *protocols.Effects) {
	n.Ready = true
	n.offerHints(out)
	n.syncLater(out)
	waiting := n.Waiting
	n.Waiting = nil
	for _, request := range waiting {
		n.onRequested(now, request, out)
	}
}

// newNode makes a node that has yet to be given Recovered.
func newNode(settings Settings, initial map[string]string) *Node {
	return &Node{Settings: settings, Initial: maps.Clone(initial)}
}
