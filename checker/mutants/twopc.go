package mutants

import (
	"maps"
	"slices"
	"time"

	"quorumlab/protocols"
	"quorumlab/protocols/resource"
	"quorumlab/protocols/twopc"
)

// twopcMutants are errors of two-phase commit.
func twopcMutants() []Mutant {
	return []Mutant{
		{
			Name:     "2pc-answer-before-logged",
			Error:    "a coordinator answers, and tells the participants, before its decision to commit is on its disk",
			Source:   "Gray: Notes on Data Base Operating Systems, 1978, on the commit record; any group commit that answers first",
			Property: "ac1",
			Protocol: "twopc",
			Scenario: "2pc-in-doubt-inquiry",
			Seeds:    500, Seed: 2,
			Wrap: func(inner protocols.Node) protocols.Node {
				return &HastyForce{Inner: inner, Record: recordDecision}
			},
		},
		{
			Name:     "2pc-yes-before-prepared",
			Error:    "a participant votes YES before the prepared record is on its disk",
			Source:   "MySQL before 5.7, where a prepared XA transaction did not survive (bug 12161)",
			Property: "in-doubt-locks",
			Protocol: "twopc",
			Scenario: "2pc-coordinator-crash",
			Seeds:    500, Seed: 6,
			Wrap: func(inner protocols.Node) protocols.Node {
				return &HastyForce{Inner: inner, Record: recordPrepared}
			},
		},
		{
			Name:     "2pc-prepared-aborts",
			Error:    "a participant that has voted YES aborts when it has waited too long for the decision",
			Source:   "Bernstein, Hadzilacos, Goodman, 1987, section 7.4: the classic error in handling the time-out",
			Property: "ac1",
			Protocol: "twopc",
			Scenario: "2pc-coordinator-crash",
			Seeds:    100, Seed: 1,
			Wrap: func(inner protocols.Node) protocols.Node { return &AbortsInDoubt{Inner: inner} },
		},
		{
			Name:     "2pc-shipped-and-forgotten",
			Error:    "a coordinator that takes part ships its decision before it has carried it out, and forgets its own branch when it recovers",
			Source:   "MySQL bug 98288: XA COMMIT is in the binary log, and so on the replicas, before the engine has it",
			Property: "linearizable",
			Protocol: "twopc",
			Scenario: "2pc-coordinator-crash",
			Seeds:    100, Seed: 1,
			Wrap: func(inner protocols.Node) protocols.Node { return &ForgetsOwnBranch{Inner: inner} },
		},
		{
			Name:     "2pc-votes-before-locks",
			Error:    "a coordinator asks for votes before all have executed, so that who only reads gives up its locks too early",
			Source:   "Mohan, Lindsay and Obermarck, 1986, section 3.3: read-only votes are for when all locks are taken; Eswaran et al., 1976, on two-phase locking",
			Property: "linearizable",
			Protocol: "twopc",
			Scenario: "2pc-readers",
			Seeds:    500, Seed: 3,
			Wrap: func(inner protocols.Node) protocols.Node { return &VotesBeforeLocks{Inner: inner} },
		},
	}
}

func twopcTypes() []any {
	return []any{(*HastyForce)(nil), (*AbortsInDoubt)(nil), (*ForgetsOwnBranch)(nil), (*VotesBeforeLocks)(nil)}
}

// The records that a HastyForce is hasty with.
const (
	recordDecision = "decision"
	recordPrepared = "prepared"
)

// HastyForce is a node that takes a record of one kind for durable as soon as
// the write is asked for, unless it still waits for an earlier one.
type HastyForce struct {
	Inner  protocols.Node
	Record string
	// Forged is the last mark of which the node was told too early, Honest
	// the last that it has to wait for, Done the last that is stable.
	Forged, Honest, Done uint64
}

// Step implements protocols.Node.
func (m *HastyForce) Step(now time.Duration, event protocols.Event, out *protocols.Effects) {
	switch e := event.(type) {
	case protocols.Recovered:
		m.Forged, m.Honest, m.Done = 0, 0, 0
	case protocols.Persisted:
		m.Done = e.Mark
		if e.Mark <= m.Forged {
			return // the node knows it already
		}
	}
	seen := len(*out)
	m.Inner.Step(now, event, out)
	for ; seen < len(*out); seen++ {
		e, ok := (*out)[seen].(protocols.Persist)
		if !ok {
			continue
		}
		if m.Honest > m.Done || !slices.ContainsFunc(e.Writes, m.hasty) {
			m.Honest = e.Mark
			continue
		}
		m.Forged = e.Mark
		m.Inner.Step(now, protocols.Persisted{Mark: e.Mark}, out)
	}
}

