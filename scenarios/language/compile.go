package language

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"quorumlab/network"
	"quorumlab/protocols"
)

// compiler turns the body of one run into a Run: resolves names, fills in
// defaults and checks what goes beyond single values.
type compiler struct {
	*decoder
	vocabulary Vocabulary
	body       *body
	place      place // of the run's mapping
	protocol   protocols.Protocol
	run        Run
}

// Defaults that the keys' descriptions name.
const (
	defaultNodes    = 3
	defaultTick     = 200 * time.Millisecond
	defaultUntil    = 30 * time.Second
	defaultDeadline = time.Second
	defaultTimeout  = 2 * time.Second
)

// Bounds on how much a scenario may ask for.
const (
	tickMax       = time.Hour // its multiples stay below durationMax
	nodesMax      = 99
	clientsMax    = 1000
	operationsMax = 5_000_000
)

func (c *compiler) compile() {
	c.run.Until = time.Duration(c.body.Until.or(duration(defaultUntil)))
	c.run.Deadline = time.Duration(c.body.Deadline.or(duration(defaultDeadline)))
	c.positive(c.body.Until, "the end of the run")
	c.positive(c.body.Deadline, "the deadline")
	if within := c.body.Liveness.Within; within.given() {
		c.positive(within, "the bound of liveness")
		c.run.Liveness = time.Duration(within.Value)
	}
	c.compileProtocol()
	c.compileCluster()
	c.tryProtocol()
	c.compileLinks()
	c.compileClients()
	c.compileInitial()
	c.compileWorkload()
	c.compileTimeline()
	c.compileSwarm()
}

// positive refuses a duration of 0 where one is given.
func (c *compiler) positive(d leaf[duration], what string) {
	if d.given() && d.Value == 0 {
		c.fail(d.place, "0", what+" above 0", "")
	}
}

// instant returns a time of the run, and refuses one after its end.
func (c *compiler) instant(at leaf[duration]) time.Duration {
	d := time.Duration(at.Value)
	if at.given() && d > c.run.Until {
		c.fail(at.place, d.String(), "a time up to the end of the run, "+c.run.Until.String(), "`until` sets the end")
	}
	return d
}

func (c *compiler) compileProtocol() {
	name := c.body.Protocol
	known := make([]string, len(c.vocabulary.Protocols))
	for i, p := range c.vocabulary.Protocols {
		known[i] = p.Name
	}
	if !name.given() {
		c.fail(c.place, "no `protocol`", "the key \"protocol\", one of "+list(known), "")
		return
	}
	i := slices.Index(known, string(name.Value))
	if i < 0 {
		c.fail(name.place, "the unknown protocol "+quote(string(name.Value)), "one of "+list(known), nearest(string(name.Value), known))
		return
	}
	c.protocol = c.vocabulary.Protocols[i]
	c.run.Protocol = c.protocol.Name
	c.run.Parameters = map[string]string{}
	for _, p := range c.body.Parameters {
		c.compileParameter(p)
	}
}

func (c *compiler) compileParameter(p keyed[leaf[text]]) {
	known := make([]string, len(c.protocol.Parameters))
	for i, parameter := range c.protocol.Parameters {
		known[i] = parameter.Name
	}
	i := slices.Index(known, p.Key)
	if i < 0 {
		expected := "one of " + list(known)
		if len(known) == 0 {
			expected = "none, for " + c.protocol.Name + " has no parameters"
		}
		c.fail(p.place, "the unknown parameter "+quote(p.Key), expected, nearest(p.Key, known))
		return
	}
	value, choices := string(p.Value.Value), c.protocol.Parameters[i].Choices
	if len(choices) > 0 && !slices.Contains(choices, value) {
		c.fail(p.Value.place, quote(value), "one of "+list(choices), nearest(value, choices))
	}
	c.run.Parameters[p.Key] = value
}

func (c *compiler) compileCluster() {
	doc := c.body.Cluster
	c.positive(doc.Tick, "a tick")
	if doc.Tick.Value > duration(tickMax) {
		c.fail(doc.Tick.place, time.Duration(doc.Tick.Value).String(), "a tick of at most "+tickMax.String(), "")
	}
	c.run.Cluster.Tick = time.Duration(doc.Tick.or(duration(defaultTick)))
	latency := doc.Disk.Latency.or(network.UniformDelay(200*time.Microsecond, 2*time.Millisecond))
	for i, name := range c.nodeNames() {
		c.run.Cluster.Nodes = append(c.run.Cluster.Nodes, Node{
			ID: protocols.NodeID(i + 1), Name: name, DiskLatency: latency,
		})
	}
	c.compileMembers(doc.Members)
	for _, clock := range doc.Clocks {
		id := c.node(leaf[name]{name(clock.Key), clock.place})
		if id == 0 {
			continue
		}
		c.run.Cluster.Nodes[id-1].Skew = time.Duration(clock.Value.Skew.Value)
		c.run.Cluster.Nodes[id-1].Drift = int64(clock.Value.Drift.Value)
	}
}

