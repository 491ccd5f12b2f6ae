package zab

import (
	"quorumlab/protocols"
	"quorumlab/protocols/machine"
)

// Synchronization must make the follower's log equal to the leader's before the
// follower says so, and must not let an epoch begin until a quorum did: history
// on disk, then currentEpoch on disk, then ACK. In the other order a node with a
// short log could win the next election by its epoch, and cut what was committed
// (ZOOKEEPER-3911, 4643). Once a quorum acknowledged, the leader's whole initial
// history is committed.
//
// Where the logs part is found from the end of the follower's log alone. A zxid
// names one transaction and the log before it: its primary broadcast it on top
// of its own initial history, and whoever logged it had adopted that. So if the
// follower's last is in the leader's log, the follower's log is a prefix (DIFF).
// Else let e be its epoch. That epoch was established, hence its initial history
// is a prefix of the leader's log, and what follows there is of epoch e or later;
// so the leader's last zxid below the follower's is where they part (TRUNC), if
// the leader still has it. ZooKeeper resorts to a snapshot rather than cut across
// an epoch's start; here the follower makes sure that it has the zxid it shall cut
// after. A snapshot (SNAP) takes the place of a log that ends before the leader's
// begins. So, with the leader's log from Base, exclusively, to its last:
//
//	the follower's last is    the leader sends
//	the leader's last         DIFF
//	in the log, or Base       DIFF, what comes after
//	above Base, not in it     TRUNC to the zxid before, what comes after
//	below Base                SNAP, what comes after the snapshot

// The ways to bring a follower up to date.
const (
	howDiff      = "DIFF"
	howTrunc     = "TRUNC"
	howTruncDiff = "TRUNC+DIFF"
	howSnap      = "SNAP"
)

// synchronize sends a learner all that it lacks, and NEWLEADER. From now on it
// gets every proposal, in the same order: nothing can come in between.
func (n *Node) synchronize(position int, out *protocols.Effects) {
	g := &n.Leading
	l := &g.Learners[position]
	id := n.Nodes[position]
	h := &n.History
	common := h.Base
	if count := h.upTo(l.LastZxid); count > 0 {
		common = h.Entries[count-1].Zxid
	}
	switch {
	case l.LastZxid < h.Base:
		n.sendSnapshot(position, out)
		return
	case l.LastZxid == common:
		out.Send(id, Diff{Attempt: l.Attempt, Epoch: g.Epoch, Zxid: common})
	default:
		out.Send(id, Trunc{Attempt: l.Attempt, Epoch: g.Epoch, Zxid: common})
	}
	n.sendHistory(position, common, out)
}

// sendHistory sends a learner what comes after what it has, and NEWLEADER.
func (n *Node) sendHistory(position int, common Zxid, out *protocols.Effects) {
	g := &n.Leading
	l := &g.Learners[position]
	id := n.Nodes[position]
	h := &n.History
	for _, entry := range h.Entries[h.upTo(common):] {
		out.Send(id, Propose{Epoch: g.Epoch, Transaction: entry.Transaction})
	}
	out.Send(id, NewLeader{Attempt: l.Attempt, Epoch: g.Epoch, Zxid: h.last()})
	l.Stage = Syncing
	l.Sent = h.last()
}

// snapWindow is the SnapWindow of a node: with parts of 64 KiB, 2 MiB are on their way.
const snapWindow = 32

// sendSnapshot sends the saved snapshot, or the beginning of a long one. The log goes
// on from there: it need not be taken anew, nor be that of the present.
func (n *Node) sendSnapshot(position int, out *protocols.Effects) {
	l := &n.Leading.Learners[position]
	out.Send(n.Nodes[position], Snap{
		Attempt: l.Attempt, Epoch: n.Leading.Epoch, Zxid: n.Saved.Zxid, Configuration: n.Saved.Configuration,
	})
	l.Stage, l.Snap = Fetching, n.Saved.Zxid
	l.Chunks = n.Sessions.Split(n.Saved.State, n.Options.SnapChunk)
	n.sendParts(position, n.Options.SnapWindow, out)
}

