package commitment

import "quorumlab/protocols/resource"

// State is where a node stands in a transaction. Protocols have states of their
// own between these.
type State string

// The states at the beginning and at the end.
const (
	// Working: it has not voted, and may abort by itself.
	Working State = "working"
	// Committed and Aborted: it is decided, and on its way to the disk.
	Committed State = "committed"
	Aborted   State = "aborted"
)

// Decided tells whether a state is final.
func (s State) Decided() bool { return s == Committed || s == Aborted }

// Decision is what a final state stands for.
func (s State) Decision() resource.Decision {
	switch s {
	case Committed:
		return resource.Commit
	case Aborted:
		return resource.Abort
	}
	return resource.Undecided
}

// StateOf is the final state that a decision leads to.
func StateOf(decision resource.Decision) State {
	if decision == resource.Commit {
		return Committed
	}
	return Aborted
}

// Task is what the coordinator has asked of a participant.
type Task string

// The tasks.
const (
	TaskPerform Task = "perform" // execute and commit: nobody else takes part
	TaskExecute Task = "execute" // execute, and wait for the question
	TaskVote    Task = "vote"    // execute and vote
)

// Order asks a participant to execute its part of a transaction. With Watermark the
// coordinator says that no late copy of a message about its transactions with lower
// counts may begin one anew (resource.Store.Advance).
type Order struct {
	Request   resource.Request
	Watermark uint64
}

// Reported is what a participant answers to an Order, or to the question for its
// vote.
type Reported struct {
	Transaction resource.ID
	Vote        resource.Vote
	Answer      Answer
}
