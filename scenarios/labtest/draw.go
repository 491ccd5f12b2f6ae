package labtest

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"pgregory.net/rapid"

	"quorumlab/network"
	"quorumlab/protocols"
	"quorumlab/scenarios/language"
)

// A run has three parts: the cluster comes up, operations and faults are drawn
// together, and then everything is repaired and the clients go on asking.
const (
	calm    = 3 * time.Second // when the drawn part begins
	drawn   = 8 * time.Second // how long it lasts
	settled = calm + drawn + 2*time.Second
	after   = 3 * time.Second // how long clients go on at least
)

// afterwards returns how long clients go on after the repair.
func (s *Space) afterwards() time.Duration { return max(s.Liveness, after) }

// draw draws a run and returns it as the scenario that a file with it would be.
func (c *checks) draw(t *rapid.T) (*language.Scenario, error) {
	nodes := rapid.SampledFrom(c.space.Nodes).Draw(t, "nodes")
	clients := rapid.IntRange(1, 4).Draw(t, "clients")
	scenario, err := c.blank(t, nodes, clients)
	if err != nil {
		return nil, err
	}
	run := &scenario.Runs[0]
	d := &drawing{t: t, run: run, nodes: nodes}
	d.surroundings()
	if c.space.memberships() {
		run.Cluster.Members = d.members()
	}
	d.operations(clients, c.space.afterwards())
	if len(c.space.Faults) > 0 {
		d.faults(c.space.kinds())
	}
	if c.space.Shape != nil {
		c.space.Shape(t, run)
	}
	text := language.Render(scenario)
	return c.lab.Parse("drawn.yaml", strings.NewReader(text))
}

// blank returns a scenario without operations and faults.
func (c *checks) blank(t *rapid.T, nodes, clients int) (*language.Scenario, error) {
	var b bytes.Buffer
	fmt.Fprintf(&b, "name: drawn\ntitle: drawn by rapid in %s\nprotocol: %s\nparameters: {", c.folder, c.space.Protocol)
	for _, name := range slices.Sorted(maps.Keys(c.space.Parameters)) {
		value := rapid.SampledFrom(c.space.Parameters[name]).Draw(t, name)
		fmt.Fprintf(&b, "%s: %q, ", name, value)
	}
	fmt.Fprintf(&b, "}\ncluster: {nodes: %d}\nclients:\n", nodes)
	for i := range clients {
		at := i % nodes
		fmt.Fprintf(&b, "  - {name: c%d, at: n%d, timeout: 500ms", i+1, at+1)
		if nodes > 1 && rapid.Bool().Draw(t, "retries") {
			fmt.Fprintf(&b, ", retry: [n%d]", (at+1)%nodes+1)
		}
		fmt.Fprintln(&b, "}")
	}
	fmt.Fprintf(&b, "workload:\n  script: [{at: 1s, client: c1, read: x}]\nuntil: %v\ndeadline: 500ms\n", settled+c.space.afterwards()+time.Second)
	if c.space.Liveness > 0 {
		fmt.Fprintf(&b, "liveness: {within: %v}\n", c.space.Liveness)
	}
	scenario, err := c.lab.Parse("blank.yaml", &b)
	if err == nil {
		scenario.Runs[0].Expect.Properties = maps.Clone(c.space.Expect)
	}
	return scenario, err
}

// drawing draws one run, or one fault of it.
type drawing struct {
	t       *rapid.T
	run     *language.Run
	nodes   int
	entries []language.Entry // of the timeline
}

// surroundings draws links, disks and clocks.
func (d *drawing) surroundings() {
	d.run.Links.Default.Delay = network.UniformDelay(
		d.ms("delay", 1, 20), 20*time.Millisecond+d.ms("jitter", 0, 100))
	if d.run.Links.Kind == protocols.Datagram {
		d.run.Links.Default.Loss = d.chance("loss", 20)
		d.run.Links.Default.Duplicate = d.chance("duplicate", 20)
		d.run.Links.Default.Reorder = d.chance("reorder", 20)
	}
	force := d.ms("fsync", 0, 20)
	for i := range d.run.Cluster.Nodes {
		node := &d.run.Cluster.Nodes[i]
		node.DiskLatency = network.UniformDelay(force, 2*force)
		node.Skew = d.ms("skew", 0, 2000)
		node.Drift = int64(rapid.IntRange(-1000, 1000).Draw(d.t, "drift"))
	}
}

