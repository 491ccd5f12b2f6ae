package timeline

import (
	"bytes"
	"slices"

	"quorumlab/protocols"
	"quorumlab/protocols/state"
	"quorumlab/sim"
)

// Difference returns what differs between two worlds of a timeline: changed leaves
// only, the nodes under their names. only, if not nil, are the nodes that may
// differ. What did not change as a whole is passed over quickly.
func Difference(before, after *sim.World, only []protocols.NodeID) []state.Change {
	var all []state.Change
	var one, other state.Encoder
	part := func(name string, before, after any) {
		if only == nil && bytes.Equal(one.Append(nil, before), other.Append(nil, after)) {
			return
		}
		for _, c := range state.Diff(before, after) {
			if c.Path != "" && c.Path[0] != '[' {
				c.Path = "." + c.Path
			}
			c.Path = name + c.Path
			all = append(all, c)
		}
	}
	// Of two runs of a scenario one may have more nodes, or clients.
	for i := range min(len(before.Nodes), len(after.Nodes)) {
		if only != nil && !slices.Contains(only, after.Nodes[i].ID) {
			continue
		}
		part(after.Setup().Name(after.Nodes[i].ID), before.Nodes[i], after.Nodes[i])
	}
	all = append(all, beyond(before, len(after.Nodes), state.Removed)...)
	all = append(all, beyond(after, len(before.Nodes), state.Added)...)
	part("Network", before.Network, after.Network)
	for i := range min(len(before.Clients), len(after.Clients)) {
		part("Client "+after.Clients[i].Name, before.Clients[i], after.Clients[i])
	}
	part("Calls", before.Calls, after.Calls)
	return all
}

// beyond lists the nodes that one of two worlds has from a place on, which the other
// does not have.
func beyond(w *sim.World, from int, kind state.Kind) []state.Change {
	var all []state.Change
	for i := from; i < len(w.Nodes); i++ {
		all = append(all, state.Change{Path: w.Setup().Name(w.Nodes[i].ID), Kind: kind})
	}
	return all
}

// Touched returns the nodes that the step which led here may have changed.
func (t *Timeline) Touched() []protocols.NodeID {
	made := t.Made()
	touched := []protocols.NodeID{made.Node, made.Stopped, made.Choice.Node}
	if made.Fault != nil {
		touched = append(touched, made.Fault.Node)
	}
	return touched
}
