package scenarios

import (
	"context"
	"testing"

	"quorumlab/checker/linear"
	"quorumlab/scenarios/language"
)

const bank = `
name: bank
protocol: zab
initial: {k1: 100, k2: 100, k3: 5}
workload:
  script:
    - {at: 6s, client: c1, transfer: {from: k3, to: k1, amount: 500}}
  random: {from: 5s, until: 9s, rate: 10/s, keys: 3, mix: {transfer: 2, read: 1}}
until: 12s
expect:
  all:
    linearizable: holds
    availability: {n1: {transfer: 100%}}
    happens:
      - {operation: transfer, outcome: ok, count: "> 60"}
`

// A replicated machine executes transfers, and they are judged as one operation
// on two keys. Drawn ones are written out like others.
func TestTransfers(t *testing.T) {
	lab := newTestLab(t)
	scenario := parsed(t, lab, bank)[0]
	run := Concrete(scenario.Runs[0], 3)
	for i := range run.Script {
		o := &run.Script[i]
		if o.Kind == language.Transfer && (o.To == o.Key || o.To == "" || o.Amount < 1) {
			t.Errorf("drawn: %+v", o)
		}
	}
	report, err := lab.Run(context.Background(), scenario, Options{Seed: 3})
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range report.Verdicts {
		if !v.AsExpected {
			t.Errorf("%+v", v)
		}
	}
	moved, refused := 0, 0
	for i := range report.Runs[0].History {
		switch op := &report.Runs[0].History[i]; {
		case op.Kind != linear.Transfer:
		case op.Swapped:
			moved++
		case op.Amount == 500 && op.Outcome == linear.OK:
			refused++
		}
	}
	if moved == 0 || refused != 1 {
		t.Errorf("%d moved, %d refused", moved, refused)
	}
}

// A value that a transfer replaced is not lost.
func TestTransferReplaces(t *testing.T) {
	const ok = linear.OK
	write := operation("A", linear.Write, 1000, 1, ok)
	move := operation("A", linear.Transfer, 2000, 1, ok)
	write.ID, move.ID = 1, 2
	move.In, move.Key, move.To, move.Amount = linear.Value{}, "other", write.Key, 5
	for _, c := range []struct {
		swapped bool
		until   int64
	}{{true, move.Return}, {false, write.Return}} {
		move.Swapped = c.swapped
		if l := lastWrites(linear.History{write, move})[write.Key]; l.that != c.until {
			t.Errorf("swapped %v: %+v", c.swapped, l)
		}
	}
}
