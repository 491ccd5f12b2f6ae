package language

// The types of this file and of document_timeline.go are the language. Every
// field with a yaml tag is a key; its comment is the key's description in the
// JSON Schema, so it is written for those who write scenarios.

// document is a scenario file.
type document struct {
	// The scenario's name, in-kebab-case; in the library that of the file.
	Name leaf[text] `yaml:"name" jsonschema:"required"`
	// One line: what it shows.
	Title leaf[text] `yaml:"title"`
	// A paragraph for people.
	About leaf[text] `yaml:"about"`
	// Where the claim that it shows comes from.
	Source leaf[text] `yaml:"source"`
	body
	// Runs of the scenario by name. Each lays its sections over the top level: key by key in a section that is a mapping, else as a whole. Without runs there is one, named main.
	Runs mapping[runDocument] `yaml:"runs"`
	// What each run must show, by the run's name; `all` stands for every run.
	Expect mapping[expectationDocument] `yaml:"expect"`
}

// runDocument is one entry of `runs`.
type runDocument struct {
	// One line: what this run shows.
	Title leaf[text] `yaml:"title"`
	body
}

// body is what a run may set for itself.
type body struct {
	// The protocol that the nodes run; `quorumlab list protocols` tells which there are.
	Protocol leaf[text] `yaml:"protocol"`
	// Parameters of the protocol; `quorumlab list protocols` tells them.
	Parameters mapping[leaf[text]] `yaml:"parameters"`
	// The machines. Default: three nodes, n1 to n3.
	Cluster clusterDocument `yaml:"cluster"`
	// The network between the nodes.
	Links linksDocument `yaml:"links"`
	// The client sessions. Default: one beside each node.
	Clients []clientDocument `yaml:"clients"`
	// Values that keys have before the run begins.
	Initial mapping[leaf[text]] `yaml:"initial"`
	// What the clients do.
	Workload workloadDocument `yaml:"workload"`
	// Faults and narration.
	Timeline []entryDocument `yaml:"timeline"`
	// Virtual time at which the run ends. Default 30s.
	Until leaf[duration] `yaml:"until"`
	// An operation answered later than this counts as unavailable. Default 1s.
	Deadline leaf[duration] `yaml:"deadline"`
	// What is demanded once all faults are over.
	Liveness livenessDocument `yaml:"liveness"`
	// What `quorumlab sweep` may add, drawn by the seed.
	Swarm *swarmDocument `yaml:"swarm"`
}

// clusterDocument is the machines.
type clusterDocument struct {
	// How many nodes (named n1, n2, …), or a list of their names. Default 3.
	Nodes nodesDocument `yaml:"nodes"`
	// Who votes at the start: how many of the first nodes, or a list of names. The others follow without a vote, until a reconfigure names them. Default: all.
	Members nodesDocument `yaml:"members"`
	// Unit of the protocol's time-outs. Default 200ms.
	Tick leaf[duration] `yaml:"tick"`
	// The disks.
	Disk diskDocument `yaml:"disk"`
	// Clocks that are wrong, by node.
	Clocks mapping[clockDocument] `yaml:"clocks"`
}

// nodesDocument is a number of nodes or their names.
type nodesDocument struct {
	count leaf[whole]
	names []leaf[name]
	place place
}

func (n *nodesDocument) decode(d *decoder, t *tree) {
	n.place = t.place
	switch t.kind {
	case kindSequence:
		d.into(t, &n.names)
	case kindNumber:
		d.into(t, &n.count)
	default:
		d.fail(t.place, t.describe(), "a number of nodes or a list of their names", "")
	}
}

// diskDocument is how the disks behave.
type diskDocument struct {
	// How long a force (fsync) takes. Default {uniform: [200us, 2ms]}.
	Latency distribution `yaml:"latency"`
}

// clockDocument is how wrong a clock is.
type clockDocument struct {
	// What the clock shows at the start.
	Skew leaf[jump] `yaml:"skew"`
	// How much too fast it runs, such as 100ppm or -1%.
	Drift leaf[drift] `yaml:"drift"`
}

// linksDocument is the network.
type linksDocument struct {
	// The kind of the links. Default: what the protocol demands.
	Kind word[linkKind] `yaml:"kind"`
	conditionsDocument
	// Ordered pairs of nodes whose links differ from the others.
	Between []betweenDocument `yaml:"between"`
	// How long a stream holds what a cut keeps back before it breaks. Default 5 ticks.
	StreamTimeout leaf[duration] `yaml:"stream-timeout"`
	// How long a node takes to learn that a peer cannot be reached. Default 1 tick.
	DialTimeout leaf[duration] `yaml:"dial-timeout"`
	// The way between a client and a node. Default {uniform: [100us, 500us]}.
	ClientDelay distribution `yaml:"client-delay"`
	// Chance that a request or an answer is lost between a client and a node. Default 0%.
	ClientLoss leaf[share] `yaml:"client-loss"`
}

