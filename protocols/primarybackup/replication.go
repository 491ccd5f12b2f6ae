package primarybackup

import (
	"fmt"

	"quorumlab/protocols"
	"quorumlab/protocols/machine"
)

// Replication must keep every synced backup's log a prefix of the primary's,
// and call committed only what the mode promises: what is on the primary's disk
// and, with replication=sync, on the disk of every backup that is waited for.

func (n *Node) onReceived(from protocols.NodeID, message protocols.Message, out *protocols.Effects) {
	switch m := message.(type) {
	case Inquiry:
		n.onInquiry(from, out)
		return
	case Knowledge:
		n.onKnowledge(from, m, out)
		return
	}
	term := termOf(message)
	if term < n.Term {
		n.onOutdated(from, message, out)
		return
	}
	if term > n.Term {
		n.adopt(term, out)
		switch message.(type) {
		case Sync, Part, Heartbeat: // these lead to following by themselves
		default:
			n.follow(out)
		}
	}
	switch {
	case n.leads():
		n.heard(from, out)
	case n.Role == RoleBackup && from == n.Settings.owner(n.Term):
		n.New = false
		n.watchPrimary(out)
	}
	n.onCurrent(from, message, out)
}

// onCurrent handles a message of the node's own term.
func (n *Node) onCurrent(from protocols.NodeID, message protocols.Message, out *protocols.Effects) {
	switch message := message.(type) {
	case Follow:
		n.onFollow(from, message, out)
	case Ack:
		n.onAck(from, message, out)
	case Sync:
		n.onSync(message, out)
	case Part:
		n.onPart(message, out)
	case Append:
		n.onAppend(message, out)
	case Heartbeat:
		n.onHeartbeat(message, out)
	case Forward, ReadAsk:
		n.onAsked(from, message, out)
	case ReadIndex:
		n.onReadIndex(message, out)
	}
}

// onOutdated handles a message of an earlier term: its sender does not know
// the present one. Follow is welcome, for Sync will tell the sender.
func (n *Node) onOutdated(from protocols.NodeID, message protocols.Message, out *protocols.Effects) {
	follow, following := message.(Follow)
	switch {
	case following && n.leads():
		n.heard(from, out)
		n.onFollow(from, follow, out)
	case n.Role == RoleClaiming: // a claim that is not yet on disk is not told
		if following {
			n.onFollow(from, follow, out)
		}
	default:
		out.Send(from, Newer{Term: n.Term})
	}
}

// The backup's side.

// follow asks the term's primary to ship its log. The answer comes sooner or
// later, unless the link breaks or a higher term begins.
func (n *Node) follow(out *protocols.Effects) {
	n.Asked, n.Following, n.Incoming = false, false, machine.Assembly{}
	primary := n.Settings.owner(n.Term)
	if n.Role != RoleBackup || primary == n.Settings.Self || n.Settings.Replication == replicationNone {
		return
	}
	out.Send(primary, Follow{Term: n.Term, Base: n.Snapshot.End.Index, Ends: n.ends()})
	n.Asked = true
}

// onPart puts a snapshot together. The stream keeps the order of the parts, and of
// what is missing when it broke another Follow asks.
func (n *Node) onPart(part Part, out *protocols.Effects) {
	if n.Role != RoleBackup {
		return
	}
	if complete, err := n.Incoming.Add(part.Chunk); err != nil || !complete {
		return
	}
	snapshot, err := n.Sessions.Join(n.Incoming)
	n.Incoming = machine.Assembly{}
	if err != nil {
		n.follow(out)
		return
	}
	part.Sync.Snapshot.Machine = snapshot
	n.onSync(part.Sync, out)
}

