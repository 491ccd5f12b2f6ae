package linear

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func op(id int, session uint64, kind Kind, invoke, returned int64) Operation {
	return Operation{ID: id, Session: session, Kind: kind, Invoke: invoke, Return: returned, Outcome: OK}
}

func read(id int, session uint64, out string, invoke, returned int64) Operation {
	o := op(id, session, Read, invoke, returned)
	if o.Out = Some(out); out == "" {
		o.Out = Value{}
	}
	return o
}

func write(id int, session uint64, in string, invoke, returned int64) Operation {
	o := op(id, session, Write, invoke, returned)
	o.In = Some(in)
	return o
}

func appendOf(id int, session uint64, in string, invoke, returned int64) Operation {
	o := write(id, session, in, invoke, returned)
	o.Kind = Append
	return o
}

func swap(id int, session uint64, expected, in string, swapped bool, invoke, returned int64) Operation {
	o := write(id, session, in, invoke, returned)
	o.Kind, o.Expected, o.Swapped = CAS, Some(expected), swapped
	return o
}

func info(o Operation) Operation {
	o.Outcome, o.Out, o.Swapped = Info, Value{}, false
	return o
}

func fail(o Operation, reason string) Operation {
	o = info(o)
	o.Outcome, o.Error = Fail, reason
	return o
}

func onKey(key string, ops ...Operation) History {
	for i := range ops {
		ops[i].Key = key
	}
	return ops
}

func mustCheck(tb testing.TB, history History, model Model) Result {
	tb.Helper()
	result, err := Check(context.Background(), history, model, Options{})
	if err != nil {
		tb.Fatal(err)
	}
	return result
}

