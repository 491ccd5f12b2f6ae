package zab

import (
	"fmt"
	"slices"

	"quorumlab/protocols"
)

// This file keeps who votes. A configuration is decided by a transaction, whose
// zxid is its version, and a new one is proposed only when the one before it is
// committed. So of all configurations in a log only the last can be in doubt: it
// is pending, the one before it active. As long as one is pending whatever needs
// a quorum needs one of each (joint quorums), so that no quorum of the one or the
// other can act on its own. The nodes that do not vote are observers.

// Configuration says who votes from a transaction on.
type Configuration struct {
	// Version is the zxid of that transaction, 0 for the configuration that
	// the ensemble began with.
	Version Zxid
	Members []protocols.NodeID
}

// Electorate is a configuration, made ready to count by.
type Electorate struct {
	Configuration Configuration
	// Voters tells by position who votes, Quorum how many are a majority; 0
	// stands for no configuration.
	Voters []bool
	Quorum int
}

func (n *Node) electorate(c Configuration) Electorate {
	e := Electorate{Configuration: c, Voters: make([]bool, len(n.Nodes)), Quorum: len(c.Members)/2 + 1}
	for _, id := range c.Members {
		position, ok := n.lookup(id)
		if !ok {
			panic(fmt.Sprintf("zab: node %d, a member from %v on, is unknown", id, c.Version))
		}
		e.Voters[position] = true
	}
	return e
}

// backed reports whether a majority of the voters backs something.
func (e *Electorate) backed(backs func(position int) bool) bool {
	count := 0
	for p, votes := range e.Voters {
		if votes && backs(p) {
			count++
		}
	}
	return count >= e.Quorum
}

// quorum reports whether a quorum backs something: of the active configuration,
// and of a pending one.
func (n *Node) quorum(backs func(position int) bool) bool {
	return n.Active.backed(backs) && (n.Pending.Quorum == 0 || n.Pending.backed(backs))
}

// voter reports whether a node votes, in either configuration.
func (n *Node) voter(position int) bool {
	return n.Active.Voters[position] || n.Pending.Quorum > 0 && n.Pending.Voters[position]
}

// eligible reports whether this node may vote in elections, and be elected.
func (n *Node) eligible() bool { return n.voter(n.Position) && !n.Damaged }

// seen is the version of the last configuration in the log.
func (n *Node) seen() Zxid {
	return max(n.Active.Configuration.Version, n.Pending.Configuration.Version)
}

// learnerRole is the role of this node under a leader.
func (n *Node) learnerRole() Role {
	if n.voter(n.Position) {
		return FollowingLeader
	}
	return ObservingLeader
}

// configure takes note of a transaction that is new in the log, if it decides a
// configuration.
func (n *Node) configure(zxid Zxid, transaction *Transaction) {
	command, ok := transaction.Command.(protocols.Reconfigure)
	if !ok || zxid <= n.Active.Configuration.Version {
		return
	}
	if n.Pending.Quorum > 0 {
		n.Active = n.Pending // committed, or this one would not be here
	}
	n.Pending = n.electorate(Configuration{Version: zxid, Members: command.Members})
}

// forget takes note that the log was cut after a zxid.
func (n *Node) forget(after Zxid) {
	if n.Pending.Configuration.Version > after {
		n.Pending = Electorate{}
	}
}

// activate takes note that the configuration of a version is committed.
func (n *Node) activate(c Configuration, out *protocols.Effects) {
	if c.Version <= n.Active.Configuration.Version {
		return
	}
	if n.Pending.Configuration.Version <= c.Version {
		n.Pending = Electorate{}
	}
	n.Active = n.electorate(c)
	out.Note(protocols.Note{
		Kind: protocols.Configured, Term: uint64(c.Version.Epoch()), Slot: uint64(c.Version),
		Value: slices.Clone(c.Members),
	})
}
