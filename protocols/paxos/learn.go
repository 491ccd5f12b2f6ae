package paxos

import (
	"slices"
	"time"

	"quorumlab/protocols"
)

// A learner must apply what was chosen, in the order of slots, without a hole,
// and must know that it was chosen. It knows so of its own vote in the leader's
// ballot for a slot that the leader calls chosen: a leader proposes one value in
// a slot. Of every other slot it asks for what was chosen. All nodes are
// learners, members or not.

// Catching is what a node asked for that it lacks.
type Catching struct {
	// From is the first slot asked for, 0 if nothing is; Age counts half ticks.
	From uint64
	Age  uint64
}

func (n *Node) onCommit(from int, m Commit, out *protocols.Effects) {
	if !n.refuses(from, m.Ballot, out) {
		n.follow(from, m.Ballot, out)
		n.hear(from, m.Ballot, m.Chosen, out)
	}
}

// hear takes up that all slots up to chosen are, as the leader of a ballot says.
func (n *Node) hear(from int, ballot Ballot, chosen uint64, out *protocols.Effects) {
	if n.Leading.Stage >= Recovering || n.Chosen >= chosen {
		return
	}
	for n.Chosen < chosen {
		if e := n.Log.at(n.Chosen + 1); e == nil || e.Ballot != ballot {
			break
		}
		n.apply(out)
	}
	n.afterApply(out)
	if n.Chosen < chosen {
		n.ask(from, out)
	}
}

// ask asks a node for what was chosen after what this one has, unless it has
// just done so.
func (n *Node) ask(from int, out *protocols.Effects) {
	if c := &n.Catching; c.From != n.Chosen+1 && !n.receiving() {
		*c = Catching{From: n.Chosen + 1}
		out.Send(n.Nodes[from], Ask{From: c.From})
	}
}

// askAnew has the next occasion ask once more: the answer may be lost.
func (n *Node) askAnew() { n.Catching = Catching{} }

func (n *Node) learnerOnTick(out *protocols.Effects) {
	if c := &n.Catching; c.From != 0 {
		if c.Age++; c.Age > 1 {
			n.askAnew()
		}
	}
	n.receivingOnTick(out)
}

func (n *Node) onAsk(from int, m Ask, out *protocols.Effects) {
	switch {
	case m.From > n.Chosen:
	case m.From >= n.Log.First:
		out.Send(n.Nodes[from], n.learn(m.From))
	default:
		n.serve(from, out)
	}
}

// learnLeast is how many slots a node that lags gets at once, whatever the size of
// a batch: one batch a round trip may be no more than what is chosen meanwhile, and
// where a quorum needs new members they hold all up until they have caught up.
const learnLeast = 64

// learn tells what was chosen from a slot on that is in the log.
func (n *Node) learn(first uint64) Learn {
	m := Learn{First: first, Chosen: n.Chosen}
	most := max(n.Options.Batch, learnLeast)
	var bytes weight
	for slot := first; slot <= n.Chosen && len(m.Values) < most && !bytes.full(m.Values); slot++ {
		e := n.Log.at(slot)
		m.Ballots = append(m.Ballots, e.Ballot)
		m.Values = append(m.Values, e.Value)
	}
	return m
}

func (n *Node) onLearn(now time.Duration, from int, m Learn, out *protocols.Effects) {
	last := m.First + uint64(len(m.Values)) - 1
	if m.First > n.Chosen+1 {
		n.ask(from, out)
		return
	}
	if len(m.Values) == 0 || last <= n.Chosen {
		return
	}
	if g := &n.Leading; g.Stage >= Recovering {
		// An established leader has all that was chosen below its ballot:
		// somebody above it has chosen more.
		if slices.Max(m.Ballots) <= g.Ballot {
			return
		}
		n.depose("a higher ballot has chosen", out)
	}
	out.Note(protocols.Note{Kind: protocols.Synchronized, Slot: last, Text: fromLog})
	for slot := n.Chosen + 1; slot <= last; slot++ {
		ballot, value := m.Ballots[slot-m.First], m.Values[slot-m.First]
		if e := n.Log.at(slot); e == nil || e.Ballot < ballot {
			n.raise(ballot)
			n.record(slot, ballot, value)
		} else {
			e.Value = value // which it has already if it voted in a ballot as high
		}
		n.apply(out)
	}
	n.afterApply(out)
	if n.Chosen < m.Chosen {
		n.ask(from, out)
	}
	n.lead(now, out)
}

// apply applies the next slot, which is chosen and in the log.
func (n *Node) apply(out *protocols.Effects) {
	n.Chosen++
	value := n.Log.at(n.Chosen).Value
	out.Note(protocols.Note{Kind: protocols.Delivered, Slot: n.Chosen, Value: value})
	switch v := value.(type) {
	case Command:
		n.Log.Weight.Add(v.Command)
		n.execute(&v, out)
	case Readmission:
		n.readmit(v, out)
	case Noop:
	}
}

// execute applies a client's command, unless it was executed before.
func (n *Node) execute(c *Command, out *protocols.Effects) {
	members, change := c.Command.(protocols.Reconfigure)
	result, fresh := n.Sessions.Apply(c.Client, c.Request, c.Command)
	if n.Leading.Pending != nil && n.Leading.Pending[c.Client] == c.Request {
		delete(n.Leading.Pending, c.Client)
	}
	if change && fresh {
		n.reconfigure(members.Members, out)
	}
	n.answerWait(c, result, fresh, out)
}

// partFromLeader: a leader that is no member of the next slot's configuration
// proposes nothing any more, and is not waited for.
func (n *Node) partFromLeader() {
	if position, ok := n.lookup(n.Leader); ok && n.Leader != n.Self && n.at(n.Chosen+1).Voters&bit(position) == 0 {
		n.Leader = 0
		n.Silence = n.Options.Election
	}
}

// afterApply answers whom a slot that is applied now lets answer, and makes a
// snapshot if it is time.
func (n *Node) afterApply(out *protocols.Effects) {
	n.partFromLeader()
	n.answerForced(out)
	n.answerReads(out)
	n.compact()
}
