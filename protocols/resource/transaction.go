package resource

import (
	"cmp"
	"fmt"
	"time"

	"quorumlab/protocols"
	"quorumlab/protocols/machine"
)

// ID names a transaction: who coordinates it in the upper 16 bits, a count in
// the lower 48. 0 names none. It is the Slot of notes and the Key of timers.
type ID uint64

const countBits = 48

// NewID puts an ID together.
func NewID(coordinator protocols.NodeID, count uint64) ID {
	if count == 0 || count >= 1<<countBits {
		panic(fmt.Sprintf("resource: a transaction's count is %d", count))
	}
	return ID(uint64(coordinator)<<countBits | count)
}

// Coordinator returns who began the transaction.
func (id ID) Coordinator() protocols.NodeID { return protocols.NodeID(id >> countBits) }

// Count returns its number among those that its coordinator began, from 1.
func (id ID) Count() uint64 { return uint64(id) & (1<<countBits - 1) }

// String shows the two parts, as in 3.17.
func (id ID) String() string { return fmt.Sprintf("%d.%d", id.Coordinator(), id.Count()) }

// Vote is what a participant says to a transaction.
type Vote string

// The votes. A participant that votes ReadOnly is done with the transaction:
// either decision is right for it.
const (
	Yes      Vote = protocols.VoteYes
	No       Vote = protocols.VoteNo
	ReadOnly Vote = protocols.VoteReadOnly
)

// Decision is a transaction's fate.
type Decision string

// The decisions.
const (
	Undecided Decision = ""
	Commit    Decision = protocols.Commit
	Abort     Decision = protocols.Abort
)

// Request is one participant's part of a transaction, as it is asked for.
type Request struct {
	Transaction ID
	// Begun is the coordinator's clock reading when it began.
	Begun time.Duration
	// Client and Number are those of the client's request.
	Client protocols.ClientID
	Number uint64
	// Participants are all that take part, in growing order; Voters those of
	// them that may vote YES, whom one in doubt can ask: the others read only,
	// and forget.
	Participants, Voters []protocols.NodeID
	// Commands is the part that this participant owns the keys of.
	Commands []machine.Command
	// Conditional: a condition that does not hold aborts the transaction. It
	// is false for a command that is no transaction, whose result then says so.
	Conditional bool
}

// alone tells whether nobody else takes part.
func (r *Request) alone() bool { return len(r.Participants) == 1 }

// ReadsOnly tells whether the part changes nothing, whatever the keys hold.
func (r *Request) ReadsOnly() bool { return readsOnly(r.Commands) }

func readsOnly(commands []machine.Command) bool {
	for _, c := range commands {
		if c.Op != machine.Get {
			return false
		}
	}
	return true
}

// Branch is a transaction's part at one participant, executed and not yet
// decided.
type Branch struct {
	Transaction ID
	Begun       time.Duration
	Client      protocols.ClientID
	Number      uint64
	// Participants and Voters are as in Request.
	Participants, Voters []protocols.NodeID
	// Shared and Exclusive are the keys that it holds locks of.
	Shared, Exclusive []string
	// Images holds what it changes.
	Images []Image
	// Results are those of its commands.
	Results []machine.Result
	// Prepared: the participant may no longer abort it by itself. On disk it
	// is true.
	Prepared bool
}

// Locks counts the locks of the branch.
func (b *Branch) Locks() int { return len(b.Shared) + len(b.Exclusive) }

// before orders transactions by their age, for wait-die.
func before(a time.Duration, x ID, b time.Duration, y ID) bool {
	return cmp.Or(cmp.Compare(a, b), cmp.Compare(x.Count(), y.Count()), cmp.Compare(x, y)) < 0
}

// Image is a key's value before and after: undo and redo.
type Image struct {
	Key           string
	Before, After Value
}

// Value is what a key holds; the zero Value is nothing.
type Value struct {
	Text    string
	Present bool
}

// Session is the answer to a client's last request that was carried out here.
type Session struct {
	Number      uint64
	Transaction ID
	Begun       time.Duration
	Results     []machine.Result
	// Refusal is why it was refused for good, "" if it was not.
	Refusal string
}
