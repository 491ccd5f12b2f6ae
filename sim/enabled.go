package sim

import (
	"quorumlab/network"
	"quorumlab/protocols"
)

// Choices returns every choice that is enabled, each once, in an order that
// depends on the state alone: links, connections, nodes, clients, calls. Apply
// makes each of them, and of all others none that differs from these in a
// field that its kind uses (a Break is listed from the lower node to the
// higher). Which of the disturbances may happen, and how often, is the
// caller's to say: all that could are here, so a link with much in flight, or
// a disk with much unforced, gives many.
func (w *World) Choices() []Choice {
	var choices []Choice
	for i := range w.Network.Links {
		if link := &w.Network.Links[i]; link.From != link.To {
			choices = w.addPackets(choices, link)
		}
	}
	for _, connection := range w.Network.Connections {
		if connection.Established {
			choices = w.addBreaks(choices, connection.A, connection.B)
		}
	}
	for i := range w.Nodes {
		choices = w.Nodes[i].addChoices(choices)
	}
	for i := range w.Clients {
		choices = w.Clients[i].addChoices(choices)
	}
	for i := range w.Calls {
		if w.moves(&w.Calls[i]) {
			choices = append(choices, Choice{Kind: Arrive, ID: w.Calls[i].ID})
		}
		if w.Calls[i].Answered || !w.Calls[i].Waiting {
			choices = append(choices, Choice{Kind: Lose, ID: w.Calls[i].ID})
		}
	}
	return choices
}

// addPackets adds what may happen to the packets of one link.
func (w *World) addPackets(choices []Choice, link *network.Link) []Choice {
	receiver := w.cell(link.To)
	datagram := link.Kind == protocols.Datagram
	for i, packet := range link.Queue {
		c := Choice{Node: link.From, Peer: link.To, ID: packet.ID}
		arrives := datagram || i == 0 && (link.Breaks > 0 || w.Network.Reachable(link.From, link.To))
		if arrives && !(receiver.Up && receiver.Paused) {
			choices = append(choices, c.of(Deliver))
		}
		if datagram {
			choices = append(choices, c.of(Drop), c.of(Duplicate))
		}
		if !packet.Break && !packet.Corrupted {
			choices = append(choices, c.of(Corrupt))
		}
	}
	return choices
}

// of returns the choice as one of another kind.
func (c Choice) of(kind Kind) Choice {
	c.Kind = kind
	return c
}

// addBreaks adds every way in which a stream may break.
func (w *World) addBreaks(choices []Choice, a, b protocols.NodeID) []Choice {
	for there := range w.Network.InFlight(a, b) + 1 {
		for back := range w.Network.InFlight(b, a) + 1 {
			choices = append(choices, Choice{Kind: Break, Node: a, Peer: b, Keep: uint32(there), ID: uint64(back)})
		}
	}
	return choices
}

// addChoices adds what may happen to a node by itself.
func (c *Cell) addChoices(choices []Choice) []Choice {
	if !c.Up {
		return append(choices, Choice{Kind: Restart, Node: c.ID})
	}
	unforced := c.Disk.Unforced()
	if c.Paused {
		choices = append(choices, Choice{Kind: Resume, Node: c.ID})
	} else {
		for i := range c.Timers {
			choices = append(choices, Choice{Kind: Fire, Node: c.ID, ID: c.Timers[i].ID})
		}
		if c.Disk.Syncing > 0 && !c.Disk.Full && !c.Disk.Failing {
			choices = append(choices, Choice{Kind: Sync, Node: c.ID})
		}
		for keep := 0; keep <= unforced && c.Disk.Syncing > 0; keep++ {
			choices = append(choices, Choice{Kind: FailSync, Node: c.ID, Keep: uint32(keep)})
		}
		choices = append(choices, Choice{Kind: Pause, Node: c.ID})
	}
	for keep := range unforced + 1 {
		choices = append(choices, Choice{Kind: Crash, Node: c.ID, Keep: uint32(keep)})
		if keep < unforced {
			choices = append(choices, Choice{Kind: Crash, Node: c.ID, Keep: uint32(keep), ID: 1})
		}
	}
	return choices
}

// addChoices adds what a client may do.
func (c *Client) addChoices(choices []Choice) []Choice {
	switch {
	case c.Open:
		return append(choices, Choice{Kind: Expire, Client: c.ID, ID: c.Call})
	case c.Next < len(c.Script):
		return append(choices, Choice{Kind: Invoke, Client: c.ID})
	}
	return choices
}

// moves reports whether a call, or the answer to it, can arrive. What a cut
// loses arrives nowhere, but that too is a step.
func (w *World) moves(call *Call) bool {
	if call.Answered {
		return true
	}
	node := w.cell(call.Node)
	held := node.Up && node.Paused && w.reaches(w.client(call.Client).Place, call.Node)
	return !call.Waiting && !held
}
