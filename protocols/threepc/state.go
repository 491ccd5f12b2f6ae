package threepc

import (
	"time"

	"quorumlab/protocols"
	"quorumlab/protocols/commitment"
	"quorumlab/protocols/resource"
)

// Node is one participant: protocols.Node as plain data.
type Node struct {
	Settings Settings
	commitment.Site
	// Processes holds the transactions in which the node is one of those that
	// must agree, and that are not yet decided here.
	Processes commitment.Sorted[Process]
	// Leads holds the transactions that the node leads: all that it coordinates,
	// and those whose coordinator it stands in for.
	Leads commitment.Sorted[Lead]
}

// Settings are what only three-phase commit has to choose, the same in every life.
type Settings struct {
	Termination string
	// CommitQuorum is how many must have precommitted, 0: a majority.
	CommitQuorum int
	commitment.Patience
}

// State is where one process stands in a transaction.
type State = commitment.State

// The states, with the letters that the literature gives them.
const (
	// Working (q): it has not voted, and may abort by itself.
	Working = commitment.Working
	// Waiting (w): it has voted YES. Nobody has committed.
	Waiting State = "waiting"
	// Precommitted (p): it knows that all voted YES. Nobody has aborted, if
	// nobody was taken for dead who was not.
	Precommitted State = "precommitted"
	// Preaborted: the quorum protocols make ready to abort as well.
	Preaborted State = "preaborted"
	// Committed (c) and Aborted (a): it is decided.
	Committed = commitment.Committed
	Aborted   = commitment.Aborted
)

// Ballot numbers the attempts to bring a transaction to its end. The coordinator's
// own is the first. 0 is no attempt, but a question.
type Ballot = commitment.Ballot

// first is the ballot of a transaction's coordinator.
func first(id resource.ID) Ballot { return commitment.NewBallot(1, id.Coordinator()) }

// Process is a node's part in one transaction that is not yet decided.
type Process struct {
	commitment.Share
	// Cohort are the processes that must agree: the coordinator and those
	// who change something, in growing order.
	Cohort []protocols.NodeID
	// Elected is the highest ballot that the process takes part in, Attempt that
	// in which it was last made to precommit or to preabort, 0 if never (Keidar
	// and Dolev's Last_Elected and Last_Attempt).
	Elected, Attempt Ballot
	// Up are those of the cohort who had not failed when it precommitted, as
	// far as it knew.
	Up []protocols.NodeID
	// Bare: it owns no key of the transaction that is changed.
	Bare bool
	// Recovered: it has failed since it voted.
	Recovered bool
}

// The phases.
const (
	// Performing, Executing and Voting are the coordinator's only.
	Performing                  = commitment.Performing
	Executing                   = commitment.Executing
	Voting     commitment.Phase = "voting"
	// Polling: it asks in what state the processes are.
	Polling commitment.Phase = "polling"
	// Moving: it makes them ready for what it means to decide.
	Moving commitment.Phase = "moving"
	// Telling: it is decided, and not all are known to know.
	Telling = commitment.Telling
	// Deposed: another leads, or nobody; the coordinator waits to hear.
	Deposed commitment.Phase = "deposed"
)

// Lead is a transaction as its leader sees it.
type Lead struct {
	commitment.Lead
	Cohort []protocols.NodeID
	// Reports are the answers to a poll.
	Reports []Told
	// Target is the state that the processes are moved to, Group those who
	// are asked to move, Reached those who are known to be in it.
	Target         State
	Group, Reached []protocols.NodeID
}

// Told is a report, and whose.
type Told struct {
	From   protocols.NodeID
	Report Report
}

// What waits for the disk, as the Journal is told.
const (
	whatVote      = "vote"
	whatPrecommit = "precommit"
	whatPreabort  = "preabort"
	whatElected   = "elected"
	whatResolved  = "resolved"
	whatFinished  = "finished"
)

