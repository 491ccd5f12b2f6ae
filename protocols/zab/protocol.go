package zab

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"quorumlab/protocols"
	"quorumlab/protocols/machine"
)

// Protocol describes Zab to the drivers.
func Protocol() protocols.Protocol {
	return protocols.Protocol{
		Name:     "zab",
		Summary:  "ZooKeeper's atomic broadcast: elect, discover, synchronize, broadcast",
		Links:    protocols.Stream,
		Learners: true, Reconfigures: true,
		Parameters: parameters(),
		Types: append([]any{
			(*Node)(nil),
			Transaction{},
			Meta{},
			Snapshot{},
			protocols.Append{}, // these five in Stable.Waiting
			protocols.SetMeta{},
			protocols.CutTail{},
			protocols.CutHead{},
			protocols.SaveSnapshot{},
			protocols.Reconfigure{},
			[]protocols.NodeID{},
			Notification{},
			FollowerInfo{},
			ObserverInfo{},
			LeaderInfo{},
			AckEpoch{},
			Diff{},
			Trunc{},
			Snap{},
			SnapPart{},
			SnapNext{},
			NewLeader{},
			AckNewLeader{},
			UpToDate{},
			Propose{},
			Ack{},
			Commit{},
			CommitAndActivate{},
			Inform{},
			InformAndActivate{},
			HandOver{},
			Ping{},
			Pong{},
			Touch{},
			Request{},
			Refused{},
			ReadIndex{},
			ReadIndexReply{},
			Close{},
		}, machine.Types()...),
		New:        newNode,
		Milestones: milestones(),
		Invariants: []string{
			"zab-integrity", "zab-total-order", "zab-agreement", "local-primary-order", "global-primary-order",
			"primary-integrity", "prefix", "durability", "force-order", "one-leader-an-epoch", "epoch-established-once",
			"snapshot", "exactly-once",
		},
	}
}

// milestones are the roles, the ways of synchronization and the reasons to look
// again that faults alone lead to. Two of these are not among them, for no sweep
// has come to them yet: that a follower accepted a higher epoch than its leader's,
// or the leader's is behind what it accepted. This package's tests have both.
func milestones() []protocols.Milestone {
	list := []protocols.Milestone{
		{Kind: Elected},
		{Kind: protocols.Leading},
		{Kind: protocols.Broadcast},
		{Kind: protocols.Delivered},
		{Kind: protocols.Restored},
		{Kind: protocols.Halted},
	}
	for _, role := range []Role{Looking, FollowingLeader, LeadingFollowers} {
		list = append(list, protocols.Milestone{Kind: protocols.Role, Text: role.String()})
	}
	for _, how := range []string{"DIFF", "TRUNC", "TRUNC+DIFF", "SNAP"} {
		list = append(list, protocols.Milestone{Kind: protocols.Synchronized, Text: how})
	}
	for _, why := range []string{
		"no quorum within initLimit", "no contact to a quorum within syncLimit", "the leader was not heard in time",
		"the link to the leader broke", "the leader closed the connection", "too few followers are connected",
	} {
		list = append(list, protocols.Milestone{Kind: Left, Text: why})
	}
	return list
}

func parameters() []protocols.Parameter {
	return []protocols.Parameter{
		{
			Name: "reads", Default: "sync", Choices: []string{"sync", "local"},
			Help: "sync: linearizable, confirmed by a quorum; local: from the node's own state, may be stale",
		},
		{Name: "syncLimit", Default: "5", Help: "ticks without contact until a leader or follower gives up"},
		{Name: "initLimit", Default: "10", Help: "ticks that discovery and synchronization may take"},
		{
			Name: "finalizeWait", Default: "tick",
			Help: "how long a node waits for a better vote than a quorum's: \"tick\" or a duration such as 20ms",
		},
		{Name: "counterMax", Default: "4294967295", Help: "transactions of an epoch until its leader hands over to the next epoch"},
		{Name: "snapCount", Default: "10000", Help: "transactions until a node takes its next snapshot, at most; 0: never"},
		{Name: "commitLogCount", Default: "500", Help: "transactions before a snapshot that the log keeps for nodes that lag behind"},
		{Name: "sessionTimeout", Default: "600", Help: "ticks after which the session of a silent client ends; 0: never"},
		{Name: "snapChunk", Default: "65536", Help: "bytes of a part of a snapshot that is sent (SNAP)"},
	}
}

