package measure_test

import (
	"math"
	"reflect"
	"slices"
	"testing"
	"time"

	"quorumlab/checker/linear"
	"quorumlab/reports/measure"
)

// ms is a millisecond in the history's unit.
const ms = int64(time.Millisecond)

// op makes an operation of the side and kind given, to start at intended, and
// answered ok took after that.
func op(id int, side string, kind linear.Kind, intended, took int64) measure.Operation {
	return measure.Operation{Intended: intended, Begun: true, Operation: linear.Operation{
		ID: id, Side: side, Kind: kind, Invoke: intended, Return: intended + took, Outcome: linear.OK,
	}}
}

func failed(o measure.Operation, outcome linear.Outcome, why string) measure.Operation {
	o.Outcome, o.Error = outcome, why
	return o
}

func every(*measure.Operation) bool { return true }

func TestAvailability(t *testing.T) {
	ops := []measure.Operation{
		op(1, "a", linear.Read, 50*ms, ms),                                                      // before the window
		op(2, "a", linear.Read, 100*ms, 10*ms),                                                  // in time
		op(3, "a", linear.Read, 110*ms, 11*ms),                                                  // too late
		op(4, "a", linear.Write, 120*ms, 10*ms),                                                 // in time
		failed(op(5, "b", linear.Write, 130*ms, ms), linear.Fail, "no-quorum"),                  // refused
		{Operation: linear.Operation{ID: 6, Side: "b", Kind: linear.Write}, Intended: 140 * ms}, // its client never came to it
		{Operation: linear.Operation{ID: 7, Side: "b", Kind: linear.Write}, Intended: 195 * ms}, // the end left it no time
	}
	got := measure.Availability(ops, measure.Window{From: 100 * ms, To: 200 * ms}, 10*ms, 200*ms)
	want := []measure.SideShare{
		{Side: "a", Kind: linear.Read, Share: measure.Share{Answered: 1, Of: 2}},
		{Side: "a", Kind: linear.Write, Share: measure.Share{Answered: 1, Of: 1}},
		{Side: "b", Kind: linear.Write, Share: measure.Share{Answered: 0, Of: 2}},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("availability is %v, want %v", got, want)
	}
	if _, ok := (measure.Share{}).Ratio(); ok {
		t.Error("a share of nothing has a ratio")
	}
}

func TestGilbertLynch(t *testing.T) {
	requests := []measure.Request{
		{At: 1, Answered: true},  // before the window
		{At: 10, Answered: true}, // long after, but at all
		{At: 11},                 // refused or in silence
		{At: 12, Crashed: true},  // its node crashed: does not count
		{At: 95},                 // the end left it no time
	}
	got := measure.GilbertLynch(requests, measure.Window{From: 10, To: 100}, 10, 100)
	if want := (measure.Share{Answered: 1, Of: 2}); got != want {
		t.Errorf("CAP availability is %v, want %v", got, want)
	}
}

func TestGoodputAndErrors(t *testing.T) {
	ops := []measure.Operation{
		op(1, "", linear.Read, 0, 100*ms), op(2, "", linear.Read, 0, 400*ms), op(3, "", linear.Read, 0, 900*ms),
		failed(op(4, "", linear.Write, 10*ms, ms), linear.Fail, "no-quorum"),
		failed(op(5, "", linear.Write, 20*ms, ms), linear.Info, "timeout"),
		failed(op(6, "", linear.Write, 30*ms, ms), linear.Info, "timeout"),
		failed(op(7, "", linear.Write, 600*ms, ms), linear.Fail, "conflict"), // after the window
	}
	during := measure.Window{From: 0, To: 500 * ms}
	if rate, ok := measure.Goodput(ops, during); !ok || rate != 4 {
		t.Errorf("goodput is %v/s, want 2 in half a second", rate)
	}
	if _, ok := measure.Goodput(ops, measure.Window{From: 5, To: 5}); ok {
		t.Error("an empty window has a goodput")
	}
	want := []measure.ErrorCount{{Error: "timeout", Info: 2}, {Error: "no-quorum", Fail: 1}}
	if got := measure.Errors(ops, during); !slices.Equal(got, want) {
		t.Errorf("errors are %v, want %v", got, want)
	}
}

