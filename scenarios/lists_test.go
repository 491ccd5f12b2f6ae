package scenarios

import (
	"context"
	"strings"
	"testing"

	"quorumlab/checker/linear"
	"quorumlab/scenarios/language"
)

const listed = `
name: listed
protocol: primarybackup
parameters: {replication: REPLICATION, takeover: timeout, takeover_after: 5}
cluster: {tick: 100ms}
workload:
  script:
    - {at: 12s, client: c2, transaction: [{read: k1}, {read: k2}, {append: k1, element: mine}, {read: k1}]}
  random: {from: 1s, until: 9s, rate: 5/s, keys: 2, mix: {transaction: 1}}
timeline:
  - {at: 3s, partition: {isolate: n1}, for: 4s}
until: 15s
expect:
  all:
    read-committed: any
    happens: [{operation: transaction, outcome: ok, count: "> 40"}]
`

// Transactions on lists are drawn, executed, recorded with what they read, and
// judged: by the strictest level wherever there are some, by others if asked.
func TestTransactionsOnLists(t *testing.T) {
	lab := newTestLab(t)
	for replication, want := range map[string]Judgement{"sync": Holds, "async": Violated} {
		scenario := parsed(t, lab, strings.ReplaceAll(listed, "REPLICATION", replication))[0]
		report, err := lab.Run(context.Background(), scenario, Options{Seed: 3})
		if err != nil {
			t.Fatal(err)
		}
		judged := map[string]Verdict{}
		for _, v := range report.Verdicts {
			judged[v.Property] = v
		}
		strict := judged["strict-serializable"]
		if strict.Verdict != want || strict.Vacuous || judged["read-committed"].Verdict == "" || judged["serializable"].Verdict != "" {
			t.Errorf("%s: %+v, %+v", replication, strict, judged["read-committed"])
		}
		if !judged[Linearizable].Vacuous || judged[Happens].Verdict != Holds {
			t.Errorf("%s: %+v, %+v", replication, judged[Linearizable], judged[Happens])
		}
		history, moments := report.Runs[0].History, report.Runs[0].Moments
		over := map[uint64]bool{}
		for i := range history {
			over[moments[i].Return] = true
		}
		if strict.Verdict == Violated && (!over[strict.Step] || strict.Operation == 0) {
			t.Errorf("%s is violated at %d, with operation %d", strict.Property, strict.Step, strict.Operation)
		}
		last := history[len(history)-1]
		if last.Kind != linear.Txn || len(last.Lists) != 4 || len(last.Lists[3].List) != len(last.Lists[0].List)+1 {
			t.Errorf("the last is %+v", last)
		}
	}
}

// What is drawn is a scenario like any other, and each element comes once.
func TestTransactionsAreDrawn(t *testing.T) {
	scenario := parsed(t, newTestLab(t), strings.ReplaceAll(listed, "REPLICATION", "sync"))[0]
	run := Concrete(scenario.Runs[0], 7)
	seen, reads, longest := map[language.ListStep]bool{}, 0, 0
	for _, o := range run.Script {
		if o.Kind != language.Transaction || o.Key != "" || len(o.Lists) == 0 {
			t.Fatalf("drawn: %+v", o)
		}
		longest = max(longest, len(o.Lists))
		for _, step := range o.Lists {
			if step.Element == "" {
				reads++
			} else if seen[step] {
				t.Errorf("%+v is drawn twice", step)
			}
			seen[step] = true
		}
	}
	if reads == 0 || longest != listStepsMax {
		t.Errorf("%d reads, %d steps at most", reads, longest)
	}
}
