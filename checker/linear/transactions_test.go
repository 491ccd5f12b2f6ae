package linear

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// serialOracle knows the definition: it tries every order of the transactions,
// with those of unknown fate or without. real: only such as keep real time.
type serialOracle struct {
	txns []Transaction
	real bool
}

func (o *serialOracle) serializable() bool {
	rest := slices.DeleteFunc(slices.Clone(o.txns), func(t Transaction) bool { return t.Outcome == Fail })
	return o.inOrder(rest, map[string][]string{})
}

func (o *serialOracle) inOrder(rest []Transaction, state map[string][]string) bool {
	if !slices.ContainsFunc(rest, func(t Transaction) bool { return t.Outcome == OK }) {
		return true
	}
	for at, t := range rest {
		if o.real && slices.ContainsFunc(rest, func(other Transaction) bool {
			return other.Outcome == OK && other.Return < t.Invoke
		}) {
			continue
		}
		after := map[string][]string{}
		for key, list := range state {
			after[key] = list
		}
		fits := true
		for _, op := range t.Ops {
			if op.Read {
				fits = fits && (t.Outcome != OK || slices.Equal(op.List, after[op.Key]))
			} else {
				after[op.Key] = append(slices.Clone(after[op.Key]), op.Element)
			}
		}
		if fits && o.inOrder(slices.Delete(slices.Clone(rest), at, at+1), after) {
			return true
		}
	}
	return false
}

// drawTransactions draws up to 5 transactions that are executed operation by
// operation on one copy of the lists, interleaved, some with reads of old lists,
// and at the end one that reads everything: by itself, to be left out or not.
func drawTransactions(t *rapid.T) []Transaction {
	n := rapid.IntRange(2, 5).Draw(t, "transactions")
	txns := make([]Transaction, n)
	left := make([]int, n)
	lists := map[string][]string{}
	own := make([]map[string][]string, n)
	now := int64(1)
	for i := range txns {
		txns[i] = Transaction{ID: i + 1, Session: uint64(i%3 + 1), Outcome: OK}
		left[i] = rapid.IntRange(1, 3).Draw(t, "operations")
		own[i] = map[string][]string{}
	}
	isolated := rapid.Bool().Draw(t, "isolated")
	for open := n; open > 0; now++ {
		i := rapid.IntRange(0, n-1).Draw(t, "next")
		if isolated { // the first that has begun
			i = max(slices.IndexFunc(left, func(k int) bool { return k > 0 }), 0)
		}
		if left[i] == 0 {
			continue
		}
		txn := &txns[i]
		if txn.Invoke == 0 {
			txn.Invoke = now
		}
		key := []string{"x", "y"}[rapid.IntRange(0, 1).Draw(t, "key")]
		if rapid.Bool().Draw(t, "read") {
			list := lists[key]
			if old := rapid.IntRange(0, 4).Draw(t, "old"); old == 0 {
				list = list[:rapid.IntRange(0, len(list)).Draw(t, "end")]
			}
			txn.Ops = append(txn.Ops, ListOp{Key: key, Read: true, List: slices.Clone(list)})
		} else {
			text := fmt.Sprint(i+1, "-", left[i])
			txn.Ops = append(txn.Ops, ListOp{Key: key, Element: text})
			lists[key] = append(slices.Clip(lists[key]), text)
		}
		if left[i]--; left[i] == 0 {
			txn.Return = now
			open--
			if rapid.IntRange(0, 9).Draw(t, "fate") == 0 {
				txn.Outcome = []Outcome{Info, Fail}[rapid.IntRange(0, 1).Draw(t, "which")]
			}
		}
	}
	final := Transaction{ID: n + 1, Session: 9, Outcome: OK, Invoke: now + 1, Return: now + 2}
	for _, key := range []string{"x", "y"} {
		final.Ops = append(final.Ops, ListOp{Key: key, Read: true, List: lists[key]})
	}
	return append(txns, final)
}

