package measure_test

import (
	"reflect"
	"slices"
	"testing"

	"quorumlab/checker/linear"
	"quorumlab/reports/measure"
)

func write(id int, key, value string, invoke, ret int64) linear.Operation {
	return linear.Operation{
		ID: id, Key: key, Kind: linear.Write, In: linear.Some(value), Invoke: invoke, Return: ret, Outcome: linear.OK,
	}
}

func read(id int, key, value string, invoke, ret int64) linear.Operation {
	o := linear.Operation{ID: id, Key: key, Kind: linear.Read, Invoke: invoke, Return: ret, Outcome: linear.OK}
	if value != "" {
		o.Out = linear.Some(value)
	}
	return o
}

func TestStaleness(t *testing.T) {
	history := linear.History{
		write(1, "x", "a", 0, 10), write(2, "x", "b", 20, 30), write(3, "x", "c", 40, 50),
		read(4, "x", "a", 60, 61),                                                      // b and c are newer, b since 30
		read(5, "x", "c", 60, 61),                                                      // fresh
		read(6, "x", "", 60, 61),                                                       // all three are newer than nothing, a since 10
		read(7, "x", "b", 45, 55),                                                      // c was not acknowledged when it began
		write(8, "x", "d", 45, 70),                                                     // concurrent to c
		read(9, "x", "c", 80, 81),                                                      // d is not newer than c: they were concurrent
		read(10, "x", "e", 80, 81),                                                     // nobody wrote e; it counts as there from the start
		write(11, "y", "p", 0, 1), write(12, "y", "p", 2, 3), read(13, "y", "p", 4, 5), // from which write is p?
	}
	want := []measure.Read{
		{ID: 4, K: 2, Age: 30, Since: 10},
		{ID: 5, Since: 10, Seen: true},
		{ID: 6, K: 3, Age: 50, Since: 10},
		{ID: 7, Since: 15, Seen: true},
		{ID: 9, Since: 10, Seen: true},
		{ID: 10, K: 4, Age: 70, Since: 10},
	}
	if got := measure.Staleness(history); !reflect.DeepEqual(got, want) {
		t.Errorf("staleness is\n%+v, want\n%+v", got, want)
	}
}

// What somebody has read had surely taken effect, whoever wrote it and whether or
// not that one was told.
func TestStalenessOfWhatWasReadBefore(t *testing.T) {
	lost := write(1, "x", "a", 0, 99)
	lost.Outcome, lost.Error = linear.Info, "timeout"
	history := linear.History{lost, read(2, "x", "a", 5, 10), write(3, "x", "b", 20, 30), read(4, "x", "a", 40, 41)}
	got := measure.Staleness(history)
	if want := (measure.Read{ID: 4, K: 1, Age: 10, Since: 10}); got[1] != want {
		t.Errorf("staleness of the second read is %+v, want %+v", got[1], want)
	}
	siblings := linear.History{
		write(1, "x", "a", 0, 10), write(2, "x", "b", 20, 30), read(3, "x", "a"+linear.Siblings+"b", 40, 41),
	}
	if got := measure.Staleness(siblings); got[0].K != 0 || !got[0].Seen {
		t.Errorf("a read of both siblings is stale: %+v", got[0])
	}
}

func TestStaleByVersion(t *testing.T) {
	held := func(node, key, value string) measure.Holding {
		return measure.Holding{Node: node, Key: key, Value: linear.Some(value)}
	}
	versions := measure.Versions([]measure.Holding{
		held("n1", "x", "a"), held("n2", "x", "b"), held("n1", "x", "b"), held("n2", "x", "a"), {Node: "n1", Down: true},
	})
	if want := []linear.Value{linear.Some("a"), linear.Some("b")}; !slices.Equal(versions["x"], want) {
		t.Errorf("the versions are %v, want %v", versions, want)
	}
	history := linear.History{
		write(1, "x", "a", 0, 10), write(2, "x", "b", 5, 12), // concurrent, but an onlooker saw a first
		read(3, "x", "a", 20, 21), read(4, "x", "b", 20, 21), read(5, "x", "z", 20, 21),
	}
	if stale, of := measure.StaleByVersion(history, versions); stale != 1 || of != 2 {
		t.Errorf("%d of %d reads are stale, want 1 of 2", stale, of)
	}
}

