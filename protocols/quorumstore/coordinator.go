package quorumstore

import (
	"slices"
	"time"

	"quorumlab/protocols"
	"quorumlab/protocols/machine"
)

// The node that a client asks coordinates the operation, whether it owns the
// key or not. It must answer only what the quorums bear out, refuse only what
// surely has not happened, and keep silent when it cannot know.

// Phase is what an operation is doing.
type Phase string

// The phases. A read is PhaseFetch, with write-back PhaseStore too, and then
// PhaseTidy; a write is PhaseFetch, unless the clock gives its version, and then
// PhaseStore. An operation that was answered stays until all owners have
// answered it, so that they get what they lack, or its patience ends.
const (
	PhaseFetch Phase = "fetch" // asks R replicas what they hold
	PhaseStore Phase = "store" // has W replicas keep Versions
	PhaseTidy  Phase = "tidy"  // the client has its answer: who lacks Versions gets them
)

// Operation is one request under way.
type Operation struct {
	Number  uint64
	Client  protocols.ClientID
	Request uint64
	Command machine.Command
	Phase   Phase
	// Replied: the client has its answer.
	Replied bool
	// Found, of a delete: there was a value. With lww nobody looks.
	Found bool
	// Order is the preference list: N owners, then the stand-ins.
	Order []protocols.NodeID
	// Ticks counts how often it was asked again.
	Ticks uint64
	// Answers are those to PhaseFetch, one a node.
	Answers []Answer
	// Versions are to be kept, which Sent says that all owners were told;
	// Stored are the owners that do. Hinted are the
	// stand-ins that do, one for an owner or several.
	Versions []Version
	Sent     bool
	Stored   []protocols.NodeID
	Hinted   []HintedAt
}

// Answer is what a replica holds.
type Answer struct {
	Node     protocols.NodeID
	Versions []Version
}

// HintedAt says that a stand-in holds a hint for an owner.
type HintedAt struct{ Node, Owner protocols.NodeID }

func (n *Node) onRequested(now time.Duration, r protocols.Requested, out *protocols.Effects) {
	command, known := r.Command.(machine.Command)
	if !known || command.Op != machine.Get && command.Op != machine.Put && command.Op != machine.Delete {
		// What depends on the value that is replaced needs consensus.
		out.Refuse(r.Client, r.Request, protocols.Unsupported)
		return
	}
	last := n.Clients[r.Client]
	switch {
	case r.Request < last.Request:
		return // the client has moved on
	case r.Request == last.Request:
		if last.Answered {
			n.say(r.Client, r.Request, last, out)
		}
		return
	case !n.Ready:
		n.Waiting = append(n.Waiting, r)
		return
	}
	n.Clients[r.Client] = Session{Request: r.Request}
	n.Operations = append(n.Operations, Operation{
		Number: n.next(), Client: r.Client, Request: r.Request, Command: command,
		Phase: PhaseFetch, Order: n.Settings.preference(command.Key),
	})
	at := len(n.Operations) - 1
	n.wakeLater(n.Operations[at].Number, out)
	if command.Op != machine.Get && n.Settings.Conflicts == conflictsLWW {
		n.write(now, at, nil, out)
		return
	}
	n.fetchAll(now, n.Operations[at].Number, n.Operations[at].Order[:n.Settings.N], out)
}

func (n *Node) wakeLater(number uint64, out *protocols.Effects) {
	out.SetTimer(protocols.Timer{Name: timerResend, Key: number}, n.Settings.Tick, n.Settings.Tick*5/4)
}

// fetchAll asks those nodes, of which this one may be one, that have not yet
// answered what they hold. The others are asked first: with an answer of the
// node's own the operation may be over.
func (n *Node) fetchAll(now time.Duration, number uint64, nodes []protocols.NodeID, out *protocols.Effects) {
	at, _ := n.operation(number)
	o := &n.Operations[at]
	self := false
	for _, node := range nodes {
		switch {
		case slices.ContainsFunc(o.Answers, func(a Answer) bool { return a.Node == node }):
		case node == n.Settings.Self:
			self = true
		default:
			out.Send(node, Fetch{Number: number, Key: o.Command.Key})
		}
	}
	if self && !n.Damaged {
		n.answered(now, n.Settings.Self, number, n.held(o.Command.Key), out)
	}
}

// answered takes up what a replica holds.
func (n *Node) answered(
	now time.Duration, from protocols.NodeID, number uint64, versions []Version, out *protocols.Effects,
) {
	at, found := n.operation(number)
	if !found {
		return
	}
	o := &n.Operations[at]
	if slices.ContainsFunc(o.Answers, func(a Answer) bool { return a.Node == from }) {
		return
	}
	o.Answers = append(o.Answers, Answer{Node: from, Versions: versions})
	switch {
	case o.Phase == PhaseTidy:
		n.tidy(at, out)
	case o.Phase == PhaseStore:
		if n.isOwner(o, from) && coversAll(versions, o.Versions) {
			n.stored(from, number, 0, out)
		}
	case len(o.Answers) >= n.Settings.R:
		var merged []Version
		for _, answer := range o.Answers {
			merged = merge(merged, answer.Versions)
		}
		if o.Command.Op == machine.Get {
			n.read(at, merged, out)
		} else {
			n.write(now, at, merged, out)
		}
	}
}

