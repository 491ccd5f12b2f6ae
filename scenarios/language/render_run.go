package language

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"quorumlab/network"
	"quorumlab/protocols"
)

// Render writes a scenario as a document with nothing left to defaults, as
// JSON on one line: what Canonical is to a file, for scenarios that were
// changed (shrunk, say) or made by a program. Parse reads it back to an equal
// scenario, Text and Canonical apart.
func Render(s *Scenario) string {
	root := object()
	root.put("name", textual(s.Name))
	root.putText("title", s.Title)
	root.putText("about", s.About)
	root.putText("source", s.Source)
	runs, expect := object(), object()
	for i := range s.Runs {
		r := renderer{run: &s.Runs[i]}
		section := object()
		section.putText("title", r.run.Title)
		r.renderBody(section)
		runs.put(r.run.Name, section)
		expect.put(r.run.Name, r.expectation())
	}
	root.put("runs", runs)
	root.put("expect", expect)
	return root.render()
}

// The functions below make trees.

func object() *tree { return &tree{kind: kindMapping} }

func textual(s string) *tree { return &tree{kind: kindText, text: s} }

func number[T ~int | ~int64 | ~uint64](n T) *tree {
	return &tree{kind: kindNumber, text: strconv.FormatInt(int64(n), 10)}
}

func sequence(items ...*tree) *tree { return &tree{kind: kindSequence, items: items} }

func sequenceOf[T any](values []T, item func(T) *tree) *tree {
	t := sequence()
	for _, v := range values {
		t.items = append(t.items, item(v))
	}
	return t
}

func timed(d time.Duration) *tree { return textual(d.String()) }

func perMillion(n int64) *tree { return textual(strconv.FormatInt(n, 10) + "ppm") }

func (t *tree) put(key string, value *tree) {
	t.entries = append(t.entries, &entry{key: key, value: value})
}

// putText puts a text that is not "", putTime a duration above 0.
func (t *tree) putText(key, value string) {
	if value != "" {
		t.put(key, textual(value))
	}
}

func (t *tree) putTime(key string, d time.Duration) {
	if d > 0 {
		t.put(key, timed(d))
	}
}

// texts of a map, ordered by key.
func mapped[V any](m map[string]V, value func(V) *tree) *tree {
	t := object()
	for _, key := range slices.Sorted(maps.Keys(m)) {
		t.put(key, value(m[key]))
	}
	return t
}

// renderer renders one run.
type renderer struct{ run *Run }

func (r renderer) node(id protocols.NodeID) string { return r.run.Cluster.Nodes[id-1].Name }

func (r renderer) nodeText(id protocols.NodeID) *tree { return textual(r.node(id)) }

func (r renderer) client(id protocols.ClientID) *tree { return textual(r.run.Clients[id-1].Name) }

func (r renderer) renderBody(t *tree) {
	run := r.run
	t.put("protocol", textual(run.Protocol))
	t.put("parameters", mapped(run.Parameters, textual))
	t.put("cluster", r.cluster())
	t.put("links", r.links())
	t.put("clients", sequenceOf(run.Clients, r.session))
	t.put("initial", mapped(run.Initial, textual))
	workload := object()
	workload.put("script", sequenceOf(run.Script, r.operation))
	workload.put("random", sequenceOf(run.Random, r.generator))
	t.put("workload", workload)
	t.put("timeline", sequenceOf(run.Timeline, r.entry))
	t.put("until", timed(run.Until))
	t.put("deadline", timed(run.Deadline))
	if run.Liveness > 0 {
		liveness := object()
		liveness.put("within", timed(run.Liveness))
		t.put("liveness", liveness)
	}
	if s := run.Swarm; len(s.Faults) > 0 {
		swarm := object()
		swarm.put("faults", sequenceOf(texts(s.Faults...), textual))
		swarm.put("from", timed(s.From))
		swarm.put("until", timed(s.Until))
		swarm.put("every", sequence(timed(s.GapMin), timed(s.GapMax)))
		swarm.put("last", sequence(timed(s.LastMin), timed(s.LastMax)))
		swarm.put("down", number(s.Down))
		swarm.put("nodes", number(s.Nodes))
		t.put("swarm", swarm)
	}
}

