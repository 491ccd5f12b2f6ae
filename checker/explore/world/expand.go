package world

import (
	"quorumlab/checker/explore"
	"quorumlab/network"
	"quorumlab/protocols"
)

// The kinds of step.
const (
	kindBoot = iota
	kindDeliver
	kindLearn // that a stream broke
	kindFire
	kindSync
	kindCrash
	kindRestart
	kindInvoke
	kindRequest
	kindAnswer
	kindExpire
	kindLate
	kindDrop
	kindDuplicate
	kindBreak
	kindCut
	kindHeal
	kindLost // to a cut
	kindMiss // what is lost because a node is down
	kindAnew // a client asks anew
	kindTurn // the clock of a node ticks
	kindCount
)

var kindNames = [kindCount]string{
	kindBoot: "boot", kindDeliver: "deliver", kindLearn: "learn of a break", kindFire: "fire", kindSync: "sync",
	kindCrash: "crash", kindRestart: "restart", kindInvoke: "invoke", kindRequest: "request", kindAnswer: "answer",
	kindExpire: "expire", kindLate: "late request", kindDrop: "drop", kindDuplicate: "duplicate", kindBreak: "break",
	kindCut: "cut", kindHeal: "heal", kindLost: "lose to a cut",
	kindMiss: "lose to a crash", kindAnew: "ask anew", kindTurn: "tick",
}

// The budgets, as fields of a state's last word.
const (
	budgetBits  = 4
	usedTimers  = 0
	usedCrashes = budgetBits
	usedDrops   = 2 * budgetBits
	usedBreaks  = usedDrops // streams lose nothing else
	usedDoubles = 3 * budgetBits
	usedIdle    = 4 * budgetBits
	usedExpired = 5 * budgetBits
	usedCuts    = 6 * budgetBits
	// isolated is the node that is cut off, 0 if none is.
	isolated = 7 * budgetBits
)

// situation is a state's words, with the model that they belong to.
type situation struct {
	m     *Model
	words []uint32
	// blind: what is seen and noted is left out.
	blind bool
	// atomic: the disks complete at once what they are given.
	atomic bool
	// hindered: a node sent what depends on a restart, or panicked.
	hindered bool
	// ups are the nodes that run, as bits.
	ups uint32
	// serves are the classes of timers that ran out, were set or cancelled.
	serves uint64
}

// runs reports whether a node runs.
func (s *situation) runs(node protocols.NodeID) bool { return s.ups>>(node-1)&1 != 0 }

// react returns what an act does to a node here.
func (s *situation) react(node protocols.NodeID, a act) *outcome {
	a.atomic = s.atomic
	return s.m.react(s.cell(node), a)
}

func (s *situation) cell(node protocols.NodeID) uint32 { return s.words[node-1] }

// pairAt returns the word of a pair of nodes, the lower first.
func (m *Model) pairAt(a, b protocols.NodeID) int {
	return m.nodes + (int(b)-1)*(int(b)-2)/2 + int(a) - 1
}

func (m *Model) clientAt(client int) int { return m.nodes + m.pairCount() + client }

func (s *situation) client(client int) uint32 { return s.words[s.m.clientAt(client)] }

func (s *situation) setClient(client int, id uint32) { s.words[s.m.clientAt(client)] = id }

func (s *situation) history() *uint32 { return &s.words[len(s.words)-3] }

func (s *situation) monitor() *uint32 { return &s.words[len(s.words)-2] }

func (s *situation) budgets() *uint32 { return &s.words[len(s.words)-1] }

// record adds an entry to what the clients saw.
func (s *situation) record(e entry) {
	if s.blind {
		return
	}
	s.hindered = s.hindered || s.m.config.Limits.PromptCalls && len(s.m.config.Clients) > 1
	what := s.m.entries.Number(e, 0, func() (entry, uint64) { return e, 0 })
	known, ok := s.m.recording.Get(*s.history(), what)
	if !ok {
		known = s.m.append(*s.history(), e)
		s.m.recording.Put(*s.history(), what, known)
	}
	*s.history() = known
}

