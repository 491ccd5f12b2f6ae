package twopc

import (
	"slices"

	"quorumlab/protocols"
	"quorumlab/protocols/resource"
)

// Termination: how a participant in doubt gets out of it. It asks the
// coordinator, which answers from its table or, if it has forgotten the
// transaction, by the presumption. With inquiry=cooperative it asks the other
// participants too (Bernstein, Hadzilacos and Goodman, section 7.4: cooperative
// termination): one that knows tells, and one that has not voted YES makes sure
// that it never will. If all that can be reached are in doubt, all stay so: this
// is the window in which two-phase commit blocks.

// onDoubtful: the decision is late.
func (n *Node) onDoubtful(id resource.ID, out *protocols.Effects) {
	_, inDoubt := n.Doubts[id]
	if h, alone := n.Heuristics[id]; !inDoubt && (!alone || h.Decided != resource.Undecided) {
		return
	}
	n.Send(id.Coordinator(), Inquire{Transaction: id}, out)
	if n.Settings.Cooperative {
		for _, peer := range n.Store.Branches[id].Voters {
			if peer != n.Self && peer != id.Coordinator() {
				n.Send(peer, Inquire{Transaction: id}, out)
			}
		}
	}
	n.setTimer(timerDoubt, id, n.Settings.DoubtAfter, out)
}

func (n *Node) onInquire(from protocols.NodeID, m Inquire, out *protocols.Effects) {
	if m.Transaction.Coordinator() == n.Self {
		n.inquiredCoordinator(from, m.Transaction, out)
		return
	}
	n.inquiredPeer(from, m.Transaction, out)
}

func (n *Node) inquiredCoordinator(from protocols.NodeID, id resource.ID, out *protocols.Effects) {
	t, known := n.Transactions[id]
	switch {
	case known && t.Stage == StageTelling:
		logged := n.Settings.logs(t.Decision) || t.Decision == resource.Commit
		n.Send(from, Decide{Transaction: id, Decision: t.Decision, Logged: logged}, out)
	case known: // not decided
	default:
		n.Send(from, Decide{Transaction: id, Decision: n.Settings.presumed()}, out)
	}
}

// presumed is what became of a transaction that the coordinator does not know.
func (s *Settings) presumed() resource.Decision {
	if s.Presume == presumeCommit {
		return resource.Commit
	}
	// A coordinator that presumes nothing forgets, in a crash, what it had not
	// decided: it will never decide to commit that.
	return resource.Abort
}

// inquiredPeer: an abort is told only when it is on disk. A participant that
// aborts because it has not voted must still know of it if it crashes, and then
// gets a late Prepare.
func (n *Node) inquiredPeer(from protocols.NodeID, id resource.ID, out *protocols.Effects) {
	branch, executed := n.Store.Branches[id]
	decision, over := n.Store.IsOver(id)
	h, alone := n.Heuristics[id]
	switch {
	case alone && h.Decided == resource.Undecided:
		return // what it did by itself is nobody's decision
	case alone:
		n.Send(from, Decide{Transaction: id, Decision: h.Decided}, out)
		return
	case executed && branch.Prepared, over && decision == resource.Undecided:
		return // in doubt itself, or so long ago that it has forgotten
	case over && decision == resource.Commit:
		n.Send(from, Decide{Transaction: id, Decision: resource.Commit}, out)
		return
	case !over:
		n.resolve(id, resource.Abort, out)
	}
	if !slices.Contains(n.Inquirers[id], from) {
		n.Inquirers[id] = append(n.Inquirers[id], from)
	}
	if !n.awaits(id, awaitResolved) {
		n.Journal.Force(resource.Resolved{Transaction: id, Decision: resource.Abort}, id, awaitResolved, out)
	}
}
