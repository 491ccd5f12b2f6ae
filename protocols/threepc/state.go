package threepc

import (
	"fmt"
	"slices"
	"time"

	"quorumlab/protocols"
	"quorumlab/protocols/machine"
	"quorumlab/protocols/resource"
)

// Node is one participant: protocols.Node as plain data.
type Node struct {
	Settings Settings
	Store    resource.Store
	Journal  resource.Journal
	Numbers  resource.Numbers
	// Processes holds the transactions in which the node is one of those that
	// must agree, and that are not yet decided here, by Transaction.
	Processes []Process
	// Leads holds the transactions that the node leads, by Transaction: all that
	// it coordinates, and those whose coordinator it stands in for.
	Leads []Lead
	// Early holds what clients asked before there was a number for it.
	Early []protocols.Requested
	// Written is the mark of the latest Persist that is done.
	Written uint64
	// Inbox holds what the node has to say to itself. Between two steps it is
	// empty.
	Inbox []protocols.Message
	// Halted: the disk is damaged.
	Halted bool
}

// Settings are a node's configuration, the same in every life.
type Settings struct {
	Self        protocols.NodeID
	Ownership   resource.Ownership
	Termination string
	// CommitQuorum is how many must have precommitted, 0: a majority.
	CommitQuorum int
	// Tick is the time between two attempts to reach somebody, Timeout that
	// after which he is taken for dead.
	Tick          time.Duration
	TimeoutTicks  int
	SnapshotEvery uint64
}

// timeout is the time after which somebody is taken for dead.
func (s *Settings) timeout() time.Duration { return time.Duration(s.TimeoutTicks) * s.Tick }

// State is where one process stands in a transaction.
type State string

// The states, with the letters that the literature gives them.
const (
	// Working (q): it has not voted, and may abort by itself.
	Working State = "working"
	// Waiting (w): it has voted YES. Nobody has committed.
	Waiting State = "waiting"
	// Precommitted (p): it knows that all voted YES. Nobody has aborted, if
	// nobody was taken for dead who was not.
	Precommitted State = "precommitted"
	// Preaborted: the quorum protocols make ready to abort as well.
	Preaborted State = "preaborted"
	// Committed (c) and Aborted (a): it is decided.
	Committed State = "committed"
	Aborted   State = "aborted"
)

// decided tells whether a state is final.
func (s State) decided() bool { return s == Committed || s == Aborted }

// decision is what a final state stands for.
func (s State) decision() resource.Decision {
	switch s {
	case Committed:
		return resource.Commit
	case Aborted:
		return resource.Abort
	}
	return resource.Undecided
}

// stateOf is the final state that a decision leads to.
func stateOf(decision resource.Decision) State {
	if decision == resource.Commit {
		return Committed
	}
	return Aborted
}

// Ballot numbers the attempts to bring a transaction to its end: a count, and in
// the lower bits who makes the attempt. The coordinator's own is the first. 0 is
// no attempt, but a question.
type Ballot uint64

// String shows the two parts, as in 2.3.
func (b Ballot) String() string { return fmt.Sprintf("%d.%d", b>>16, b&0xffff) }

func newBallot(count uint64, leader protocols.NodeID) Ballot {
	return Ballot(count<<16 | uint64(leader))
}

// first is the ballot of a transaction's coordinator.
func first(id resource.ID) Ballot { return newBallot(1, id.Coordinator()) }

// after returns a node's own lowest ballot above another.
func after(b Ballot, leader protocols.NodeID) Ballot { return newBallot(uint64(b>>16)+1, leader) }

// Task is what the coordinator has asked of a participant.
type Task string

// The tasks.
const (
	TaskPerform Task = "perform" // execute and commit: nobody else takes part
	TaskExecute Task = "execute" // execute, and wait for the question
	TaskVote    Task = "vote"    // execute and vote
)

