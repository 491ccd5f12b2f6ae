package mutants

import (
	"slices"

	"quorumlab/protocols"
)

// zabMutants are errors of Zab.
func zabMutants() []Mutant {
	return slices.Concat(zabDiskMutants(), zabForceMutants(), zabLearnerMutants(), zabLeaderMutants())
}

func zabDiskMutants() []Mutant {
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
		{
			Name:     "zab-epoch-before-history",
			Error:    "a follower writes the leader's epoch as its current one before the leader's history",
			Source:   "ZOOKEEPER-4643, ZOOKEEPER-4785",
			Property: "durability",
			Protocol: "zab",
			Scenario: "zab-leader-crash",
			Seeds:    2000,
			Seed:     477,
			Wrap:     func(inner protocols.Node) protocols.Node { return &EpochBeforeHistory{Inner: inner} },
		},
		{
			Name:     "zab-trunc-in-memory",
			Error:    "a TRUNC is carried out in memory and not on disk",
			Source:   "ZOOKEEPER-5094",
			Property: "prefix",
			Protocol: "zab",
			Scenario: "zab-sync-modes",
			Seeds:    2000,
			Seed:     19,
			Wrap:     func(inner protocols.Node) protocols.Node { return &TruncInMemory{Inner: inner} },
		},
		{
			Name:     "zab-old-log-writer",
			Error:    "the writer of the log still runs in the next role, and writes after TRUNC",
			Source:   "ZOOKEEPER-4712",
			Property: "prefix",
			Protocol: "zab",
			Scenario: "zab-sync-modes",
			Seeds:    2000,
			Seed:     195,
			Wrap:     func(inner protocols.Node) protocols.Node { return &OldWriter{Inner: inner} },
		},
		{
			Name:     "zab-snap-in-memory",
			Error:    "a follower takes over a snapshot that it was sent, but does not put it on disk",
			Source:   "ZOOKEEPER-3642",
			Property: "force-order",
			Protocol: "zab",
			Scenario: "zab-observer",
			Seeds:    1000,
			Seed:     1,
			Wrap:     func(inner protocols.Node) protocols.Node { return &SnapInMemory{Inner: inner} },
		},
	}
}

// zabForceMutants take for forced what is not, or do not force it at all.
func zabForceMutants() []Mutant {
	return []Mutant{
		{
			Name:     "zab-failed-force-believed",
			Error:    "a node goes on after a force that failed, with transactions in memory that its log has lost",
			Source:   "ZOOKEEPER-4882",
			Property: "force-order",
			Protocol: "zab",
			Scenario: "zab-leader-crash",
			Seeds:    1000,
			Seed:     1,
			Wrap:     func(inner protocols.Node) protocols.Node { return &FailedForceBelieved{Inner: inner} },
		},
		{
			Name:     "zab-accepted-epoch-forgotten",
			Error:    "the two epochs are put on disk apart, and the accepted one, which is the vote for a leader, never is",
			Source:   "Junqueira, Reed and Serafini (DSN 2011), section V: f.p and f.a are kept on stable storage",
			Property: "force-order",
			Protocol: "zab",
			Scenario: "zab-leader-crash",
			Seeds:    1000,
			Seed:     1,
			Wrap:     func(inner protocols.Node) protocols.Node { return &AcceptedEpochForgotten{Inner: inner} },
		},
	}
}

func zabLearnerMutants() []Mutant {
	return []Mutant{
		{
			Name:     "zab-newleader-before-durable",
			Error:    "a follower acknowledges NEWLEADER before the history is on its disk",
			Source:   "ZOOKEEPER-3911, ZOOKEEPER-4646",
			Property: "force-order",
			Protocol: "zab",
			Scenario: "zab-leader-crash",
			Seeds:    1000,
			Seed:     1,
			Wrap:     func(inner protocols.Node) protocols.Node { return &NewLeaderBeforeDurable{Inner: inner} },
		},
		{
			Name:     "zab-ackepoch-before-durable",
			Error:    "a follower promises an epoch, and so votes for its leader, before that is on its disk",
			Source:   "Medeiros (2012), section 3: acceptedEpoch is written before ACKEPOCH",
			Property: "force-order",
			Protocol: "zab",
			Scenario: "zab-leader-crash",
			Seeds:    1000,
			Seed:     1,
			Wrap:     func(inner protocols.Node) protocols.Node { return &AckEpochBeforeDurable{Inner: inner} },
		},
		{
			Name:     "zab-proposal-before-newleader",
			Error:    "a follower acknowledges the proposals of its history before NEWLEADER",
			Source:   "ZOOKEEPER-4685",
			Property: "termination",
			Protocol: "zab",
			Scenario: "zab-leader-crash",
			Seeds:    1000,
			Seed:     1,
			Wrap:     func(inner protocols.Node) protocols.Node { return &ProposalBeforeNewLeader{Inner: inner} },
		},
		{
			Name:     "zab-uptodate-before-applied",
			Error:    "a follower serves when UPTODATE comes, before it has applied what is committed",
			Source:   "ZOOKEEPER-3023",
			Property: "linearizable",
			Protocol: "zab",
			Scenario: "zab-sync-modes",
			Seeds:    1000,
			Seed:     3,
			Wrap:     func(inner protocols.Node) protocols.Node { return &UpToDateBeforeApplied{Inner: inner} },
		},
		{
			Name:     "zab-commit-unmatched",
			Error:    "a follower counts what is committed between NEWLEADER and UPTODATE as applied, and has not applied it",
			Source:   "ZOOKEEPER-4394",
			Property: "linearizable",
			Protocol: "zab",
			Scenario: "zab-sync-modes",
			Seeds:    2000,
			Seed:     4,
			Wrap:     func(inner protocols.Node) protocols.Node { return &CommitUnmatched{Inner: inner} },
		},
		{
			Name:     "zab-memory-kept",
			Error:    "a node keeps its state across an election, and does not apply the end of its log",
			Source:   "ZOOKEEPER-2845",
			Property: "prefix",
			Protocol: "zab",
			Scenario: "zab-leader-crash",
			Seeds:    1000,
			Seed:     2,
			Wrap:     func(inner protocols.Node) protocols.Node { return &MemoryKept{Inner: inner} },
		},
	}
}