// read goes on with what R replicas hold. Without write-back that is the
// answer. It is not linearizable even if R+W > N: of two readers, one after the
// other, the first may meet a replica that has a write under way and the second
// none. With write-back (Attiya, Bar-Noy, Dolev 1995) a value is answered only
// when W replicas hold it, so that every later reader meets it or a newer one.
func (n *Node) read(at int, merged []Version, out *protocols.Effects) {
	o := &n.Operations[at]
	o.Versions, o.Stored = merged, nil
	for _, answer := range o.Answers {
		if n.isOwner(o, answer.Node) && coversAll(answer.Versions, merged) {
			o.Stored = append(o.Stored, answer.Node)
		} else if n.Settings.Sloppy && coversAll(answer.Versions, merged) {
			o.Hinted = append(o.Hinted, HintedAt{Node: answer.Node})
		}
	}
	if !n.Settings.WriteBack || len(merged) == 0 || n.enough(o) {
		n.replyRead(at, out)
		return
	}
	o.Phase = PhaseStore
	n.storeAll(at, out)
}

// replyRead answers a read, and then gives replicas that lack something it.
func (n *Node) replyRead(at int, out *protocols.Effects) {
	o := &n.Operations[at]
	answer, values := result(o.Versions)
	if values > 1 {
		out.Note(protocols.Note{Kind: SiblingsRead, Text: "siblings, none of which has seen the other"})
	}
	n.reply(at, Session{Answered: true, Result: answer}, out)
	o.Phase = PhaseTidy
	n.tidy(at, out)
}

// write makes the version that is to be written and has it kept.
func (n *Node) write(now time.Duration, at int, merged []Version, out *protocols.Effects) {
	o := &n.Operations[at]
	o.Phase = PhaseStore
	version := Version{
		Stamp: Stamp{Client: o.Client, Request: o.Request}, Value: o.Command.Value,
		Deleted: o.Command.Op == machine.Delete,
	}
	if version.Deleted {
		before, _ := result(merged)
		o.Found, version.Value, version.At = before.Found, "", now
	}
	switch n.Settings.Conflicts {
	case conflictsLWW:
		version.Stamp.Time, version.Stamp.Node = int64(now), n.Settings.Self
	case conflictsLogical:
		version.Stamp.Time, version.Stamp.Node = highest(merged)+1, n.Settings.Self
	case conflictsSiblings:
		version.Context = context(merged)
		if o.Request > 1 {
			version.Context = join(version.Context, []Seen{{o.Client, o.Request - 1}})
		}
	}
	o.Versions = []Version{version}
	if n.Settings.Conflicts == conflictsSiblings && seen(version.Context, version.Stamp) {
		o.Versions = merged // the same request was carried out before, by way of another node
	}
	n.storeAll(at, out)
}

// enough tells whether the versions are kept by as many nodes as W demands. By
// the strict rule those are owners. By the sloppy one stand-ins count as well:
// then two quorums need not meet.
func (n *Node) enough(o *Operation) bool {
	keep := len(o.Stored)
	if n.Settings.Sloppy {
		for i, h := range o.Hinted {
			again := func(other HintedAt) bool { return other.Node == h.Node }
			if !slices.Contains(o.Stored, h.Node) && !slices.ContainsFunc(o.Hinted[:i], again) {
				keep++
			}
		}
	}
	return keep >= n.Settings.W
}

func (n *Node) isOwner(o *Operation, node protocols.NodeID) bool {
	return slices.Contains(o.Order[:n.Settings.N], node)
}

// storeAll has all owners keep the versions that are not known to do so.
func (n *Node) storeAll(at int, out *protocols.Effects) {
	n.Operations[at].Sent = true
	o := n.Operations[at] // a copy: with an answer of this node's own it may be over
	for _, owner := range o.Order[:n.Settings.N] {
		if !slices.Contains(o.Stored, owner) {
			n.store(owner, o.Number, o.Command.Key, o.Versions, 0, out)
		}
	}
}

// store has a node, which may be this one, keep versions.
func (n *Node) store(
	node protocols.NodeID, number uint64, key string, versions []Version, owner protocols.NodeID, out *protocols.Effects,
) {
	message := Store{Number: number, Key: key, Versions: versions, For: owner}
	if node == n.Settings.Self {
		n.onStore(node, message, out)
	} else {
		out.Send(node, message)
	}
}

