package linear

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// The session guarantees of Terry et al. ("Session Guarantees for Weakly
// Consistent Replicated Data", PDIS 1994) say what one client may rely on though
// there is no single copy. Each makes statements on which of two values of a key
// is the older one:
//
//   - read-your-writes: what a session wrote is not newer than what it reads later;
//   - monotonic-reads: what a session read is not newer than what it reads later;
//   - monotonic-writes: what a session wrote is older than what it writes later;
//     and who has seen the later write, of whatever key, has seen the earlier;
//   - writes-follow-reads: what a session had seen is older than what it then
//     writes; and who has seen the write has seen all that its writer had.
//
// A guarantee is violated if its statements lead in a circle, in which at least
// one of them is its own. What is stated of reads is that one session's: two
// sessions may see two writes in different orders, if only each keeps to its own.
// To have seen something shows in later reads only, so the last two also take for
// true what monotonic-reads states. All take for true that a key's initial value
// is the oldest. Nothing else orders two writes, real time least of all: what
// overtook what is for linearizability to judge.

// Guarantee is one of the session guarantees.
type Guarantee string

// The session guarantees.
const (
	ReadYourWrites    Guarantee = "read-your-writes"
	MonotonicReads    Guarantee = "monotonic-reads"
	MonotonicWrites   Guarantee = "monotonic-writes"
	WritesFollowReads Guarantee = "writes-follow-reads"
)

// Guarantees lists the session guarantees.
func Guarantees() []Guarantee {
	return []Guarantee{ReadYourWrites, MonotonicReads, MonotonicWrites, WritesFollowReads}
}

// Siblings stands between the values of a read that returned several at once:
// those of writes none of which has replaced the other. Such a read has seen all
// of them. As to whether it is too old it is given the benefit of the doubt.
const Siblings = "‖"

// siblingsOf returns the values that one answer stands for.
func siblingsOf(v Value) []Value {
	if !v.Present {
		return []Value{v}
	}
	var values []Value
	for text := range strings.SplitSeq(v.Text, Siblings) {
		values = append(values, Some(text))
	}
	return values
}

// SessionOptions of CheckSessions.
type SessionOptions struct {
	// Initial holds the values of keys before the history; a key that is not
	// in it was absent.
	Initial map[string]Value
	Clock   Clock
}

// SessionResult is the verdict on one guarantee.
type SessionResult struct {
	Guarantee Guarantee
	Verdict   Verdict
	// Statements counts what the guarantee states about the history. If it
	// is 0 nothing could have violated it.
	Statements int
	// Witness holds the operations of the shortest circle, by invocation;
	// empty unless Violated.
	Witness History
	// Explanation says in words what is violated, or why it is not known; ""
	// if the verdict is Holds.
	Explanation string
}

// CheckSessions judges one guarantee. Reads that cannot be told where their value
// is from (two writes wrote it, or none, or one that began only later) state
// nothing. A history with appends or transfers, which leave values that nobody
// wrote, is not judged. An error means that it is not valid.
func CheckSessions(history History, guarantee Guarantee, options SessionOptions) (SessionResult, error) {
	if err := history.Validate(); err != nil {
		return SessionResult{}, err
	}
	for i := range history {
		if kind := history[i].Kind; kind != Read && kind != Write && kind != CAS {
			why := fmt.Sprintf("%s: values that come from an operation of kind %s are not told apart", guarantee, kind)
			return SessionResult{Guarantee: guarantee, Verdict: Unknown, Explanation: why}, nil
		}
	}
	s := newSessions(history, guarantee, options)
	for i := range s.ops {
		s.invoke(i)
	}
	result := SessionResult{Guarantee: guarantee, Verdict: Holds, Statements: s.statements}
	if circle := s.circle(); circle != nil {
		result.Verdict = Violated
		result.Witness, result.Explanation = s.witness(circle), s.explain(circle)
	}
	return result, nil
}

// keyed is a value of a key.
type keyed struct {
	key   string
	value Value
}

// standing is a value that some session must take for seen, and why: the
// operations that say so. own: the guarantee says so, not monotonic-reads.
type standing struct {
	value int
	own   bool
	why   []int
}

