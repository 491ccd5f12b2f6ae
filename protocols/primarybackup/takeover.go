package primarybackup

import (
	"time"

	"quorumlab/protocols"
	"quorumlab/protocols/machine"
)

// Take-over must make terms grow and give each one primary at most. It cannot
// make sure that the old primary is dead: it may be cut off, and lead on in its
// own term until it hears of the new one. That is what sync replication with
// wait=all pays for by waiting, and what everything else risks.

// watches tells whether nodes watch each other by heartbeats.
func (s Settings) watches() bool {
	return s.Takeover == takeoverTimeout || s.Replication == replicationSync && s.Wait == waitAlive
}

// watchPrimary starts the time-out of the primary anew. Backups wait one
// takeover_after more for each node between the primary and them in the ring,
// so that normally the next in line takes over and the others follow it.
func (n *Node) watchPrimary(out *protocols.Effects) {
	s := n.Settings
	if s.Takeover != takeoverTimeout {
		return
	}
	rank := time.Duration(s.nextOwn(n.Term) - n.Term)
	out.SetTimer(protocols.Timer{Name: timerTakeover}, rank*s.TakeoverAfter, rank*s.TakeoverAfter+s.TakeoverAfter/2)
}

// onPrimarySilent takes over, unless the node's own log is not whole, or may not be.
func (n *Node) onPrimarySilent(out *protocols.Effects) {
	if n.Role != RoleBackup {
		return
	}
	if n.Lost > 0 || n.Blank {
		n.watchPrimary(out)
		return
	}
	n.claim(n.Settings.nextOwn(n.Term), out)
}

// claim writes down that the node leads a term of its own. Until that is on
// disk nobody may hear of it: after a crash it would claim the term again, and
// fill it with other entries.
func (n *Node) claim(term uint64, out *protocols.Effects) {
	out.CancelTimer(protocols.Timer{Name: timerTakeover})
	out.CancelTimer(retryOf(n.Settings.owner(n.Term)))
	n.Term, n.Synced, n.Asked, n.Following, n.Incoming = term, false, false, false, machine.Assembly{}
	n.take(RoleClaiming, out)
	n.persist(out, protocols.SetMeta{Meta: n.meta()})
	n.Claim = n.Mark
}

// lead takes up the term: calls the backups, and inherits the whole log.
func (n *Node) lead(out *protocols.Effects) {
	n.take(RoleSettling, out)
	n.Barrier = n.last().Index
	n.Backups = nil
	for _, node := range n.Settings.Nodes {
		if node != n.Settings.Self {
			n.Backups = append(n.Backups, Backup{Node: node})
			n.watchBackup(node, out)
		}
	}
	n.call(out)
	held := n.Held
	n.Held = nil
	for _, h := range held {
		n.onFollow(h.From, h.Message.(Follow), out)
	}
	n.advance(out)
}

// settle makes the node the established primary once it has delivered all that
// it inherited: only then its state is at least as new as anything that was
// ever acknowledged (as far as its log goes).
func (n *Node) settle(out *protocols.Effects) {
	if n.Role != RoleSettling || n.Applied < n.Barrier {
		return
	}
	n.take(RolePrimary, out)
	n.note(out, protocols.Leading, n.Applied, "")
	n.askAll(out)
	held := n.Held
	n.Held = nil
	for _, h := range held {
		n.onAsked(h.From, h.Message, out)
	}
}

// call sends all nodes a heartbeat, and the next ones if the nodes watch each
// other.
func (n *Node) call(out *protocols.Effects) {
	for _, backup := range n.Backups {
		n.beat(backup, out)
	}
	if n.Settings.watches() {
		out.SetTimer(protocols.Timer{Name: timerHeartbeat}, n.Settings.Tick, n.Settings.Tick)
	}
}

func (n *Node) onHeartbeatDue(out *protocols.Effects) {
	if n.leads() {
		n.call(out)
	}
}

// waitsForAlive tells whether a backup that is silent is not waited for.
func (s Settings) waitsForAlive() bool {
	return s.Replication == replicationSync && s.Wait == waitAlive
}

func (n *Node) watchBackup(node protocols.NodeID, out *protocols.Effects) {
	if s := n.Settings; s.waitsForAlive() {
		out.SetTimer(protocols.Timer{Name: timerSilence, Key: uint64(node)}, s.TakeoverAfter, s.TakeoverAfter*3/2)
	}
}

// heard takes note that a backup is alive: it is waited for again.
func (n *Node) heard(from protocols.NodeID, out *protocols.Effects) {
	n.backup(from).Silent = false
	n.watchBackup(from, out)
}

// onSilence stops waiting for a backup.
func (n *Node) onSilence(node protocols.NodeID, out *protocols.Effects) {
	if !n.leads() {
		return
	}
	n.backup(node).Silent = true
	n.advance(out)
}

// adopt enters a higher term as the backup of its primary. Nothing is
// acknowledged to clients any more on account of the earlier term.
func (n *Node) adopt(term uint64, out *protocols.Effects) {
	if n.Settings.owner(term) == n.Settings.Self && !n.Blank {
		// Its own, but forgotten by its disk: it must not fill it anew.
		n.claim(n.Settings.nextOwn(term), out)
		return
	}
	n.leaveBackups(out)
	n.Term, n.Synced, n.Asked, n.Following, n.Incoming = term, false, false, false, machine.Assembly{}
	n.Backups, n.Held = nil, nil
	if n.Role != RoleBackup {
		n.take(RoleBackup, out)
	}
	n.forgetReadIndices()
	n.persist(out, protocols.SetMeta{Meta: n.meta()})
	n.watchPrimary(out)
}

// leaveBackups stops the timers of a primary.
func (n *Node) leaveBackups(out *protocols.Effects) {
	if !n.leads() {
		return
	}
	out.CancelTimer(protocols.Timer{Name: timerHeartbeat})
	for _, backup := range n.Backups {
		out.CancelTimer(protocols.Timer{Name: timerSilence, Key: uint64(backup.Node)})
		out.CancelTimer(retryOf(backup.Node))
	}
}
