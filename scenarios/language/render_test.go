package language

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// same fails the test if parsing a document does not give a scenario again.
func same(t interface{ Fatalf(string, ...any) }, s *Scenario, document string) {
	if !json.Valid([]byte(document)) || strings.Contains(document, "\n") {
		t.Fatalf("no JSON on one line: %s", document)
	}
	back, err := Parse("again.yaml", []byte(document), words())
	if err != nil {
		t.Fatalf("%v\nin %s", err, document)
	}
	back.Text, back.Canonical = s.Text, s.Canonical
	if !reflect.DeepEqual(s, back) {
		t.Fatalf("not the same after %s:\n%+v\n%+v", document, s, back)
	}
}

// TestRenderEverything renders a scenario that uses every key.
func TestRenderEverything(t *testing.T) {
	for _, text := range []string{smallest, everything} {
		s := parse(t, text)
		same(t, s, s.Canonical)
		same(t, s, Render(s))
		if again := parse(t, Render(s)); Render(again) != Render(s) {
			t.Error("rendering twice differs from rendering once")
		}
	}
}

// TestCanonicalHasOverrides: what --set changed is in the canonical form.
func TestCanonicalHasOverrides(t *testing.T) {
	s := parse(t, smallest, "cluster.nodes=5", "timeline.0.at=3s")
	same(t, s, s.Canonical)
	if len(s.Runs[0].Cluster.Nodes) != 5 || s.Runs[0].Timeline[0].At != 3*time.Second {
		t.Errorf("not overridden: %+v", s.Runs[0])
	}
}

// TestRenderRandom: parse(render(s)) = s for random scenarios.
func TestRenderRandom(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		document := drawScenario(t)
		s, err := Parse("drawn.yaml", []byte(document), words())
		if err != nil {
			t.Fatalf("%v\nin %s", err, document)
		}
		same(t, s, s.Canonical)
		same(t, s, Render(s))
	})
}

func drawTime(t *rapid.T, label string) string {
	return time.Duration(rapid.Int64Range(0, int64(time.Minute)).Draw(t, label)).String()
}

func drawLength(t *rapid.T, label string) string {
	return time.Duration(rapid.Int64Range(1, int64(durationMax)).Draw(t, label)).String()
}

func drawText(t *rapid.T, label string) string {
	text := rapid.String().Filter(func(s string) bool {
		return strings.IndexFunc(s, func(r rune) bool { return isControl(r) && r != '\n' }) < 0
	}).Draw(t, label)
	quoted, err := json.Marshal(text)
	if err != nil {
		t.Fatal(err)
	}
	return string(quoted)
}

func drawDistribution(t *rapid.T) string {
	a, b := rapid.IntRange(0, 999).Draw(t, "shortest"), rapid.IntRange(1000, 9999).Draw(t, "longest")
	form := rapid.SampledFrom([]string{
		"{uniform: [%dms, %dms]}", "{constant: %dms, spikes: {chance: 0.5%%, delay: %dms}}", "{lognormal: {median: %dus, sigma: 0.%d}}",
	}).Draw(t, "distribution")
	if strings.Contains(form, "sigma") {
		b %= 1000
	}
	return fmt.Sprintf(form, a, b)
}

// drawEntry draws an entry of a timeline of a cluster of n1 to n3.
func drawEntry(t *rapid.T) string {
	node := rapid.SampledFrom([]string{"n1", "n2", "n3", "leader", "a-follower", "any"})
	what := rapid.SampledFrom([]func() string{
		func() string { return "say: " + drawText(t, "say") },
		func() string { return "ask: " + drawText(t, "ask") + ", answer: " + drawText(t, "answer") },
		func() string {
			return "partition: {isolate: " + node.Draw(t, "node") + "}, for: " + drawLength(t, "for")
		},
		func() string {
			return "flap: {minority: " + node.Draw(t, "node") + "}, every: 3ms, for: " + drawLength(t, "for")
		},
		func() string { return "partition: {one-way: {from: " + node.Draw(t, "node") + ", to: [n1, n3]}}" },
		func() string {
			return "heal: " + rapid.SampledFrom([]string{"all", "[n1, n3]", "[n2 <-> n3]"}).Draw(t, "heal")
		},
		func() string {
			keep := rapid.SampledFrom([]string{"all", "none", "random", "0", "7"}).Draw(t, "keep")
			return "crash: " + node.Draw(t, "node") + ", keep: " + keep + fmt.Sprintf(", torn: %t", rapid.Bool().Draw(t, "torn"))
		},
		func() string { return "pause: all, for: " + drawLength(t, "for") },
		func() string { return "clock: " + node.Draw(t, "node") + ", jump: -" + drawLength(t, "jump") },
		func() string { return "disk: " + node.Draw(t, "node") + ", slow: " + drawLength(t, "slow") },
		func() string {
			return "reconfigure: {remove: " + node.Draw(t, "node") + ", add: " + rapid.SampledFrom([]string{"n3", "a-spare"}).Draw(t, "add") + "}"
		},
		func() string {
			return "core: [n3, n1, n2], size: " + rapid.SampledFrom([]string{"1", "3"}).Draw(t, "size")
		},
		func() string { return "links: {delay: " + drawDistribution(t) + "}, for: " + drawLength(t, "for") },
	}).Draw(t, "entry")
	return "{at: " + drawTime(t, "at") + ", " + what() + "}"
}

func drawScenario(t *rapid.T) string {
	var b strings.Builder
	fmt.Fprintf(&b, "name: drawn\nprotocol: gossip\nuntil: %s\n", time.Minute)
	fmt.Fprintf(&b, "title: %s\nabout: %s\n", drawText(t, "title"), drawText(t, "about"))
	fmt.Fprintf(&b, "links: {delay: %s, loss: %dppm, bandwidth: %dB/s}\n", drawDistribution(t),
		rapid.IntRange(0, Whole).Draw(t, "loss"), rapid.Int64Range(1, 1<<40).Draw(t, "bandwidth"))
	fmt.Fprintf(&b, "initial: {%s: %s}\n", drawText(t, "key"), drawText(t, "value"))
	fmt.Fprintf(&b, "clients: [{at: n2, side: %s, retry: all}, {count: 2, timeout: %s}]\n", drawText(t, "side"), drawLength(t, "timeout"))
	fmt.Fprintf(&b, "workload: {script: [{at: %s, client: c1, cas: %s, to: %s}], random: {rate: %d/s}}\n",
		drawTime(t, "at"), drawText(t, "key"), drawText(t, "value"), rapid.IntRange(1, 999).Draw(t, "rate"))
	fmt.Fprintf(&b, "timeline: [%s]\n", strings.Join(rapid.SliceOfN(rapid.Custom(drawEntry), 0, 6).Draw(t, "timeline"), ", "))
	if rapid.Bool().Draw(t, "runs") {
		fmt.Fprintf(&b, "runs: {one: {title: %s}, two: {cluster: {tick: %dns}}}\n", drawText(t, "title"), rapid.Int64Range(1, int64(tickMax)).Draw(t, "tick"))
	}
	fmt.Fprintf(&b, "expect: {all: {linearizable: holds, happens: [{operation: read, value: %s, count: \">= %d\"}]}}\n",
		drawText(t, "value"), rapid.IntRange(0, 99).Draw(t, "count"))
	return b.String()
}
