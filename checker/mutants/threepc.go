package mutants

import (
	"time"

	"quorumlab/protocols"
	"quorumlab/protocols/threepc"
)

// threepcMutants are errors of three-phase commit.
func threepcMutants() []Mutant {
	return []Mutant{
		{
			Name:     "threepc-obeys-deposed",
			Error:    "a process takes a PreCommit from a coordinator that it knows to be deposed",
			Source:   "Keidar and Dolev (1998), section 6: without Last_Elected a connected quorum may split",
			Property: "ac1",
			Protocol: "threepc",
			Scenario: "3pc-deposed-coordinator",
			Seeds:    100,
			Seed:     1,
			Wrap:     func(inner protocols.Node) protocols.Node { return &ObeysDeposed{Inner: inner} },
		},
	}
}

func threepcTypes() []any { return []any{(*ObeysDeposed)(nil)} }

// ObeysDeposed is a process of three-phase commit that forgets, when it is told
// to precommit, that it takes part in a higher ballot.
type ObeysDeposed struct{ Inner protocols.Node }

// Step implements protocols.Node.
func (m *ObeysDeposed) Step(now time.Duration, event protocols.Event, out *protocols.Effects) {
	received, _ := event.(protocols.Received)
	order, precommit := received.Message.(threepc.PreCommit)
	node, ok := m.Inner.(*threepc.Node)
	if !precommit || !ok {
		m.Inner.Step(now, event, out)
		return
	}
	elected := threepc.Ballot(0)
	find := func() *threepc.Process {
		for i := range node.Processes {
			if p := &node.Processes[i]; p.Transaction == order.Transaction {
				return p
			}
		}
		return nil
	}
	if p := find(); p != nil && order.Ballot < p.Elected {
		elected, p.Elected = p.Elected, order.Ballot
	}
	m.Inner.Step(now, event, out)
	if p := find(); p != nil {
		p.Elected = max(p.Elected, elected)
	}
}

// Resource implements protocols.Participant.
func (m *ObeysDeposed) Resource() protocols.Resource { return resourceOf(m.Inner) }
