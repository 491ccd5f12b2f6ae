package commitment

import (
	"slices"
	"time"

	"quorumlab/protocols"
	"quorumlab/protocols/resource"
)

// Phase is how far is who leads a transaction. Protocols have phases of their own
// between these.
type Phase string

// The phases that all have.
const (
	// Performing and Executing: those who take part are to execute, one alone for
	// good, several until they are asked to vote.
	Performing Phase = "performing"
	Executing  Phase = "executing"
	// Telling: it is decided, and not all are known to know.
	Telling Phase = "telling"
)

// Lead is a transaction as its coordinator sees it, or who stands in for it.
type Lead struct {
	Transaction resource.ID
	Phase       Phase
	Ballot      Ballot
	// Awaited are those that have not answered in this phase; Rounds counts how
	// often they were asked again.
	Awaited  []protocols.NodeID
	Rounds   int
	Decision resource.Decision
	// Errand is the client's, the coordinator's only.
	Errand Errand
}

// About implements About.
func (l Lead) About() resource.ID { return l.Transaction }

// Enter begins a phase, in which some must answer.
func (l *Lead) Enter(phase Phase, awaited []protocols.NodeID) {
	l.Phase, l.Awaited, l.Rounds = phase, slices.Clone(awaited), 0
}

// Answered takes note that somebody has answered in this phase, and reports
// whether that was awaited.
func (l *Lead) Answered(from protocols.NodeID) bool {
	at := slices.Index(l.Awaited, from)
	if at >= 0 {
		l.Awaited = slices.Delete(l.Awaited, at, at+1)
	}
	return at >= 0
}

// Serves tells whether it is about a client's request, and not over.
func (l *Lead) Serves(r protocols.Requested) bool {
	return l.Errand.Client == r.Client && l.Errand.Request == r.Request && l.Phase != Telling
}

// Patience is how long is waited for others, the same in every life.
type Patience struct {
	// Tick is the time between two attempts to reach somebody; after TimeoutTicks
	// of them he is taken for dead.
	Tick         time.Duration
	TimeoutTicks int
}

// PatienceOf reads the parameter timeout, which holds TimeoutTicks.
func PatienceOf(config protocols.Config) (Patience, error) {
	ticks, err := config.Number("timeout", 2)
	return Patience{Tick: config.Tick, TimeoutTicks: int(ticks)}, err
}

// Timeout is the time after which somebody is taken for dead.
func (p Patience) Timeout() time.Duration { return time.Duration(p.TimeoutTicks) * p.Tick }

// TimerLead: time to ask again those who did not answer. Its key is the transaction.
const TimerLead = "lead"

// AskLater sees to it that those who do not answer will be asked once more.
func (l *Lead) AskLater(p Patience, out *protocols.Effects) {
	interval := p.Tick
	if l.Phase == Performing || l.Phase == Telling {
		interval = p.Timeout() // there is nothing to hurry for
	}
	out.SetTimer(TimerOf(TimerLead, l.Transaction), interval, interval)
}