// statement says that one value is older than another one.
type statement struct {
	from, to int
	own      bool
	why      []int // places in ops
}

// sessions goes through a history in the order of invocations.
type sessions struct {
	ops       History
	guarantee Guarantee
	options   SessionOptions
	values    []keyed
	ids       map[keyed]int
	// writer is the place of the operation that wrote a value; initially,
	// unwritten or severalTimes if there is none such.
	writer []int
	states map[uint64]*session
	// closures holds what is seen with a value, by key.
	closures   map[int][]standing
	statements int
	// known is stated of writes, and so to all; seenBy, by session, of its reads.
	known  known
	seenBy map[uint64]known
}

// known holds statements by their two values.
type known map[[2]int]statement

const (
	unwritten = -1 - iota
	initially
	severalTimes
)

// session is what one has seen and written so far, by key, as far as nothing of
// it that came later says the same. Its operations may overlap.
type session struct {
	seen    map[string][]standing
	wrote   map[string][]int // writes that returned ok
	pending []pending
}

// pending is an operation that has not returned at the instant that is looked at.
// Older are the values that were stated to be older than what it observed.
type pending struct {
	at    int
	older []int
}

func newSessions(history History, guarantee Guarantee, options SessionOptions) *sessions {
	s := &sessions{
		ops: byInvocation(slices.Clone(history)), guarantee: guarantee, options: options,
		ids: map[keyed]int{}, states: map[uint64]*session{}, closures: map[int][]standing{},
		known: known{}, seenBy: map[uint64]known{},
	}
	for _, key := range history.Keys() {
		s.writer[s.id(keyed{key, options.Initial[key]})] = initially
	}
	for i := range s.ops {
		if v, writes := s.ops[i].writes(); writes && s.ops[i].Outcome != Fail {
			id := s.id(keyed{s.ops[i].Key, v})
			if s.writer[id] == unwritten {
				s.writer[id] = i
			} else {
				s.writer[id] = severalTimes
			}
		}
	}
	return s
}

func (s *sessions) id(k keyed) int {
	id, known := s.ids[k]
	if !known {
		id = len(s.values)
		s.ids[k] = id
		s.values, s.writer = append(s.values, k), append(s.writer, unwritten)
	}
	return id
}

// precedes tells whether an operation of a session was over when another one of it
// began. A client may go on at the very instant at which it is answered.
func precedes(a, b *Operation) bool { return a.Return <= b.Invoke && a.Invoke < b.Invoke }

// invoke takes up what an operation states when it begins.
func (s *sessions) invoke(i int) {
	op := &s.ops[i]
	state := s.states[op.Session]
	if state == nil {
		state = &session{seen: map[string][]standing{}, wrote: map[string][]int{}}
		s.states[op.Session] = state
	}
	state.pending = slices.DeleteFunc(state.pending, func(earlier pending) bool {
		over := precedes(&s.ops[earlier.at], op)
		if over {
			s.returned(state, earlier)
		}
		return over
	})
	observed := s.observed(i)
	now := pending{at: i}
	if len(observed) == 1 {
		for _, old := range state.seen[op.Key] {
			now.older = append(now.older, old.value)
			s.state(s.readsOf(op.Session), old.value, observed[0], old.own, append(slices.Clone(old.why), i))
		}
	}
	if v, writes := op.writes(); writes && op.Outcome != Fail {
		if id := s.id(keyed{op.Key, v}); s.writer[id] == i {
			s.write(state, i, id, observed)
		}
	}
	state.pending = append(state.pending, now)
}

// write takes up what a write states of its own, and what is seen with it.
func (s *sessions) write(state *session, i, id int, observed []int) {
	switch s.guarantee {
	case MonotonicWrites:
		for _, key := range slices.Sorted(maps.Keys(state.wrote)) {
			for _, earlier := range state.wrote[key] {
				v, _ := s.ops[earlier].writes()
				s.follow(standing{value: s.id(keyed{key, v}), own: true, why: []int{earlier, i}}, i, id)
			}
		}
	case WritesFollowReads:
		for _, key := range slices.Sorted(maps.Keys(state.seen)) {
			for _, old := range state.seen[key] {
				s.follow(standing{value: old.value, own: true, why: append(slices.Clone(old.why), i)}, i, id)
			}
		}
		for _, value := range observed { // a cas has seen what it replaces
			s.follow(standing{value: value, own: true, why: []int{i}}, i, id)
		}
	}
}

