package linear

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/anishathalye/porcupine"
)

// A transfer is one operation on two keys: keys that transfers join, directly or
// by way of others, are one object, and are judged together. A key that a transfer
// looks at is joined as well: what it held is known of that very instant. What is known of
// single registers (prepare.go, narrow.go) does not hold for it, so the search
// has more to do; it is as exact.

// specification is how an object behaves, as porcupine wants it.
type specification interface {
	// searched is for the search: it ends at the bound, met tells that it has.
	searched() porcupine.Model
	met() bool
	// replayed has no bound and tells all states apart, to show orders.
	replayed() porcupine.Model
	operation(op, shown *Operation, client int) porcupine.Operation
}

// specify returns the specification of the object that operations are on.
func specify(ops History, steps int, stop func() bool) specification {
	c := newCell(steps, stop)
	if onObject(ops) {
		return newObject(ops, c)
	}
	if joint(ops) {
		return newLedger(ops, c)
	}
	c.compare(ops)
	c.tellTwins(ops)
	return c
}

func (c *cell) met() bool { return c.exhausted }

// ledger is the specification of keys that transfers join. It numbers the
// states, each of which is a value a key.
type ledger struct {
	cell   *cell // the values, and the bound
	keys   []string
	states numbering[valueID]
}

// ledgerInput is what porcupine hands to the step function.
type ledgerInput struct {
	cellInput
	key, to int
	amount  int64
	look    int // -1: none
}

func newLedger(ops History, c *cell) *ledger {
	l := &ledger{cell: c, keys: ops.Keys()}
	l.states.number(make([]valueID, len(l.keys))) // at first all are absent
	return l
}

// apply is the specification: see cell.apply.
func (l *ledger) apply(state int, in ledgerInput, out cellOutput) (bool, int) {
	values := l.states.vectors[state]
	if in.kind != Transfer {
		ok, value := l.cell.apply(values[in.key], in.cellInput, out)
		if value == values[in.key] {
			return ok, state
		}
		values = slices.Clone(values)
		values[in.key] = value
		return ok, l.states.number(values)
	}
	from, to, moved := move(l.cell.values[values[in.key]], l.cell.values[values[in.to]], in.amount)
	if out.known && out.swapped != moved {
		return false, state
	}
	if !moved {
		return true, state
	}
	if in.look >= 0 && out.known && out.out != values[in.look] {
		return false, state
	}
	values = slices.Clone(values)
	values[in.key], values[in.to] = l.cell.id(from), l.cell.id(to)
	return true, l.states.number(values)
}

// move takes an amount from one balance to another, unless one is no whole
// number, the first would fall below zero or the second grow too large. Nothing
// counts as 0.
func move(from, to Value, amount int64) (left, gained Value, moved bool) {
	a, fromOK := balance(from)
	b, toOK := balance(to)
	if !fromOK || !toOK || a < amount || b > math.MaxInt64-amount {
		return from, to, false
	}
	return Some(strconv.FormatInt(a-amount, 10)), Some(strconv.FormatInt(b+amount, 10)), true
}

func balance(v Value) (int64, bool) {
	if !v.Present {
		return 0, true
	}
	n, err := strconv.ParseInt(v.Text, 10, 64)
	return n, err == nil
}

func (l *ledger) met() bool { return l.cell.exhausted }

func (l *ledger) searched() porcupine.Model {
	return l.model(func(state int, in ledgerInput, out cellOutput) (bool, int) {
		if !l.cell.step() {
			return false, state
		}
		return l.apply(state, in, out)
	})
}

func (l *ledger) replayed() porcupine.Model { return l.model(l.apply) }

func (l *ledger) model(step func(int, ledgerInput, cellOutput) (bool, int)) porcupine.Model {
	return porcupine.Model{
		Init: func() any { return 0 },
		Step: func(state, input, output any) (bool, any) {
			ok, next := step(state.(int), input.(ledgerInput), output.(cellOutput))
			return ok, next
		},
		Equal:             func(a, b any) bool { return a.(int) == b.(int) },
		Hash:              func(state any) uint64 { return spread(valueID(state.(int))) },
		DescribeOperation: func(input, _ any) string { return labelOf(input.(ledgerInput).shown) },
		DescribeState: func(state any) string {
			var words []string
			for i, id := range l.states.vectors[state.(int)] {
				words = append(words, fmt.Sprintf("%s: %v", nameOfKey(l.keys[i]), l.cell.values[id]))
			}
			return strings.Join(words, ", ")
		},
	}
}

func (l *ledger) operation(op, shown *Operation, client int) porcupine.Operation {
	made := l.cell.operation(op, shown, client)
	in := ledgerInput{cellInput: made.Input.(cellInput), amount: op.Amount, look: -1}
	in.key, _ = slices.BinarySearch(l.keys, op.Key)
	if op.Kind == Transfer {
		in.to, _ = slices.BinarySearch(l.keys, op.To)
		if op.Look != "" {
			in.look, _ = slices.BinarySearch(l.keys, op.Look)
		}
	}
	made.Input = in
	return made
}

// joint tells whether the operations are on more than one key, or any of them is
// on several.
func joint(ops History) bool {
	return slices.ContainsFunc(ops, func(op Operation) bool { return op.Kind == Transfer || op.Key != ops[0].Key })
}

// changes tells whether an operation changed something, or may have.
func (o *Operation) changes() bool {
	switch o.Kind {
	case Read:
		return false
	case CAS, Transfer:
		return o.Outcome == Info || o.Swapped
	}
	return o.Outcome != Fail
}

// objects gives each key the first, by name, of the keys that it is joined with.
func (h History) objects() map[string]string {
	first, keys := make(map[string]string), h.Keys()
	for _, key := range keys {
		first[key] = key
	}
	root := func(key string) string {
		for first[key] != key {
			key = first[key]
		}
		return key
	}
	for i := range h {
		if h[i].Kind == Transfer && h[i].Outcome != Fail {
			others := []string{h[i].To, h[i].Look}
			if h[i].Look == "" {
				others = others[:1]
			}
			for _, other := range others {
				a, b := root(h[i].Key), root(other)
				first[max(a, b)] = min(a, b)
			}
		}
	}
	for _, key := range keys {
		first[key] = root(key)
	}
	return first
}

// joined returns the operations on the object that a key belongs to.
func (h History) joined(key string) History {
	objects := h.objects()
	var ops History
	for i := range h {
		if objects[h[i].Key] == objects[key] {
			ops = append(ops, h[i])
		}
	}
	return ops
}
