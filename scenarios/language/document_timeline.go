package language

import "slices"

// entryDocument is one entry of the timeline, one of the entryForms.
type entryDocument struct {
	form  any
	place place
}

func (e *entryDocument) decode(d *decoder, t *tree) {
	e.place = t.place
	e.form = d.variantOf(t, entryForms())
}

// entryForms lists the forms of an entry. `disk` comes before `slow`, which is
// a key of it too.
func entryForms() []variant {
	return []variant{
		{"say", func() any { return new(sayForm) }},
		{"ask", func() any { return new(askForm) }},
		{"partition", func() any { return new(partitionEntry) }},
		{"flap", func() any { return new(flapEntry) }},
		{"heal", func() any { return new(healForm) }},
		{"crash", func() any { return new(crashForm) }},
		{"restart", func() any { return new(restartForm) }},
		{"pause", func() any { return new(pauseForm) }},
		{"clock", func() any { return new(clockForm) }},
		{"disk", func() any { return new(diskForm) }},
		{"slow", func() any { return new(slowForm) }},
		{"links", func() any { return new(linksForm) }},
		{"reconfigure", func() any { return new(reconfigureForm) }},
		{"core", func() any { return new(coreForm) }},
	}
}

// entryBase is when.
type entryBase struct {
	// When it happens.
	At leaf[duration] `yaml:"at" jsonschema:"required"`
}

type sayForm struct {
	entryBase
	// Narration.
	Say leaf[text] `yaml:"say" jsonschema:"required"`
}

type askForm struct {
	entryBase
	// A question to the learner, to be answered before going on.
	Ask leaf[text] `yaml:"ask" jsonschema:"required"`
	// What in fact happens, and why.
	Answer leaf[text] `yaml:"answer" jsonschema:"required"`
}

type partitionEntry struct {
	entryBase
	// Who is cut from whom: groups [[n1], [n2, n3]], or one of {isolate: n1}, {minority: n1}, {majority: n1}, {one-way: {from: n1, to: n2}}, {bridge: n3}, {cut: [n1 -> n2]}, ring.
	Partition partitionForm `yaml:"partition" jsonschema:"required"`
	// How long. Default: until a `heal`.
	For leaf[duration] `yaml:"for"`
}

type flapEntry struct {
	entryBase
	// Who is cut from whom, time and again; see `partition`.
	Flap partitionForm `yaml:"flap" jsonschema:"required"`
	// How long the cut is there, and then gone, in turn.
	Every leaf[duration] `yaml:"every" jsonschema:"required"`
	// How long it flaps.
	For leaf[duration] `yaml:"for" jsonschema:"required"`
}

// partitionForm tells which links are cut.
type partitionForm struct {
	// Groups that do not reach each other; `rest` stands for all other nodes.
	Groups [][]leaf[name] `yaml:"groups"`
	// A node that is cut from all others.
	Isolate leaf[name] `yaml:"isolate"`
	// A node that is cut off with as many others as make a minority.
	Minority leaf[name] `yaml:"minority"`
	// A node that stays in the majority, from which a minority is cut off.
	Majority leaf[name] `yaml:"majority"`
	// A node in which the two halves of the others still meet.
	Bridge leaf[name] `yaml:"bridge"`
	// Messages in one direction are lost.
	OneWay *oneWayForm `yaml:"one-way"`
	// Ordered pairs such as n1 -> n2, or n1 <-> n2 for both ways.
	Cut []leaf[arrow] `yaml:"cut"`

	ring  bool
	place place
}

type oneWayForm struct {
	// The senders: a node or a list.
	From several[leaf[name]] `yaml:"from" jsonschema:"required"`
	// The receivers: a node or a list.
	To several[leaf[name]] `yaml:"to" jsonschema:"required"`
}

func (p *partitionForm) decode(d *decoder, t *tree) {
	const expected = "groups of nodes [[n1], [n2, n3]], ring, or one of the keys"
	p.place = t.place
	switch {
	case t.kind == kindSequence:
		d.into(t, &p.Groups)
	case t.kind == kindMapping && len(t.entries) == 1:
		type plain partitionForm // the same without decode
		var form plain
		d.into(t, &form)
		*p = partitionForm(form)
		p.place = t.place
	case t.kind == kindText && t.text == "ring":
		p.ring = true
	case t.kind == kindMapping && len(t.entries) > 1:
		d.fail(t.entries[1].place, "a second form of partition", "one form", "write a second timeline entry")
	default:
		d.fail(t.place, t.describe(), expected+" isolate, minority, majority, bridge, one-way, cut", nearest(t.text, []string{"ring"}))
	}
}

type healForm struct {
	entryBase
	// `all`, or a list of nodes whose links with each other are healed, or a list of ordered pairs such as n1 -> n2.
	Heal several[leaf[text]] `yaml:"heal" jsonschema:"required"`
}