// up returns which nodes of a pair run.
func (s *situation) up(a, b protocols.NodeID) [2]bool {
	return [2]bool{s.runs(a), s.runs(b)}
}

// apply carries out what an act did to a node.
func (s *situation) apply(node protocols.NodeID, o *outcome) {
	s.words[node-1] = o.cell
	s.serves |= o.timers
	s.ups |= 1 << (node - 1) // while it handles an event it runs, even if that ends it
	for _, sent := range o.sends {
		a, b, direction := min(node, sent.to), max(node, sent.to), uint8(0)
		if node > sent.to {
			direction = 1
		}
		at := s.m.pairAt(a, b)
		s.hindered = s.hindered || !s.runs(sent.to)
		s.words[at] = s.m.happen(s.words[at], move{
			kind: sendMessage, direction: direction, message: sent.message, up: s.up(a, b), cut: s.cut(a, b),
		}).pair
	}
	s.taken(o) // before the answers: who leads by this step does so when they are given
	for _, r := range o.replies {
		s.m.reply(s, node, r)
	}
	if o.hits&hitsPanic != 0 {
		s.ups &^= 1 << (node - 1)
	}
	s.hindered = s.hindered || o.hits&hitsPanic != 0 || o.leads && s.m.durable || o.commits && s.m.voting
}

// taken takes down what a node noted.
func (s *situation) taken(o *outcome) {
	if s.blind {
		return
	}
	*s.monitor() = s.m.note(*s.monitor(), o.notes)
	if o.broken != "" {
		*s.monitor() = s.m.fail(*s.monitor(), o.hits, o.broken)
	}
}

// cut reports whether what is sent between two nodes does not arrive.
func (s *situation) cut(a, b protocols.NodeID) bool {
	alone := protocols.NodeID(*s.budgets() >> isolated)
	return alone == a || alone == b
}

// expander computes successors.
type expander struct {
	*Model
	asked []question
	batch *explore.Batch
	now   []uint32
	next  situation
	// What the state at hand has of the nodes, and which of them run and which
	// are given nothing until their disks are done, as bits.
	contents     []*content
	ups, waiting uint32
	// Of partial-order reduction: that it is asked whether steps may be explored
	// ahead; the node that only is asked about, or the
	// one that does nothing, and what was found about it.
	ahead         bool
	only, without protocols.NodeID
	touched       bool
	// starting: it looks for the state to begin with, without clients, faults
	// and limits.
	starting   bool
	budgets    Budgets
	effectless bool
	// hinted: a hint is under way, which comes first.
	hinted bool
	// busy: something can happen in this state that is no fault, restart or
	// timer.
	busy bool
}

// Hits implements explore.Expander.
func (x *expander) Hits(words []uint32) uint64 {
	n := len(words)
	found := x.histories.At(words[n-3]).hits | x.monitors.At(words[n-2]).hits
	if x.locking || x.conserving {
		found |= x.resourceHits(words)
	}
	if x.config.AtLast {
		found |= x.atLast(words)
	}
	if found == 0 {
		return 0
	}
	if found&hitsReason != 0 && words[n-1] != 0 {
		found &^= hitsReason // there was a fault, or a timer ran out
	}
	var hits uint64
	for i := range x.asked {
		if found&x.asked[i].bit != 0 {
			hits |= 1 << i
		}
	}
	return hits
}

// begin makes the successor a copy of the state.
func (x *expander) begin() *situation {
	x.next = situation{m: x.Model, words: x.batch.Next(), blind: x.without != 0, atomic: x.atomic(), ups: x.ups}
	copy(x.next.words, x.now)
	return &x.next
}

// done ends the successor. a, b and c tell the step apart from others of its
// kind.
func (x *expander) done(kind, a, b int, c uint32) {
	x.busy = x.busy || ordinary[kind]
	switch {
	case x.without != 0:
		x.heed()
	case x.next.hindered && x.ahead:
		x.touched = true
	}
	x.attribute(kind, a, b)
	if x.config.AtLast {
		x.batch.Serves(x.next.serves | x.classOf(kind, a, b))
	}
	x.batch.Done(explore.Label(kind) | explore.Label(a)<<8 | explore.Label(b)<<16 | explore.Label(c)<<24)
}

