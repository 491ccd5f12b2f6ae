package paxos

import (
	"slices"
	"time"

	"quorumlab/protocols"
	"quorumlab/protocols/machine"
)

// A client's command must take effect once, however often and wherever it is
// asked, and must be answered only by what was applied. A node that does not
// lead hands it to the leader, again and again until it comes back through the
// log: the leader proposes it once, and the sessions execute it once. A node
// refuses only what it never handed on; of what it handed on and then lost sight
// of it says nothing.

// Wait is a client's command that waits to be applied here. A client has one.
type Wait struct {
	Client  protocols.ClientID
	Request uint64
	Command protocols.Command
	// Handed: it was proposed, or given to a leader. Age counts half ticks.
	Handed bool
	Age    uint64
	// To is whom it was given to, if it is large.
	To protocols.NodeID
	// Force is the slot that must be applied before the answer: a change of
	// members is answered when the new ones have chosen something.
	Force uint64
}

// queueMost bounds the commands that a leader has not proposed yet: what is
// handed to it beyond that it drops, and is handed again.
const queueMost = 4096

// patience is for how many half ticks a node keeps what it cannot hand on.
func (n *Node) patience() uint64 { return n.Options.Election }

func (n *Node) onRequested(now time.Duration, e protocols.Requested, out *protocols.Effects) {
	if n.Options.Reads != ReadLog {
		if _, ok := n.Sessions.Query(e.Command); ok {
			n.onRead(now, e, out)
			return
		}
	}
	_, change := e.Command.(protocols.Reconfigure)
	result, answered, over := n.Sessions.Answered(e.Client, e.Request)
	switch {
	case over:
		if !n.waits(e) && n.Sessions.Gone(e.Client, e.Request) {
			out.Refuse(e.Client, e.Request, protocols.SessionGone)
		}
		return
	case answered && !change:
		out.Reply(e.Client, e.Request, result)
		return
	case n.outOfSlots(), change && n.fits(e.Command.(protocols.Reconfigure).Members) != "":
		out.Refuse(e.Client, e.Request, protocols.Conflict)
		return
	}
	w := n.wait(e)
	if answered {
		w.Handed, w.Force = true, n.latest().From
		n.answerForced(out)
		return
	}
	n.hand(now, w, out)
	n.proposeQueue(out)
}

// outOfSlots tells that the last slot there is was chosen.
func (n *Node) outOfSlots() bool { return n.Options.Slots > 0 && n.Chosen >= n.Options.Slots }

// waits tells whether a request waits here already.
func (n *Node) waits(e protocols.Requested) bool {
	return slices.ContainsFunc(n.Waits, func(w Wait) bool { return w.Client == e.Client && w.Request == e.Request })
}

// wait notes that a client waits. What it asked before it has given up.
func (n *Node) wait(e protocols.Requested) *Wait {
	at := slices.IndexFunc(n.Waits, func(w Wait) bool { return w.Client == e.Client && e.Client != 0 })
	if at < 0 {
		n.Waits = append(n.Waits, Wait{})
		at = len(n.Waits) - 1
	}
	w := &n.Waits[at]
	if w.Client == e.Client && w.Request == e.Request {
		w.Age = 0
		return w
	}
	*w = Wait{Client: e.Client, Request: e.Request, Command: e.Command}
	return w
}

// hand gives a command to whoever can propose it.
func (n *Node) hand(now time.Duration, w *Wait, out *protocols.Effects) {
	switch {
	case w.Force > 0:
	case n.leads():
		w.Handed = true
		n.enqueue(Command{Client: w.Client, Request: w.Request, Command: w.Command})
	case n.Options.AllPropose:
		// A timer that runs though nothing failed only waits for a leader.
		if n.Leading.Stage == 0 && (!n.Armed || n.Failures == 0) && n.votes(n.Chosen+1) {
			n.disarm(out)
			n.prepare(now, out)
		}
	case n.Leader != 0 && n.Leader != n.Self:
		w.Handed = true
		if machine.SizeOf(w.Command) >= batchBytes {
			w.To = n.Leader
		}
		out.Send(n.Leader, Submit{Client: w.Client, Request: w.Request, Command: w.Command})
	}
}

