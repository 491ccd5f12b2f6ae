package language

import (
	"cmp"
	"slices"
	"strconv"
	"time"

	"quorumlab/network"
	"quorumlab/protocols"
)

func itoa(n int) string { return strconv.Itoa(n) }

func (c *compiler) compileClients() {
	docs := c.body.Clients
	if len(docs) == 0 {
		docs = make([]clientDocument, len(c.run.Cluster.Nodes))
	}
	for _, doc := range docs {
		c.positive(doc.Timeout, "a time-out")
		count := int(doc.Count.or(1))
		if count < 1 || len(c.run.Clients)+count > clientsMax {
			c.fail(doc.Count.place, plural(count, "client"), "1 to 1000 clients in all", "")
			return
		}
		for i := range count {
			c.addClient(doc, i+1)
		}
	}
}

// addClient adds the number'th client of one entry.
func (c *compiler) addClient(doc clientDocument, number int) {
	id := len(c.run.Clients) + 1
	client := Client{
		ID: protocols.ClientID(id), Name: "c" + itoa(id),
		Timeout: time.Duration(doc.Timeout.or(duration(defaultTimeout))),
	}
	if doc.Name.given() {
		client.Name = string(doc.Name.Value)
		if doc.Count.given() {
			client.Name += itoa(number)
		}
		if !namePattern.MatchString(client.Name) {
			c.fail(doc.Name.place, "the client name "+quote(client.Name), "a name of 40 characters at most", "")
		}
	}
	if client.Name == Operator {
		c.fail(doc.Name.place, "the client name "+quote(client.Name), "another name", "the operator is who carries out `reconfigure`")
	}
	if slices.ContainsFunc(c.run.Clients, func(other Client) bool { return other.Name == client.Name }) {
		where := doc.Name.place
		if !doc.Name.given() {
			where = doc.Place
		}
		c.fail(where, "a second client "+quote(client.Name), "every name once", "`name` names a client")
	}
	home := protocols.NodeID((id-1)%len(c.run.Cluster.Nodes) + 1)
	if doc.At.given() {
		if home = c.node(doc.At); home == 0 {
			return
		}
	}
	client.Nodes = append([]protocols.NodeID{home}, c.retryNodes(doc, home)...)
	client.Side = string(doc.Side.or(text(c.run.Cluster.Nodes[home-1].Name)))
	c.run.Clients = append(c.run.Clients, client)
}

// retryNodes lists the nodes that a client asks after its home node.
func (c *compiler) retryNodes(doc clientDocument, home protocols.NodeID) []protocols.NodeID {
	var nodes []protocols.NodeID
	if len(doc.Retry) == 1 && doc.Retry[0].Value == "all" {
		for i := range len(c.run.Cluster.Nodes) - 1 {
			next := (int(home)+i)%len(c.run.Cluster.Nodes) + 1
			nodes = append(nodes, protocols.NodeID(next))
		}
		return nodes
	}
	for _, n := range doc.Retry {
		nodes = append(nodes, c.node(n))
	}
	return nodes
}

// client returns the id of a client, 0 after it reported that there is none.
func (c *compiler) client(n leaf[name]) protocols.ClientID {
	names := make([]string, len(c.run.Clients))
	for i, client := range c.run.Clients {
		names[i] = client.Name
	}
	i := slices.Index(names, string(n.Value))
	if i < 0 {
		c.fail(n.place, "the unknown client "+quote(string(n.Value)), "one of "+list(names), nearest(string(n.Value), names))
	}
	return protocols.ClientID(i + 1)
}

// side checks that some client has a side.
func (c *compiler) side(side string, where place) {
	var known []string
	for _, client := range c.run.Clients {
		if !slices.Contains(known, client.Side) {
			known = append(known, client.Side)
		}
	}
	if !slices.Contains(known, side) {
		c.fail(where, "the unknown side "+quote(side), "one of "+list(known), nearest(side, known))
	}
}

func (c *compiler) compileInitial() {
	c.run.Initial = map[string]string{}
	for _, value := range c.body.Initial {
		c.run.Initial[value.Key] = string(value.Value.Value)
	}
}

