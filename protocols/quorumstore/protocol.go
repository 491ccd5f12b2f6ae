package quorumstore

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"quorumlab/protocols"
	"quorumlab/protocols/machine"
)

// The values of the parameters.
const (
	conflictsLogical  = "logical"
	conflictsLWW      = "lww"
	conflictsSiblings = "siblings"

	on  = "on"
	off = "off"
)

// Protocol describes the store to the drivers.
func Protocol() protocols.Protocol {
	return protocols.Protocol{
		Name:       "quorumstore",
		Summary:    "Dynamo-style store: N replicas a key, R answer a read, W keep a write",
		Links:      protocols.Datagram,
		Parameters: parameters(),
		Types: append(machine.Types(),
			(*Node)(nil), Kept{}, Handed{}, Born{}, Meta{}, Snapshot{},
			Fetch{}, Fetched{}, Store{}, Stored{}, Digest{}, Agreed{}, Contents{}),
		New: newFromConfig,
		// What clients may rely on depends on the parameters; scenarios say. No
		// sequence is delivered, so there is none that a snapshot could replace.
		Invariants: []string{"force-order"},
		// That it halts, for neither metadata nor snapshot can be read, is not
		// among them: no sweep has come to it yet.
		Milestones: []protocols.Milestone{
			{Kind: HintKept},
			{Kind: HintHanded},
			{Kind: ReadRepaired},
			{Kind: SiblingsRead},
			{Kind: protocols.Synchronized, Text: antiEntropy},
			{Kind: protocols.Synchronized, Text: diskIsBack},
		},
	}
}

func parameters() []protocols.Parameter {
	return append(quorumParameters(), timeParameters()...)
}

func quorumParameters() []protocols.Parameter {
	switches := []string{on, off}
	return []protocols.Parameter{
		{Name: "n", Default: "3", Help: "nodes that own a key, of those that there are"},
		{Name: "r", Default: "2", Help: "owners whose answers make a read, at most n"},
		{Name: "w", Default: "2", Help: "owners that must have a write on disk before it is answered, at most n"},
		{
			Name: "conflicts", Default: conflictsLogical, Choices: []string{conflictsLogical, conflictsLWW, conflictsSiblings},
			Help: "of two writes the one with the higher logical timestamp wins, or that with the later wall clock, or both stay if neither has seen the other",
		},
		{
			Name: "writeback", Default: on, Choices: switches,
			Help: "a read has w owners keep what it answers, before it does (ABD)",
		},
		{
			Name: "read_repair", Default: on, Choices: switches,
			Help: "a read sends what it found to owners that lack it, after it was answered",
		},
		{
			Name: "sloppy", Default: off, Choices: switches,
			Help: "stand-ins count for r and w when owners do not answer; off: they keep hints, which count for nothing",
		},
	}
}

func timeParameters() []protocols.Parameter {
	return []protocols.Parameter{
		{Name: "handoff_after", Default: "1", Help: "ticks after which stand-ins are asked in the place of owners, at least 1"},
		{Name: "handoff_every", Default: "10", Help: "ticks between two attempts to hand hints over, at least 1"},
		{Name: "timeout", Default: "10", Help: "ticks after which an operation is given up, more than handoff_after"},
		{Name: "sync_every", Default: "20", Help: "ticks between two comparisons of Merkle trees, 0 for never"},
		{Name: "snapshot_every", Default: "1000", Help: "records after which a snapshot replaces the log, 0 for never"},
		{Name: "tombstone_age", Default: "36000", Help: "ticks after which a deleted key's tombstone is dropped by the next snapshot"},
	}
}

func newFromConfig(config protocols.Config) (protocols.Node, error) {
	settings := Settings{Self: config.Self, Members: config.Members, Tick: config.Tick}
	if settings.Members == nil {
		settings.Members = config.Nodes
	}
	settings.Members = slices.Clone(settings.Members)
	given, keeps := machine.KVSnapshot{}, false
	if config.Machine != nil {
		given, keeps = config.Machine.Snapshot().(machine.KVSnapshot)
	}
	switch {
	case !slices.Contains(config.Nodes, config.Self):
		return nil, fmt.Errorf("node %d is not among the nodes %v", config.Self, config.Nodes)
	case config.Tick <= 0:
		return nil, fmt.Errorf("tick is %v, must be more than 0", config.Tick)
	case !keeps:
		return nil, fmt.Errorf("versions of keys are kept: the state machine must be a machine.KV, not a %T", config.Machine)
	}
	if err := settings.choose(config); err != nil {
		return nil, err
	}
	if err := settings.count(config); err != nil {
		return nil, err
	}
	settings.Ring = newRing(settings.Members)
	return newNode(settings, given.Values), nil
}

// choose reads the parameters that have choices.
func (s *Settings) choose(config protocols.Config) error {
	for _, parameter := range quorumParameters() {
		value := config.Parameters[parameter.Name]
		if parameter.Choices == nil {
			continue
		}
		if !slices.Contains(parameter.Choices, value) {
			return config.Wrong(parameter.Name, fmt.Sprintf("one of %v", parameter.Choices))
		}
		switch parameter.Name {
		case "conflicts":
			s.Conflicts = value
		case "writeback":
			s.WriteBack = value == on
		case "read_repair":
			s.ReadRepair = value == on
		case "sloppy":
			s.Sloppy = value == on
		}
	}
	return nil
}

// count reads the parameters that are numbers.
func (s *Settings) count(config protocols.Config) error {
	number := map[string]uint64{}
	lowest := map[string]uint64{"n": 1, "r": 1, "w": 1, "handoff_after": 1, "handoff_every": 1, "timeout": 1}
	for _, parameter := range parameters() {
		if parameter.Choices != nil {
			continue
		}
		value, err := strconv.ParseUint(config.Parameters[parameter.Name], 10, 31)
		if err != nil || value < lowest[parameter.Name] {
			return config.Wrong(parameter.Name, fmt.Sprintf("a whole number from %d", lowest[parameter.Name]))
		}
		number[parameter.Name] = value
	}
	switch nodes := uint64(len(s.Members)); {
	case number["n"] > nodes:
		return config.Wrong("n", fmt.Sprintf("at most %d: a key has no more owners than there are nodes", nodes))
	case number["r"] > number["n"]:
		return config.Wrong("r", fmt.Sprintf("at most n, which is %d", number["n"]), "n")
	case number["w"] > number["n"]:
		return config.Wrong("w", fmt.Sprintf("at most n, which is %d", number["n"]), "n")
	case number["timeout"] <= number["handoff_after"]:
		return config.Wrong("timeout", fmt.Sprintf("more than handoff_after, which is %d", number["handoff_after"]), "handoff_after")
	}
	s.N, s.R, s.W = int(number["n"]), int(number["r"]), int(number["w"])
	s.HandoffAfter, s.Patience, s.SnapshotEvery = number["handoff_after"], number["timeout"], number["snapshot_every"]
	s.HandoffEvery = time.Duration(number["handoff_every"]) * s.Tick
	s.SyncEvery = time.Duration(number["sync_every"]) * s.Tick
	s.TombstoneAge = time.Duration(number["tombstone_age"]) * s.Tick
	return nil
}
