package paxos

import (
	"math/bits"
	"slices"

	"quorumlab/protocols"
)

// Configuration is who votes on the slots from From on, up to the next one's.
type Configuration struct {
	From uint64
	// Decided is the slot whose command brought it about, 0 at the start.
	Decided uint64
	// Members are in growing order. Voters has a bit for each, by position
	// in Node.Nodes.
	Members []Member
	Voters  uint64
}

// Member is one acceptor of a configuration. A node that lost what it had on
// disk comes back as another acceptor, of a higher incarnation: what the lost
// one promised must neither bind nor count.
type Member struct {
	Node        protocols.NodeID
	Incarnation uint32
}

// bit returns the bit of a position.
func bit(position int) uint64 { return 1 << uint(position) }

// configuration makes one of the nodes' incarnations as they are now.
func (n *Node) configuration(from, decided uint64, members []protocols.NodeID) Configuration {
	c := Configuration{From: from, Decided: decided}
	for _, id := range members {
		position, _ := n.lookup(id)
		c.Members = append(c.Members, Member{id, n.Incarnations[position]})
		c.Voters |= bit(position)
	}
	return c
}

// ids returns the members' names.
func (c *Configuration) ids() []protocols.NodeID {
	ids := make([]protocols.NodeID, len(c.Members))
	for i, m := range c.Members {
		ids[i] = m.Node
	}
	return ids
}

// has tells whether a node votes, in this incarnation.
func (c *Configuration) has(id protocols.NodeID, incarnation uint32) bool {
	for i := range c.Members {
		if c.Members[i].Node == id {
			return c.Members[i].Incarnation == incarnation
		}
	}
	return false
}

// at returns the configuration that votes on a slot. It is known for all slots
// up to Chosen+Alpha; beyond that it is a guess.
func (n *Node) at(slot uint64) *Configuration {
	for i := len(n.Configurations) - 1; i > 0; i-- {
		if n.Configurations[i].From <= slot {
			return &n.Configurations[i]
		}
	}
	return &n.Configurations[0]
}

// latest returns the last configuration that the node knows of.
func (n *Node) latest() *Configuration { return &n.Configurations[len(n.Configurations)-1] }

// electorate returns the positions of all who vote on any slot that is open.
func (n *Node) electorate() uint64 {
	current := n.at(n.Chosen + 1)
	voters := current.Voters
	for i := range n.Configurations {
		if n.Configurations[i].From > current.From {
			voters |= n.Configurations[i].Voters
		}
	}
	return voters
}

// The quorums (flexible: any of the first kind meets any of the second).

func quorumOf(wanted, members int) int {
	if wanted == 0 {
		return members/2 + 1
	}
	return wanted
}

func (n *Node) q1(c *Configuration) int { return quorumOf(n.Options.Q1, len(c.Members)) }
func (n *Node) q2(c *Configuration) int { return quorumOf(n.Options.Q2, len(c.Members)) }

// chooses tells whether votes make a quorum of the second phase.
func (n *Node) chooses(c *Configuration, votes uint64) bool {
	return bits.OnesCount64(votes&c.Voters) >= n.q2(c)
}

// votes tells whether this node is an acceptor of a slot. Of slots whose
// configuration it does not know yet it goes by the last that it knows: who
// counts the votes knows better.
func (n *Node) votes(slot uint64) bool {
	return n.Formation.Confirmed && n.at(slot).has(n.Self, n.Incarnation)
}

// fits says what is wrong with a set of members, or "".
func (n *Node) fits(members []protocols.NodeID) string {
	if len(members) == 0 {
		return "nobody is left to vote"
	}
	for i, id := range members {
		if _, known := n.lookup(id); !known || i > 0 && members[i-1] >= id {
			return "the members are not nodes in growing order"
		}
	}
	return quorumsFit(n.Options.Q1, n.Options.Q2, len(members))
}

// quorumsFit says why two quorums of these sizes might miss each other, or "".
func quorumsFit(q1, q2, members int) string {
	first, second := quorumOf(q1, members), quorumOf(q2, members)
	switch {
	case first > members || second > members:
		return "a quorum is larger than the number of members"
	case first+second <= members:
		return "q1 + q2 must be more than the number of members, or two quorums may miss each other"
	}
	return ""
}

// forget drops the configurations that no slot from first on belongs to.
func (n *Node) forget(first uint64) {
	keep := 0
	for i := range n.Configurations {
		if n.Configurations[i].From <= first {
			keep = i
		}
	}
	n.Configurations = slices.Delete(n.Configurations, 0, keep)
}