// nodeNames returns the names of the nodes, in order; of a wrong number a few.
func (c *compiler) nodeNames() []string {
	doc := c.body.Cluster.Nodes
	count := int(doc.count.or(defaultNodes))
	if doc.names != nil {
		count = len(doc.names)
	}
	if count < 1 || count > nodesMax {
		c.fail(doc.place, plural(count, "node"), "1 to 99 nodes", "")
		return numbered("n", 1)
	}
	if doc.names == nil {
		return numbered("n", count)
	}
	names := make([]string, 0, count)
	for _, n := range doc.names {
		value := string(n.Value)
		switch {
		case slices.Contains(reserved(), value):
			c.fail(n.place, "the node name "+quote(value), "a name that does not stand for a role", "")
		case slices.Contains(names, value):
			c.fail(n.place, "a second node "+quote(value), "every name once", "")
		}
		names = append(names, value)
	}
	return names
}

// reserved lists the words that stand for nodes to be found at run time.
func reserved() []string {
	return append(texts(Leader, Follower, AnyNode, Spare, Rest), "all")
}

// node returns the id of a node, 0 after it reported that there is none.
func (c *compiler) node(n leaf[name]) protocols.NodeID {
	names := make([]string, len(c.run.Cluster.Nodes))
	for i, node := range c.run.Cluster.Nodes {
		names[i] = node.Name
	}
	i := slices.Index(names, string(n.Value))
	if i < 0 {
		c.fail(n.place, "the unknown node "+quote(string(n.Value)), "one of "+list(names), nearest(string(n.Value), names))
	}
	return protocols.NodeID(i + 1)
}

func (c *compiler) compileLinks() {
	doc := c.body.Links
	links := &c.run.Links
	links.Kind = c.protocol.Links
	if doc.Kind.given() {
		links.Kind = protocols.LinkKind(doc.Kind.Value)
		if links.Kind == protocols.Datagram && c.protocol.Links == protocols.Stream {
			c.fail(doc.Kind.place, quote(string(doc.Kind.Value)), "stream", c.protocol.Name+" assumes streams: leave `kind` out")
		}
	}
	links.Default = c.change(doc.conditionsDocument).On(network.Conditions{
		Delay:        network.UniformDelay(time.Millisecond, 5*time.Millisecond),
		ReorderDelay: network.UniformDelay(time.Millisecond, 20*time.Millisecond),
	})
	for _, between := range doc.Between {
		pair := network.Pair{From: c.node(between.From), To: c.node(between.To)}
		known := func(other LinkConditions) bool { return other.Pair == pair }
		switch {
		case pair.From == 0 || pair.To == 0: // reported
		case pair.From == pair.To:
			c.fail(between.To.place, "a link of a node with itself", "another node than "+string(between.From.Value), "")
		case slices.ContainsFunc(links.Between, known):
			c.fail(between.From.place, "the same pair a second time", "every ordered pair once", "")
		}
		conditions := c.change(between.conditionsDocument).On(links.Default)
		links.Between = append(links.Between, LinkConditions{pair, conditions})
	}
	slices.SortFunc(links.Between, func(a, b LinkConditions) int {
		return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To))
	})
	c.positive(doc.StreamTimeout, "a time-out")
	c.positive(doc.DialTimeout, "a time-out")
	tick := c.run.Cluster.Tick
	links.StreamTimeout = time.Duration(doc.StreamTimeout.or(duration(5 * tick)))
	links.DialTimeout = time.Duration(doc.DialTimeout.or(duration(tick)))
	links.ClientLoss = network.Probability(doc.ClientLoss.Value)
	links.ClientDelay = doc.ClientDelay.or(network.UniformDelay(100*time.Microsecond, 500*time.Microsecond))
}

// change compiles the conditions that are given, and refuses on streams what
// happens to datagrams only.
func (c *compiler) change(doc conditionsDocument) ConditionsChange {
	var change ConditionsChange
	if doc.Delay.given() {
		change.Delay = &doc.Delay.value
	}
	if doc.Reorder.Delay.given() {
		change.ReorderDelay = &doc.Reorder.Delay.value
	}
	if doc.Bandwidth.given() {
		bandwidth := uint64(doc.Bandwidth.Value)
		change.Bandwidth = &bandwidth
	}
	change.Loss = c.chance(doc.Loss, true)
	change.Duplicate = c.chance(doc.Duplicate, true)
	change.Reorder = c.chance(doc.Reorder.Chance, true)
	change.Corrupt = c.chance(doc.Corrupt, false)
	return change
}

func (c *compiler) chance(s leaf[share], datagramsOnly bool) *network.Probability {
	if !s.given() {
		return nil
	}
	if datagramsOnly && s.Value > 0 && c.run.Links.Kind == protocols.Stream {
		c.fail(s.place, "a chance that only datagrams have", "0% on stream links", "streams lose nothing until they break: use partition, flap, corrupt or longer delays")
	}
	probability := network.Probability(s.Value)
	return &probability
}

// numbered makes the names prefix1, prefix2, …
func numbered(prefix string, count int) []string {
	names := make([]string, count)
	for i := range names {
		names[i] = prefix + itoa(i+1)
	}
	return names
}

func plural(count int, noun string) string {
	if count == 1 {
		return "1 " + noun
	}
	return strings.Join([]string{itoa(count), noun + "s"}, " ")
}