// sendParts sends the parts up to one, and after the last of all what comes then.
func (n *Node) sendParts(position int, upTo uint32, out *protocols.Effects) {
	l := &n.Leading.Learners[position]
	for len(l.Chunks) > 0 && l.Chunks[0].Position <= upTo {
		out.Send(n.Nodes[position], SnapPart{Attempt: l.Attempt, Epoch: n.Leading.Epoch, Chunk: l.Chunks[0]})
		l.Chunks = l.Chunks[1:]
	}
	if len(l.Chunks) == 0 {
		l.Chunks = nil
		n.sendHistory(position, l.Snap, out)
	}
}

// partsPerTick is how many parts a learner writes to its disk in a tick, at the least:
// with parts of 64 KiB and ticks of 100 ms, 10 MB a second.
const partsPerTick = 16

// onSnapNext sends more parts. To get on with a long snapshot is worth more time, and
// so is to write it: a quorum may be waiting for it.
func (n *Node) onSnapNext(position int, m SnapNext, out *protocols.Effects) {
	g := &n.Leading
	l := &g.Learners[position]
	if l.Stage != Fetching {
		return
	}
	if l.Snap != n.Saved.Zxid || m.Received >= l.Chunks[0].Position {
		n.reject(position, out)
		return
	}
	l.Joined = g.HalfTicks/2 + uint64(m.Received)/partsPerTick
	if n.Phase != Broadcast {
		g.Since = max(g.Since, l.Joined)
	}
	n.sendParts(position, m.Received+n.Options.SnapWindow, out)
}

func (n *Node) onDiff(m Diff, out *protocols.Effects) {
	if n.Following.Stage != Promised || m.Zxid != n.History.last() {
		n.look("DIFF does not fit", out)
		return
	}
	n.receiveHistory(howDiff)
}

func (n *Node) onTrunc(m Trunc, out *protocols.Effects) {
	if n.Following.Stage != Promised {
		n.look("TRUNC does not fit", out)
		return
	}
	count := n.History.upTo(m.Zxid)
	if n.History.zxidAt(n.History.First+uint64(count)-1) != m.Zxid {
		// Two histories that no run of the protocol can give.
		n.halt("TRUNC to a zxid that is not in the log", out)
		return
	}
	n.cut(count)
	n.receiveHistory(howTrunc)
}

func (n *Node) onSnap(m Snap, out *protocols.Effects) {
	f := &n.Following
	if f.Stage != Promised || m.Zxid <= n.History.last() {
		n.look("SNAP does not fit", out)
		return
	}
	n.Phase = Synchronization
	f.Stage, f.Snap = Loading, m
}

// onSnapPart collects the parts. An interrupted SNAP leaves nothing behind: they
// are kept in Following, which ends with the attempt, until all are there.
func (n *Node) onSnapPart(m SnapPart, out *protocols.Effects) {
	f := &n.Following
	if f.Stage != Loading {
		n.look("a part of a snapshot does not fit", out)
		return
	}
	complete, err := f.Parts.Add(m.Chunk)
	if err != nil {
		n.look("a part of a snapshot does not fit", out)
		return
	}
	if !complete {
		n.askForParts(out)
		return
	}
	whole, err := n.Sessions.Join(f.Parts)
	if err != nil {
		n.look("the parts make no snapshot", out)
		return
	}
	n.install(Snapshot{
		Zxid: f.Snap.Zxid, Base: f.Snap.Zxid, Configuration: f.Snap.Configuration, State: whole,
	}, out)
	f.Snap, f.Parts = Snap{}, machine.Assembly{}
	n.receiveHistory(howSnap)
}

// askForParts asks for more as soon as half of the window has come, if there is more.
func (n *Node) askForParts(out *protocols.Effects) {
	f := &n.Following
	step, received := max(n.Options.SnapWindow/2, 1), f.Parts.Next()-1
	if received%step == 0 && received+n.Options.SnapWindow-step < f.Parts.Total {
		out.Send(f.Leader, SnapNext{Attempt: f.Attempt, Epoch: f.Epoch, Received: received})
	}
}

func (n *Node) receiveHistory(how string) {
	n.Phase = Synchronization
	n.Following.Stage = Receiving
	n.Following.How = how
}

