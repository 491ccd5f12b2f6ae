package scenarios_test

import (
	"fmt"
	"testing"

	"quorumlab/scenarios"
	"quorumlab/scenarios/language"
)

// BenchmarkSweep measures seeds a second, a seed being both scenarios of Zab in
// both modes, on one goroutine and on two.
func BenchmarkSweep(b *testing.B) {
	lab := newLab(b)
	all := []*language.Scenario{shipped(b, lab, "zab-partition"), shipped(b, lab, "zab-leader-crash")}
	for _, jobs := range []int{1, 2} {
		b.Run(fmt.Sprintf("jobs=%d", jobs), func(b *testing.B) {
			b.ReportAllocs()
			report := sweep(b, lab, scenarios.Sweep{Scenarios: all, From: 1, To: uint64(b.N), Jobs: jobs})
			b.ReportMetric(float64(report.Done)/b.Elapsed().Seconds(), "seeds/s")
			b.ReportMetric(float64(report.Steps)/b.Elapsed().Seconds(), "steps/s")
			b.ReportMetric(report.VirtualSeconds/b.Elapsed().Seconds(), "virtual/real")
		})
	}
}
