package scenarios

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"quorumlab/checker/explore"
	"quorumlab/checker/explore/world"
	"quorumlab/checker/linear"
	"quorumlab/checker/mutants"
	"quorumlab/checker/refine"
	"quorumlab/protocols"
	"quorumlab/protocols/catalog"
	"quorumlab/protocols/machine"
	"quorumlab/protocols/state"
	"quorumlab/sim"
)

// The parameters of a world beside the protocol's own, and the most that they
// can be.
const (
	worldNodesMax      = 5
	worldClientsMax    = 4
	worldOperationsMax = 8
)

// asks are the values of asks.
var asks = []string{"turns", "writes", "sides", "parts", "swaps", "moves"}

// starts are the values of start, in the order of world.Start.
var starts = []string{"boot", "rest", "leader"}

func worldParameters(links protocols.LinkKind) []explore.Parameter {
	all := []explore.Parameter{
		explore.Count("nodes", 3, 1, worldNodesMax, "nodes"),
		explore.Count("clients", 1, 0, worldClientsMax, "clients; client i asks node i first"),
		explore.Count("operations", 1, 1, worldOperationsMax, "operations a client, all on one key; of commit protocols transactions"),
		{Name: "asks", Default: "turns", Choices: asks, Help: "what clients ask: turns (write, read, write …; even clients read first), writes alone, sides (odd clients write once, even ones read), parts (odd clients write, even ones read), swaps (if the key has no value: write) or moves (client 1 sets k1 to 2, then odd clients move 1 from k1 to k2, and even ones read k2 and k1 in turn); but for moves, what is asked of commit protocols are transactions that write everywhere"},
		{Name: "contacts", Default: "all", Choices: []string{"all", "back", "own"}, Help: "whom clients ask: all nodes in turn until one does not refuse, the same from the last node on, or their own alone"},
		{Name: "start", Default: "boot", Choices: starts, Help: "where exploration begins: boot (in every order), rest (where one order of booting ends), leader (the same, and a leader is established)"},
		{Name: "before", Free: true, Help: "what happens, act by act, before exploration begins, and costs no budget: ask C, expire C, crash N, lose N, restart N, cut N, heal, break N M, fire N TIMER, deliver N M, sync N, lead; N is a node or leader (such as \"cut leader, ask c1, lead, heal\")"},
		{Name: "disks", Default: "any", Choices: []string{"any", "prompt"}, Help: "prompt: a node is given nothing while its disk is at work"},
		{Name: "hints", Default: "any", Choices: []string{"any", "prompt"}, Help: "prompt: messages on which safety does not rest (votes of an election) arrive before anything else but faults, in one order"},
		{Name: "calls", Default: "any", Choices: []string{"any", "prompt"}, Help: "prompt: requests and answers arrive at once; this hides nothing that is not linearizable"},
		explore.Count("timers", 0, 0, world.BudgetMax, "how often a timer runs out at any time"),
		explore.Count("idle", 0, 0, world.BudgetMax, "how often a timer runs out when nothing else can happen but a fault or a restart"),
		explore.Count("crashes", 0, 0, world.BudgetMax, "how often a node crashes"),
		{Name: "restarts", Default: "any", Choices: []string{"any", "never"}, Help: "whether a node that crashed restarts: at any time, or never"},
		{Name: "eventually", Default: "off", Choices: []string{"off", "on", "turns"}, Help: "on: it is asked, too, what comes at last, in runs without end that are fair: that participants in doubt decide (ac5), or that clients are served; timers run out, as often as they like, when nothing else can happen and clients of protocols that replicate do not give up; idle and effectless are not heeded; turns: the same, but the nodes' clocks tick in turn, and the time to which timers are set counts"},
		explore.Count("cuts", 0, 0, world.BudgetMax, "how often one node is cut off from all others"),
		explore.Count("expirations", 0, 0, world.ExpirationsMax, "how often a client waits no longer"),
	}
	kinds := []string{string(protocols.Datagram), string(protocols.Stream)}
	if links == protocols.Stream { // such a protocol cannot do with less
		kinds = kinds[1:]
	}
	return append(all,
		explore.Parameter{Name: "links", Default: string(links), Choices: kinds, Help: "what connects the nodes: datagrams in any order, or streams in order"},
		explore.Count("breaks", 0, 0, world.BudgetMax, "how often a stream breaks, and loses what it may"),
		explore.Parameter{Name: "effectless", Default: "delivered", Choices: []string{"delivered", "skipped"}, Help: "skipped: a datagram is not delivered as long as that would change nothing"},
		explore.Count("drops", 0, 0, world.BudgetMax, "how many datagrams are lost"),
		explore.Count("duplicates", 0, 0, world.BudgetMax, "how many datagrams are doubled"))
}

