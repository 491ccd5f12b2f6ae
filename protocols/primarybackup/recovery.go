package primarybackup

import (
	"slices"

	"quorumlab/protocols"
	"quorumlab/protocols/machine"
)

// Recovery must find the longest chain of entries that the disk holds, and
// deliver of it only what is surely committed.

func (n *Node) onRecovered(disk protocols.Disk, out *protocols.Effects) {
	if disk.MetaDamaged || disk.SnapshotDamaged {
		// Which terms it followed or claimed, or which entries the snapshot
		// stood for, nobody can tell it: it must neither lead nor acknowledge.
		n.take(RoleHalted, out)
		n.note(out, protocols.Halted, 0, disk.Unreadable())
		return
	}
	meta := metaOf(disk)
	n.Term, n.Lost, n.DurableTerm = meta.Term, meta.Lost, meta.Term
	n.Snapshot, n.DiskNext = snapshotOf(disk), disk.Next()
	if disk.Snapshot == nil {
		n.Snapshot.Machine = n.Sessions.Snapshot() // as it was given
	}
	empty := n.recoverLog(disk, out)
	n.Durable = n.last().Index
	n.Commit, n.Applied = n.committed(), n.Snapshot.End.Index
	n.Writes = map[protocols.ClientID]Write{}
	n.Reads = map[protocols.ClientID]Read{}
	n.Sessions.Restore(n.Snapshot.Machine)
	n.restored("recovered", out)
	if meta.Blank && !n.Settings.AskFirst {
		n.empty(meta.Lost, out)
	}
	n.apply(out)
	switch own := n.Settings.owner(n.Term) == n.Settings.Self; {
	case n.Settings.AskFirst && (empty || meta.Blank):
		n.wake(empty, out)
	case own && empty:
		n.claim(n.Term, out)
	default:
		n.resume(out)
	}
}

// recoverLog reads the chain of entries that continues the snapshot, and cuts
// off the disk what is not of it: before it, records that the snapshot stands
// for; after it, what a crash has left of an earlier log, or damage. It
// reports whether the disk was empty.
func (n *Node) recoverLog(disk protocols.Disk, out *protocols.Effects) (empty bool) {
	var writes []protocols.Write
	records, index := disk.Log, disk.First
	for len(records) > 0 {
		if entry, readable := records[0].(Entry); !readable || entry.Index > n.Snapshot.End.Index {
			break
		}
		records, index = records[1:], index+1
	}
	if index > disk.First {
		writes = append(writes, protocols.CutHead{Before: index})
	}
	for i, record := range records {
		entry, readable := record.(Entry)
		if end := n.last(); !readable || entry.Index != end.Index+1 || entry.Prev != end.Term {
			if len(disk.Damaged) > 0 {
				n.Lost = max(n.Lost, end.Index+uint64(len(records)-i))
				writes = append(writes, protocols.SetMeta{Meta: n.meta()})
			}
			n.DiskNext = index + uint64(i)
			writes = append(writes, protocols.CutTail{From: n.DiskNext})
			break
		}
		n.Log = append(n.Log, entry)
	}
	if len(writes) > 0 {
		n.persist(out, writes...)
	}
	return disk.Meta == nil && disk.Snapshot == nil && len(disk.Log) == 0
}

// committed returns what is surely committed of the log just recovered. With
// async, what left the primary's disk was committed there. With sync it is what
// the last entry says: others may not have the rest.
func (n *Node) committed() uint64 {
	if n.Settings.Replication != replicationSync {
		return n.last().Index
	}
	if len(n.Log) == 0 {
		return n.Snapshot.End.Index
	}
	return max(n.Snapshot.End.Index, n.Log[len(n.Log)-1].Commit)
}

// resume takes up the role that the term says.
func (n *Node) resume(out *protocols.Effects) {
	own := n.Settings.owner(n.Term) == n.Settings.Self
	switch {
	case own && !n.Blank && n.Lost == 0:
		n.claim(n.Settings.nextOwn(n.Term), out)
	case own && !n.Blank && n.Settings.Takeover == takeoverOff:
		n.take(RoleHalted, out)
		n.note(out, protocols.Halted, n.Lost, "the log is damaged and nobody takes over")
	case n.Role == RoleBackup: // already
	default:
		n.take(RoleBackup, out)
		n.follow(out)
		n.watchPrimary(out)
	}
}

// recoverLost takes note, on disk, that what damage took from the log has come
// back from a primary.
func (n *Node) recoverLost(out *protocols.Effects) {
	if n.Lost > 0 && n.Synced && n.Durable >= n.Lost {
		n.Lost = 0
		n.persist(out, protocols.SetMeta{Meta: n.meta()})
	}
}

// newNode makes a node that has yet to be given Recovered.
func newNode(settings Settings, kept protocols.StateMachine) *Node {
	settings.Nodes = slices.Clone(settings.Nodes)
	return &Node{Settings: settings, Sessions: *machine.New(kept)}
}
