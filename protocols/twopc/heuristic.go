package twopc

import (
	"maps"
	"slices"

	"quorumlab/protocols"
	"quorumlab/protocols/commitment"
	"quorumlab/protocols/resource"
)

// A heuristic decision (IBM LU 6.2; X/Open XA) frees locks that were held in doubt for
// too long, and may be wrong. The participant must find out if it was, however long that
// takes, and say so: it goes on asking the coordinator, and forgets the transaction only
// when it has the answer on its disk. Till then it tells nobody else what it did: that is
// no decision of the transaction's. The coordinator is told as well, if it awaits an
// acknowledgement or the participant was wrong.

// Heuristic is what a participant decided by itself: Did. Decided is what the
// coordinator has decided, as far as it was told.
type Heuristic struct {
	Transaction  resource.ID
	Did, Decided resource.Decision
}

// damaged tells whether it was wrong.
func (h *Heuristic) damaged() bool { return h.Decided != resource.Undecided && h.Decided != h.Did }

// waitPatiently begins the time after which a participant decides alone. The coordinator
// does not: its own branch waits for nobody but itself.
func (n *Node) waitPatiently(id resource.ID, out *protocols.Effects) {
	if n.Settings.Heuristic != resource.Undecided && !n.Coordinates(id) {
		n.setTimer(timerHeuristic, id, n.Settings.HeuristicAfter, out)
	}
}

// onPatienceEnds: the locks were held for too long. They are freed when it is on disk that
// the participant decides by itself; till then it is in doubt, and after a crash again.
func (n *Node) onPatienceEnds(id resource.ID, out *protocols.Effects) {
	if _, inDoubt := n.Doubts[id]; !inDoubt {
		return
	}
	record := resource.Resolved{Transaction: id, Decision: n.Settings.Heuristic, Heuristic: true}
	n.Journal.Force(record, id, awaitAlone, out)
}

// onAlone: that is on disk.
func (n *Node) onAlone(id resource.ID, out *protocols.Effects) {
	decision := n.Settings.Heuristic
	commitment.Note(protocols.Heuristic, id, string(decision), out)
	n.Heuristics[id] = Heuristic{Transaction: id, Did: decision}
	n.resolve(id, decision, out)
	n.setTimer(timerDoubt, id, n.Settings.DoubtAfter, out)
}

// onTruth: the participant is told what was decided on what it decided by itself.
func (n *Node) onTruth(h Heuristic, decision resource.Decision, out *protocols.Effects) {
	id := h.Transaction
	if h.Decided != resource.Undecided {
		if !n.awaits(id, awaitSettled) {
			n.acknowledge(&h, out)
		}
		return
	}
	h.Decided = decision
	n.Heuristics[id] = h
	n.Journal.Force(Settled{Transaction: id, Decision: decision}, id, awaitSettled, out)
}

// onSettled: that is on disk.
func (n *Node) onSettled(id resource.ID, out *protocols.Effects) {
	h := n.Heuristics[id]
	out.CancelTimer(commitment.TimerOf(timerDoubt, id))
	if h.damaged() {
		commitment.Note(protocols.Damage, id, string(h.Decided), out)
	}
	n.acknowledge(&h, out)
}

func (n *Node) acknowledge(h *Heuristic, out *protocols.Effects) {
	if h.damaged() || n.Settings.logs(h.Decided) {
		n.Send(h.Transaction.Coordinator(), Ack{Transaction: h.Transaction, Decision: h.Did, Told: h.Decided}, out)
	}
}

// recallHeuristics takes up what the disk tells of heuristic decisions. Perhaps the node
// failed before it could say what it had just written down: now it says so.
func (n *Node) recallHeuristics(found resource.Recovered, table Table, out *protocols.Effects) {
	for _, h := range table.Heuristics {
		n.Heuristics[h.Transaction] = h
	}
	for _, r := range found.Heuristics {
		if _, known := n.Heuristics[r.Transaction]; !known {
			n.Heuristics[r.Transaction] = Heuristic{Transaction: r.Transaction, Did: r.Decision}
		}
	}
	for _, record := range found.Records {
		if r, ok := record.(Settled); ok {
			if h, known := n.Heuristics[r.Transaction]; known {
				h.Decided = r.Decision
				n.Heuristics[r.Transaction] = h
			}
		}
	}
	for _, id := range slices.Sorted(maps.Keys(n.Heuristics)) {
		if h := n.Heuristics[id]; h.Decided == resource.Undecided {
			commitment.Note(protocols.Heuristic, id, string(h.Did), out)
			commitment.NoteDecision(id, h.Did, out)
			n.setTimer(timerDoubt, id, n.Settings.Retry, out)
		} else {
			n.onSettled(id, out)
		}
	}
}

// forgetHeuristics forgets those below a count that a coordinator has forgotten, and of
// which the truth is known.
func (n *Node) forgetHeuristics(coordinator protocols.NodeID, oldest uint64) {
	if len(n.Heuristics) == 0 {
		return
	}
	maps.DeleteFunc(n.Heuristics, func(id resource.ID, h Heuristic) bool {
		return id.Coordinator() == coordinator && id.Count() < oldest &&
			h.Decided != resource.Undecided && !n.awaits(id, awaitSettled)
	})
}
