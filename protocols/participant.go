package protocols

// Participant is a Node that holds a part of the data and takes part in atomic
// commitment with it: a transaction that is under way there, and what it would
// change, can be looked at. Who looks must not change anything.
type Participant interface {
	Node
	// Resource is nil if the node can make nothing of its disk.
	Resource() Resource
}

// Resource is what a participant owns, as seen from outside. Transactions are
// named by their numbers, as in the Slot of a Note.
type Resource interface {
	// Locked returns how many locks a transaction holds.
	Locked(transaction uint64) int
	// Balance returns the sum of all whole numbers that are held, as
	// committed.
	Balance() int64
	// Pending returns by how much the Balance will change if a transaction
	// that is under way is committed, 0 if it is not under way.
	Pending(transaction uint64) int64
}

// Conserving is a Command that tells whether it leaves the sum of all balances
// as it is: it changes nothing, or only moves an amount about.
type Conserving interface{ Conserves() bool }
