package labtest

import (
	"slices"
	"time"

	"pgregory.net/rapid"

	"quorumlab/protocols"
	"quorumlab/protocols/catalog"
	"quorumlab/scenarios/language"
)

// memberships tells whether the members are drawn: where the protocol can change
// them, and such a change may strike.
func (s *Space) memberships() bool {
	protocol, err := catalog.Lookup(s.Protocol)
	return err == nil && protocol.Learners && protocol.Reconfigures && slices.Contains(s.Faults, language.FaultMembership)
}

// kinds returns the faults that are drawn.
func (s *Space) kinds() []language.FaultKind {
	return slices.DeleteFunc(slices.Clone(s.Faults), func(kind language.FaultKind) bool {
		return kind == language.FaultMembership && !s.memberships()
	})
}

// members draws a set of nodes that is not empty, growing.
func (d *drawing) members() []protocols.NodeID {
	who := rapid.IntRange(1, 1<<d.nodes-1).Draw(d.t, "members") // a bit a node
	var members []protocols.NodeID
	for i := range d.nodes {
		if who>>i&1 == 1 {
			members = append(members, protocols.NodeID(i+1))
		}
	}
	return members
}

// reconfigure has the operator ask for members, whoever votes by then.
func (d *drawing) reconfigure(at time.Duration) {
	change := language.Reconfigure{Least: 1}
	for _, id := range d.members() {
		change.Members = append(change.Members, target(int(id)))
	}
	d.add(at, change)
}
