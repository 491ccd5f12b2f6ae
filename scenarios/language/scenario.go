package language

import (
	"time"

	"quorumlab/network"
	"quorumlab/protocols"
)

// Scenario is one scenario file, checked and compiled. Everything that the
// file leaves out has its default, names of nodes and clients are resolved to
// ids, and every run stands for itself.
type Scenario struct {
	Name   string // kebab-case
	Title  string
	About  string
	Source string // where the claim that it shows comes from, or ""
	// Runs are in the order of the file; a file without `runs` has one run,
	// named MainRun.
	Runs []Run
	// Text is the file as it was read.
	Text string
	// Canonical is the document after all overrides, as JSON on one line.
	// Since JSON is YAML, Parse reads it back to an equal Scenario (Text
	// apart): a trace that embeds it is replayed without the file.
	Canonical string
}

// MainRun names the only run of a scenario that has no `runs`.
const MainRun = "main"

// Run is one run of a scenario: the file's top level with the run's own
// section laid over it (mappings merge, everything else is replaced).
type Run struct {
	Name string
	// Title says what the run shows; "" if the file does not tell.
	Title    string
	Protocol string
	// Parameters holds only what the file sets; the rest are the protocol's
	// defaults.
	Parameters map[string]string
	Cluster    Cluster
	Links      Links
	Clients    []Client // ordered by id
	// Initial holds the value of keys before time 0. It is no operation: the
	// runner puts it into every node's fresh state machine and into the model
	// that judges the history.
	Initial map[string]string
	Script  []Operation // ordered by At, then by the file's order
	Random  []Generator
	// Timeline is ordered by At, then by the file's order.
	Timeline []Entry
	// Until is the virtual time at which the run ends.
	Until time.Duration
	// Deadline is the patience of the availability figure: an operation
	// answered later counts as not answered. Clients wait their own Timeout.
	Deadline time.Duration
	// Liveness is how long after the end of the last fault some operation on
	// a live quorum must have succeeded; 0 demands nothing.
	Liveness time.Duration
	Swarm    Swarm
	Expect   Expectation
	// Sometimes are conditions that are counted, but not demanded of this run:
	// a sweep must come to them. No file has them: see scenarios.Swarm.
	Sometimes []Condition
}

// Cluster is the machines.
type Cluster struct {
	Nodes []Node // Nodes[i].ID == i+1
	// Members are those that vote at the start, growing; nil: all.
	Members []protocols.NodeID
	// Tick is the unit of the protocol's time-outs (protocols.Config.Tick).
	Tick time.Duration
}

// Node is one machine, its disk and its clock.
type Node struct {
	ID   protocols.NodeID
	Name string
	// DiskLatency is how long a force (fsync) takes.
	DiskLatency network.Distribution
	// Skew is what the node's clock shows at time 0; Drift is by how much it
	// runs fast (negative: slow), in parts per million.
	Skew  time.Duration
	Drift int64
}

// Links is the network between the nodes.
type Links struct {
	Kind    protocols.LinkKind
	Default network.Conditions
	// Between holds the ordered pairs that differ from Default, with their
	// conditions complete, each pair at most once, ordered by From and To.
	Between []LinkConditions
	// StreamTimeout is how long a stream holds what a cut keeps back before
	// it breaks; DialTimeout is how long a node takes to learn that a peer
	// cannot be reached.
	StreamTimeout, DialTimeout time.Duration
	// ClientDelay is the way between a client and a node, ClientLoss the chance
	// that a request or an answer is lost on it.
	ClientDelay network.Distribution
	ClientLoss  network.Probability
}

// LinkConditions are the conditions of one ordered pair.
type LinkConditions struct {
	network.Pair
	Conditions network.Conditions
}

// Of returns the conditions of an ordered pair at the start.
func (l Links) Of(from, to protocols.NodeID) network.Conditions {
	for _, b := range l.Between {
		if b.Pair == (network.Pair{From: from, To: to}) {
			return b.Conditions
		}
	}
	return l.Default
}

