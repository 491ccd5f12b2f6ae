package zab

import "quorumlab/protocols"

// Broadcast must commit a transaction only when a quorum has it on disk, and in
// the order of zxids; and it must deliver what is committed, everywhere in that
// order. Links are FIFO and ACKs cumulative, so a learner's last ACK tells all.

// broadcast proposes a command as the epoch's next transaction. It reports
// false, and does nothing, if the leader is closing.
func (n *Node) broadcast(
	client protocols.ClientID, request uint64, command protocols.Command, out *protocols.Effects,
) bool {
	g := &n.Leading
	if n.closing() {
		return false
	}
	g.Counter++
	zxid := zxidOf(g.Epoch, g.Counter)
	made := Transaction{Zxid: zxid, Client: client, Request: request, Command: command}
	var transaction protocols.Record = made
	n.appendLog(&made, transaction)
	out.Note(protocols.Note{
		Kind: protocols.Broadcast, Term: uint64(g.Epoch), Slot: uint64(zxid), Value: transaction,
	})
	n.sendVoters(Propose{Epoch: g.Epoch, Transaction: transaction}, out)
	return true
}

// sendVoters sends to all learners that got NEWLEADER and vote.
func (n *Node) sendVoters(message protocols.Message, out *protocols.Effects) {
	for p := range n.Leading.Learners {
		if n.Leading.Learners[p].Stage >= Syncing && n.voter(p) {
			out.Send(n.Nodes[p], message)
		}
	}
}

// sendLearners sends to all learners that got NEWLEADER.
func (n *Node) sendLearners(message protocols.Message, out *protocols.Effects) {
	for p := range n.Leading.Learners {
		if n.Leading.Learners[p].Stage >= Syncing {
			out.Send(n.Nodes[p], message)
		}
	}
}

func (n *Node) onPropose(m Propose, out *protocols.Effects) {
	transaction, ok := m.Transaction.(Transaction)
	if !ok || n.Following.Stage < Receiving || !transaction.Zxid.follows(n.History.last()) {
		n.look("a proposal does not fit", out)
		return
	}
	if n.Following.Stage == Receiving && n.Following.How == howTrunc {
		n.Following.How = howTruncDiff
	}
	n.appendLog(&transaction, m.Transaction)
}

// followerOnDurable goes on with whatever waited for the disk.
func (n *Node) followerOnDurable(out *protocols.Effects) {
	f := &n.Following
	if f.Stage == Adopted {
		if zxid := n.zxidDurable(); zxid > f.Acked && n.voter(n.Position) {
			f.Acked = zxid
			out.Send(f.Leader, Ack{Epoch: f.Epoch, Zxid: zxid})
		}
		return
	}
	n.introduce(out)
	n.accept(out)
	n.followerAdopt(out)
}

// leaderOnDurable goes on with whatever waited for the disk.
func (n *Node) leaderOnDurable(out *protocols.Effects) {
	if n.Phase == Broadcast {
		own := &n.Leading.Learners[n.Position]
		own.Acked = max(own.Acked, n.zxidDurable())
		n.commit(out)
		return
	}
	n.promise(out)
	n.leaderAdopt(out)
}

func (n *Node) onAck(position int, m Ack, out *protocols.Effects) {
	l := &n.Leading.Learners[position]
	if l.Stage != Serving || m.Zxid > n.History.last() {
		n.reject(position, out)
		return
	}
	if m.Zxid > l.Acked {
		l.Acked = m.Zxid
		n.commit(out)
	}
}

// commit commits all that a quorum has on disk. Only transactions of this epoch
// are counted: the initial history was committed when the epoch was established.
func (n *Node) commit(out *protocols.Effects) {
	g := &n.Leading
	if n.Phase != Broadcast {
		return
	}
	zxid := n.committable()
	if n.Pending.Quorum > 0 && zxid >= n.Pending.Configuration.Version {
		n.commitPending(out)
		zxid = n.committable() // what comes after is the new members' to decide
	}
	if zxid > g.Committed {
		g.Committed = zxid
		n.tellCommitted(false, out)
		n.deliver(zxid, out)
	}
	n.snapshot()
	n.handOverIfDue(out)
}