func (c *compiler) compileWorkload() {
	for _, doc := range c.body.Workload.Script {
		c.run.Script = append(c.run.Script, c.operation(doc))
	}
	slices.SortStableFunc(c.run.Script, func(a, b Operation) int { return cmp.Compare(a.At, b.At) })
	defer c.compileLists()
	operations := 0
	for _, doc := range c.body.Workload.Random {
		g := c.generator(doc)
		c.run.Random = append(c.run.Random, g)
		operations += int(min((g.Until-g.From)/max(1, g.Gap), operationsMax)) * len(g.Clients)
		if operations > operationsMax {
			c.fail(doc.Rate.place, "a workload of "+itoa(operations)+" operations or more", "at most "+itoa(operationsMax), "lower the rate, or end it sooner with `until`")
			return
		}
	}
}

func (c *compiler) operation(doc operationDocument) Operation {
	var o Operation
	var base operationBase
	switch form := doc.form.(type) {
	case *readForm:
		base, o.Kind, o.Key = form.operationBase, Read, string(form.Read.Value)
	case *writeForm:
		base, o.Kind, o.Key = form.operationBase, Write, string(form.Write.Value)
		o.Value = string(form.Value.Value)
	case *casForm:
		base, o.Kind, o.Key = form.operationBase, CAS, string(form.CAS.Value)
		o.Value, o.Expect, o.Absent = string(form.To.Value), string(form.From.Value), !form.From.given()
	case *deleteForm:
		base, o.Kind, o.Key = form.operationBase, Delete, string(form.Delete.Value)
	case *transferForm:
		base, o.Kind = form.operationBase, Transfer
		c.transfer(form.Transfer, &o)
	case *transactionForm:
		base, o.Kind, o.Lists = form.operationBase, Transaction, c.listSteps(form.Transaction, doc.place)
	}
	o.At = c.instant(base.At)
	switch {
	case base.Client.given():
		o.Client = c.client(base.Client)
	case len(c.run.Clients) == 1:
		o.Client = c.run.Clients[0].ID
	default:
		c.fail(doc.place, "no `client`", "the key \"client\", as there are several clients", "")
	}
	return o
}

func (c *compiler) transfer(doc transferDocument, o *Operation) {
	o.Key, o.To, o.Amount = string(doc.From.Value), string(doc.To.Value), int64(doc.Amount.Value)
	if o.Look = string(doc.Look.Value); doc.Look.given() && (o.Look == o.Key || o.Look == o.To || o.Look == "") {
		c.fail(doc.Look.place, "a transfer that looks at "+quote(o.Look), "a third key", "what it takes from and adds to it sees anyway")
	}
	if o.Key == o.To && doc.To.given() {
		c.fail(doc.To.place, "a transfer from "+quote(o.Key)+" to itself", "another key", "")
	}
	if o.Amount < 1 && doc.Amount.given() {
		c.fail(doc.Amount.place, itoa(int(o.Amount)), "an amount above 0", "to move it back, exchange `from` and `to`")
	}
}

func (c *compiler) generator(doc generatorDocument) Generator {
	g := Generator{
		From: c.instant(doc.From), Until: c.run.Until, Gap: time.Duration(doc.Rate.Value),
		Keys: c.keys(doc.Keys),
	}
	g.Mix = c.mix(doc, g.Keys)
	if g.Look = network.Probability(doc.Look.Value); g.Look > 0 && len(g.Keys) < 3 {
		c.fail(doc.Look.place, "transfers that look at a third of "+plural(len(g.Keys), "key"), "three keys at least", "")
	}
	if doc.Until.given() {
		g.Until = c.instant(doc.Until)
	}
	if g.From >= g.Until {
		c.fail(doc.Place, "a workload that ends before it begins", "`from` before `until`", "")
	}
	for _, n := range doc.Clients {
		id := c.client(n)
		if slices.Contains(g.Clients, id) && id != 0 {
			c.fail(n.place, "the client "+quote(string(n.Value))+" a second time", "every client once", "")
		}
		g.Clients = append(g.Clients, id)
	}
	if len(doc.Clients) == 0 {
		for _, client := range c.run.Clients {
			g.Clients = append(g.Clients, client.ID)
		}
	}
	return g
}