// onSync makes the log a prefix of the primary's.
func (n *Node) onSync(sync Sync, out *protocols.Effects) {
	if n.Role != RoleBackup {
		return
	}
	// Once it is a prefix it stays one for the rest of the term. A second
	// answer, to a Follow sent twice, must not take away what was
	// acknowledged since.
	if !n.Synced {
		switch {
		case sync.Replace:
			n.replace(sync.Snapshot, out)
			n.note(out, protocols.Synchronized, n.last().Index, "SNAP")
		case !n.has(sync.Match): // the log is another one since Follow
			n.follow(out)
			return
		case sync.Match == n.last():
			n.note(out, protocols.Synchronized, n.last().Index, "DIFF")
		default:
			n.truncate(sync.Match.Index, out)
			n.note(out, protocols.Synchronized, n.last().Index, "TRUNC")
		}
		n.Synced = true
	} else if sync.Replace && sync.Snapshot.End.Index > n.last().Index {
		n.replace(sync.Snapshot, out)
		n.note(out, protocols.Synchronized, n.last().Index, "SNAP")
	}
	n.Asked, n.Following = false, true
	n.Lost = min(n.Lost, sync.Last) // what the primary has not is no loss
	out.CancelTimer(retryOf(n.Settings.owner(n.Term)))
	n.acknowledge(out)
	n.recoverLost(out)
	n.learn(sync.Commit, out)
	n.askAll(out)
}

func (n *Node) onAppend(message Append, out *protocols.Effects) {
	if !n.Synced || n.Role != RoleBackup {
		return
	}
	entries := message.Entries
	for len(entries) > 0 && entries[0].Index <= n.last().Index {
		entries = entries[1:] // had already
	}
	if len(entries) > 0 {
		if entries[0].Index != n.last().Index+1 {
			n.follow(out) // entries in between were lost with a link
			return
		}
		n.extend(entries, out)
	}
	n.learn(message.Commit, out)
}

// learn takes note of what the primary says is committed.
func (n *Node) learn(commit uint64, out *protocols.Effects) {
	if !n.Synced || n.Role != RoleBackup {
		return
	}
	n.Commit = max(n.Commit, min(commit, n.last().Index))
	n.apply(out)
}

func (n *Node) onHeartbeat(message Heartbeat, out *protocols.Effects) {
	if n.Role != RoleBackup {
		return
	}
	n.learn(message.Commit, out)
	switch {
	case n.Asked:
	case !n.Following, !message.Shipping: // the primary alone may know of a break
		n.follow(out)
	case n.Settings.waitsForAlive():
		n.acknowledge(out) // shows that the backup is alive
	}
}

// acknowledge tells the primary what is on disk, if it waits for that.
func (n *Node) acknowledge(out *protocols.Effects) {
	if n.Settings.Replication != replicationSync || n.Role != RoleBackup || !n.Synced ||
		n.DurableTerm != n.Term || n.Durable < n.Snapshot.End.Index {
		return
	}
	out.Send(n.Settings.owner(n.Term), Ack{Term: n.Term, End: n.endAt(n.Durable)})
}

// The primary's side.

// onFollow begins to ship the log to a backup.
func (n *Node) onFollow(from protocols.NodeID, follow Follow, out *protocols.Effects) {
	if n.Role == RoleClaiming || n.Blank && n.Settings.owner(n.Term) == n.Settings.Self {
		n.Held = append(n.Held, Held{From: from, Message: follow})
	}
	if !n.leads() || n.Settings.Replication == replicationNone {
		return
	}
	backup := n.backup(from)
	if end := follow.Ends[len(follow.Ends)-1]; end.Term == n.Term && end.Index > backup.Sent {
		n.wiped(end.Index, out)
		return
	}
	backup.Following, backup.Acked = true, 0
	out.CancelTimer(retryOf(from))
	sync := Sync{Term: n.Term, Last: n.last().Index, Commit: n.Commit}
	if match, found := n.match(follow); found {
		sync.Match, backup.Sent = match, match.Index
		out.Send(from, sync)
	} else {
		sync.Replace, sync.Snapshot.End, backup.Sent = true, n.Snapshot.End, n.Snapshot.End.Index
		for _, chunk := range n.Sessions.Split(n.Snapshot.Machine, chunkMax) {
			out.Send(from, Part{Sync: sync, Chunk: chunk})
		}
	}
	n.ship(out)
}

// chunkMax bounds the bytes of a snapshot in one message.
const chunkMax = 64 << 10

// shipMax bounds the entries in one message.
const shipMax = 256

// ship sends the backups what they have not been sent: with sync all there is,
// so that all disks write at once, with async what the primary has on its own,
// so that no backup ever has more than a primary that restarts.
func (n *Node) ship(out *protocols.Effects) {
	if n.Settings.Replication == replicationNone {
		return
	}
	limit := n.Durable
	if n.Settings.Replication == replicationSync {
		limit = n.last().Index
	}
	for i := range n.Backups {
		backup := &n.Backups[i]
		for backup.Following && backup.Sent < limit {
			to := min(limit, backup.Sent+shipMax)
			out.Send(backup.Node, Append{Term: n.Term, Entries: n.between(backup.Sent, to), Commit: n.Commit})
			backup.Sent = to
		}
	}
}