// TestTraps has a case for each way in which porcupine, or a history handed to
// it carelessly, gives a wrong verdict.
func TestTraps(t *testing.T) {
	for _, c := range []struct {
		name    string
		model   Model
		history History
		want    Verdict
	}{
		{"nothing", Register(), nil, Holds},
		{"a register starts absent", Register(), History{read(1, 1, "", 0, 1)}, Holds},
		{"absent is not empty", Register(), History{write(1, 1, "", 0, 1), read(2, 1, "", 2, 3)}, Violated},
		{"read after write", Register(), History{write(1, 1, "a", 0, 1), read(2, 2, "a", 2, 3)}, Holds},
		{"stale read", Register(), History{write(1, 1, "a", 0, 1), read(2, 2, "", 2, 3)}, Violated},
		{"touching is concurrent", Register(), History{write(1, 1, "a", 0, 2), read(2, 2, "", 2, 3)}, Holds},
		{"touching at one instant", Register(), History{write(1, 1, "a", 2, 2), read(2, 2, "", 2, 2)}, Holds},
		{"an open write may be seen late", Register(), History{
			info(write(1, 1, "a", 0, Never)), read(2, 2, "", 1, 2), read(3, 2, "a", 3, 4),
		}, Holds},
		{"an open write may be seen after its client gave up", Register(), History{
			info(write(1, 1, "a", 0, 1)), read(2, 2, "", 2, 3), read(3, 2, "a", 4, 5),
		}, Holds},
		{"an open write may never be seen", Register(), History{
			info(write(1, 1, "a", 0, Never)), read(2, 2, "", 1, 2),
		}, Holds},
		{"an open write is not unseen again", Register(), History{
			info(write(1, 1, "a", 0, Never)), read(2, 2, "a", 1, 2), read(3, 2, "", 3, 4),
		}, Violated},
		{"an open write is not seen before it began", Register(), History{
			info(write(1, 1, "a", 5, Never)), read(2, 2, "a", 1, 2),
		}, Violated},
		{"a failed write is not seen", Register(), History{
			fail(write(1, 1, "a", 0, 1), "not-leader"), read(2, 2, "a", 2, 3),
		}, Violated},
		{"a failed write does not trouble", Register(), History{
			fail(write(1, 1, "a", 0, 1), "not-leader"), read(2, 2, "", 2, 3),
		}, Holds},
		{"a read without an answer says nothing", Register(), History{
			write(1, 1, "a", 0, 1), info(read(2, 2, "", 2, 3)), fail(read(3, 2, "", 4, 5), "timeout"),
		}, Holds},
		{"a cas that swapped", CASRegister(), History{
			write(1, 1, "a", 0, 1), swap(2, 2, "a", "b", true, 2, 3), read(3, 1, "b", 4, 5),
		}, Holds},
		{"two cas cannot both swap", CASRegister(), History{
			write(1, 1, "a", 0, 1), swap(2, 2, "a", "b", true, 2, 5), swap(3, 3, "a", "c", true, 2, 5),
		}, Violated},
		{"a cas that should have swapped", CASRegister(), History{
			write(1, 1, "a", 0, 1), swap(2, 2, "a", "b", false, 2, 3),
		}, Violated},
		{"an unseen open write explains a failed comparison", CASRegister(), History{
			write(1, 1, "a", 0, 1), info(write(2, 3, "x", 0, Never)), swap(3, 2, "a", "b", false, 2, 3),
		}, Holds},
		{"an open cas may have swapped", CASRegister(), History{
			write(1, 1, "a", 0, 1), info(swap(2, 2, "a", "b", false, 2, 3)), read(3, 1, "b", 9, 10),
		}, Holds},
		{"keys are apart", KV(), append(onKey("x", write(1, 1, "a", 0, 1)), onKey("y", read(2, 2, "", 2, 3))...), Holds},
		{"appends pile up", KV(), onKey("x", appendOf(1, 1, "a", 0, 1), appendOf(2, 1, "b", 2, 3), read(3, 2, "ab", 4, 5)), Holds},
		{"appends keep their order", KV(), onKey("x", appendOf(1, 1, "a", 0, 1), appendOf(2, 1, "b", 2, 3), read(3, 2, "ba", 4, 5)), Violated},
		{"a write replaces appends", KV(), onKey("x", appendOf(1, 1, "z", 0, 1), write(2, 1, "a", 2, 3), appendOf(3, 1, "b", 4, 5), read(4, 2, "ab", 6, 7)), Holds},
		{"a removal", KV(), onKey("x", write(1, 1, "a", 0, 1), op(2, 1, Write, 2, 3), read(3, 2, "", 4, 5)), Holds},
	} {
		t.Run(c.name, func(t *testing.T) {
			result := mustCheck(t, c.history, c.model)
			if result.Verdict != c.want {
				t.Errorf("%s, want %s: %s", result.Verdict, c.want, result.Explanation)
			}
			if holds := bruteForce(c.history); holds != (c.want == Holds) {
				t.Errorf("the oracle says %v", holds)
			}
			if (result.Verdict == Violated) != (len(result.Witness) > 0 && result.Explanation != "") {
				t.Errorf("witness %v, explanation %q", result.Witness, result.Explanation)
			}
		})
	}
}

func TestCheckRejects(t *testing.T) {
	for _, c := range []struct {
		model   Model
		history History
		want    string
	}{
		{Register(), History{swap(1, 1, "a", "b", true, 0, 1)}, "operation 1 is a cas, which the model register does not have; try the model cas or kv"},
		{CASRegister(), append(onKey("x", write(1, 1, "a", 0, 1)), onKey("y", write(2, 1, "a", 0, 1))...), "try the model kv"},
		{Register(), History{write(1, 1, "a", 0, 1), write(1, 1, "b", 2, 3)}, "id used twice"},
		{Register(), History{write(1, 1, "a", 2, 1)}, "return 1 is before invoke 2"},
		{Register(), History{write(1, 1, "a", 2, Never)}, "never returned, yet its outcome is ok"},
		{Register(), History{{ID: 1, Kind: "move", Outcome: OK}}, `op "move"`},
		{Register(), History{{ID: 1, Kind: Read, Outcome: "maybe"}}, `outcome "maybe"`},
		{KV(), History{{ID: 1, Kind: Append, Outcome: OK}}, "append of null"},
		{Register(), History{{ID: 1, Kind: Read, Outcome: OK, In: Some("a")}}, "a read has an input"},
		{Register(), History{{ID: 1, Kind: Write, Outcome: OK, Swapped: true}}, "what only a cas has"},
		{Register(), History{{ID: 1, Kind: Read, Outcome: Info, Out: Some("a")}}, "has an output"},
		{CASRegister(), History{{ID: 1, Kind: CAS, Outcome: Info, Swapped: true}}, "has taken effect"},
		{Register(), History{write(1, 1, "\xff", 0, 1)}, "not UTF-8"},
	} {
		_, err := Check(context.Background(), c.history, c.model, Options{})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v, want %q", err, c.want)
		}
	}
}

