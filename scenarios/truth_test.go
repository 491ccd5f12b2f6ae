package scenarios

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"quorumlab/scenarios/language"
)

const truthScenario = `
name: truth
protocol: primarybackup
parameters: {replication: async, reads: local, takeover: timeout, takeover_after: 5}
cluster: {nodes: [A, B, C], tick: 100ms}
links: {delay: 5ms, client-delay: 1ms}
clients: [{name: a, at: A, timeout: 1s}, {name: b, at: B, timeout: 1s}, {name: c, at: C, timeout: 1s}]
until: 12s
timeline:
  - {at: 2s, partition: {isolate: A}, for: 4s}
  - {at: 9s, crash: C}
workload:
  script:
    - {at: 1s, client: a, write: x, value: both}
    - {at: 3s, client: a, write: y, value: old}   # on the side that will be rolled back
    - {at: 4s, client: b, write: z, value: new}
    - {at: 8s, client: b, read: y}
    - {at: 9s, client: c, read: y}
`

func TestTruth(t *testing.T) {
	lab, err := NewLab()
	if err != nil {
		t.Fatal(err)
	}
	scenario, err := lab.Parse("truth.yaml", strings.NewReader(truthScenario))
	if err != nil {
		t.Fatal(err)
	}
	result, err := lab.Execute(context.Background(), scenario, &scenario.Runs[0], Options{Seed: 1, Truth: true})
	if err != nil {
		t.Fatal(err)
	}
	truth := result.Truth
	if want := []int{2}; !slices.Equal(truth.Lost, want) || !truth.LostKnown || truth.Outrun != nil {
		t.Errorf("lost are %v (outrun %v), want %v: what A alone had", truth.Lost, truth.Outrun, want)
	}
	if keepers := truth.Keepers["x"]; !slices.Equal(keepers, []string{"A", "B"}) {
		t.Errorf("x is kept by %v, want A and B, which run at the end", keepers)
	}
	down := slices.IndexFunc(truth.Holdings, func(h Holding) bool { return h.Down })
	if down < 0 || truth.Holdings[down].Node != "C" || truth.Holdings[down].At != 9*time.Second {
		t.Errorf("that C goes down at 9s is not among %v", truth.Holdings)
	}
	answered := 0
	for _, r := range truth.Requests {
		if r.Answered {
			answered++
		}
	}
	if len(truth.Requests) != 4 || answered != 4 {
		t.Errorf("requests are %v, want four, all answered; C is down for the fifth", truth.Requests)
	}
	if len(result.Faults) != 2 {
		t.Fatalf("faults are %+v, want two", result.Faults)
	}
	cut, crash := result.Faults[0], result.Faults[1]
	if cut.Kind != language.FaultPartition || cut.Open || cut.From != 2*time.Second || cut.To != 6*time.Second ||
		len(cut.Groups) != 2 || !slices.Equal(cut.Groups[0], []string{"B", "C"}) || !slices.Equal(cut.Groups[1], []string{"A"}) {
		t.Errorf("the cut is %+v", cut)
	}
	if crash.Kind != language.FaultCrash || crash.Node != "C" || !crash.Open || crash.To != 12*time.Second {
		t.Errorf("the crash is %+v", crash)
	}
}
