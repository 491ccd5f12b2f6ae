package paxoscommit

import (
	"fmt"
	"slices"

	"quorumlab/protocols"
	"quorumlab/protocols/commitment"
	"quorumlab/protocols/resource"
)

// What the coordinator asks participants. With Watermark it says that no late
// copy of a message about its transactions with lower counts may begin one anew
// (resource.Store.Advance); those among them with counts from Born on are over at
// all resource managers.

// Perform asks the only participant to execute its part and to commit.
type Perform commitment.Order

// Execute asks a participant to execute its part and to wait. It is sent only
// where one of several participants changes nothing.
type Execute commitment.Order

// Prepare asks a participant for its vote. Managers are the resource managers,
// those who change something. Executed: an Execute went before.
type Prepare struct {
	Request         resource.Request
	Watermark, Born uint64
	Managers        []protocols.NodeID
	Executed        bool
}

// Performed answers Perform. What changes something is committed, or refused for
// good, by then.
type Performed commitment.Reported

// Executed answers Execute.
type Executed commitment.Reported

// Voted tells the coordinator of a NO or of a read-only vote. A YES goes to the
// acceptors.
type Voted struct {
	Transaction resource.ID
	Vote        resource.Vote
	Answer      commitment.Answer
	// Forced: the NO is on disk, so that it can never become a YES.
	Forced bool
}

// Offered is phase 2a of ballot 0: a resource manager proposes to an acceptor, in
// its own instance, that it is prepared.
type Offered struct {
	Transaction     resource.ID
	Managers        []protocols.NodeID
	Answer          commitment.Answer
	Watermark, Born uint64
}

// Phase1a asks an acceptor to take part in a ballot, in all instances of the
// transaction.
type Phase1a struct {
	Transaction resource.ID
	Managers    []protocols.NodeID
	Ballot      Ballot
}

// Phase1b promises to. Values, if any, were accepted last, in the ballot Accepted.
type Phase1b struct {
	Transaction resource.ID
	Ballot      Ballot
	Accepted    Ballot
	Values      []Value
}

// Phase2a proposes a value a manager.
type Phase2a struct {
	Transaction resource.ID
	Managers    []protocols.NodeID
	Ballot      Ballot
	Values      []Value
}

// Phase2b tells that the acceptor has accepted, in all instances. In ballot 0 it
// says what came of the managers' commands.
type Phase2b struct {
	Transaction resource.ID
	Ballot      Ballot
	Values      []Value
	Answers     []commitment.Answer
}

// Higher tells the leader of a ballot that the acceptor takes part in a higher one.
type Higher struct {
	Transaction resource.ID
	Ballot      Ballot
}

// Decide tells the decision. Answer: the coordinator, who sends it, is to be told
// when it is on disk.
type Decide struct {
	Transaction resource.ID
	Decision    resource.Decision
	Answer      bool
}

// Done answers Decide.
type Done struct {
	Transaction resource.ID
	Decision    resource.Decision
}

// Forgettable asks a resource manager, or the coordinator, if it is done with a
// transaction, so that an acceptor may forget it.
type Forgettable struct {
	Transaction resource.ID
	Manager     bool
}

// Settled answers Forgettable.
type Settled struct{ Transaction resource.ID }

// Kept tells whether what was performed is on the sender's disk.
func (m Performed) Kept(durable protocols.Disk) string {
	if m.Vote != resource.Yes || resource.IsResolved(durable, m.Transaction, resource.Commit) {
		return ""
	}
	return fmt.Sprintf("that transaction %v is committed is not on disk", m.Transaction)
}

// Kept tells whether a NO that counts for good is on the sender's disk.
func (m Voted) Kept(durable protocols.Disk) string {
	if !m.Forced || resource.IsResolved(durable, m.Transaction, resource.Abort) {
		return ""
	}
	return fmt.Sprintf("its NO to transaction %v is not on disk", m.Transaction)
}