func (n *Node) onAck(from protocols.NodeID, ack Ack, out *protocols.Effects) {
	if !n.leads() {
		return
	}
	backup := n.backup(from)
	backup.Acked = max(backup.Acked, ack.End.Index)
	n.advance(out)
}

// advance commits what the mode allows to.
func (n *Node) advance(out *protocols.Effects) {
	if !n.leads() {
		return
	}
	commit := n.Durable
	if n.Settings.Replication == replicationSync {
		for _, backup := range n.Backups {
			if !backup.Silent {
				commit = min(commit, backup.Acked)
			}
		}
	}
	if commit > n.Commit {
		n.Commit = commit
		n.apply(out)
		if n.Settings.Replication == replicationSync {
			n.announce(out)
		}
	}
	n.settle(out)
}

// announce tells the backups that follow what is committed.
func (n *Node) announce(out *protocols.Effects) {
	for _, backup := range n.Backups {
		if backup.Following {
			n.beat(backup, out)
		}
	}
}

func (n *Node) beat(backup Backup, out *protocols.Effects) {
	out.Send(backup.Node, Heartbeat{Term: n.Term, Commit: n.Commit, Shipping: backup.Following})
}

// backup returns what is known of a backup, to be changed.
func (n *Node) backup(node protocols.NodeID) *Backup {
	for i := range n.Backups {
		if n.Backups[i].Node == node {
			return &n.Backups[i]
		}
	}
	panic(fmt.Sprintf("primarybackup: node %d is no backup of node %d", node, n.Settings.Self))
}

// Both sides.

func (n *Node) onPersisted(mark uint64, out *protocols.Effects) {
	n.written(mark)
	switch {
	case n.Role == RoleClaiming && mark >= n.Claim:
		n.lead(out)
	case n.leads():
		n.advance(out)
		n.ship(out)
	default:
		n.acknowledge(out)
		n.apply(out)
		n.recoverLost(out)
	}
}

// apply delivers what is committed and on disk.
func (n *Node) apply(out *protocols.Effects) {
	for n.Applied < min(n.Commit, n.Durable) {
		entry := n.Log[n.at(n.Applied+1)]
		n.Applied++
		result, fresh := n.Sessions.Apply(entry.Client, entry.Request, entry.Command)
		out.Note(protocols.Note{
			Kind: protocols.Delivered, Term: entry.Term, Slot: entry.Index, Value: entry,
		})
		n.answer(entry, result, fresh, out)
	}
	n.serveReads(out)
}

func (n *Node) onDisconnected(peer protocols.NodeID, out *protocols.Effects) {
	if n.Blank {
		n.dropHeld(peer)
	}
	switch {
	case n.Role == RoleClaiming:
		n.dropHeld(peer)
	case n.leads() && n.Settings.Replication != replicationNone:
		n.backup(peer).Following = false
		n.dropHeld(peer)
		n.retryLater(peer, out)
	case n.Role == RoleBackup && peer == n.Settings.owner(n.Term) && n.Settings.Replication != replicationNone:
		n.Asked, n.Following, n.Incoming = false, false, machine.Assembly{}
		n.retryLater(peer, out)
	}
}

// A link that broke is tried again from both of its ends, after a while, until
// the log is shipped on it: the backup asks to follow, the primary calls.

func (n *Node) retryLater(peer protocols.NodeID, out *protocols.Effects) {
	out.SetTimer(retryOf(peer), n.Settings.Tick, 2*n.Settings.Tick)
}

func retryOf(peer protocols.NodeID) protocols.Timer {
	return protocols.Timer{Name: timerRetry, Key: uint64(peer)}
}

func (n *Node) onRetryDue(peer protocols.NodeID, out *protocols.Effects) {
	switch {
	case n.leads():
		if backup := *n.backup(peer); !backup.Following {
			n.beat(backup, out)
		}
	case n.Role == RoleBackup && peer == n.Settings.owner(n.Term) && !n.Asked && !n.Following:
		n.follow(out)
	}
}
