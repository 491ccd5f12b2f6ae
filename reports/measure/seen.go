package measure

import "quorumlab/checker/linear"

// Holding tells that from an instant on a node holds a value of a key, or that it
// is down and holds nothing.
type Holding struct {
	At    int64
	Node  string
	Key   string // "": Down
	Value linear.Value
	Down  bool
}

// Request is what a node was asked.
type Request struct {
	At int64
	// Answered: with a result, not a refusal. Crashed: the node went down first.
	Answered, Crashed bool
}

// Decision is what a node takes a transaction's fate to be.
type Decision struct {
	Transaction uint64
	Commit      bool
}