func (r renderer) cluster() *tree {
	t, clocks := object(), object()
	t.put("nodes", sequenceOf(r.run.Cluster.Nodes, func(n Node) *tree { return textual(n.Name) }))
	if r.run.Cluster.Members != nil {
		t.put("members", sequenceOf(r.run.Cluster.Members, r.nodeText))
	}
	t.put("tick", timed(r.run.Cluster.Tick))
	disk := object()
	disk.put("latency", renderDistribution(r.run.Cluster.Nodes[0].DiskLatency))
	t.put("disk", disk)
	for _, n := range r.run.Cluster.Nodes {
		clock := object()
		clock.put("skew", timed(n.Skew))
		clock.put("drift", perMillion(n.Drift))
		clocks.put(n.Name, clock)
	}
	t.put("clocks", clocks)
	return t
}

func renderDistribution(d network.Distribution) *tree {
	t := object()
	switch d.Kind {
	case network.Uniform:
		t.put("uniform", sequence(timed(d.Min), timed(d.Max)))
	case network.LogNormal:
		shape := object()
		shape.put("median", timed(d.Median))
		shape.put("sigma", &tree{kind: kindNumber, text: strconv.FormatFloat(float64(d.Sigma)/1000, 'f', 3, 64)})
		t.put("lognormal", shape)
	default:
		t.put("constant", timed(d.Min))
	}
	if d.Spike != (network.Spike{}) {
		spikes := object()
		spikes.put("chance", perMillion(int64(d.Spike.Chance)))
		spikes.put("delay", sequence(timed(d.Spike.Min), timed(d.Spike.Max)))
		t.put("spikes", spikes)
	}
	return t
}

func (r renderer) links() *tree {
	links := r.run.Links
	t := object()
	t.put("kind", textual(string(links.Kind)))
	renderConditions(t, changeTo(links.Default))
	t.put("between", sequenceOf(links.Between, func(l LinkConditions) *tree {
		pair := object()
		pair.put("from", textual(r.node(l.From)))
		pair.put("to", textual(r.node(l.To)))
		renderConditions(pair, changeTo(l.Conditions))
		return pair
	}))
	t.put("stream-timeout", timed(links.StreamTimeout))
	t.put("dial-timeout", timed(links.DialTimeout))
	t.put("client-delay", renderDistribution(links.ClientDelay))
	t.put("client-loss", perMillion(int64(links.ClientLoss)))
	return t
}

// changeTo returns the change that makes conditions c of any others.
func changeTo(c network.Conditions) ConditionsChange {
	return ConditionsChange{
		Delay: &c.Delay, Loss: &c.Loss, Duplicate: &c.Duplicate, Reorder: &c.Reorder, Corrupt: &c.Corrupt,
		ReorderDelay: &c.ReorderDelay, Bandwidth: &c.Bandwidth,
	}
}

func renderConditions(t *tree, c ConditionsChange) {
	chance := func(key string, p *network.Probability) {
		if p != nil {
			t.put(key, perMillion(int64(*p)))
		}
	}
	if c.Delay != nil {
		t.put("delay", renderDistribution(*c.Delay))
	}
	chance("loss", c.Loss)
	chance("duplicate", c.Duplicate)
	if c.Reorder != nil {
		reorder := object()
		reorder.put("chance", perMillion(int64(*c.Reorder)))
		if c.ReorderDelay != nil {
			reorder.put("delay", renderDistribution(*c.ReorderDelay))
		}
		t.put("reorder", reorder)
	}
	chance("corrupt", c.Corrupt)
	if c.Bandwidth != nil && *c.Bandwidth == 0 {
		t.put("bandwidth", number(0))
	} else if c.Bandwidth != nil {
		t.put("bandwidth", textual(strconv.FormatUint(*c.Bandwidth, 10)+"B/s"))
	}
}

func (r renderer) session(c Client) *tree {
	t := object()
	t.put("name", textual(c.Name))
	t.put("at", textual(r.node(c.Nodes[0])))
	t.put("side", textual(c.Side))
	t.put("timeout", timed(c.Timeout))
	t.put("retry", sequenceOf(c.Nodes[1:], r.nodeText))
	return t
}

