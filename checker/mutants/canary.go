package mutants

import (
	"time"

	"quorumlab/protocols"
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
		m.Crossed = m.Crossed || mix(uint64(now))%chance == 0
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

// mix spreads a number over 64 bits (the finalizer of SplitMix64: Steele, Lea,
// Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014).
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
