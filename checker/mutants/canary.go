package mutants

import (
	"time"

	"quorumlab/protocols"
	"quorumlab/sim"
)

// CrossedAnswers is a node that, in one run of a hundred, begins at some time
// to give each client the result that was meant for the one before.
//
// Whether it does is decided when client 1 first asks it for the first time
// ever, which happens once a run, but for retries: by the instant, which in a
// simulation depends on the seed.
type CrossedAnswers struct {
	Inner protocols.Node
	// Crossed tells whether it has begun. Last is the last true result.
	Crossed bool
	Last    protocols.Result
}

// chance is one in how many runs it errs.
const chance = 100

// Step implements protocols.Node.
func (m *CrossedAnswers) Step(now time.Duration, event protocols.Event, out *protocols.Effects) {
	if e, ok := event.(protocols.Requested); ok && e.Client == 1 && e.Request == 1 {
		instant := sim.Random{State: uint64(now)} // spread over 64 bits, not drawn
		m.Crossed = m.Crossed || instant.Uint64()%chance == 0
	}
	first := len(*out)
	m.Inner.Step(now, event, out)
	for i := first; i < len(*out); i++ {
		reply, ok := (*out)[i].(protocols.Reply)
		if !ok || reply.Refusal != "" {
			continue
		}
		result := reply.Result
		if m.Crossed && m.Last != nil {
			reply.Result = m.Last
			(*out)[i] = reply
		}
		m.Last = result
	}
}

// Replicated implements protocols.Replica.
func (m *CrossedAnswers) Replicated() protocols.StateMachine { return replicated(m.Inner) }

// Resource implements protocols.Participant.
func (m *CrossedAnswers) Resource() protocols.Resource { return resourceOf(m.Inner) }

// anyMutants are errors that any protocol may have.
func anyMutants() []Mutant {
	return []Mutant{
		{
			Name:     "canary-1-percent",
			Error:    "in one run of a hundred a node gives each client the answer that was meant for the one before",
			Source:   "made up, to prove that a sweep sees a failure that is rare",
			Property: "linearizable",
			Scenario: "zab-partition",
			Seeds:    1000,
			Seed:     34,
			Wrap:     func(inner protocols.Node) protocols.Node { return &CrossedAnswers{Inner: inner} },
		},
	}
}

func anyTypes() []any { return []any{(*CrossedAnswers)(nil)} }
