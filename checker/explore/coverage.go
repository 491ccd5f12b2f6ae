package explore

// Covering is a model that tells which branches a search has taken, beside the
// kinds of step.
type Covering interface {
	Model
	// Coverage lists the branches that are known, also those not taken. It is for
	// when no worker is at work.
	Coverage() []Branch
}

// Branch is something that may happen in a model.
type Branch struct {
	// Of is what it is a branch of: "event", "note" …
	Of, Name string
	// Taken is in how many distinct situations it happened, 0 if never.
	Taken uint64
}
