package world

import (
	"time"

	"quorumlab/checker/linear"
	"quorumlab/protocols"
	"quorumlab/protocols/state"
)

// Config is a world to explore.
type Config struct {
	Protocol   protocols.Protocol
	Parameters map[string]string
	Tick       time.Duration
	// Names are those of the nodes; node i+1 has Names[i].
	Names   []string
	Machine func() protocols.StateMachine
	// Wrap, if not nil, wraps every node (a mutant).
	Wrap func(protocols.Node) protocols.Node
	// Shadow, if not nil, makes what follows a node that boots.
	Shadow func(protocols.NodeID) Shadow
	// Codec knows the types of the protocol, the machine, the shadows and those of Types.
	Codec   *state.Codec
	Clients []Client
	Budgets Budgets
	Limits  Limits
	// Model is what the histories are judged by; Record fills in what an
	// operation asks and, if it has a result, what it answered. Without Record
	// histories are not judged.
	Model  linear.Model
	Record func(op *linear.Operation, command protocols.Command, result protocols.Result)
	// AtLast asks what comes at last (atlast.go), of runs that have no end.
	// Turns: what timers are set to counts then, and the nodes' clocks tick in turn.
	AtLast, Turns bool
}

// Client is a client session: it asks the commands one after the other, each at
// its contacts in turn until one does not refuse.
type Client struct {
	Name     string
	Contacts []protocols.NodeID
	Commands []protocols.Command
}

// Budgets bound how often what may happen at any time happens in a run.
type Budgets struct {
	// Timers counts the timers that run out at any time, Idle those that run out
	// when nothing else can happen but a fault or a restart.
	Timers, Idle      int
	Crashes           int
	Drops, Duplicates int // of datagrams
	Breaks            int // of streams
	Expirations       int // of clients' patience
	// Cuts counts how often a node is cut off from all others, both ways. A cut
	// ends at any time.
	Cuts int
}

// Limits leave out runs: some because they show nothing that others do not, some
// to bound what is explored.
type Limits struct {
	Start Start
	// Before are the acts of a script that leads on from there (script.go).
	Before []string
	// PromptDisks: a disk completes what it was given before its node is given
	// anything else, if the node does not crash first. That is a bound.
	PromptDisks bool
	// PromptCalls: no time passes between a client and the node that it asks.
	PromptCalls bool
	// PromptHints: what is protocols.Advisory arrives before anything else happens
	// but a fault, a restart or a timer; of several, in one order. That is a bound.
	PromptHints bool
	// Deathly: a node that crashed stays down.
	Deathly bool
	// Effectless datagrams, those that would change nothing and answer nothing,
	// are not delivered, as long as that is so.
	Effectless bool
}

// Start is where exploration begins.
type Start uint8

// The beginnings. FromBoot explores every order of booting; the others take one.
const (
	// FromBoot: all nodes have booted, and nothing was delivered yet.
	FromBoot Start = iota
	// FromRest: what the nodes sent and wrote at boot has come to rest.
	FromRest
	// FromLeader: then timers ran out, one after the other, until a leader was
	// established, and it has come to rest again.
	FromLeader
)

// BudgetMax is the most that a budget can be, ExpirationsMax that of Expirations.
const (
	BudgetMax      = 15
	ExpirationsMax = expirationsMax
)

// Types returns a zero value of each type that the codec must know beside the
// protocol's, the machine's and the simulator's.
func Types() []any { return []any{content{}} }
