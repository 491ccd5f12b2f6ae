package zab

import (
	"slices"

	"quorumlab/protocols"
)

// Reconfiguration must never leave two quorums that know nothing of one another.
// The command is a transaction like others; it is refused while another is
// pending, and unless a quorum of the new members is connected and synchronized,
// so that they can go on at once. From it on commits need a quorum of the old and
// one of the new members (membership.go). The leader tells that it is committed
// by COMMITANDACTIVATE and INFORMANDACTIVATE.

// reconfigure proposes new members. If that cannot be it returns the reason.
func (n *Node) reconfigure(w Write, command protocols.Reconfigure, out *protocols.Effects) (refusal string) {
	g := &n.Leading
	switch {
	case wrongMembers(command.Members, n.Nodes) != "":
		return protocols.Aborted
	case n.Pending.Quorum > 0:
		return protocols.Conflict
	}
	next := n.electorate(Configuration{Members: command.Members})
	synced := next.backed(func(p int) bool { return p == n.Position || g.Learners[p].Stage == Serving })
	if !synced {
		return protocols.NoQuorum
	}
	// Those who join get what is proposed and not yet committed: from now on
	// they get proposals.
	for p := range g.Learners {
		l := &g.Learners[p]
		if l.Stage < Syncing || !next.Voters[p] || n.voter(p) {
			continue
		}
		for _, entry := range n.History.between(l.Sent, n.History.last()) {
			out.Send(n.Nodes[p], Propose{Epoch: g.Epoch, Transaction: entry.Transaction})
		}
	}
	n.broadcast(w.Client, w.Request, command, out)
	return ""
}

// pendingIs reports whether the pending configuration is what a client's request
// asked for.
func (n *Node) pendingIs(w Write) bool {
	if n.Pending.Quorum == 0 {
		return false
	}
	entries := n.History.Entries[n.History.upTo(n.Pending.Configuration.Version-1):]
	if len(entries) == 0 {
		return false
	}
	transaction := entries[0].Transaction.(Transaction)
	return transaction.Client == w.Client && transaction.Request == w.Request
}

// commitPending commits all up to the pending configuration, which then is active.
func (n *Node) commitPending(out *protocols.Effects) {
	g := &n.Leading
	g.Committed = n.Pending.Configuration.Version
	for p := range g.Learners {
		if n.voter(p) { // who is an observer from now on has got all proposals
			g.Learners[p].Sent = n.History.last()
		}
	}
	n.tellCommitted(true, out)
	n.deliver(g.Committed, out)
}

// changeMembers makes a configuration that was delivered the active one, and says
// so on disk: after a restart it is not to be in doubt.
func (n *Node) changeMembers(zxid Zxid, command protocols.Reconfigure, out *protocols.Effects) {
	n.activate(Configuration{Version: zxid, Members: command.Members}, out)
	n.writeMeta()
	n.takeLearnerRole(out)
}

// takeLearnerRole makes a follower an observer, or the other way round, if the
// members say so.
func (n *Node) takeLearnerRole(out *protocols.Effects) {
	if role := n.learnerRole(); n.learns() && role != n.Role {
		n.Role = role
		out.Note(protocols.Note{Kind: protocols.Role, Text: role.String()})
	}
}

// onRefused lets go of a request that the leader does not propose.
func (n *Node) onRefused(m Refused, out *protocols.Effects) {
	at := slices.IndexFunc(n.Writes, func(w Write) bool {
		return w.Client == m.Client && w.Request == m.Request
	})
	if at < 0 {
		return
	}
	n.Writes = slices.Delete(n.Writes, at, at+1)
	if m.Refusal != "" {
		out.Refuse(m.Client, m.Request, m.Refusal)
	}
}
