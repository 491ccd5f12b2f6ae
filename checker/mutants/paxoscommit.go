package mutants

import (
	"time"

	"quorumlab/protocols"
	"quorumlab/protocols/paxoscommit"
)

// paxoscommitMutants are errors of Paxos Commit.
func paxoscommitMutants() []Mutant {
	return []Mutant{
		{
			Name:     "paxoscommit-aborts-unasked",
			Error:    "who leads a higher ballot proposes abort, whatever the acceptors have accepted",
			Source:   "the presumed abort of two-phase commit, taken over into Paxos Commit against Gray and Lamport (2006), section 4.2",
			Property: "ac1",
			Protocol: "paxoscommit",
			Scenario: "paxoscommit-coordinator-cut",
			Seeds:    100,
			Seed:     1,
			Wrap:     func(inner protocols.Node) protocols.Node { return &AbortsUnasked{Inner: inner} },
		},
	}
}

func paxoscommitTypes() []any { return []any{(*AbortsUnasked)(nil)} }

// AbortsUnasked is a leader of Paxos Commit that does not look at what the
// acceptors tell it in phase 1.
type AbortsUnasked struct{ Inner protocols.Node }

// Step implements protocols.Node.
func (m *AbortsUnasked) Step(now time.Duration, event protocols.Event, out *protocols.Effects) {
	if received, ok := event.(protocols.Received); ok {
		if promise, ok := received.Message.(paxoscommit.Phase1b); ok {
			promise.Accepted, promise.Values = 0, nil
			received.Message = promise
			event = received
		}
	}
	node, ok := m.Inner.(*paxoscommit.Node)
	if !ok {
		m.Inner.Step(now, event, out)
		return
	}
	// What it has accepted itself it does not look at either.
	m.Inner.Step(now, event, out)
	for i := range node.Leads {
		if l := &node.Leads[i]; l.Phase == paxoscommit.Promising {
			l.Values, l.Latest = nil, 0
		}
	}
}

// Resource implements protocols.Participant.
func (m *AbortsUnasked) Resource() protocols.Resource { return resourceOf(m.Inner) }
