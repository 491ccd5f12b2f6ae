package timeline

import (
	"sort"

	"quorumlab/network"
	"quorumlab/protocols"
	"quorumlab/sim"
)

// Band is what is broken from a step on.
type Band struct {
	Step int
	// Cut holds the ordered pairs that are cut.
	Cut []network.Pair
	// Down and Paused are nodes.
	Down, Paused []protocols.NodeID
}

// Broken tells whether anything is.
func (b *Band) Broken() bool { return len(b.Cut)+len(b.Down)+len(b.Paused) > 0 }

// band takes up what a step broke, or made whole.
func (r *recording) band(w *sim.World, step *sim.Step) {
	kind := step.Choice.Kind
	if step.Fault == nil && step.Stopped == 0 && kind != sim.Restart && kind != sim.Pause && kind != sim.Resume {
		return
	}
	b := Band{Step: int(step.Number)}
	for i := range w.Network.Partitions {
		b.Cut = append(b.Cut, w.Network.Partitions[i].Pairs...)
	}
	for i := range w.Nodes {
		switch cell := &w.Nodes[i]; {
		case !cell.Up:
			b.Down = append(b.Down, cell.ID)
		case cell.Paused:
			b.Paused = append(b.Paused, cell.ID)
		}
	}
	r.line.bands = append(r.line.bands, b)
}

// BandAt returns what is broken after a step.
func (l *Line) BandAt(step int) Band {
	at := sort.Search(len(l.bands), func(i int) bool { return l.bands[i].Step > step })
	if at == 0 {
		return Band{}
	}
	return l.bands[at-1]
}

// Bands returns all changes of what is broken, in order.
func (l *Line) Bands() []Band { return l.bands }

// Faulty tells whether a step is a fault, or the end of one.
func (l *Line) Faulty(step int) bool {
	e := l.steps.at(step)
	return e.fault != nil || e.flags&stopped != 0 || e.choice.Kind == sim.Restart || e.choice.Kind == sim.Pause || e.choice.Kind == sim.Resume
}
