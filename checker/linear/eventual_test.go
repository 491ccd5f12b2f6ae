package linear

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

const settle = 5

// eventualOracle knows the definition: of any two reads that began late enough
// neither may contradict the other, and each must be of something written.
func eventualOracle(history History) Verdict {
	judged, unsure := 0, false
	for _, a := range history {
		late := func(r Operation) bool {
			return r.Kind == Read && r.Outcome == OK && r.Key == a.Key && !slices.ContainsFunc(history, func(w Operation) bool {
				return w.Key == r.Key && w.Kind == Write && w.Outcome != Fail && r.Invoke < w.Return+settle || r.Invoke < settle
			})
		}
		writers := func(r Operation, outcome Outcome) bool {
			return slices.ContainsFunc(history, func(w Operation) bool {
				return w.Kind == Write && w.Key == r.Key && w.In == r.Out && w.Outcome == outcome
			})
		}
		if !late(a) {
			continue
		}
		judged++
		unsure = unsure || writers(a, Info)
	}
	for _, a := range history {
		key := slices.DeleteFunc(slices.Clone(history), func(op Operation) bool { return op.Key != a.Key })
		if verdict := eventualOfKey(key); verdict == Violated {
			return Violated
		}
	}
	if unsure || judged == 0 {
		return Unknown
	}
	return Holds
}

// eventualOfKey is Violated if two late reads disagree before one that is unsure
// has been met.
func eventualOfKey(ops History) Verdict {
	var late History
	for _, r := range byInvocation(slices.Clone(ops)) {
		quiet := r.Invoke >= settle
		for _, w := range ops {
			quiet = quiet && (w.Kind != Write || w.Outcome == Fail || r.Invoke >= w.Return+settle)
		}
		if r.Kind == Read && r.Outcome == OK && quiet {
			late = append(late, r)
		}
	}
	for i, r := range late {
		found := !r.Out.Present
		for _, w := range ops {
			if w.Kind == Write && w.In == r.Out && w.Outcome == Info {
				return Unknown
			}
			found = found || w.Kind == Write && w.In == r.Out && w.Outcome == OK
		}
		if !found || i > 0 && late[0].Out != r.Out {
			return Violated
		}
	}
	return Holds
}

func TestEventualAgainstTheDefinition(t *testing.T) {
	found := map[Verdict]int{}
	rapid.Check(t, func(t *rapid.T) {
		for range 50 {
			history := tinySessions(t)
			for i := range history { // most are read late
				if history[i].Kind == Read && rapid.IntRange(0, 3).Draw(t, "late") > 0 {
					history[i].Invoke += 20
					history[i].Return += 20
				}
			}
			result, err := CheckEventual(history, EventualOptions{Settle: settle})
			if err != nil {
				t.Fatal(err)
			}
			expected := eventualOracle(history)
			if result.Verdict != expected {
				t.Fatalf("%s (%s), by the definition %s; %+v", result.Verdict, result.Explanation, expected, history)
			}
			found[expected]++
			if expected == Violated && (len(result.Witness) == 0 || result.Explanation == "") {
				t.Fatalf("no witness: %+v", result)
			}
		}
	})
	for _, verdict := range []Verdict{Holds, Violated, Unknown} {
		if found[verdict] < 200 {
			t.Errorf("%s %d times", verdict, found[verdict])
		}
	}
}

func TestEventualWitnesses(t *testing.T) {
	written := row(1, 1, Write, "new")
	for _, test := range []struct {
		name    string
		history History
		verdict Verdict
		words   string
	}{
		{"agreed", History{written, row(1, 20, Read, "new"), row(2, 21, Read, "new")}, Holds, ""},
		{
			"one never heard of it",
			History{written, row(1, 20, Read, "new"), row(2, 21, Read, "")},
			Violated,
			`eventual: c1 read "new" of x (invoked 20µs, returned 20.5µs), but c2 read null of x (invoked 21µs, returned 21.5µs), though all had been quiet since 1.5µs`,
		},
		{"stale while it may be", History{written, row(2, 2, Read, ""), row(2, 20, Read, "new")}, Holds, ""},
		{"nobody looked", History{written, row(2, 2, Read, "")}, Unknown, "eventual: nothing was read late enough"},
		{"of siblings one", History{written, row(2, 2, Write, "b"), row(1, 20, Read, "new"+Siblings+"b"), row(2, 21, Read, "new"+Siblings+"b")}, Holds, ""},
		{"of siblings one that nobody wrote", History{written, row(1, 20, Read, "new"+Siblings+"b")}, Violated, "which nobody wrote"},
	} {
		t.Run(test.name, func(t *testing.T) {
			result, err := CheckEventual(test.history, EventualOptions{Settle: 10_000})
			if err != nil || result.Verdict != test.verdict || !strings.Contains(result.Explanation, test.words) {
				t.Errorf("%+v, %v", result, err)
			}
		})
	}
}
