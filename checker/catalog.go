package checker

import (
	"fmt"
	"slices"

	"quorumlab/protocols/hint"
)

// Description tells people what an invariant demands.
type Description struct {
	Name     string
	Sentence string
	Source   string
}

// entry describes an invariant, and makes it.
type entry struct {
	Description
	// ordered invariants are about the sequences that nodes deliver: a node
	// whose place is not known leaves them unknown.
	ordered bool
	make    func() invariant
}

// invariant is what a Set drives. Beside state each implements those of the
// hooks (see Set) that it needs.
type invariant interface{ state() *rule }

// zabPaper is the source of the properties of primary-order atomic broadcast.
const zabPaper = "Junqueira, Reed, Serafini: Zab: High-performance broadcast for primary-backup systems, DSN 2011"

func entries() []entry {
	return slices.Concat(orderEntries(), primaryEntries(), outcomeEntries(), commitmentEntries(), ballotEntries(),
		replayEntries(), coordinationEntries())
}

// orderEntries are about what nodes deliver, beside each other.
func orderEntries() []entry {
	return []entry{
		{
			Description{
				"zab-integrity",
				"Whatever a node delivers, some primary has broadcast before.",
				zabPaper + ", section III-A (integrity)",
			}, false, func() invariant { return &integrity{} },
		},
		{
			Description{
				"zab-total-order",
				"If one node delivers a before b, every node that delivers b has delivered a before; none delivers one twice.",
				zabPaper + ", section III-A (total order)",
			}, true, func() invariant { return &totalOrder{} },
		},
		{
			Description{
				"zab-agreement",
				"If one node delivers a and another b, then the first delivers b as well, or the second a.",
				zabPaper + ", section III-A (agreement)",
			}, true, func() invariant { return &zabAgreement{} },
		},
		{
			Description{
				"prefix",
				"Of the sequences that any two nodes deliver, one is the beginning of the other.",
				"follows from total order and agreement; Huang, Ouyang: TLA+ specification of Zab, PrefixConsistency",
			}, true, func() invariant { return &prefix{} },
		},
	}
}

// primaryEntries are about those who broadcast.
func primaryEntries() []entry {
	return []entry{
		{
			Description{
				"local-primary-order",
				"If a primary broadcasts a before b, every node that delivers b has delivered a before.",
				zabPaper + ", section III-A (local primary order)",
			}, true, func() invariant { return &localOrder{} },
		},
		{
			Description{
				"global-primary-order",
				"A node that delivers a transaction of an earlier epoch and one of a later delivers the earlier epoch's first.",
				zabPaper + ", section III-A (global primary order)",
			}, true, func() invariant { return &globalOrder{} },
		},
		{
			Description{
				"primary-integrity",
				"Before a primary broadcasts in its epoch it has delivered all that anybody ever delivers of earlier epochs.",
				zabPaper + ", section III-A (primary integrity)",
			}, true, func() invariant { return &primaryIntegrity{} },
		},
		{
			Description{
				"one-leader-an-epoch",
				"No two nodes lead the same epoch.",
				zabPaper + ", section IV (epochs)",
			}, false, func() invariant { return newOneLeader() },
		},
		{
			Description{
				"epoch-established-once",
				"No epoch is established twice, not even by the same node.",
				zabPaper + ", section IV (a prospective leader takes an epoch above all that a quorum has seen)",
			}, false, func() invariant { return newEstablishedOnce() },
		},
	}
}

// outcomeEntries are about what is promised, to clients and to nodes.
func outcomeEntries() []entry {
	return []entry{
		{
			Description{
				"durability",
				"What a client was told is done has been delivered by every leader of a later term that is established afterwards.",
				"Hunt, Konar, Junqueira, Reed: ZooKeeper: Wait-free coordination for Internet-scale systems, USENIX ATC 2010, section 2.3",
			}, true, func() invariant { return newDurability() },
		},
		{
			Description{
				"force-order",
				"A message that is true only if something is on its sender's disk is sent only when it is there.",
				"Gray, Reuter: Transaction Processing, 1992 (write-ahead logging); Lamport: Paxos Made Simple, 2001, section 3",
			}, false, func() invariant { return &forceOrder{} },
		},
	}
}

// All describes all invariants.
func All() []Description {
	var all []Description
	for _, e := range entries() {
		all = append(all, e.Description)
	}
	return all
}

func lookup(name string) (entry, error) {
	var names []string
	for _, e := range entries() {
		if e.Name == name {
			return e, nil
		}
		names = append(names, e.Name)
	}
	return entry{}, fmt.Errorf("no invariant %q; %s", name, hint.For(name, names))
}