// hasty tells whether a write is of a record that is not waited for.
func (m *HastyForce) hasty(w protocols.Write) bool {
	write, ok := w.(protocols.Append)
	if !ok {
		return false
	}
	switch r := write.Record.(type) {
	case resource.Prepared:
		return m.Record == recordPrepared
	case twopc.Decision:
		return m.Record == recordDecision && r.Decision == resource.Commit
	}
	return false
}

// Replicated implements protocols.Replica.
func (m *HastyForce) Replicated() protocols.StateMachine { return replicated(m.Inner) }

// Resource implements protocols.Participant.
func (m *HastyForce) Resource() protocols.Resource { return resourceOf(m.Inner) }

// AbortsInDoubt is a participant that, instead of asking what became of a
// transaction that it is in doubt about, acts as if it were told to abort.
type AbortsInDoubt struct{ Inner protocols.Node }

// Step implements protocols.Node.
func (m *AbortsInDoubt) Step(now time.Duration, event protocols.Event, out *protocols.Effects) {
	if fired, ok := event.(protocols.TimerFired); ok && fired.Timer.Name == "doubt" {
		id := resource.ID(fired.Timer.Key)
		event = protocols.Received{
			From: id.Coordinator(), Message: twopc.Decide{Transaction: id, Decision: resource.Abort},
		}
	}
	m.Inner.Step(now, event, out)
}

// Replicated implements protocols.Replica.
func (m *AbortsInDoubt) Replicated() protocols.StateMachine { return replicated(m.Inner) }

// Resource implements protocols.Participant.
func (m *AbortsInDoubt) Resource() protocols.Resource { return resourceOf(m.Inner) }

// ForgetsOwnBranch is a node that does not find, when it recovers, the branches
// of those transactions that it had itself decided to commit and not yet carried
// out. The records are there; it reads over them.
type ForgetsOwnBranch struct{ Inner protocols.Node }

// Step implements protocols.Node.
func (m *ForgetsOwnBranch) Step(now time.Duration, event protocols.Event, out *protocols.Effects) {
	if recovered, ok := event.(protocols.Recovered); ok {
		disk := recovered.Disk
		disk.Log = slices.Clone(disk.Log)
		for i, record := range disk.Log {
			if p, ok := record.(resource.Prepared); ok && forgets(disk.Log, p.Branch.Transaction) {
				disk.Log[i] = twopc.End{} // of no transaction: it says nothing
			}
		}
		event = protocols.Recovered{Disk: disk}
	}
	m.Inner.Step(now, event, out)
}

// forgets tells whether a log has a decision to commit and not that it was
// carried out.
func forgets(log []protocols.Record, id resource.ID) bool {
	decided := false
	for _, record := range log {
		switch r := record.(type) {
		case twopc.Decision:
			decided = decided || r.Transaction == id && r.Decision == resource.Commit
		case resource.Resolved:
			if r.Transaction == id {
				return false
			}
		}
	}
	return decided
}

// Replicated implements protocols.Replica.
func (m *ForgetsOwnBranch) Replicated() protocols.StateMachine { return replicated(m.Inner) }

// Resource implements protocols.Participant.
func (m *ForgetsOwnBranch) Resource() protocols.Resource { return resourceOf(m.Inner) }

// VotesBeforeLocks is a coordinator that asks for votes where it should first ask all
// to execute.
type VotesBeforeLocks struct{ Inner protocols.Node }

// Step implements protocols.Node.
func (m *VotesBeforeLocks) Step(now time.Duration, event protocols.Event, out *protocols.Effects) {
	seen := len(*out)
	m.Inner.Step(now, event, out)
	for i := seen; i < len(*out); i++ {
		send, sends := (*out)[i].(protocols.Send)
		if work, works := send.Message.(twopc.Work); sends && works {
			(*out)[i] = protocols.Send{To: send.To, Message: twopc.Prepare{Request: work.Request, Oldest: work.Oldest}}
		}
	}
	node, ok := m.Inner.(*twopc.Node)
	if !ok {
		return
	}
	for _, id := range slices.Sorted(maps.Keys(node.Transactions)) {
		if t := node.Transactions[id]; t.Stage == twopc.StageWorking {
			t.Stage = twopc.StageVoting
			node.Transactions[id] = t
		}
	}
}
