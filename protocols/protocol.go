package protocols

import (
	"fmt"
	"slices"
	"strconv"
	"time"
)

// Protocol describes one protocol to the drivers, which know none by name.
type Protocol struct {
	Name    string
	Summary string // one line
	Links   LinkKind
	// Parameters lists what Config.Parameters may hold.
	Parameters []Parameter
	// Types holds a zero value of every type that the protocol puts where
	// the contract says Node, Message, Record or Note.Value.
	Types []any
	// New makes a node that has yet to be given Recovered. The error is a
	// *ParameterError if a parameter is wrong, and does not name the protocol.
	New func(Config) (Node, error)
	// Learners tells that the nodes heed Config.Members, Reconfigures that a
	// client changes the members with Reconfigure.
	Learners, Reconfigures bool
	// NeedsAll tells that a majority is not enough for progress: each node has
	// what no other has.
	NeedsAll bool
	// Invariants names the checks that every run of the protocol must pass.
	Invariants []string
	// Milestones are what some run of a sweep must come to, else the sweep has
	// left a phase or a way of recovery of the protocol untested.
	Milestones []Milestone
}

// Milestone stands for the notes of a kind that have a text; "" stands for any.
type Milestone struct {
	Kind NoteKind
	Text string
}

// String returns kind and text.
func (m Milestone) String() string {
	if m.Text == "" {
		return string(m.Kind)
	}
	return string(m.Kind) + " " + m.Text
}

// LinkKind is what a protocol demands of the links between its nodes.
type LinkKind string

// The kinds of link.
const (
	// Datagram links drop, duplicate and reorder.
	Datagram LinkKind = "datagram"
	// Stream links are FIFO without gaps; a break loses a suffix and both
	// ends learn of it (Disconnected).
	Stream LinkKind = "stream"
)

// Parameter describes one parameter of a protocol.
type Parameter struct {
	Name    string
	Default string
	Help    string // one line
	// Choices lists the allowed values; nil if they are not a fixed set.
	Choices []string
}

// Config is what a node is told about itself, the same at every boot.
type Config struct {
	Self NodeID
	// Nodes holds all participants, Self included, in growing order.
	Nodes []NodeID
	// Members holds those of Nodes that vote at the start, in growing order;
	// nil stands for all. The others follow along without a vote until a
	// Reconfigure names them.
	Members []NodeID
	// Machine is a fresh state machine, nil where nothing is replicated.
	Machine StateMachine
	// Tick is the unit of the protocol's time-outs.
	Tick time.Duration
	// Parameters holds a value for every Parameter, defaults filled in.
	Parameters map[string]string
}

// ParameterError tells that a parameter has a value that it cannot have.
type ParameterError struct {
	Name, Value string
	Must        string // completes "must be …"
	// With names the parameters beside which the value cannot stand.
	With []string
}

// Error implements error.
func (e *ParameterError) Error() string {
	return fmt.Sprintf("parameter %s is %q, must be %s", e.Name, e.Value, e.Must)
}

// Wrong returns a ParameterError about the value of a parameter.
func (c Config) Wrong(name, must string, with ...string) error {
	return &ParameterError{Name: name, Value: c.Parameters[name], Must: must, With: with}
}

// Number reads a parameter that holds a whole number, from lowest to 1<<31 - 1.
func (c Config) Number(name string, lowest uint64) (uint64, error) {
	value := c.Parameters[name]
	number, err := strconv.ParseUint(value, 10, 31)
	if err != nil || number < lowest {
		return 0, c.Wrong(name, fmt.Sprintf("a whole number from %d", lowest))
	}
	return number, nil
}

// Choose checks those of the parameters that have choices.
func (c Config) Choose(parameters []Parameter) error {
	for _, p := range parameters {
		if value := c.Parameters[p.Name]; p.Choices != nil && !slices.Contains(p.Choices, value) {
			return c.Wrong(p.Name, fmt.Sprintf("one of %v", p.Choices))
		}
	}
	return nil
}
