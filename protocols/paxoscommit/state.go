package paxoscommit

import (
	"fmt"
	"slices"
	"time"

	"quorumlab/protocols"
	"quorumlab/protocols/commitment"
	"quorumlab/protocols/resource"
)

// Node is one participant: protocols.Node as plain data. It plays all parts:
// resource manager for the keys that it owns, acceptor, coordinator of what
// clients ask of it, and leader where a coordinator is not heard of.
type Node struct {
	Settings Settings
	commitment.Site
	// Born is the lowest count of the transactions that it coordinates in
	// this life.
	Born uint64
	// Processes holds the transactions that the node takes part in as a
	// resource manager, and that are not decided here.
	Processes commitment.Sorted[Process]
	// Leads holds the transactions that it leads: all that it coordinates, and
	// those that it leads in a higher ballot.
	Leads commitment.Sorted[Lead]
	// Acceptances holds what it knows as an acceptor.
	Acceptances commitment.Sorted[Acceptance]
	// Floors holds, by coordinator, what it may have promised and has forgotten.
	Floors []Floor
}

// Floor says that an acceptor may have promised ballots up to Ballot in
// transactions of a coordinator with counts up to Count.
type Floor struct {
	Coordinator protocols.NodeID
	Count       uint64
	Ballot      Ballot
}

// Settings are what only Paxos Commit has to choose, the same in every life.
type Settings struct {
	Nodes []protocols.NodeID
	// Faults is F: how many acceptors may fail.
	Faults int
	Faster bool
	commitment.Patience
}

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

// Ballot numbers the attempts to decide. 0 is that in which the resource managers
// themselves propose.
type Ballot = commitment.Ballot

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

// Ready is the state of a resource manager whose YES is on disk, or on its way
// there.
const Ready commitment.State = "prepared"

// Process is a transaction as a resource manager sees it.
type Process struct {
	commitment.Share
	// Managers are the resource managers that change something, in growing order.
	Managers []protocols.NodeID
	// Ballot is the highest that it has led or was told of.
	Ballot Ballot
	// Watermark and Born are the coordinator's, for the acceptors.
	Watermark, Born uint64
	// Unwilling: it is about to vote NO, which is being forced.
	Unwilling bool
	// Heard are the acceptors that have accepted in ballot 0 (Faster Paxos
	// Commit).
	Heard []protocols.NodeID
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
	// Floor is the ballot that it may have promised before and forgotten.
	Floor Ballot
	// Offers are the values that managers have proposed in ballot 0, as long
	// as they are not complete. They are not accepted, and not on disk.
	Offers []Offer
	// Settled are the managers that are known to be done with it.
	Settled []protocols.NodeID
	commitment.Pending
	// Underway are the promises and acceptances on their way to the disk, in order.
	Underway []Undertaken
}

// Undertaken is a promise, or an acceptance of Values, and the mark of its write.
type Undertaken struct {
	Ballot Ballot
	Values []Value
	Mark   uint64
}

// About implements commitment.About.
func (a Acceptance) About() resource.ID { return a.Transaction }

// Offer is one manager's own proposal.
type Offer struct {
	Manager protocols.NodeID
	Answer  commitment.Answer
}

// The phases.
const (
	// Performing, Executing, Releasing (those who have only read) and Preparing
	// are the coordinator's only.
	Performing                  = commitment.Performing
	Executing                   = commitment.Executing
	Releasing  commitment.Phase = "releasing"
	Preparing  commitment.Phase = "preparing"
	// Promising and Accepting are the two phases of Paxos.
	Promising commitment.Phase = "promising"
	Accepting commitment.Phase = "accepting"
	// Waiting: another leads, in a higher ballot.
	Waiting commitment.Phase = "waiting"
	// Telling: it is decided, and not all are known to know.
	Telling = commitment.Telling
)

// Lead is a transaction as its leader sees it.
type Lead struct {
	commitment.Lead
	Managers []protocols.NodeID
	// Heard are the acceptors that have answered in this phase. Latest and
	// Values are what they had accepted last, when asked to promise, and what
	// is proposed thereafter.
	Heard  []protocols.NodeID
	Latest Ballot
	Values []Value
	// Highest is the highest ballot that it was told of.
	Highest Ballot
}

// timerSettle is the timer of an acceptor: time to ask if it may forget. Its key is
// a transaction.
const timerSettle = "settle"

// What waits for the disk, as the Journal is told.
const (
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
	id := resource.ID(timer.Key)
	switch timer.Name {
	case commitment.TimerLead:
		n.onLeadDue(id, out)
	case commitment.TimerShare:
		n.onProcessDue(id, out)
	case timerSettle:
		n.onSettleDue(id, out)
	}
}

// Forced implements commitment.Protocol.
func (n *Node) Forced(id resource.ID, what string, out *protocols.Effects) {
	if what == whatPromised || what == whatAccepted {
		if a := n.Acceptances.Find(id); a != nil {
			n.onAcceptanceForced(a, out)
		}
		return
	}
	p := n.Processes.Find(id)
	if p == nil {
		return
	}
	switch what {
	case whatResolved:
		n.onResolved(p, out)
		return
	case whatFinished:
		n.onFinished(p, out)
		return
	case whatPrepared:
		if p.State == Ready {
			n.onPrepared(p, n.Settings.nearest(id), out)
		}
	case whatLed:
		n.onLed(p, out)
	}
	n.Release(&n.Processes.Find(id).Pending, out)
}

// Receive implements commitment.Protocol.
func (n *Node) Receive(from protocols.NodeID, message protocols.Message, out *protocols.Effects) {
	switch m := message.(type) {
	case Perform:
		n.onOrder(from, commitment.TaskPerform, commitment.Order(m), out)
	case Execute:
		n.onOrder(from, commitment.TaskExecute, commitment.Order(m), out)
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