// keysMax bounds the keys of a generator.
const keysMax = 10_000

func (c *compiler) keys(doc keysDocument) []string {
	if doc.names == nil {
		count := int(doc.count.or(3))
		if count < 1 || count > keysMax {
			c.fail(doc.place, plural(count, "key"), "1 to "+itoa(keysMax)+" keys", "")
			return nil
		}
		return numbered("k", count)
	}
	keys := make([]string, len(doc.names))
	for i, key := range doc.names {
		keys[i] = string(key.Value)
	}
	if len(keys) == 0 {
		c.fail(doc.place, "no keys", "one key at least", "")
	}
	return keys
}

func (c *compiler) mix(doc generatorDocument, keys []string) []Weight {
	if len(doc.Mix) == 0 {
		return []Weight{{Read, 1}, {Write, 1}}
	}
	known := OperationKinds()
	var mix []Weight
	for _, m := range doc.Mix {
		if !slices.Contains(known, m.Key) {
			c.fail(m.place, "the unknown operation "+quote(m.Key), "one of "+list(known), nearest(m.Key, known))
		}
		if m.Value.Value > 0 {
			mix = append(mix, Weight{OperationKind(m.Key), int(m.Value.Value)})
		}
	}
	if len(mix) == 0 {
		c.fail(doc.Place, "a mix of nothing", "one weight above 0", "")
	}
	if slices.ContainsFunc(mix, func(w Weight) bool { return w.Kind == Transfer }) && len(keys) == 1 {
		c.fail(doc.Keys.place, "transfers between 1 key", "two keys at least", "")
	}
	return mix
}

func (c *compiler) compileSwarm() {
	doc := c.body.Swarm
	if doc == nil {
		return
	}
	s := &c.run.Swarm
	if len(doc.Faults) == 0 {
		c.fail(doc.Place, "no `faults`", "a list of kinds of fault: "+list(FaultKind("").choices()), "")
	}
	for _, kind := range doc.Faults {
		if slices.Contains(s.Faults, kind.Value) {
			c.fail(kind.place, quote(string(kind.Value))+" a second time", "every kind once", "")
		}
		if kind.Value == FaultMembership {
			c.changeable(kind.place, "changes of the members")
		}
		s.Faults = append(s.Faults, kind.Value)
	}
	s.From, s.Until = time.Second, c.run.Until*2/3
	if doc.From.given() {
		s.From = c.instant(doc.From)
	}
	if doc.Until.given() {
		s.Until = c.instant(doc.Until)
	}
	if s.From >= s.Until {
		c.fail(doc.Place, "faults from "+s.From.String()+" until "+s.Until.String(), "`from` before `until`", "")
	}
	s.GapMin, s.GapMax = c.span(doc.Every)
	s.LastMin, s.LastMax = c.span(doc.Last)
	nodes := len(c.run.Cluster.Nodes)
	s.Down = int(doc.Down.or(whole((nodes - 1) / 2)))
	s.Nodes = int(doc.Nodes.or(whole(nodes)))
	if s.Nodes < nodes || s.Nodes > nodesMax {
		c.fail(doc.Nodes.place, "up to "+plural(s.Nodes, "node"), itoa(nodes)+" to "+itoa(nodesMax)+", at least as many as the cluster has", "")
	}
	if s.Down > nodes {
		c.fail(doc.Down.place, plural(s.Down, "node")+" down", "at most "+itoa(nodes), "")
	}
}

// span returns the ends of a span of `swarm`, by default 200ms and 3s.
func (c *compiler) span(s span) (shortest, longest time.Duration) {
	if !s.given() {
		return 200 * time.Millisecond, 3 * time.Second
	}
	if s.shortest < time.Millisecond {
		c.fail(s.place, s.shortest.String(), "at least 1ms", "")
	}
	return s.shortest, s.longest
}