func (r renderer) operation(o Operation) *tree {
	t := object()
	t.put("at", timed(o.At))
	t.put("client", r.client(o.Client))
	if o.Kind == Transaction {
		t.put(string(o.Kind), sequenceOf(o.Lists, listStep))
		return t
	}
	if o.Kind == Transfer {
		moved := object()
		moved.put("from", textual(o.Key))
		moved.put("to", textual(o.To))
		moved.put("amount", number(int(o.Amount)))
		moved.putText("look", o.Look)
		t.put(string(o.Kind), moved)
		return t
	}
	t.put(string(o.Kind), textual(o.Key))
	switch o.Kind {
	case Write:
		t.put("value", textual(o.Value))
	case CAS:
		if !o.Absent {
			t.put("from", textual(o.Expect))
		}
		t.put("to", textual(o.Value))
	}
	return t
}

func listStep(s ListStep) *tree {
	t := object()
	if s.Element == "" {
		t.put("read", textual(s.Key))
		return t
	}
	t.put("append", textual(s.Key))
	t.put("element", textual(s.Element))
	return t
}

func (r renderer) generator(g Generator) *tree {
	t, mix := object(), object()
	t.put("from", timed(g.From))
	t.put("until", timed(g.Until))
	t.put("rate", textual("1/"+g.Gap.String()))
	t.put("keys", sequenceOf(g.Keys, textual))
	for _, w := range g.Mix {
		mix.put(string(w.Kind), number(w.Weight))
	}
	t.put("mix", mix)
	if g.Look > 0 {
		t.put("look", perMillion(int64(g.Look)))
	}
	t.put("clients", sequenceOf(g.Clients, r.client))
	return t
}

func (r renderer) expectation() *tree {
	e := r.run.Expect
	t := mapped(e.Properties, func(v Verdict) *tree { return textual(string(v)) })
	availability := object()
	for _, a := range e.Availability {
		bound := renderBound(a.Bound, "ppm")
		if a.Kind == "" {
			availability.put(a.Side, bound)
			continue
		}
		if availability.entry(a.Side) == nil {
			availability.put(a.Side, object())
		}
		availability.entry(a.Side).value.put(string(a.Kind), bound)
	}
	t.put("availability", availability)
	t.put("waits", sequenceOf(e.Waits, func(w WaitExpectation) *tree {
		wait := object()
		wait.putText("side", w.Side)
		wait.putText("operation", string(w.Kind))
		wait.put("longest", renderBound(w.Bound, "ns"))
		return wait
	}))
	inDoubt := object()
	for _, d := range e.InDoubt {
		unit := "ns"
		if d.Figure == DoubtBystanders {
			unit = ""
		}
		inDoubt.put(string(d.Figure), renderBound(d.Bound, unit))
	}
	if len(e.InDoubt) > 0 {
		t.put("in-doubt", inDoubt)
	}
	t.put("happens", sequenceOf(e.Happens, r.condition))
	return t
}

func renderBound(b Bound, unit string) *tree {
	relation := strings.TrimPrefix(string(b.Relation), string(Equal))
	return textual(relation + strconv.FormatInt(b.Value, 10) + unit)
}

func (r renderer) condition(c Condition) *tree {
	t := object()
	t.putText("phrase", c.Phrase)
	if c.Lost {
		t.put("lost", renderBound(c.Count, ""))
		return t
	}
	t.putText("note", string(c.Note))
	t.putText("operation", string(c.Operation))
	t.putText("fault", string(c.Fault))
	t.putText("text", c.Text)
	if c.Node != 0 {
		t.put("node", textual(r.node(c.Node)))
	}
	t.putText("side", c.Side)
	if c.Client != 0 {
		t.put("client", r.client(c.Client))
	}
	t.putText("outcome", string(c.Outcome))
	if c.Value != nil {
		t.put("value", textual(*c.Value))
	}
	t.putText("during", string(c.During))
	t.put("count", renderBound(c.Count, ""))
	return t
}