// operations draws what clients ask, and has each read and write every second
// once all is repaired.
func (d *drawing) operations(clients int, afterwards time.Duration) {
	operation := rapid.Custom(func(t *rapid.T) language.Operation {
		kind := rapid.SampledFrom([]language.OperationKind{language.Write, language.Read, language.CAS, language.Delete})
		return language.Operation{
			At:     calm + time.Duration(rapid.IntRange(0, int(drawn/time.Millisecond)).Draw(t, "at"))*time.Millisecond,
			Client: protocols.ClientID(rapid.IntRange(1, clients).Draw(t, "client")),
			Kind:   kind.Draw(t, "kind"),
			Key:    rapid.SampledFrom([]string{"x", "y"}).Draw(t, "key"),
		}
	})
	script := rapid.SliceOfN(operation, 0, 40).Draw(d.t, "operations")
	for at := settled; at < settled+afterwards; at += time.Second {
		for client := range clients {
			id := protocols.ClientID(client + 1)
			script = append(script,
				language.Operation{At: at, Client: id, Kind: language.Write, Key: "x"},
				language.Operation{At: at, Client: id, Kind: language.Read, Key: "y"})
		}
	}
	slices.SortStableFunc(script, func(a, b language.Operation) int { return cmp.Compare(a.At, b.At) })
	written := map[string]string{}
	for i := range script {
		o := &script[i]
		if o.Kind == language.CAS {
			o.Expect = written[o.Key]
			o.Absent = o.Expect == ""
		}
		if o.Kind == language.CAS || o.Kind == language.Write {
			o.Value = fmt.Sprint(i + 1)
			written[o.Key] = o.Value
		}
	}
	d.run.Script = script
}

// faults draws what strikes, and has it repaired at the end.
func (d *drawing) faults(kinds []language.FaultKind) {
	fault := rapid.Custom(func(t *rapid.T) []language.Entry {
		f := drawing{t: t, run: d.run, nodes: d.nodes}
		at := calm + f.ms("at", 0, int(drawn/time.Millisecond))
		f.fault(rapid.SampledFrom(kinds).Draw(t, "fault"), at, f.ms("lasts", 10, 2000))
		return f.entries
	})
	d.entries = slices.Concat(rapid.SliceOfN(fault, 0, 8).Draw(d.t, "faults")...)
	d.add(settled, language.Heal{All: true})
	for i := range d.nodes {
		d.add(settled, language.Restart{Node: language.Target{Node: protocols.NodeID(i + 1)}})
	}
	if d.run.Liveness > 0 {
		// Progress is demanded from the end of the last fault that took effect, and
		// perhaps none of those drawn does: this one does.
		d.add(settled, language.Pause{Node: target(1), For: time.Millisecond})
	}
	slices.SortStableFunc(d.entries, func(a, b language.Entry) int { return cmp.Compare(a.At, b.At) })
	d.run.Timeline = d.entries
}

func (d *drawing) fault(kind language.FaultKind, at, lasts time.Duration) {
	switch kind {
	case language.FaultPartition:
		d.partition(at, lasts)
	case language.FaultCrash:
		d.crash(at, lasts)
	case language.FaultPause:
		d.add(at, language.Pause{Node: d.target(), For: lasts})
	case language.FaultSlow:
		d.add(at, language.Slow{Node: d.target(), By: d.ms("by", 1, 50), For: lasts})
	case language.FaultClock:
		if rapid.Bool().Draw(d.t, "jumps") {
			d.add(at, language.ClockJump{Node: d.node(), Jump: d.ms("jump", -5000, 5000)})
		} else {
			d.add(at, language.ClockDrift{Node: d.node(), Drift: int64(rapid.IntRange(-50_000, 50_000).Draw(d.t, "drift"))})
		}
	case language.FaultDisk:
		d.disk(at, lasts)
	case language.FaultMembership:
		d.reconfigure(at)
	case language.FaultLinks:
		delay := network.UniformDelay(d.ms("least", 0, 50), 50*time.Millisecond+d.ms("most", 0, 500))
		change := language.ConditionsChange{Delay: &delay}
		if d.run.Links.Kind == protocols.Datagram {
			loss, duplicate := d.chance("loss", 50), d.chance("duplicate", 50)
			change.Loss, change.Duplicate = &loss, &duplicate
		}
		d.add(at, language.LinksChange{Change: change, For: lasts})
	}
}

