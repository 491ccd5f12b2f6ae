package linear

import (
	"bytes"
	"strings"
	"testing"
)

func transfer(id int, session uint64, from, to string, amount int64, moved bool, invoke, ret int64) Operation {
	return Operation{
		ID: id, Session: session, Key: from, Kind: Transfer, To: to, Amount: amount, Swapped: moved,
		Invoke: invoke, Return: ret, Outcome: OK,
	}
}

func bank(more ...Operation) History {
	return append(History{
		{ID: 1, Key: "a", Kind: Write, In: Some("10"), Outcome: OK, Return: 1},
		{ID: 2, Key: "b", Kind: Write, In: Some("10"), Outcome: OK, Return: 1},
		{ID: 3, Key: "c", Kind: Write, In: Some("x"), Outcome: OK, Return: 1},
	}, more...)
}

func readOf(id int, key, value string, invoke, ret int64) Operation {
	o := Operation{ID: id, Session: 9, Key: key, Kind: Read, Out: Some(value), Invoke: invoke, Return: ret, Outcome: OK}
	return o
}

// TestTransfersJoinKeys: each key by itself looks well, both together do not.
func TestTransfersJoinKeys(t *testing.T) {
	torn := bank(transfer(10, 1, "a", "b", 4, true, 10, 20), readOf(11, "b", "14", 11, 12), readOf(12, "a", "10", 13, 14))
	result := mustCheck(t, torn, KV())
	if result.Verdict != Violated || result.Key != "a" ||
		!strings.Contains(result.Explanation, `read of a by client 9 (invoked 13ns, returned 14ns) returned "10", but no order`) ||
		!strings.Contains(result.Explanation, "client 1: transfer of 4 from a to b → ok") {
		t.Errorf("%s: %s", result.Verdict, result.Explanation)
	}
	for _, op := range result.Witness {
		if op.Key == "c" {
			t.Errorf("c has nothing to do with it: %+v", result.Witness)
		}
	}
	var page bytes.Buffer
	if err := Visualize(&page, torn, result, nil); err != nil || !strings.Contains(page.String(), "transfer of 4 from a to b") {
		t.Errorf("%v", err)
	}
	whole := bank(transfer(10, 1, "a", "b", 4, true, 10, 20), readOf(11, "b", "14", 11, 12), readOf(12, "a", "6", 13, 14))
	if result := mustCheck(t, whole, KV()); result.Verdict != Holds {
		t.Errorf("%s", result.Explanation)
	}
	roundTrip(t, whole)
}

// looking lets a transfer look at a key as well.
func looking(o Operation, key string, found Value) Operation {
	o.Look, o.Out = key, found
	return o
}

// TestTransfersLook: what a transfer finds at a third key, it finds in the instant in
// which it moves its amount. Of two that each look at what the other changes (write
// skew) one must have seen the other.
func TestTransfersLook(t *testing.T) {
	crossed := func(found string) History {
		return append(bank(
			looking(transfer(10, 1, "a", "d", 4, true, 10, 20), "b", Some("10")),
			looking(transfer(11, 2, "b", "e", 3, true, 11, 19), "a", Some(found)),
		), readOf(12, "a", "6", 30, 31), readOf(13, "b", "7", 30, 31))
	}
	if result := mustCheck(t, crossed("6"), KV()); result.Verdict != Holds {
		t.Errorf("%s", result.Explanation)
	}
	result := mustCheck(t, crossed("10"), KV())
	if result.Verdict != Violated || !strings.Contains(result.Explanation, "transfer of 4 from a to d, looking at b by client 1 (invoked 10ns, returned 20ns) was done and found \"10\", but") ||
		!strings.Contains(result.Explanation, "client 2: transfer of 3 from b to e, looking at a → found \"10\"") {
		t.Errorf("%s: %s", result.Verdict, result.Explanation)
	}
	nothing := looking(transfer(14, 1, "a", "b", 4, true, 10, 20), "d", Value{})
	if result := mustCheck(t, bank(nothing), KV()); result.Verdict != Holds {
		t.Errorf("%s", result.Explanation)
	}
	refused := looking(transfer(15, 1, "a", "b", 400, false, 21, 22), "d", Value{})
	roundTrip(t, append(crossed("6"), nothing, refused)[3:])
	same := looking(transfer(10, 1, "a", "b", 4, true, 10, 20), "b", Some("10"))
	if err := bank(same).Validate(); err == nil || !strings.Contains(err.Error(), "expected a third key") {
		t.Errorf("%v", err)
	}
}

func TestTransfersThatCannotBe(t *testing.T) {
	for name, c := range map[string]struct {
		op   Operation
		want Verdict
	}{
		"too much, and refused": {transfer(10, 1, "a", "b", 11, false, 10, 20), Holds},
		"too much, and done":    {transfer(10, 1, "a", "b", 11, true, 10, 20), Violated},
		"enough, and refused":   {transfer(10, 1, "a", "b", 10, false, 10, 20), Violated},
		"to no number":          {transfer(10, 1, "a", "c", 1, true, 10, 20), Violated},
		"to a new key":          {transfer(10, 1, "a", "d", 1, true, 10, 20), Holds},
	} {
		if result := mustCheck(t, bank(c.op), KV()); result.Verdict != c.want {
			t.Errorf("%s: %s, want %s", name, result.Verdict, c.want)
		}
	}
}