// hard is a history that takes very many steps to refute: open writes, each of a
// value of its own that a comparison needs not to be there, so that nothing can be
// prepared away and none is like another.
func hard() History {
	var history History
	for i := range 18 {
		value := fmt.Sprint("v", i)
		history = append(history, info(write(i+1, uint64(i+1), value, 0, Never)),
			swap(i+31, uint64(i+31), value, "w", false, 1, 2))
	}
	return append(history, read(103, 51, "1", 7, 8))
}

func TestUnknown(t *testing.T) {
	result, err := Check(context.Background(), hard(), CASRegister(), Options{Steps: 1000})
	if err != nil || result.Verdict != Unknown || !strings.Contains(result.Explanation, "within 1000 steps") {
		t.Errorf("%+v %v, want unknown", result, err)
	}
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	result, err = Check(ended, hard(), CASRegister(), Options{})
	if err != nil || result.Verdict != Unknown || !strings.Contains(result.Explanation, "canceled") {
		t.Errorf("%+v %v, want unknown", result, err)
	}
	// A key that cannot be decided does not hide one that is violated.
	history := append(onKey("a", hard()...), onKey("b", write(200, 1, "x", 0, 1), read(201, 1, "", 2, 3))...)
	result, err = Check(context.Background(), history, KV(), Options{Steps: 1000})
	if err != nil || result.Verdict != Violated || result.Key != "b" {
		t.Errorf("%+v %v, want b violated", result, err)
	}
}

// drawHistory draws a tiny history whose answers are near enough to the truth
// for both verdicts to be common.
func drawHistory(t *rapid.T, model Model) History {
	kinds, values := model.kinds, []string{"a", "b", "c"}
	moves := slices.Contains(kinds, Transfer) && rapid.Bool().Draw(t, "moves")
	if moves {
		kinds, values = []Kind{Read, Read, Write, CAS, Transfer, Transfer}, []string{"1", "2", "x"}
	} else {
		kinds = slices.DeleteFunc(slices.Clone(kinds), func(k Kind) bool { return k == Transfer })
	}
	values = values[:rapid.IntRange(1, 3).Draw(t, "values")]
	value := func(name string) Value {
		i := rapid.IntRange(-1, len(values)-1).Draw(t, name)
		if i < 0 {
			return Value{}
		}
		return Some(values[i])
	}
	unique := !moves && rapid.Bool().Draw(t, "unique")
	var history History
	for i := range rapid.IntRange(1, 7).Draw(t, "operations") {
		o := Operation{ID: i + 1, Session: uint64(i + 1), Kind: rapid.SampledFrom(kinds).Draw(t, "kind")}
		if model.byKey {
			keys := []string{"x", "y", "z"}
			if !moves {
				keys = keys[:2]
			}
			o.Key = rapid.SampledFrom(keys).Draw(t, "key")
		}
		o.Invoke = int64(rapid.IntRange(0, 9).Draw(t, "invoke"))
		o.Return = o.Invoke + int64(rapid.IntRange(0, 4).Draw(t, "length"))
		o.Outcome = rapid.SampledFrom([]Outcome{OK, OK, OK, OK, Info, Info, Fail}).Draw(t, "outcome")
		if o.Outcome == Info && rapid.Bool().Draw(t, "never") {
			o.Return = Never
		}
		if o.Kind != Read && o.Kind != Transfer {
			if o.In = value("in"); unique {
				o.In = Some(string(rune('a' + i)))
			}
		}
		switch {
		case o.Kind == Append:
			o.In.Present = true
		case o.Kind == Transfer:
			o.To, o.Amount = map[string]string{"x": "y", "y": "z", "z": "x"}[o.Key], int64(rapid.IntRange(1, 2).Draw(t, "amount"))
			o.Swapped = o.Outcome == OK && rapid.Bool().Draw(t, "moved")
			if rapid.Bool().Draw(t, "looks") {
				o.Look = map[string]string{"x": "z", "y": "x", "z": "y"}[o.Key]
			}
			if o.Swapped && o.Look != "" {
				o.Out = value("found")
			}
		case o.Kind == CAS:
			o.Expected = value("expected")
			o.Swapped = o.Outcome == OK && rapid.Bool().Draw(t, "swapped")
		case o.Kind == Read && o.Outcome == OK:
			o.Out = value("out")
			if model.byKey && !moves && rapid.Bool().Draw(t, "long") {
				o.Out = Some(o.Out.Text + value("more").Text)
			}
		}
		history = append(history, o)
	}
	return history
}

