package linear

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// The oracle: it looks at every sequence of values that could be a circle, and at
// every pair in it whether the words of the guarantee say so of two operations.
// It keeps no state of sessions, and nothing of what it finds.
type sessionOracle struct {
	ops     History
	initial map[string]Value
}

// before: in one session, one operation was over when the other began.
func before(a, b *Operation) bool {
	return a.Session == b.Session && a.Return <= b.Invoke && a.Invoke != b.Invoke
}

// from returns the operation that wrote what a read returned; nil if it was there
// from the beginning. ok: that is known.
func (o *sessionOracle) from(read *Operation) (w *Operation, ok bool) {
	writers := 0
	if o.initial[read.Key] == read.Out {
		writers++
	}
	for i := range o.ops {
		if op := &o.ops[i]; op.Kind == Write && op.Outcome != Fail && op.Key == read.Key && op.In == read.Out {
			w = op
			writers++
		}
	}
	return w, writers == 1 && (w == nil || w.Invoke < read.Return)
}

// unique: nobody else wrote that value of the key.
func (o *sessionOracle) unique(w *Operation) bool {
	found, ok := o.from(&Operation{Key: w.Key, Out: w.In, Return: Never})
	return ok && found != nil && found.ID == w.ID
}

// with reports whether by the guarantee whoever has seen a write has seen another.
func (o *sessionOracle) with(g Guarantee, later, earlier *Operation, depth int) bool {
	if depth == 0 || !o.unique(later) || earlier != nil && !o.unique(earlier) {
		return false
	}
	if g == MonotonicWrites {
		return earlier != nil && earlier.Outcome == OK && before(earlier, later)
	}
	for i := range o.ops {
		r := &o.ops[i]
		if r.Kind != Read || r.Outcome != OK || !before(r, later) {
			continue
		}
		if w, ok := o.from(r); ok && w != nil && (earlier != nil && w.ID == earlier.ID || o.with(g, w, earlier, depth-1)) {
			return true
		}
	}
	return false
}

// older reports whether one value of a key must be older than another one to a
// session, and whether the guarantee alone says so.
func (o *sessionOracle) older(g Guarantee, session uint64, key string, a, b Value) (stated, own bool) {
	stated = a == o.initial[key]
	for i := range o.ops {
		second := &o.ops[i]
		if second.Key != key || second.Outcome == Fail {
			continue
		}
		if second.Kind == Write && second.In == b && o.unique(second) { // what a writer states
			for k := range o.ops {
				first := &o.ops[k]
				if w, ok := o.of(first, key, a); ok && (g == MonotonicWrites && w.ID == first.ID && first.Outcome == OK && before(first, second) ||
					g == WritesFollowReads && o.with(g, second, w, 4)) {
					return true, true
				}
			}
		}
		if second.Kind != Read || second.Outcome != OK || second.Out != b || second.Session != session {
			continue
		}
		if _, ok := o.from(second); !ok {
			continue
		}
		says, its := o.reader(g, second, a)
		stated, own = stated || says, own || its
	}
	return stated, own
}

// of returns the write of a value of a key, if that is what an operation is.
func (o *sessionOracle) of(op *Operation, key string, v Value) (*Operation, bool) {
	return op, op.Kind == Write && op.Key == key && op.In == v && o.unique(op)
}

// reader: what a session had done before a read says that its answer is not older.
func (o *sessionOracle) reader(g Guarantee, second *Operation, a Value) (stated, own bool) {
	for k := range o.ops {
		first := &o.ops[k]
		if !before(first, second) || first.Outcome != OK {
			continue
		}
		if w, ok := o.of(first, second.Key, a); ok && g == ReadYourWrites && w != nil {
			stated, own = true, true
		}
		if first.Kind != Read || g == ReadYourWrites {
			continue
		}
		w, ok := o.from(first)
		if !ok {
			continue
		}
		if first.Key == second.Key && first.Out == a {
			stated, own = true, own || g == MonotonicReads
		}
		if w == nil || g == MonotonicReads {
			continue
		}
		for m := range o.ops {
			if earlier, ok := o.of(&o.ops[m], second.Key, a); ok && o.with(g, w, earlier, 4) {
				stated, own = true, true
			}
		}
	}
	return stated, own
}

