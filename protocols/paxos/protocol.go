package paxos

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"quorumlab/protocols"
	"quorumlab/protocols/machine"
)

// Protocol describes Paxos to the drivers.
func Protocol() protocols.Protocol {
	return protocols.Protocol{
		Name:       "paxos",
		Summary:    "Multi-Paxos: a leader's ballot, a log of slots, each chosen by a quorum; changeable members",
		Links:      protocols.Datagram,
		Parameters: parameters(),
		Types: append([]any{
			(*Node)(nil),
			Command{},
			Noop{},
			Readmission{},
			Vote{},
			Meta{},
			Snapshot{},
			protocols.Append{},
			protocols.SetMeta{},
			protocols.CutHead{},
			protocols.SaveSnapshot{}, // in Stable.Waiting
			protocols.Reconfigure{},
			[]protocols.NodeID(nil), // in notes
			Prepare{},
			Promise{},
			PromisePart{},
			Continue{},
			Reject{},
			Accept{},
			Accepted{},
			Commit{},
			Heartbeat{},
			HeartbeatReply{},
			Canvass{},
			CanvassReply{},
			Ask{},
			Learn{},
			Fetch{},
			Part{},
			Submit{},
			ReadIndex{},
			ReadIndexReply{},
			Introduce{},
			Introduced{},
			Register{},
			Registered{},
			Readmit{},
		}, machine.Types()...),
		New:      newNode,
		Learners: true, Reconfigures: true,
		Invariants: []string{
			"agreement", "validity", "one-value-a-ballot", "p2c", "promise", "configuration", "lease",
			"prefix", "durability", "force-order", "one-leader-an-epoch", "epoch-established-once",
			"snapshot", "exactly-once",
		},
		Milestones: milestones(),
	}
}

// milestones are the phases of a ballot, the ways to learn and to come back, and
// the reasons for which a leader gives up. One of these is not among them, for no
// sweep has come to it yet: that it hears what a higher ballot has chosen before it
// hears of the ballot itself.
func milestones() []protocols.Milestone {
	list := []protocols.Milestone{
		{Kind: protocols.Promised},
		{Kind: protocols.Role, Text: "leading"},
		{Kind: protocols.Role, Text: "following"},
		{Kind: protocols.Proposed, Text: anew},
		{Kind: protocols.Proposed, Text: noOp},
		{Kind: protocols.Leading},
		{Kind: protocols.Accepted},
		{Kind: protocols.Chosen},
		{Kind: protocols.Delivered},
		{Kind: protocols.Synchronized, Text: fromLog},
		{Kind: protocols.Synchronized, Text: fromSnapshot},
		{Kind: protocols.Restored},
		{Kind: protocols.Lost},
		{Kind: protocols.Configured},
		{Kind: protocols.Leased},
		{Kind: protocols.Lapsed},
	}
	for _, why := range []string{
		"heard another leader", "was rejected", "promised a higher ballot", "no quorum answered in time",
		"no contact to a quorum", "is no member any more",
	} {
		list = append(list, protocols.Milestone{Kind: Deposed, Text: why})
	}
	return list
}

func parameters() []protocols.Parameter {
	onOff := []string{"on", "off"}
	return []protocols.Parameter{
		{
			Name: "reads", Default: "index", Choices: []string{"index", "lease", "log", "local"},
			Help: "index: confirmed by a round of heartbeats; lease: by the leader's lease; log: as a command; local: may be stale",
		},
		{Name: "lease", Default: "2", Help: "ticks for which a lease is granted"},
		{Name: "drift", Default: "1%", Help: "how wrong the rate of any clock may be without breaking a lease, such as 1% or 200ppm"},
		{Name: "electionTimeout", Default: "5", Help: "ticks of silence after which a leader is taken for lost"},
		{Name: "prevote", Default: "on", Choices: onOff, Help: "ask first whether a quorum lost its leader, too"},
		{Name: "backoff", Default: "on", Choices: onOff, Help: "wait longer after each attempt to lead that came to nothing"},
		{
			Name: "proposers", Default: "leader", Choices: []string{"leader", "all"},
			Help: "all: a node that is asked tries to lead itself, as in the Synod protocol; leader: it hands commands to the leader",
		},
		{Name: "slots", Default: "0", Help: "the last slot there is; 1 is single-decree Paxos, 0 stands for no end"},
		{Name: "alpha", Default: "64", Help: "slots from a change of members to its effect, and that may be under way"},
		{Name: "batch", Default: "64", Help: "most commands of a message"},
		{Name: "pipeline", Default: "8", Help: "most batches of commands under way"},
		{Name: "q1", Default: "majority", Help: "promises that make a quorum: majority or a number"},
		{Name: "q2", Default: "majority", Help: "votes that choose a value: majority or a number; q1 + q2 > members"},
		{Name: "snapshot", Default: "1000", Help: "slots between two snapshots"},
		{Name: "retain", Default: "200", Help: "slots that the log keeps before a snapshot, for those who lag"},
		{Name: "part", Default: "65536", Help: "bytes of a part in which a snapshot travels"},
		{Name: "session", Default: "0", Help: "ticks after which the session of a silent client ends; 0: never"},
		{
			Name: "blank", Default: "ask", Choices: []string{"ask", "first"},
			Help: "an empty disk: ask the others whether it was lost, or take it for a first boot",
		},
	}
}