// TestTransactionsAgainstAllOrders: as a final transaction reads everything, every
// order that there is can be told, so that a history has an order just if it has
// no anomaly.
func TestTransactionsAgainstAllOrders(t *testing.T) {
	found := map[Anomaly]int{}
	sound, onlyReal := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		for range 50 {
			history := drawTransactions(t)
			result, err := CheckTransactions(history, Lines)
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range result.Found {
				found[f.Anomaly]++
				if len(f.Witness) == 0 || !strings.HasPrefix(f.Explanation, string(f.Anomaly)+": ") {
					t.Fatalf("%+v", f)
				}
			}
			levels := Levels()
			serializable := result.Of(levels[len(levels)-2]) == nil
			strict := result.Of(levels[len(levels)-1]) == nil
			if expected := (&serialOracle{txns: history}).serializable(); serializable != expected {
				t.Fatalf("serializable: %v, by all orders %v; found %+v of %+v", serializable, expected, result.Found, history)
			}
			if expected := (&serialOracle{txns: history, real: true}).serializable(); strict != expected {
				t.Fatalf("strict: %v, by all orders %v; found %+v of %+v", strict, expected, result.Found, history)
			}
			if strict {
				sound++
			} else if serializable {
				onlyReal++
			}
		}
	})
	if sound < 200 || onlyReal < 50 {
		t.Errorf("%d histories were sound, %d but for real time", sound, onlyReal)
	}
	for _, anomaly := range []Anomaly{Internal, G0, G1a, G1b, G1c, GSingle, G2, RealTime} {
		if found[anomaly] < 10 {
			t.Errorf("%s was found %d times", anomaly, found[anomaly])
		}
	}
}

// TestUnreadAppends: what nobody read comes behind all that was read, or is lost. What
// is found by that is there.
func TestUnreadAppends(t *testing.T) {
	lost := 0
	rapid.Check(t, func(t *rapid.T) {
		for range 50 {
			history := drawTransactions(t)
			history = history[:len(history)-1] // without who reads everything
			result, err := CheckTransactions(history, Lines)
			if err != nil {
				t.Fatal(err)
			}
			levels := Levels()
			if result.Of(levels[len(levels)-2]) != nil && (&serialOracle{txns: history}).serializable() {
				t.Fatalf("found %+v of %+v, which is serializable", result.Found, history)
			}
			if result.Of(levels[len(levels)-1]) != nil {
				if (&serialOracle{txns: history, real: true}).serializable() {
					t.Fatalf("found %+v of %+v, which is strictly serializable", result.Found, history)
				}
				lost++
			}
		}
	})
	if lost < 100 {
		t.Errorf("only %d histories were found to be in no order", lost)
	}
	written, read := txn(1, 1, appends("x", "1"), appends("y", "1")), txn(2, 20, reads("x"), reads("y", "1"))
	for words, history := range map[string][]Transaction{
		"G-single":  {written, read},
		"real-time": {txn(1, 1, appends("x", "1")), txn(2, 20, reads("x"))},
		"G0":        {txn(1, 1, appends("x", "1"), appends("y", "1")), txn(2, 1, appends("x", "2"), appends("y", "2")), txn(3, 2, reads("x", "1"), reads("y", "2"))},
	} {
		result, err := CheckTransactions(history, Lines)
		if err != nil || len(result.Found) == 0 || string(result.Found[0].Anomaly) != words {
			t.Errorf("%s: %+v, %v", words, result, err)
		}
	}
	open := txn(1, 1, appends("x", "1"))
	open.Outcome, open.Return = Info, Never // perhaps it never happened
	if result, err := CheckTransactions([]Transaction{open, txn(2, 20, reads("x"))}, Lines); err != nil || len(result.Found) > 0 {
		t.Errorf("%+v, %v", result, err)
	}
}

