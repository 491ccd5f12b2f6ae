package timeline

import (
	"fmt"
	"sort"
	"strconv"
	"strings"
	"time"

	"quorumlab/checker/linear"
	"quorumlab/protocols"
	"quorumlab/protocols/machine"
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
	// Point is its linearization point: after which step it may have taken effect; 0
	// if none is known.
	Point int
	// Its outcome, if it is not ok.
	Failed, Unknown bool
	// Offends names the property that it breaks, "" if none.
	Offends string
}

// Operations returns what the clients wanted on a line up to a step, in the order
// in which they began: the last of them, most at most. It returns none while the
// line is not judged.
func (l *Line) Operations(step, most int) []Operation {
	if l.result == nil {
		return nil
	}
	n := sort.Search(len(l.result.Moments), func(i int) bool { return int(l.result.Moments[i].Invoke) > step })
	var all []Operation
	for i := max(0, n-most); i < n; i++ {
		op, m := &l.result.History[i], l.result.Moments[i]
		o := Operation{
			ID: op.ID, Client: op.Client, Node: op.Node, Text: OperationText(op),
			Invoke: int(m.Invoke), Began: time.Duration(op.Invoke), Ended: l.Time(step),
		}
		if m.Return != 0 && int(m.Return) <= step {
			o.Return, o.Ended = int(m.Return), time.Duration(op.Return)
			o.Outcome, o.Failed, o.Unknown = OutcomeText(op), op.Outcome == linear.Fail, op.Outcome == linear.Info
			o.Offends = l.offends(op.ID)
		}
		if at, known := l.points[op.ID]; known {
			point := max(o.Invoke, l.StepAt(time.Duration(at)+1))
			if o.Return > 0 {
				point = min(point, o.Return)
			}
			if point <= step {
				o.Point = point
			}
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
		if op.Look != "" {
			return fmt.Sprintf("transfer %d from %s to %s, look at %s", op.Amount, op.Key, op.To, op.Look)
		}
		return fmt.Sprintf("transfer %d from %s to %s", op.Amount, op.Key, op.To)
	case linear.Txn:
		return op.Wants()
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
	case op.Kind == linear.Txn:
		return op.Saw()
	case (op.Kind == linear.CAS || op.Kind == linear.Transfer) && !op.Swapped:
		return "ok, not changed"
	case op.Kind == linear.Transfer && op.Look != "":
		return fmt.Sprintf("ok, %s=%v", op.Look, op.Out)
	}
	return "ok"
}

// commandText shows a command, resultText the answer to it.
func commandText(codec *state.Codec, c protocols.Command) string {
	switch c := c.(type) {
	case protocols.Reconfigure:
		return fmt.Sprintf("members %v", c.Members)
	case machine.Transaction:
		texts := make([]string, len(c.Commands))
		for i := range c.Commands {
			texts[i] = kvText(&c.Commands[i])
		}
		return strings.Join(texts, ", ")
	case machine.Command:
		return kvText(&c)
	}
	return Fields(codec, c)
}

func kvText(c *machine.Command) string {
	switch c.Op {
	case machine.Get:
		return "read " + c.Key
	case machine.Put:
		return "write " + c.Key + "=" + c.Value
	case machine.CAS:
		from := c.Expect
		if c.Absent {
			from = "nothing"
		}
		return fmt.Sprintf("cas %s %s to %s", c.Key, from, c.Value)
	}
	return strings.TrimSpace(fmt.Sprintf("%s %s %s", c.Op, c.Key, c.Value))
}

func resultText(codec *state.Codec, r protocols.Result) string {
	switch r := r.(type) {
	case nil:
		return "(no value)"
	case machine.Result:
		switch {
		case r.Error != "":
			return "error: " + r.Error
		case r.Found:
			return strconv.Quote(r.Value)
		case r.Swapped:
			return "swapped"
		}
		return "(no value)"
	case machine.TransactionResult:
		if r.Aborted {
			return "aborted"
		}
		return "committed"
	}
	return Fields(codec, r)
}
