package twopc

import (
	"slices"
	"time"

	"quorumlab/protocols"
	"quorumlab/protocols/machine"
	"quorumlab/protocols/resource"
)

// Node is one participant, and coordinator of what clients ask it:
// protocols.Node as plain data.
type Node struct {
	Settings Settings
	// Halted: the disk is damaged; nothing is done until the next restart.
	Halted bool

	Store   resource.Store
	Journal resource.Journal

	// As a coordinator.
	Numbers resource.Numbers
	// Unnumbered are the requests that wait for numbers to be reserved.
	Unnumbered []protocols.Requested
	// Transactions holds those over several participants that are not yet
	// forgotten, Singles those with one participant that has not answered.
	Transactions map[resource.ID]Transaction
	Singles      map[resource.ID]Single
	// Open lists both, in the order in which they began.
	Open []resource.ID
	// Asked is what each client waits for here.
	Asked map[protocols.ClientID]Asked

	// As a participant.
	// Doubts holds the branches that are prepared on disk and undecided.
	Doubts map[resource.ID]Doubt
	// Denied holds the transactions to which it voted NO in this life.
	Denied map[resource.ID]bool
	// Heuristics holds those that it decided by itself, until their coordinator
	// forgets them; true: it knows that it was wrong.
	Heuristics map[resource.ID]bool
	// Parked holds the messages whose requests wait for locks.
	Parked map[resource.ID]Envelope
	// Refusing holds the refusals of Perform that are being forced.
	Refusing map[resource.ID]resource.Finished
	// Inquirers holds who is to be told of an abort once it is on disk.
	Inquirers map[resource.ID][]protocols.NodeID

	// Local are the messages to be handled before the step ends: those of the
	// node to itself, and those whose requests may have got their locks. It is
	// empty between steps.
	Local []Envelope
}

// Settings are a node's configuration, the same in every life.
type Settings struct {
	Self      protocols.NodeID
	Tick      time.Duration
	Ownership resource.Ownership
	Presume   string
	// Cooperative: in doubt, the other participants are asked too.
	Cooperative bool
	// Heuristic is what a participant does by itself when it has been in doubt
	// for HeuristicAfter; Undecided: never.
	Heuristic      resource.Decision
	HeuristicAfter time.Duration
	VoteTimeout    time.Duration
	Retry          time.Duration
	DoubtAfter     time.Duration
	SnapshotEvery  uint64
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
	Stage  Stage
	Client protocols.ClientID
	Number uint64
	Begun  time.Duration
	// Parts and Conditional are as resource.Ownership.Split gave them. After a
	// restart they are empty: only who takes part is still known.
	Parts       []resource.Part
	Conditional bool
	Ballots     []Ballot // in growing order of Node
	Decision    resource.Decision
	// Refusal is what the client is told of an abort; "": nothing.
	Refusal string
}

// Ballot is a coordinator's view of one participant.
type Ballot struct {
	Node protocols.NodeID
	// Executed: it has executed its part (StageWorking). Vote is "" until it is
	// known.
	Executed bool
	Vote     resource.Vote
	Results  []machine.Result
	// Earlier: it carried the client's request out before.
	Earlier bool
	// Tell: it is to be told the decision; Acked: it needs to be told no more.
	Tell, Acked bool
}

// Single is a transaction with one participant.
type Single struct {
	Client  protocols.ClientID
	Node    protocols.NodeID
	Request resource.Request
}

// Doubt is a participant's branch that is prepared on disk. Told tells that the
// coordinator was told YES in this life.
type Doubt struct{ Told bool }

// Envelope is a message and who sent it.
type Envelope struct {
	From    protocols.NodeID
	Message protocols.Message
}

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
	if recovered, ok := event.(protocols.Recovered); ok {
		n.onRecovered(recovered.Disk, out)
	}
	if n.Halted {
		return
	}
	switch event := event.(type) {
	case protocols.Received:
		n.receive(event.From, event.Message, out)
	case protocols.TimerFired:
		n.onTimer(event.Timer, out)
	case protocols.Requested:
		n.onRequested(now, event, out)
	case protocols.Persisted:
		n.onPersisted(now, event.Mark, out)
	}
	for len(n.Local) > 0 {
		next := n.Local[0]
		n.Local = slices.Delete(n.Local, 0, 1)
		n.receive(next.From, next.Message, out)
	}
	n.compact(out)
}

// send sends a message; one to itself is handled at the end of the step.
func (n *Node) send(to protocols.NodeID, message protocols.Message, out *protocols.Effects) {
	if to == n.Settings.Self {
		n.Local = append(n.Local, Envelope{From: to, Message: message})
		return
	}
	out.Send(to, message)
}

func (n *Node) receive(from protocols.NodeID, message protocols.Message, out *protocols.Effects) {
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

func (n *Node) onTimer(timer protocols.Timer, out *protocols.Effects) {
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

func timerOf(name string, id resource.ID) protocols.Timer {
	return protocols.Timer{Name: name, Key: uint64(id)}
}

// What is done once a record is on disk.
const (
	awaitReservation = "reservation"
	awaitCollecting  = "collecting"
	awaitDecision    = "decision"
	awaitPrepared    = "prepared"
	awaitResolved    = "resolved"
	awaitFinished    = "finished"
	awaitRefused     = "refused"
)

func (n *Node) onPersisted(now time.Duration, mark uint64, out *protocols.Effects) {
	for _, a := range n.Journal.Persisted(mark) {
		switch a.What {
		case awaitReservation:
			n.onReserved(now, out)
		case awaitCollecting:
			n.ask(a.Transaction, out)
		case awaitDecision:
			n.tell(a.Transaction, out)
		case awaitPrepared:
			n.onPrepared(a.Transaction, out)
		case awaitResolved:
			n.onResolved(a.Transaction, out)
		case awaitFinished:
			n.onFinished(a.Transaction, out)
		case awaitRefused:
			n.onRefused(a.Transaction, out)
		}
	}
}

// compact replaces the log by a snapshot, if it is long enough. It is the last
// act of a step.
func (n *Node) compact(out *protocols.Effects) {
	through, due := n.Journal.Through(n.Settings.SnapshotEvery)
	if due {
		n.Journal.Compact(n.Store.Snapshot(through, n.Numbers.Reserved, n.table()), out)
	}
}

// note emits a note about a transaction.
func note(out *protocols.Effects, kind protocols.NoteKind, id resource.ID, text string) {
	out.Note(protocols.Note{Kind: kind, Slot: uint64(id), Text: text})
}

// Resource implements protocols.Participant.
func (n *Node) Resource() protocols.Resource {
	if n.Halted {
		return nil
	}
	return &n.Store
}

// Replicated implements protocols.Replica: it is the part of the machine that
// the node owns.
func (n *Node) Replicated() protocols.StateMachine { return &n.Store.Committed }