// The kinds of note that the protocol adds, for people.
const (
	// Elected: the node stands in for the coordinator. Term is its ballot.
	Elected protocols.NoteKind = "elected"
	// Precommit and Preabort: the process is in that state, on disk.
	Precommit protocols.NoteKind = "precommit"
	Preabort  protocols.NoteKind = "preabort"
	// Stuck: the leader cannot decide; Text says why.
	Stuck protocols.NoteKind = "stuck"
	// Split: the process learns that another decided otherwise, as Text names.
	Split protocols.NoteKind = "split"
)

// The Texts of Stuck.
const (
	noQuorum   = "no quorum"
	lastIsAway = "the last to fail is not back"
)

// Step makes the node take one event.
func (n *Node) Step(now time.Duration, event protocols.Event, out *protocols.Effects) {
	n.Site.Step(n, now, event, out)
}

// Busy implements commitment.Protocol.
func (n *Node) Busy(r protocols.Requested, _ *protocols.Effects) bool {
	for i := range n.Leads {
		if n.Leads[i].Serves(r) {
			return true
		}
	}
	return false
}

// Fire implements commitment.Protocol.
func (n *Node) Fire(timer protocols.Timer, out *protocols.Effects) {
	switch timer.Name {
	case commitment.TimerLead:
		n.onLeadDue(resource.ID(timer.Key), out)
	case commitment.TimerShare:
		n.onProcessDue(resource.ID(timer.Key), out)
	}
}

// Forced implements commitment.Protocol.
func (n *Node) Forced(id resource.ID, what string, out *protocols.Effects) {
	if what == whatResolved {
		n.onResolved(id, out)
		return
	}
	p := n.Processes.Find(id)
	if p == nil {
		return
	}
	switch what {
	case whatFinished:
		n.onFinished(p, out)
		return
	case whatVote:
		if !p.Bare {
			commitment.NoteVote(id, resource.Yes, out)
		}
	case whatPrecommit:
		commitment.Note(Precommit, id, "", out)
	case whatPreabort:
		commitment.Note(Preabort, id, "", out)
	}
	n.Release(&p.Pending, out)
}

// Receive implements commitment.Protocol.
func (n *Node) Receive(from protocols.NodeID, message protocols.Message, out *protocols.Effects) {
	switch m := message.(type) {
	case Perform:
		n.onOrder(from, commitment.TaskPerform, commitment.Order(m), out)
	case Execute:
		n.onOrder(from, commitment.TaskExecute, commitment.Order(m), out)
	case CanCommit:
		n.onCanCommit(from, m, out)
	case PreCommit:
		n.onMove(from, m.Transaction, m.Ballot, Precommitted, m.Up, out)
	case PreAbort:
		n.onMove(from, m.Transaction, m.Ballot, Preaborted, nil, out)
	case DoCommit:
		n.onDecision(from, m.Transaction, resource.Commit, m.Answer, out)
	case DoAbort:
		n.onDecision(from, m.Transaction, resource.Abort, m.Answer, out)
	case Poll:
		n.onPoll(from, m, out)
	case Performed, Executed, Vote, Ack, Done, Report:
		n.onAnswer(from, message, out)
	}
}

// onAnswer dispatches what leaders are told.
func (n *Node) onAnswer(from protocols.NodeID, message protocols.Message, out *protocols.Effects) {
	switch m := message.(type) {
	case Performed:
		n.onPerformed(from, m, out)
	case Executed:
		n.onExecuted(from, m, out)
	case Vote:
		n.onVote(from, m, out)
	case Ack:
		n.onAck(from, m, out)
	case Done:
		n.onDone(from, m, out)
	case Report:
		n.onReport(from, m, out)
	}
}

// noteSplit tells that another has decided otherwise.
func noteSplit(id resource.ID, theirs resource.Decision, out *protocols.Effects) {
	commitment.Note(Split, id, "elsewhere: "+string(theirs), out)
}
