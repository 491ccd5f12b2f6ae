package linear

import (
	"slices"
	"strings"

	"github.com/anishathalye/porcupine"
)

// Register is one register that is read and written. At first it is absent.
func Register() Model {
	return Model{Name: "register", Summary: "one register: read, write", kinds: []Kind{Read, Write}}
}

// CASRegister is one register with compare-and-set.
func CASRegister() Model {
	return Model{
		Name: "cas", Summary: "one register: read, write, compare-and-set",
		kinds: []Kind{Read, Write, CAS},
	}
}

// valueID stands for a Value inside one check; absentID is the absent one.
type valueID int

const absentID valueID = 0

// cell is the sequential specification of one key. It numbers the values of
// the key's operations, so that a state is a small integer: comparing states
// is then cheap, whatever the values are.
type cell struct {
	values []Value
	ids    map[Value]valueID
	// joined remembers what an append to a state gives.
	joined map[[2]valueID]valueID
	// compared holds all values that answers are compared with, sorted, nil
	// to keep all states apart; see join.
	compared []string
	// sure counts the operations whose outcome is known, twins tells of the others
	// which do the same; alike has for each value the one that stands for it. See
	// prune.go.
	sure  int32
	twins map[int]twin
	sorts sorts
	alike []valueID
	// steps is how many more steps may be taken; negative: no bound.
	steps int
	// stop is asked now and then; if it says so, no more steps are taken.
	stop func() bool
	// exhausted: the bound was met, so that "no order found" means nothing.
	exhausted bool
}

// cellInput and cellOutput are what porcupine hands to the step function.
type cellInput struct {
	kind         Kind
	in, expected valueID
	twin         twin
	shown        *Operation
}

type cellOutput struct {
	known   bool // else any answer is accepted
	out     valueID
	swapped bool
}

func newCell(steps int, stop func() bool) *cell {
	return &cell{
		values: []Value{absentID: {}, lostID: {}}, // lostID is found by nobody
		ids:    map[Value]valueID{{}: absentID},
		joined: make(map[[2]valueID]valueID),
		steps:  steps,
		stop:   stop,
	}
}

func (c *cell) id(v Value) valueID {
	id, ok := c.ids[v]
	if !ok {
		id = valueID(len(c.values))
		c.values = append(c.values, v)
		c.ids[v] = id
	}
	return id
}

// lostID stands for every text that is no prefix of a compared one.
const lostID valueID = 1

// join returns the state after appending a text to a state. A text that is no
// prefix of any value that an answer is compared with will never be equal to
// one, whatever is appended to it: all such states behave alike until the next
// write, and are taken for one. Else there would be one for every order of the
// appends.
func (c *cell) join(state, text valueID) valueID {
	if c.values[text].Text == "" || state == lostID {
		return state // appending nothing leaves even an absent key as it is
	}
	pair := [2]valueID{state, text}
	id, ok := c.joined[pair]
	if !ok {
		joined := c.values[state].Text + c.values[text].Text
		if c.compared == nil || c.leadsTo(joined) {
			id = c.id(Some(joined))
		} else {
			id = lostID
		}
		c.joined[pair] = id
	}
	return id
}

// leadsTo reports whether a text is the beginning of one that an answer is
// compared with.
func (c *cell) leadsTo(text string) bool {
	at, _ := slices.BinarySearch(c.compared, text)
	return at < len(c.compared) && strings.HasPrefix(c.compared[at], text)
}

// compare lets join know what answers of these operations are compared with.
func (c *cell) compare(ops History) {
	c.compared = make([]string, 0, len(ops))
	for i := range ops {
		if v, observes := ops[i].observes(); observes {
			c.compared = append(c.compared, v.Text)
		} else if ops[i].mismatched() {
			c.compared = append(c.compared, ops[i].Expected.Text)
		}
	}
	slices.Sort(c.compared)
}

// keepApart lets join tell all states apart from now on.
func (c *cell) keepApart() {
	c.compared = nil
	clear(c.joined)
}

// apply is the specification: whether the operation may answer so in that
// state, and the state after it.
func (c *cell) apply(state valueID, in cellInput, out cellOutput) (bool, valueID) {
	switch in.kind {
	case Read:
		return !out.known || out.out == state, state
	case Write:
		return true, in.in
	case Append:
		return true, c.join(state, in.in)
	case CAS:
		equal := state == in.expected
		if out.known && out.swapped != equal {
			return false, state
		}
		if equal {
			return true, in.in
		}
		return true, state
	}
	panic("linear: operation of kind " + string(in.kind))
}

// stopEvery is how many steps pass between two questions to stop.
const stopEvery = 1024

// step counts one more step, and reports whether it may be taken.
func (c *cell) step() bool {
	if c.exhausted || c.steps == 0 || (c.steps%stopEvery == 0 && c.stop()) {
		c.exhausted = true
		return false
	}
	c.steps--
	return true
}

// replayed has no bound and tells all states apart, to show orders.
func (c *cell) replayed() porcupine.Model {
	c.keepApart()
	return c.model(c.apply)
}

// model returns the cell as porcupine wants it. Equal and Hash are set, for
// without them porcupine compares states with ==, which panics, on a goroutine
// of its own where nothing can recover, as soon as a state holds a slice or map.
func (c *cell) model(step func(valueID, cellInput, cellOutput) (bool, valueID)) porcupine.Model {
	return porcupine.Model{
		Init: func() any { return absentID },
		Step: func(state, input, output any) (bool, any) {
			ok, next := step(state.(valueID), input.(cellInput), output.(cellOutput))
			return ok, next
		},
		Equal:             func(a, b any) bool { return a.(valueID) == b.(valueID) },
		Hash:              func(state any) uint64 { return spread(state.(valueID)) },
		DescribeOperation: func(input, _ any) string { return labelOf(input.(cellInput).shown) },
		DescribeState:     func(state any) string { return c.values[state.(valueID)].String() },
	}
}

// spread spreads small numbers by an odd multiplier (2^64 divided by the golden
// ratio, as in Knuth's multiplicative hashing).
func spread(id valueID) uint64 { return uint64(id) * 0x9e3779b97f4a7c15 }

// operation converts one operation, to be shown as another (itself, before it
// was prepared). Its interval is closed on both sides in porcupine too.
// Anything whose outcome is not known answers "unknown".
func (c *cell) operation(op, shown *Operation, client int) porcupine.Operation {
	return porcupine.Operation{
		ClientId: client,
		Input:    cellInput{kind: op.Kind, in: c.id(op.In), expected: c.id(op.Expected), twin: c.twins[op.ID], shown: shown},
		Call:     op.Invoke,
		Output:   cellOutput{known: op.Outcome == OK, out: c.id(op.Out), swapped: op.Swapped},
		Return:   op.Return,
	}
}