func (n *Node) onSubmit(m Submit, out *protocols.Effects) {
	if !n.leads() || len(n.Leading.Queue) >= queueMost {
		return
	}
	if _, answered, over := n.Sessions.Answered(m.Client, m.Request); !answered && !over {
		n.enqueue(Command(m))
		n.proposeQueue(out)
	}
}

// enqueue lines a command up, unless it is in line or under way. It takes the place
// of one of the same client, who has given that up: after a time of trouble a leader
// would else be busy with what nobody waits for any more, while those who wait give
// up in their turn (Bronson, Aghayev, Charapko, Zhu, "Metastable failures in
// distributed systems", HotOS 2021).
func (n *Node) enqueue(c Command) {
	g := &n.Leading
	if c.Client == 0 {
		g.Queue = append(g.Queue, c)
		return
	}
	before := g.Pending[c.Client]
	if before >= c.Request {
		return
	}
	g.Pending[c.Client] = c.Request
	g.Activity.Hear(&n.Sessions, c.Client)
	at := -1
	if before > 0 {
		at = slices.IndexFunc(g.Queue, func(waiting protocols.Record) bool {
			w, ok := waiting.(Command)
			return ok && w.Client == c.Client
		})
	}
	if at >= 0 {
		g.Queue[at] = c
	} else {
		g.Queue = append(g.Queue, c)
	}
}

func (n *Node) proposeQueue(out *protocols.Effects) {
	if n.leads() {
		n.propose(out)
	}
}

// takeUp lets a leader that is established serve those who wait for one.
func (n *Node) takeUp(now time.Duration, out *protocols.Effects) {
	for i := range n.Waits {
		if w := &n.Waits[i]; !w.Handed || w.Client != 0 {
			n.hand(now, w, out)
		}
	}
	n.propose(out)
	n.askIndex(now, out)
}

// answerWait answers the client of a command that was applied, if it waits here.
func (n *Node) answerWait(c *Command, result protocols.Result, fresh bool, out *protocols.Effects) {
	at := slices.IndexFunc(n.Waits, func(w Wait) bool { return w.Client == c.Client && w.Request == c.Request })
	if at < 0 {
		return
	}
	w := &n.Waits[at]
	if _, change := c.Command.(protocols.Reconfigure); change {
		w.Handed, w.Force = true, n.latest().From
		return
	}
	if !fresh {
		if _, answered, _ := n.Sessions.Answered(c.Client, c.Request); !answered {
			n.Waits = slices.Delete(n.Waits, at, at+1)
			return // a later request of the client was executed before
		}
	}
	n.Waits = slices.Delete(n.Waits, at, at+1)
	out.Reply(c.Client, c.Request, result)
}

// answerForced answers changes of members that are in force, and refuses what
// no slot is left for.
func (n *Node) answerForced(out *protocols.Effects) {
	for i := 0; i < len(n.Waits); i++ {
		w := n.Waits[i]
		switch {
		case w.Force > 0 && n.Chosen >= w.Force:
			out.Reply(w.Client, w.Request, nil)
		case w.Force == 0 && n.outOfSlots():
			out.Refuse(w.Client, w.Request, protocols.Conflict)
		default:
			continue
		}
		n.Waits = slices.Delete(n.Waits, i, i+1)
		i--
	}
}

// clientsOnTick hands on what waits, and lets go of what waits for too long.
func (n *Node) clientsOnTick(now time.Duration, out *protocols.Effects) {
	for i := 0; i < len(n.Waits); i++ {
		w := &n.Waits[i]
		w.Age++
		switch {
		case !w.Handed && w.Age > n.patience():
			out.Refuse(w.Client, w.Request, protocols.NoQuorum)
		case w.Age > 8*n.patience():
			// The client has given up long ago.
		default:
			if n.dueAgain(w) {
				n.hand(now, w, out)
			}
			continue
		}
		n.Waits = slices.Delete(n.Waits, i, i+1)
		i--
	}
	n.readsOnTick(now, out)
	if n.leads() && n.Options.Session > 0 {
		if expire, some := n.Leading.Activity.Tick(&n.Sessions, n.Options.Session); some {
			n.enqueue(Command{Command: expire})
		}
	}
	n.proposeQueue(out)
}

// The session layer's Expire is a command of nobody, and stands in the log: a
// leader that is deposed decides nothing (etcd #12528, #15247).
var _ protocols.Command = machine.Expire{}
