package paxoscommit

import (
	"time"

	"quorumlab/protocols"
	"quorumlab/protocols/resource"
)

// Whoever a client asks coordinates the transaction. The client must be told
// only what is surely so.

func (n *Node) onRequested(r protocols.Requested, now time.Duration, out *protocols.Effects) {
	for i := range n.Leads {
		if e := &n.Leads[i].Errand; e.Client == r.Client && e.Request == r.Request && n.Leads[i].Phase != Telling {
			return // it is under way
		}
	}
	parts, conditional, err := n.Settings.Ownership.Split(r.Command)
	if err != nil {
		out.Reply(r.Client, r.Request, resource.Impossible(r.Command, err))
		return
	}
	id, ok := n.Numbers.Take(n.Settings.Self)
	if !ok {
		n.Early = append(n.Early, r)
		return
	}
	n.reserve(out)
	n.begin(id, Errand{
		Client: r.Client, Request: r.Request, Begun: now, Parts: parts, Conditional: conditional,
	}, out)
}

// reserve has numbers for transactions put on disk before they run out.
func (n *Node) reserve(out *protocols.Effects) {
	if reservation, needed := n.Numbers.Reserve(); needed {
		n.Journal.Force(reservation, 0, whatReserved, out)
	}
}

// onPersisted goes on with what waited for the disk.
func (n *Node) onPersisted(mark uint64, now time.Duration, out *protocols.Effects) {
	n.Written = mark
	for _, awaited := range n.Journal.Persisted(mark) {
		switch awaited.What {
		case whatReserved:
			n.Numbers.Granted()
			early := n.Early
			n.Early = nil
			for _, r := range early {
				n.onRequested(r, now, out)
			}
		case whatPromised, whatAccepted:
			if a := n.acceptance(awaited.Transaction); a != nil {
				n.onAcceptanceForced(a, awaited.What, out)
			}
		default:
			if p := n.process(awaited.Transaction); p != nil {
				n.onForced(p, awaited.What, out)
			}
		}
	}
}

// onForced goes on with a transaction of which something is on disk now.
func (n *Node) onForced(p *Process, what string, out *protocols.Effects) {
	switch what {
	case whatResolved:
		n.onResolved(p, out)
		return
	case whatFinished:
		n.onFinished(p, out)
		return
	case whatPrepared:
		if p.State == Ready {
			n.onPrepared(p, n.Settings.nearest(p.Transaction), out)
		}
	case whatLed:
		n.onLed(p, out)
	}
	p = n.process(p.Transaction)
	p.Held = n.release(p.Held, out)
}

func (n *Node) onTimer(timer protocols.Timer, out *protocols.Effects) {
	id := resource.ID(timer.Key)
	switch timer.Name {
	case timerLead:
		n.onLeadDue(id, out)
	case timerProcess:
		n.onProcessDue(id, out)
	case timerSettle:
		n.onSettleDue(id, out)
	}
}

// send sends a message, also to the node itself.
func (n *Node) send(to protocols.NodeID, message protocols.Message, out *protocols.Effects) {
	if to == n.Settings.Self {
		n.Inbox = append(n.Inbox, message)
		return
	}
	out.Send(to, message)
}

func (n *Node) noteDecision(id resource.ID, decision resource.Decision, out *protocols.Effects) {
	out.Note(protocols.Note{Kind: protocols.Decided, Slot: uint64(id), Text: string(decision)})
}

func (n *Node) noteVote(id resource.ID, vote string, out *protocols.Effects) {
	out.Note(protocols.Note{Kind: protocols.Voted, Slot: uint64(id), Text: vote})
}
