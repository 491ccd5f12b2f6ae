package linear

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// causalOracle knows the definition: it computes what depends on what by trying
// all triples, and tries every order of what a session may have seen.
type causalOracle struct {
	sessionOracle
	co [][]bool
}

func newCausalOracle(history History) *causalOracle {
	o := &causalOracle{sessionOracle: sessionOracle{ops: history, initial: map[string]Value{}}}
	o.co = make([][]bool, len(history))
	for i := range history {
		o.co[i] = make([]bool, len(history))
		for k := range history {
			a, b := &history[i], &history[k]
			o.co[i][k] = a.Outcome == OK && b.Outcome != Fail && before(a, b)
			if w := o.writer(b); w != nil && w.ID == a.ID {
				o.co[i][k] = true
			}
		}
	}
	for range history {
		for i := range history {
			for k := range history {
				for m := range history {
					o.co[i][k] = o.co[i][k] || o.co[i][m] && o.co[m][k]
				}
			}
		}
	}
	return o
}

// writer returns the write whose value a read returned, if that is known.
func (o *causalOracle) writer(read *Operation) *Operation {
	if read.Kind != Read || read.Outcome != OK {
		return nil
	}
	w, ok := o.from(read)
	if !ok {
		return nil
	}
	return w
}

func (o *causalOracle) violated() bool {
	sessions := map[uint64]bool{}
	for i := range o.ops {
		if o.co[i][i] || o.invented(&o.ops[i]) {
			return true
		}
		sessions[o.ops[i].Session] = true
	}
	for session := range sessions {
		var seen []int
		for i := range o.ops {
			op := &o.ops[i]
			own := op.Session == session && op.Outcome == OK
			for k := range o.ops {
				own = own || o.ops[k].Session == session && o.co[i][k]
			}
			if own && (op.Kind == Write || op.Session == session) {
				seen = append(seen, i)
			}
		}
		if !o.inOrder(session, seen, map[string]Value{}) {
			return true
		}
	}
	return false
}

// invented: nobody wrote what it returned.
func (o *causalOracle) invented(read *Operation) bool {
	return read.Kind == Read && read.Outcome == OK && read.Out.Present && !slices.ContainsFunc(o.ops, func(w Operation) bool {
		return w.Kind == Write && w.Outcome != Fail && w.Key == read.Key && w.In == read.Out
	})
}

func (o *causalOracle) inOrder(session uint64, rest []int, state map[string]Value) bool {
	if len(rest) == 0 {
		return true
	}
	for at, i := range rest {
		op := &o.ops[i]
		if slices.ContainsFunc(rest, func(k int) bool { return o.co[k][i] }) {
			continue
		}
		left := slices.Delete(slices.Clone(rest), at, at+1)
		if op.Kind == Write {
			old := state[op.Key]
			state[op.Key] = op.In
			found := o.inOrder(session, left, state)
			state[op.Key] = old
			if found {
				return true
			}
			continue
		}
		_, known := o.from(op)
		if (!known || op.Out == state[op.Key]) && o.inOrder(session, left, state) {
			return true
		}
	}
	return false
}

func TestCausalAgainstAllOrders(t *testing.T) {
	var violated, held int
	rapid.Check(t, func(t *rapid.T) {
		for range 50 {
			history := tinySessions(t)
			if rapid.Bool().Draw(t, "near") {
				history = nearViolation(t)
			}
			result, err := CheckCausal(history, SessionOptions{})
			if err != nil {
				t.Fatal(err)
			}
			expected := newCausalOracle(history).violated()
			if expected != (result.Verdict == Violated) {
				t.Fatalf("%s (%s), the oracle says violated: %v; of %+v", result.Verdict, result.Explanation, expected, history)
			}
			if !expected {
				held++
				continue
			}
			violated++
			again, err := CheckCausal(result.Witness, SessionOptions{})
			if err != nil || again.Verdict != Violated || !strings.HasPrefix(result.Explanation, "causal: ") {
				t.Fatalf("the witness %+v by itself: %s, %v; %q", result.Witness, again.Verdict, err, result.Explanation)
			}
		}
	})
	if violated < 300 || held < 300 {
		t.Errorf("violated %d times, held %d times", violated, held)
	}
}