// Kept tells whether the manager is prepared on its disk.
func (m Offered) Kept(durable protocols.Disk) string {
	if resource.IsPrepared(durable, m.Transaction) {
		return ""
	}
	return fmt.Sprintf("that it is prepared for transaction %v is not on disk", m.Transaction)
}

// Kept tells whether a resource manager that leads will know, in its next life,
// that it has led the ballot: it must lead none twice.
func (m Phase1a) Kept(durable protocols.Disk) string {
	id := m.Transaction
	doubtful := resource.IsPrepared(durable, id) &&
		!resource.IsResolved(durable, id, resource.Commit) && !resource.IsResolved(durable, id, resource.Abort)
	if !doubtful || ledBallot(durable, id) >= m.Ballot {
		return ""
	}
	return fmt.Sprintf("that it leads ballot %v of transaction %v is not on disk", m.Ballot, m.Transaction)
}

// Kept tells whether the promise, and what was accepted, is on the acceptor's disk.
func (m Phase1b) Kept(durable protocols.Disk) string {
	kept := accepted(durable, m.Transaction)
	switch {
	case kept.Promised < m.Ballot:
		return fmt.Sprintf("that it takes part in ballot %v of transaction %v is not on disk", m.Ballot, m.Transaction)
	case m.Values != nil && (kept.Values == nil || kept.Ballot < m.Accepted):
		return fmt.Sprintf("what it accepted in ballot %v of transaction %v is not on disk", m.Accepted, m.Transaction)
	}
	return ""
}

// Kept tells whether the values are on the acceptor's disk as accepted.
func (m Phase2b) Kept(durable protocols.Disk) string {
	if kept := accepted(durable, m.Transaction); kept.Values == nil || kept.Ballot < m.Ballot {
		return fmt.Sprintf("what it accepted in ballot %v of transaction %v is not on disk", m.Ballot, m.Transaction)
	}
	return ""
}

// Kept tells whether the decision is on the sender's disk. A manager that never
// voted YES has nothing to abort.
func (m Done) Kept(durable protocols.Disk) string {
	if resource.IsResolved(durable, m.Transaction, m.Decision) ||
		m.Decision == resource.Abort && !resource.IsPrepared(durable, m.Transaction) {
		return ""
	}
	return fmt.Sprintf("the %s of transaction %v is not on disk", m.Decision, m.Transaction)
}

// tableOf returns what a disk's snapshot holds beside the store.
func tableOf(disk protocols.Disk) Table {
	snapshot, _ := disk.Snapshot.(resource.Snapshot)
	table, _ := snapshot.Protocol.(Table)
	return table
}

// accepted returns a transaction as an acceptor's disk has it.
func accepted(disk protocols.Disk, id resource.ID) Acceptance {
	var kept Acceptance
	table := tableOf(disk)
	if at := slices.IndexFunc(table.Acceptances, func(a Acceptance) bool { return a.Transaction == id }); at >= 0 {
		kept = table.Acceptances[at]
	}
	for _, record := range disk.Log {
		switch r := record.(type) {
		case Promised:
			if r.Transaction == id {
				kept.Promised = max(kept.Promised, r.Ballot)
			}
		case Accepted:
			if r.Transaction == id {
				kept.Promised = max(kept.Promised, r.Ballot)
				kept.Ballot, kept.Values = r.Ballot, r.Values
			}
		}
	}
	return kept
}

// ledBallot returns the highest ballot of a transaction that a disk says its
// node has led.
func ledBallot(disk protocols.Disk, id resource.ID) Ballot {
	led := Ballot(0)
	for _, p := range tableOf(disk).Processes {
		if p.Transaction == id {
			led = p.Ballot
		}
	}
	for _, record := range disk.Log {
		if r, ok := record.(Led); ok && r.Transaction == id {
			led = max(led, r.Ballot)
		}
	}
	return led
}
