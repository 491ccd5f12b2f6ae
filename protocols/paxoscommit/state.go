package paxoscommit

import (
	"fmt"
	"slices"
	"time"

	"quorumlab/protocols"
	"quorumlab/protocols/machine"
	"quorumlab/protocols/resource"
)

// Node is one participant: protocols.Node as plain data. It plays all parts:
// resource manager for the keys that it owns, acceptor, coordinator of what
// clients ask of it, and leader where a coordinator is not heard of.
type Node struct {
	Settings Settings
	Store    resource.Store
	Journal  resource.Journal
	Numbers  resource.Numbers
	// Born is the lowest count of the transactions that it coordinates in
	// this life.
	Born uint64
	// Processes holds the transactions that the node takes part in as a
	// resource manager, and that are not decided here, by Transaction.
	Processes []Process
	// Leads holds the transactions that it leads, by Transaction: all that it
	// coordinates, and those that it leads in a higher ballot.
	Leads []Lead
	// Acceptances holds what it knows as an acceptor, by Transaction.
	Acceptances []Acceptance
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
	Self      protocols.NodeID
	Nodes     []protocols.NodeID
	Ownership resource.Ownership
	// Faults is F: how many acceptors may fail.
	Faults int
	Faster bool
	// Tick is the time between two attempts to reach somebody; after
	// TimeoutTicks of them a leader is not waited for any longer.
	Tick          time.Duration
	TimeoutTicks  int
	SnapshotEvery uint64
}

func (s *Settings) timeout() time.Duration { return time.Duration(s.TimeoutTicks) * s.Tick }

// acceptors returns the acceptors of a transaction, in growing order. If none may
// fail that is its coordinator alone, who then is what it is in two-phase commit.
func (s *Settings) acceptors(id resource.ID) []protocols.NodeID {
	if s.Faults == 0 {
		return []protocols.NodeID{id.Coordinator()}
	}
	return s.Nodes[:2*s.Faults+1]
}

// nearest returns the acceptors that are asked first: as many as make a quorum,
// the coordinator among them if it is one.
func (s *Settings) nearest(id resource.ID) []protocols.NodeID {
	acceptors := s.acceptors(id)
	at := max(slices.Index(acceptors, id.Coordinator()), 0)
	nearest := make([]protocols.NodeID, 0, s.quorum())
	for i := range s.quorum() {
		nearest = append(nearest, acceptors[(at+i)%len(acceptors)])
	}
	return nearest
}

// quorum is how many acceptors choose.
func (s *Settings) quorum() int { return s.Faults + 1 }

// Ballot numbers the attempts to decide: a count, and in the lower bits who
// leads it. 0 is that in which the resource managers themselves propose.
type Ballot uint64

// String shows the two parts, as in 2.3.
func (b Ballot) String() string { return fmt.Sprintf("%d.%d", b>>16, b&0xffff) }

// after returns a node's own lowest ballot above another.
func after(b Ballot, leader protocols.NodeID) Ballot {
	return (b>>16+1)<<16 | Ballot(leader)
}

// Value is what an instance of Paxos chooses: what one resource manager does.
type Value string

// The values.
const (
	Prepared Value = "prepared"
	Aborted  Value = "aborted"
)

// instance names the instance of a resource manager in a transaction, as the Slot
// of a Note: coordinator and manager in 12 bits each, the count in 40.
func instance(id resource.ID, manager protocols.NodeID) uint64 {
	if id.Count() >= 1<<40 || id.Coordinator() >= 1<<12 || manager >= 1<<12 {
		panic(fmt.Sprintf("paxoscommit: no instance for %v and %d", id, manager))
	}
	return uint64(id.Coordinator())<<52 | uint64(manager)<<40 | id.Count()
}

// State is where a resource manager stands in a transaction.
type State string

// The states.
const (
	Working   State = "working"   // it has not voted, and may abort by itself
	Ready     State = "prepared"  // its YES is on disk, or on its way there
	Committed State = "committed" // it is decided, and on its way to the disk
	Cancelled State = "aborted"
)

func (s State) decided() bool { return s == Committed || s == Cancelled }

func (s State) decision() resource.Decision {
	if s == Committed {
		return resource.Commit
	}
	return resource.Abort
}

func stateOf(decision resource.Decision) State {
	if decision == resource.Commit {
		return Committed
	}
	return Cancelled
}

// Task is what the coordinator has asked of a participant.
type Task string

// The tasks.
const (
	TaskPerform Task = "perform" // execute and commit: nobody else takes part
	TaskExecute Task = "execute" // execute, and wait for the question
	TaskPrepare Task = "prepare" // execute and vote
)

