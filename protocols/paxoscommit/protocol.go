package paxoscommit

import (
	"fmt"
	"slices"

	"quorumlab/protocols"
	"quorumlab/protocols/commitment"
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
			"agreement", "validity", "one-value-a-ballot", "p2c", "promise",
		},
		// The vote of a participant where a transaction only reads is not among
		// them: no scenario has such a transaction.
		Milestones: []protocols.Milestone{
			{Kind: protocols.Begun},
			{Kind: protocols.Voted, Text: protocols.VoteYes},
			{Kind: protocols.Voted, Text: protocols.VoteReadOnly},
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
	return append([]protocols.Parameter{
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
	}, commitment.Parameters()...)
}

// highest is the highest number that a node may have: see instance.
const highest = 1<<12 - 1

func newFromConfig(config protocols.Config) (protocols.Node, error) {
	site, err := commitment.NewSite(config)
	if err != nil {
		return nil, err
	}
	if last := config.Nodes[len(config.Nodes)-1]; last > highest {
		return nil, fmt.Errorf("node %d: nodes have numbers up to %d", last, highest)
	}
	if err := config.Choose(parameters()); err != nil {
		return nil, err
	}
	patience, err := commitment.PatienceOf(config)
	if err != nil {
		return nil, err
	}
	faults, err := config.Number("faults", 0)
	if err != nil {
		return nil, err
	}
	if acceptors := 2*faults + 1; faults > 0 && acceptors > uint64(len(config.Nodes)) {
		return nil, config.Wrong("faults", fmt.Sprintf("at most %d: so many faults take %d acceptors, and there are %d nodes", (len(config.Nodes)-1)/2, acceptors, len(config.Nodes)))
	}
	return &Node{Site: site, Settings: Settings{
		Nodes: slices.Clone(config.Nodes), Faults: int(faults), Faster: config.Parameters["variant"] == variantFaster,
		Patience: patience,
	}}, nil
}