// Worlds lists the models of worlds: one a protocol that replicates a store,
// all nodes wrapped in the mutant of a name unless it is "". The mutant's world is
// then the default.
func (l *Lab) Worlds(mutant string) ([]explore.Entry, error) {
	var found mutants.Mutant
	if mutant != "" {
		var err error
		if found, err = l.mutant(mutant); err != nil {
			return nil, err
		}
	}
	codec, err := state.NewCodec(slices.Concat(catalog.Types(), mutants.Types(), sim.Types(), world.Types(), refine.Types())...)
	if err != nil {
		return nil, err
	}
	var entries []explore.Entry
	for _, protocol := range catalog.All() {
		var own, sees map[string]string
		if found.Protocol == protocol.Name {
			own = found.World.Set
			// What comes of an error tells more than that it is one.
			sees = map[string]string{"refine": "off"}
		}
		all := slices.Concat(worldParameters(protocol.Links), specified(protocol.Name), ownParameters(protocol))
		entries = append(entries, explore.Entry{
			Name: protocol.Name, Summary: protocol.Summary, Source: "the protocol itself",
			Parameters: withDefaults(all, worldLimits, worldDefaults[protocol.Name], sees, own),
			New: func(values explore.Values) (explore.Model, error) {
				return newWorld(protocol, values, codec, found.Wrap)
			},
		})
	}
	return entries, nil
}

// specified lists the parameter of a protocol that a specification has.
func specified(protocol string) []explore.Parameter {
	if !refine.Specified(protocol) {
		return nil
	}
	return []explore.Parameter{{
		Name: "refine", Default: "on", Choices: []string{"on", "off"},
		Help: "on: every step of a node is held against the specification, zab-spec; of a mutant off by default, for what comes of its error tells more than that it is one",
	}}
}

// ownParameters lists the parameters of a protocol, but for those whose name a
// world has taken.
func ownParameters(protocol protocols.Protocol) []explore.Parameter {
	taken := worldParameters(protocol.Links)
	var own []explore.Parameter
	for _, p := range protocol.Parameters {
		if slices.ContainsFunc(taken, func(t explore.Parameter) bool { return t.Name == p.Name }) {
			continue
		}
		if p.Name == "ranges" {
			p.Help += "; " + rangesNodes + ": node i owns the key ki"
		}
		own = append(own, explore.Parameter{Name: p.Name, Default: p.Default, Help: p.Help, Choices: p.Choices, Free: p.Choices == nil})
	}
	return own
}

func newWorld(
	protocol protocols.Protocol, values explore.Values, codec *state.Codec, wrap func(protocols.Node) protocols.Node,
) (explore.Model, error) {
	given := map[string]string{}
	for _, p := range ownParameters(protocol) {
		given[p.Name] = values[p.Name]
	}
	keys := 2 * values.Number("nodes") // enough for most to own one
	if given["ranges"] == rangesNodes {
		keys = values.Number("nodes")
		given["ranges"] = eachItsOwn(keys)
	}
	parameters, err := catalog.Parameters(protocol, given)
	if err != nil {
		return nil, err
	}
	protocol.Links = protocols.LinkKind(values["links"])
	config := world.Config{
		Protocol: protocol, Parameters: parameters, Tick: 200 * time.Millisecond, Codec: codec, Wrap: wrap,
		Machine: func() protocols.StateMachine { return machine.NewKV() },
		Model:   linear.KV(), Record: recordKV,
		Budgets: world.Budgets{
			Timers: values.Number("timers"), Crashes: values.Number("crashes"), Expirations: values.Number("expirations"),
			Cuts: values.Number("cuts"), Idle: values.Number("idle"), Breaks: values.Number("breaks"),
			Drops: values.Number("drops"), Duplicates: values.Number("duplicates"),
		},
	}
	config.AtLast, config.Turns = values["eventually"] != "off", values["eventually"] == "turns"
	if values["refine"] == "on" {
		nodes := make([]protocols.NodeID, values.Number("nodes"))
		for i := range nodes {
			nodes[i] = protocols.NodeID(i + 1)
		}
		config.Shadow = func(id protocols.NodeID) world.Shadow { return refine.NewShadow(id, nodes, nil) }
	}
	config.Limits = world.Limits{
		Before: acts(values["before"]),
		Start:  world.Start(slices.Index(starts, values["start"])), PromptDisks: values["disks"] == "prompt",
		PromptHints: values["hints"] == "prompt",
		Deathly:     values["restarts"] == "never",
		PromptCalls: values["calls"] == "prompt", Effectless: values["effectless"] == "skipped",
	}
	for i := range values.Number("nodes") {
		config.Names = append(config.Names, "n"+strconv.Itoa(i+1))
	}
	for i := range values.Number("clients") {
		config.Clients = append(config.Clients, worldClient(i, len(config.Names), values))
	}
	if slices.Contains(protocol.Invariants, "ac1") && values["asks"] != "moves" {
		config.Record = nil // the judges of histories know no such transactions
		for i := range config.Clients {
			transact(&config.Clients[i], keys)
		}
	}
	return world.New(config)
}

