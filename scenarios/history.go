package scenarios

import (
	"fmt"
	"reflect"
	"strconv"

	"quorumlab/checker/linear"
	"quorumlab/protocols/machine"
	"quorumlab/scenarios/language"
	"quorumlab/sim"
)

// recorder is an observer that writes down what the clients see.
type recorder struct {
	history linear.History // of operations begun, in that order
	moments []Moment       // of the same places in history
	at      []int          // position in history, by the operation's number
	clients int            // those of the run; the operator comes after them
}

func newRecorder(run *language.Run) *recorder {
	return &recorder{
		history: make(linear.History, 0, len(run.Script)), moments: make([]Moment, 0, len(run.Script)),
		at: make([]int, len(run.Script)+1), clients: len(run.Clients),
	}
}

// Observe implements sim.Observer.
func (r *recorder) Observe(w *sim.World, step *sim.Step) {
	c := &step.Client
	if c.Client == 0 || int(c.Client) > r.clients {
		return
	}
	if c.Invoked {
		r.at[c.Operation] = len(r.history)
		r.history = append(r.history, begun(w, step))
		r.moments = append(r.moments, Moment{Invoke: step.Number})
		return
	}
	op := &r.history[r.at[c.Operation]]
	op.Node = w.Setup().Name(c.Node)
	if !c.Returned {
		return
	}
	r.moments[r.at[c.Operation]].Return = step.Number
	op.Return, op.Outcome, op.Error = int64(step.Time), linear.Outcome(c.Outcome), c.Reason
	if c.Outcome != sim.OK {
		return
	}
	if moved, ok := c.Result.(machine.TransactionResult); ok && op.Kind == linear.Transfer && moved.Error == "" {
		moves(op, moved)
		return
	}
	if op.Kind == linear.Txn {
		seen(op, c.Result)
		return
	}
	result, ok := c.Result.(machine.Result)
	if !ok || result.Error != "" {
		panic(fmt.Sprintf("scenarios: a machine cannot execute %+v: %+v", c.Command, c.Result))
	}
	// A node that errs may answer what was never asked: only what the client
	// would look at counts.
	switch {
	case op.Kind == linear.Read && result.Found:
		op.Out = linear.Some(result.Value)
	case op.Kind == linear.CAS:
		op.Swapped = result.Swapped
	}
}

func begun(w *sim.World, step *sim.Step) linear.Operation {
	c := &step.Client
	op := linear.Operation{
		ID: c.Operation, Session: uint64(c.Client), Client: w.Clients[c.Client-1].Name,
		Node: w.Setup().Name(c.Node), Side: w.Clients[c.Client-1].Side,
		Invoke: int64(step.Time), Return: linear.Never, Outcome: linear.Info, Error: sim.TimedOut,
	}
	if t, ok := c.Command.(machine.Transaction); ok {
		if isTransfer(t) {
			transferred(&op, t)
		} else {
			op.Kind, op.Lists = linear.Txn, listOps(t)
		}
		return op
	}
	command := c.Command.(machine.Command)
	op.Key = command.Key
	switch command.Op {
	case machine.Get:
		op.Kind = linear.Read
	case machine.Put:
		op.Kind, op.In = linear.Write, linear.Some(command.Value)
	case machine.Delete:
		op.Kind = linear.Write // of the absent value
	case machine.CAS:
		op.Kind, op.In = linear.CAS, linear.Some(command.Value)
		if !command.Absent {
			op.Expected = linear.Some(command.Expect)
		}
	default:
		panic("scenarios: no operation " + string(command.Op))
	}
	return op
}

// moves fills in what a transfer came to. (A node that errs may give the answer to
// another one, without what this one looked at.)
func moves(op *linear.Operation, done machine.TransactionResult) {
	op.Swapped = !done.Aborted
	if op.Swapped && op.Look != "" && len(done.Results) == 3 && done.Results[2].Found {
		op.Out = linear.Some(done.Results[2].Value)
	}
}

// isTransfer tells transfers from transactions on lists.
func isTransfer(t machine.Transaction) bool {
	return len(t.Commands) > 0 && t.Commands[0].Op == machine.Add
}

// transferred fills in what a transfer moves.
func transferred(op *linear.Operation, t machine.Transaction) {
	amount, err := strconv.ParseInt(t.Commands[1].Value, 10, 64)
	op.Kind, op.Key, op.To, op.Amount = linear.Transfer, t.Commands[0].Key, t.Commands[1].Key, amount
	made := machine.Transfer(op.Key, op.To, amount)
	if len(t.Commands) == 3 {
		op.Look = t.Commands[2].Key
		made = made.Looking(op.Look)
	}
	if err != nil || !reflect.DeepEqual(t, made) {
		panic(fmt.Sprintf("scenarios: no transfer: %+v", t))
	}
}

// kindOf returns what the scenario calls an operation: a history knows a delete
// as the write of the absent value.
func kindOf(op *linear.Operation) language.OperationKind {
	if op.Kind == linear.Write && !op.In.Present {
		return language.Delete
	}
	return language.OperationKind(op.Kind)
}
