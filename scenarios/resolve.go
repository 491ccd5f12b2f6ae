package scenarios

import (
	"slices"

	"quorumlab/network"
	"quorumlab/protocols"
	"quorumlab/scenarios/language"
	"quorumlab/sim"
)

// leaders knows which node leads, from what the nodes note.
type leaders struct {
	node protocols.NodeID
	term uint64
}

// Observe implements sim.Observer.
func (l *leaders) Observe(_ *sim.World, step *sim.Step) {
	if step.Stopped != 0 && step.Stopped == l.node {
		l.node = 0
	}
}

func (l *leaders) heard(_ *sim.World, step *sim.Step, note *protocols.Note) {
	if note.Kind == protocols.Leading && note.Term >= l.term {
		l.node, l.term = step.Node, note.Term
	}
}

// current returns the node that last noted that it leads, of the highest term,
// unless it has crashed since; 0 if there is none.
func (l *leaders) current() protocols.NodeID { return l.node }

// needsLeader reports whether an action cannot be carried out without leader.
func needsLeader(action language.Action) bool {
	return slices.ContainsFunc(targets(action), func(t language.Target) bool { return t.Role == language.Leader })
}

// targets returns the nodes that an action speaks of.
func targets(action language.Action) []language.Target {
	switch a := action.(type) {
	case language.Partition:
		all := []language.Target{a.Node}
		for _, group := range a.Groups {
			all = append(all, group...)
		}
		return append(all, ends(a.Pairs)...)
	case language.Heal:
		return append(slices.Clone(a.Among), ends(a.Pairs)...)
	case language.LinksChange:
		return ends(a.Pairs)
	case language.Crash:
		return []language.Target{a.Node}
	case language.Restart:
		return []language.Target{a.Node}
	case language.Pause:
		return []language.Target{a.Node}
	case language.Slow:
		return []language.Target{a.Node}
	case language.ClockJump:
		return []language.Target{a.Node}
	case language.ClockDrift:
		return []language.Target{a.Node}
	case language.DiskSlow:
		return []language.Target{a.Node}
	case language.DiskFull:
		return []language.Target{a.Node}
	case language.DiskFsyncFails:
		return []language.Target{a.Node}
	case language.DiskLost:
		return []language.Target{a.Node}
	case language.DiskRot:
		return []language.Target{a.Node}
	case language.Reconfigure:
		return slices.Concat(a.Members, a.Add, a.Remove)
	}
	return nil
}

func ends(pairs []language.TargetPair) []language.Target {
	var all []language.Target
	for _, pair := range pairs {
		all = append(all, pair.From, pair.To)
	}
	return all
}

// resolve returns the node that a target means now, 0 if there is none.
func (a *agenda) resolve(t language.Target) protocols.NodeID {
	if t.Node != 0 || t.Role == "" || t.Role == language.Rest {
		return t.Node
	}
	return a.resolveAmong(t, func(protocols.NodeID) bool { return true })
}

// resolveAmong is resolve for a role that only some nodes may have.
func (a *agenda) resolveAmong(t language.Target, may func(protocols.NodeID) bool) protocols.NodeID {
	switch {
	case t.Node != 0:
		return t.Node
	case t.Role == language.Leader && may(a.leaders.current()):
		return a.leaders.current()
	case t.Role == language.Leader:
		return 0
	}
	var candidates []protocols.NodeID
	for i := range a.sim.World.Nodes {
		cell := &a.sim.World.Nodes[i]
		if cell.Up && may(cell.ID) && (t.Role != language.Follower || cell.ID != a.leaders.current()) {
			candidates = append(candidates, cell.ID)
		}
	}
	if len(candidates) == 0 {
		return 0
	}
	return candidates[network.Below(&a.random, uint64(len(candidates)))]
}

func (a *agenda) resolveAll(ts []language.Target) []protocols.NodeID {
	var nodes []protocols.NodeID
	for _, t := range ts {
		if node := a.resolve(t); node != 0 && !slices.Contains(nodes, node) {
			nodes = append(nodes, node)
		}
	}
	return nodes
}