type crashForm struct {
	// When it happens; with on-fsync, when counting begins. Default 0s.
	At leaf[duration] `yaml:"at"`
	// The node that crashes, a list, `all`, `leader`, `a-follower` or `any`.
	Crash several[leaf[name]] `yaml:"crash" jsonschema:"required"`
	// How many of the writes that were not yet forced survive: a number, all, none or random. Default random.
	Keep keepForm `yaml:"keep"`
	// Whether the write after them is left half written. Default false.
	Torn leaf[boolean] `yaml:"torn"`
	// Whether the whole machine loses its power: its peers are not told. Default false.
	Power leaf[boolean] `yaml:"power"`
	// Crash at this fsync of the node, counted from 1.
	OnFsync leaf[whole] `yaml:"on-fsync"`
	// Just before the fsync completes, or just after. Default before.
	When  word[moment] `yaml:"when"`
	Place place        `yaml:"-"`
}

// keepForm is a number or a word.
type keepForm struct {
	value Keep
	place place
}

func (k *keepForm) decode(d *decoder, t *tree) {
	words := map[string]Keep{"none": KeepNone, "all": KeepAll, "random": KeepRandom}
	k.place = t.place
	var number whole
	if number.read(t) {
		k.value = Keep(number)
		return
	}
	value, ok := words[t.text]
	if !ok || t.kind != kindText {
		d.fail(t.place, t.describe(), "a number of writes, all, none or random", nearest(t.text, []string{"all", "none", "random"}))
	}
	k.value = value
}

// rotForm is a number of records or a word.
type rotForm struct {
	records leaf[whole]
	what    Rot
	place   place
}

func (r *rotForm) decode(d *decoder, t *tree) {
	r.place = t.place
	known := texts(RotMeta, RotSnapshot)
	if t.kind == kindText && slices.Contains(known, t.text) {
		r.what = Rot(t.text)
		return
	}
	var n whole
	if !n.read(t) || n == 0 {
		d.fail(t.place, t.describe(), "a number of records from 1, meta or snapshot", nearest(t.text, known))
	}
	r.records = leaf[whole]{n, t.place}
}

type restartForm struct {
	entryBase
	// The node that boots again, a list, or `all` that are down.
	Restart several[leaf[name]] `yaml:"restart" jsonschema:"required"`
}

type pauseForm struct {
	entryBase
	// The node that stands still, a list, or a role.
	Pause several[leaf[name]] `yaml:"pause" jsonschema:"required"`
	// How long. Default: to the end.
	For leaf[duration] `yaml:"for"`
}

type slowForm struct {
	entryBase
	// The node that becomes slow, a list, or a role.
	Slow several[leaf[name]] `yaml:"slow" jsonschema:"required"`
	// What is added to the time of every step.
	By leaf[duration] `yaml:"by" jsonschema:"required"`
	// How long. Default: to the end.
	For leaf[duration] `yaml:"for"`
}

type clockForm struct {
	entryBase
	// The node whose clock goes wrong, a list, or a role.
	Clock several[leaf[name]] `yaml:"clock" jsonschema:"required"`
	// By how much the clock jumps.
	Jump leaf[jump] `yaml:"jump"`
	// How much too fast it runs from now on, such as 500ppm or -1%.
	Drift leaf[drift] `yaml:"drift"`
	Place place       `yaml:"-"`
}

type diskForm struct {
	entryBase
	// The node whose disk goes wrong, a list, or a role.
	Disk several[leaf[name]] `yaml:"disk" jsonschema:"required"`
	// What is added to the time of every fsync.
	Slow leaf[duration] `yaml:"slow"`
	// No space is left: the next fsync fails, and the node stops.
	Full leaf[boolean] `yaml:"full"`
	// The next fsync fails, and the node stops.
	FailFsync leaf[boolean] `yaml:"fail-fsync"`
	// What becomes unreadable: so many records of the log, `meta` or `snapshot`.
	Rot rotForm `yaml:"rot"`
	// The disk breaks and is replaced: the node stops, and will boot with an
	// empty disk.
	Lost leaf[boolean] `yaml:"lost"`
	// How long it stays slow or full. Default: to the end.
	For   leaf[duration] `yaml:"for"`
	Place place          `yaml:"-"`
}

type linksForm struct {
	entryBase
	// Conditions that change; those not given stay.
	Links conditionsDocument `yaml:"links" jsonschema:"required"`
	// Ordered pairs such as n1 -> n2. Default: all links.
	Between []leaf[arrow] `yaml:"between"`
	// How long. Default: to the end.
	For   leaf[duration] `yaml:"for"`
	Place place          `yaml:"-"`
}
