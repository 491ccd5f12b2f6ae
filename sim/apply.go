package sim

import (
	"fmt"
	"slices"

	"quorumlab/network"
	"quorumlab/protocols"
)

// deliver hands the packet to its receiver. A datagram that meets a cut or a
// node that is down is lost; a stream holds what a cut keeps back.
func (w *World) deliver(c Choice, step *Step) {
	receiver := w.cell(c.Peer)
	if receiver.Up && receiver.Paused {
		return
	}
	delivery := w.Network.Deliver(c.Node, c.Peer, c.ID)
	step.Done = delivery.Outcome != network.Absent && delivery.Outcome != network.Held
	switch delivery.Outcome {
	case network.Delivered:
		w.handle(receiver, protocols.Received{From: c.Node, Message: delivery.Packet.Message}, step)
	case network.Broken:
		w.handle(receiver, protocols.Disconnected{Peer: c.Node}, step)
	case network.Dropped, network.Discarded:
		step.Lost = 1
		launch(delivery.Markers, step)
	}
}

// disturb does to packets under way what a network may do.
func (w *World) disturb(c Choice, step *Step) {
	switch c.Kind {
	case Drop:
		step.Done = w.Network.Drop(c.Node, c.Peer, c.ID)
		step.Lost = count(step.Done)
	case Duplicate:
		if id := w.Network.Duplicate(c.Node, c.Peer, c.ID); id != 0 {
			step.Done = true
			step.Sent = append(step.Sent, Flight{From: c.Node, To: c.Peer, ID: id})
		}
	case Corrupt:
		link := w.Network.Link(c.Node, c.Peer)
		at, found := link.Index(c.ID)
		step.Done = found && !link.Queue[at].Corrupted && w.Network.Corrupt(c.Node, c.Peer, c.ID)
	case Break:
		w.breakStream(c, step)
	}
}

func (w *World) breakStream(c Choice, step *Step) {
	if w.Network.Kind != protocols.Stream || !w.Network.Connection(c.Node, c.Peer).Established {
		return
	}
	there, back := w.Network.InFlight(c.Node, c.Peer), w.Network.InFlight(c.Peer, c.Node)
	if uint64(c.Keep) > uint64(there) || c.ID > uint64(back) {
		return
	}
	step.Done = true
	launch(w.Network.Break(c.Node, c.Peer, int(c.Keep), int(c.ID)), step)
}

func (w *World) fire(c Choice, step *Step) {
	cell := w.cell(c.Node)
	at := slices.IndexFunc(cell.Timers, func(t Armed) bool { return t.ID == c.ID })
	if at < 0 || !cell.Up || cell.Paused {
		return
	}
	timer := cell.Timers[at].Timer
	cell.Timers = slices.Delete(cell.Timers, at, at+1)
	step.Done = true
	w.handle(cell, protocols.TimerFired{Timer: timer}, step)
}

func (w *World) sync(c Choice, step *Step) {
	cell := w.cell(c.Node)
	if !cell.Up || cell.Paused || cell.Disk.Syncing == 0 || cell.Disk.Full || cell.Disk.Failing {
		return
	}
	step.Done = true
	mark := cell.Disk.Complete()
	step.Syncing = cell.Disk.Start()
	w.handle(cell, protocols.Persisted{Mark: mark}, step)
}

// crash stops a node. What it had in flight to its peers may still arrive;
// what was in flight to it is lost; its clients' connections break.
func (w *World) crash(c Choice, step *Step) {
	cell := w.cell(c.Node)
	left := uint64(cell.Disk.Unforced())
	switch {
	case !cell.Up || uint64(c.Keep) > left:
		return
	case c.Kind == FailSync && (cell.Paused || cell.Disk.Syncing == 0):
		return
	case c.Kind == Crash && (c.ID > 1 || c.ID == 1 && uint64(c.Keep) == left):
		return
	}
	step.Done, step.Stopped = true, c.Node
	cell.Disk.Crash(int(c.Keep))
	cell.Up, cell.Paused, cell.Node, cell.Timers = false, false, nil, nil
	launch(w.Network.Crash(c.Node, keepAll), step)
	for i := range w.Calls {
		call := &w.Calls[i]
		if call.Node == c.Node && call.Waiting && !call.Answered {
			call.Answered, call.Broken, call.Refusal = true, true, Crashed
			step.Calls = append(step.Calls, call.ID)
		}
	}
}

