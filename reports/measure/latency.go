package measure

import (
	"slices"

	"quorumlab/checker/linear"
)

// Latencies returns, growing, how long the operations that counts picks took to
// be answered ok, from their intended starts.
func Latencies(ops []Operation, counts func(*Operation) bool) []int64 {
	var took []int64
	for i := range ops {
		if op := &ops[i]; op.Begun && op.Outcome == linear.OK && counts(op) {
			took = append(took, op.Return-op.Intended)
		}
	}
	slices.Sort(took)
	return took
}

// ThousandthsFrom is how many values it takes to speak of the 99.9th percentile.
const ThousandthsFrom = 1000

// Latency is a distribution of latencies in nanoseconds; what is nil is not known.
type Latency struct {
	N    int    `json:"n"`
	P50  *int64 `json:"p50_ns"`
	P99  *int64 `json:"p99_ns"`
	P999 *int64 `json:"p999_ns"`
}

// Percentiles sums up latencies, which are growing.
func Percentiles(sorted []int64) Latency {
	l := Latency{N: len(sorted)}
	if len(sorted) == 0 {
		return l
	}
	p50, p99 := Percentile(sorted, 500), Percentile(sorted, 990)
	l.P50, l.P99 = &p50, &p99
	if len(sorted) >= ThousandthsFrom {
		p999 := Percentile(sorted, 999)
		l.P999 = &p999
	}
	return l
}

// Percentile returns the smallest of the values, which are growing and not none,
// such that so many thousandths of all are not above it (the nearest rank).
func Percentile(sorted []int64, thousandths int) int64 {
	rank := (len(sorted)*thousandths + 999) / 1000
	return sorted[min(max(rank, 1), len(sorted))-1]
}

// Point is a pair of numbers.
type Point struct{ X, Y float64 }

// Slope returns that of the straight line which fits the points best (least
// squares); ok is false if they do not lie beside each other.
func Slope(points []Point) (slope float64, ok bool) {
	if len(points) < 2 {
		return 0, false
	}
	var x, y float64
	for _, p := range points {
		x += p.X / float64(len(points))
		y += p.Y / float64(len(points))
	}
	var above, below float64
	for _, p := range points {
		above += float64((p.X - x) * (p.Y - y))
		below += float64((p.X - x) * (p.X - x))
	}
	if below == 0 {
		return 0, false
	}
	return above / below, true
}
