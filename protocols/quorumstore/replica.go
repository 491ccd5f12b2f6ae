package quorumstore

import (
	"maps"
	"slices"
	"time"

	"quorumlab/protocols"
)

// A replica must tell only what is on its disk: what it holds and what it vouches
// for are one and the same. What is still being written counts for nothing.

// held returns what the node holds of a key, for whomever.
func (n *Node) held(key string) []Version {
	versions := n.Cells[key].Versions
	for i := range n.Hints {
		if n.Hints[i].Key == key {
			versions = merge(versions, n.Hints[i].Versions)
		}
	}
	return versions
}

func (n *Node) onFetch(from protocols.NodeID, fetch Fetch, out *protocols.Effects) {
	if n.Damaged {
		return // it cannot tell what it has lost
	}
	out.Send(from, Fetched{Number: fetch.Number, Versions: n.held(fetch.Key)})
}

// onStore keeps versions and then says so. What it keeps for others it does not
// mix with its own.
func (n *Node) onStore(from protocols.NodeID, store Store, out *protocols.Effects) {
	if store.For == 0 && !n.Keeps(store.Key) || store.For == n.Settings.Self {
		return // from a node with another ring
	}
	held, at := n.keptFor(store.For, store.Key)
	if coversAll(held, store.Versions) {
		n.acknowledge(from, store, at, out)
		return
	}
	again := func(w Writing) bool {
		return w.At != 0 && w.To == from && w.Number == store.Number && w.Key == store.Key &&
			w.For == store.For && coversAll(w.Asked, store.Versions)
	}
	if slices.ContainsFunc(n.Writing, again) {
		return // it will be told when that is on disk
	}
	n.keep(Writing{
		Key: store.Key, For: store.For, Versions: store.Versions, Asked: store.Versions,
		To: from, Number: store.Number,
	}, out)
}

// keptFor returns what is on disk of a key for an owner, and where.
func (n *Node) keptFor(owner protocols.NodeID, key string) ([]Version, uint64) {
	if owner == 0 {
		cell := n.Cells[key]
		return cell.Versions, cell.At
	}
	if at := n.hintFor(owner, key); at >= 0 {
		return n.Hints[at].Versions, n.Hints[at].At
	}
	return nil, 0
}

func (n *Node) hintFor(owner protocols.NodeID, key string) int {
	return slices.IndexFunc(n.Hints, func(h Hint) bool { return h.Owner == owner && h.Key == key })
}

// keep writes a record with all that is then held of a key.
func (n *Node) keep(w Writing, out *protocols.Effects) {
	held, _ := n.keptFor(w.For, w.Key)
	for i := range n.Writing {
		if n.Writing[i].Key == w.Key && n.Writing[i].For == w.For && n.Writing[i].At != 0 {
			held = merge(held, n.Writing[i].Versions)
		}
	}
	w.Versions, w.At = merge(held, w.Versions), n.DiskNext
	n.persist(w, out, protocols.Append{Record: Kept{Key: w.Key, For: w.For, Versions: w.Versions}})
}

// persist writes to the disk; what was written is taken up when it is there.
func (n *Node) persist(w Writing, out *protocols.Effects, writes ...protocols.Write) {
	n.Mark++
	w.Mark = n.Mark
	for _, write := range writes {
		if _, appends := write.(protocols.Append); appends {
			n.DiskNext++
		}
	}
	n.Writing = append(n.Writing, w)
	out.Persist(n.Mark, writes...)
}

func (n *Node) onPersisted(now time.Duration, mark uint64, out *protocols.Effects) {
	for len(n.Writing) > 0 && n.Writing[0].Mark <= mark {
		w := n.Writing[0]
		n.Writing = n.Writing[1:]
		if w.At != 0 {
			n.take(w, out)
		}
	}
	if len(n.Writing) == 0 {
		n.Writing = nil
		n.DiskApplied = n.DiskNext
	} else {
		n.DiskApplied = n.firstUnwritten()
	}
	if !n.Ready {
		n.begin(now, out)
	}
}

// firstUnwritten returns the first record of the Persists under way.
func (n *Node) firstUnwritten() uint64 {
	for i := range n.Writing {
		if n.Writing[i].At != 0 {
			return n.Writing[i].At
		}
	}
	return n.DiskNext
}

// take takes up a record that is now on disk.
func (n *Node) take(w Writing, out *protocols.Effects) {
	if w.For == 0 {
		n.Cells[w.Key] = Cell{Versions: w.Versions, At: w.At}
	} else {
		n.takeHint(w.For, w.Key, w.Versions, w.At, out)
	}
	if w.To != 0 {
		n.acknowledge(w.To, Store{Number: w.Number, Key: w.Key, For: w.For, Versions: w.Asked}, w.At, out)
	}
}

func (n *Node) acknowledge(to protocols.NodeID, store Store, at uint64, out *protocols.Effects) {
	if to == n.Settings.Self {
		n.stored(to, store.Number, store.For, out)
		return
	}
	out.Send(to, Stored{Number: store.Number, Key: store.Key, Versions: store.Versions, For: store.For, At: at})
}

// onStored takes up that another node keeps what it was asked to.
func (n *Node) onStored(from protocols.NodeID, message Stored, out *protocols.Effects) {
	n.handed(from, message, out)
	n.stored(from, message.Number, message.For, out)
}

// compact replaces the records that are taken up by a snapshot, if there are
// enough. Tombstones that are old are then gone for good.
func (n *Node) compact(now time.Duration, out *protocols.Effects) {
	if every := n.Settings.SnapshotEvery; every == 0 || n.DiskApplied-n.DiskFirst < every {
		return
	}
	for _, key := range sortedKeys(n.Cells) {
		if expired(n.Cells[key].Versions, now, n.Settings.TombstoneAge) {
			delete(n.Cells, key)
		}
	}
	n.saveSnapshot(out, nil)
}

// saveSnapshot writes a snapshot of what is taken up, after other writes.
func (n *Node) saveSnapshot(out *protocols.Effects, before []protocols.Write) {
	snapshot := Snapshot{Life: n.Life, Cells: make(map[string][]Version, len(n.Cells)), Hints: slices.Clone(n.Hints)}
	for _, key := range sortedKeys(n.Cells) {
		snapshot.Cells[key] = n.Cells[key].Versions
	}
	n.DiskFirst = n.DiskApplied
	n.persist(Writing{}, out, append(before,
		protocols.SaveSnapshot{Snapshot: snapshot}, protocols.CutHead{Before: n.DiskApplied})...)
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
