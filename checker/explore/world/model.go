package world

import (
	"errors"
	"fmt"
	"slices"
	gosync "sync"

	"quorumlab/checker/explore"
	"quorumlab/protocols"
	"quorumlab/protocols/state"
)

// The properties, as bits.
const (
	hitsLinear uint64 = 1 << iota
	hitsOrder
	hitsLeader
	hitsDecision
	hitsForce
	hitsPanic
	hitsAnswered
	hitsChoice
	hitsBallot
	hitsPromise
	hitsTwice
	hitsEpoch
	hitsDurable
	hitsValid
	hitsIntegrity
	hitsRefines
	hitsUnanimous
	hitsConserved
	hitsLocks
	hitsFree
	hitsReason
	hitsResolved
	hitsServed
)

// Model is a world as a model.
type Model struct {
	config Config
	codec  *state.Codec
	nodes  int

	cells     explore.Interner[string, *content]
	timers    explore.Interner[protocols.Timer, protocols.Timer]
	messages  explore.Interner[string, protocols.Message]
	results   explore.Interner[string, protocols.Reply]
	pairs     explore.Interner[string, *pair]
	clients   explore.Interner[clientState, clientState]
	histories explore.Interner[string, *judged]
	noteds    explore.Interner[string, *noted]
	monitors  explore.Interner[string, *monitor]
	values    explore.Interner[string, string]

	adding    gosync.Mutex // for the arenas
	outcomes  explore.Arena[outcome]
	moveds    explore.Arena[moved]
	reacted   explore.Memo // cell, act → outcome
	moving    explore.Memo // pair, move → moved
	noting    explore.Memo // monitor, notes → monitor
	blurred   explore.Memo // pair, direction → pair
	recording explore.Memo // history, entry → history
	entries   explore.Interner[entry, entry]

	// durable and integrity tell that these are asked of the protocol.
	durable, integrity bool
	// voting: ac3 is asked; locking: what is in doubt holds locks; conserving: the
	// balances sum up to the total.
	voting, locking, conserving bool
	// free: p2c is asked.
	free         bool
	total        int64
	transactions explore.Interner[uint64, uint64]
	holding      explore.Memo // cell, question → answer
	// serving: what is asked at last is that clients get what they ask for.
	serving bool
	owed    timerClasses
	// disturbed: before exploration begins something was wrong, or a timer ran out.
	disturbed bool
	// prologue leads from boot to where exploration begins, nil if that is boot.
	prologue *explore.Path

	coverage covered
}

// commandsMax is the most that a client can ask: its requests have a byte.
const commandsMax = 255

// New makes a model of a world. The error tells what is wrong with the
// protocol's parameters.
func New(config Config) (*Model, error) {
	m := &Model{config: config, codec: config.Codec, nodes: len(config.Names)}
	m.durable = slices.Contains(config.Protocol.Invariants, "durability")
	m.integrity = slices.Contains(config.Protocol.Invariants, "zab-integrity")
	m.voting = slices.Contains(config.Protocol.Invariants, "ac3")
	m.free = slices.Contains(config.Protocol.Invariants, "p2c")
	m.locking = slices.Contains(config.Protocol.Invariants, "in-doubt-locks")
	for i := range config.Names {
		if _, err := config.newNode(protocols.NodeID(i + 1)); err != nil {
			return nil, err
		}
	}
	for _, client := range config.Clients {
		if len(client.Contacts) == 0 || len(client.Commands) > commandsMax {
			return nil, errors.New("world: a client without contacts, or with too much to ask")
		}
	}
	b := &config.Budgets
	for _, budget := range []int{b.Timers, b.Idle, b.Crashes, b.Drops, b.Duplicates, b.Breaks, b.Expirations, b.Cuts} {
		if budget < 0 || budget > BudgetMax {
			return nil, fmt.Errorf("world: a budget of %d, expected 0 to %d", budget, BudgetMax)
		}
	}
	if config.Protocol.Links == protocols.Stream && b.Drops+b.Duplicates > 0 || config.Protocol.Links == protocols.Datagram && b.Breaks > 0 {
		return nil, errors.New("streams neither drop nor double, and datagrams do not break")
	}
	if b.Expirations > expirationsMax {
		return nil, fmt.Errorf("world: clients give up %d times, expected 0 to %d", b.Expirations, expirationsMax)
	}
	if config.AtLast {
		if err := m.prepareAtLast(); err != nil {
			return nil, err
		}
	}
	m.history(nil)
	if config.Limits.Start != FromBoot || len(config.Limits.Before) > 0 {
		if err := m.walkToStart(); err != nil {
			return nil, err
		}
		m.disturbed = slices.ContainsFunc(m.prologue.Steps, func(l explore.Label) bool { return !ordinary[l.Kind()] })
	}
	if slices.Contains(config.Protocol.Invariants, "conservation") {
		initial := explore.NewStepper(m).Initial()[0]
		total, known := m.sum(initial)
		m.total, m.conserving = total, known && m.conserves(initial)
	}
	return m, nil
}

// Width implements explore.Model: nodes, pairs, clients, history, monitor and
// budgets.
func (m *Model) Width() int { return m.nodes + m.pairCount() + len(m.config.Clients) + 3 }

func (m *Model) pairCount() int { return m.nodes * (m.nodes - 1) / 2 }

