package linear

import (
	"context"
	"fmt"
	"maps"
	"testing"

	"pgregory.net/rapid"
)

// drawSessions draws a tiny history of two keys; the operations of a session
// follow each other.
func drawSessions(t *rapid.T) History {
	var history History
	at := map[uint64]int64{}
	for i := range rapid.IntRange(0, 7).Draw(t, "operations") {
		session := rapid.Uint64Range(1, 3).Draw(t, "session")
		value := func(what string) Value {
			n := rapid.IntRange(0, 3).Draw(t, what)
			return Value{Text: []string{"", "1", "2", "3"}[n], Present: n > 0}
		}
		op := Operation{
			ID: i + 1, Session: session, Key: rapid.SampledFrom([]string{"x", "y"}).Draw(t, "key"),
			Kind:   rapid.SampledFrom([]Kind{Read, Write, Read, Write, CAS}).Draw(t, "kind"),
			Invoke: at[session] + int64(rapid.IntRange(0, 3).Draw(t, "wait")), Outcome: OK,
		}
		op.Return = op.Invoke + int64(rapid.IntRange(0, 3).Draw(t, "lasts"))
		at[session] = op.Return + 1
		switch op.Kind {
		case Read:
			op.Out = value("out")
		case CAS:
			op.Expected, op.In, op.Swapped = value("expected"), value("in"), rapid.Bool().Draw(t, "swapped")
		default:
			op.In = value("in")
		}
		if rapid.IntRange(0, 5).Draw(t, "unknown") == 5 {
			op.Outcome, op.Swapped, op.Out = Info, false, Value{}
		}
		history = append(history, op)
	}
	return history
}

// inSomeOrder tries all orders that keep those of the sessions, with nothing in
// common with the real search.
func inSomeOrder(rest []Operation, state map[string]Value) bool {
	sure := false
	for _, op := range rest {
		sure = sure || op.Outcome == OK
	}
	if !sure {
		return true
	}
	for i, next := range rest {
		first := true
		for _, other := range rest {
			first = first && !(other.Session == next.Session && other.Outcome == OK && other.ID != next.ID && other.Return <= next.Invoke)
		}
		after, allowed := effect(next, state[next.Key])
		if !first || !allowed {
			continue
		}
		changed := maps.Clone(state)
		changed[next.Key] = after
		left := append(append([]Operation(nil), rest[:i]...), rest[i+1:]...)
		if inSomeOrder(left, changed) {
			return true
		}
	}
	return false
}

func sequential(t rapid.TB, history History) SequentialResult {
	t.Helper()
	result, err := CheckSequential(context.Background(), history, nil, Options{})
	if err != nil {
		t.Fatal(err)
	}
	return result
}

// TestSequentialAgainstAllOrders: the verdict is that of trying all orders; the
// witness has none either and cannot be made smaller; and what is linearizable is
// sequentially consistent.
func TestSequentialAgainstAllOrders(t *testing.T) {
	seen := map[Verdict]int{}
	rapid.Check(t, func(t *rapid.T) {
		history := drawSessions(t)
		result := sequential(t, history)
		seen[result.Verdict]++
		if want := inSomeOrder(history, map[string]Value{}); want != (result.Verdict == Holds) || result.Verdict == Unknown {
			t.Fatalf("%s, all orders say %v", result.Verdict, want)
		}
		linearizable, err := Check(context.Background(), history, KV(), Options{})
		if err != nil {
			t.Fatal(err)
		}
		if linearizable.Verdict == Holds && result.Verdict != Holds {
			t.Fatalf("linearizable, but: %s", result.Explanation)
		}
		if result.Verdict != Violated {
			return
		}
		if inSomeOrder(result.Witness, map[string]Value{}) || !closed(result.Witness, history) || result.Explanation == "" {
			t.Fatalf("the witness proves nothing: %+v (%s)", result.Witness, result.Explanation)
		}
	})
	if seen[Holds] < 5 || seen[Violated] < 5 {
		t.Errorf("verdicts %v", seen)
	}
}

// Two sessions each write one key and then read the other's as it was before: in
// order key by key, and in no order together (Lamport's own example).
func TestSequentialIsNotByKey(t *testing.T) {
	history := History{
		write(1, 1, "1", 0, 1), read(2, 1, "", 2, 3), write(3, 2, "1", 0, 1), read(4, 2, "", 2, 3),
		write(5, 3, "unrelated", 0, 9),
	}
	for i, key := range []string{"x", "y", "y", "x", "z"} {
		history[i].Key = key
	}
	result := sequential(t, history)
	const want = `no one order of these shows what was read: client 1: write "1" on x, then read on y → null; ` +
		`client 2: write "1" on y, then read on x → null`
	if result.Verdict != Violated || len(result.Witness) != 4 || result.Explanation != want {
		t.Errorf("%+v", result)
	}
	history[3].Out = Some("1")
	if result := sequential(t, history); result.Verdict != Holds {
		t.Errorf("%+v", result)
	}
}

// A stale read is in order, if its session saw nothing newer before.
func TestSequentialAllowsStaleReads(t *testing.T) {
	stale := History{write(1, 1, "new", 0, 1), read(2, 2, "", 5, 6), read(3, 2, "new", 7, 8)}
	if result := sequential(t, stale); result.Verdict != Holds {
		t.Errorf("%+v", result)
	}
	back := History{write(1, 1, "new", 0, 1), read(2, 2, "new", 5, 6), read(3, 2, "", 7, 8)}
	if result := sequential(t, back); result.Verdict != Violated || len(result.Witness) != 3 {
		t.Errorf("%+v", result)
	}
}

func TestSequentialBounds(t *testing.T) {
	var hard History
	for i := range 40 {
		hard = append(hard, write(i+1, uint64(i+1), fmt.Sprint(i), 0, 1))
	}
	hard = append(hard, read(100, 100, "nobody wrote this", 0, 1))
	result, err := CheckSequential(context.Background(), hard, nil, Options{Steps: 1000})
	if err != nil || result.Verdict != Unknown || result.Explanation != "not decided within 1000 steps" {
		t.Errorf("%+v, %v", result, err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if result, err := CheckSequential(ctx, hard, nil, Options{}); err != nil || result.Verdict != Unknown {
		t.Errorf("%+v, %v", result, err)
	}
	if result := sequential(t, History{{ID: 1, Session: 1, Kind: Append, In: Some("a"), Return: 1, Outcome: OK}}); result.Verdict != Unknown {
		t.Errorf("%+v", result)
	}
	known := History{read(1, 1, "given", 0, 1)}
	known[0].Key = "x"
	if result, err := CheckSequential(context.Background(), known, map[string]Value{"x": Some("given")}, Options{}); err != nil || result.Verdict != Holds {
		t.Errorf("%+v, %v", result, err)
	}
}
