package mutants

import "quorumlab/protocols"

// zabMutants are errors of Zab.
func zabMutants() []Mutant {
	return []Mutant{
		{
			Name:     "zab-ack-before-durable",
			Error:    "a follower acknowledges transactions before they are on its disk",
			Source:   "Apache ZooKeeper with forceSync=no, or a write cache that lies about fsync",
			Property: "durability",
			Protocol: "zab",
			Scenario: "zab-leader-crash",
			Seeds:    1000,
			Seed:     12,
			Wrap:     func(inner protocols.Node) protocols.Node { return &AckBeforeDurable{Inner: inner} },
		},
	}
}

func zabTypes() []any { return []any{(*AckBeforeDurable)(nil)} }
