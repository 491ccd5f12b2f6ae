package checker_test

import (
	"testing"

	"quorumlab/checker"
	"quorumlab/protocols"
	"quorumlab/sim"
)

func benchSet(b *testing.B) *checker.Set {
	set, err := checker.NewSet(names()...)
	if err != nil {
		b.Fatal(err)
	}
	return set
}

// BenchmarkQuietStep measures a step with effects of which no invariant wants
// to know.
func BenchmarkQuietStep(b *testing.B) {
	set, w := benchSet(b), newWorld(b)
	step := sim.Step{Node: 1, Event: protocols.TimerFired{}, Effects: protocols.Effects{
		protocols.Send{To: 2, Message: command{"x"}}, protocols.SetTimer{},
	}}
	b.ReportAllocs()
	for b.Loop() {
		set.Observe(w, &step)
	}
}

// BenchmarkVow measures a step in which a vow is sent.
func BenchmarkVow(b *testing.B) {
	set, w := benchSet(b), newWorld(b)
	step := sim.Step{Node: 1, Event: protocols.TimerFired{}, Effects: protocols.Effects{
		protocols.Send{To: 2, Message: vow{0}},
	}}
	b.ReportAllocs()
	for b.Loop() {
		set.Observe(w, &step)
	}
}

// BenchmarkTransaction measures what a transaction costs on three nodes: one
// broadcast, and three deliveries in a step each.
func BenchmarkTransaction(b *testing.B) {
	set, w := benchSet(b), newWorld(b)
	const kept = 1 << 14 // transactions after which the run begins anew
	steps := make([]sim.Step, 0, 4*kept)
	for i := range uint64(kept) {
		x := tx{1, 1<<32 | (i + 1), record{Zxid: i, Client: 1, Request: i + 1, Command: command{"x"}}}
		for _, a := range []act{casts(1, x), delivers(1, x), delivers(2, x), delivers(3, x)} {
			steps = append(steps, sim.Step{Node: a.node, Event: protocols.TimerFired{}, Effects: a.effects})
		}
	}
	b.ReportAllocs()
	b.ResetTimer()
	for i := 0; b.Loop(); i++ {
		at := i % kept
		if at == 0 {
			set = benchSet(b)
		}
		for k := range 4 {
			set.Observe(w, &steps[4*at+k])
		}
	}
	if set.Violated() {
		b.Fatal(set.Findings())
	}
}

// BenchmarkRepeatedDelivery measures a delivery that another node made before.
func BenchmarkRepeatedDelivery(b *testing.B) {
	set, w := benchSet(b), newWorld(b)
	x := tx{1, 1<<32 | 1, record{Zxid: 1, Client: 1, Request: 1, Command: command{"x"}}}
	y := tx{1, 1<<32 | 2, record{Zxid: 2, Client: 1, Request: 2, Command: command{"x"}}}
	for _, a := range []act{casts(1, x, y), delivers(1, x, y)} {
		set.Observe(w, &sim.Step{Node: a.node, Event: protocols.TimerFired{}, Effects: a.effects})
	}
	again := delivers(2, x, y)
	steps := [2]sim.Step{
		{Node: 2, Event: protocols.Recovered{}, Effects: again.effects[:1]},
		{Node: 2, Event: protocols.TimerFired{}, Effects: again.effects[1:]},
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		set.Observe(w, &steps[i%2])
	}
}
