package language

import (
	"cmp"
	"reflect"
	"slices"
	"strings"
	"time"

	"quorumlab/protocols"
)

func (c *compiler) compileTimeline() {
	for _, doc := range c.body.Timeline {
		c.compileEntry(doc)
	}
	slices.SortStableFunc(c.run.Timeline, func(a, b Entry) int { return cmp.Compare(a.At, b.At) })
}

func (c *compiler) compileEntry(doc entryDocument) {
	switch form := doc.form.(type) {
	case *sayForm:
		c.add(form.At, Say{string(form.Say.Value)})
	case *askForm:
		c.add(form.At, Ask{string(form.Ask.Value), string(form.Answer.Value)})
	case *partitionEntry:
		p := c.partition(form.Partition)
		c.positive(form.For, "a length")
		p.For = time.Duration(form.For.Value)
		c.add(form.At, p)
	case *flapEntry:
		p := c.partition(form.Flap)
		c.positive(form.Every, "a length")
		c.positive(form.For, "a length")
		p.Every, p.For = time.Duration(form.Every.Value), time.Duration(form.For.Value)
		c.add(form.At, p)
	case *healForm:
		c.add(form.At, c.heal(form.Heal))
	case *crashForm:
		c.crash(form)
	case *restartForm:
		for _, node := range c.targets(form.Restart, false) {
			c.add(form.At, Restart{node})
		}
	case *pauseForm:
		c.positive(form.For, "a length")
		for _, node := range c.targets(form.Pause, true) {
			c.add(form.At, Pause{node, time.Duration(form.For.Value)})
		}
	case *slowForm:
		c.positive(form.For, "a length")
		for _, node := range c.targets(form.Slow, true) {
			c.add(form.At, Slow{node, time.Duration(form.By.Value), time.Duration(form.For.Value)})
		}
	case *clockForm:
		c.clock(form)
	case *diskForm:
		c.disk(form)
	case *linksForm:
		c.links(form)
	case *reconfigureForm:
		c.reconfigure(form)
	case *coreForm:
		c.core(form)
	}
}

func (c *compiler) add(at leaf[duration], action Action) {
	c.run.Timeline = append(c.run.Timeline, Entry{c.instant(at), action})
}

// target compiles a node's name or a role.
func (c *compiler) target(n leaf[name]) Target {
	for _, role := range []Role{Leader, Follower, AnyNode} {
		if string(n.Value) == string(role) {
			return Target{Role: role}
		}
	}
	if string(n.Value) == string(Rest) {
		c.fail(n.place, "rest", "a node; only groups of a partition have a rest", "")
		return Target{}
	}
	return Target{Node: c.node(n)}
}

// targets compiles nodes, roles (unless they make no sense) and `all`.
func (c *compiler) targets(names []leaf[name], roles bool) []Target {
	if len(names) == 1 && names[0].Value == "all" {
		all := make([]Target, len(c.run.Cluster.Nodes))
		for i, node := range c.run.Cluster.Nodes {
			all[i] = Target{Node: node.ID}
		}
		return all
	}
	targets := make([]Target, 0, len(names))
	for _, n := range names {
		t := c.target(n)
		if t.Role != "" && !roles {
			c.fail(n.place, string(t.Role), "a node by name, or `all`", "a node that is down has no role")
		}
		if slices.Contains(targets, t) && t.Node != 0 {
			c.fail(n.place, "the node "+quote(string(n.Value))+" a second time", "every node once", "")
		}
		targets = append(targets, t)
	}
	return targets
}

func (c *compiler) partition(doc partitionForm) Partition {
	single := func(form Form, n leaf[name]) Partition {
		return Partition{Form: form, Node: c.target(n)}
	}
	switch {
	case doc.ring:
		return Partition{Form: FormRing}
	case doc.Isolate.given():
		return Partition{Form: FormGroups, Groups: [][]Target{{c.target(doc.Isolate)}, {{Role: Rest}}}}
	case doc.Minority.given():
		return single(FormMinority, doc.Minority)
	case doc.Majority.given():
		return single(FormMajority, doc.Majority)
	case doc.Bridge.given():
		return single(FormBridge, doc.Bridge)
	case doc.OneWay != nil:
		return Partition{Form: FormCut, Pairs: c.oneWay(doc)}
	case doc.Cut != nil:
		return Partition{Form: FormCut, Pairs: c.pairs(doc.Cut)}
	}
	return Partition{Form: FormGroups, Groups: c.groups(doc)}
}

func (c *compiler) oneWay(doc partitionForm) []TargetPair {
	var pairs []TargetPair
	to := c.targets(doc.OneWay.To, true)
	for _, from := range c.targets(doc.OneWay.From, true) {
		for _, to := range to {
			if from != to || from.Node == 0 {
				pairs = append(pairs, TargetPair{from, to})
			}
		}
	}
	if len(pairs) == 0 {
		c.fail(doc.place, "a partition that cuts nothing", "two different nodes", "")
	}
	return pairs
}

func (c *compiler) pairs(arrows []leaf[arrow]) []TargetPair {
	pairs := make([]TargetPair, 0, len(arrows))
	for _, a := range arrows {
		from := c.target(leaf[name]{name(a.Value.from), a.place})
		to := c.target(leaf[name]{name(a.Value.to), a.place})
		if from == to && from.Node != 0 {
			c.fail(a.place, "a link of a node with itself", "two different nodes", "")
		}
		pairs = append(pairs, TargetPair{from, to})
		if a.Value.both {
			pairs = append(pairs, TargetPair{to, from})
		}
	}
	return pairs
}

