package scenarios

import (
	"bytes"
	"fmt"
	"slices"

	"quorumlab/checker/linear"
	"quorumlab/protocols"
	"quorumlab/protocols/machine"
)

// replicas returns the state machines of the nodes that run at the end, with
// the nodes' names.
func (x *execution) replicas() (machines []protocols.StateMachine, names []string) {
	w := x.sim.World
	for i := range w.Nodes {
		if replica, ok := w.Nodes[i].Node.(protocols.Replica); ok && w.Nodes[i].Up {
			machines = append(machines, replica.Replicated())
			names = append(names, w.Setup().Name(w.Nodes[i].ID))
		}
	}
	return machines, names
}

// converged judges whether at the end all nodes that run hold the same.
func (x *execution) converged() (Judgement, string) {
	machines, names := x.replicas()
	if len(machines) < 2 {
		return Unknown, "fewer than two nodes run at the end"
	}
	codec := x.sim.World.Setup().Codec
	first := codec.Canonical(machines[0])
	for i := 1; i < len(machines); i++ {
		if !bytes.Equal(first, codec.Canonical(machines[i])) {
			return Violated, fmt.Sprintf("at the end %s holds %s, but %s holds %s", names[0],
				codec.AppendJSON(nil, machines[0]), names[i], codec.AppendJSON(nil, machines[i]))
		}
	}
	return Holds, ""
}

// lost counts the acknowledged writes that are gone at the end: no node that
// runs has the value, and no other write can have replaced it, for all of them
// were surely over before it began. known is false if no node runs at the end.
func (x *execution) lost() (n int64, known bool) {
	machines, _ := x.replicas()
	last := lastWrites(x.clients.history)
	for i := range x.clients.history {
		op := &x.clients.history[i]
		if op.Outcome == linear.OK && writes(op) && last[op.Key].but(op) < op.Invoke && !present(machines, op.Key, op.In) {
			n++
		}
	}
	return n, len(machines) > 0
}

// writes reports whether an operation changed its key, or may have.
func writes(op *linear.Operation) bool {
	switch op.Kind {
	case linear.Write:
		return op.Outcome != linear.Fail
	case linear.CAS:
		return op.Swapped || op.Outcome == linear.Info
	}
	return false
}

// latest tells until when the writes of a key may have taken effect: the one
// for which this is latest, and the others.
type latest struct {
	id           int
	that, others int64
}

// but returns until when a write other than op may have taken effect.
func (l latest) but(op *linear.Operation) int64 {
	if op.ID == l.id {
		return l.others
	}
	return l.that
}

// lastWrites returns for each key until when it may have been written. A write
// whose fate nobody knows may take effect at any time.
func lastWrites(history linear.History) map[string]latest {
	const before = -1 // anything begins
	last := map[string]latest{}
	for i := range history {
		op := &history[i]
		if !writes(op) {
			continue
		}
		until := op.Return
		if op.Outcome == linear.Info {
			until = linear.Never
		}
		l, seen := last[op.Key]
		switch {
		case !seen:
			l = latest{op.ID, until, before}
		case until > l.that:
			l = latest{op.ID, until, l.that}
		default:
			l.others = max(l.others, until)
		}
		last[op.Key] = l
	}
	return last
}

// present reports whether some machine holds a value of a key.
func present(machines []protocols.StateMachine, key string, value linear.Value) bool {
	return slices.ContainsFunc(machines, func(m protocols.StateMachine) bool {
		result, ok := m.Query(machine.Command{Op: machine.Get, Key: key})
		r, is := result.(machine.Result)
		return ok && is && r.Found == value.Present && r.Value == value.Text
	})
}