func zabLeaderMutants() []Mutant {
	return []Mutant{
		{
			Name:     "zab-diff-for-orphan",
			Error:    "a leader sends DIFF to a follower whose log ends with what the leader does not have",
			Source:   "ZOOKEEPER-1154, ZOOKEEPER-2832",
			Property: "prefix",
			Protocol: "zab",
			Scenario: "zab-sync-modes",
			Seeds:    1000,
			Seed:     1,
			Wrap:     func(inner protocols.Node) protocols.Node { return &DiffForOrphan{Inner: inner} },
		},
		{
			Name:     "zab-ring-with-hole",
			Error:    "a leader leaves out one of the committed transactions that a follower lacks",
			Source:   "ZOOKEEPER-4925",
			Property: "prefix",
			Protocol: "zab",
			Scenario: "zab-leader-crash",
			Seeds:    1000,
			Seed:     8,
			Wrap:     func(inner protocols.Node) protocols.Node { return &RingWithHole{Inner: inner} },
		},
		{
			Name:     "zab-commit-too-far",
			Error:    "a leader calls committed, with COMMIT and UPTODATE, all that it has proposed",
			Source:   "Junqueira, Reed and Serafini (DSN 2011), section V: COMMIT-LD; two readings of the paper",
			Property: "prefix",
			Protocol: "zab",
			Scenario: "zab-leader-crash",
			Seeds:    2000,
			Seed:     4,
			Wrap:     func(inner protocols.Node) protocols.Node { return &CommitTooFar{Inner: inner} },
		},
		{
			Name:     "zab-early-proposal",
			Error:    "a leader sends proposals to learners that have not acknowledged its epoch, and they log them",
			Source:   "Junqueira, Reed and Serafini (DSN 2011), section V: who is in Q; two readings of the paper",
			Property: "zab-total-order",
			Protocol: "zab",
			Scenario: "zab-leader-crash",
			Seeds:    1000,
			Seed:     3,
			Wrap:     func(inner protocols.Node) protocols.Node { return &EarlyProposal{Inner: inner} },
		},
		{
			Name:     "zab-counter-runs-over",
			Error:    "a leader whose counter is used up counts on into the next epoch",
			Source:   "ZOOKEEPER-1277",
			Property: "zab-total-order",
			Protocol: "zab",
			Scenario: "zab-rollover",
			Seeds:    1000,
			Seed:     18,
			Wrap:     func(inner protocols.Node) protocols.Node { return &CounterRunsOver{Inner: inner} },
		},
		{
			Name:     "zab-snap-behind-newleader",
			Error:    "a leader fixes what a snapshot stands for before it takes it, and leaves out what comes between",
			Source:   "ZOOKEEPER-3104",
			Property: "linearizable",
			Protocol: "zab",
			Scenario: "zab-observer",
			Seeds:    1000,
			Seed:     1,
			Wrap:     func(inner protocols.Node) protocols.Node { return &SnapBehindNewLeader{Inner: inner} },
		},
	}
}

func zabTypes() []any {
	return []any{
		(*AckBeforeDurable)(nil),
		(*AcceptedEpochForgotten)(nil),
		(*FailedForceBelieved)(nil),
		(*CommitUnmatched)(nil),
		(*SnapBehindNewLeader)(nil),
		(*CounterRunsOver)(nil),
		(*NewLeaderBeforeDurable)(nil),
		(*EpochBeforeHistory)(nil),
		(*AckEpochBeforeDurable)(nil),
		(*ProposalBeforeNewLeader)(nil),
		(*UpToDateBeforeApplied)(nil),
		(*MemoryKept)(nil),
		(*TruncInMemory)(nil),
		(*OldWriter)(nil),
		(*SnapInMemory)(nil),
		(*DiffForOrphan)(nil),
		(*RingWithHole)(nil),
		(*CommitTooFar)(nil),
		(*EarlyProposal)(nil),
	}
}