// betweenDocument is the conditions of one ordered pair.
type betweenDocument struct {
	// The sending node.
	From leaf[name] `yaml:"from" jsonschema:"required"`
	// The receiving node.
	To leaf[name] `yaml:"to" jsonschema:"required"`
	conditionsDocument
}

// conditionsDocument is how links treat messages.
type conditionsDocument struct {
	// Delay of a message. Default {uniform: [1ms, 5ms]}.
	Delay distribution `yaml:"delay"`
	// Chance that a datagram is lost.
	Loss leaf[share] `yaml:"loss"`
	// Chance that a datagram arrives twice.
	Duplicate leaf[share] `yaml:"duplicate"`
	// Chance that a datagram is overtaken by later ones: a share, or {chance, delay}.
	Reorder reorderDocument `yaml:"reorder"`
	// Chance that a message is damaged: a datagram is then lost, a stream breaks.
	Corrupt leaf[share] `yaml:"corrupt"`
	// Such as 10MB/s. Default: no limit.
	Bandwidth leaf[speed] `yaml:"bandwidth"`
}

// reorderDocument is a share, or a share and a delay.
type reorderDocument struct {
	Chance leaf[share]
	Delay  distribution
}

// reorderForm is the long form of reorderDocument.
type reorderForm struct {
	// Chance that a message is held back.
	Chance leaf[share] `yaml:"chance" jsonschema:"required"`
	// For how long. Default {uniform: [1ms, 20ms]}.
	Delay distribution `yaml:"delay"`
}

func (r *reorderDocument) decode(d *decoder, t *tree) {
	if t.kind != kindMapping {
		d.into(t, &r.Chance)
		return
	}
	var form reorderForm
	d.into(t, &form)
	r.Chance, r.Delay = form.Chance, form.Delay
}

// clientDocument is a client session, or several alike.
type clientDocument struct {
	// Its name. Default c1, c2, … in order.
	Name leaf[name] `yaml:"name"`
	// Makes several, with 1, 2, … after the name.
	Count leaf[whole] `yaml:"count"`
	// The node beside which it stands and which it asks first. Default: the nodes in turn.
	At leaf[name] `yaml:"at"`
	// A label for the availability figures. Default: the name of the node.
	Side leaf[text] `yaml:"side"`
	// How long it waits for one node's answer. Default 2s.
	Timeout leaf[duration] `yaml:"timeout"`
	// Nodes to ask next, in turn, or `all`. Default: none.
	Retry several[leaf[name]] `yaml:"retry"`
	Place place               `yaml:"-"`
}

// workloadDocument is what the clients do.
type workloadDocument struct {
	// Single operations.
	Script []operationDocument `yaml:"script"`
	// Random operations: one generator, or a list.
	Random several[generatorDocument] `yaml:"random"`
}

// operationDocument is one scripted operation, one of the operationForms.
type operationDocument struct {
	form  any
	place place
}

func (o *operationDocument) decode(d *decoder, t *tree) {
	o.place = t.place
	o.form = d.variantOf(t, operationForms())
}

func operationForms() []variant {
	return []variant{
		{"read", func() any { return new(readForm) }},
		{"write", func() any { return new(writeForm) }},
		{"cas", func() any { return new(casForm) }},
		{"delete", func() any { return new(deleteForm) }},
		{"transfer", func() any { return new(transferForm) }},
		{"transaction", func() any { return new(transactionForm) }},
	}
}

// operationBase is when and who.
type operationBase struct {
	// When the operation starts.
	At leaf[duration] `yaml:"at" jsonschema:"required"`
	// Who starts it. Default: the only client.
	Client leaf[name] `yaml:"client"`
}

type readForm struct {
	operationBase
	// The key to read.
	Read leaf[text] `yaml:"read" jsonschema:"required"`
}

type writeForm struct {
	operationBase
	// The key to write.
	Write leaf[text] `yaml:"write" jsonschema:"required"`
	// The value to write.
	Value leaf[text] `yaml:"value" jsonschema:"required"`
}

type casForm struct {
	operationBase
	// The key to compare and swap.
	CAS leaf[text] `yaml:"cas" jsonschema:"required"`
	// The value that the key must have. Default: none, the key must be absent.
	From leaf[text] `yaml:"from"`
	// The value that it then gets.
	To leaf[text] `yaml:"to" jsonschema:"required"`
}

