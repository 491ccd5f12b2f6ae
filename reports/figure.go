package reports

import (
	"slices"

	"quorumlab/reports/measure"
)

// Version is the version of the JSON form of a Report.
const Version = 1

// Figure is a number with its spread over the runs that gave one.
type Figure struct {
	measure.Spread
	Unit string `json:"unit"`
	// Missing counts the runs that gave none: in which it never happened.
	Missing int `json:"missing,omitempty"`
}

// figureOf sums up the values of some runs, of so many; nil if there is none.
func figureOf(values []float64, unit string, of int) *Figure {
	spread, ok := measure.SpreadOf(values)
	if !ok {
		return nil
	}
	return &Figure{Spread: spread, Unit: unit, Missing: of - spread.N}
}

// Available is what was answered, of all runs together, and its spread.
type Available struct {
	measure.Share
	// Percent is that of the runs.
	Percent *Figure `json:"percent"`
}

func availableOf(shares []measure.Share) Available {
	var a Available
	var ratios []float64
	for _, s := range shares {
		a.Add(s)
		if ratio, ok := s.Ratio(); ok {
			ratios = append(ratios, 100*ratio)
		}
	}
	a.Percent = figureOf(ratios, "%", len(ratios))
	return a
}

// Timing is a distribution of latencies in milliseconds. The percentiles are
// those of all runs together, the spread is that of the runs' own medians.
type Timing struct {
	N      int      `json:"n"` // of operations
	P50    *float64 `json:"p50_ms"`
	P99    *float64 `json:"p99_ms"`
	P999   *float64 `json:"p999_ms"` // only of 1000 operations and more
	Median *Figure  `json:"median"`
}

// timingOf sums up the latencies of some runs, each of them growing.
func timingOf(runs [][]int64) Timing {
	var all []int64
	var medians []float64
	for _, sorted := range runs {
		if len(sorted) > 0 {
			all = append(all, sorted...)
			medians = append(medians, millis(measure.Percentile(sorted, 500)))
		}
	}
	slices.Sort(all)
	l := measure.Percentiles(all)
	return Timing{
		N: l.N, P50: millisOf(l.P50), P99: millisOf(l.P99), P999: millisOf(l.P999),
		Median: figureOf(medians, "ms", len(medians)),
	}
}

func millis(ns int64) float64 { return float64(ns) / 1e6 }

func millisOf(ns *int64) *float64 {
	if ns == nil {
		return nil
	}
	ms := millis(*ns)
	return &ms
}

// merged merges growing lists into one.
func merged(lists ...[]int64) []int64 {
	all := slices.Concat(lists...)
	slices.Sort(all)
	return all
}