// committable returns the last zxid that may be committed.
func (n *Node) committable() Zxid {
	g := &n.Leading
	zxid := g.Committed
	for i := range g.Learners {
		if acked := g.Learners[i].Acked; acked > zxid && n.acknowledged(acked) {
			zxid = acked
		}
	}
	if n.Pending.Quorum > 0 {
		// Up to there the old members are enough.
		before := n.Pending.Configuration.Version - 1
		if before > zxid && before.Counter() > 0 && n.acknowledged(before) {
			zxid = before
		}
	}
	return zxid
}

// acknowledged reports whether a quorum has a transaction on disk: one of each
// configuration from a pending one on.
func (n *Node) acknowledged(zxid Zxid) bool {
	backs := func(p int) bool { return n.Leading.Learners[p].Acked >= zxid }
	return n.Active.backed(backs) &&
		(n.Pending.Quorum == 0 || zxid < n.Pending.Configuration.Version || n.Pending.backed(backs))
}

// tellCommitted tells the learners how far the leader has committed: by COMMIT
// those that have the transactions, by INFORM the observers, who get them only
// now. If it activates, the last is a configuration.
func (n *Node) tellCommitted(activates bool, out *protocols.Effects) {
	g := &n.Leading
	var commit protocols.Message = Commit{Epoch: g.Epoch, Zxid: g.Committed}
	if activates {
		commit = CommitAndActivate{Epoch: g.Epoch, Zxid: g.Committed}
	}
	for p := range g.Learners {
		l := &g.Learners[p]
		switch {
		case l.Stage < Syncing:
		case n.voter(p) || g.Committed <= l.Sent:
			out.Send(n.Nodes[p], commit)
		default:
			for _, entry := range n.History.between(l.Sent, g.Committed) {
				inform := Inform{Epoch: g.Epoch, Transaction: entry.Transaction}
				if activates && entry.Zxid == g.Committed {
					out.Send(n.Nodes[p], InformAndActivate(inform))
				} else {
					out.Send(n.Nodes[p], inform)
				}
			}
			l.Sent = g.Committed
		}
	}
}

// onInform takes a transaction that is committed, and with it all before it.
func (n *Node) onInform(m Inform, out *protocols.Effects) {
	transaction, ok := m.Transaction.(Transaction)
	f := &n.Following
	if !ok || f.Stage < Recording || !transaction.Zxid.follows(n.History.last()) {
		n.look("INFORM does not fit", out)
		return
	}
	n.appendLog(&transaction, m.Transaction)
	n.onCommit(Commit{Epoch: f.Epoch, Zxid: transaction.Zxid}, out)
}

func (n *Node) onCommit(m Commit, out *protocols.Effects) {
	f := &n.Following
	if f.Stage < Recording || m.Zxid > n.History.last() {
		n.look("COMMIT does not fit", out)
		return
	}
	if n.Phase != Broadcast {
		return // UPTODATE will tell it again
	}
	f.Committed = m.Zxid
	n.deliver(f.Committed, out)
	n.snapshot()
}

// deliver applies all transactions up to a zxid, which is committed, and answers
// the clients that wait here.
func (n *Node) deliver(zxid Zxid, out *protocols.Effects) {
	h := &n.History
	for h.Applied+1 < h.next() {
		entry := &h.Entries[h.Applied+1-h.First]
		if entry.Zxid > zxid {
			return
		}
		h.Applied++
		out.Note(protocols.Note{
			Kind: protocols.Delivered, Term: uint64(entry.Zxid.Epoch()), Slot: uint64(entry.Zxid),
			Value: entry.Transaction,
		})
		transaction := entry.Transaction.(Transaction)
		h.Weight.Add(transaction.Command)
		if command, ok := transaction.Command.(protocols.Reconfigure); ok {
			n.changeMembers(entry.Zxid, command, out)
		}
		result, fresh := n.Sessions.Apply(transaction.Client, transaction.Request, transaction.Command)
		n.answerWrite(&transaction, result, fresh, out)
	}
}
