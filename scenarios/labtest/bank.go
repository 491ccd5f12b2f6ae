package labtest

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"quorumlab/checker/cost"
	"quorumlab/scenarios"
	"quorumlab/scenarios/language"
)

// Draw draws numbers and choices for a document.
type Draw struct{ *rapid.T }

// Percent draws "name: 7%".
func (d Draw) Percent(name string, most int) string {
	return fmt.Sprintf("%s: %d%%", name, rapid.IntRange(0, most).Draw(d.T, name))
}

// Number draws "name: 7".
func (d Draw) Number(name string, from, to int) string {
	return fmt.Sprintf("%s: %d", name, rapid.IntRange(from, to).Draw(d.T, name))
}

// Choice draws "name: value".
func (d Draw) Choice(name string, values ...string) string {
	return name + ": " + rapid.SampledFrom(values).Draw(d.T, name)
}

// Banks is the property test of atomic commitment: rapid draws banks, which are how
// many nodes and keys there are, how the keys are spread, how bad the links are, what
// clients do, and the parameters as the protocol says. Under random faults all
// invariants must hold, and what clients see must be linearizable; when the faults
// are over all must be decided (ac5). What fails is kept as by Check.
func Banks(t *testing.T, protocol string, parameters func(d Draw, nodes int) string) {
	t.Helper()
	lab, err := scenarios.NewLab()
	if err != nil {
		t.Fatal(err)
	}
	c := &checks{lab: lab, space: &Space{Protocol: protocol}, folder: folderOf(t.Name())}
	defer c.keep(t)
	judged := 0
	rapid.Check(t, func(t *rapid.T) {
		document := bank(Draw{t}, protocol, parameters)
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
			c.failed = &failure{scenario: f.Document, seed: seed, verdict: scenarios.Verdict{
				Property: f.Property, Subject: f.Subject, Witness: f.Witness,
			}}
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

// bank draws the document of a bank.
func bank(d Draw, protocol string, parameters func(d Draw, nodes int) string) string {
	nodes := rapid.IntRange(2, 5).Draw(d.T, "nodes")
	mix := d.Choice("mix", "{transfer: 2, read: 1}", "{read: 2, write: 2, cas: 1, delete: 1}", "{transfer: 1}")
	keys := rapid.IntRange(2, 8).Draw(d.T, "keys")
	look := ""
	if keys > 2 {
		look = ", " + d.Choice("look", "0%", "50%", "100%")
	}
	initial := make([]string, keys)
	for i := range initial {
		initial[i] = fmt.Sprintf("k%d: 20", i+1)
	}
	return strings.Join([]string{
		"name: drawn", "protocol: " + protocol,
		fmt.Sprintf("parameters: {%s, %s}", parameters(d, nodes), d.Choice("snapshot_every", "0", "1", "5", "50")),
		fmt.Sprintf("cluster: {nodes: %d}", nodes),
		fmt.Sprintf("links: {%s, %s, %s}", d.Percent("loss", 10), d.Percent("duplicate", 10), d.Percent("reorder", 20)),
		"clients: [{retry: all}, {retry: all, timeout: 500ms}, {}]",
		fmt.Sprintf("initial: {%s}", strings.Join(initial, ", ")),
		fmt.Sprintf("workload: {random: {from: 1s, until: 16s, rate: %d/s, keys: %d, %s%s}}",
			rapid.IntRange(1, 4).Draw(d.T, "rate"), keys, mix, look),
		"until: 32s",
		"swarm: {faults: [partition, crash, pause, slow, clock, disk, links], from: 1s, until: 12s, down: 2}",
	}, "\n")
}

// Transactions is how many Banking asks for.
const Transactions = 10

// Banking is a document in which one client asks for the same work again and again,
// and nothing fails. Ann's account and bob's are on n1, kim's is on n2, zoe's on n3.
func Banking(protocol, client, work string) string {
	text := "name: cost\nprotocol: " + protocol + "\nparameters: {ranges: \"h,p\"}\n" +
		"initial: {ann: 1000, bob: 1000, kim: 1000, zoe: 1000}\n" +
		"cluster: {disk: {latency: {constant: 1ms}}}\nlinks: {delay: {constant: 2ms}}\n" +
		"clients: [{at: " + client + "}]\nuntil: 30s\nworkload:\n  script:\n"
	for i := range Transactions {
		text += fmt.Sprintf("    - {at: %dms, %s}\n", 1000+500*i, work)
	}
	return text
}

// Price is what one operation costs.
type Price struct {
	Messages int64
	Forces   map[string]int64 // at each node
	// Delays are the message delays until the client is answered.
	Delays int
}

// Check checks what a number of equal operations have cost. Of those that are
// refused no delays are known.
func (p Price) Check(t testing.TB, o cost.Operations, operations int64) {
	t.Helper()
	if sent := o.Sent(); sent != p.Messages*operations {
		t.Errorf("%d messages for %d operations, want %d each: %+v", sent, operations, p.Messages, o.Messages)
	}
	forced := map[string]int64{}
	for _, f := range o.Forces {
		forced[f.Node] += f.Count
	}
	for _, node := range []string{"n1", "n2", "n3"} {
		if forced[node] != p.Forces[node]*operations {
			t.Errorf("%s forced %d times for %d operations, want %d each", node, forced[node], operations, p.Forces[node])
		}
	}
	if o.Answered == 0 {
		return
	}
	if o.Answered != operations || len(o.Delays) != 1 || o.Delays[0].Delays != p.Delays {
		t.Errorf("%d of %d were answered, with message delays %+v, want %d", o.Answered, operations, o.Delays, p.Delays)
	}
}