func newNode(config protocols.Config) (protocols.Node, error) {
	options, err := optionsOf(config)
	if err != nil {
		return nil, err
	}
	position := slices.Index(config.Nodes, config.Self)
	switch {
	case position < 0:
		return nil, fmt.Errorf("node %d is not among the nodes %v", config.Self, config.Nodes)
	case config.Nodes[0] == 0 || !slices.IsSorted(config.Nodes) || len(slices.Compact(slices.Clone(config.Nodes))) != len(config.Nodes):
		return nil, fmt.Errorf("the nodes %v are not in growing order from 1", config.Nodes)
	case config.Machine == nil:
		return nil, fmt.Errorf("a state machine is needed")
	}
	members := config.Members
	if members == nil {
		members = config.Nodes
	}
	if why := wrongMembers(members, config.Nodes); why != "" {
		return nil, fmt.Errorf("the members %v %s", members, why)
	}
	n := &Node{
		Self: config.Self, Nodes: slices.Clone(config.Nodes), Position: position, Options: options,
		Parked:   make([]FollowerInfo, len(config.Nodes)),
		Sessions: *machine.New(config.Machine),
	}
	n.Active = n.electorate(Configuration{Members: slices.Clone(members)})
	return n, nil
}

// wrongMembers returns what is wrong with the members of a configuration, or "".
func wrongMembers(members, nodes []protocols.NodeID) string {
	if len(members) == 0 {
		return "are none"
	}
	for i, id := range members {
		switch {
		case i > 0 && members[i-1] >= id:
			return "are not in growing order"
		case !slices.Contains(nodes, id):
			return "are not all among the nodes"
		}
	}
	return ""
}

func optionsOf(config protocols.Config) (Options, error) {
	options := Options{Tick: config.Tick, FinalizeWait: config.Tick}
	if config.Tick < 2 {
		return options, fmt.Errorf("tick %v is not positive", config.Tick)
	}
	value := func(name string) string { return config.Parameters[name] }
	switch value("reads") {
	case "sync":
	case "local":
		options.LocalReads = true
	default:
		return options, config.Wrong("reads", "sync or local")
	}
	var err error
	if options.SyncLimit, err = ticksOf(config, "syncLimit"); err != nil {
		return options, err
	}
	if options.InitLimit, err = ticksOf(config, "initLimit"); err != nil {
		return options, err
	}
	if wait := value("finalizeWait"); wait != "tick" {
		options.FinalizeWait, err = time.ParseDuration(wait)
		if err != nil || options.FinalizeWait < 0 {
			return options, config.Wrong("finalizeWait", "tick or a duration such as 20ms")
		}
	}
	counter, err := strconv.ParseUint(value("counterMax"), 10, 32)
	if err != nil || counter == 0 {
		return options, config.Wrong("counterMax", "a whole number from 1 to 4294967295")
	}
	options.CounterMax = uint32(counter)
	if options.SnapCount, err = countOf(config, "snapCount", 0); err != nil {
		return options, err
	}
	if options.CommitLogCount, err = countOf(config, "commitLogCount", 0); err != nil {
		return options, err
	}
	if options.SessionTimeout, err = countOf(config, "sessionTimeout", 0); err != nil {
		return options, err
	}
	chunk, err := countOf(config, "snapChunk", 128)
	options.SnapChunk, options.SnapWindow = int(chunk), snapWindow
	return options, err
}

func countOf(config protocols.Config, name string, least uint64) (uint64, error) {
	const most = 1 << 30
	count, err := strconv.ParseUint(config.Parameters[name], 10, 64)
	if err != nil || count < least || count > most {
		return 0, config.Wrong(name, fmt.Sprintf("a whole number from %d to %d", least, most))
	}
	return count, nil
}

func ticksOf(config protocols.Config, name string) (uint64, error) {
	ticks, err := strconv.ParseUint(config.Parameters[name], 10, 16)
	if err != nil || ticks == 0 {
		return 0, config.Wrong(name, "a number of ticks from 1 to 65535")
	}
	return ticks, nil
}