func (o *sessionOracle) violated(g Guarantee) bool {
	for _, key := range o.ops.Keys() {
		values := []Value{o.initial[key]}
		for i := range o.ops {
			if op := &o.ops[i]; op.Key == key && op.Kind == Write && o.unique(op) {
				values = append(values, op.In)
			}
		}
		for at := range values {
			rest := slices.Delete(slices.Clone(values), at, at+1)
			for session := range uint64(4) {
				if o.circles(g, session, key, values[at], values[at], rest, false) {
					return true
				}
			}
		}
	}
	return false
}

func (o *sessionOracle) circles(g Guarantee, session uint64, key string, start, at Value, rest []Value, own bool) bool {
	if stated, its := o.older(g, session, key, at, start); at != start && stated && (own || its) {
		return true
	}
	for i, next := range rest {
		if stated, its := o.older(g, session, key, at, next); stated &&
			o.circles(g, session, key, start, next, slices.Delete(slices.Clone(rest), i, i+1), own || its) {
			return true
		}
	}
	return false
}

// tinySessions draws a history of up to 9 operations. Reads return what was
// written before, by and large, and now and then what is written later, on
// another key, twice or never.
func tinySessions(t *rapid.T) History {
	var history History
	clock := map[uint64]int64{}
	written := []Value{{}}
	for id := range rapid.IntRange(3, 9).Draw(t, "operations") {
		session := uint64(rapid.IntRange(1, 3).Draw(t, "session"))
		key := []string{"x", "x", "x", "y"}[rapid.IntRange(0, 3).Draw(t, "key")]
		op := Operation{ID: id + 1, Session: session, Key: key, Kind: Read, Outcome: OK}
		op.Invoke = clock[session] + int64(rapid.IntRange(0, 3).Draw(t, "gap"))
		op.Return = op.Invoke + int64(rapid.IntRange(0, 3).Draw(t, "takes"))
		clock[session] = op.Return + int64(rapid.IntRange(0, 1).Draw(t, "overlaps"))
		if chance := rapid.IntRange(0, 19).Draw(t, "outcome"); chance < 2 {
			op.Outcome = []Outcome{Info, Fail}[chance]
		}
		switch {
		case rapid.IntRange(0, 4).Draw(t, "write") < 2:
			op.Kind, op.In = Write, Some(fmt.Sprint("v", id-rapid.IntRange(0, 10).Draw(t, "twice")/10))
			written = append(written, op.In)
		case op.Outcome == OK:
			op.Out = written[rapid.IntRange(0, len(written)-1).Draw(t, "out")]
			if rapid.IntRange(0, 19).Draw(t, "strange") == 0 {
				op.Out = Some(fmt.Sprint("v", rapid.IntRange(0, 9).Draw(t, "value")))
			}
		}
		history = append(history, op)
	}
	return history
}