func (w *World) restart(c Choice, step *Step) {
	cell := w.cell(c.Node)
	if cell.Up {
		return
	}
	node, err := w.newNode(c.Node)
	if err != nil {
		panic("sim: a configuration that was good is not any more: " + err.Error())
	}
	step.Done = true
	w.Network.Restart(c.Node)
	cell.Up, cell.Node = true, node
	w.handle(cell, protocols.Recovered{Disk: cell.Disk.Image()}, step)
}

// handle lets a node handle an event and carries out its effects.
func (w *World) handle(cell *Cell, event protocols.Event, step *Step) {
	step.Node, step.Event, step.Clock = cell.ID, event, cell.Clock.Read(w.Now)
	cell.Node.Step(step.Clock, event, &step.Effects)
	for _, effect := range step.Effects {
		switch e := effect.(type) {
		case protocols.Send:
			w.send(cell.ID, e, step)
		case protocols.SetTimer:
			w.setTimer(cell, e, step)
		case protocols.CancelTimer:
			cell.Timers = slices.DeleteFunc(cell.Timers, func(t Armed) bool { return t.Timer == e.Timer })
		case protocols.Persist:
			cell.Disk.Pending = append(cell.Disk.Pending, e)
			step.Syncing = cell.Disk.Start() || step.Syncing
		case protocols.Reply:
			w.reply(cell.ID, e, step)
		case protocols.Note:
		}
	}
}

func (w *World) send(from protocols.NodeID, e protocols.Send, step *Step) {
	if e.To == from || e.To < 1 || int(e.To) > len(w.Nodes) {
		panic("sim: a node sends to itself or to nobody")
	}
	sent := w.Network.Send(from, e.To, e.Message, w.Now)
	switch {
	case sent.Packet != 0:
		step.Sent = append(step.Sent, Flight{From: from, To: e.To, ID: sent.Packet})
	case sent.Marker != 0:
		step.Lost++
		step.Sent = append(step.Sent, Flight{From: e.To, To: from, ID: sent.Marker, Marker: true})
	default:
		step.Lost++
	}
}

func (w *World) setTimer(cell *Cell, e protocols.SetTimer, step *Step) {
	if e.Min < 0 || e.Max < e.Min {
		panic(fmt.Sprintf("sim: timer %q is to run out after %v to %v", e.Timer.Name, e.Min, e.Max))
	}
	w.Timers++
	armed := Armed{
		Node: cell.ID, ID: w.Timers, Timer: e.Timer,
		Min: e.Min, Max: e.Max, Set: step.Clock,
	}
	step.Armed = append(step.Armed, armed)
	for i := range cell.Timers {
		if cell.Timers[i].Timer == e.Timer {
			cell.Timers[i] = armed
			return
		}
	}
	cell.Timers = append(cell.Timers, armed)
}

// launch reports packets that the network itself put under way (the news of a
// broken stream).
func launch(markers []network.Marker, step *Step) {
	for _, m := range markers {
		step.Sent = append(step.Sent, Flight{From: m.From, To: m.To, ID: m.ID, Marker: true})
	}
}

// keepAll lets all arrive that a node had sent before it crashed: what is in
// flight has left it. (What the network loses is the network's choice.)
func keepAll(_ protocols.NodeID, inFlight int) int { return inFlight }

func count(b bool) int {
	if b {
		return 1
	}
	return 0
}