// follow records that who has seen a write has seen another value.
func (s *sessions) follow(before standing, i, id int) {
	if s.writer[before.value] == initially {
		return // older than all, whoever read it
	}
	s.closures[id] = append(s.closures[id], before)
	if s.values[before.value].key == s.ops[i].Key {
		s.state(s.known, before.value, id, true, before.why)
	}
}

// returned takes up what a session has seen, or written, with an operation that
// is over.
func (s *sessions) returned(state *session, over pending) {
	i := over.at
	op := &s.ops[i]
	if op.Outcome != OK {
		return
	}
	if v, writes := op.writes(); writes {
		id := s.id(keyed{op.Key, v})
		if s.writer[id] == i {
			state.wrote[op.Key] = append(slices.DeleteFunc(state.wrote[op.Key], func(earlier int) bool {
				return precedes(&s.ops[earlier], op)
			}), i)
			if s.guarantee == ReadYourWrites {
				state.seen[op.Key] = append(state.seen[op.Key], standing{value: id, own: true, why: []int{i}})
			}
		}
	}
	if s.guarantee == ReadYourWrites {
		return
	}
	observed := s.observed(i)
	if len(observed) == 1 && s.writer[observed[0]] != initially { // of which a later write says nothing
		state.seen[op.Key] = slices.DeleteFunc(state.seen[op.Key], func(old standing) bool {
			return slices.Contains(over.older, old.value)
		})
	}
	for _, id := range observed {
		see(state, op.Key, standing{value: id, own: s.guarantee == MonotonicReads, why: []int{i}})
		for _, with := range s.closures[id] {
			key := s.values[with.value].key
			see(state, key, standing{value: with.value, own: true, why: append(slices.Clone(with.why), i)})
		}
	}
}

// see adds to what a session has seen. What the guarantee says stands above what
// monotonic-reads says of the same value.
func see(state *session, key string, new standing) {
	at := slices.IndexFunc(state.seen[key], func(old standing) bool { return old.value == new.value })
	switch {
	case at < 0:
		state.seen[key] = append(state.seen[key], new)
	case new.own && !state.seen[key][at].own:
		state.seen[key][at] = new
	}
}

// observed returns the values that an operation has seen and of which it is
// known who wrote them.
func (s *sessions) observed(i int) []int {
	op := &s.ops[i]
	seen, observes := op.observes()
	if !observes || op.Outcome != OK {
		return nil
	}
	values := []Value{seen}
	if _, whole := s.ids[keyed{op.Key, seen}]; !whole {
		values = siblingsOf(seen)
	}
	var ids []int
	for _, v := range values {
		id, known := s.ids[keyed{op.Key, v}]
		if known && (s.writer[id] == initially || s.writer[id] >= 0 && s.ops[s.writer[id]].Invoke < op.Return) {
			ids = append(ids, id)
		}
	}
	if len(ids) < len(values) && len(ids) == 1 {
		return nil // one of several: not the whole of what was seen
	}
	return ids
}

// readsOf returns what is stated of a session's reads.
func (s *sessions) readsOf(session uint64) known {
	if s.seenBy[session] == nil {
		s.seenBy[session] = known{}
	}
	return s.seenBy[session]
}

// state records that one value is older than another one.
func (s *sessions) state(in known, from, to int, own bool, why []int) {
	if own {
		s.statements++
	}
	if from == to || s.writer[to] == severalTimes || s.writer[from] == severalTimes {
		return
	}
	pair := [2]int{from, to}
	old, stated := in[pair]
	if !stated || old.yieldsTo(own, why) {
		in[pair] = statement{from: from, to: to, own: own, why: why}
	}
}

// yieldsTo: the same is better said otherwise, by the guarantee or in fewer words.
func (st statement) yieldsTo(own bool, why []int) bool {
	return own && !st.own || own == st.own && len(why) < len(st.why)
}