// nearViolation draws a history in which a guarantee is violated, or would be but
// for a few operations that are now others.
func nearViolation(t *rapid.T) History {
	histories := []History{
		{row(1, 1, Write, "a"), row(2, 2, Read, "a"), row(2, 3, Read, ""), row(1, 4, Read, "a"), row(1, 5, Read, "b"), row(2, 6, Write, "b")},
		{row(1, 1, Write, "a"), row(1, 2, Write, "b"), row(2, 3, Read, "b"), row(2, 4, Read, "a"), row(3, 5, Read, "a"), row(3, 6, Read, "b")},
		{row(1, 1, Write, "a"), row(2, 2, Read, "a"), row(2, 3, Write, "b"), row(3, 4, Read, "b"), row(3, 5, Read, "a")},
		{
			row(1, 1, Write, "a"), row(2, 2, Read, "a"), atKey("y", row(2, 3, Write, "b")), atKey("y", row(3, 4, Read, "b")),
			atKey("z", row(3, 5, Write, "c")), atKey("z", row(1, 6, Read, "c")), row(1, 7, Read, ""),
		},
		{row(1, 1, Write, "a"), atKey("y", row(1, 2, Write, "b")), atKey("y", row(2, 3, Read, "b")), row(2, 4, Read, "")},
	}
	history := histories[rapid.IntRange(0, len(histories)-1).Draw(t, "history")]
	for range rapid.IntRange(0, 3).Draw(t, "changes") {
		op := &history[rapid.IntRange(0, len(history)-1).Draw(t, "changed")]
		other := history[rapid.IntRange(0, len(history)-1).Draw(t, "other")]
		switch rapid.IntRange(0, 4).Draw(t, "change") {
		case 0:
			op.Session = other.Session
		case 1:
			op.Key = other.Key
		case 2:
			op.Return = max(op.Return, other.Invoke)
		case 3:
			op.Kind, op.In, op.Out, op.Outcome = other.Kind, other.In, other.Out, other.Outcome
		default:
			if op.Kind == Write {
				op.Outcome = Info
			}
		}
	}
	return history
}

func TestSessionsAgreeWithTheOracle(t *testing.T) {
	violated := map[Guarantee]int{}
	rapid.Check(t, func(t *rapid.T) {
		for range 100 {
			history := tinySessions(t)
			if rapid.Bool().Draw(t, "near") {
				history = nearViolation(t)
			}
			for _, g := range Guarantees() {
				if compareWithOracle(t, history, g) {
					violated[g]++
				}
			}
		}
	})
	for _, g := range Guarantees() {
		if violated[g] < 100 {
			t.Errorf("%s was violated %d times", g, violated[g])
		}
	}
}

func compareWithOracle(t *rapid.T, history History, g Guarantee) (violated bool) {
	result, err := CheckSessions(history, g, SessionOptions{})
	if err != nil {
		t.Fatal(err)
	}
	oracle := sessionOracle{ops: history, initial: map[string]Value{}}
	violated = oracle.violated(g)
	if violated != (result.Verdict == Violated) {
		t.Fatalf("%s: %s (%s), the oracle says violated: %v; of %+v", g, result.Verdict, result.Explanation, violated, history)
	}
	if violated {
		checkSessionWitness(t, g, result)
	}
	return violated
}

// checkSessionWitness: with the writes of what it read the witness is violated by
// itself.
func checkSessionWitness(t *rapid.T, g Guarantee, result SessionResult) {
	if len(result.Witness) < 2 || result.Statements == 0 || result.Explanation == "" {
		t.Fatalf("%s: %+v", g, result)
	}
	for _, op := range result.Witness {
		if !strings.Contains(result.Explanation, op.Out.String()) && op.Kind == Read {
			t.Fatalf("%s: %v is not explained: %s", g, op, result.Explanation)
		}
	}
}

// row makes an operation on key x of a session that takes one unit of time.
func row(session uint64, at int64, kind Kind, value string) Operation {
	op := Operation{
		ID: int(at), Session: session, Client: fmt.Sprint("c", session), Key: "x", Kind: kind,
		Invoke: at * 1000, Return: at*1000 + 500, Outcome: OK,
	}
	if kind == Write {
		op.In = Some(value)
	} else if value != "" {
		op.Out = Some(value)
	}
	return op
}

func atKey(key string, op Operation) Operation { op.Key = key; return op }

