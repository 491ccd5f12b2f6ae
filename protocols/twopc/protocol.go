package twopc

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"quorumlab/protocols"
	"quorumlab/protocols/resource"
)

// The values of the parameters.
const (
	presumeNothing = "nothing"
	presumeAbort   = "abort"
	presumeCommit  = "commit"

	inquiryCoordinator = "coordinator"
	inquiryCooperative = "cooperative"

	heuristicOff = "off"
)

// Protocol describes two-phase commit to the drivers.
func Protocol() protocols.Protocol {
	return protocols.Protocol{
		Name:       "twopc",
		Summary:    "two-phase commit: every node owns a part of the keys; a transaction over several parts is all or nothing",
		Links:      protocols.Datagram,
		Parameters: parameters(),
		Types: append(resource.Types(),
			(*Node)(nil), Work{}, Worked{}, Prepare{}, Ballotted{}, Decide{}, Ack{}, Inquire{}, Perform{}, Performed{},
			Collecting{}, Decision{}, End{}, Table{}),
		New:        newNode,
		NeedsAll:   true,
		Invariants: []string{"ac1", "ac2", "ac3", "ac4", "ac5", "in-doubt-locks", "conservation", "force-order"},
		// The vote of a participant where a transaction only reads is not among
		// them: no scenario has such a transaction.
		Milestones: []protocols.Milestone{
			{Kind: protocols.Begun},
			{Kind: protocols.Voted, Text: protocols.VoteYes},
			{Kind: protocols.Heuristic},
			{Kind: protocols.Damage},
			{Kind: protocols.Halted},
			{Kind: protocols.Voted, Text: protocols.VoteNo},
			{Kind: protocols.Decided, Text: protocols.Commit},
			{Kind: protocols.Decided, Text: protocols.Abort},
			{Kind: protocols.Blocked, Text: "waits"},
			{Kind: protocols.Blocked, Text: "refused"},
		},
	}
}

func parameters() []protocols.Parameter {
	return []protocols.Parameter{
		resource.RangesParameter(),
		{
			Name: "presume", Default: presumeAbort, Choices: []string{presumeNothing, presumeAbort, presumeCommit},
			Help: "what a coordinator answers about a transaction that it does not know; what is presumed is neither forced nor acknowledged",
		},
		{
			Name: "inquiry", Default: inquiryCoordinator, Choices: []string{inquiryCoordinator, inquiryCooperative},
			Help: "whom a participant in doubt asks: the coordinator only, or the other participants as well",
		},
		{
			Name: "heuristic", Default: heuristicOff, Choices: []string{heuristicOff, string(resource.Commit), string(resource.Abort)},
			Help: "what a participant decides alone when it has been in doubt for heuristic_after; it may be wrong",
		},
		{Name: "heuristic_after", Default: "50", Help: "ticks in doubt until a heuristic decision, at least 1"},
		{Name: "vote_timeout", Default: "5", Help: "ticks that a coordinator waits for votes before it aborts, at least 1"},
		{Name: "doubt_after", Default: "3", Help: "ticks in doubt until a participant asks, at least 1"},
		{Name: "retry", Default: "2", Help: "ticks until a message that was not answered is sent again, at least 1"},
		{Name: "snapshot_every", Default: "1000", Help: "records after which a snapshot replaces the log, 0 for never"},
	}
}

func newNode(config protocols.Config) (protocols.Node, error) {
	switch {
	case !slices.Contains(config.Nodes, config.Self):
		return nil, fmt.Errorf("twopc: node %d is not among the nodes %v", config.Self, config.Nodes)
	case config.Tick <= 0:
		return nil, fmt.Errorf("twopc: tick is %v, must be more than 0", config.Tick)
	}
	settings, err := settingsOf(config)
	if err != nil {
		return nil, fmt.Errorf("twopc: %w", err)
	}
	store, err := resource.NewStore(config.Self, settings.Ownership, config.Machine)
	if err != nil {
		return nil, fmt.Errorf("twopc: %w", err)
	}
	return &Node{
		Settings: settings, Store: store,
		Transactions: map[resource.ID]Transaction{}, Singles: map[resource.ID]Single{},
		Asked: map[protocols.ClientID]Asked{}, Doubts: map[resource.ID]Doubt{},
		Denied: map[resource.ID]bool{}, Heuristics: map[resource.ID]bool{}, Parked: map[resource.ID]Envelope{}, Refusing: map[resource.ID]resource.Finished{},
		Inquirers: map[resource.ID][]protocols.NodeID{},
	}, nil
}

func settingsOf(config protocols.Config) (Settings, error) {
	settings := Settings{Self: config.Self, Tick: config.Tick}
	for _, parameter := range parameters() {
		if value := config.Parameters[parameter.Name]; parameter.Choices != nil && !slices.Contains(parameter.Choices, value) {
			return settings, fmt.Errorf("%s is %q, must be one of %v", parameter.Name, value, parameter.Choices)
		}
	}
	var err error
	if settings.Ownership, err = resource.NewOwnership(config.Parameters["ranges"], config.Nodes); err != nil {
		return settings, err
	}
	settings.Presume = config.Parameters["presume"]
	settings.Cooperative = config.Parameters["inquiry"] == inquiryCooperative
	if value := config.Parameters["heuristic"]; value != heuristicOff {
		settings.Heuristic = resource.Decision(value)
	}
	for _, span := range []struct {
		name  string
		place *time.Duration
	}{
		{"heuristic_after", &settings.HeuristicAfter},
		{"vote_timeout", &settings.VoteTimeout},
		{"doubt_after", &settings.DoubtAfter},
		{"retry", &settings.Retry},
	} {
		ticks, err := number(config, span.name, 1)
		if err != nil {
			return settings, err
		}
		*span.place = time.Duration(ticks) * config.Tick
	}
	settings.SnapshotEvery, err = number(config, "snapshot_every", 0)
	return settings, err
}

func number(config protocols.Config, name string, lowest uint64) (uint64, error) {
	value := config.Parameters[name]
	n, err := strconv.ParseUint(value, 10, 31)
	if err != nil || n < lowest {
		return 0, fmt.Errorf("%s is %q, must be a whole number from %d", name, value, lowest)
	}
	return n, nil
}