// partition cuts some nodes from the others, or one ordered pair.
func (d *drawing) partition(at, lasts time.Duration) {
	if d.nodes < 2 {
		return
	}
	p := language.Partition{For: lasts}
	if rapid.IntRange(0, 3).Draw(d.t, "form") == 3 {
		from := rapid.IntRange(1, d.nodes).Draw(d.t, "from")
		to := (from+rapid.IntRange(0, d.nodes-2).Draw(d.t, "to"))%d.nodes + 1
		p.Form = language.FormCut
		p.Pairs = []language.TargetPair{{From: target(from), To: target(to)}}
	} else {
		p.Form, p.Groups = language.FormGroups, make([][]language.Target, 2)
		split := rapid.IntRange(1, 1<<d.nodes-2).Draw(d.t, "split") // a bit a node
		for i := range d.nodes {
			side := split >> i & 1
			p.Groups[side] = append(p.Groups[side], target(i+1))
		}
	}
	d.add(at, p)
}

// crash stops a node, or all of them while their disks are slow.
func (d *drawing) crash(at, lasts time.Duration) {
	keep := rapid.SampledFrom([]language.Keep{language.KeepNone, 1, 2, language.KeepAll}).Draw(d.t, "keep")
	if rapid.IntRange(0, 3).Draw(d.t, "power") == 3 {
		by := d.ms("slow", 1, 300)
		for i := range d.nodes {
			d.add(at, language.DiskSlow{Node: target(i + 1), By: by, For: lasts})
			d.add(at+lasts, language.Crash{Node: target(i + 1), Keep: keep})
			d.add(at+lasts+time.Second, language.Restart{Node: target(i + 1)})
		}
		return
	}
	node := d.node() // not the leader: that would wait until there is one, perhaps after the repair
	crash := language.Crash{Node: node, Keep: keep, Torn: rapid.Bool().Draw(d.t, "torn")}
	if crash.OnFsync = rapid.IntRange(0, 3).Draw(d.t, "on-fsync"); crash.OnFsync > 0 {
		crash.BeforeFsync = rapid.Bool().Draw(d.t, "before")
	}
	d.add(at, crash)
	d.add(at+lasts, language.Restart{Node: node})
}

// disk slows a disk down or has it fail.
func (d *drawing) disk(at, lasts time.Duration) {
	node := d.node()
	switch rapid.IntRange(0, 2).Draw(d.t, "disk") {
	case 0:
		d.add(at, language.DiskSlow{Node: node, By: d.ms("by", 1, 200), For: lasts})
	case 1:
		d.add(at, language.DiskFsyncFails{Node: node})
		d.add(at+lasts, language.Restart{Node: node})
	default:
		d.add(at, language.DiskFull{Node: node, For: lasts})
		d.add(at+lasts, language.Restart{Node: node})
	}
}

func (d *drawing) add(at time.Duration, action language.Action) {
	d.entries = append(d.entries, language.Entry{At: at, Action: action})
}

// node draws a node, target a node or whoever leads.
func (d *drawing) node() language.Target {
	return target(rapid.IntRange(1, d.nodes).Draw(d.t, "node"))
}

func (d *drawing) target() language.Target {
	if n := rapid.IntRange(0, d.nodes).Draw(d.t, "node"); n > 0 {
		return target(n)
	}
	return language.Target{Role: language.Leader}
}

func target(node int) language.Target { return language.Target{Node: protocols.NodeID(node)} }

func (d *drawing) ms(what string, least, most int) time.Duration {
	return time.Duration(rapid.IntRange(least, most).Draw(d.t, what)) * time.Millisecond
}

func (d *drawing) chance(what string, percent int) network.Probability {
	return network.Probability(rapid.IntRange(0, percent).Draw(d.t, what)) * network.Certain / 100
}