// TestTransactionsInAHistory: they are told apart, written and read again.
func TestTransactionsInAHistory(t *testing.T) {
	lists := []ListOp{reads("x", "1"), appends("y", "2"), reads("y")}
	history := History{
		{ID: 1, Session: 1, Key: "k", Kind: Read, Return: 1, Outcome: OK},
		{ID: 2, Session: 2, Client: "b", Kind: Txn, Lists: lists, Invoke: 5, Return: 9, Outcome: OK},
		{ID: 3, Session: 2, Kind: Txn, Lists: []ListOp{{Key: "x", Read: true}}, Invoke: 9, Return: Never, Outcome: Info, Error: "timeout"},
	}
	single, transactions := history.Apart()
	if len(single) != 1 || len(transactions) != 2 || transactions[0].Client != "b" {
		t.Fatalf("%+v, %+v", single, transactions)
	}
	var file bytes.Buffer
	if err := EncodeTransactions(&file, transactions); err != nil {
		t.Fatal(err)
	}
	again, report, err := DecodeTransactions(&file)
	if err != nil || report.Open != 1 || len(again) != 2 {
		t.Fatalf("%+v, %+v, %v", again, report, err)
	}
	if got, want := fmt.Sprintf("%+v", again), fmt.Sprintf("%+v", transactions); got != want {
		t.Errorf("read\n%s\nwritten\n%s", got, want)
	}
	if wants, saw := history[1].Wants(), history[1].Saw(); wants != "read x, append 2 to y, read y" || saw != "x = [1], y = []" {
		t.Errorf("%q, %q", wants, saw)
	}
	if err := history.Validate(); err == nil || !strings.Contains(err.Error(), "transaction") {
		t.Errorf("a model would take it: %v", err)
	}
	if err := EncodeTransactions(&file, append(transactions, transactions[0])); err == nil {
		t.Error("one that is there twice was written")
	}
}

func appends(key, text string) ListOp         { return ListOp{Key: key, Element: text} }
func reads(key string, list ...string) ListOp { return ListOp{Key: key, Read: true, List: list} }
func txn(id int, at int64, ops ...ListOp) Transaction {
	return Transaction{ID: id, Session: uint64(id), Ops: ops, Invoke: at, Return: at + 10, Outcome: OK}
}

func TestAnomalies(t *testing.T) {
	aborted := txn(1, 1, appends("x", "1"))
	aborted.Outcome = Fail
	for _, test := range []struct {
		anomaly Anomaly
		history []Transaction
		ids     []int
		words   string
	}{
		{Garbage, []Transaction{txn(1, 1, reads("x", "7"))}, []int{1}, `garbage-read: transaction 1 of client 1 read x = [7], and nobody appended "7"`},
		{Duplicate, []Transaction{txn(1, 1, appends("x", "1")), txn(2, 2, reads("x", "1", "1"))}, []int{2}, ""},
		{Incompatible, []Transaction{
			txn(1, 1, appends("x", "1")), txn(2, 1, appends("x", "2")), txn(3, 2, reads("x", "1", "2")), txn(4, 2, reads("x", "2", "1")),
		}, []int{3, 4}, ""},
		{
			Internal,
			[]Transaction{txn(1, 1, appends("x", "1"), reads("x"))},
			[]int{1},
			`internal: transaction 1 of client 1 read x = [], but should have seen x = [1] by what it did before`,
		},
		{G0, []Transaction{
			txn(1, 1, appends("x", "1"), appends("y", "1")), txn(2, 1, appends("x", "2"), appends("y", "2")),
			txn(3, 2, reads("x", "1", "2"), reads("y", "2", "1")),
		}, []int{1, 2}, ""},
		{
			G1a,
			[]Transaction{aborted, txn(2, 2, reads("x", "1"))},
			[]int{2, 1},
			`G1a: transaction 2 of client 2 read x = [1], but transaction 1 of client 1, which appended "1", was aborted`,
		},
		{G1b, []Transaction{txn(1, 1, appends("x", "1"), appends("x", "2")), txn(2, 2, reads("x", "1"))}, []int{2, 1}, ""},
		{G1c, []Transaction{txn(1, 1, appends("x", "1"), reads("y", "2")), txn(2, 1, appends("y", "2"), reads("x", "1"))}, []int{1, 2}, ""},
		{
			GSingle,
			[]Transaction{
				txn(1, 1, appends("x", "1"), appends("y", "1")), txn(2, 1, reads("x"), reads("y", "1")), txn(3, 20, reads("x", "1")),
			},
			[]int{2, 1},
			`G-single: transaction 2 of client 2 comes before transaction 1 of client 1, whose "1" it did not see in x, ` +
				`transaction 1 of client 1 comes before transaction 2 of client 2, which read its "1" of y, and so before itself`,
		},
		{G2, []Transaction{
			txn(1, 1, reads("x"), appends("y", "1")), txn(2, 1, reads("y"), appends("x", "2")), txn(3, 20, reads("x", "2"), reads("y", "1")),
		}, []int{1, 2}, ""},
		{
			RealTime,
			[]Transaction{txn(1, 1, appends("x", "1")), txn(2, 20, reads("x")), txn(3, 40, reads("x", "1"))},
			[]int{2, 1},
			`real-time: transaction 2 of client 2 comes before transaction 1 of client 1, whose "1" it did not see in x, ` +
				`transaction 1 of client 1 comes before transaction 2 of client 2, which began in line 20, when it was over, and so before itself`,
		},
	} {
		t.Run(string(test.anomaly), func(t *testing.T) {
			result, err := CheckTransactions(test.history, Lines)
			if err != nil || len(result.Found) == 0 || result.Found[0].Anomaly != test.anomaly {
				t.Fatalf("%+v, %v", result, err)
			}
			var ids []int
			for _, w := range result.Found[0].Witness {
				ids = append(ids, w.ID)
			}
			if !slices.Equal(ids, test.ids) {
				t.Errorf("the witness is %v, expected %v", ids, test.ids)
			}
			if test.words != "" && result.Found[0].Explanation != test.words {
				t.Errorf("found    %s\nexpected %s", result.Found[0].Explanation, test.words)
			}
		})
	}
}

