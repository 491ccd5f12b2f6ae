package commitment

import (
	"slices"

	"quorumlab/protocols"
	"quorumlab/protocols/resource"
)

// Lead is a transaction as its coordinator sees it, or who stands in for it.
type Lead struct {
	Transaction resource.ID
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

// Await begins a phase, in which some must answer.
func (l *Lead) Await(nodes []protocols.NodeID) { l.Awaited, l.Rounds = slices.Clone(nodes), 0 }

// Answered takes note that somebody has answered in this phase, and reports
// whether that was awaited.
func (l *Lead) Answered(from protocols.NodeID) bool {
	at := slices.Index(l.Awaited, from)
	if at >= 0 {
		l.Awaited = slices.Delete(l.Awaited, at, at+1)
	}
	return at >= 0
}

// TimerLead: time to ask again those who did not answer. Its key is the transaction.
const TimerLead = "lead"
