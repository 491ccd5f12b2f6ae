package threepc

import (
	"fmt"
	"slices"

	"quorumlab/protocols"
	"quorumlab/protocols/commitment"
	"quorumlab/protocols/resource"
)

// Perform asks the only participant to execute its part and to commit.
type Perform commitment.Order

// Execute asks a participant to execute its part and to wait. It is sent only
// where one of several participants changes nothing.
type Execute commitment.Order

// CanCommit asks a process for its vote; one that owns no key of the transaction
// (the coordinator) has no commands. Executed: an Execute went before.
type CanCommit struct {
	Request   resource.Request
	Watermark uint64
	Cohort    []protocols.NodeID
	Executed  bool
}

// Performed answers Perform. What changes something is committed, or refused for
// good, by then.
type Performed commitment.Reported

// Executed answers Execute.
type Executed commitment.Reported

// Vote answers CanCommit.
type Vote commitment.Reported

// answerTo returns the message that answers a task.
func answerTo(task commitment.Task, answer commitment.Reported) protocols.Message {
	switch task {
	case commitment.TaskPerform:
		return Performed(answer)
	case commitment.TaskExecute:
		return Executed(answer)
	}
	return Vote(answer)
}

// PreCommit tells a process that all have voted YES. Up are those of the cohort
// that the leader has not found to have failed.
type PreCommit struct {
	Transaction resource.ID
	Ballot      Ballot
	Up          []protocols.NodeID
}

// PreAbort makes a process ready to abort.
type PreAbort struct {
	Transaction resource.ID
	Ballot      Ballot
}

// Ack tells the leader of a ballot that the process is in a state, on disk.
type Ack struct {
	Transaction resource.ID
	Ballot      Ballot
	State       State
}

// DoCommit tells that the transaction is committed. Answer: the coordinator,
// who sends it, is to be told when that is on disk.
type DoCommit struct {
	Transaction resource.ID
	Answer      bool
}

// DoAbort tells that the transaction is aborted.
type DoAbort struct {
	Transaction resource.ID
	Answer      bool
}

// Done answers DoCommit and DoAbort. The Decision is the one that the process
// has on disk, which is another only if the protocol was split.
type Done struct {
	Transaction resource.ID
	Decision    resource.Decision
}

// Poll asks in what state a process is. With a ballot the process is bound: it
// takes no part in lower ones any more. Ballot 0 only asks.
type Poll struct {
	Transaction resource.ID
	Ballot      Ballot
}

// Report answers Poll, from the disk.
type Report struct {
	Transaction resource.ID
	Ballot      Ballot
	State       State
	// Elected, Attempt, Up and Recovered are as in Process.
	Elected, Attempt Ballot
	Up               []protocols.NodeID
	Recovered        bool
	// Over: the coordinator has said that the transaction is over, and the
	// process has forgotten it. It can have committed nowhere.
	Over bool
}

// Kept tells whether a YES is on the sender's disk.
func (m Vote) Kept(durable protocols.Disk) string {
	if m.Vote != resource.Yes {
		return ""
	}
	return keptYes(durable, m.Transaction)
}

// Kept tells whether what was performed is on the sender's disk.
func (m Performed) Kept(durable protocols.Disk) string {
	if m.Vote != resource.Yes {
		return ""
	}
	return keptState(durable, m.Transaction, Committed)
}

// Kept tells whether the state is on the sender's disk.
func (m Ack) Kept(durable protocols.Disk) string {
	return keptState(durable, m.Transaction, m.State)
}

// Kept tells whether the decision is on the coordinator's disk.
func (m DoCommit) Kept(durable protocols.Disk) string {
	return keptState(durable, m.Transaction, Committed)
}

// Kept tells whether the decision is on the coordinator's disk.
func (m DoAbort) Kept(durable protocols.Disk) string {
	return keptState(durable, m.Transaction, Aborted)
}

// Kept tells whether the sender's disk bears it out: a process that never voted
// YES has nothing to abort.
func (m Done) Kept(durable protocols.Disk) string {
	if m.Decision == resource.Abort && keptYes(durable, m.Transaction) != "" {
		return ""
	}
	return keptState(durable, m.Transaction, commitment.StateOf(m.Decision))
}

// Kept tells whether the state that is reported is on the sender's disk, and so
// is the ballot that it is bound to, where that must outlive a crash.
func (m Report) Kept(durable protocols.Disk) string {
	if m.Over {
		return ""
	}
	if why := keptState(durable, m.Transaction, m.State); why != "" {
		return why
	}
	if m.Elected > first(m.Transaction) && keptElected(durable, m.Transaction) < m.Elected {
		return fmt.Sprintf("that it takes part in ballot %d of transaction %v is not on disk", m.Elected, m.Transaction)
	}
	return ""
}

// keptYes tells whether a process's YES is on its disk.
func keptYes(disk protocols.Disk, id resource.ID) string {
	_, found := kept(disk, id)
	found = found || resource.IsPrepared(disk, id) || slices.ContainsFunc(disk.Log, func(record protocols.Record) bool {
		enrolled, ok := record.(Enrolled)
		return ok && enrolled.Transaction == id && enrolled.Bare
	})
	if found {
		return ""
	}
	return fmt.Sprintf("its YES to transaction %v is not on disk", id)
}

// keptState tells whether a process was in a state, as its disk says.
func keptState(disk protocols.Disk, id resource.ID, state State) string {
	if state.Decided() {
		if !resource.IsResolved(disk, id, state.Decision()) {
			return fmt.Sprintf("that transaction %v is %s is not on disk", id, state)
		}
		return ""
	}
	if why := keptYes(disk, id); why != "" || state == Waiting {
		return why
	}
	found := slices.ContainsFunc(disk.Log, func(record protocols.Record) bool {
		shift, ok := record.(Shift)
		return ok && shift.Transaction == id && shift.State == state
	})
	if process, _ := kept(disk, id); !found && process.State != state {
		return fmt.Sprintf("that it is %s in transaction %v is not on disk", state, id)
	}
	return ""
}

// kept returns a process as the snapshot has it.
func kept(disk protocols.Disk, id resource.ID) (Process, bool) {
	snapshot, _ := disk.Snapshot.(resource.Snapshot)
	table, _ := snapshot.Protocol.(Table)
	at := slices.IndexFunc(table.Processes, func(p Process) bool { return p.Transaction == id })
	if at < 0 {
		return Process{}, false
	}
	return table.Processes[at], true
}

// keptElected returns the highest ballot that a process takes part in, as its
// disk says.
func keptElected(disk protocols.Disk, id resource.ID) Ballot {
	process, _ := kept(disk, id)
	elected := process.Elected
	for _, record := range disk.Log {
		if shift, ok := record.(Shift); ok && shift.Transaction == id {
			elected = max(elected, shift.Elected)
		}
	}
	return elected
}
