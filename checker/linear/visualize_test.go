package linear

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"
)

// badKey is a history on two keys of which one is violated, with everything
// that a page can show: open, failed and forgotten operations.
func badKey() History {
	history := onKey("good", write(500, 1, "goodvalue", 0, 1), read(501, 2, "goodvalue", 2, 3))
	var bad History
	for i := range 8 {
		at := int64(10 * i)
		bad = append(bad, write(10*i+1, 1, fmt.Sprint("a", i), at, at+6), write(10*i+2, 2, fmt.Sprint("b", i), at+1, at+7),
			read(10*i+3, 3, fmt.Sprint("a", i), at+2, at+8), info(write(10*i+4, uint64(100+i), fmt.Sprint("lost", i), at, Never)))
	}
	bad = append(bad, info(write(200, 50, "slow", 3, 4)), read(201, 4, "slow", 80, 81),
		fail(write(202, 5, "refused", 80, 82), "no-quorum"), read(203, 4, "a1", 90, 95))
	return append(history, onKey("bad", bad...)...)
}

func TestVisualize(t *testing.T) {
	history := badKey()
	result := mustCheck(t, history, KV())
	if result.Verdict != Violated || result.Key != "bad" {
		t.Fatalf("%s on %s", result.Verdict, result.Key)
	}
	faults := []Fault{{From: 5, To: 70, Text: "partition {N1} | {N2, N3}"}}
	var first bytes.Buffer
	if err := Visualize(&first, history, result, faults); err != nil {
		t.Fatal(err)
	}
	page := first.String()
	for _, want := range []string{
		`client 4: read → \"a1\"`, `client 50: write \"slow\" → unknown`, `client 103: write \"lost3\" → unknown`,
		`client 5: write \"refused\" → failed`, "no-quorum", "partition {N1} | {N2, N3}",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not show %s", want)
		}
	}
	if strings.Contains(page, "goodvalue") {
		t.Error("the page shows the good key")
	}
}

// TestVisualizeIsDeterministic: each of the reads can follow all writes, but no
// two can, so that porcupine finds an order for each, and collects them from a
// map. A page in map order would differ in one of so many tries.
func TestVisualizeIsDeterministic(t *testing.T) {
	var history History
	for i := range 6 {
		value := fmt.Sprint("v", i)
		history = append(history, write(2*i+1, uint64(i), value, 0, 10), read(2*i+2, uint64(i), value, 11, 20))
	}
	history = onKey("x", history...)
	result := mustCheck(t, history, KV())
	var first string
	for try := range 20 {
		var page strings.Builder
		if err := Visualize(&page, history, result, nil); err != nil {
			t.Fatal(err)
		}
		if try == 0 {
			first = page.String()
		} else if page.String() != first {
			t.Fatal("two pages of one history differ")
		}
	}
}

// TestVisualizeAppends: what the search takes for one state is told apart again.
func TestVisualizeAppends(t *testing.T) {
	history := onKey("x", appendOf(1, 1, "p", 0, 1), appendOf(2, 1, "q", 2, 3), read(3, 2, "qp", 4, 5))
	var page bytes.Buffer
	if err := Visualize(&page, history, mustCheck(t, history, KV()), nil); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(page.String(), `\"pq\"`) {
		t.Error("the page does not show the state \"pq\"")
	}
}

// TestVisualizeHard: a search that meets its bound still gives a page.
func TestVisualizeHard(t *testing.T) {
	history := onKey("x", hard()...)
	result := Result{Verdict: Violated, Model: KV(), Key: "x"}
	if err := visualize(io.Discard, history, result, nil, 1000); err != nil {
		t.Error(err)
	}
}

func TestVisualizeRejects(t *testing.T) {
	if err := Visualize(io.Discard, badKey(), Result{Verdict: Holds}, nil); err == nil {
		t.Error("a result that holds was shown")
	}
	if err := Visualize(io.Discard, badKey(), Result{Verdict: Violated, Key: "other"}, nil); err == nil {
		t.Error("a key without operations was shown")
	}
}
