package paxos

import (
	"time"

	"quorumlab/protocols"
	"quorumlab/protocols/machine"
)

// The second phase must let a value be chosen only if a quorum of the slot's
// configuration has it on disk in one ballot, and must propose in a slot only
// what the promises leave free: the inherited value, if there is one; a no-op,
// if a later slot has one and this has none; else what clients ask. In steady
// state a command costs two message delays: ACCEPT, ACCEPTED.
//
// Commands travel in batches, of which Window may be under way: while there is
// room a command is sent at once, else it waits for company.

// propose fills the slots that may be proposed now. It reports whether it sent
// anything.
func (n *Node) propose(out *protocols.Effects) (sent bool) {
	g := &n.Leading
	for g.Stage >= Recovering && n.Chosen >= g.Known && g.OpenBytes < openMost {
		c := n.at(g.Next)
		last := n.lastOf(c)
		if g.Next > last || !n.promised(c) || !n.ready(c) {
			break
		}
		values := n.fill(last)
		if len(values) == 0 {
			break
		}
		n.sendAccept(c, values, out)
		sent = true
	}
	return sent
}

// lastOf returns the last slot that may be proposed in a configuration now.
func (n *Node) lastOf(c *Configuration) uint64 {
	last := n.Chosen + n.Options.Alpha
	for i := range n.Configurations {
		if from := n.Configurations[i].From; from > c.From {
			last = min(last, from-1)
			break
		}
	}
	if n.Options.Slots > 0 {
		last = min(last, n.Options.Slots)
	}
	return last
}

// fill returns what to propose in the slots from Next on.
func (n *Node) fill(last uint64) []protocols.Record {
	g := &n.Leading
	var values []protocols.Record
	var bytes weight
	for slot := g.Next; slot <= last && len(values) < n.Options.Batch && !bytes.full(values); slot++ {
		switch {
		case len(g.Inherited) > 0 && g.Inherited[0].Slot == slot:
			values = append(values, g.Inherited[0].Value)
			g.Inherited = g.Inherited[1:]
		case len(g.Inherited) > 0:
			values = append(values, Noop{})
		case g.Stage != Established:
			return values
		case len(g.Queue) > 0 && (len(values) > 0 || len(g.Batches) < n.Options.Window):
			values = append(values, g.Queue[0])
			g.Queue = g.Queue[1:]
		case len(g.Queue) == 0 && slot <= n.latest().From && n.latest().Decided > 0:
			values = append(values, Noop{}) // a new configuration is to come into force
		default:
			return values
		}
	}
	return values
}

// batchBytes is from how many bytes of commands on a message gets no more of them: a
// driver's frame has to hold it.
const batchBytes = 256 << 10

// weight sums up the sizes of a growing list of values.
type weight struct{ counted, bytes int }

// full reports whether the values are as many bytes as a message takes.
func (w *weight) full(values []protocols.Record) bool {
	for ; w.counted < len(values); w.counted++ {
		w.bytes += sizeOf(values[w.counted])
	}
	return w.bytes >= batchBytes
}

// sizeOf returns about how many bytes a value has, but for a few.
func sizeOf(value protocols.Record) int {
	if carrier, ok := value.(protocols.Carrier); ok {
		return machine.SizeOf(carrier.Carries())
	}
	return 0
}

// why says in a word what the leader proposes a value for, but for a client.
func (g *Leading) why(value protocols.Record) string {
	switch _, noop := value.(Noop); {
	case noop:
		return noOp
	case g.Stage == Recovering:
		return anew
	}
	return ""
}

// sendAccept proposes values for the slots from Next on. The leader writes them
// to its own log, too; whether that is a vote its configuration says.
func (n *Node) sendAccept(c *Configuration, values []protocols.Record, out *protocols.Effects) {
	g := &n.Leading
	first := g.Next
	for i, value := range values {
		slot := first + uint64(i)
		out.Note(protocols.Note{
			Kind: protocols.Proposed, Term: uint64(g.Ballot), Slot: slot, Value: value, Text: g.why(value),
		})
		out.Note(protocols.Note{Kind: protocols.Broadcast, Slot: slot, Value: value})
		n.record(slot, g.Ballot, value)
		g.Open = append(g.Open, Open{})
		g.OpenBytes += sizeOf(value)
	}
	g.Next += uint64(len(values))
	g.Batches = append(g.Batches, g.Next-1)
	var message protocols.Message = Accept{Ballot: g.Ballot, First: first, Values: values, Chosen: n.Chosen}
	for _, m := range c.Members {
		if m.Node != n.Self {
			out.Send(m.Node, message)
		}
	}
	if n.votes(first) {
		n.hold(n.Position, Accepted{
			Ballot: g.Ballot, Incarnation: n.Incarnation, First: first, Last: g.Next - 1,
		}, values)
	}
}

