package paxoscommit

import (
	"fmt"
	"slices"
	"strconv"

	"quorumlab/protocols"
	"quorumlab/protocols/resource"
)

// The values of the parameter variant.
const (
	variantPlain  = "plain"
	variantFaster = "faster"
)

// Protocol describes Paxos Commit to the drivers.
func Protocol() protocols.Protocol {
	return protocols.Protocol{
		Name:       "paxoscommit",
		Summary:    "Paxos Commit: each participant's vote is chosen by acceptors, and no single failure blocks",
		Links:      protocols.Datagram,
		NeedsAll:   true,
		Parameters: parameters(),
		Types: append(resource.Types(),
			(*Node)(nil), Enrolled{}, Led{}, Promised{}, Accepted{}, Forgotten{}, Table{}, Prepared,
			Perform{}, Execute{}, Prepare{}, Performed{}, Executed{}, Voted{}, Offered{},
			Phase1a{}, Phase1b{}, Phase2a{}, Phase2b{}, Higher{}, Decide{}, Done{}, Forgettable{}, Settled{}),
		New: newFromConfig,
		Invariants: []string{
			"ac1", "ac2", "ac3", "ac4", "ac5", "in-doubt-locks", "conservation", "force-order",
			"agreement", "validity", "one-value-a-ballot",
		},
		// The vote of a participant where a transaction only reads is not among
		// them: no scenario has such a transaction.
		Milestones: []protocols.Milestone{
			{Kind: protocols.Begun},
			{Kind: protocols.Voted, Text: protocols.VoteYes},
			{Kind: protocols.Voted, Text: protocols.VoteNo},
			{Kind: protocols.Decided, Text: protocols.Commit},
			{Kind: protocols.Decided, Text: protocols.Abort},
			{Kind: protocols.Blocked, Text: "waits"},
			{Kind: protocols.Blocked, Text: "refused"},
			{Kind: protocols.Proposed},
			{Kind: protocols.Accepted},
			{Kind: protocols.Chosen},
			{Kind: protocols.Promised},
			{Kind: Recovering},
		},
	}
}

func parameters() []protocols.Parameter {
	return []protocols.Parameter{
		{
			Name: "faults", Default: "1",
			Help: "F: how many of the 2F+1 acceptors, the first nodes, may fail; with 0 the coordinator is the only one: two-phase commit",
		},
		{
			Name: "variant", Default: variantPlain, Choices: []string{variantPlain, variantFaster},
			Help: "the managers hear the decision from the leader, or a message delay sooner from the acceptors (Faster Paxos Commit)",
		},
		{
			Name: "timeout", Default: "5",
			Help: "ticks of silence after which a leader is not waited for, at least 2",
		},
		resource.RangesParameter(),
		{
			Name: "snapshot_every", Default: "1000",
			Help: "records after which a snapshot replaces the log, 0 for never",
		},
	}
}

// highest is the highest number that a node may have: see instance.
const highest = 1<<12 - 1

func newFromConfig(config protocols.Config) (protocols.Node, error) {
	switch {
	case !slices.Contains(config.Nodes, config.Self):
		return nil, fmt.Errorf("node %d is not among the nodes %v", config.Self, config.Nodes)
	case config.Nodes[len(config.Nodes)-1] > highest:
		return nil, fmt.Errorf("node %d: paxoscommit has numbers up to %d", config.Nodes[len(config.Nodes)-1], highest)
	case config.Members != nil && !slices.Equal(config.Members, config.Nodes):
		return nil, fmt.Errorf("paxoscommit has no members but all nodes, each owns keys")
	case config.Tick <= 0:
		return nil, fmt.Errorf("tick is %v, must be more than 0", config.Tick)
	case config.Machine == nil:
		return nil, fmt.Errorf("paxoscommit needs the values that its participants own, none are given")
	}
	numbers := map[string]uint64{"faults": 0, "timeout": 2, "snapshot_every": 0} // lowest values
	for _, name := range []string{"faults", "timeout", "snapshot_every"} {
		number, err := strconv.ParseUint(config.Parameters[name], 10, 31)
		if lowest := numbers[name]; err != nil || number < lowest {
			return nil, fmt.Errorf("parameter %s is %q, must be a whole number from %d", name, config.Parameters[name], lowest)
		}
		numbers[name] = number
	}
	faults := int(numbers["faults"])
	if faults > 0 && 2*faults+1 > len(config.Nodes) {
		return nil, fmt.Errorf("parameter faults is %d, which takes %d acceptors, and there are %d nodes", faults, 2*faults+1, len(config.Nodes))
	}
	variant := config.Parameters["variant"]
	if variant != variantPlain && variant != variantFaster {
		return nil, fmt.Errorf("parameter variant is %q, must be %s or %s", variant, variantPlain, variantFaster)
	}
	ownership, err := resource.NewOwnership(config.Parameters["ranges"], config.Nodes)
	if err != nil {
		return nil, fmt.Errorf("parameter %w", err)
	}
	n := &Node{Settings: Settings{
		Self: config.Self, Nodes: slices.Clone(config.Nodes), Ownership: ownership, Faults: faults, Faster: variant == variantFaster,
		Tick: config.Tick, TimeoutTicks: int(numbers["timeout"]), SnapshotEvery: numbers["snapshot_every"],
	}}
	if n.Store, err = resource.NewStore(config.Self, ownership, config.Machine); err != nil {
		return nil, err
	}
	return n, nil
}

// Resource implements protocols.Participant. Of what a damaged disk has kept
// nothing is shown.
func (n *Node) Resource() protocols.Resource {
	if n.Halted {
		return nil
	}
	return &n.Store
}