// Process is a transaction as a resource manager sees it.
type Process struct {
	Transaction resource.ID
	State       State
	Task        Task
	// Managers are the resource managers that change something, in growing order.
	Managers []protocols.NodeID
	// Ballot is the highest that it has led or was told of.
	Ballot Ballot
	// Tries counts how often it waited in vain.
	Tries int
	// Watermark and Born are the coordinator's, for the acceptors.
	Watermark, Born uint64
	// Mark is that of the latest force about the transaction; Held is to be
	// said when it is done.
	Mark uint64
	Held []Held
	// Unwilling: it is about to vote NO, which is being forced.
	Unwilling bool
	// Finished is being forced, if nobody else takes part.
	Finished resource.Finished
	// Heard are the acceptors that have accepted in ballot 0 (Faster Paxos
	// Commit).
	Heard []protocols.NodeID
}

// Held is a message that waits for the disk.
type Held struct {
	Mark    uint64
	To      protocols.NodeID
	Message protocols.Message
}

// Acceptance is a transaction as an acceptor sees it: all its instances, which
// are dealt with as one.
type Acceptance struct {
	Transaction resource.ID
	Managers    []protocols.NodeID
	// Promised is the highest ballot that it takes part in, Ballot that in
	// which it has accepted Values last, one a manager; nil: it has accepted
	// nothing.
	Promised, Ballot Ballot
	Values           []Value
	// Offers are the values that managers have proposed in ballot 0, as long
	// as they are not complete. They are not accepted, and not on disk.
	Offers []Offer
	// Settled are the managers that are known to be done with it.
	Settled []protocols.NodeID
	// Mark and Held are as in Process; AcceptedMark is that of the latest
	// acceptance.
	Mark, AcceptedMark uint64
	Held               []Held
}

// Offer is one manager's own proposal.
type Offer struct {
	Manager protocols.NodeID
	Answer  Answer
}

// Phase is how far the leader of a transaction is.
type Phase string

// The phases.
const (
	// Performing, Executing, Releasing (those who have only read) and Preparing
	// are the coordinator's only.
	Performing Phase = "performing"
	Executing  Phase = "executing"
	Releasing  Phase = "releasing"
	Preparing  Phase = "preparing"
	// Promising and Accepting are the two phases of Paxos.
	Promising Phase = "promising"
	Accepting Phase = "accepting"
	// Waiting: another leads, in a higher ballot.
	Waiting Phase = "waiting"
	// Telling: it is decided, and not all are known to know.
	Telling Phase = "telling"
)

// Lead is a transaction as its leader sees it.
type Lead struct {
	Transaction resource.ID
	Phase       Phase
	Ballot      Ballot
	Managers    []protocols.NodeID
	// Awaited are those that have not answered in this phase; Rounds counts how
	// often they were asked again.
	Awaited []protocols.NodeID
	Rounds  int
	// Heard are the acceptors that have answered in this phase. Latest and
	// Values are what they had accepted last, when asked to promise, and what
	// is proposed thereafter.
	Heard  []protocols.NodeID
	Latest Ballot
	Values []Value
	// Highest is the highest ballot that it was told of.
	Highest  Ballot
	Decision resource.Decision
	// Errand is the client's, the coordinator's only.
	Errand Errand
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
	timerProcess = "process" // resource manager: nothing was heard of a leader
	timerSettle  = "settle"  // acceptor: time to ask if it may forget
)

// What waits for the disk, as the Journal is told.
const (
	whatReserved = "reserved"
	whatPrepared = "prepared"
	whatResolved = "resolved"
	whatFinished = "finished"
	whatLed      = "led"
	whatPromised = "promised"
	whatAccepted = "accepted"
)

// Recovering is the kind of a Note that the node leads the transaction in a
// higher ballot, Term.
const Recovering protocols.NoteKind = "recovering"

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
	case Prepare:
		n.onPrepare(from, m, out)
	case Decide:
		n.onDecide(from, m, out)
	case Phase1a:
		n.onPhase1a(from, m, out)
	case Phase2a:
		n.onPhase2a(from, m, out)
	case Offered:
		n.onOffered(from, m, out)
	case Forgettable:
		n.onForgettable(from, m, out)
	case Settled:
		n.onSettled(from, m, out)
	case Performed, Executed, Voted, Phase1b, Phase2b, Higher, Done:
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
	case Voted:
		n.onVoted(from, m, out)
	case Phase1b:
		n.onPhase1b(from, m, out)
	case Phase2b:
		n.onPhase2b(from, m, out)
	case Higher:
		n.onHigher(m, out)
	case Done:
		n.onDone(from, m, out)
	}
}