type deleteForm struct {
	operationBase
	// The key to delete.
	Delete leaf[text] `yaml:"delete" jsonschema:"required"`
}

type transferForm struct {
	operationBase
	// Moves an amount from one key to another: both or neither is changed.
	Transfer transferDocument `yaml:"transfer" jsonschema:"required"`
}

// transferDocument is what a transfer moves.
type transferDocument struct {
	// The key that it is taken from; it holds a whole number, which never falls below 0.
	From leaf[text] `yaml:"from" jsonschema:"required"`
	// The key that it is added to.
	To leaf[text] `yaml:"to" jsonschema:"required"`
	// A whole number above 0.
	Amount leaf[whole] `yaml:"amount" jsonschema:"required"`
	// A third key that it looks at in the same instant. Default: none.
	Look  leaf[text] `yaml:"look"`
	Place place      `yaml:"-"`
}

type transactionForm struct {
	operationBase
	// What it does, all or nothing: appends of elements to lists, and reads of them. Nothing but transactions touches a list, and each of its elements is appended once.
	Transaction []listStepDocument `yaml:"transaction" jsonschema:"required"`
}

// listStepDocument is a part of a transaction, one of the listStepForms.
type listStepDocument struct {
	form  any
	place place
}

func (s *listStepDocument) decode(d *decoder, t *tree) {
	s.place = t.place
	s.form = d.variantOf(t, listStepForms())
}

func listStepForms() []variant {
	return []variant{
		{"append", func() any { return new(appendForm) }},
		{"read", func() any { return new(readListForm) }},
	}
}

type appendForm struct {
	// The list to append to.
	Append leaf[text] `yaml:"append" jsonschema:"required"`
	// The element: a word that nobody else appends to that list.
	Element leaf[text] `yaml:"element" jsonschema:"required"`
}

type readListForm struct {
	// The list to read.
	Read leaf[text] `yaml:"read" jsonschema:"required"`
}

// generatorDocument makes random operations.
type generatorDocument struct {
	// When it begins. Default 0s.
	From leaf[duration] `yaml:"from"`
	// When it ends. Default: when the run ends.
	Until leaf[duration] `yaml:"until"`
	// Operations of each client, such as 20/s. They start whether or not earlier ones were answered.
	Rate leaf[rate] `yaml:"rate" jsonschema:"required"`
	// How many keys (named k1, k2, …), or a list of their names. Default 3.
	Keys keysDocument `yaml:"keys"`
	// Weights of the kinds of operation, such as {read: 50, write: 40, cas: 10}. Default {read: 1, write: 1}. A transfer moves 1 to 9 between two of the keys, which should hold numbers (`initial`) and not be written otherwise. A transaction appends to the keys, which are then lists, and reads them, 1 to 4 times in all.
	Mix mapping[leaf[whole]] `yaml:"mix"`
	// How many of the transfers look at a third key as well. Default 0%.
	Look leaf[share] `yaml:"look"`
	// Who makes them, by name. Default: all clients.
	Clients several[leaf[name]] `yaml:"clients"`
	Place   place               `yaml:"-"`
}

// keysDocument is a number of keys or their names.
type keysDocument struct {
	count leaf[whole]
	names []leaf[text]
	place place
}

func (k *keysDocument) decode(d *decoder, t *tree) {
	k.place = t.place
	if t.kind == kindSequence {
		d.into(t, &k.names)
		return
	}
	d.into(t, &k.count)
}

// livenessDocument is what is demanded once all faults are over.
type livenessDocument struct {
	// How long after the end of the last fault operations must succeed again.
	Within leaf[duration] `yaml:"within" jsonschema:"required"`
}

// swarmDocument is what a sweep may add.
type swarmDocument struct {
	// Kinds of fault that may be drawn; a random subset of them a seed.
	Faults []word[FaultKind] `yaml:"faults"`
	// When the faults begin. Default 1s.
	From leaf[duration] `yaml:"from"`
	// When the faults end: from then on a majority is whole. Default: two thirds of the run.
	Until leaf[duration] `yaml:"until"`
	// Time between two faults: a duration or [shortest, longest]. Default [200ms, 3s].
	Every span `yaml:"every"`
	// How long one lasts: a duration or [shortest, longest]. Default [200ms, 3s].
	Last span `yaml:"last"`
	// How many nodes may be down at a time. Default: a minority.
	Down leaf[whole] `yaml:"down"`
	// Up to how many nodes the cluster may be drawn to have. Default: as many as it has.
	Nodes leaf[whole] `yaml:"nodes"`
	Place place       `yaml:"-"`
}