// stored takes note that a node keeps what an operation wants kept, for an
// owner or, if that is 0, as an owner.
func (n *Node) stored(from protocols.NodeID, number uint64, owner protocols.NodeID, out *protocols.Effects) {
	at, found := n.operation(number)
	if !found || n.Operations[at].Phase == PhaseFetch {
		return
	}
	o := &n.Operations[at]
	hinted := HintedAt{Node: from, Owner: owner}
	switch {
	case owner == 0 && !slices.Contains(o.Stored, from):
		o.Stored = append(o.Stored, from)
	case owner != 0 && !slices.Contains(o.Hinted, hinted):
		o.Hinted = append(o.Hinted, hinted)
	}
	if o.Phase == PhaseStore && !o.Replied && n.enough(o) {
		if o.Command.Op == machine.Get {
			n.replyRead(at, out)
			return
		}
		n.reply(at, Session{Answered: true, Result: machine.Result{Found: o.Found}}, out)
	}
	n.finish(at, out)
}

// tidy gives owners that have answered less than what was read what they lack
// (read repair), and ends the operation when all have answered.
func (n *Node) tidy(at int, out *protocols.Effects) {
	o := &n.Operations[at]
	for i := range o.Answers {
		if !coversAll(o.Versions, o.Answers[i].Versions) { // newer than what was answered
			o.Versions, o.Stored, o.Sent = merge(o.Versions, o.Answers[i].Versions), nil, false
		}
	}
	var behind []protocols.NodeID
	for i := range o.Answers {
		answer := &o.Answers[i]
		switch {
		case !n.isOwner(o, answer.Node) || slices.Contains(o.Stored, answer.Node):
		case coversAll(answer.Versions, o.Versions):
			o.Stored = append(o.Stored, answer.Node)
		case n.Settings.ReadRepair && !o.Sent:
			answer.Versions = o.Versions // sent once, as far as this operation goes
			behind = append(behind, answer.Node)
		}
	}
	number, key, versions := o.Number, o.Command.Key, o.Versions
	for _, node := range behind {
		out.Note(protocols.Note{Kind: ReadRepaired, Slot: uint64(node), Text: "a replica lacked what was read"})
		n.store(node, number, key, versions, 0, out)
	}
	if at, found := n.operation(number); found {
		n.finish(at, out)
	}
}

// finish ends an operation that was answered and that all owners have answered.
func (n *Node) finish(at int, out *protocols.Effects) {
	o := &n.Operations[at]
	if !o.Replied {
		return
	}
	if o.Phase == PhaseTidy {
		owners := 0
		for _, answer := range o.Answers {
			if n.isOwner(o, answer.Node) {
				owners++
			}
		}
		if owners < n.Settings.N {
			return
		}
	} else if len(o.Stored) < n.Settings.N {
		return
	}
	n.end(at, out)
}

func (n *Node) end(at int, out *protocols.Effects) {
	out.CancelTimer(protocols.Timer{Name: timerResend, Key: n.Operations[at].Number})
	n.Operations = slices.Delete(n.Operations, at, at+1)
}

// onResendDue asks anew who has not answered: messages get lost. After a while
// stand-ins are asked in the place of owners, and in the end it is given up.
func (n *Node) onResendDue(now time.Duration, number uint64, out *protocols.Effects) {
	at, found := n.operation(number)
	if !found {
		return
	}
	o := &n.Operations[at]
	o.Ticks++
	if o.Ticks >= n.Settings.Patience {
		n.giveUp(at, out)
		return
	}
	n.wakeLater(number, out)
	if o.Phase == PhaseStore {
		n.storeAll(at, out)
		n.hint(number, out)
		return
	}
	asked := o.Order[:n.Settings.N]
	if n.Settings.Sloppy && o.Ticks >= n.Settings.HandoffAfter && o.Phase == PhaseFetch {
		asked = o.Order
	}
	n.fetchAll(now, number, asked, out)
}

// giveUp ends an operation whose patience is over. While it only asked it has
// changed nothing: that is a refusal. Once it has asked anybody to store, what
// it wrote may come to light at any time, and nobody knows: it says nothing.
func (n *Node) giveUp(at int, out *protocols.Effects) {
	o := &n.Operations[at]
	if !o.Replied && (o.Phase == PhaseFetch || o.Command.Op == machine.Get) {
		n.reply(at, Session{Answered: true, Refusal: protocols.NoQuorum}, out)
	}
	n.end(at, out)
}

// reply answers the client, if it still waits for this request.
func (n *Node) reply(at int, answer Session, out *protocols.Effects) {
	o := &n.Operations[at]
	o.Replied = true
	if n.Clients[o.Client].Request != o.Request {
		return
	}
	answer.Request = o.Request
	n.Clients[o.Client] = answer
	n.say(o.Client, o.Request, answer, out)
}

func (n *Node) say(client protocols.ClientID, request uint64, answer Session, out *protocols.Effects) {
	if answer.Refusal != "" {
		out.Refuse(client, request, answer.Refusal)
	} else {
		out.Reply(client, request, answer.Result)
	}
}