// Whole is 100% in parts per million.
const Whole = 1_000_000

// Client is one session. It has one operation open at a time.
type Client struct {
	ID   protocols.ClientID // Clients[i].ID == i+1
	Name string
	// Nodes are asked in turn: the home node (`at`) first, then those of
	// `retry`. After a time-out or a refusal the same request goes to the
	// next; after the last the outcome is recorded. The client stands beside
	// the home node: what is cut off from that is cut off from the client.
	Nodes []protocols.NodeID
	// Side is a label for the availability figures.
	Side string
	// Timeout is how long one node may take to answer.
	Timeout time.Duration
}

// OperationKind is what a client does.
type OperationKind string

// The kinds of operation.
const (
	Read   OperationKind = "read"
	Write  OperationKind = "write"
	CAS    OperationKind = "cas"
	Delete OperationKind = "delete"
	// Transfer moves an amount from one key to another.
	Transfer OperationKind = "transfer"
	// Transaction appends to lists and reads them, all in one.
	Transaction OperationKind = "transaction"
)

// OperationKinds lists the kinds.
func OperationKinds() []string { return texts(Read, Write, CAS, Delete, Transfer, Transaction) }

// Plural names several operations of the kind, "" those of any kind.
func (k OperationKind) Plural() string {
	switch k {
	case "":
		return "operations"
	case CAS:
		return "cas"
	}
	return string(k) + "s"
}

// Operation is one scripted operation. If its client still has one open it
// starts when that one ends.
type Operation struct {
	At     time.Duration
	Client protocols.ClientID
	Kind   OperationKind
	Key    string
	// Value is what Write writes and what CAS puts in the place of Expect or,
	// with Absent, of nothing.
	Value  string
	Expect string // CAS only
	Absent bool   // CAS only
	// To and Amount are what a Transfer adds Amount to, taken from Key.
	To     string
	Amount int64
	// Lists is what a Transaction does, in order.
	Lists []ListStep
	// Look is a third key that a Transfer looks at, "" if it does not.
	Look string
}

// ListStep is a part of a Transaction: an append of Element to the list that Key
// holds, or without one a read of it. Nothing but transactions touches lists, and
// each element of one is appended once in a run.
type ListStep struct{ Key, Element string }

// Generator makes random operations for each of its clients on its own, open
// loop: the intended starts do not wait for answers. Every value written is
// unique in the run.
type Generator struct {
	From, Until time.Duration
	Gap         time.Duration // mean time between two starts of one client
	Keys        []string
	// Mix holds the weight, above 0, of each kind that occurs.
	Mix []Weight
	// Look is the chance that a transfer looks at a third key.
	Look    network.Probability
	Clients []protocols.ClientID
}

// Weight is how often a kind of operation occurs, as against others.
type Weight struct {
	Kind   OperationKind
	Weight int
}

// Swarm is what a sweep may add to the timeline, a random subset a seed.
type Swarm struct {
	// Faults are the kinds that may be drawn; empty: none.
	Faults []FaultKind
	// From and Until bound the phase of faults; from Until on a majority is whole.
	From, Until time.Duration
	// GapMin..GapMax is the time between two faults, LastMin..LastMax how
	// long one lasts.
	GapMin, GapMax   time.Duration
	LastMin, LastMax time.Duration
	// Down is the greatest number of nodes that are crashed or paused at a
	// time.
	Down int
	// Nodes is the greatest number of nodes that may be drawn; the least is
	// that of the cluster.
	Nodes int
}

// Verdict is what is expected of a property.
type Verdict string

// The verdicts a scenario may expect.
const (
	Holds    Verdict = "holds"
	Violated Verdict = "violated"
	Any      Verdict = "any" // judged and shown, but not demanded
)