func TestSessionWitnesses(t *testing.T) {
	for _, test := range []struct {
		name      string
		history   History
		guarantee Guarantee // the only one that is violated
		witness   []int
		says      string
	}{
		{
			"an own write is not seen",
			History{row(1, 1, Write, "a"), row(1, 2, Read, "old")},
			ReadYourWrites,
			[]int{1, 2},
			`read-your-writes: of x, "a" must not be newer than "old" (c1 wrote "a" to x (invoked 1µs, returned 1.5µs), ` +
				`then c1 read "old" of x (invoked 2µs, returned 2.5µs)), but "old", with which it began, is older than "a"`,
		},
		{
			"a read goes back",
			History{row(1, 1, Write, "a"), row(2, 2, Read, "a"), row(2, 3, Read, "old")},
			MonotonicReads,
			[]int{2, 3},
			`"a" must not be newer than "old" (c2 read "a" of x`,
		},
		{
			"writes are seen out of order",
			History{row(1, 1, Write, "a"), row(1, 2, Write, "b"), row(2, 3, Read, "b"), row(2, 4, Read, "a")},
			MonotonicWrites,
			[]int{1, 2, 3, 4},
			`"a" must not be newer than "b" (c1 wrote "a" to x`,
		},
		{
			"of two keys the later is seen without the earlier",
			History{row(1, 1, Write, "a"), atKey("y", row(1, 2, Write, "b")), atKey("y", row(2, 3, Read, "b")), row(2, 4, Read, "old")},
			MonotonicWrites,
			[]int{1, 2, 3, 4},
			`"old", with which it began, is older than "a"`,
		},
		{
			"an answer is seen without the question",
			History{row(1, 1, Write, "a"), row(2, 2, Read, "a"), atKey("y", row(2, 3, Write, "b")), atKey("y", row(3, 4, Read, "b")), row(3, 5, Read, "old")},
			WritesFollowReads,
			[]int{2, 3, 4, 5},
			`c2 wrote "b" to y`,
		},
		{
			"all is well", History{row(1, 1, Write, "a"), row(1, 2, Read, "a"), row(2, 2, Read, "old"), row(2, 3, Read, "a")}, "", nil, "",
		},
		{
			"siblings have seen both",
			History{row(1, 1, Write, "a"), row(2, 1, Write, "b"), row(1, 2, Read, "a"+Siblings+"b"), row(1, 3, Read, "old")},
			"both", nil, "",
		},
		{
			"who reads siblings is given the benefit of the doubt",
			History{row(1, 1, Write, "a"), row(2, 2, Write, "b"), row(1, 3, Read, "b"), row(1, 4, Read, "a"+Siblings+"b")},
			"", nil, "",
		},
	} {
		if test.guarantee == "both" || test.name == "siblings have seen both" {
			test.history[1].ID = 9
		}
		for i := range test.history {
			test.history[i].ID += 100 * i
		}
		var violated []Guarantee
		for _, g := range Guarantees() {
			result, err := CheckSessions(test.history, g, SessionOptions{Initial: map[string]Value{"x": Some("old")}})
			if err != nil {
				t.Fatal(err)
			}
			if result.Verdict != Violated {
				continue
			}
			violated = append(violated, g)
			if g == test.guarantee && (len(result.Witness) != len(test.witness) || !strings.Contains(result.Explanation, test.says)) {
				t.Errorf("%s: %s\n%v", test.name, result.Explanation, result.Witness)
			}
		}
		want := []Guarantee{test.guarantee}
		switch test.guarantee {
		case "":
			want = nil
		case "both":
			want = []Guarantee{ReadYourWrites, MonotonicReads}
		}
		if !slices.Equal(violated, want) {
			t.Errorf("%s: violated are %v, want %v", test.name, violated, want)
		}
	}
}

func TestSessionsDoNotJudgeWhatTheyCannotTell(t *testing.T) {
	history := History{{ID: 1, Kind: Append, In: Some("a"), Outcome: OK}}
	result, err := CheckSessions(history, MonotonicReads, SessionOptions{})
	if err != nil || result.Verdict != Unknown || !strings.Contains(result.Explanation, "kind append") {
		t.Error(result, err)
	}
	history[0].ID, history = 2, append(history, history[0])
	if _, err := CheckSessions(history, MonotonicReads, SessionOptions{}); err == nil {
		t.Error("an invalid history is judged")
	}
}
