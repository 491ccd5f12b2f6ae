package paxoscommit_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"quorumlab/scenarios"
	"quorumlab/scenarios/language"
)

// drawScenario draws a bank: the parameters, how many nodes and keys there are,
// how the keys are spread, how bad the links are, and what clients do with it.
func drawScenario(t *rapid.T) string {
	nodes := rapid.IntRange(2, 5).Draw(t, "nodes")
	mix := rapid.SampledFrom([]string{
		"{transfer: 2, read: 1}", "{read: 2, write: 2, cas: 1, delete: 1}", "{transfer: 1}",
	}).Draw(t, "mix")
	keys := rapid.IntRange(2, 8).Draw(t, "keys")
	initial := make([]string, keys)
	for i := range initial {
		initial[i] = fmt.Sprintf("k%d: 20", i+1)
	}
	percent := func(name string, most int) string {
		return fmt.Sprintf("%s: %d%%", name, rapid.IntRange(0, most).Draw(t, name))
	}
	number := func(name string, from, to int) string {
		return fmt.Sprintf("%s: %d", name, rapid.IntRange(from, to).Draw(t, name))
	}
	return strings.Join([]string{
		"name: drawn", "protocol: paxoscommit",
		fmt.Sprintf("parameters: {faults: %d, variant: %s, %s, snapshot_every: %d}",
			rapid.IntRange(0, (nodes-1)/2).Draw(t, "faults"), rapid.SampledFrom([]string{"plain", "faster"}).Draw(t, "variant"),
			number("timeout", 2, 5), rapid.SampledFrom([]int{0, 1, 5, 50}).Draw(t, "snapshot_every")),
		fmt.Sprintf("cluster: {nodes: %d}", nodes),
		fmt.Sprintf("links: {%s, %s, %s}", percent("loss", 10), percent("duplicate", 10), percent("reorder", 20)),
		"clients: [{retry: all}, {retry: all, timeout: 500ms}, {}]",
		fmt.Sprintf("initial: {%s}", strings.Join(initial, ", ")),
		fmt.Sprintf("workload: {random: {from: 1s, until: 16s, rate: %d/s, keys: %d, mix: %s}}",
			rapid.IntRange(1, 4).Draw(t, "rate"), keys, mix),
		"until: 32s",
		"swarm: {faults: [partition, crash, pause, slow, clock, disk, links], from: 1s, until: 12s, down: 2}",
	}, "\n")
}

// TestRandomBanks: under random faults all invariants hold, and what clients see
// is linearizable; when the faults are over all is decided (ac5).
func TestRandomBanks(t *testing.T) {
	lab, err := scenarios.NewLab()
	if err != nil {
		t.Fatal(err)
	}
	judged := 0
	rapid.Check(t, func(t *rapid.T) {
		document := drawScenario(t)
		scenario, err := lab.Parse("drawn.yaml", strings.NewReader(document))
		if err != nil {
			t.Fatal(err)
		}
		seed := uint64(rapid.IntRange(1, 1_000_000).Draw(t, "seed"))
		report, err := lab.Sweep(context.Background(), scenarios.Sweep{
			Scenarios: []*language.Scenario{scenario}, From: seed, To: seed, Mode: scenarios.Swarming,
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range report.Failed {
			t.Fatalf("%s: %s\nseed %d of\n%s", f.Property, f.Witness, seed, document)
		}
		if report.Unknown == 0 {
			judged++
		}
	})
	if judged < 90 {
		t.Errorf("only %d of 100 runs were judged to the end", judged)
	}
}