// TestAnomalyAmongMany: the one that counts may come behind a thousand others.
func TestAnomalyAmongMany(t *testing.T) {
	var history []Transaction
	add := func(at int64, ops ...ListOp) { history = append(history, txn(len(history)+1, at, ops...)) }
	const pairs = 600 // of two rw links each
	final := txn(0, 100*pairs)
	for n := range pairs {
		x, y, at := fmt.Sprint("x", n), fmt.Sprint("y", n), int64(100*n)
		add(at, reads(x), appends(y, "1"))
		add(at, reads(y), appends(x, "2"))
		final.Ops = append(final.Ops, reads(x, "2"), reads(y, "1"))
	}
	add(100*pairs, appends("x", "1"), appends("y", "1"))
	skewed := len(history) + 1
	add(100*pairs, reads("x"), reads("y", "1"))
	final.Ops = append(final.Ops, reads("x", "1"))
	result, err := CheckTransactions(append(history, final), Lines)
	if err != nil {
		t.Fatal(err)
	}
	found := result.Of(Levels()[2])
	if found == nil || found.Anomaly != GSingle || found.Witness[0].ID != skewed {
		t.Errorf("found %+v", found)
	}
}

func TestTransactionsThatHaveNoMeaning(t *testing.T) {
	for words, history := range map[string][]Transaction{
		"id used twice":  {txn(1, 1), txn(1, 2)},
		"outcome":        {{ID: 1}},
		"never returned": {{ID: 1, Outcome: OK, Return: Never}},
		"before invoke":  {{ID: 1, Outcome: OK, Invoke: 2, Return: 1}},
		"appended to x again, after transaction 1": {txn(1, 1, appends("x", "1")), txn(2, 2, appends("x", "1"))},
	} {
		if _, err := CheckTransactions(history, Nanoseconds); err == nil || !strings.Contains(err.Error(), words) {
			t.Errorf("%q: %v", words, err)
		}
	}
}

func FuzzDecodeTransactions(f *testing.F) {
	f.Add([]byte(`{:process 0, :type :invoke, :f :txn, :value [[:append :x 1] [:r :x nil]]}` + "\n" +
		`{:process 0, :type :ok, :f :txn, :value [[:append :x 1] [:r :x [1]]]}`))
	f.Add([]byte(`{"format":"quorumlab-transactions","version":1}` + "\n" +
		`{"id":1,"session":1,"ops":[["append","x","1"],["r","x",["1"]]],"invoke":1,"return":null,"outcome":"info"}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		txns, _, err := DecodeTransactions(bytes.NewReader(data))
		if err != nil {
			var fault *ReadError
			if !errors.As(err, &fault) || fault.Line < 1 || fault.Column < 0 || fault.Found == "" || fault.Expected == "" {
				t.Fatalf("an error without a place: %v", err)
			}
			return
		}
		result, err := CheckTransactions(txns, Lines)
		if err != nil {
			return // an element that is appended twice, say
		}
		for _, f := range result.Found {
			if len(f.Witness) == 0 || f.Explanation == "" {
				t.Fatalf("%s is found without a witness", f.Anomaly)
			}
		}
	})
}
