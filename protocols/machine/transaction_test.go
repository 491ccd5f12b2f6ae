package machine

import (
	"maps"
	"reflect"
	"strconv"
	"testing"

	"pgregory.net/rapid"

	"quorumlab/protocols"
)

// TestTransactionsAreAllOrNothing: a transaction leaves what its commands, one
// by one, leave; or nothing, if the condition of one does not hold.
func TestTransactionsAreAllOrNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		kv := NewKV()
		for range rapid.IntRange(0, 4).Draw(t, "before") {
			kv.Apply(drawCommand(t))
		}
		before := maps.Clone(kv.Values)
		var transaction Transaction
		oneByOne := &KV{Values: maps.Clone(before)}
		var want TransactionResult
		for range rapid.IntRange(0, 5).Draw(t, "commands") {
			c := drawCommand(t)
			if rapid.Bool().Draw(t, "adds") {
				c = Command{Op: Add, Key: c.Key, Value: strconv.Itoa(rapid.IntRange(-3, 3).Draw(t, "amount"))}
			}
			transaction.Commands = append(transaction.Commands, c)
			if !want.Aborted {
				result := oneByOne.Apply(c).(Result)
				want.Results = append(want.Results, result)
				want.Aborted = c.Refused(result)
			}
		}
		if want.Aborted {
			oneByOne.Values = before
		}
		if got := kv.Apply(transaction); !reflect.DeepEqual(got, want) {
			t.Fatalf("%+v gives %+v, want %+v", transaction, got, want)
		}
		if !maps.Equal(kv.Values, oneByOne.Values) {
			t.Fatalf("%+v leaves %v, want %v", transaction, kv.Values, oneByOne.Values)
		}
	})
}

func TestAdd(t *testing.T) {
	for _, test := range []struct {
		there, amount string
		found         bool
		want          string
		result        Result
	}{
		{"", "5", false, "5", Result{Swapped: true}},
		{"7", "-7", true, "0", Result{Value: "7", Found: true, Swapped: true}},
		{"7", "-8", true, "7", Result{Value: "7", Found: true}},
		{"7", "0", true, "7", Result{Value: "7", Found: true, Swapped: true}},
		{"seven", "1", true, "seven", Result{Value: "seven", Found: true}},
		{"9223372036854775807", "1", true, "9223372036854775807", Result{Value: "9223372036854775807", Found: true}},
		{"7", "many", true, "7", Result{Error: `cannot add "many", which is no whole number`}},
	} {
		kv := NewKV()
		if test.found {
			kv.Values["x"] = test.there
		}
		if got := kv.Apply(Command{Op: Add, Key: "x", Value: test.amount}); got != test.result {
			t.Errorf("%s + %s gives %+v, want %+v", test.there, test.amount, got, test.result)
		}
		if kv.Values["x"] != test.want {
			t.Errorf("%s + %s is %s, want %s", test.there, test.amount, kv.Values["x"], test.want)
		}
	}
}

// A transfer that the one account does not cover leaves the other alone.
func TestTransfer(t *testing.T) {
	kv := &KV{Values: map[string]string{"a": "10"}}
	if result := kv.Apply(Transfer("a", "b", 4)).(TransactionResult); result.Aborted {
		t.Fatalf("%+v", result)
	}
	if result := kv.Apply(Transfer("a", "b", 7)).(TransactionResult); !result.Aborted {
		t.Fatalf("%+v", result)
	}
	if want := map[string]string{"a": "6", "b": "4"}; !maps.Equal(kv.Values, want) {
		t.Fatalf("%v, want %v", kv.Values, want)
	}
}

func TestConserves(t *testing.T) {
	for _, test := range []struct {
		command protocols.Conserving
		want    bool
	}{
		{Transfer("a", "b", 5), true},
		{Command{Op: Get, Key: "a"}, true},
		{Transaction{Commands: []Command{{Op: Get, Key: "a"}}}, true},
		{Command{Op: Put, Key: "a", Value: "1"}, false},
		{Command{Op: Add, Key: "a", Value: "1"}, false},
		{Transaction{Commands: []Command{{Op: Add, Key: "a", Value: "1"}}}, false},
		{Transaction{Commands: []Command{{Op: Add, Key: "a", Value: "x"}}}, false},
		{Transaction{Commands: []Command{{Op: Put, Key: "a", Value: "1"}}}, false},
	} {
		if test.command.Conserves() != test.want {
			t.Errorf("%+v: want %v", test.command, test.want)
		}
	}
}
