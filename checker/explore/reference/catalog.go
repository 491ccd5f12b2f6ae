package reference

import "quorumlab/checker/explore"

// All lists the reference models.
func All() []explore.Entry {
	return []explore.Entry{
		{
			Name: "twophase", Summary: "Two-phase commit as an abstract specification",
			Source:     "TLA+ examples, transaction_commit/TwoPhase.tla",
			Parameters: []explore.Parameter{explore.Count("rms", 3, 1, managersMax, "resource managers")},
			New:        newTwoPhase,
		},
		{
			Name: "twophase-fair", Summary: "Two-phase commit in which all that stays possible happens some time",
			Source: "TLA+ examples, transaction_commit/TwoPhase.tla, with weak fairness", New: newFairTwoPhase,
			Parameters: []explore.Parameter{
				explore.Count("rms", 3, 1, managersMax, "resource managers"),
				{Name: "fairness", Default: "weak", Choices: []string{"weak", "none"}, Help: "of each action of each resource manager"},
			},
		},
		{
			Name: "tcommit", Summary: "What committing a transaction means",
			Source:     "TLA+ examples, transaction_commit/TCommit.tla",
			Parameters: []explore.Parameter{explore.Count("rms", 3, 1, tcommitMax, "resource managers")},
			New:        newTCommit,
		},
		{
			Name: "paxos-spec", Summary: "Single-decree Paxos as an abstract specification",
			Source: "TLA+ examples, Paxos/Paxos.tla", New: newPaxosSpec,
			Parameters: []explore.Parameter{
				explore.Count("acceptors", 3, 1, specAcceptorsMax, "acceptors"),
				explore.Count("values", 2, 1, specValuesMax, "values"),
				explore.Count("ballots", 2, 1, specBallotsMax, "ballots: 0…ballots-1"),
				quorumParameter("majorities"),
			},
		},
		{
			Name: "paxoscommit-spec", Summary: "Paxos Commit as an abstract specification",
			Source: "TLA+ examples, transaction_commit/PaxosCommit.tla", New: newPaxosCommit,
			Parameters: []explore.Parameter{
				explore.Count("rms", 2, 1, pcManagersMax, "resource managers"),
				explore.Count("acceptors", 3, 1, pcAcceptorsMax, "acceptors"),
				explore.Count("ballots", 2, 1, specBallotsMax, "ballots: 0…ballots-1"),
				quorumParameter("minimal"),
			},
		},
		{
			Name: "zab-spec", Summary: "Zab as an abstract specification, with an oracle for the election",
			Source: "Apache ZooKeeper, zookeeper-specifications/protocol-spec/Zab.tla", New: newZabSpec,
			Parameters: []explore.Parameter{
				explore.Count("servers", 3, 1, zbServersMax, "servers"),
				explore.Count("txns", 1, 0, 8, "MaxTransactionNum: length of the longest history"),
				explore.Count("timeouts", 0, 0, 8, "MaxTimeoutFailures: timeouts and restarts"),
				explore.Count("restarts", 0, 0, 8, "MaxRestarts: restarts, which count as timeouts too"),
				explore.Count("epochs", 0, 0, zbEpochMax, "MaxEpoch: the highest epoch; 0: no bound"),
			},
		},
		{
			Name: "cap-strategies", Summary: "Every strategy of answering in the figures of the CAP proof",
			Source: "Gilbert and Lynch 2002; Browne 2009", New: newCapStrategies,
		},
		register("register-single", "A register of which each server keeps its own copy", "single-copy-register", 1, newSingle),
		register("register-abd", "A register kept by majorities (Attiya, Bar-Noy, Dolev)", "linearizable-register", 2, newABD),
		register("register-paxos", "A register decided by single-decree Paxos", "paxos", 3, newPaxos),
	}
}

// register is the entry of a system of servers and clients.
func register(name, summary, example string, servers int, create func(explore.Values) (explore.Model, error)) explore.Entry {
	return explore.Entry{
		Name: name, Summary: summary, Source: "Stateright, examples/" + example + ".rs", New: create,
		Parameters: []explore.Parameter{
			explore.Count("clients", 2, 1, clientsMax, "clients, each of which writes and then reads"),
			explore.Count("servers", servers, 1, serversMax, "servers"),
			{
				Name: "network", Default: networkNames[nondup], Choices: networkNames,
				Help: "what is under way: a multiset, a set that never shrinks, or queues",
			},
		},
	}
}