// acts takes a script apart.
func acts(script string) []string {
	if script == "" {
		return nil
	}
	all := strings.Split(script, ",")
	for i := range all {
		all[i] = strings.TrimSpace(all[i])
	}
	return all
}

// rangesNodes is the value of ranges by which every node owns a key.
const rangesNodes = "nodes"

// eachItsOwn returns the ranges by which node i owns the key ki.
func eachItsOwn(nodes int) string {
	var firsts []string
	for i := 1; i < nodes; i++ {
		firsts = append(firsts, worldKey(i))
	}
	return strings.Join(firsts, ",")
}

// worldKey returns the key of a node, from 0.
func worldKey(i int) string { return "k" + strconv.Itoa(i+1) }

// worldClient is a client that asks its own node first, then perhaps the others.
func worldClient(i, nodes int, values explore.Values) world.Client {
	c := world.Client{Name: "c" + strconv.Itoa(i+1)}
	for n := range nodes {
		if n == 0 || values["contacts"] != "own" {
			c.Contacts = append(c.Contacts, protocols.NodeID((i+n)%nodes+1))
		}
	}
	if values["contacts"] == "back" {
		slices.Reverse(c.Contacts)
	}
	operations := values.Number("operations")
	if values["asks"] == "sides" && i%2 == 0 {
		operations = 1
	}
	for n := range operations {
		c.Commands = append(c.Commands, worldCommand(values["asks"], i, n))
	}
	return c
}

// worldCommand returns what a client asks, both counted from 0.
func worldCommand(asks string, client, n int) protocols.Command {
	value := fmt.Sprintf("c%d.%d", client+1, n+1)
	even := client%2 == 1
	switch {
	case asks == "swaps":
		return machine.Command{Op: machine.CAS, Key: "x", Value: value, Absent: true}
	case asks == "moves" && even:
		return machine.Command{Op: machine.Get, Key: worldKey((n + 1) % 2)}
	case asks == "moves" && client == 0 && n == 0:
		return machine.Command{Op: machine.Put, Key: worldKey(0), Value: "2"}
	case asks == "moves":
		return machine.Transfer(worldKey(0), worldKey(1), 1)
	case asks == "turns" && (client+n)%2 == 1, (asks == "sides" || asks == "parts") && even:
		return machine.Command{Op: machine.Get, Key: "x"}
	}
	return machine.Command{Op: machine.Put, Key: "x", Value: value}
}

// transact has a client of a commit protocol ask for transactions that write to
// so many keys, so that most participants take part.
func transact(c *world.Client, keys int) {
	for n := range c.Commands {
		var writes []machine.Command
		for k := range keys {
			writes = append(writes, machine.Command{Op: machine.Put, Key: "k" + strconv.Itoa(k+1), Value: fmt.Sprintf("%s.%d", c.Name, n+1)})
		}
		c.Commands[n] = machine.Transaction{Commands: writes}
	}
}

// recordKV writes down an operation of a world's client, and its answer.
func recordKV(op *linear.Operation, asked protocols.Command, answered protocols.Result) {
	if transaction, ok := asked.(machine.Transaction); ok {
		transferred(op, transaction)
		if moved, ok := answered.(machine.TransactionResult); ok && moved.Error == "" {
			moves(op, moved)
		}
		return
	}
	command := asked.(machine.Command)
	result, _ := answered.(machine.Result)
	op.Key = command.Key
	switch command.Op {
	case machine.Put:
		op.Kind, op.In = linear.Write, linear.Some(command.Value)
	case machine.CAS:
		op.Kind, op.In, op.Swapped = linear.CAS, linear.Some(command.Value), result.Swapped
	default:
		op.Kind = linear.Read
		if result.Found {
			op.Out = linear.Some(result.Value)
		}
	}
}
