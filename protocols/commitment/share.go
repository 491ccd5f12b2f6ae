package commitment

import (
	"slices"
	"time"

	"quorumlab/protocols"
	"quorumlab/protocols/resource"
)

// Share is a node's part in one transaction until it is decided there.
type Share struct {
	Transaction resource.ID
	State       State
	Task        Task
	// Tries counts how often it waited in vain.
	Tries int
	Pending
	// Finished is being forced, if nobody else takes part.
	Finished resource.Finished
}

// NewShare is a node's part in a transaction of which it was asked.
func NewShare(id resource.ID, task Task) Share {
	return Share{Transaction: id, State: Working, Task: task}
}

// About implements About.
func (s Share) About() resource.ID { return s.Transaction }

// ToKeep is the share as a snapshot has it.
func (s Share) ToKeep() Share {
	s.Pending, s.Tries = Pending{}, 0
	return s
}

// TimerShare: nothing was heard of a transaction's leader. Its key is the
// transaction.
const TimerShare = "process"

// patienceMost bounds by how much patience grows.
const patienceMost = 2

// Watch starts the time-out of the transaction's leader anew. A node waits the
// longer the later it stands among those who may stand in for the leader, and the
// more often it has waited in vain, so that two seldom do at once.
func (s *Site) Watch(share *Share, among []protocols.NodeID, p Patience, out *protocols.Effects) {
	rank := max(slices.Index(among, s.Self), 0)
	half := p.Timeout() / 2
	shortest := time.Duration(4+rank+min(share.Tries, patienceMost)) * half
	out.SetTimer(TimerOf(TimerShare, share.Transaction), shortest, shortest+half)
}

// Again returns what is to be answered to a request about a transaction that is
// over here, and whether it is: Vote is "" if there is nothing to be said.
func (s *Site) Again(task Task, r *resource.Request) (answer Reported, over bool) {
	answer.Transaction = r.Transaction
	decision, over := s.Store.IsOver(r.Transaction)
	switch {
	case !over:
	case task == TaskPerform:
		answer = s.performedAgain(r, decision)
	case decision == resource.Abort:
		answer.Vote, answer.Answer.Refusal = resource.No, protocols.Aborted
	case task == TaskVote && len(r.Commands) > 0 && r.ReadsOnly():
		answer.Vote = resource.ReadOnly
	}
	return answer, over
}

// Resolved returns how a transaction was decided, as a log says. The store does not
// remember it of one that is below its coordinator's watermark.
func Resolved(log []protocols.Record, id resource.ID) resource.Decision {
	for _, record := range log {
		if r, ok := record.(resource.Resolved); ok && r.Transaction == id {
			return r.Decision
		}
	}
	return resource.Undecided
}
