package scenarios

import "quorumlab/checker/explore"

// worldLimits are the limits of exploration that every world has by default.
var worldLimits = map[string]string{
	"start": "rest", "disks": "prompt", "calls": "prompt", "hints": "prompt", "effectless": "skipped",
}

// worldDefaults are, by protocol, what `check` explores unless it is told
// otherwise: what shows most of the protocol within about a minute.
var worldDefaults = map[string]map[string]string{
	// Two transactions, a crash with its restart, and a message lost by a break.
	"zab": {"asks": "writes", "operations": "2", "crashes": "1", "breaks": "1"},
	// Two proposers, a command each, and a crash of any acceptor.
	"paxos": {
		"proposers": "all", "links": "stream", "asks": "writes", "contacts": "own", "clients": "2", "crashes": "1",
	},
	"twopc": {"ranges": "nodes", "crashes": "1", "idle": "2"},
	// A cut, and time enough to take the others for dead: it splits.
	// A client that turns to another node when it is refused multiplies the states by
	// more than forty, and the split needs none.
	"threepc":     {"ranges": "nodes", "links": "stream", "timeout": "2", "cuts": "1", "idle": "5", "contacts": "own"},
	"paxoscommit": {"ranges": "nodes", "links": "stream", "crashes": "1", "idle": "1"},
	// A write, and two reads after each other while it is under way; without
	// --set writeback=off the second sees what the first saw.
	"quorumstore":   {"asks": "sides", "contacts": "own", "clients": "2", "operations": "2", "read_repair": "off"},
	"primarybackup": {"clients": "2", "operations": "2", "crashes": "1", "breaks": "1"},
}

// withDefaults sets the defaults of parameters; the last that names one counts.
func withDefaults(parameters []explore.Parameter, defaults ...map[string]string) []explore.Parameter {
	for i := range parameters {
		for _, some := range defaults {
			if value, ok := some[parameters[i].Name]; ok {
				parameters[i].Default = value
			}
		}
	}
	return parameters
}
