package language

import (
	"slices"

	"quorumlab/protocols"
)

// Operator is what traces and stories call the session that changes the
// members. No client has this name.
const Operator = "operator"

// Reconfigure has the operator ask for other members, until it is answered.
type Reconfigure struct {
	// Members are those to be. If it is nil they are the members in force when
	// the operator first asks, without Remove and with Add.
	Members     []Target
	Add, Remove []Target
	// Least: nothing is asked if fewer members would be left.
	Least int
}

// Core ends what is wrong with a part of the nodes for good, and leaves the rest
// alone: the core is the first nodes of Order, at least Size of them and enough
// for a majority of the members in force and of those that were asked for.
// What is outside is cut off, or (Crash) crashes.
type Core struct {
	Order []Target // all nodes, by id
	Size  int
	Crash bool
	Keep  Keep // of Crash; else KeepRandom
}

type reconfigureForm struct {
	entryBase
	// Who is to vote from now on; an operator asks the nodes in turn for it.
	Reconfigure membersForm `yaml:"reconfigure" jsonschema:"required"`
}

// membersForm tells which members a reconfigure asks for.
type membersForm struct {
	// The members to be: a node, a list, roles, or all. Not together with add or remove.
	Members several[leaf[name]] `yaml:"members"`
	// Who is to join: a node, a list, or `a-spare`, a node that is up and no member.
	Add several[leaf[name]] `yaml:"add"`
	// Who is to leave: a node, a list, or a role.
	Remove several[leaf[name]] `yaml:"remove"`
	// Do nothing if fewer members would be left. Default 1.
	Least leaf[whole] `yaml:"least"`
	Place place       `yaml:"-"`
}

type coreForm struct {
	entryBase
	// All nodes, in the order in which they count for the core: as many as make a majority of the members, or more, are whole from now on.
	Core []leaf[name] `yaml:"core" jsonschema:"required"`
	// How many nodes the core has at least. Default 1.
	Size leaf[whole] `yaml:"size"`
	// What becomes of the nodes outside the core. Default cut.
	Outside word[outside] `yaml:"outside"`
	// How many of their writes survive if they crash; see crash.
	Keep keepForm `yaml:"keep"`
}

// outside is what becomes of the nodes outside a core.
type outside string

func (o outside) choices() []string { return []string{"cut", "crash"} }

// compileMembers compiles who votes at the start.
func (c *compiler) compileMembers(doc nodesDocument) {
	if !doc.place.known() {
		return
	}
	nodes := len(c.run.Cluster.Nodes)
	switch count := int(doc.count.Value); {
	case c.protocol.Name != "" && !c.protocol.Learners:
		c.fail(doc.place, "members among the nodes", "no `members`, for with "+c.protocol.Name+" every node votes", "")
	case doc.names == nil && (count < 1 || count > nodes):
		c.fail(doc.place, plural(count, "member"), "1 to "+itoa(nodes)+", as many as there are nodes", "")
	case doc.names == nil:
		for i := range count {
			c.run.Cluster.Members = append(c.run.Cluster.Members, protocols.NodeID(i+1))
		}
	default:
		for _, n := range doc.names {
			id := c.node(n)
			if slices.Contains(c.run.Cluster.Members, id) && id != 0 {
				c.fail(n.place, "the member "+quote(string(n.Value))+" a second time", "every node once", "")
			}
			c.run.Cluster.Members = append(c.run.Cluster.Members, id)
		}
		slices.Sort(c.run.Cluster.Members)
		if len(doc.names) == 0 {
			c.fail(doc.place, "no members", "one at least", "")
		}
	}
}

// changeable refuses what changes the members of a protocol that cannot.
func (c *compiler) changeable(where place, what string) {
	if c.protocol.Name == "" || c.protocol.Reconfigures {
		return
	}
	var able []string
	for _, p := range c.vocabulary.Protocols {
		if p.Reconfigures {
			able = append(able, p.Name)
		}
	}
	hint := "no protocol can yet"
	if len(able) > 0 {
		hint = "these can: " + list(able)
	}
	c.fail(where, what, "none, for "+c.protocol.Name+" cannot change its members", hint)
}

func (c *compiler) reconfigure(form *reconfigureForm) {
	doc := form.Reconfigure
	c.changeable(doc.Place, "a change of the members")
	changes := doc.Add != nil || doc.Remove != nil
	if changes == (doc.Members != nil) {
		c.fail(doc.Place, "both or neither of `members` and a change", "members, or add and remove", "")
		return
	}
	r := Reconfigure{Least: int(doc.Least.or(1))}
	if r.Least < 1 || r.Least > len(c.run.Cluster.Nodes) {
		c.fail(doc.Least.place, plural(r.Least, "member")+" at least", "1 to "+itoa(len(c.run.Cluster.Nodes)), "")
	}
	if doc.Members != nil {
		r.Members = c.targets(doc.Members, true)
		if len(r.Members) == 0 {
			c.fail(doc.Place, "no members", "one at least", "")
		}
	}
	if doc.Remove != nil {
		r.Remove = c.targets(doc.Remove, true)
	}
	for _, n := range doc.Add {
		t := Target{Role: Spare}
		if string(n.Value) != string(Spare) {
			if t = c.target(n); t.Role != "" {
				c.fail(n.place, string(t.Role), "a node by name, or `a-spare`", "only a node that is no member can join")
			}
		}
		r.Add = append(r.Add, t)
	}
	c.add(form.At, r)
}

func (c *compiler) core(form *coreForm) {
	core := Core{Size: int(form.Size.or(1)), Crash: form.Outside.Value == "crash", Keep: KeepRandom}
	if form.Keep.place.known() {
		core.Keep = form.Keep.value
		if !core.Crash {
			c.fail(form.Keep.place, "`keep`", "it only together with `outside: crash`", "")
		}
	}
	core.Order = c.targets(form.Core, false)
	if nodes := len(c.run.Cluster.Nodes); len(core.Order) != nodes || core.Size < 1 || core.Size > nodes {
		c.fail(form.At.place, "a core of "+itoa(core.Size)+" of "+plural(len(core.Order), "node"),
			"all "+itoa(nodes)+" nodes in `core`, and a `size` up to that", "")
	}
	c.add(form.At, core)
}

func (r renderer) reconfigure(a Reconfigure) *tree {
	t := object()
	if a.Members != nil {
		t.put("members", sequenceOf(a.Members, r.target))
	}
	if a.Add != nil {
		t.put("add", sequenceOf(a.Add, r.target))
	}
	if a.Remove != nil {
		t.put("remove", sequenceOf(a.Remove, r.target))
	}
	t.put("least", number(a.Least))
	return t
}

func (r renderer) core(t *tree, a Core) {
	t.put("core", sequenceOf(a.Order, r.target))
	t.put("size", number(a.Size))
	if a.Crash {
		t.put("outside", textual("crash"))
		t.put("keep", renderKeep(a.Keep))
	} else {
		t.put("outside", textual("cut"))
	}
}
