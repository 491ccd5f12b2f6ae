package threepc

import (
	"fmt"
	"slices"
	"strconv"

	"quorumlab/protocols"
	"quorumlab/protocols/resource"
)

// The values of the parameter termination.
const (
	terminationSimple = "simple"
	terminationQuorum = "quorum"
	terminationE3PC   = "e3pc"
)

// Protocol describes three-phase commit to the drivers.
func Protocol() protocols.Protocol {
	return protocols.Protocol{
		Name:       "threepc",
		Summary:    "three-phase commit: no process blocks, as long as the silent are dead",
		Links:      protocols.Datagram,
		NeedsAll:   true,
		Parameters: parameters(),
		Types: append(resource.Types(),
			(*Node)(nil), Enrolled{}, Shift{}, Ended{}, Table{},
			Perform{}, Execute{}, CanCommit{}, Performed{}, Executed{}, Vote{}, PreCommit{}, PreAbort{}, Ack{},
			DoCommit{}, DoAbort{}, Done{}, Poll{}, Report{}),
		New: newFromConfig,
		// With termination=simple ac1 and conservation hold only as long as the
		// silent are dead: that a cut breaks them is the lesson of a scenario.
		Invariants: []string{"ac1", "ac2", "ac3", "ac4", "ac5", "in-doubt-locks", "conservation", "force-order"},
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
			{Kind: Precommit},
			{Kind: Preabort},
			{Kind: Elected},
			{Kind: Stuck, Text: noQuorum},
			{Kind: Stuck, Text: lastIsAway},
			{Kind: Split},
		},
	}
}

func parameters() []protocols.Parameter {
	return []protocols.Parameter{
		{
			Name: "termination", Default: terminationSimple, Choices: []string{terminationSimple, terminationQuorum, terminationE3PC},
			Help: "without the coordinator: decide with whom one reaches, with a quorum that never changes sides, or with any majority",
		},
		{
			Name: "timeout", Default: "5",
			Help: "ticks of silence after which a node is taken for dead, at least 2",
		},
		{
			Name: "commit_quorum", Default: "0",
			Help: "processes of a transaction that must be ready before it is committed, 0 for a majority (termination=quorum)",
		},
		resource.RangesParameter(),
		{
			Name: "snapshot_every", Default: "1000",
			Help: "records after which a snapshot replaces the log, 0 for never",
		},
	}
}

func newFromConfig(config protocols.Config) (protocols.Node, error) {
	switch {
	case !slices.Contains(config.Nodes, config.Self):
		return nil, fmt.Errorf("node %d is not among the nodes %v", config.Self, config.Nodes)
	case config.Members != nil && !slices.Equal(config.Members, config.Nodes):
		return nil, fmt.Errorf("threepc has no members but all nodes, each owns keys")
	case config.Tick <= 0:
		return nil, fmt.Errorf("tick is %v, must be more than 0", config.Tick)
	case config.Machine == nil:
		return nil, fmt.Errorf("threepc needs the values that its participants own, none are given")
	}
	settings := Settings{Self: config.Self, Termination: config.Parameters["termination"], Tick: config.Tick}
	if !slices.Contains(parameters()[0].Choices, settings.Termination) {
		return nil, fmt.Errorf("parameter termination is %q, must be one of %v", settings.Termination, parameters()[0].Choices)
	}
	numbers := map[string]uint64{"timeout": 2, "commit_quorum": 0, "snapshot_every": 0} // lowest values
	for _, name := range []string{"timeout", "commit_quorum", "snapshot_every"} {
		number, err := strconv.ParseUint(config.Parameters[name], 10, 31)
		if lowest := numbers[name]; err != nil || number < lowest {
			return nil, fmt.Errorf("parameter %s is %q, must be a whole number from %d", name, config.Parameters[name], lowest)
		}
		numbers[name] = number
	}
	settings.TimeoutTicks, settings.CommitQuorum = int(numbers["timeout"]), int(numbers["commit_quorum"])
	settings.SnapshotEvery = numbers["snapshot_every"]
	if settings.CommitQuorum > 0 && settings.Termination != terminationQuorum {
		return nil, fmt.Errorf("parameter commit_quorum is %d, but only termination=%s has quorums to choose; use 0", settings.CommitQuorum, terminationQuorum)
	}
	var err error
	if settings.Ownership, err = resource.NewOwnership(config.Parameters["ranges"], config.Nodes); err != nil {
		return nil, fmt.Errorf("parameter %w", err)
	}
	n := &Node{Settings: settings}
	if n.Store, err = resource.NewStore(config.Self, settings.Ownership, config.Machine); err != nil {
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
