package sim

import (
	"time"

	"quorumlab/protocols"
)

// Client is one client session: it has at most one operation open at a time.
type Client struct {
	ID   protocols.ClientID
	Name string
	// Side is a label under which figures are gathered; Place is the node
	// beside which the client stands: a cut between Place and another node
	// cuts the client off from that node too. One of Place 0 no cut touches.
	Side  string
	Place protocols.NodeID
	// Contacts are the nodes that it asks, the first first, each for at most
	// Timeout (true time).
	Contacts []protocols.NodeID
	Timeout  time.Duration
	// Script holds what it will ask; Next is the position of the next one.
	Script []Operation
	Next   int
	// Open tells whether Script[Next-1] is under way, and how far.
	Open bool
	// Attempt counts the nodes asked for it, from 1; Call is the number of
	// the latest call. Unknown: an earlier attempt may have been executed.
	Attempt int
	Call    uint64
	Unknown bool
}

// Operation is one entry of a client's script.
type Operation struct {
	// Number is the operation's number in the whole run, from 1.
	Number int
	// At is the intended start, in true time; it starts later if the
	// session is still busy then.
	At      time.Duration
	Command protocols.Command
}

// Call is a request on its way to a node, or the answer on its way back.
type Call struct {
	ID      uint64
	Client  protocols.ClientID
	Request uint64
	Node    protocols.NodeID
	Command protocols.Command
	// Waiting: the node has it. Answered: it is on its way back. Broken: the
	// connection broke, so that nobody knows whether the node acted on the
	// request; Refusal is then the reason.
	Waiting, Answered, Broken bool
	Result                    protocols.Result
	Refusal                   string
}

// Outcome is what a client knows of an operation that is over.
type Outcome string

// The outcomes.
const (
	OK   Outcome = "ok"
	Fail Outcome = "fail" // surely did not happen
	Info Outcome = "info" // nobody knows
)

// Reasons, beside the protocols' refusals, why an operation did not succeed.
const (
	Crashed  = "crashed"
	TimedOut = "timeout"
)

// ClientStep is what a client did or saw in a step. Client 0: nothing.
type ClientStep struct {
	Client    protocols.ClientID
	Operation int // its Number
	Node      protocols.NodeID
	// Invoked: the operation began in this step. Returned: it ended, with
	// Outcome, Result if OK, else Reason. Neither: another node is asked.
	Invoked, Returned bool
	Command           protocols.Command
	Outcome           Outcome
	Result            protocols.Result
	Reason            string
}
