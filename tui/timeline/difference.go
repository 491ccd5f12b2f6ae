package timeline

import (
	"bytes"

	"quorumlab/protocols/state"
	"quorumlab/sim"
)

// Difference returns what differs between two worlds of a timeline: changed leaves
// only, the nodes under their names. What did not change as a whole is passed over
// quickly.
func Difference(before, after *sim.World) []state.Change {
	var all []state.Change
	var one, other state.Encoder
	part := func(name string, before, after any) {
		if bytes.Equal(one.Append(nil, before), other.Append(nil, after)) {
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
	for i := range after.Nodes {
		part(after.Setup().Name(after.Nodes[i].ID), before.Nodes[i], after.Nodes[i])
	}
	part("Network", before.Network, after.Network)
	for i := range after.Clients {
		part("Client "+after.Clients[i].Name, before.Clients[i], after.Clients[i])
	}
	part("Calls", before.Calls, after.Calls)
	return all
}