// Process is a node's part in one transaction that is not yet decided.
type Process struct {
	Transaction resource.ID
	State       State
	Task        Task
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
	// Bare: it owns no key of the transaction.
	Bare bool
	// Recovered: it has failed since it voted.
	Recovered bool
	// Tries counts how often it waited in vain.
	Tries int
	// Mark is that of the latest force about the transaction; Held is to be
	// said when it is done.
	Mark uint64
	Held []Held
	// Finished is being forced, if nobody else takes part.
	Finished resource.Finished
}

// Held is a message that waits for the disk.
type Held struct {
	Mark    uint64
	To      protocols.NodeID
	Message protocols.Message
}

// Phase is how far the leader of a transaction is.
type Phase string

// The phases.
const (
	// Performing, Executing and Voting are the coordinator's only.
	Performing Phase = "performing"
	Executing  Phase = "executing"
	Voting     Phase = "voting"
	// Polling: it asks in what state the processes are.
	Polling Phase = "polling"
	// Moving: it makes them ready for what it means to decide.
	Moving Phase = "moving"
	// Telling: it is decided, and not all are known to know.
	Telling Phase = "telling"
	// Deposed: another leads, or nobody; the coordinator waits to hear.
	Deposed Phase = "deposed"
)

// Lead is a transaction as its leader sees it.
type Lead struct {
	Transaction resource.ID
	Phase       Phase
	Ballot      Ballot
	Cohort      []protocols.NodeID
	// Awaited are those that have not answered in this phase; Rounds counts how
	// often they were asked again.
	Awaited []protocols.NodeID
	Rounds  int
	// Reports are the answers to a poll.
	Reports []Told
	// Target is the state that the processes are moved to, Group those who
	// are asked to move, Reached those who are known to be in it.
	Target         State
	Group, Reached []protocols.NodeID
	Decision       resource.Decision
	// Errand is the client's, the coordinator's only.
	Errand Errand
}

// Told is a report, and whose.
type Told struct {
	From   protocols.NodeID
	Report Report
}

// Errand is what a client has asked for.
type Errand struct {
	Client      protocols.ClientID
	Request     uint64
	Begun       time.Duration
	Parts       []resource.Part
	Conditional bool
	// Results are those of the parts, Earlier how many were carried out before.
	Results [][]machine.Result
	Earlier int
	// Refusal is what the client is told if it is aborted. Silent: it must not
	// be told anything, for its request may have been carried out.
	Refusal string
	Silent  bool
}

// mixed tells whether there are several participants of which some only read.
func (e *Errand) mixed() bool {
	return len(e.Parts) > 1 && slices.ContainsFunc(e.Parts, func(p resource.Part) bool { return p.ReadsOnly() })
}

// The names of the timers. Their keys are transactions.
const (
	timerLead    = "lead"    // leader: time to ask again those who did not answer
	timerProcess = "process" // process: nothing was heard of the leader
)

// What waits for the disk, as the Journal is told.
const (
	whatReserved  = "reserved"
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

// Step makes the node take one event. Its clock serves to tell older
// transactions from younger ones, for fairness alone.
func (n *Node) Step(now time.Duration, event protocols.Event, out *protocols.Effects) {
	if n.Halted {
		return
	}
	switch e := event.(type) {
	case protocols.Received:
		n.receive(e.From, e.Message, out)
	case protocols.Persisted:
		n.onPersisted(e.Mark, now, out)
	case protocols.Requested:
		n.onRequested(e, now, out)
	case protocols.TimerFired:
		n.onTimer(e.Timer, out)
	case protocols.Recovered:
		n.onRecovered(e.Disk, out)
	}
	for len(n.Inbox) > 0 {
		message := n.Inbox[0]
		n.Inbox = n.Inbox[1:]
		n.receive(n.Settings.Self, message, out)
	}
	n.Inbox = nil
	if !n.Halted { // what is left of a damaged disk is left as it is
		n.compact(out)
	}
}

func (n *Node) receive(from protocols.NodeID, message protocols.Message, out *protocols.Effects) {
	switch m := message.(type) {
	case Perform:
		n.onAsked(from, TaskPerform, m.Request, m.Watermark, out)
	case Execute:
		n.onAsked(from, TaskExecute, m.Request, m.Watermark, out)
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