// spends reports whether a budget allows one more.
func (x *expander) spends(field, most int) bool {
	return used(x.now[len(x.now)-1], field) < most
}

// used returns how much of a budget is used up.
func used(budgets uint32, field int) int { return int(budgets >> field & (1<<budgetBits - 1)) }

func (x *expander) spend(field int) { *x.next.budgets() += 1 << field }

// look turns to a state.
func (x *expander) look(words []uint32, b *explore.Batch) {
	x.batch, x.now, x.ups, x.waiting = b, words, 0, 0
	for i := range x.contents {
		c := x.cells.At(words[i])
		x.contents[i] = c
		if c.Up {
			x.ups |= 1 << i
		}
		if c.Disk.Syncing > 0 {
			x.waiting |= 1 << i
		}
	}
	if x.starting || !x.config.Limits.PromptDisks {
		x.waiting = 0
	}
}

// Expand implements explore.Expander.
func (x *expander) Expand(words []uint32, b *explore.Batch) {
	x.look(words, b)
	x.busy = false
	if x.monitors.At(words[len(words)-2]).hits&hitsPanic != 0 {
		return // nothing can be told of what comes after
	}
	if x.serving && !x.starting && x.served(words) {
		return // what comes after is not asked about
	}
	x.hinted = x.config.Limits.PromptHints && !x.starting && x.deliverHint()
	for i := range x.nodes {
		x.expandNode(protocols.NodeID(i + 1))
		for j := range i {
			x.expandPair(protocols.NodeID(j+1), protocols.NodeID(i+1))
		}
	}
	for client := range x.config.Clients {
		if !x.hinted {
			x.expandClient(client)
		}
	}
	x.expandTimers()
	x.expandCuts()
}

// expandCuts adds that a node is cut off, or that the cut ends.
func (x *expander) expandCuts() {
	now := x.now[len(x.now)-1]
	if alone := now >> isolated; alone != 0 {
		*x.begin().budgets() = now & (1<<isolated - 1)
		x.done(kindHeal, int(alone), 0, 0)
		return
	}
	if !x.spends(usedCuts, x.budgets.Cuts) {
		return
	}
	for i := range x.nodes {
		*x.begin().budgets() = now | uint32(i+1)<<isolated
		x.spend(usedCuts)
		x.done(kindCut, i+1, 0, 0)
	}
}

// expandNode adds what may happen to a node by itself.
func (x *expander) expandNode(id protocols.NodeID) {
	c := x.contents[id-1]
	if !c.Up {
		if x.config.Limits.Deathly && !x.starting {
			return
		}
		s := x.begin()
		s.apply(id, s.react(id, act{kind: restart}))
		x.done(kindRestart, int(id), 0, 0)
		return
	}
	if c.Disk.Syncing > 0 && !x.hinted {
		s := x.begin()
		s.apply(id, s.react(id, act{kind: sync}))
		x.done(kindSync, int(id), 0, 0)
	}
	if x.spends(usedCrashes, x.budgets.Crashes) {
		for keep := range c.Disk.Unforced() + 1 {
			x.crash(id, keep)
		}
	}
}

func (x *expander) crash(id protocols.NodeID, keep int) {
	s := x.begin()
	for i := range x.nodes {
		if peer := protocols.NodeID(i + 1); peer != id {
			a, b := min(id, peer), max(id, peer)
			v := move{kind: crashSide, up: s.up(a, b), cut: s.cut(a, b)}
			if id == b {
				v.direction = 1
			}
			at := x.pairAt(a, b)
			s.words[at] = x.happen(s.words[at], v).pair
		}
	}
	s.words[id-1] = x.react(s.cell(id), act{kind: crash, keep: keep}).cell
	s.ups &^= 1 << (id - 1)
	x.hangUp(s, id)
	x.spend(usedCrashes)
	x.settle(s)
	x.done(kindCrash, int(id), keep, 0)
}

