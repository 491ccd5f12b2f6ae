package zab

import "quorumlab/protocols"

// A client's write must take effect once, however often and wherever it is
// asked, and must be answered only by what was delivered. A node refuses only
// what it surely never hands on; of what it handed on and then lost sight of it
// says nothing.

// Write is a client's request that waits for its transaction to be delivered.
type Write struct {
	Client  protocols.ClientID
	Request uint64
	Command protocols.Command
	// Sent says that it was proposed, or sent to the leader.
	Sent bool
}

func (n *Node) onRequested(e protocols.Requested, out *protocols.Effects) {
	if !n.serving() && n.HandedOver == 0 {
		out.Refuse(e.Client, e.Request, protocols.NoQuorum)
		return
	}
	if result, ok := n.Sessions.Query(e.Command); ok {
		n.onRead(e, result, out)
		return
	}
	result, answered, over := n.Sessions.Answered(e.Client, e.Request)
	switch {
	case over && n.Sessions.Gone(e.Client, e.Request):
		out.Refuse(e.Client, e.Request, protocols.SessionGone)
	case over: // nobody waits for it any more
	case answered:
		out.Reply(e.Client, e.Request, result)
	default:
		n.handOn(Write{Client: e.Client, Request: e.Request, Command: e.Command}, out)
	}
}

// handOn proposes a write, or sends it to the leader; while a hand-over is under
// way it waits for the next epoch.
func (n *Node) handOn(w Write, out *protocols.Effects) {
	if n.Role == LeadingFollowers {
		n.hear(w.Client)
	}
	switch command, change := w.Command.(protocols.Reconfigure); {
	case !n.serving() || n.Role == LeadingFollowers && n.closing():
	case n.Role != LeadingFollowers:
		w.Sent = true
		out.Send(n.Following.Leader, Request{
			Epoch: n.Following.Epoch, Client: w.Client, Request: w.Request, Command: w.Command,
		})
	case change:
		if refusal := n.reconfigure(w, command, out); refusal != "" {
			if !n.pendingIs(w) {
				out.Refuse(w.Client, w.Request, refusal)
			}
			return
		}
		w.Sent = true
	default:
		w.Sent = n.broadcast(w.Client, w.Request, w.Command, out)
	}
	n.Writes = append(n.Writes, w)
}

// onRequest proposes what a learner's client asked. If the leader is closing the
// learner will ask in the next epoch.
func (n *Node) onRequest(l *Learner, position int, m Request, out *protocols.Effects) {
	if n.Phase != Broadcast || l.Stage != Serving || n.closing() {
		return
	}
	n.hear(m.Client)
	command, change := m.Command.(protocols.Reconfigure)
	if !change {
		n.broadcast(m.Client, m.Request, m.Command, out)
		return
	}
	w := Write{Client: m.Client, Request: m.Request}
	if refusal := n.reconfigure(w, command, out); refusal != "" {
		if n.pendingIs(w) {
			refusal = ""
		}
		out.Send(n.Nodes[position], Refused{
			Epoch: m.Epoch, Client: m.Client, Request: m.Request, Refusal: refusal,
		})
	}
}

// answerWrite answers the client of a transaction that was delivered, if it
// waits here. What this node hands on is proposed and delivered in the order of
// Writes, so only the first of them can be meant. One that is not was asked of
// another node, or of this one in an earlier epoch.
func (n *Node) answerWrite(t *Transaction, result protocols.Result, fresh bool, out *protocols.Effects) {
	if len(n.Writes) == 0 || n.Writes[0].Client != t.Client || n.Writes[0].Request != t.Request {
		return
	}
	n.Writes = behind(n.Writes)
	if !fresh {
		if _, _, over := n.Sessions.Answered(t.Client, t.Request); over {
			return // its result, if it has one, is lost
		}
	}
	out.Reply(t.Client, t.Request, result)
}

// behind returns a queue without its first. An empty one keeps its room: most often
// one waits at a time.
func behind[T any](queue []T) []T {
	if len(queue) > 1 {
		return queue[1:]
	}
	clear(queue)
	return queue[:0]
}

// hear takes note, as the leader, of a client's sign of life.
func (n *Node) hear(client protocols.ClientID) {
	if n.Options.SessionTimeout > 0 {
		n.Leading.Activity.Hear(&n.Sessions, client)
	}
}

// expire ends sessions that were silent for too long. Only a leader does, and
// through the log: no two nodes differ on who is gone.
func (n *Node) expire(out *protocols.Effects) {
	if n.Phase != Broadcast || n.Options.SessionTimeout == 0 {
		return
	}
	if command, due := n.Leading.Activity.Tick(&n.Sessions, n.Options.SessionTimeout); due {
		n.broadcast(0, 0, command, out) // in an epoch that is used up the next leader does
	}
}

// giveUpClients lets go of all clients. Writes that were sent may still be
// delivered, so their clients hear nothing; what was not sent, and a read that was
// not answered, did nothing.
func (n *Node) giveUpClients(out *protocols.Effects) {
	for i := range n.Writes {
		if w := &n.Writes[i]; !w.Sent {
			out.Refuse(w.Client, w.Request, protocols.NoQuorum)
		}
	}
	n.Writes, n.Touched = nil, nil
	for _, read := range n.Reads {
		out.Refuse(read.Client, read.Request, protocols.NoQuorum)
	}
	n.Reads = nil
}
