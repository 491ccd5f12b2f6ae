package paxos

import (
	"time"

	"quorumlab/protocols"
)

// Deposed is the kind of note of a leader or candidate that gives up; Text says
// why.
const Deposed protocols.NoteKind = "deposed"

// The Texts of Proposed that say why, if it is not that a client asks for it.
const (
	noOp = "no-op" // the slot would stay a hole, or a new configuration is to come into force
	anew = "anew"  // another leader left it open
)

// The Texts of Synchronized, that say how a node got what it lacked.
const (
	fromLog      = "log"
	fromSnapshot = "snapshot"
)

// The timers.
const (
	timerTick     = "tick"     // heartbeats, repetitions and time-outs, every half tick
	timerElection = "election" // who tries first to lead is chosen by its range
)

// Step implements protocols.Node. The clock is read for leases only.
func (n *Node) Step(now time.Duration, event protocols.Event, out *protocols.Effects) {
	switch e := event.(type) {
	case protocols.Received:
		if position, ok := n.lookup(e.From); ok && e.From != n.Self {
			n.receive(now, position, e.Message, out)
		}
	case protocols.Persisted:
		n.onPersisted(now, e.Mark, out)
	case protocols.Requested:
		n.onRequested(now, e, out)
	case protocols.TimerFired:
		switch e.Timer.Name {
		case timerTick:
			n.onTick(now, out)
		case timerElection:
			n.onElection(now, out)
		}
	case protocols.Recovered:
		n.onRecovered(now, e.Disk, out)
	case protocols.Disconnected: // whatever was lost is asked for again
	}
	n.flush(out)
}

// receive dispatches a message, which may be the node's own. The frequent ones
// come first.
func (n *Node) receive(now time.Duration, from int, message protocols.Message, out *protocols.Effects) {
	switch m := message.(type) {
	case Accept:
		n.onAccept(from, m, out)
	case Accepted:
		n.onAccepted(now, from, m, out)
	case Commit:
		n.onCommit(from, m, out)
	case Submit:
		n.onSubmit(m, out)
	case Heartbeat:
		n.onHeartbeat(now, from, m, out)
	case HeartbeatReply:
		n.onHeartbeatReply(now, from, m, out)
	case ReadIndex:
		n.onReadIndex(now, from, m, out)
	case ReadIndexReply:
		n.onReadIndexReply(m, out)
	case Ask:
		n.onAsk(from, m, out)
	case Learn:
		n.onLearn(now, from, m, out)
	case Fetch:
		n.onFetch(from, m, out)
	case Part:
		n.onPart(now, from, m, out)
	default:
		n.receiveElection(now, from, message, out)
	}
}

// receiveElection dispatches the messages by which leaders come and go, and
// those of nodes that begin.
func (n *Node) receiveElection(now time.Duration, from int, message protocols.Message, out *protocols.Effects) {
	switch m := message.(type) {
	case Canvass:
		n.onCanvass(from, m, out)
	case CanvassReply:
		n.onCanvassReply(now, from, m, out)
	case Prepare:
		n.onPrepare(now, from, m, out)
	case Promise:
		n.onPromise(now, from, m, out)
	case PromisePart:
		n.onPromisePart(now, from, m, out)
	case Continue:
		n.onContinue(now, from, m, out)
	case Reject:
		n.onReject(m, out)
	case Introduce:
		n.onIntroduce(from, out)
	case Introduced:
		n.onIntroduced(from, m, out)
	case Register:
		n.onRegister(from, m, out)
	case Registered:
		n.onRegistered(from, m)
	case Readmit:
		n.onReadmit(from, m, out)
	}
}

// onTick is called every half tick.
func (n *Node) onTick(now time.Duration, out *protocols.Effects) {
	n.tick(out)
	n.formationOnTick(out)
	n.learnerOnTick(out)
	n.clientsOnTick(now, out)
	n.leaderOnTick(now, out)
	n.electionOnTick(out)
}

// tick sets the timer of the next half tick.
func (n *Node) tick(out *protocols.Effects) {
	half := n.Options.Tick / 2
	out.SetTimer(protocols.Timer{Name: timerTick}, half, half)
}
