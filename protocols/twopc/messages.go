package twopc

import (
	"fmt"
	"slices"

	"quorumlab/protocols"
	"quorumlab/protocols/commitment"
	"quorumlab/protocols/machine"
	"quorumlab/protocols/resource"
)

// Oldest, in the messages of a coordinator, is the lowest count of all that it
// has not forgotten: what it began before is over.

// Work asks a participant to execute its part and keep the locks. It is sent
// only if somebody takes part who only reads: see package resource.
type Work struct {
	Request resource.Request
	Oldest  uint64
}

// Worked answers Work. Refusal is why it could not be executed, "" if it was.
type Worked struct {
	Transaction resource.ID
	Refusal     string
	// Earlier and Superseded are as in resource.Outcome.
	Earlier, Superseded bool
	Results             []machine.Result
}

// Answer returns what came of the participant's part.
func (m Worked) Answer() commitment.Answer {
	return commitment.Answer{Results: m.Results, Refusal: m.Refusal, Earlier: m.Earlier, Superseded: m.Superseded}
}

// Prepare asks a participant for its vote. With Executed it has the branch from
// Work, or must vote NO; else it executes its part now.
type Prepare struct {
	Request  resource.Request
	Executed bool
	Oldest   uint64
}

// Ballotted is a participant's vote. Refusal is why it votes NO.
type Ballotted struct {
	Transaction resource.ID
	Vote        resource.Vote
	Refusal     string
	// Earlier and Superseded are as in resource.Outcome.
	Earlier, Superseded bool
	Results             []machine.Result
}

// Answer returns what came of the participant's part.
func (m Ballotted) Answer() commitment.Answer {
	return commitment.Answer{Results: m.Results, Refusal: m.Refusal, Earlier: m.Earlier, Superseded: m.Superseded}
}

// Kept implements protocols.Vow: a YES is true only if the branch is prepared.
func (m Ballotted) Kept(durable protocols.Disk) string {
	if m.Vote != resource.Yes || resource.IsPrepared(durable, m.Transaction) {
		return ""
	}
	return fmt.Sprintf("transaction %v is not prepared on its disk", m.Transaction)
}

// Decide tells a decision. Logged: the coordinator has it on disk (else nobody
// needs to have, or it is told by a participant, or presumed).
type Decide struct {
	Transaction resource.ID
	Decision    resource.Decision
	Logged      bool
}

// Kept implements protocols.Vow.
func (m Decide) Kept(durable protocols.Disk) string {
	if !m.Logged || decidedOn(durable, m.Transaction, m.Decision) {
		return ""
	}
	return fmt.Sprintf("the decision to %s transaction %v is not on its disk", m.Decision, m.Transaction)
}

// Ack tells the coordinator that the participant will never ask again. Decision
// is what it did. After a heuristic decision Told is what it was told, which may be
// something else.
type Ack struct {
	Transaction resource.ID
	Decision    resource.Decision
	Told        resource.Decision
}

// Kept implements protocols.Vow.
func (m Ack) Kept(durable protocols.Disk) string {
	if resource.IsResolved(durable, m.Transaction, m.Decision) {
		return ""
	}
	return fmt.Sprintf("that transaction %v was resolved to %s is not on its disk", m.Transaction, m.Decision)
}

// Inquire asks what became of a transaction that the sender is in doubt about.
type Inquire struct{ Transaction resource.ID }

// Perform asks the only participant to execute and commit (one-phase commit).
type Perform struct {
	Request resource.Request
	Oldest  uint64
}

// Performed answers Perform. Refusal is why it was not done; Silent: nothing is
// to be said to the client. Logged: the participant has committed, or refused, the
// transaction on disk (else it only read, or answers as it did before).
type Performed struct {
	Transaction resource.ID
	Results     []machine.Result
	Refusal     string
	Silent      bool
	Logged      bool
}

// Kept implements protocols.Vow.
func (m Performed) Kept(durable protocols.Disk) string {
	decision := resource.Commit
	if m.Refusal != "" {
		decision = resource.Abort
	}
	if !m.Logged || resource.IsResolved(durable, m.Transaction, decision) {
		return ""
	}
	return fmt.Sprintf("the %s of transaction %v is not on its disk", decision, m.Transaction)
}

// Collecting is the record that a coordinator that presumes commit forces before
// it asks for votes: if it finds no decision beside it, it aborts.
type Collecting struct {
	Transaction  resource.ID
	Participants []protocols.NodeID
}

// Decision is the record that is forced before a decision is told. Tell lists
// who must acknowledge it before it may be forgotten.
type Decision struct {
	Transaction resource.ID
	Decision    resource.Decision
	Tell        []protocols.NodeID
	// Client, Request and Result are the client's and what it is answered, if it is
	// committed.
	Client  protocols.ClientID
	Request uint64
	Result  protocols.Result
}

// End is the record that all have acknowledged; it is not forced.
type End struct{ Transaction resource.ID }

// Settled is the record that a participant knows what was decided on a transaction
// that it had decided by itself.
type Settled struct {
	Transaction resource.ID
	Decision    resource.Decision
}

// Table is what a snapshot keeps of the coordinator: what Collecting and
// Decision said of transactions that are not forgotten, by ID, and what clients were
// answered, the oldest first. Heuristics are those of the participant, by ID.
type Table struct {
	Collecting []Collecting
	Decisions  []Decision
	Outcomes   []machine.Kept
	Heuristics []Heuristic
}

// decidedOn tells whether a disk has a decision.
func decidedOn(disk protocols.Disk, id resource.ID, decision resource.Decision) bool {
	is := func(d Decision) bool { return d.Transaction == id && d.Decision == decision }
	if snapshot, ok := disk.Snapshot.(resource.Snapshot); ok {
		if table, ok := snapshot.Protocol.(Table); ok && slices.ContainsFunc(table.Decisions, is) {
			return true
		}
	}
	return slices.ContainsFunc(disk.Log, func(record protocols.Record) bool {
		d, ok := record.(Decision)
		return ok && is(d)
	})
}