func TestDivergence(t *testing.T) {
	held := func(at int, node, value string) measure.Holding {
		return measure.Holding{At: int64(at), Node: node, Key: "x", Value: linear.Some(value)}
	}
	keepers := map[string][]string{"x": {"n1", "n2", "n3"}}
	holdings := []measure.Holding{
		held(0, "n1", "a"), held(0, "n2", "a"), held(0, "n3", "a"),
		held(10, "n1", "b"), held(12, "n2", "c"), // three values
		{At: 13, Node: "n2", Down: true}, // two
		held(20, "n2", "b"),              // back, with b
		held(30, "n3", "b"),              // all equal
	}
	all := func(string) bool { return true }
	levels := measure.Divergence(holdings, keepers, all)
	want := []measure.Level{{10, 1}, {12, 2}, {13, 1}, {30, 0}}
	if !slices.Equal(levels, want) {
		t.Fatalf("divergence is %v, want %v", levels, want)
	}
	if after, ok := measure.Convergence(levels, 25); !ok || after != 5 {
		t.Errorf("convergence after 25 took %d, want 5", after)
	}
	if after, ok := measure.Convergence(levels, 40); !ok || after != 0 {
		t.Errorf("convergence after 40 took %d, want 0", after)
	}
	if _, ok := measure.Convergence(levels[:3], 25); ok {
		t.Error("the copies differ at the end, yet they converged")
	}
	if most := measure.Most(levels, measure.Window{From: 12, To: 12}); most != 2 {
		t.Errorf("at 12 the divergence is %d, want 2", most)
	}
	if most := measure.Most(levels, measure.Window{From: 15, To: 20}); most != 1 {
		t.Errorf("from 15 to 20 the divergence is %d, want 1", most)
	}
	if levels := measure.Divergence(holdings, keepers, func(string) bool { return false }); len(levels) != 0 {
		t.Errorf("of no key the divergence is %v", levels)
	}
}

func TestQuietAndLost(t *testing.T) {
	unknown := write(6, "u", "u", 5, 6)
	unknown.Outcome = linear.Info
	history := linear.History{
		write(1, "kept", "a", 0, 1), read(2, "kept", "a", 100, 101),
		write(3, "lost", "b", 0, 1), read(4, "lost", "", 100, 101),
		write(5, "u", "w", 0, 1), unknown, read(7, "u", "u", 100, 101), // may have been overwritten
		write(8, "over", "c", 0, 1), write(9, "over", "d", 5, 6), read(10, "over", "d", 100, 101),
		write(11, "unread", "e", 0, 1),
		write(12, "busy", "f", 0, 1), write(13, "busy", "g", 50, 51),
	}
	lost, of := measure.LostReads(history)
	if !slices.Equal(lost, []int{3}) || of != 3 { // kept, lost, and the second of over
		t.Errorf("lost are %v of %d, want 3 of 3", lost, of)
	}
	quiet := measure.Quiet(history, 50)
	if !quiet["kept"] || quiet["busy"] || quiet["never written"] {
		t.Errorf("from 50 on quiet are %v", quiet)
	}
}

func TestFates(t *testing.T) {
	decided, mixed := measure.Fates([]measure.Decision{
		{Transaction: 1, Commit: true},
		{Transaction: 1, Commit: true},
		{Transaction: 2, Commit: true},
		{Transaction: 2},
		{Transaction: 3},
	})
	if decided != 3 || mixed != 1 {
		t.Errorf("%d decided, %d mixed, want 3 and 1", decided, mixed)
	}
}
