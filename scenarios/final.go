package scenarios

import (
	"bytes"
	"fmt"

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
// were over before it began.
func (x *execution) lost() int64 {
	n := int64(0)
	history := x.clients.history
	for i := range history {
		op := &history[i]
		if op.Outcome == linear.OK && writes(op) && !replaced(op, history) && !x.present(op.Key, op.In) {
			n++
		}
	}
	return n
}

func writes(op *linear.Operation) bool {
	return op.Kind == linear.Write || op.Kind == linear.CAS && (op.Swapped || op.Outcome == linear.Info)
}

// replaced reports whether another write of the key may have taken effect after
// an acknowledged one.
func replaced(op *linear.Operation, history linear.History) bool {
	for i := range history {
		other := &history[i]
		if other.ID != op.ID && other.Key == op.Key && other.Outcome != linear.Fail && writes(other) &&
			other.Return >= op.Invoke {
			return true
		}
	}
	return false
}

// present reports whether some node that runs holds a value of a key.
func (x *execution) present(key string, value linear.Value) bool {
	machines, _ := x.replicas()
	for _, m := range machines {
		result, ok := m.Query(machine.Command{Op: machine.Get, Key: key})
		if r, is := result.(machine.Result); ok && is && (linear.Value{Text: r.Value, Present: r.Found}) == value {
			return true
		}
	}
	return false
}
