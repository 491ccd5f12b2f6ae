package timeline

import (
	"fmt"

	"quorumlab/network"
	"quorumlab/protocols"
	"quorumlab/sim"
	"quorumlab/sim/trace"
)

func inflict(f sim.Fault) trace.Deed { return trace.Deed{Inflict: &f} }

// Crash returns the deed that crashes a node or, if it cannot, why. The writes of
// the node that are not on its disk yet are lost.
func (t *Timeline) Crash(node protocols.NodeID) (deed trace.Deed, why string) {
	if !t.World().Nodes[node-1].Up {
		return deed, t.nodeName(node) + " is down already: r restarts it"
	}
	return inflict(sim.Fault{Kind: sim.CrashNode, Node: node}), ""
}

// Restart returns the deed that restarts a node or, if it cannot, why.
func (t *Timeline) Restart(node protocols.NodeID) (deed trace.Deed, why string) {
	if t.World().Nodes[node-1].Up {
		return deed, t.nodeName(node) + " runs: c crashes it"
	}
	return inflict(sim.Fault{Kind: sim.RestartNode, Node: node}), ""
}

// Pause returns the deed that pauses a node, or lets it go on, or why it cannot.
func (t *Timeline) Pause(node protocols.NodeID, on bool) (deed trace.Deed, why string) {
	switch cell := &t.World().Nodes[node-1]; {
	case !cell.Up:
		return deed, t.nodeName(node) + " is down"
	case cell.Paused == on && on:
		return deed, t.nodeName(node) + " is paused already"
	case cell.Paused == on:
		return deed, t.nodeName(node) + " is not paused"
	case on:
		return inflict(sim.Fault{Kind: sim.PauseNode, Node: node}), ""
	}
	return inflict(sim.Fault{Kind: sim.ResumeNode, Node: node}), ""
}

func (t *Timeline) nodeName(node protocols.NodeID) string { return t.World().Setup().Name(node) }

// Heal returns the deed that heals all partitions or, if there is none, says so.
func (t *Timeline) Heal() (deed trace.Deed, why string) {
	if len(t.World().Network.Partitions) == 0 {
		return deed, "nothing is cut"
	}
	return inflict(sim.Fault{Kind: sim.HealLinks}), ""
}

// Cut returns the deed that cuts ordered pairs.
func (t *Timeline) Cut(pairs []network.Pair) (deed trace.Deed, why string) {
	if len(pairs) == 0 {
		return deed, "nothing is to be cut"
	}
	name := fmt.Sprintf("by hand %d", t.at.Step)
	return inflict(sim.Fault{Kind: sim.CutLinks, Cut: name, Pairs: pairs}), ""
}

// Split returns the deed that cuts groups of nodes from each other: groups holds
// the number of each node's group.
func (t *Timeline) Split(groups []int) (deed trace.Deed, why string) {
	most := 0
	for _, g := range groups {
		most = max(most, g)
	}
	sides := make([][]protocols.NodeID, most+1)
	for i, g := range groups {
		sides[g] = append(sides[g], protocols.NodeID(i+1))
	}
	pairs := network.Split(sides...)
	if len(pairs) == 0 {
		return deed, "put nodes into different groups first"
	}
	return t.Cut(pairs)
}

// Preset is a partition of a usual shape.
type Preset struct {
	Name  string
	Pairs []network.Pair // none if Why says why it is not possible
	Why   string
}

// Presets returns the partitions of usual shapes around a node; leader is the node
// that leads, 0 if none does.
func (t *Timeline) Presets(node, leader protocols.NodeID) []Preset {
	n := len(t.World().Nodes)
	next := protocols.NodeID(int(node)%n + 1)
	name := t.nodeName
	few := func(least int) string {
		if n < least {
			return fmt.Sprintf("it takes %d nodes", least)
		}
		return ""
	}
	make := func(title string, why string, pairs func() []network.Pair) Preset {
		if why != "" {
			return Preset{Name: title, Why: why}
		}
		return Preset{Name: title, Pairs: pairs()}
	}
	noLeader := ""
	if leader == 0 {
		noLeader = "nobody leads"
	}
	return []Preset{
		make("majority with "+name(node), few(3), func() []network.Pair { return network.Majority(n, node) }),
		make("minority with "+name(node), few(2), func() []network.Pair { return network.Minority(n, node) }),
		make("isolate the leader "+name(leader), noLeader, func() []network.Pair { return network.Isolate(n, leader) }),
		make("isolate "+name(node), few(2), func() []network.Pair { return network.Isolate(n, node) }),
		make(fmt.Sprintf("one way %s to %s", name(node), name(next)), few(2), func() []network.Pair { return network.OneWay(node, next) }),
		make("ring", few(4), func() []network.Pair { return network.Ring(n) }),
		make("bridge over "+name(node), few(3), func() []network.Pair { return network.Bridge(n, node) }),
	}
}

// Leader returns the node that was the last to note that it leads, up to where
// one stands, and runs still; 0 if there is none.
func (t *Timeline) Leader() protocols.NodeID {
	l := t.at.Line
	var best protocols.NodeID
	var term uint64
	for i := range t.World().Nodes {
		cell := &t.World().Nodes[i]
		if !cell.Up {
			continue
		}
		if step, its := l.led(cell.ID, t.at.Step); step > 0 && its >= term {
			best, term = cell.ID, its
		}
	}
	return best
}

// led returns the last step up to one by which a node noted that it leads, in this
// life, and its term.
func (l *Line) led(node protocols.NodeID, upTo int) (step int, term uint64) {
	for i := len(l.reigns) - 1; i >= 0; i-- {
		r := l.reigns[i]
		switch {
		case r.step > upTo || r.node != node:
		case r.term == 0: // it stopped
			return 0, 0
		default:
			return r.step, r.term
		}
	}
	return 0, 0
}

// reign is that a node began to lead or, with term 0, stopped.
type reign struct {
	step int
	node protocols.NodeID
	term uint64
}