// groups compiles the groups of a partition: every node is in exactly one,
// unless roles or `rest` make that unknown before the run.
func (c *compiler) groups(doc partitionForm) [][]Target {
	if len(doc.Groups) < 2 {
		c.fail(doc.place, plural(len(doc.Groups), "group"), "two groups at least", "[[n1], [rest]] cuts n1 from all others")
	}
	var groups [][]Target
	named := map[Target]bool{}
	roles := false
	for _, members := range doc.Groups {
		group := make([]Target, 0, len(members))
		for _, n := range members {
			t := Target{Role: Rest}
			if string(n.Value) != string(Rest) {
				t = c.target(n)
			}
			if named[t] && (t.Node != 0 || t.Role == Rest) {
				c.fail(n.place, quote(string(n.Value))+" a second time", "every node in one group", "")
			}
			named[t] = true
			roles = roles || t.Role != ""
			group = append(group, t)
		}
		groups = append(groups, group)
	}
	for _, node := range c.run.Cluster.Nodes {
		if !roles && !named[Target{Node: node.ID}] {
			c.fail(doc.place, "no group for the node "+quote(node.Name), "every node in one group", "`rest` stands for all nodes that are not named")
		}
	}
	return groups
}

// heal compiles `all`, nodes or ordered pairs.
func (c *compiler) heal(names []leaf[text]) Heal {
	if len(names) == 1 && names[0].Value == "all" {
		return Heal{All: true}
	}
	var h Heal
	for _, n := range names {
		var a arrow
		switch value := string(n.Value); {
		case a.read(&tree{kind: kindText, text: value}):
			h.Pairs = append(h.Pairs, c.pairs([]leaf[arrow]{{a, n.place}})...)
		case strings.ContainsAny(value, "<>→↔"):
			c.fail(n.place, quote(value), a.expects(), "")
		default:
			h.Among = append(h.Among, c.target(leaf[name]{name(value), n.place}))
		}
	}
	if len(h.Among) == 1 {
		c.fail(names[0].place, "one node", "`all`, two nodes or more, or ordered pairs such as n1 -> n2", "a list of nodes heals the links between them")
	}
	return h
}

func (c *compiler) crash(form *crashForm) {
	if !form.At.given() && !form.OnFsync.given() {
		c.fail(form.Place, "no `at`", "the key \"at\" (or \"on-fsync\")", "")
	}
	if form.OnFsync.given() && form.OnFsync.Value == 0 {
		c.fail(form.OnFsync.place, "fsync 0", "a number from 1 on", "")
	}
	if form.When.given() && !form.OnFsync.given() {
		c.fail(form.When.place, "`when`", "it only together with `on-fsync`", "")
	}
	keep := KeepRandom
	if form.Keep.place.known() {
		keep = form.Keep.value
	}
	for _, node := range c.targets(form.Crash, true) {
		c.add(form.At, Crash{
			Node: node, Keep: keep, Torn: bool(form.Torn.Value), Power: bool(form.Power.Value),
			OnFsync: int(form.OnFsync.Value), BeforeFsync: form.OnFsync.given() && form.When.Value != "after",
		})
	}
}

func (c *compiler) clock(form *clockForm) {
	if form.Jump.given() == form.Drift.given() {
		c.fail(form.Place, "both or neither of `jump` and `drift`", "one of them", "")
	}
	for _, node := range c.targets(form.Clock, true) {
		if form.Jump.given() {
			c.add(form.At, ClockJump{node, time.Duration(form.Jump.Value)})
		} else {
			c.add(form.At, ClockDrift{node, int64(form.Drift.Value)})
		}
	}
}

func (c *compiler) disk(form *diskForm) {
	c.positive(form.For, "a length")
	length := time.Duration(form.For.Value)
	var makers []func(Target) Action
	if form.Slow.given() {
		makers = append(makers, func(node Target) Action { return DiskSlow{node, time.Duration(form.Slow.Value), length} })
	}
	if form.Full.Value {
		makers = append(makers, func(node Target) Action { return DiskFull{node, length} })
	}
	if form.FailFsync.Value {
		makers = append(makers, func(node Target) Action { return DiskFsyncFails{node} })
	}
	if form.Rot.place.known() {
		makers = append(makers, func(node Target) Action { return DiskRot{node, form.Rot.what, int(form.Rot.records.Value)} })
	}
	if form.Lost.Value {
		makers = append(makers, func(node Target) Action { return DiskLost{node} })
	}
	if len(makers) != 1 {
		c.fail(form.Place, plural(len(makers), "fault")+" of the disk", "exactly one of slow, full: true, fail-fsync: true, rot, lost: true", "")
		return
	}
	if form.For.given() && !form.Slow.given() && !bool(form.Full.Value) {
		c.fail(form.For.place, "`for`", "it only together with slow or full", "")
	}
	for _, node := range c.targets(form.Disk, true) {
		c.add(form.At, makers[0](node))
	}
}

func (c *compiler) links(form *linksForm) {
	c.positive(form.For, "a length")
	change := LinksChange{Change: c.change(form.Links), For: time.Duration(form.For.Value)}
	if change.Change == (ConditionsChange{}) {
		c.fail(form.Place, "no conditions", "one of "+list(keysOf(reflect.TypeFor[conditionsDocument]())), "")
	}
	if form.Between != nil {
		change.Pairs = c.pairs(form.Between)
	}
	c.add(form.At, change)
}

// nodeOf is node for what may be absent: then it is 0.
func (c *compiler) nodeOf(n leaf[name]) protocols.NodeID {
	if !n.given() {
		return 0
	}
	return c.node(n)
}
