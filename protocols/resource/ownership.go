package resource

import (
	"fmt"
	"slices"
	"strings"

	"quorumlab/protocols"
	"quorumlab/protocols/machine"
)

// Ownership tells which node owns which keys.
type Ownership struct {
	Nodes []protocols.NodeID // in growing order
	// Bounds holds the first key of every node but the first, in growing
	// order; nil: keys are spread by their hash.
	Bounds []string
}

// RangesHash is the value of the parameter that spreads keys by their hash.
const RangesHash = "hash"

// RangesParameter describes the parameter that NewOwnership takes.
func RangesParameter() protocols.Parameter {
	return protocols.Parameter{
		Name: "ranges", Default: RangesHash,
		Help: `which node owns a key: "hash" spreads them; "h,p" gives the second node those from h, the third those from p`,
	}
}

// NewOwnership reads the parameter.
func NewOwnership(ranges string, nodes []protocols.NodeID) (Ownership, error) {
	o := Ownership{Nodes: slices.Clone(nodes)}
	if ranges == RangesHash {
		return o, nil
	}
	o.Bounds = []string{}
	if ranges != "" {
		o.Bounds = strings.Split(ranges, ",")
	}
	for i, bound := range o.Bounds {
		if bound == "" || i > 0 && bound <= o.Bounds[i-1] {
			return o, wrongRanges(ranges, fmt.Sprintf("%q, or first keys in growing order, such as h,p", RangesHash))
		}
	}
	if len(o.Bounds) != len(nodes)-1 {
		return o, wrongRanges(ranges, fmt.Sprintf("%q, or %d first keys for %d nodes (one for each node but the first)",
			RangesHash, len(nodes)-1, len(nodes)))
	}
	return o, nil
}

func wrongRanges(ranges, must string) error {
	return &protocols.ParameterError{Name: RangesParameter().Name, Value: ranges, Must: must}
}

// Owner returns the node that owns a key.
func (o Ownership) Owner(key string) protocols.NodeID {
	if o.Bounds == nil {
		return o.Nodes[hash(key)%uint32(len(o.Nodes))]
	}
	at, found := slices.BinarySearch(o.Bounds, key)
	if found {
		at++ // a bound is the first key of the range after it
	}
	return o.Nodes[at]
}

// hash is FNV-1a (Fowler, Noll, Vo).
func hash(key string) uint32 {
	h := uint32(2166136261)
	for i := range len(key) {
		h = (h ^ uint32(key[i])) * 16777619
	}
	return h
}

// Part is what one participant is to execute of a client's command.
type Part struct {
	Node     protocols.NodeID
	Commands []machine.Command
	// Places are those of Commands among all.
	Places []int
}

// ReadsOnly tells whether the part changes nothing.
func (p *Part) ReadsOnly() bool { return readsOnly(p.Commands) }

// Split divides a client's command among those who own the keys, in growing
// order of the nodes. Conditional is that of Request. It reports what is wrong
// with a command that cannot be executed.
func (o Ownership) Split(command protocols.Command) (parts []Part, conditional bool, err error) {
	var commands []machine.Command
	switch c := command.(type) {
	case machine.Command:
		commands = []machine.Command{c}
	case machine.Transaction:
		commands, conditional = c.Commands, true
	default:
		return nil, false, fmt.Errorf("command is a %T, not a machine.Command or machine.Transaction", command)
	}
	if len(commands) == 0 {
		return nil, false, fmt.Errorf("the transaction has no commands")
	}
	for place, c := range commands {
		owner := o.Owner(c.Key)
		at, found := slices.BinarySearchFunc(parts, owner, func(p Part, node protocols.NodeID) int { return int(p.Node) - int(node) })
		if !found {
			parts = slices.Insert(parts, at, Part{Node: owner})
		}
		parts[at].Commands = append(parts[at].Commands, c)
		parts[at].Places = append(parts[at].Places, place)
	}
	return parts, conditional, nil
}

// Nodes returns who takes part, in growing order.
func Nodes(parts []Part) []protocols.NodeID {
	nodes := make([]protocols.NodeID, len(parts))
	for i := range parts {
		nodes[i] = parts[i].Node
	}
	return nodes
}

// Voters returns those of them that may vote YES, in growing order.
func Voters(parts []Part) []protocols.NodeID {
	var voters []protocols.NodeID
	for i := range parts {
		if !parts[i].ReadsOnly() {
			voters = append(voters, parts[i].Node)
		}
	}
	return voters
}

// Join puts the results of all parts, in the order of the parts, together to
// what the client is told of a command that was executed.
func Join(parts []Part, conditional bool, results [][]machine.Result) protocols.Result {
	if !conditional {
		return results[0][0]
	}
	count := 0
	for i := range parts {
		count += len(parts[i].Places)
	}
	joined := make([]machine.Result, count)
	for i := range parts {
		for k, place := range parts[i].Places {
			joined[place] = results[i][k]
		}
	}
	return machine.TransactionResult{Results: joined}
}

// Impossible is what the client is told of a command that Split cannot divide.
func Impossible(command protocols.Command, err error) protocols.Result {
	if _, transaction := command.(machine.Transaction); transaction {
		return machine.TransactionResult{Aborted: true, Error: err.Error()}
	}
	return machine.Result{Error: err.Error()}
}