// lag is how many slots beyond what it has applied a node accepts, so that its
// log is bounded. One that is further behind has to catch up first.
func (n *Node) lag() uint64 { return 4*n.Options.Alpha + 1024 }

func (n *Node) onAccept(from int, m Accept, out *protocols.Effects) {
	if n.refuses(from, m.Ballot, out) {
		return
	}
	n.follow(from, m.Ballot, out)
	n.hear(from, m.Ballot, m.Chosen, out)
	last := m.First + uint64(len(m.Values)) - 1
	if len(m.Values) > 0 && last <= n.Chosen+n.lag() && n.votes(m.First) && n.ready(n.at(m.First)) {
		n.raise(m.Ballot)
		for i, value := range m.Values {
			slot := m.First + uint64(i)
			// What is gone from the log is in the snapshot.
			if e := n.Log.at(slot); slot >= n.Log.First && (e == nil || e.Ballot < m.Ballot) {
				n.record(slot, m.Ballot, value)
			}
		}
		n.vow(from, Accepted{Ballot: m.Ballot, Incarnation: n.Incarnation, First: m.First, Last: last}, m.Values, out)
	}
}

// refuses rejects what is of a ballot below the promise.
func (n *Node) refuses(from int, ballot Ballot, out *protocols.Effects) bool {
	n.see(ballot)
	if ballot >= n.Promised {
		return false
	}
	out.Send(n.Nodes[from], Reject{Ballot: ballot, Promised: n.Promised})
	return true
}

// raise makes a ballot the promised one, if it is higher. To accept in a ballot
// is to promise it.
func (n *Node) raise(ballot Ballot) {
	n.see(ballot)
	if ballot > n.Promised {
		n.Promised = ballot
		n.writeMeta()
	}
}

func (n *Node) see(ballot Ballot) { n.Seen = max(n.Seen, ballot) }

// vow sends a message that is true once all that was written so far is on disk.
func (n *Node) vow(to int, message protocols.Message, values []protocols.Record, out *protocols.Effects) {
	if n.Stable.Durable < n.Stable.Queued {
		n.hold(to, message, values)
		return
	}
	n.noteVow(message, values, out)
	out.Send(n.Nodes[to], message)
}

// noteVow tells of a vow that is on disk now.
func (n *Node) noteVow(message protocols.Message, values []protocols.Record, out *protocols.Effects) {
	switch m := message.(type) {
	case PromisePart:
		out.Note(protocols.Note{Kind: protocols.Promised, Term: uint64(m.Ballot)})
	case Promise:
		out.Note(protocols.Note{Kind: protocols.Promised, Term: uint64(m.Ballot)})
	case Accepted:
		for i, value := range values {
			out.Note(protocols.Note{
				Kind: protocols.Accepted, Term: uint64(m.Ballot), Slot: m.First + uint64(i), Value: value,
			})
		}
	}
}

func (n *Node) onPersisted(now time.Duration, mark uint64, out *protocols.Effects) {
	s := &n.Stable
	if !s.Writing || mark != s.Mark {
		return // of no Persist that is under way
	}
	s.Writing = false
	s.Durable = s.Handed
	for len(s.Held) > 0 && s.Held[0].Write <= s.Durable {
		held := s.Held[0]
		s.Held = s.Held[1:]
		n.noteVow(held.Message, held.Values, out)
		held.Message = n.merge(held, out)
		if m, ok := held.Message.(Prepare); ok && m.Ballot != n.Leading.Ballot {
			continue // given up meanwhile
		}
		if held.To == n.Position {
			n.receive(now, held.To, held.Message, out)
		} else {
			out.Send(n.Nodes[held.To], held.Message)
		}
	}
}

