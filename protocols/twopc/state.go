package twopc

import (
	"time"

	"quorumlab/protocols"
	"quorumlab/protocols/commitment"
	"quorumlab/protocols/machine"
	"quorumlab/protocols/resource"
)

// Node is one participant, and coordinator of what clients ask it:
// protocols.Node as plain data.
type Node struct {
	Settings Settings
	commitment.Site

	// As a coordinator.
	// Transactions holds those over several participants that are not yet
	// forgotten, Singles those with one participant that has not answered.
	Transactions map[resource.ID]Transaction
	Singles      map[resource.ID]commitment.Errand
	// Open lists both, in the order in which they began.
	Open []resource.ID
	// Asked is what each client waits for here, Outcomes what it was answered.
	Asked    map[protocols.ClientID]Asked
	Outcomes machine.Sessions

	// As a participant.
	// Doubts holds the branches that are prepared on disk and undecided.
	Doubts map[resource.ID]Doubt
	// Denied holds the transactions to which it voted NO in this life.
	Denied map[resource.ID]bool
	// Heuristics holds those that it decided by itself, until it knows what was
	// decided and their coordinator forgets them.
	Heuristics map[resource.ID]Heuristic
	// Parked holds the messages whose requests wait for locks.
	Parked map[resource.ID]commitment.Envelope
	// Refusing holds the refusals of Perform that are being forced.
	Refusing map[resource.ID]resource.Finished
	// Inquirers holds who is to be told of an abort once it is on disk.
	Inquirers map[resource.ID][]protocols.NodeID
}

// Settings are what only two-phase commit has to choose, the same in every life.
type Settings struct {
	Presume string
	// Cooperative: in doubt, the other participants are asked too.
	Cooperative bool
	// Heuristic is what a participant does by itself when it has been in doubt
	// for HeuristicAfter; Undecided: never.
	Heuristic      resource.Decision
	HeuristicAfter time.Duration
	VoteTimeout    time.Duration
	Retry          time.Duration
	DoubtAfter     time.Duration
}

// Asked is a client's request that this node is at work on.
type Asked struct {
	Number      uint64
	Transaction resource.ID
}

// Stage is how far a coordinator has got with a transaction.
type Stage string

// The stages.
const (
	// StageCollecting: the names of the participants are being forced
	// (presumed commit only).
	StageCollecting Stage = "collecting"
	// StageWorking: the participants execute, none is prepared.
	StageWorking Stage = "working"
	// StageVoting: the participants are asked to prepare.
	StageVoting Stage = "voting"
	// StageDeciding: the decision is being forced; nobody is told.
	StageDeciding Stage = "deciding"
	// StageTelling: the decision is told until all have acknowledged it.
	StageTelling Stage = "telling"
)

// Transaction is what a coordinator knows of one that is not forgotten.
type Transaction struct {
	Stage Stage
	// Errand is the client's. After a restart it is empty: only who takes part is
	// still known.
	Errand   commitment.Errand
	Ballots  []Ballot // in growing order of Node
	Decision resource.Decision
}

// Ballot is a coordinator's view of one participant.
type Ballot struct {
	Node protocols.NodeID
	// Executed: it has executed its part (StageWorking). Vote is "" until it is
	// known.
	Executed bool
	Vote     resource.Vote
	// Tell: it is to be told the decision; Acked: it needs to be told no more.
	Tell, Acked bool
}

// Doubt is a participant's branch that is prepared on disk. Told tells that the
// coordinator was told YES in this life.
type Doubt struct{ Told bool }

// The names of the timers; the key is the transaction.
const (
	timerVote      = "vote"      // coordinator: the votes take too long
	timerRetry     = "retry"     // coordinator: ask or tell again
	timerDoubt     = "doubt"     // participant: inquire what was decided
	timerHeuristic = "heuristic" // participant: decide alone
	timerWork      = "work"      // participant: executed, and never asked to prepare
)

// Step makes the node take one event.
func (n *Node) Step(now time.Duration, event protocols.Event, out *protocols.Effects) {
	n.Site.Step(n, now, event, out)
}

// Receive implements commitment.Protocol.
func (n *Node) Receive(from protocols.NodeID, message protocols.Message, out *protocols.Effects) {
	switch m := message.(type) {
	case Work:
		n.onWork(from, m, out)
	case Prepare:
		n.onPrepare(from, m, out)
	case Perform:
		n.onPerform(from, m, out)
	case Decide:
		n.onDecide(from, m, out)
	case Inquire:
		n.onInquire(from, m, out)
	case Worked:
		n.onWorked(from, m, out)
	case Ballotted:
		n.onBallotted(from, m, out)
	case Ack:
		n.onAck(from, m, out)
	case Performed:
		n.onPerformed(m, out)
	}
}

// Fire implements commitment.Protocol.
func (n *Node) Fire(timer protocols.Timer, out *protocols.Effects) {
	id := resource.ID(timer.Key)
	switch timer.Name {
	case timerVote:
		n.onVotesLate(id, out)
	case timerRetry:
		n.onRetryDue(id, out)
	case timerDoubt:
		n.onDoubtful(id, out)
	case timerHeuristic:
		n.onPatienceEnds(id, out)
	case timerWork:
		n.onWorkForgotten(id)
	}
}

// What is done once a record is on disk.
const (
	awaitCollecting = "collecting"
	awaitDecision   = "decision"
	awaitPrepared   = "prepared"
	awaitResolved   = "resolved"
	awaitAlone      = "alone"
	awaitSettled    = "settled"
	awaitFinished   = "finished"
	awaitRefused    = "refused"
)

// Forced implements commitment.Protocol.
func (n *Node) Forced(id resource.ID, what string, out *protocols.Effects) {
	switch what {
	case awaitCollecting:
		n.ask(id, out)
	case awaitDecision:
		n.tell(id, out)
	case awaitPrepared:
		n.onPrepared(id, out)
	case awaitResolved:
		n.onResolved(id, out)
	case awaitAlone:
		n.onAlone(id, out)
	case awaitSettled:
		n.onSettled(id, out)
	case awaitFinished:
		n.onFinished(id, out)
	case awaitRefused:
		n.onRefused(id, out)
	}
}

// Replicated implements protocols.Replica: it is the part of the machine that
// the node owns.
func (n *Node) Replicated() protocols.StateMachine { return &n.Store.Committed }
