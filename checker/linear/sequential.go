package linear

import (
	"context"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"

	"quorumlab/checker/shrink"
)

// A history is sequentially consistent (Lamport: How to Make a Multiprocessor
// Computer That Correctly Executes Multiprocess Programs, 1979) if all operations,
// on all keys, can be put in one order that keeps the order of each session and in
// which every operation gives what it gave. Real time between sessions does not
// count. Unlike linearizability it cannot be judged key by key: each of two keys
// may be in order, and both together in none.

// SequentialResult is the verdict on a history.
type SequentialResult struct {
	Verdict Verdict
	// Witness is a small part of the history, by invocation, that no order
	// explains, and that proves that none explains the whole. It is empty unless
	// Violated.
	Witness History
	// Explanation says it in words, "" if the verdict is Holds.
	Explanation string
}

// CheckSequential judges a history whose keys had values before it; those that
// initial does not name had none. A history with appends or transfers is not
// judged. An error means that it is not valid.
func CheckSequential(ctx context.Context, history History, initial map[string]Value, options Options) (SequentialResult, error) {
	if err := history.Validate(); err != nil {
		return SequentialResult{}, err
	}
	for i := range history {
		if kind := history[i].Kind; kind != Read && kind != Write && kind != CAS {
			return SequentialResult{Verdict: Unknown, Explanation: fmt.Sprintf("operations of kind %s are not judged", kind)}, nil
		}
	}
	steps := newSearch(ctx, options).steps
	ops := byInvocation(slices.Clone(history))
	verdict := ordered(ctx, ops, initial, steps)
	switch verdict {
	case Holds:
		return SequentialResult{Verdict: Holds}, nil
	case Unknown:
		return SequentialResult{Verdict: Unknown, Explanation: fmt.Sprintf("not decided within %d steps", steps)}, nil
	}
	smallest := shrink.Minimize(ops, func(part []Operation) bool {
		return closed(part, ops) && ordered(ctx, part, initial, steps/firstShare) == Violated
	}, shrink.Options{Budget: sequentialTests})
	witness := History(smallest.Items)
	return SequentialResult{Verdict: Violated, Witness: witness, Explanation: explainSequential(witness)}, nil
}

// sequentialTests bounds the search for a small witness.
const sequentialTests = 2000

// closed tells whether a part of a history proves something about the whole: all
// writers of what it observes are in it, and where a comparison failed all writers
// of the key. What is not in it is then an operation whose answer is not looked at,
// or whose value nobody looked at: without it an order of the whole is still one
// of the part.
func closed(part, whole []Operation) bool {
	there := map[int]bool{}
	for i := range part {
		there[part[i].ID] = true
	}
	for i := range part {
		o := &part[i]
		v, observes := o.observes()
		if o.Outcome != OK || !observes && !o.mismatched() {
			continue
		}
		for k := range whole {
			w := &whole[k]
			if in, writes := w.writes(); writes && w.Key == o.Key && !there[w.ID] && (o.mismatched() || in == v) {
				return false
			}
		}
	}
	return true
}

// ordered searches for an order: among those in which the writes of each key have the
// order that force decided on, and then among all.
func ordered(ctx context.Context, ops []Operation, initial map[string]Value, steps int) Verdict {
	s := newOrdering(ctx, ops, initial, steps)
	impossible, decided := s.force(initial)
	if impossible {
		return Violated
	}
	verdict := s.begin()
	if verdict == Holds || !decided {
		return verdict
	}
	s = newOrdering(ctx, ops, initial, steps)
	return s.begin()
}

// begin searches from where nothing is taken.
func (s *ordering) begin() Verdict {
	for i := range s.ops {
		if s.waits[i] == 0 {
			s.ready = append(s.ready, i)
		}
	}
	return s.search()
}

// ordering is a search for an order of operations.
type ordering struct {
	ctx   context.Context
	steps int
	ops   []Operation
	// waits counts, of each, the operations of its session that must come
	// before it and have not yet; after are those that wait for it.
	waits []int
	after [][]int
	ready []int // the places of those that wait for none, growing
	left  int   // those that surely happened and have no place yet
	state map[string]Value
	keys  []string
	taken []byte // a bit an operation
	dead  map[string]struct{}
	// sights is who sees and writes each value; sees and makes are those of each
	// operation, nil if it has none.
	sights      []*sight
	sightOf     map[seen]*sight
	sees, makes []*sight
}

func newOrdering(ctx context.Context, all []Operation, initial map[string]Value, steps int) *ordering {
	s := &ordering{ctx: ctx, steps: steps, state: map[string]Value{}, dead: map[string]struct{}{}}
	for _, op := range all {
		// What failed did not happen, and who read what is unknown saw nothing.
		if op.Outcome != Fail && (op.Outcome == OK || op.Kind != Read) {
			s.ops = append(s.ops, op)
		}
	}
	s.keys = History(s.ops).Keys()
	for _, key := range s.keys {
		s.state[key] = initial[key]
	}
	s.waits, s.after, s.taken = make([]int, len(s.ops)), make([][]int, len(s.ops)), make([]byte, len(s.ops)/8+1)
	for i := range s.ops {
		for k := range i {
			// What is unknown may take effect long after, or never.
			if a, b := &s.ops[k], &s.ops[i]; a.Session == b.Session && a.Outcome == OK && a.Return <= b.Invoke {
				s.waits[i]++
				s.after[k] = append(s.after[k], i)
			}
		}
		if s.ops[i].Outcome == OK {
			s.left++
		}
	}
	s.look()
	return s
}