// merge takes the votes for slots that follow those of a message, and go to the
// same node at the same time, into it.
func (n *Node) merge(held Held, out *protocols.Effects) protocols.Message {
	accepted, ok := held.Message.(Accepted)
	if !ok {
		return held.Message
	}
	s := &n.Stable
	for len(s.Held) > 0 && s.Held[0].Write <= s.Durable && s.Held[0].To == held.To {
		next, ok := s.Held[0].Message.(Accepted)
		if !ok || next.Ballot != accepted.Ballot || next.First != accepted.Last+1 {
			break
		}
		n.noteVow(next, s.Held[0].Values, out)
		accepted.Last = next.Last
		s.Held = s.Held[1:]
		held.Message = accepted
	}
	return held.Message
}

func (n *Node) onAccepted(now time.Duration, from int, m Accepted, out *protocols.Effects) {
	g := &n.Leading
	if g.Stage < Recovering || m.Ballot != g.Ballot {
		return
	}
	for slot := max(m.First, n.Chosen+1); slot <= m.Last && slot < g.Next; slot++ {
		c := n.at(slot)
		open := &g.Open[slot-n.Chosen-1]
		if open.Chosen || !c.has(n.Nodes[from], m.Incarnation) {
			continue
		}
		open.Votes |= bit(from)
		if n.chooses(c, open.Votes) {
			open.Chosen = true
			out.Note(protocols.Note{
				Kind: protocols.Chosen, Term: uint64(g.Ballot), Slot: slot, Value: n.Log.at(slot).Value,
			})
		}
	}
	if len(g.Open) > 0 && g.Open[0].Chosen {
		n.advance(now, out)
	}
}

// advance applies the slots that are chosen without a hole before them, tells
// the others, and goes on.
func (n *Node) advance(now time.Duration, out *protocols.Effects) {
	g := &n.Leading
	first := n.Chosen + 1
	for len(g.Open) > 0 && g.Open[0].Chosen {
		g.Open = g.Open[1:]
		n.apply(out)
		n.progress(n.Log.at(n.Chosen).Value)
	}
	for len(g.Batches) > 0 && g.Batches[0] <= n.Chosen {
		g.Batches = g.Batches[1:]
	}
	n.afterApply(out)
	if !n.votes(n.Chosen + 1) {
		n.teach(first, out)
		n.tellChosen(out)
		n.depose("is no member any more", out)
		return
	}
	n.teach(first, out)
	if !n.propose(out) {
		n.tellChosen(out)
	}
	n.establish(now, out)
}

// teach gives those who did not vote what was chosen from a slot on.
func (n *Node) teach(first uint64, out *protocols.Effects) {
	voters := n.at(first).Voters
	var learn protocols.Message
	for p, id := range n.Nodes {
		if p == n.Position || voters&bit(p) != 0 || first < n.Log.First {
			continue
		}
		if learn == nil {
			learn = n.learn(first)
		}
		out.Send(id, learn)
	}
}

// tellChosen tells those who vote how far the log is chosen. An Accept does so,
// too.
func (n *Node) tellChosen(out *protocols.Effects) {
	voters := n.electorate()
	var message protocols.Message = Commit{Ballot: n.Leading.Ballot, Chosen: n.Chosen}
	for p, id := range n.Nodes {
		if p != n.Position && voters&bit(p) != 0 {
			out.Send(id, message)
		}
	}
}

// repeat sends again what was not answered within a half tick.
func (n *Node) repeat(out *protocols.Effects) {
	g := &n.Leading
	for i := range g.Open {
		g.Open[i].Age++
	}
	for p, id := range n.Nodes {
		if p == n.Position {
			continue
		}
		for i := 0; i < len(g.Open); i++ {
			first := i
			var values []protocols.Record
			var bytes weight
			for ; i < len(g.Open) && len(values) < n.Options.Batch && !bytes.full(values) &&
				n.lacks(p, &g.Open[i], n.Chosen+1+uint64(i)); i++ {
				values = append(values, n.Log.at(n.Chosen+1+uint64(i)).Value)
			}
			if len(values) > 0 {
				i--
				out.Send(id, Accept{Ballot: g.Ballot, First: n.Chosen + 1 + uint64(first), Values: values, Chosen: n.Chosen})
			}
		}
	}
}

// lacks tells whether a node should have voted for a slot by now.
func (n *Node) lacks(position int, open *Open, slot uint64) bool {
	return open.Age > 1 && !open.Chosen && open.Votes&bit(position) == 0 && n.at(slot).Voters&bit(position) != 0 &&
		open.Age%pause(sizeOf(n.Log.at(slot).Value)) == 0
}