// Bytes implements explore.Model. What nodes hold is counted by the size of
// their canonical bytes.
func (m *Model) Bytes() uint64 {
	return m.cells.Bytes() + m.timers.Bytes() + m.messages.Bytes() + m.results.Bytes() + m.pairs.Bytes() +
		m.clients.Bytes() + m.histories.Bytes() + m.noteds.Bytes() + m.monitors.Bytes() +
		m.values.Bytes() + m.reacted.Bytes() + m.moving.Bytes() + m.noting.Bytes() + m.recording.Bytes() + m.blurred.Bytes() + m.entries.Bytes() + m.holding.Bytes()
}

// question is a property with the bit that tells of it.
type question struct {
	explore.Property
	bit uint64
	// promised: it is asked only of a protocol that names it as an invariant.
	promised bool
}

// questions lists what can be told from a state.
func questions() []question {
	never := func(bit uint64, promised bool, name, sentence string) question {
		return question{explore.Property{Name: name, Sentence: sentence}, bit, promised}
	}
	sometimes := func(bit uint64, name, sentence string) question {
		return question{explore.Property{Name: name, Sentence: sentence, Expectation: explore.Sometimes}, bit, false}
	}
	atLast := func(bit uint64, name, sentence string) question {
		return question{explore.Property{Name: name, Sentence: sentence, Expectation: explore.Again}, bit, false}
	}
	return []question{
		never(hitsLinear, false, "linearizable", "What the clients saw is linearizable."),
		never(hitsOrder, true, "prefix", "Of the sequences that any two nodes deliver, one is the beginning of the other."),
		never(hitsLeader, true, "one-leader-an-epoch", "No two nodes lead the same epoch."),
		never(hitsEpoch, true, "epoch-established-once", "No epoch is established twice, not even by the same node."),
		never(hitsDecision, true, "ac1", "No two nodes decide differently on a transaction."),
		never(hitsTwice, true, "ac2", "No node decides twice on a transaction, and differently the second time."),
		never(hitsUnanimous, true, "ac3", "A transaction is committed only if every participant has voted YES, or read-only, before."),
		never(hitsReason, true, "ac4", "If every participant votes YES, and there is no fault and no time-out, the transaction is not aborted."),
		never(hitsLocks, true, "in-doubt-locks", "From its YES until it decides a participant holds locks of the transaction, whenever it runs."),
		never(hitsConserved, true, "conservation", "The sum of all balances, with what is committed and not yet carried out, stays the same."),
		never(hitsChoice, true, "agreement", "No two nodes take different values for chosen in a slot."),
		never(hitsBallot, true, "one-value-a-ballot", "In one slot and one ballot no two values are proposed or accepted."),
		never(hitsFree, true, "p2c", "A value is proposed in a ballot only if a quorum of those who promised it had accepted nothing below, or that value in the highest ballot below."),
		never(hitsPromise, true, "promise", "The ballot that an acceptor has promised never falls, and it accepts in none below."),
		never(hitsValid, true, "validity", "What is chosen in a slot was proposed there."),
		never(hitsIntegrity, true, "zab-integrity", "What a node delivers, some leader has broadcast before."),
		never(hitsDurable, true, "durability", "What a client was told is done, every leader of a later term has delivered."),
		never(hitsForce, true, "force-order", "A message that is true only if something is on its sender's disk is sent only when it is."),
		never(hitsRefines, false, "refines-zab-spec", "Every step of a node is a step of the specification, or changes nothing of what that speaks of."),
		never(hitsPanic, false, "no-panic", "No node meets what it takes for impossible."),
		sometimes(hitsAnswered, "answered", "A client is answered."),
		atLast(hitsResolved, "ac5", "Whenever a participant has voted YES, it has decided at last, and holds no locks of the transaction any more; of nodes that stay down nothing is asked."),
		atLast(hitsServed, "served", "All that clients ask is answered at last."),
	}
}

// asked returns what is asked of this protocol in this world.
func (m *Model) asked() []question {
	return slices.DeleteFunc(questions(), func(q question) bool {
		return q.promised && !slices.Contains(m.config.Protocol.Invariants, q.Name) ||
			len(m.config.Clients) == 0 && q.bit&(hitsAnswered|hitsLinear) != 0 ||
			m.config.Record == nil && q.bit == hitsLinear || m.config.Shadow == nil && q.bit == hitsRefines ||
			!m.conserving && q.bit == hitsConserved || m.disturbed && q.bit == hitsReason ||
			q.bit == hitsResolved && !(m.config.AtLast && m.voting) || q.bit == hitsServed && !m.serving
	})
}

// Properties implements explore.Model: of the invariants that the protocol
// names, those that can be told from a state.
func (m *Model) Properties() []explore.Property {
	var properties []explore.Property
	for _, q := range m.asked() {
		properties = append(properties, q.Property)
	}
	return properties
}

// Kinds implements explore.Model.
func (m *Model) Kinds() []string { return kindNames[:] }

// Expander implements explore.Model.
func (m *Model) Expander() explore.Expander {
	return &expander{
		Model: m, asked: m.asked(), budgets: m.config.Budgets, contents: make([]*content, m.nodes),
		effectless: m.config.Limits.Effectless && m.config.Protocol.Links == protocols.Datagram && !m.config.AtLast,
	}
}

func (m *Model) name(id protocols.NodeID) string { return m.config.Names[id-1] }
