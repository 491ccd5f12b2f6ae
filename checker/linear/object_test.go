package linear

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// orders is the oracle for one queue or lock: it tries every order of everything
// that may have happened, and each time goes through it with plain slices.
func orders(done, rest []Operation, lock bool) bool {
	sure := 0
	for i, next := range rest {
		if next.Outcome == OK {
			sure++
		}
		if !mayBeNext(next, rest) {
			continue
		}
		tried := append(slices.Clone(done), next)
		if replays(tried, lock) && orders(tried, append(slices.Clone(rest[:i]), rest[i+1:]...), lock) {
			return true
		}
	}
	return sure == 0
}

// replays goes through an order in which everything has happened.
func replays(order []Operation, lock bool) bool {
	var queue []Value
	var holders []uint64
	var tokens []string
	for _, op := range order {
		known := op.Outcome == OK
		switch op.Kind {
		case Enqueue:
			queue = append(queue, op.In)
		case Dequeue:
			first := Value{}
			if len(queue) > 0 {
				first, queue = queue[0], queue[1:]
			}
			if known && op.Out != first {
				return false
			}
		case Acquire:
			if len(holders) > 0 {
				return false
			}
			holders = append(holders, op.Session)
			if known && op.Out.Present {
				tokens = append(tokens, op.Out.Text)
			}
		case Release:
			if len(holders) == 0 || holders[0] != op.Session {
				return false
			}
			holders = nil
		}
	}
	return slices.IsSorted(tokens) // of one digit each
}

func oracleOf(history History) bool {
	byKey := map[string][]Operation{}
	for _, op := range history {
		if op.Outcome != Fail {
			byKey[op.Key] = append(byKey[op.Key], op)
		}
	}
	for _, ops := range byKey {
		if !orders(nil, ops, ops[0].Kind == Acquire) {
			return false
		}
	}
	return true
}

// drawObject draws a tiny history on queues or locks.
func drawObject(t *rapid.T, model Model) History {
	var history History
	keys := []string{"", "x"}[:rapid.SampledFrom([]int{1, 1, 1, 2}).Draw(t, "keys")]
	clock := map[uint64]int64{} // most sessions are sequential
	for i := range rapid.IntRange(1, 6).Draw(t, "operations") {
		op := Operation{
			ID: i + 1, Session: uint64(rapid.IntRange(1, 3).Draw(t, "session")), Kind: rapid.SampledFrom(model.kinds).Draw(t, "kind"),
			Key:     rapid.SampledFrom(keys).Draw(t, "key"),
			Outcome: rapid.SampledFrom([]Outcome{OK, OK, OK, OK, Info, Fail}).Draw(t, "outcome"),
		}
		if rapid.IntRange(0, 3).Draw(t, "apart") > 0 {
			op.Invoke = clock[op.Session]
		}
		op.Invoke += int64(rapid.IntRange(0, 4).Draw(t, "pause"))
		op.Return = op.Invoke + int64(rapid.IntRange(0, 6).Draw(t, "length"))
		clock[op.Session] = op.Return + 1
		value := Value{}
		if n := rapid.IntRange(0, 3).Draw(t, "value"); n > 0 {
			value = Some(fmt.Sprint(n))
		}
		switch {
		case op.Kind == Enqueue:
			op.In = Some(fmt.Sprint(rapid.IntRange(1, 3).Draw(t, "element")))
		case op.Kind != Release && op.Outcome == OK:
			op.Out = value
		}
		if op.Outcome == Info && rapid.Bool().Draw(t, "open") {
			op.Return = Never
		}
		history = append(history, op)
	}
	return history
}

// TestObjectsAgainstOracle compares verdicts, and demands of a witness that it is
// violated by itself, holds the offender and only what the history has.
func TestObjectsAgainstOracle(t *testing.T) {
	for _, model := range []Model{Queue(), Lock()} {
		seen := map[Verdict]int{}
		many(t, func(t *rapid.T) {
			history := drawObject(t, model)
			result := mustCheckRapid(t, history, model)
			seen[result.Verdict]++
			if oracleOf(history) != (result.Verdict == Holds) {
				t.Fatalf("%s, but the oracle says otherwise, of %+v", result.Verdict, history)
			}
			if result.Verdict != Violated {
				return
			}
			if oracleOf(result.Witness) {
				t.Fatalf("witness %+v is linearizable", result.Witness)
			}
			offends := false
			for _, op := range result.Witness {
				offends = offends || op.ID == result.Offender
				if !slices.ContainsFunc(history, func(o Operation) bool { return o.ID == op.ID && o.Key == result.Key }) {
					t.Fatalf("witness has %+v, which the history has not", op)
				}
			}
			if !offends || result.Explanation == "" {
				t.Fatalf("offender %d is not in %+v: %q", result.Offender, result.Witness, result.Explanation)
			}
		})
		if total := seen[Holds] + seen[Violated]; seen[Holds]*6 < total || seen[Violated]*6 < total {
			t.Errorf("%s: verdicts %v: too much of one to mean anything", model.Name, seen)
		}
	}
}

