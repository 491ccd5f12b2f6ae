package resource

import "quorumlab/protocols"

// block is how many counts are reserved with one write.
const block = 1 << 12

// Numbers gives a coordinator's transactions their IDs. No count is given twice,
// in any life: those below Reserved are reserved on disk, and a life begins
// behind all that earlier ones may have given.
type Numbers struct {
	// Next is the count to be given next; Reserved bounds those that may be,
	// Asked those whose reservation is under way.
	Next, Reserved, Asked uint64
}

// Begin makes Numbers of what was recovered from disk.
func (n *Numbers) Begin(reserved uint64) {
	n.Next = max(reserved, 1)
	n.Reserved, n.Asked = n.Next, n.Next
}

// Take returns a fresh ID, or false if none is reserved: the coordinator must
// wait for its reservation.
func (n *Numbers) Take(self protocols.NodeID) (ID, bool) {
	if n.Next >= n.Reserved {
		return 0, false
	}
	n.Next++
	return NewID(self, n.Next-1), true
}

// Reserve returns the record to be forced if more counts will soon be needed.
// One reservation is under way at a time.
func (n *Numbers) Reserve() (Reservation, bool) {
	if n.Asked > n.Reserved || n.Reserved-n.Next > block/2 {
		return Reservation{}, false
	}
	n.Asked = n.Next + block
	return Reservation{UpTo: n.Asked}, true
}

// Granted takes note that the reservation is on disk.
func (n *Numbers) Granted() { n.Reserved = n.Asked }