// search goes on from what is taken so far. What it takes in vain it gives back.
func (s *ordering) search() Verdict {
	observed := s.observeAll()
	if s.left == 0 {
		return Holds
	}
	here := s.key()
	if _, known := s.dead[here]; !known {
		for _, i := range slices.Clone(s.ready) {
			if s.steps--; s.steps < 0 || s.steps%1024 == 0 && s.ctx.Err() != nil {
				return Unknown
			}
			op := &s.ops[i]
			before := s.state[op.Key]
			value, allowed := outcome(op, before)
			if !allowed || value == before && op.Outcome != OK || value != before && s.hides(i, before) {
				continue
			}
			s.take(i)
			s.state[op.Key] = value
			if v := s.search(); v != Violated {
				return v
			}
			s.state[op.Key] = before
			s.giveBack(i)
		}
		s.dead[here] = struct{}{}
	}
	for _, i := range slices.Backward(observed) {
		s.giveBack(i)
	}
	return Violated
}

// observeAll takes, as long as there are any, the operations that are right now
// and change nothing: to take them later could not be of more use.
func (s *ordering) observeAll() (observed []int) {
	for again := true; again; {
		again = false
		for _, i := range slices.Clone(s.ready) {
			op := &s.ops[i]
			now := s.state[op.Key]
			value, allowed := outcome(op, now)
			if allowed && value == now && op.Outcome == OK && op.Kind != Write {
				s.take(i)
				observed, again = append(observed, i), true
			}
		}
	}
	return observed
}

// outcome returns what an operation leaves of a value, and whether it can have
// given what it gave.
func outcome(op *Operation, value Value) (after Value, allowed bool) {
	switch {
	case op.Kind == Read:
		return value, op.Out == value
	case op.Kind == Write:
		return op.In, true
	case value == op.Expected: // a CAS
		return op.In, op.Outcome != OK || op.Swapped
	}
	return value, op.Outcome != OK || !op.Swapped
}

func (s *ordering) take(i int) {
	at, _ := slices.BinarySearch(s.ready, i)
	s.ready = slices.Delete(s.ready, at, at+1)
	s.taken[i/8] |= 1 << (i % 8)
	s.count(i, -1)
	for _, k := range s.after[i] {
		if s.waits[k]--; s.waits[k] == 0 {
			s.readies(k)
		}
	}
}

func (s *ordering) giveBack(i int) {
	for _, k := range s.after[i] {
		if s.waits[k]++; s.waits[k] == 1 {
			at, _ := slices.BinarySearch(s.ready, k)
			s.ready = slices.Delete(s.ready, at, at+1)
		}
	}
	s.taken[i/8] &^= 1 << (i % 8)
	s.count(i, 1)
	s.readies(i)
}

// count counts an operation that has no place any more, or has one now.
func (s *ordering) count(i, by int) {
	if s.ops[i].Outcome == OK {
		s.left += by
	}
	if s.sees[i] != nil {
		s.sees[i].unseen += by
	}
	if s.makes[i] != nil {
		s.makes[i].unwritten += by
	}
}

func (s *ordering) readies(i int) {
	at, _ := slices.BinarySearch(s.ready, i)
	s.ready = slices.Insert(s.ready, at, i)
}

// key names what is taken, and what the keys then hold.
func (s *ordering) key() string {
	key := slices.Clone(s.taken)
	for _, k := range s.keys {
		v := s.state[k]
		if !v.Present {
			key = append(key, 0)
			continue
		}
		key = binary.AppendUvarint(append(key, 1), uint64(len(v.Text)))
		key = append(key, v.Text...)
	}
	return string(key)
}

// explainSequential lists what no order explains, session by session.
func explainSequential(witness History) string {
	var sessions []uint64
	lines := map[uint64][]string{}
	for i := range witness {
		op := &witness[i]
		if lines[op.Session] == nil {
			sessions = append(sessions, op.Session)
		}
		line := fmt.Sprintf("%s on %s", action(op), nameOfKey(op.Key))
		if _, answer, ok := strings.Cut(labelOf(op), " → "); ok && answer != "ok" {
			line += " → " + answer
		}
		lines[op.Session] = append(lines[op.Session], line)
	}
	var words []string
	for _, session := range sessions {
		op := witness[slices.IndexFunc(witness, func(op Operation) bool { return op.Session == session })]
		words = append(words, fmt.Sprintf("%s: %s", who(&op), strings.Join(lines[session], ", then ")))
	}
	return "no one order of these shows what was read: " + strings.Join(words, "; ")
}
