package scenarios

import (
	"quorumlab/checker/linear"
	"quorumlab/protocols/machine"
	"quorumlab/sim"
)

// recorder is an observer that writes down what the clients see.
type recorder struct {
	history linear.History // of operations begun, in that order
	at      map[int]int    // position in history, by the operation's number
}

func newRecorder() *recorder { return &recorder{at: map[int]int{}} }

// Observe implements sim.Observer.
func (r *recorder) Observe(w *sim.World, step *sim.Step) {
	c := &step.Client
	if c.Client == 0 {
		return
	}
	if c.Invoked {
		r.at[c.Operation] = len(r.history)
		r.history = append(r.history, begun(w, step))
		return
	}
	op := &r.history[r.at[c.Operation]]
	op.Node = w.Setup().Name(c.Node)
	if !c.Returned {
		return
	}
	op.Return, op.Outcome, op.Error = int64(step.Time), linear.Outcome(c.Outcome), c.Reason
	result, ok := c.Result.(machine.Result)
	if c.Outcome != sim.OK {
		return
	}
	if !ok || result.Error != "" {
		panic("scenarios: a machine cannot execute a scenario's operation: " + result.Error)
	}
	if op.Kind == linear.Read {
		op.Out = linear.Value{Text: result.Value, Present: result.Found}
	}
	op.Swapped = result.Swapped
}

func begun(w *sim.World, step *sim.Step) linear.Operation {
	c := &step.Client
	command := c.Command.(machine.Command)
	op := linear.Operation{
		ID: c.Operation, Session: uint64(c.Client), Client: w.Clients[c.Client-1].Name,
		Node: w.Setup().Name(c.Node), Side: w.Clients[c.Client-1].Side, Key: command.Key,
		Invoke: int64(step.Time), Return: linear.Never, Outcome: linear.Info, Error: sim.TimedOut,
	}
	switch command.Op {
	case machine.Get:
		op.Kind = linear.Read
	case machine.Put:
		op.Kind, op.In = linear.Write, linear.Some(command.Value)
	case machine.Delete:
		op.Kind = linear.Write // of the absent value
	case machine.CAS:
		op.Kind, op.In = linear.CAS, linear.Some(command.Value)
		op.Expected = linear.Value{Text: command.Expect, Present: !command.Absent}
	default:
		panic("scenarios: no operation " + string(command.Op))
	}
	return op
}
