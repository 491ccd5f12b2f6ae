package resource

import (
	"quorumlab/protocols"
	"quorumlab/protocols/machine"
)

// Prepared is the record that is forced before a YES: all that is needed to
// commit or abort the branch after a crash, and whom to ask.
type Prepared struct{ Branch Branch }

// Resolved is the record that a branch was committed or aborted.
type Resolved struct {
	Transaction ID
	Decision    Decision
	// Heuristic: by nobody's decision but the participant's own.
	Heuristic bool
}

// Finished is the record of a transaction that this node alone took part in: it
// is prepared and committed at once, or refused for good.
type Finished struct {
	Branch  Branch
	Refusal string
}

// Reservation is the record that transactions may have counts below UpTo.
type Reservation struct{ UpTo uint64 }

// Snapshot stands for the log up to the record with index Through.
type Snapshot struct {
	Through  uint64
	Values   map[string]string
	Sessions map[protocols.ClientID]Session
	// Ended and Forgotten are as in Store.
	Ended     []machine.Ended
	Forgotten protocols.ClientID
	Branches  []Branch // prepared ones, by ID
	Over      map[ID]Decision
	// Watermarks are as in Store.
	Watermarks map[protocols.NodeID]uint64
	Reserved   uint64
	// Protocol is what the protocol itself adds: its coordinator's table.
	Protocol protocols.Record
}

// Types returns a zero value of every type of this package that protocols put
// where the contract says Record, and of what they hold.
func Types() []any {
	return append(
		machine.Types(), Prepared{}, Resolved{}, Finished{}, Reservation{}, Snapshot{},
		protocols.Undertaking{}, protocols.Asker{},
	)
}
