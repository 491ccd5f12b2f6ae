package sim

import (
	"time"

	"quorumlab/protocols"
)

// Unseen is a change of the world between two steps, of which no step tells.
type Unseen struct {
	// After is the number of steps before it.
	After uint64
	// Asked is what a client was given to ask (Simulator.Ask), if not nil.
	Asked *Asked
	// CalledOff is the node whose next force does not fail after all, if not 0:
	// its restart was asked for.
	CalledOff protocols.NodeID
}

// Asked is an operation that a client was given on the way.
type Asked struct {
	Client    protocols.ClientID
	Contacts  []protocols.NodeID
	Operation Operation
}

// Unseen returns the changes of the world so far of which no step tells, in
// order. They are few.
func (s *Simulator) Unseen() []Unseen { return s.unseen }

// Redo makes a step again that a simulator made in a world equal to this: its
// choice or, if it was one, its fault. step tells what it did. In the hands of
// an observer a run is so written down in little room, and gone through anew.
func (w *World) Redo(at time.Duration, c Choice, fault *Fault, step *Step) {
	w.Now = at
	step.Time = at
	if fault != nil {
		w.inflict(fault, step)
		return
	}
	w.Apply(c, step)
}

// RedoUnseen makes again what a simulator did between two steps.
func (w *World) RedoUnseen(u Unseen) {
	if u.Asked != nil {
		w.entrust(u.Asked)
	}
	if u.CalledOff != 0 {
		w.cell(u.CalledOff).Disk.Failing = false
	}
}

func (w *World) entrust(a *Asked) {
	client := w.client(a.Client)
	client.Contacts = a.Contacts
	client.Script = append(client.Script, a.Operation)
}
