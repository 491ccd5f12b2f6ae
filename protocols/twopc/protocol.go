package twopc

import (
	"time"

	"quorumlab/protocols"
	"quorumlab/protocols/commitment"
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
			Collecting{}, Decision{}, End{}, Settled{}, Table{}, (*Said)(nil)),
		New:        newNode,
		NeedsAll:   true,
		Invariants: []string{"ac1", "ac2", "ac3", "ac4", "ac5", "in-doubt-locks", "heuristic-damage", "conservation", "force-order"},
		Milestones: []protocols.Milestone{
			{Kind: protocols.Begun},
			{Kind: protocols.Voted, Text: protocols.VoteYes},
			{Kind: protocols.Voted, Text: protocols.VoteReadOnly},
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
	return append([]protocols.Parameter{
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
	}, commitment.Parameters()...)
}

func newNode(config protocols.Config) (protocols.Node, error) {
	settings, err := settingsOf(config)
	if err != nil {
		return nil, err
	}
	site, err := commitment.NewSite(config)
	if err != nil {
		return nil, err
	}
	return &Node{
		Settings: settings, Site: site,
		Transactions: map[resource.ID]Transaction{}, Singles: map[resource.ID]commitment.Errand{},
		Asked: map[protocols.ClientID]Asked{}, Outcomes: newOutcomes(), Doubts: map[resource.ID]Doubt{},
		Denied: map[resource.ID]bool{}, Heuristics: map[resource.ID]Heuristic{},
		Parked: map[resource.ID]commitment.Envelope{}, Refusing: map[resource.ID]resource.Finished{},
		Inquirers: map[resource.ID][]protocols.NodeID{},
	}, nil
}

func settingsOf(config protocols.Config) (Settings, error) {
	settings := Settings{
		Presume: config.Parameters["presume"], Cooperative: config.Parameters["inquiry"] == inquiryCooperative,
	}
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
		ticks, err := config.Number(span.name, 1)
		if err != nil {
			return settings, err
		}
		*span.place = time.Duration(ticks) * config.Tick
	}
	return settings, config.Choose(parameters())
}
