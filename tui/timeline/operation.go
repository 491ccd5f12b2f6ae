package timeline

import (
	"fmt"
	"time"

	"quorumlab/checker/linear"
	"quorumlab/protocols"
	"quorumlab/protocols/state"
)

// Operation is what a client wants, as a bar from its beginning to its end.
type Operation struct {
	ID     int
	Client string
	Node   string
	Text   string // what it wants
	// Outcome says how it ended, "" while it has not.
	Outcome string
	// Invoke and Return are steps; Return is 0 while it is open. Began and Ended
	// are the same in time; Ended is that of the run's end if it is open.
	Invoke, Return int
	Began, Ended   time.Duration
	// OK, and its opposites.
	Failed, Unknown bool
	// Offends names the property that it breaks, "" if none.
	Offends string
}

// Operations returns what the clients wanted on a line up to a step, in the order
// in which they began. The line must be judged.
func (l *Line) Operations(step int) []Operation {
	if l.result == nil {
		return nil
	}
	var all []Operation
	for i := range l.result.History {
		op, m := &l.result.History[i], l.result.Moments[i]
		if int(m.Invoke) > step {
			continue
		}
		o := Operation{
			ID: op.ID, Client: op.Client, Node: op.Node, Text: OperationText(op),
			Invoke: int(m.Invoke), Began: time.Duration(op.Invoke), Ended: l.Time(step),
		}
		if m.Return != 0 && int(m.Return) <= step {
			o.Return, o.Ended = int(m.Return), time.Duration(op.Return)
			o.Outcome, o.Failed, o.Unknown = OutcomeText(op), op.Outcome == linear.Fail, op.Outcome == linear.Info
			o.Offends = l.offends(op.ID)
		}
		all = append(all, o)
	}
	return all
}

func (l *Line) offends(id int) string {
	for _, v := range l.result.Verdicts {
		if v.Operation == id && v.Verdict == "violated" {
			return v.Property
		}
	}
	return ""
}

// OperationText says what a client wants.
func OperationText(op *linear.Operation) string {
	switch op.Kind {
	case linear.Read:
		return "read " + op.Key
	case linear.CAS:
		return fmt.Sprintf("cas %s %v to %v", op.Key, op.Expected, op.In)
	case linear.Transfer:
		return fmt.Sprintf("transfer %d from %s to %s", op.Amount, op.Key, op.To)
	}
	if !op.In.Present {
		return "delete " + op.Key
	}
	return fmt.Sprintf("%s %s=%s", op.Kind, op.Key, op.In.Text)
}

// OutcomeText says how an operation ended.
func OutcomeText(op *linear.Operation) string {
	switch {
	case op.Outcome != linear.OK:
		return fmt.Sprintf("%s (%s)", op.Outcome, op.Error)
	case op.Kind == linear.Read:
		return op.Out.String()
	case (op.Kind == linear.CAS || op.Kind == linear.Transfer) && !op.Swapped:
		return "ok, not changed"
	}
	return "ok"
}

// commandText shows a command, resultText the answer to it.
func commandText(codec *state.Codec, c protocols.Command) string {
	if m, ok := c.(protocols.Reconfigure); ok {
		return fmt.Sprintf("members %v", m.Members)
	}
	return Fields(codec, c)
}

func resultText(codec *state.Codec, r protocols.Result) string {
	if r == nil {
		return ""
	}
	return Fields(codec, r)
}
