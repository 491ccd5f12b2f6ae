package primarybackup

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
	replicationAsync = "async"
	replicationSync  = "sync"
	replicationNone  = "none"

	waitAll   = "all"
	waitAlive = "alive"

	readsLocal     = "local"
	readsConfirmed = "confirmed"

	takeoverOff     = "off"
	takeoverTimeout = "timeout"

	emptyNew = "new"
	emptyAsk = "ask"
)

// Protocol describes primary-backup to the drivers.
func Protocol() protocols.Protocol {
	return protocols.Protocol{
		Name:       "primarybackup",
		Summary:    "primary-backup: one log, shipped before (sync) or after (async) the answer",
		Links:      protocols.Stream,
		Parameters: parameters(),
		Types: append(machine.Types(),
			(*Node)(nil), Snapshot{}, Entry{}, Meta{},
			Follow{}, Sync{}, Part{}, Append{}, Heartbeat{}, Ack{}, Newer{}, Forward{}, ReadAsk{}, ReadIndex{}, Inquiry{}, Knowledge{}),
		New:        newFromConfig,
		Milestones: milestones(),
		// These hold in all modes. Prefix, total order and durability do not:
		// what a take-over loses is the lesson of some.
		Invariants: []string{
			"zab-integrity", "local-primary-order", "global-primary-order",
			"force-order", "one-leader-an-epoch", "epoch-established-once",
			"snapshot", "exactly-once",
		},
	}
}

// milestones are the roles, the ways of synchronization, and what take-overs and
// damage do to a log.
func milestones() []protocols.Milestone {
	list := []protocols.Milestone{
		{Kind: protocols.Leading},
		{Kind: protocols.Broadcast},
		{Kind: protocols.Delivered},
		{Kind: protocols.Halted},
		{Kind: protocols.Lost},
		{Kind: Discarded},
		{Kind: protocols.Restored, Text: "recovered"},
		{Kind: protocols.Restored, Text: "rolled back"},
		{Kind: protocols.Restored, Text: "snapshot received"},
	}
	for _, role := range []Role{RoleBackup, RoleClaiming, RoleSettling, RolePrimary, RoleHalted} {
		list = append(list, protocols.Milestone{Kind: protocols.Role, Text: string(role)})
	}
	for _, how := range []string{"DIFF", "TRUNC", "SNAP"} {
		list = append(list, protocols.Milestone{Kind: protocols.Synchronized, Text: how})
	}
	return list
}

func parameters() []protocols.Parameter {
	return []protocols.Parameter{
		{
			Name: "replication", Default: replicationSync, Choices: []string{replicationAsync, replicationSync, replicationNone},
			Help: "answer a write before it is shipped to the backups, after they have it on disk, or never ship it",
		},
		{
			Name: "wait", Default: waitAll, Choices: []string{waitAll, waitAlive},
			Help: "sync replication waits for all backups, or only for those heard from within takeover_after",
		},
		{
			Name: "reads", Default: readsConfirmed, Choices: []string{readsLocal, readsConfirmed},
			Help: "a backup answers reads from its own state at once, or when it is as far as the primary says it is",
		},
		{
			Name: "takeover", Default: takeoverOff, Choices: []string{takeoverOff, takeoverTimeout},
			Help: "a backup never takes over, or when it has not heard from the primary for takeover_after",
		},
		{
			Name: "empty_disk", Default: emptyNew, Choices: []string{emptyNew, emptyAsk},
			Help: "a node with an empty disk is new, and leads until others show it that it was wiped, or it asks all others before it leads",
		},
		{
			Name: "takeover_after", Default: "10",
			Help: "ticks of silence after which a node is taken for dead, at least 2",
		},
		{
			Name: "snapshot_every", Default: "1000",
			Help: "entries after which a snapshot replaces the log, 0 for never",
		},
	}
}

func newFromConfig(config protocols.Config) (protocols.Node, error) {
	settings := Settings{Self: config.Self, Nodes: config.Nodes, Tick: config.Tick}
	switch {
	case !slices.Contains(config.Nodes, config.Self):
		return nil, fmt.Errorf("node %d is not among the nodes %v", config.Self, config.Nodes)
	case config.Tick <= 0:
		return nil, fmt.Errorf("tick is %v, must be more than 0", config.Tick)
	case config.Machine == nil:
		return nil, fmt.Errorf("what is replicated goes into a state machine, none is given")
	}
	empty := ""
	chosen := map[string]*string{
		"replication": &settings.Replication, "wait": &settings.Wait,
		"reads": &settings.Reads, "takeover": &settings.Takeover, "empty_disk": &empty,
	}
	numbers := map[string]uint64{"takeover_after": 2, "snapshot_every": 0} // lowest values
	for _, parameter := range parameters() {
		value := config.Parameters[parameter.Name]
		if place, choice := chosen[parameter.Name]; choice {
			if !slices.Contains(parameter.Choices, value) {
				return nil, config.Wrong(parameter.Name, fmt.Sprintf("one of %v", parameter.Choices))
			}
			*place = value
			continue
		}
		number, err := strconv.ParseUint(value, 10, 31)
		if lowest := numbers[parameter.Name]; err != nil || number < lowest {
			return nil, config.Wrong(parameter.Name, fmt.Sprintf("a whole number from %d", lowest))
		}
		numbers[parameter.Name] = number
	}
	settings.AskFirst = empty == emptyAsk
	settings.TakeoverAfter = time.Duration(numbers["takeover_after"]) * config.Tick
	settings.SnapshotEvery = numbers["snapshot_every"]
	if settings.Replication == replicationNone && settings.Reads == readsConfirmed {
		return nil, config.Wrong("reads", fmt.Sprintf("%q: without replication a backup never gets as far", readsLocal), "replication")
	}
	return newNode(settings, config.Machine), nil
}
