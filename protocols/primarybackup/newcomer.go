package primarybackup

import (
	"slices"

	"quorumlab/protocols"
)

// With empty_disk=ask a node whose disk is empty does not lead before it knows if it is new,
// or if its disk was wiped: then it may have led, and would fill a term a second time, with other
// entries. It cannot tell by itself, so it asks all others what they know, and waits for
// all: any one of them may be the only one that heard of it. So a cluster begins its
// work when all of its nodes have been up, and a node that lost its disk leads again only
// when it has the others' log and all have answered. With empty_disk=new it takes its disk for
// a new one, and leads until a backup shows it that it led before.

// Inquiry asks a node what it knows.
type Inquiry struct{}

// Knowledge answers it: the sender's term, and the last index of its log. New: as far as it
// knows nobody ever led.
type Knowledge struct {
	Term, Last uint64
	New        bool
}

// timerInquire: time to ask again those who have not answered.
const timerInquire = "inquire"

// wake begins a life on an empty disk, or one that was empty once and on which nothing
// says that all have answered since.
func (n *Node) wake(empty bool, out *protocols.Effects) {
	n.Blank, n.New = true, empty
	if empty {
		n.persist(out, protocols.SetMeta{Meta: n.meta()})
	}
	n.resume(out)
	n.Unheard = slices.DeleteFunc(slices.Clone(n.Settings.Nodes), func(node protocols.NodeID) bool { return node == n.Settings.Self })
	n.inquire(out)
}

// inquire asks those who have not answered.
func (n *Node) inquire(out *protocols.Effects) {
	if len(n.Unheard) == 0 {
		n.informed(out)
		return
	}
	for _, node := range n.Unheard {
		out.Send(node, Inquiry{})
	}
	out.SetTimer(protocols.Timer{Name: timerInquire}, n.Settings.Tick, n.Settings.Tick)
}

// onInquiry answers. A claim that is not on disk yet is not told: it will be asked again.
func (n *Node) onInquiry(from protocols.NodeID, out *protocols.Effects) {
	if n.Role != RoleClaiming {
		out.Send(from, Knowledge{Term: n.Term, Last: n.last().Index, New: n.New})
	}
	if slices.Contains(n.Unheard, from) { // it is up now
		out.Send(from, Inquiry{})
	}
}

func (n *Node) onKnowledge(from protocols.NodeID, m Knowledge, out *protocols.Effects) {
	at := slices.Index(n.Unheard, from)
	if at < 0 {
		return
	}
	n.Unheard = slices.Delete(n.Unheard, at, at+1)
	n.Used = n.Used || !m.New
	if !n.Synced {
		n.Lost = max(n.Lost, m.Last)
	}
	if m.Term > n.Term {
		n.adopt(m.Term, out)
		n.follow(out)
	}
	if len(n.Unheard) == 0 {
		n.informed(out)
	}
}

// informed: all have answered. If the term is the node's own nobody else leads.
func (n *Node) informed(out *protocols.Effects) {
	n.Blank = false
	out.CancelTimer(protocols.Timer{Name: timerInquire})
	if own := n.Settings.owner(n.Term) == n.Settings.Self; own && !n.Used {
		n.claim(n.Term, out)
		return
	}
	n.persist(out, protocols.SetMeta{Meta: n.meta()})
	n.resume(out)
}

// wiped: a backup has an entry, up to index, of the node's own term that the node never
// sent it. A node that restarts claims another term, unless it takes itself for new: so its
// disk was wiped since. It gives the term up, and has to get its log back.
func (n *Node) wiped(index uint64, out *protocols.Effects) {
	n.leaveBackups(out)
	n.Backups, n.Held = nil, nil
	n.note(out, protocols.Lost, index, "the disk is empty, and others know better")
	n.take(RoleBackup, out)
	n.empty(index, out)
	n.forgetReadIndices()
	n.resume(out)
}

// empty gives up all that the node has written since its disk was wiped: entries of its
// own term which have the place of others. Until that is done Blank stands on the disk, for
// a crash in between.
func (n *Node) empty(index uint64, out *protocols.Effects) {
	n.Lost, n.Blank = max(n.Lost, index), true
	n.persist(out, protocols.SetMeta{Meta: n.meta()})
	n.truncate(n.Snapshot.End.Index, out)
	n.Sessions.Restore(nil)
	n.replace(Snapshot{Machine: n.Sessions.Snapshot()}, out)
	n.Blank = false
	n.persist(out, protocols.SetMeta{Meta: n.meta()})
}

// meta is what the metadata on disk must say now.
func (n *Node) meta() Meta { return Meta{Term: n.Term, Lost: n.Lost, Blank: n.Blank} }
