package scenarios

import (
	"quorumlab/protocols"
	"quorumlab/sim"
)

// listener hears every note of a run. It must not keep the note.
type listener interface {
	heard(w *sim.World, step *sim.Step, note *protocols.Note)
}

// notes is an observer that looks through each step for notes, once for all who
// listen: few steps have any.
type notes struct {
	listeners []listener
	said      protocols.Note
}

// Observe implements sim.Observer.
func (n *notes) Observe(w *sim.World, step *sim.Step) {
	for i := range step.Effects {
		note, ok := step.Effects[i].(protocols.Note)
		if !ok {
			continue
		}
		n.said = note // they get it by reference: it is to cost no memory
		for _, l := range n.listeners {
			l.heard(w, step, &n.said)
		}
	}
}
