package threepc

import (
	"quorumlab/protocols"
	"quorumlab/protocols/commitment"
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
			{Kind: protocols.Voted, Text: protocols.VoteReadOnly},
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
	return append([]protocols.Parameter{
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
	}, commitment.Parameters()...)
}

func newFromConfig(config protocols.Config) (protocols.Node, error) {
	if err := config.Choose(parameters()); err != nil {
		return nil, err
	}
	patience, err := commitment.PatienceOf(config)
	if err != nil {
		return nil, err
	}
	commit, err := config.Number("commit_quorum", 0)
	if err != nil {
		return nil, err
	}
	settings := Settings{
		Termination: config.Parameters["termination"], CommitQuorum: int(commit), Patience: patience,
	}
	if settings.CommitQuorum > 0 && settings.Termination != terminationQuorum {
		return nil, config.Wrong("commit_quorum", "0: only termination="+terminationQuorum+" has quorums to choose", "termination")
	}
	site, err := commitment.NewSite(config)
	if err != nil {
		return nil, err
	}
	return &Node{Settings: settings, Site: site}, nil
}
