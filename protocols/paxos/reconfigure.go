package paxos

import (
	"quorumlab/protocols"
)

// Who votes on a slot must be known before anything is proposed in it. A command
// that changes the members, in slot i, does so from slot i+Alpha on, and no slot
// is proposed more than Alpha beyond what the leader has applied (Lamport,
// "Paxos Made Simple", section 3; Lamport, Malkhi, Zhou, "Reconfiguring a state
// machine", 2010). When no client asks anything the leader fills the slots up to
// there with no-ops. Any set of nodes may follow any other: each slot is decided
// by one configuration, and a leader goes on into the next only when a quorum of
// that one has promised its ballot, too.

// Readmission is a value: the node votes again, as another acceptor.
type Readmission struct {
	Node        protocols.NodeID
	Incarnation uint32
}

// reconfigure sets the members from Alpha slots after the one just applied on.
func (n *Node) reconfigure(members []protocols.NodeID, out *protocols.Effects) {
	if n.fits(members) != "" {
		return // no leader proposes that
	}
	c := n.configuration(n.Chosen+n.Options.Alpha, n.Chosen, members)
	n.Configurations = append(n.Configurations, c)
	n.noteConfiguration(&c, out)
	if n.Leading.Stage >= Recovering {
		n.invite(out)
	}
}

// ready tells whether this node has applied all slots before a configuration's.
// One that held from the start has none before it.
func (n *Node) ready(c *Configuration) bool { return c.Decided == 0 || n.Chosen+1 >= c.From }

func (n *Node) noteConfiguration(c *Configuration, out *protocols.Effects) {
	out.Note(protocols.Note{Kind: protocols.Configured, Term: c.Decided, Slot: c.From, Value: c.ids()})
}

// readmit lets a node vote as another acceptor from Alpha slots later on.
func (n *Node) readmit(r Readmission, out *protocols.Effects) {
	position, known := n.lookup(r.Node)
	if !known || n.Incarnations[position] >= r.Incarnation {
		return
	}
	n.Incarnations[position] = r.Incarnation
	if latest := n.latest(); latest.Voters&bit(position) != 0 {
		n.reconfigure(latest.ids(), out)
	}
}

// onReadmit proposes to let a node that lost its votes vote again.
func (n *Node) onReadmit(from int, m Readmit, out *protocols.Effects) {
	if !n.leads() || n.Incarnations[from] >= m.Incarnation {
		return
	}
	r := Readmission{Node: n.Nodes[from], Incarnation: m.Incarnation}
	for _, value := range n.Leading.Queue {
		if value == protocols.Record(r) {
			return
		}
	}
	for slot := n.Chosen + 1; slot < n.Leading.Next; slot++ {
		if n.Log.at(slot).Value == protocols.Record(r) {
			return
		}
	}
	n.Leading.Queue = append(n.Leading.Queue, r)
	n.proposeQueue(out)
}