// TestCausalImpliesSessionGuarantees: it is the stronger promise.
func TestCausalImpliesSessionGuarantees(t *testing.T) {
	broken := 0
	rapid.Check(t, func(t *rapid.T) {
		for range 50 {
			history := tinySessions(t)
			causal, err := CheckCausal(history, SessionOptions{})
			if err != nil {
				t.Fatal(err)
			}
			for _, g := range Guarantees() {
				result, err := CheckSessions(history, g, SessionOptions{})
				if err != nil {
					t.Fatal(err)
				}
				if result.Verdict == Violated {
					broken++
					if causal.Verdict != Violated {
						t.Fatalf("%s is violated (%s), causal %s; %+v", g, result.Explanation, causal.Verdict, history)
					}
				}
			}
		}
	})
	if broken < 100 {
		t.Errorf("a guarantee was violated %d times", broken)
	}
}

func TestCausalWitnesses(t *testing.T) {
	for _, test := range []struct {
		name    string
		history History
		verdict Verdict
		ids     []int
		words   string
	}{
		{
			"an answer without its question",
			History{
				row(1, 1, Write, "question"),
				row(2, 2, Read, "question"), atKey("y", row(2, 3, Write, "answer")),
				atKey("y", row(3, 4, Read, "answer")), row(3, 5, Read, ""),
			},
			Violated,
			[]int{1, 2, 3, 4, 5},
			`causal: c3 read null of x (invoked 5µs, returned 5.5µs), the value with which it began, though a write had led to that: ` +
				`c1 wrote "question" to x (invoked 1µs, returned 1.5µs), then c2 read "question" of x (invoked 2µs, returned 2.5µs), ` +
				`then c2 wrote "answer" to y (invoked 3µs, returned 3.5µs), then c3 read "answer" of y (invoked 4µs, returned 4.5µs), ` +
				`then c3 read null of x (invoked 5µs, returned 5.5µs)`,
		},
		{
			"two orders for two sessions", History{
				row(1, 1, Write, "a"), row(2, 2, Write, "b"),
				row(3, 3, Read, "a"), row(3, 4, Read, "b"), row(4, 5, Read, "b"), row(4, 6, Read, "a"),
			}, Holds, nil, "",
		},
		{
			"there and back",
			History{
				row(1, 1, Write, "a"), row(2, 2, Write, "b"),
				row(3, 3, Read, "a"), row(3, 4, Read, "b"), row(3, 5, Read, "a"),
			},
			Violated,
			[]int{1, 2, 4, 3, 5},
			"",
		},
		{"from nowhere", History{row(1, 1, Read, "a")}, Violated, []int{1}, `causal: c1 read "a" of x (invoked 1µs, returned 1.5µs), which nobody wrote`},
	} {
		t.Run(test.name, func(t *testing.T) {
			result, err := CheckCausal(test.history, SessionOptions{})
			if err != nil || result.Verdict != test.verdict {
				t.Fatalf("%+v, %v", result, err)
			}
			var ids []int
			for _, op := range result.Witness {
				ids = append(ids, op.ID)
			}
			slices.Sort(ids)
			slices.Sort(test.ids)
			if !slices.Equal(ids, test.ids) {
				t.Errorf("the witness is %v, expected %v: %s", ids, test.ids, result.Explanation)
			}
			if test.words != "" && result.Explanation != test.words {
				t.Errorf("found    %s\nexpected %s", result.Explanation, test.words)
			}
		})
	}
}

func TestCausalBounds(t *testing.T) {
	history := make(History, causalMost+1)
	for i := range history {
		history[i] = row(1, int64(i), Write, fmt.Sprint(i))
	}
	result, err := CheckCausal(history, SessionOptions{})
	if err != nil || result.Verdict != Unknown || !strings.Contains(result.Explanation, "20001 operations") {
		t.Errorf("%+v, %v", result, err)
	}
	history = History{{ID: 1, Session: 1, Key: "x", Kind: Append, In: Some("a"), Outcome: OK}}
	if result, err := CheckCausal(history, SessionOptions{}); err != nil || result.Verdict != Unknown {
		t.Errorf("%+v, %v", result, err)
	}
}