// nodesMost is how many nodes a set of bits can hold.
const nodesMost = 64

func newNode(config protocols.Config) (protocols.Node, error) {
	options, err := optionsOf(config)
	if err != nil {
		return nil, err
	}
	position := slices.Index(config.Nodes, config.Self)
	switch {
	case position < 0:
		return nil, fmt.Errorf("node %d is not among the nodes %v", config.Self, config.Nodes)
	case config.Nodes[0] == 0 || !growing(config.Nodes):
		return nil, fmt.Errorf("the nodes %v are not in growing order from 1", config.Nodes)
	case len(config.Nodes) > nodesMost:
		return nil, fmt.Errorf("%d nodes are more than %d", len(config.Nodes), nodesMost)
	case config.Machine == nil:
		return nil, fmt.Errorf("a state machine is needed")
	}
	n := &Node{
		Self: config.Self, Nodes: slices.Clone(config.Nodes), Position: position, Options: options,
		Registered: make([]uint32, len(config.Nodes)), Sessions: *machine.New(config.Machine),
	}
	for range n.Nodes {
		n.Incarnations = append(n.Incarnations, 1)
	}
	members := config.Members
	if members == nil {
		members = config.Nodes
	}
	if wrong := n.fits(members); wrong != "" {
		if wrong != quorumsFit(options.Q1, options.Q2, len(members)) {
			return nil, fmt.Errorf("members %v: %s", members, wrong)
		}
		name, other := "q1", "q2"
		if options.Q1 == 0 { // a majority alone fits
			name, other = other, name
		}
		return nil, config.Wrong(name, fmt.Sprintf("a size that goes with %s=%s and the members %v: %s",
			other, config.Parameters[other], members, wrong), other)
	}
	n.Configurations = []Configuration{n.configuration(1, 0, members)}
	return n, nil
}

func growing(nodes []protocols.NodeID) bool {
	for i := 1; i < len(nodes); i++ {
		if nodes[i-1] >= nodes[i] {
			return false
		}
	}
	return true
}

// reader reads parameters, up to the first that is wrong.
type reader struct {
	protocols.Config
	err error
}

func (r *reader) fail(name, must string) {
	if r.err == nil {
		r.err = r.Wrong(name, must)
	}
}

// number reads a whole number.
func (r *reader) number(name string, least, most uint64) uint64 {
	value, err := strconv.ParseUint(r.Parameters[name], 10, 64)
	if err != nil || value < least || value > most {
		r.fail(name, fmt.Sprintf("a number from %d to %d", least, most))
	}
	return value
}

// word reads one of some words, and returns its place.
func (r *reader) word(name string, words ...string) int {
	at := slices.Index(words, r.Parameters[name])
	if at < 0 {
		r.fail(name, "one of "+strings.Join(words, ", "))
	}
	return at
}

// quorum reads the size of a quorum, 0 for a majority.
func (r *reader) quorum(name string) int {
	if r.Parameters[name] == "majority" {
		return 0
	}
	value, err := strconv.ParseUint(r.Parameters[name], 10, 8)
	if err != nil || value == 0 {
		r.fail(name, "majority or a number of members from 1")
	}
	return int(value)
}

// drift reads a share, in parts per million.
func (r *reader) drift(name string) int64 {
	text, unit := r.Parameters[name], int64(0)
	if number, ok := strings.CutSuffix(text, "%"); ok {
		text, unit = number, 10_000
	} else if number, ok := strings.CutSuffix(text, "ppm"); ok {
		text, unit = number, 1
	}
	value, err := strconv.ParseUint(strings.TrimSpace(text), 10, 32)
	if err != nil || unit == 0 || int64(value)*unit >= 1_000_000 {
		r.fail(name, "a share below 100% such as 1% or 200ppm")
	}
	return int64(value) * unit
}

func optionsOf(config protocols.Config) (Options, error) {
	if config.Tick < 2 {
		return Options{}, fmt.Errorf("tick %v is not positive", config.Tick)
	}
	r := &reader{Config: config}
	const many = 1 << 30
	o := Options{
		Tick:       config.Tick,
		Election:   2 * r.number("electionTimeout", 1, 65535),
		Canvass:    r.word("prevote", "off", "on") == 1,
		Backoff:    r.word("backoff", "off", "on") == 1,
		AllPropose: r.word("proposers", "leader", "all") == 1,
		Slots:      r.number("slots", 0, many),
		Alpha:      r.number("alpha", 1, many),
		Batch:      int(r.number("batch", 1, many)),
		Window:     int(r.number("pipeline", 1, many)),
		Q1:         r.quorum("q1"),
		Q2:         r.quorum("q2"),
		Reads:      []ReadMode{0, ReadLog, ReadRound, ReadLease, ReadLocal}[1+r.word("reads", "log", "index", "lease", "local")],
		Lease:      config.Tick * time.Duration(r.number("lease", 1, 65535)),
		Compact:    r.number("snapshot", 1, many),
		Retain:     r.number("retain", 0, many),
		Part:       int(r.number("part", 64, many)),
		Session:    2 * r.number("session", 0, many),
		AskBlank:   r.word("blank", "first", "ask") == 1,
	}
	const million = 1_000_000
	drift := time.Duration(r.drift("drift"))
	o.LeaseHeld = o.Lease / (million + drift) * (million - drift)
	return o, r.err
}
