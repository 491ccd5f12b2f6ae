package zab

import (
	"time"

	"quorumlab/protocols"
)

// The kinds of note that Zab adds, for people.
const (
	// Left: the node gives up its role; Text says why.
	Left protocols.NoteKind = "left"
	// Elected: fast leader election ended; Slot is the node that it picked.
	Elected protocols.NoteKind = "elected"
)

// The timers.
const (
	timerNotification = "notification" // resend the vote
	timerFinalize     = "finalize"     // wait for a better vote
	timerTick         = "tick"         // heartbeats and time-outs
)

// Step implements protocols.Node. Time passes for Zab only in timers: it never
// reads the clock.
func (n *Node) Step(_ time.Duration, event protocols.Event, out *protocols.Effects) {
	if n.Halted {
		return
	}
	switch e := event.(type) {
	case protocols.Received:
		n.receive(e.From, e.Message, out)
	case protocols.Persisted:
		n.onPersisted(e.Mark, out)
	case protocols.Requested:
		n.onRequested(e, out)
	case protocols.TimerFired:
		n.onTimer(e.Timer, out)
	case protocols.Disconnected:
		n.onDisconnected(e.Peer, out)
	case protocols.Recovered:
		n.onRecovered(e.Disk, out)
	}
	if !n.Halted {
		n.flush(out)
	}
}

// receive dispatches a message. The frequent ones come first.
func (n *Node) receive(from protocols.NodeID, message protocols.Message, out *protocols.Effects) {
	position, ok := n.lookup(from)
	if !ok || from == n.Self {
		return
	}
	switch m := message.(type) {
	case Propose:
		if n.heard(from, m.Epoch) {
			n.onPropose(m, out)
		}
	case Ack:
		if n.learner(position, m.Epoch) != nil {
			n.onAck(position, m, out)
		}
	case Commit:
		if n.heard(from, m.Epoch) {
			n.onCommit(m, out)
		}
	case Inform:
		if n.heard(from, m.Epoch) {
			n.onInform(m, out)
		}
	case CommitAndActivate:
		if n.heard(from, m.Epoch) {
			n.onCommit(Commit(m), out)
		}
	case InformAndActivate:
		if n.heard(from, m.Epoch) {
			n.onInform(Inform(m), out)
		}
	case Request:
		if l := n.learner(position, m.Epoch); l != nil {
			n.onRequest(l, position, m, out)
		}
	case Ping:
		if n.heard(from, m.Epoch) {
			n.onPing(m, out)
		}
	case Pong:
		if l := n.learner(position, m.Epoch); l != nil {
			n.onPong(l, m, out)
		}
	case ReadIndex:
		if l := n.learner(position, m.Epoch); l != nil {
			n.onReadIndex(position, m, out)
		}
	case ReadIndexReply:
		if n.heard(from, m.Epoch) {
			n.onReadIndexReply(m, out)
		}
	default:
		n.receiveSetup(position, message, out)
	}
}

// receiveSetup dispatches the messages from election to UPTODATE.
func (n *Node) receiveSetup(position int, message protocols.Message, out *protocols.Effects) {
	from := n.Nodes[position]
	switch m := message.(type) {
	case Notification:
		n.onNotification(position, m, out)
	case FollowerInfo:
		n.onFollowerInfo(position, m, out)
	case ObserverInfo:
		n.onFollowerInfo(position, FollowerInfo(m), out)
	case Close:
		n.onClose(position, m, out)
	case LeaderInfo:
		n.onLeaderInfo(from, m, out)
	case Touch:
		if n.learner(position, m.Epoch) != nil {
			for _, client := range m.Clients {
				n.hear(client)
			}
		}
	case AckEpoch:
		if l := n.learner(position, m.Epoch); l != nil && l.Attempt == m.Attempt {
			n.onAckEpoch(position, m, out)
		}
	case SnapNext:
		if l := n.learner(position, m.Epoch); l != nil && l.Attempt == m.Attempt {
			n.onSnapNext(position, m, out)
		}
	case AckNewLeader:
		if l := n.learner(position, m.Epoch); l != nil && l.Attempt == m.Attempt {
			n.onAckNewLeader(position, m, out)
		}
	case Diff:
		if n.heard(from, m.Epoch) && m.Attempt == n.Following.Attempt {
			n.onDiff(m, out)
		}
	case Trunc:
		if n.heard(from, m.Epoch) && m.Attempt == n.Following.Attempt {
			n.onTrunc(m, out)
		}
	case Snap:
		if n.heard(from, m.Epoch) && m.Attempt == n.Following.Attempt {
			n.onSnap(m, out)
		}
	case SnapPart:
		if n.heard(from, m.Epoch) && m.Attempt == n.Following.Attempt {
			n.onSnapPart(m, out)
		}
	case NewLeader:
		if n.heard(from, m.Epoch) && m.Attempt == n.Following.Attempt {
			n.onNewLeader(m, out)
		}
	case UpToDate:
		if n.heard(from, m.Epoch) && m.Attempt == n.Following.Attempt {
			n.onUpToDate(m, out)
		}
	case HandOver:
		if n.heard(from, m.Epoch) {
			n.onHandOver(m, out)
		}
	case Refused:
		if n.heard(from, m.Epoch) {
			n.onRefused(m, out)
		}
	}
}

// heard reports whether a message comes from the leader that this node follows,
// in its epoch, and if so notes the sign of life.
func (n *Node) heard(from protocols.NodeID, epoch Epoch) bool {
	f := &n.Following
	if !n.learns() || from != f.Leader || epoch != f.Epoch || epoch == 0 {
		return false
	}
	f.Silence = 0
	return true
}

// learner returns the connected learner that a message of this leader's epoch
// comes from, noting the sign of life, or nil.
func (n *Node) learner(position int, epoch Epoch) *Learner {
	if n.Role != LeadingFollowers || epoch != n.Leading.Epoch || epoch == 0 {
		return nil
	}
	l := &n.Leading.Learners[position]
	if l.Stage == 0 {
		return nil
	}
	l.Deadline = n.Leading.HalfTicks/2 + n.Options.SyncLimit
	if l.Stage < Serving {
		l.Deadline += n.Options.InitLimit
	}
	return l
}

func (n *Node) onTimer(timer protocols.Timer, out *protocols.Effects) {
	switch {
	case timer.Name == timerTick && n.Role == LeadingFollowers:
		n.leaderOnTick(out)
	case timer.Name == timerTick && n.learns():
		n.followerOnTick(out)
	case timer.Name == timerNotification && n.Role == Looking:
		n.onNotificationTimeout(out)
	case timer.Name == timerFinalize && n.Role == Looking:
		n.onFinalizeTimeout(out)
	}
}