// many draws ten times as often as rapid does by default: tiny histories are
// judged in microseconds.
func many(t *testing.T, property func(*rapid.T)) {
	t.Helper()
	for range 10 {
		rapid.Check(t, property)
	}
}

// TestCheckAgainstBruteForce compares the verdicts, and demands of every witness
// that it be violated by itself, be part of the history, and hold the offender.
func TestCheckAgainstBruteForce(t *testing.T) {
	for _, model := range []Model{CASRegister(), KV(), Register()} { // the others: object_test.go
		t.Run(model.Name, func(t *testing.T) {
			seen := map[Verdict]int{}
			many(t, func(t *rapid.T) {
				history := drawHistory(t, model)
				result := mustCheckRapid(t, history, model)
				seen[result.Verdict]++
				if bruteForce(history) != (result.Verdict == Holds) {
					t.Fatalf("%s, but the oracle says otherwise, of %+v", result.Verdict, history)
				}
				shuffled := rapid.Permutation(history).Draw(t, "shuffled")
				if again := mustCheckRapid(t, shuffled, model); again.Explanation != result.Explanation {
					t.Fatalf("the order of recording matters: %q, %q", result.Explanation, again.Explanation)
				}
				if result.Verdict == Violated {
					checkWitness(t, history, result)
				}
			})
			if total := seen[Holds] + seen[Violated]; seen[Holds]*6 < total || seen[Violated]*6 < total {
				t.Errorf("verdicts %v: too much of one to mean anything", seen)
			}
		})
	}
}

func mustCheckRapid(t *rapid.T, history History, model Model) Result {
	result, err := Check(context.Background(), history, model, Options{})
	if err != nil {
		t.Fatal(err)
	}
	return result
}

func checkWitness(t *rapid.T, history History, result Result) {
	witness := result.Witness
	if bruteForce(witness) {
		t.Fatalf("witness %+v is linearizable", witness)
	}
	for _, o := range witness {
		if !slices.ContainsFunc(history.joined(result.Key), func(other Operation) bool { return reflect.DeepEqual(o, other) }) {
			t.Fatalf("witness has %+v, which the history has not", o)
		}
	}
	at := slices.IndexFunc(witness, func(o Operation) bool { return o.ID == result.Offender })
	if at < 0 || witness[at].Outcome != OK || witness[at].Kind == Write || witness[at].Kind == Append {
		t.Fatalf("offender %d of %+v", result.Offender, witness)
	}
	// Minimal: no operation alone can be taken away.
	part := prefix(witness, witness[at])
	if bruteForce(part) {
		t.Fatalf("witness %+v is linearizable up to the offender's return", witness)
	}
	for _, o := range part {
		rest := without(part, [][]int{{o.ID}}, result.Offender)
		if len(rest) < len(part) && admissible(part, rest) && !bruteForce(rest) {
			t.Fatalf("operation %d can be left out of %+v", o.ID, witness)
		}
	}
	// The offender is where it went wrong: one return less and all is well.
	returned := returns(history.joined(result.Key))
	i := slices.IndexFunc(returned, func(o Operation) bool { return o.ID == result.Offender })
	if i > 0 && !bruteForce(prefix(history.joined(result.Key), returned[i-1])) {
		t.Fatalf("violated before the offender %d returned", result.Offender)
	}
}