func TestLatency(t *testing.T) {
	ops := []measure.Operation{
		op(1, "", linear.Read, 0, 30), op(2, "", linear.Read, 0, 10), op(3, "", linear.Read, 0, 20),
		failed(op(4, "", linear.Read, 0, 999), linear.Info, "timeout"), // ok only
		{Intended: 5}, // never begun
	}
	late := op(5, "", linear.Read, 0, 100) // meant for 0, begun at 60
	late.Invoke = 60
	took := measure.Latencies(append(ops, late), every)
	if want := []int64{10, 20, 30, 100}; !slices.Equal(took, want) {
		t.Fatalf("latencies are %v, want %v", took, want)
	}
	l := measure.Percentiles(took)
	if l.N != 4 || *l.P50 != 20 || *l.P99 != 100 || l.P999 != nil {
		t.Errorf("of 10, 20, 30, 100: %d values, p50 %d, p99 %d, p99.9 known: %v", l.N, *l.P50, *l.P99, l.P999 != nil)
	}
	if l := measure.Percentiles(nil); l.N != 0 || l.P50 != nil || l.P99 != nil || l.P999 != nil {
		t.Errorf("nothing has the percentiles %v", l)
	}
	thousand := make([]int64, 1000)
	for i := range thousand {
		thousand[i] = int64(i + 1)
	}
	if l := measure.Percentiles(thousand); *l.P50 != 500 || *l.P99 != 990 || *l.P999 != 999 {
		t.Errorf("of 1 to 1000: p50 %d, p99 %d, p99.9 %d", *l.P50, *l.P99, *l.P999)
	}
}

func TestSlope(t *testing.T) {
	line := []measure.Point{{X: 1, Y: 5}, {X: 2, Y: 7}, {X: 4, Y: 11}}
	if slope, ok := measure.Slope(line); !ok || math.Abs(slope-2) > 1e-12 {
		t.Errorf("the slope of y = 3 + 2x is %v", slope)
	}
	for _, bad := range [][]measure.Point{nil, {{X: 1, Y: 1}}, {{X: 1, Y: 1}, {X: 1, Y: 2}}} {
		if slope, ok := measure.Slope(bad); ok {
			t.Errorf("%v has the slope %v", bad, slope)
		}
	}
}

func TestFailover(t *testing.T) {
	fault := measure.Window{From: 100 * ms, To: 300 * ms}
	ops := []measure.Operation{
		op(1, "majority", linear.Write, 90*ms, 20*ms),  // began before the fault
		op(2, "minority", linear.Write, 110*ms, 5*ms),  // not the side asked for
		op(3, "majority", linear.Write, 120*ms, 60*ms), // returns 80 ms after the fault
		op(4, "majority", linear.Write, 150*ms, 10*ms), // returns 60 ms after the fault
	}
	majority := func(o *measure.Operation) bool { return o.Side == "majority" }
	if after, ok := measure.Failover(ops, fault, majority); !ok || after != 60*ms {
		t.Errorf("fail-over took %d ms, want 60", after/ms)
	}
	if after, ok := measure.Failover(ops[:2], fault, majority); ok {
		t.Errorf("nothing was answered, yet fail-over took %d ms", after/ms)
	}
}

func TestRecovery(t *testing.T) {
	const deadline = 50
	second := int64(time.Second)
	before, fault := measure.Window{From: 0, To: 2*second - 1}, measure.Window{From: 2 * second, To: 4 * second}
	var ops []measure.Operation
	for i := range int64(100) { // one each 100 ms, for 10 s
		at := i * 100 * ms
		o := op(int(i), "", linear.Read, at, deadline)
		if at >= 2*second && at < 5500*ms {
			o = op(int(i), "", linear.Read, at, deadline+1)
		}
		ops = append(ops, o)
	}
	// From 5.5 s on all are in time; of the 20 from 5.4 s on 19 are, which is 95 %.
	if after, ok := measure.Recovery(ops, before, fault, 10*second, deadline); !ok || after != 1400*ms {
		t.Errorf("recovery took %d ms, want 1400", after/ms)
	}
	for i := 70; i <= 71; i++ { // a relapse: 18 of 20 are not 95 %
		ops[i] = op(i, "", linear.Read, int64(i)*100*ms, deadline+1)
	}
	if after, ok := measure.Recovery(ops, before, fault, 10*second, deadline); !ok || after != 3100*ms {
		t.Errorf("with a relapse at 7 s recovery took %d ms, want 3100", after/ms)
	}
	for i := range ops {
		if ops[i].Intended >= 9*second {
			ops[i] = op(i, "", linear.Read, ops[i].Intended, deadline+1)
		}
	}
	if after, ok := measure.Recovery(ops, before, fault, 10*second, deadline); ok {
		t.Errorf("it never lasts, yet recovery took %d ms", after/ms)
	}
	if _, ok := measure.Recovery(nil, before, fault, 10*second, deadline); ok {
		t.Error("without a baseline there is a recovery")
	}
}

func TestSpread(t *testing.T) {
	got, ok := measure.SpreadOf([]float64{4, math.NaN(), 1, 3, math.Inf(1), 2})
	if want := (measure.Spread{Median: 2.5, Low: 1.75, High: 3.25, N: 4}); !ok || got != want {
		t.Errorf("the spread of 1, 2, 3, 4 is %+v, want %+v", got, want)
	}
	if got, ok := measure.SpreadOf([]float64{7}); !ok || got != (measure.Spread{7, 7, 7, 1}) {
		t.Errorf("the spread of 7 is %+v", got)
	}
	if _, ok := measure.SpreadOf([]float64{math.NaN()}); ok {
		t.Error("nothing has a spread")
	}
}