// expandPair adds what may happen between two nodes.
func (x *expander) expandPair(a, b protocols.NodeID) {
	at := x.pairAt(a, b)
	p := x.pairs.At(x.now[at])
	datagrams := x.config.Protocol.Links == protocols.Datagram
	for direction, queue := range p.queues {
		from, to := a, b
		if direction == 1 {
			from, to = b, a
		}
		if to == x.without || x.only != 0 && to != x.only {
			continue // it is not asked about
		}
		if x.ups>>(to-1)&1 == 0 && !x.missing() {
			continue // a datagram may wait for the restart; a stream has nothing
		}
		if x.waits(to) {
			continue
		}
		for i, item := range queue {
			if i > 0 && (!datagrams || queue[i-1] == item) {
				continue
			}
			if !x.hinted {
				x.deliver(at, from, to, direction, i)
			}
			if datagrams {
				x.disturb(at, from, to, direction, i)
			}
		}
	}
	if p.established && x.only == 0 && x.spends(usedBreaks, x.budgets.Breaks) {
		x.touched = x.touched || x.without == a || x.without == b
		forth, hither := p.inFlight(0), p.inFlight(1)
		if (&situation{m: x.Model, words: x.now}).cut(a, b) {
			forth, hither = 0, 0 // it has not reached the other's machine
		}
		for there := range forth + 1 {
			for back := range hither + 1 {
				s := x.begin()
				s.words[at] = x.happen(s.words[at], move{
					kind: breakStream, at: uint8(there), back: uint8(back), up: s.up(a, b), cut: s.cut(a, b),
				}).pair
				x.spend(usedBreaks)
				x.done(kindBreak, int(a), int(b), uint32(there)|uint32(back)<<8)
			}
		}
	}
}

// deliver adds the delivery of a packet. It reports false, and adds nothing, if
// that would show nothing.
func (x *expander) deliver(at int, from, to protocols.NodeID, direction, i int) bool {
	s := x.begin()
	d := x.happen(s.words[at], move{
		kind: deliverPacket, direction: uint8(direction), at: uint8(i), up: s.up(min(from, to), max(from, to)), cut: s.cut(from, to),
	})
	s.words[at] = d.pair
	switch d.outcome {
	case network.Delivered:
		o := s.react(to, act{kind: receive, peer: from, message: d.message})
		if x.effectless && o.cell == s.cell(to) && o.idle() {
			return false // as good as under way still
		}
		s.apply(to, o)
		x.done(kindDeliver, int(from), int(to), d.message)
	case network.Broken:
		s.apply(to, s.react(to, act{kind: disconnect, peer: from}))
		x.done(kindLearn, int(from), int(to), 0)
	case network.Dropped:
		if x.effectless {
			return false
		}
		kind := kindLost
		if !s.runs(to) {
			kind = kindMiss
		}
		x.done(kind, int(from), int(to), d.message)
	}
	return true
}

// disturb adds what a network may do to a datagram.
func (x *expander) disturb(at int, from, to protocols.NodeID, direction, i int) {
	message := x.pairs.At(x.now[at]).queues[direction][i] - 1
	v := move{direction: uint8(direction), at: uint8(i)}
	if x.spends(usedDrops, x.budgets.Drops) && !x.lossless() {
		s := x.begin()
		v.kind, v.up = dropPacket, s.up(min(from, to), max(from, to))
		s.words[at] = x.happen(s.words[at], v).pair
		x.spend(usedDrops)
		x.done(kindDrop, int(from), int(to), message)
	}
	if x.spends(usedDoubles, x.budgets.Duplicates) {
		s := x.begin()
		v.kind, v.up = doublePacket, s.up(min(from, to), max(from, to))
		s.words[at] = x.happen(s.words[at], v).pair
		x.spend(usedDoubles)
		x.done(kindDuplicate, int(from), int(to), message)
	}
}