// TestObjectAdmissibleIsSound: what may be taken away leaves an order one.
func TestObjectAdmissibleIsSound(t *testing.T) {
	useful := 0
	many(t, func(t *rapid.T) {
		part := dropFails(drawObject(t, rapid.SampledFrom([]Model{Queue(), Lock()}).Draw(t, "model")))
		part = slices.DeleteFunc(part, func(op Operation) bool { return op.Key != "" })
		var rest History
		for i := range part {
			if rapid.Bool().Draw(t, "kept") {
				rest = append(rest, part[i])
			}
		}
		if len(part) == 0 || len(rest) == len(part) || !admissible(part, rest) {
			return
		}
		useful++
		if oracleOf(part) && !oracleOf(rest) {
			t.Fatalf("%+v is linearizable, %+v is not", part, rest)
		}
	})
	if useful < 50 {
		t.Errorf("only %d times admissible", useful)
	}
}

const (
	queueEDN = `{:process 0, :type :invoke, :f :enqueue, :value 1}
{:process 0, :type :ok, :f :enqueue, :value 1}
{:process 0, :type :invoke, :f :enqueue, :value 2}
{:process 0, :type :info, :f :enqueue, :value 2}
{:process 1, :type :invoke, :f :dequeue, :value nil}
{:process 1, :type :ok, :f :dequeue, :value 1}
{:process 1, :type :invoke, :f :dequeue, :value nil}
{:process 1, :type :ok, :f :dequeue, :value nil}
`
	lockEDN = `{:process 0, :type :invoke, :f :acquire, :value nil}
{:process 0, :type :ok, :f :acquire, :value 33}
{:process 0, :type :invoke, :f :release, :value nil}
{:process 0, :type :ok, :f :release, :value nil}
{:process 1, :type :invoke, :f :acquire, :value nil}
{:process 1, :type :ok, :f :acquire, :value 34}
`
	queueLines = `enqueue "in":"1" 0 1|dequeue "out":"1" 2 3|dequeue "out":null 4 5`
	lockLines  = `acquire "out":"33" 0 1|release "out":null 2 3|acquire "out":"34" 4 5`
)

// logOf tells EDN as jepsen.util logs it.
func logOf(edn string) string {
	return regexp.MustCompile(`\{:process (\d), :type (\S+), :f (\S+), :value (\S+)\}`).
		ReplaceAllString(edn, "INFO  jepsen.util - $1 $2 $3 $4")
}

// objectLines tells operations, of one session each key, in our own format.
func objectLines(ops string) string {
	file := `{"format":"quorumlab-history","version":1}` + "\n"
	for i, op := range strings.Split(ops, "|") {
		f := strings.Fields(op)
		file += fmt.Sprintf(`{"id":%d,"session":1,"key":"q","op":%q,%s,"invoke":%s,"return":%s,"outcome":"ok"}`, i+1, f[0], f[1], f[2], f[3]) + "\n"
	}
	return file
}

