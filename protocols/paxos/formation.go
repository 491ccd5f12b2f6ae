package paxos

import (
	"math/bits"
	"slices"

	"quorumlab/protocols"
)

// A node with an empty disk must not vote if it ever did before: it has lost its
// promises, and quorums that counted on them may miss each other. But it cannot
// tell a lost disk from a first boot. So before a node votes for the first time
// it has as many others as make a quorum with it remember its incarnation, on
// their disks; and with an empty disk it first asks so many that one of them must
// know. Nodes as blank as itself do not count, unless all others answered.
//
// What it remembered for others is lost, too. So whoever answers also tells what it
// knows of everybody, itself included: the node remembers that from then on, and so
// many remember each node as before.
//
// A node that was here before comes back as another acceptor, of the next
// incarnation, and follows as a learner. The leader puts its readmission into
// the log, and from Alpha slots later on it votes again. The votes and promises
// of the acceptor that was lost are never missed: in no configuration are both.
//
// With blank=first an empty disk is taken for a first boot without asking: then
// a disk that was lost must not be brought back under its old name.

// Formation is what a node knows of who it is.
type Formation struct {
	// Asking: it asks the others. Answered are those that answered, Blank
	// those of them that have just begun, too; Known are the last incarnations,
	// by position, that they know of.
	Asking          bool
	Answered, Blank uint64
	Known           []uint32
	// Forgotten: its disk was damaged, so it was here before, whatever the
	// others say.
	Forgotten bool
	// Remembered are those that remember its incarnation on their disks,
	// Confirmed that they are enough.
	Remembered uint64
	Confirmed  bool
}

// begin finds out who the node is, or goes on with it.
func (n *Node) begin(out *protocols.Effects) {
	switch {
	case n.Incarnation == 0 && len(n.Nodes) > 1 && (n.Options.AskBlank || n.Formation.Forgotten):
		n.Formation.Asking = true
		n.introduce(out)
	case n.Incarnation == 0:
		n.Incarnation, n.Formation.Confirmed = 1, true
		n.writeMeta()
	case !n.Formation.Confirmed:
		n.register()
	}
}

// The others that must be asked, and those that must remember, have one in
// common, however they are chosen.

func (n *Node) askedLeast() int      { return len(n.Nodes) - len(n.Nodes)/2 }
func (n *Node) rememberedLeast() int { return len(n.Nodes) / 2 }

func (n *Node) introduce(out *protocols.Effects) {
	for p, id := range n.Nodes {
		if p != n.Position && (n.Formation.Answered&^n.Formation.Blank)&bit(p) == 0 {
			out.Send(id, Introduce{})
		}
	}
}

// onIntroduce answers once what is told is on disk.
func (n *Node) onIntroduce(from int, out *protocols.Effects) {
	m := Introduced{Known: slices.Clone(n.Registered), Blank: n.Incarnation == 0}
	m.Known[n.Position] = n.Incarnation
	if m.Blank {
		out.Send(n.Nodes[from], m)
		return
	}
	n.vow(from, m, nil, out)
}

func (n *Node) onIntroduced(from int, m Introduced, out *protocols.Effects) {
	f := &n.Formation
	if !f.Asking || len(m.Known) != len(n.Nodes) {
		return
	}
	f.Known = highest(f.Known, m.Known)
	f.Answered |= bit(from)
	f.Blank &^= bit(from)
	if m.Blank {
		f.Blank |= bit(from)
	}
	all := bits.OnesCount64(f.Answered) == len(n.Nodes)-1
	if !all && bits.OnesCount64(f.Answered&^f.Blank) < n.askedLeast() {
		return
	}
	f.Asking = false
	before := f.Known[n.Position]
	n.Incarnation = before + 1
	if f.Forgotten {
		n.Incarnation = max(n.Incarnation, 2)
	} else if before > 0 {
		out.Note(protocols.Note{Kind: protocols.Lost, Text: "the disk is empty, and others know better"})
	}
	n.Registered = highest(n.Registered, f.Known)
	n.Registered[n.Position] = 0 // that is for others to remember
	f.Known = nil
	n.writeMeta()
	n.register()
}

// highest returns the higher of each two numbers, in the first list if that has any.
func highest(list, other []uint32) []uint32 {
	if list == nil {
		list = make([]uint32, len(other))
	}
	for i := range list {
		list[i] = max(list[i], other[i])
	}
	return list
}

// register asks the others to remember the incarnation, once it is on disk.
func (n *Node) register() {
	for p := range n.Nodes {
		if p != n.Position && n.Formation.Remembered&bit(p) == 0 {
			n.hold(p, Register{Incarnation: n.Incarnation}, nil)
		}
	}
}

func (n *Node) onRegister(from int, m Register, out *protocols.Effects) {
	if n.Registered[from] < m.Incarnation {
		n.Registered[from] = m.Incarnation
		n.writeMeta()
	}
	n.vow(from, Registered(m), nil, out)
}

func (n *Node) onRegistered(from int, m Registered) {
	f := &n.Formation
	if m.Incarnation != n.Incarnation || f.Confirmed {
		return
	}
	f.Remembered |= bit(from)
	if bits.OnesCount64(f.Remembered) >= n.rememberedLeast() {
		f.Confirmed = true
		n.writeMeta() // so that the next life need not ask again
	}
}

func (n *Node) formationOnTick(out *protocols.Effects) {
	switch {
	case n.Formation.Asking:
		n.introduce(out)
	case !n.Formation.Confirmed:
		for p, id := range n.Nodes {
			if p != n.Position && n.Formation.Remembered&bit(p) == 0 && n.Stable.Durable == n.Stable.Queued {
				out.Send(id, Register{Incarnation: n.Incarnation})
			}
		}
	case n.Incarnations[n.Position] < n.Incarnation && n.Leader != 0 && n.Leader != n.Self:
		out.Send(n.Leader, Readmit{Incarnation: n.Incarnation})
	}
}
