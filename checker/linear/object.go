package linear

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/anishathalye/porcupine"
)

// Queue is a FIFO queue, at first empty: enqueue, and dequeue, which returns the
// oldest element or, of an empty queue, nothing.
func Queue() Model {
	return Model{
		Name: "queue", Summary: "FIFO queues: enqueue, dequeue",
		kinds: []Kind{Enqueue, Dequeue}, byKey: true,
	}
}

// Lock is a lock that is not reentrant, at first free, as Jepsen's mutex: acquired
// only when free, released only by the session that holds it. The fencing tokens
// of acquires never fall (Kleppmann: How to do distributed locking, 2016).
func Lock() Model {
	return Model{
		Name: "lock", Summary: "locks, with fencing tokens or without: acquire, release",
		kinds: []Kind{Acquire, Release}, byKey: true,
	}
}

// onObject tells whether operations are those of a queue or lock.
func onObject(ops History) bool {
	return len(ops) > 0 && slices.Contains([]Kind{Enqueue, Dequeue, Acquire, Release}, ops[0].Kind)
}

// prepareObject is prepare for queues and locks. What is unknown and did not happen
// stands at the end of an order, where it changes nothing for anybody.
//
// An unknown enqueue is needless if no answer shows its element: what took it can
// be at the end too. So is an unknown acquire if its session does not surely release
// later: nobody could have got the lock after it, but for an unknown release, and
// without both the lock is as free.
func prepareObject(ops History) History {
	dequeued, released := map[string]bool{}, map[uint64]int64{}
	for i := range ops {
		switch op := &ops[i]; {
		case op.Outcome != OK:
		case op.Kind == Dequeue && op.Out.Present:
			dequeued[op.Out.Text] = true
		case op.Kind == Release:
			last, known := released[op.Session]
			if !known || op.Return > last {
				released[op.Session] = op.Return
			}
		}
	}
	var kept History
	for i := range ops {
		op := ops[i]
		last, releases := released[op.Session]
		needless := op.Outcome == Info &&
			(op.Kind == Enqueue && !dequeued[op.In.Text] || op.Kind == Acquire && (!releases || last < op.Invoke))
		if op.Outcome != Fail && !needless {
			kept = append(kept, op)
		}
	}
	closeOpen(kept)
	return kept
}

// objectState is the state of a queue or a lock.
type objectState struct {
	elements []string
	taken    int // how many unknown dequeues have happened
	held     bool
	holder   uint64
	token    int64 // the last one given out, the least number if none was
}

func (s objectState) String() string {
	switch {
	case s.held:
		return fmt.Sprintf("held by client %d", s.holder)
	case len(s.elements) == 0:
		return "empty or free"
	}
	return fmt.Sprintf("%q", s.elements)
}

// object is the specification of a queue or lock. It numbers its states.
type object struct {
	bound  *cell // counts the steps
	states []objectState
	index  map[string]int
	// ranks numbers the unknown dequeues by invocation. They do the same, so that an
	// order with any of them is one with the first of them first.
	ranks map[int]int
	// leaves has, of each element that is enqueued once and dequeued at most once,
	// when its dequeue was invoked and returned; Never if it surely stays.
	leaves map[string][2]int64
}

type objectInput struct {
	op          *Operation
	known       bool
	rank        int
	shown       *Operation
	token       int64
	givesTokens bool
}

func newObject(ops History, bound *cell) *object {
	o := &object{bound: bound, index: map[string]int{}, ranks: map[int]int{}, leaves: map[string][2]int64{}}
	o.number(objectState{token: math.MinInt64})
	enqueues, dequeues := map[string]int{}, map[string]int{}
	for _, op := range byInvocation(slices.Clone(ops)) {
		switch {
		case op.Kind == Enqueue:
			enqueues[op.In.Text]++
		case op.Kind == Dequeue && op.Outcome == Info:
			o.ranks[op.ID] = len(o.ranks)
		case op.Kind == Dequeue && op.Out.Present:
			dequeues[op.Out.Text]++
			o.leaves[op.Out.Text] = [2]int64{op.Invoke, op.Return}
		}
	}
	for _, element := range slices.Sorted(maps.Keys(enqueues)) {
		switch {
		case enqueues[element] > 1 || dequeues[element] > 1:
			delete(o.leaves, element)
		case dequeues[element] == 0 && len(o.ranks) == 0:
			o.leaves[element] = [2]int64{Never, Never}
		}
	}
	return o
}