// TestObjectsInEveryFormat: a history that holds and one that is violated.
func TestObjectsInEveryFormat(t *testing.T) {
	twice := strings.TrimSuffix(queueEDN, ":value nil}\n") + ":value 1}\n"
	stolen := strings.Replace(lockEDN, ":type :ok, :f :release", ":type :fail, :f :release", 1)
	fallen := strings.Replace(lockEDN, "34", "32", 1)
	const again, higher = "it was enqueued once, and dequeue by client 1 ", "acquire by client 0 had returned the higher token 33 "
	for name, c := range map[string]struct {
		text  string
		model Model
		why   string
	}{
		"queue edn": {queueEDN, Queue(), ""}, "queue log": {logOf(queueEDN), Queue(), ""},
		"queue lines": {objectLines(queueLines), Queue(), ""},
		"lock edn":    {lockEDN, Lock(), ""}, "lock log": {logOf(lockEDN), Lock(), ""},
		"lock lines":  {objectLines(lockLines), Lock(), ""},
		"keys":        {strings.ReplaceAll(strings.ReplaceAll(queueEDN, ":value ", ":value [:a "), "}", "]}"), Queue(), ""},
		"twice edn":   {twice, Queue(), again},
		"twice log":   {logOf(twice), Queue(), again},
		"twice lines": {objectLines(strings.Replace(queueLines, "null", `"1"`, 1)), Queue(), again},
		"stolen edn":  {stolen, Lock(), "client 0 held it since an acquire that had returned in line 2, and had not released it"},
		"fallen log":  {logOf(fallen), Lock(), higher},
		"fallen lines": {
			objectLines(strings.Replace(lockLines, "34", "32", 1)), Lock(),
			"acquire by client 1 had returned the higher token 33 at 1ns",
		},
		"from nowhere": {objectLines(`dequeue "out":"1" 0 1`), Queue(), "nobody enqueued that"},
		"not held":     {objectLines(`release "out":null 0 1`), Lock(), "that client had never acquired it"},
		"overtaken":    {objectLines(`enqueue "in":"1" 0 1|enqueue "in":"2" 2 3|dequeue "out":"2" 4 5`), Queue(), "no order of it and the other operations allows that: client 1: enqueue \"1\" → ok"},
	} {
		history, report, err := DecodeFor(strings.NewReader(c.text), Auto, c.model)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		roundTrip(t, history)
		result, err := Check(context.Background(), history, c.model, Options{Clock: report.Clock})
		if err != nil || (result.Verdict == Violated) != (c.why != "") || !strings.Contains(result.Explanation, c.why) {
			t.Errorf("%s: %v %s: %s, want %q", name, err, result.Verdict, result.Explanation, c.why)
		}
	}
}

func TestObjectErrors(t *testing.T) {
	for _, c := range []struct {
		text  string
		model Model
		want  string
	}{
		{objectLines(queueLines), Lock(), `line 2, column 36: found the operation enqueue, expected what the model lock has: acquire, release; try the model queue`},
		{queueEDN, KV(), `line 1, column 32: found the operation enqueue, expected what the model kv has: `},
		{logOf(lockEDN), Queue(), `line 1, column 31: found the operation acquire, expected what the model queue has: enqueue, dequeue; try the model lock`},
		{`{:process 0, :type :invoke, :f :drain, :value nil}`, Queue(), `line 1, column 32: found :f :drain, many dequeues in one`},
		{objectLines(`pop "out":"1" 0 1`), Queue(), `line 2, column 36: found op "pop", expected read,`},
		{objectLines(`acquire "out":"x" 0 1`), Lock(), `found "x" as out, expected an integer`},
		{strings.Replace(lockEDN, "33", ":x", 1), Lock(), `line 2, column 45: found an acquire that returned a keyword`},
		{strings.Replace(queueEDN, "1", "nil", 2), Queue(), `found an enqueue of nil`},
	} {
		_, _, err := DecodeFor(strings.NewReader(c.text), Auto, c.model)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v, want %q", err, c.want)
		}
	}
}

// TestLongQueue: many concurrent enqueues that are drained in the end, so that an
// order shows to be wrong only long after.
func TestLongQueue(t *testing.T) {
	var history History
	const n = 400
	for i := range n {
		at := int64(i / 5 * 10)
		history = append(history, Operation{ID: i + 1, Session: uint64(i % 5), Kind: Enqueue, In: Some(fmt.Sprint(i)), Invoke: at, Return: at + 9, Outcome: OK})
	}
	for i := range n {
		element := i/5*5 + 4 - i%5
		at := int64(10*n + 2*i)
		history = append(history, Operation{ID: n + i + 1, Session: 9, Kind: Dequeue, Out: Some(fmt.Sprint(element)), Invoke: at, Return: at + 1, Outcome: OK})
	}
	if result := mustCheck(t, history, Queue()); result.Verdict != Holds {
		t.Errorf("%s: %s", result.Verdict, result.Explanation)
	}
	history[2*n-1].Out = Some("3")
	if result := mustCheck(t, history, Queue()); result.Verdict != Violated || len(result.Witness) != 3 {
		t.Errorf("%s: %d operations: %s", result.Verdict, len(result.Witness), result.Explanation)
	}
}