// Expectation is what a run must show. The invariants of the protocol are
// expected to hold where Properties does not say otherwise.
type Expectation struct {
	// Properties has the properties' names as keys.
	Properties   map[string]Verdict
	Availability []AvailabilityExpectation
	Waits        []WaitExpectation
	InDoubt      []DoubtExpectation
	Happens      []Condition
}

// AvailabilityExpectation bounds the share of operations answered ok within
// Run.Deadline, of those invoked while faults lasted.
type AvailabilityExpectation struct {
	Side  string
	Kind  OperationKind // "": all kinds together
	Bound Bound         // of parts per million: 100% is 1_000_000
}

// WaitExpectation bounds the longest time that an operation, in the end
// answered ok, took.
type WaitExpectation struct {
	Side  string        // "": every side
	Kind  OperationKind // "": every kind
	Bound Bound         // of nanoseconds
}

// DoubtExpectation bounds a figure of what being in doubt cost.
type DoubtExpectation struct {
	Figure DoubtFigure
	Bound  Bound // of nanoseconds, or of requests
}

// DoubtFigure is what is bounded.
type DoubtFigure string

// The figures.
const (
	DoubtLongest    DoubtFigure = "longest"
	DoubtLockTime   DoubtFigure = "lock-time"
	DoubtBystanders DoubtFigure = "bystanders"
)

// Relation compares.
type Relation string

// The relations of a Bound.
const (
	Equal   Relation = "="
	AtLeast Relation = ">="
	AtMost  Relation = "<="
	Above   Relation = ">"
	Below   Relation = "<"
)

// Bound is a demand on a number; the field that holds it says the unit.
type Bound struct {
	Relation Relation
	Value    int64
}

// Met reports whether a measured value meets the bound.
func (b Bound) Met(measured int64) bool {
	switch b.Relation {
	case Equal:
		return measured == b.Value
	case AtLeast:
		return measured >= b.Value
	case AtMost:
		return measured <= b.Value
	case Above:
		return measured > b.Value
	case Below:
		return measured < b.Value
	}
	panic("language: a bound without a relation")
}

// Condition is something that must happen in a run, so that it does not pass
// vacuously: the number of things that match must meet Count. Exactly one of
// Note, Operation, Fault and Lost is set; the other fields narrow it down.
type Condition struct {
	// Phrase is for people; "" if the file gives none.
	Phrase string
	// Note counts notes of this kind.
	Note protocols.NoteKind
	// Operation counts operations of this kind, or of all (AnyOperation).
	Operation OperationKind
	// Fault counts the faults of this kind that took effect.
	Fault FaultKind
	// Lost counts the acknowledged writes that are gone at the end of the run
	// without having been overwritten.
	Lost bool

	Text   string           // of a Note: it contains this
	Node   protocols.NodeID // of a Note: at this node; 0: at any
	Side   string           // of an Operation
	Client protocols.ClientID
	// Outcome of an Operation; "": each.
	Outcome Outcome
	// Value that an Operation read or wrote; nil: each.
	Value *string
	// During is when the note was made, or the operation invoked.
	During Phase

	Count Bound
}

// AnyOperation in Condition.Operation stands for every kind.
const AnyOperation OperationKind = "any"

// Outcome of an operation.
type Outcome string

// The outcomes: answered; surely not executed; unknown.
const (
	OutcomeOK   Outcome = "ok"
	OutcomeFail Outcome = "fail"
	OutcomeInfo Outcome = "info"
)

// Phase is a part of a run's time.
type Phase string

// The phases.
const (
	Always          Phase = ""
	BeforeFaults    Phase = "before"    // before the first fault
	DuringFaults    Phase = "faults"    // from the first fault to the end of the last
	AfterFaults     Phase = "after"     // after the end of the last fault
	DuringPartition Phase = "partition" // while some link is cut
	DuringCrash     Phase = "crash"     // while some node is down
	DuringPause     Phase = "pause"     // while some node is paused
)