// number returns the number of a state.
func (o *object) number(s objectState) int {
	name := fmt.Sprintf("%q %d %v %d %d", s.elements, s.taken, s.held, s.holder, s.token)
	n, known := o.index[name]
	if !known {
		n = len(o.states)
		o.states = append(o.states, s)
		o.index[name] = n
	}
	return n
}

// apply is the specification. What is unknown does nothing where it cannot happen.
func (o *object) apply(state int, in objectInput) (bool, int) {
	s := o.states[state]
	op := in.op
	switch op.Kind {
	case Enqueue:
		s.elements = append(slices.Clone(s.elements), op.In.Text)
	case Dequeue:
		if !in.known {
			if s.taken != in.rank {
				return false, state
			}
			s.taken++
		} else if op.Out.Present != (len(s.elements) > 0) || op.Out.Present && s.elements[0] != op.Out.Text {
			return false, state
		}
		if len(s.elements) > 0 {
			s.elements = s.elements[1:]
		}
	case Acquire:
		if s.held || in.givesTokens && in.token < s.token {
			return !in.known, state
		}
		s.held, s.holder = true, op.Session
		if in.givesTokens {
			s.token = in.token
		}
	case Release:
		if !s.held || s.holder != op.Session {
			return !in.known, state
		}
		s.held, s.holder = false, 0
	default:
		panic("linear: operation of kind " + string(op.Kind))
	}
	return true, o.number(s)
}

// tooLate tells whether an element that is enqueued now leaves, as its dequeue's
// times say, before one that is in the queue already: no order goes on so.
func (o *object) tooLate(state int, op *Operation) bool {
	own, known := o.leaves[op.In.Text]
	return op.Kind == Enqueue && known && slices.ContainsFunc(o.states[state].elements, func(earlier string) bool {
		other, known := o.leaves[earlier]
		return known && own[1] < other[0]
	})
}

func (o *object) met() bool { return o.bound.exhausted }

func (o *object) searched() porcupine.Model {
	return o.model(func(state int, in objectInput) (bool, int) {
		if !o.bound.step() || o.tooLate(state, in.op) {
			return false, state
		}
		return o.apply(state, in)
	})
}

func (o *object) replayed() porcupine.Model { return o.model(o.apply) }

func (o *object) model(step func(int, objectInput) (bool, int)) porcupine.Model {
	return porcupine.Model{
		Init: func() any { return 0 },
		Step: func(state, input, _ any) (bool, any) {
			ok, next := step(state.(int), input.(objectInput))
			return ok, next
		},
		Equal:             func(a, b any) bool { return a.(int) == b.(int) },
		Hash:              func(state any) uint64 { return spread(valueID(state.(int))) },
		DescribeOperation: func(input, _ any) string { return labelOf(input.(objectInput).shown) },
		DescribeState:     func(state any) string { return o.states[state.(int)].String() },
	}
}

func (o *object) operation(op, shown *Operation, client int) porcupine.Operation {
	in := objectInput{op: op, known: op.Outcome == OK, rank: o.ranks[op.ID], shown: shown}
	if op.Kind == Acquire && in.known && op.Out.Present {
		in.token, in.givesTokens = tokenOf(op.Out), true
	}
	return porcupine.Operation{ClientId: client, Input: in, Call: op.Invoke, Return: op.Return}
}

// tokenOf is the number of a fencing token, which validate has looked at.
func tokenOf(v Value) int64 {
	n, err := strconv.ParseInt(v.Text, 10, 64)
	if err != nil {
		panic("linear: the token " + strconv.Quote(v.Text))
	}
	return n
}

// isToken tells whether a text is a fencing token.
func isToken(text string) bool {
	_, err := strconv.ParseInt(text, 10, 64)
	return err == nil && !strings.HasPrefix(text, "+")
}
