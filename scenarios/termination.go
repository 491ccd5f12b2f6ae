package scenarios

import (
	"fmt"
	"slices"
	"time"

	"quorumlab/checker/linear"
	"quorumlab/protocols"
	"quorumlab/sim"
)

// termination judges progress. When the last fault has struck or is over, an
// operation that begins then must succeed within the run's bound. It is demanded
// only if a majority is whole, and somebody asks it in time.
func (j *judgement) termination() (Judgement, string) {
	x := j.x
	if x.run.Liveness == 0 {
		return Unknown, "the scenario gives no bound: `liveness` does"
	}
	from := x.phases.settled()
	due := from + x.run.Liveness
	core, asked := x.core(), false
	for i := range j.result.History {
		op := &j.result.History[i]
		if time.Duration(op.Invoke) < from {
			continue
		}
		if op.Outcome == linear.OK && time.Duration(op.Return) <= due {
			return Holds, ""
		}
		asked = asked || time.Duration(op.Invoke)+x.run.Deadline <= due && x.asks(op, core)
	}
	switch {
	case len(core) == 0:
		return Unknown, fmt.Sprintf("no quorum is left by design: after %v no majority of the members is up, sound, at its usual speed and connected", from)
	case due > x.run.Until:
		return Unknown, fmt.Sprintf("the run ends at %v, before progress is due at %v", x.run.Until, due)
	case !asked:
		return Unknown, fmt.Sprintf("no client asked a node of a majority that is whole from %v on, in time for an answer by %v", from, due)
	}
	return Violated, fmt.Sprintf("no operation that began after %v, when the last fault was over, succeeded by %v", from, due)
}

// core returns members which at the end are up, neither impaired nor damaged,
// reach each other both ways, and are a majority of all members that may be in
// force; nil if none are found. (It looks for some around each node; with
// partitions that split the nodes into groups it finds some if there are any.)
func (x *execution) core() []protocols.NodeID {
	w, sets := x.sim.World, x.members.inForce()
	for i := range w.Nodes {
		var core []protocols.NodeID
		for k := range w.Nodes {
			cell := &w.Nodes[(i+k)%len(w.Nodes)]
			apart := func(other protocols.NodeID) bool { return !bothWays(w, cell.ID, other) }
			whole := cell.Up && !x.phases.impaired(cell.ID) && !x.phases.damaged(cell.ID)
			if whole && belongs(cell.ID, sets) && !slices.ContainsFunc(core, apart) {
				core = append(core, cell.ID)
			}
		}
		enough := quorums(core, sets)
		if w.Setup().Protocol.NeedsAll {
			enough = len(core) == len(w.Nodes)
		}
		if enough {
			return core
		}
	}
	return nil
}

// belongs reports whether a node is among some members.
func belongs(node protocols.NodeID, sets [][]protocols.NodeID) bool {
	return slices.ContainsFunc(sets, func(who []protocols.NodeID) bool { return slices.Contains(who, node) })
}

// asks reports whether the client of an operation reaches one of some nodes.
func (x *execution) asks(op *linear.Operation, nodes []protocols.NodeID) bool {
	w := x.sim.World
	client := &w.Clients[op.Session-1]
	return slices.ContainsFunc(client.Contacts, func(node protocols.NodeID) bool {
		return slices.Contains(nodes, node) && (node == client.Place || bothWays(w, client.Place, node))
	})
}

func bothWays(w *sim.World, a, b protocols.NodeID) bool {
	return w.Network.Reachable(a, b) && w.Network.Reachable(b, a)
}