func (n *Node) onNewLeader(m NewLeader, out *protocols.Effects) {
	f := &n.Following
	if f.Stage != Receiving || m.Zxid != n.History.last() {
		n.look("NEWLEADER does not fit", out)
		return
	}
	f.Stage = Recording
	f.Await = n.Stable.LogWrite
	n.followerAdopt(out)
}

// followerAdopt takes over the leader's epoch once its history is on disk, and
// says so once that is.
func (n *Node) followerAdopt(out *protocols.Effects) {
	f := &n.Following
	if f.Stage == Recording && n.Stable.Durable >= f.Await {
		n.adopt(f.Epoch)
		f.Stage = Adopting
		f.Await = n.Stable.MetaWrite
	}
	if f.Stage == Adopting && n.Stable.Durable >= f.Await {
		f.Stage = Adopted
		f.Acked = n.zxidDurable()
		out.Send(f.Leader, AckNewLeader{Attempt: f.Attempt, Epoch: f.Epoch, Zxid: f.Acked})
	}
}

// adopt makes an epoch the current one. The history it goes with is on disk.
func (n *Node) adopt(epoch Epoch) {
	if n.CurrentEpoch < epoch || n.Damaged {
		n.CurrentEpoch, n.Damaged = epoch, false
		n.writeMeta()
	}
}

// leaderAdopt does for the leader what followerAdopt does for a follower.
func (n *Node) leaderAdopt(out *protocols.Effects) {
	g := &n.Leading
	if n.Phase != Synchronization || g.Adopted {
		return
	}
	if !g.Recorded && n.Stable.Durable >= g.HistoryWrite {
		g.Recorded = true
		n.adopt(g.Epoch)
		g.EpochWrite = n.Stable.MetaWrite
	}
	if g.Recorded && n.Stable.Durable >= g.EpochWrite {
		g.Adopted = true
		g.Learners[n.Position].Synced = true
		n.establish(out)
	}
}

func (n *Node) onAckNewLeader(position int, m AckNewLeader, out *protocols.Effects) {
	l := &n.Leading.Learners[position]
	if l.Stage != Syncing {
		return
	}
	l.Stage = Serving
	l.Synced = true
	l.Acked = m.Zxid
	if n.Phase == Broadcast {
		n.welcome(position, out)
		n.commit(out)
		return
	}
	n.establish(out)
}

// establish begins the broadcast once a quorum, the leader among it, adopted
// the epoch. The initial history is delivered before anything is broadcast
// (primary integrity).
func (n *Node) establish(out *protocols.Effects) {
	g := &n.Leading
	if !g.Adopted || !n.quorum(func(p int) bool { return g.Learners[p].Synced }) {
		return
	}
	n.Phase = Broadcast
	n.Election.Vote.PeerEpoch = g.Epoch
	g.Committed = n.History.last()
	out.Note(protocols.Note{Kind: protocols.Leading, Term: uint64(g.Epoch)})
	n.deliver(g.Committed, out)
	for p := range g.Learners {
		if g.Learners[p].Stage == Serving {
			n.welcome(p, out)
		}
	}
	n.resume(out)
	n.handOverIfDue(out)
}

// welcome lets a learner serve.
func (n *Node) welcome(position int, out *protocols.Effects) {
	g := &n.Leading
	out.Send(n.Nodes[position], UpToDate{
		Attempt: g.Learners[position].Attempt, Epoch: g.Epoch, Committed: g.Committed,
	})
}

func (n *Node) onUpToDate(m UpToDate, out *protocols.Effects) {
	f := &n.Following
	if f.Stage != Adopted || n.Phase != Synchronization || m.Committed > n.History.last() {
		n.look("UPTODATE does not fit", out)
		return
	}
	n.Phase = Broadcast
	n.Election.Vote.PeerEpoch = f.Epoch
	out.Note(protocols.Note{
		Kind: protocols.Synchronized, Term: uint64(f.Epoch), Slot: uint64(n.History.last()), Text: f.How,
	})
	f.Committed = m.Committed
	n.deliver(f.Committed, out)
	n.takeLearnerRole(out)
	n.resume(out)
}