// TestAdmissibleIsSound: if a part from which admissible operations were taken
// is violated, so is the whole, however the part was chosen.
func TestAdmissibleIsSound(t *testing.T) {
	useful := 0
	many(t, func(t *rapid.T) {
		part := dropFails(drawHistory(t, rapid.SampledFrom([]Model{CASRegister(), Register()}).Draw(t, "model")))
		var rest History
		for _, o := range part {
			if rapid.Bool().Draw(t, "keep") {
				rest = append(rest, o)
			}
		}
		if !admissible(part, rest) || bruteForce(rest) {
			return
		}
		useful++
		if bruteForce(part) {
			t.Fatalf("%+v is violated, %+v is not", rest, part)
		}
	})
	if useful < 50 {
		t.Errorf("only %d draws say anything", useful)
	}
}

func dropFails(history History) History {
	return slices.DeleteFunc(history, func(o Operation) bool { return o.Outcome == Fail })
}

// TestOpenOperationsThatDoTheSame: what prepare must keep, because a comparison
// failed, costs little nevertheless. Swarms have such histories: a client gave up
// ten writes of values that nobody saw, and each time another client's comparison
// needed one of them, or none.
func TestOpenOperationsThatDoTheSame(t *testing.T) {
	history := History{write(1, 1, "a", 0, 1)}
	for i := range 60 {
		history = append(history, info(write(100+i, uint64(100+i), fmt.Sprint("lost", i), int64(i), Never)),
			info(swap(200+i, uint64(200+i), "a", fmt.Sprint("gone", i), false, int64(i), Never)))
	}
	for i := range int64(30) {
		at := 100 + 10*i
		history = append(history, write(300+int(i), 1, "a", at, at+1), swap(400+int(i), 2, "a", "b", false, at+2, at+3))
	}
	if result := mustCheck(t, history, CASRegister()); result.Verdict != Holds {
		t.Errorf("%s: %s", result.Verdict, result.Explanation)
	}
	// 120 can hide an a; for the 121st comparison none is left.
	for i := range int64(91) {
		at := 500 + 10*i
		history = append(history, write(500+int(i), 1, "a", at, at+1), swap(600+int(i), 2, "a", "b", false, at+2, at+3))
	}
	result := mustCheck(t, history, CASRegister())
	if result.Verdict != Violated || result.Offender != 690 {
		t.Errorf("%s: offender %d: %s", result.Verdict, result.Offender, result.Explanation)
	}
	if result := mustCheck(t, dropLast(history, 2), CASRegister()); result.Verdict != Holds {
		t.Errorf("%s: %s", result.Verdict, result.Explanation)
	}
}

func dropLast(history History, n int) History { return history[:len(history)-n] }

// TestPrepareForgets: writes of unknown outcome that nobody saw cost nothing.
func TestPrepareForgets(t *testing.T) {
	history := History{write(1, 1, "a", 0, 1), read(2, 2, "a", 2, 3)}
	for i := range 60 {
		history = append(history, info(write(10+i, uint64(10+i), fmt.Sprint("lost", i), 0, Never)))
	}
	if kept := prepare(history); len(kept) != 2 {
		t.Errorf("%d operations kept, want 2", len(kept))
	}
	// One that was seen is closed where it was first seen to have happened.
	history = append(history, read(100, 2, "lost7", 5, 6), read(101, 2, "lost7", 8, 9))
	kept := prepare(history)
	i := slices.IndexFunc(kept, func(o Operation) bool { return o.In == Some("lost7") })
	if len(kept) != 5 || i < 0 || kept[i].Return != 6 || kept[i].Outcome != OK {
		t.Errorf("kept %+v", kept)
	}
	// 60 open writes would be 2^60 sets for a search.
	for i := range 59 {
		history = append(history, read(200+i, 2, fmt.Sprint("lost", (i+8)%60), int64(10+2*i), int64(11+2*i)))
	}
	if result := mustCheck(t, history, Register()); result.Verdict != Holds {
		t.Errorf("%s: %s", result.Verdict, result.Explanation)
	}
	history = append(history, read(300, 2, "lost7", 200, 201))
	if result := mustCheck(t, history, Register()); result.Verdict != Violated || len(result.Witness) != 5 {
		t.Errorf("%s: %s", result.Verdict, result.Explanation)
	}
}
