package linear

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"
)

// load describes a synthetic history of a true register for each key: every
// operation takes effect at a drawn instant of its interval, so that it is
// linearizable however much its clients overlap.
type load struct {
	operations, keys, clients int
	// values is how many different values are written, 0 if every one is new.
	values int
	// lost is the share of writes in percent whose outcome nobody learns.
	lost int
	cas  bool
}

// history draws one; the same load gives the same history.
func (l load) history() History {
	random := rand.New(rand.NewPCG(1, 2))
	free := make([]int64, l.clients)
	var history History
	for i := range l.operations {
		client := i % l.clients
		o := Operation{ID: i + 1, Session: uint64(client + 1), Kind: Read, Outcome: OK, Key: fmt.Sprint("k", random.IntN(l.keys))}
		o.Invoke = free[client] + random.Int64N(20)
		o.Return = o.Invoke + 1 + random.Int64N(100)
		free[client] = o.Return + 1
		if kind := random.IntN(10); kind < 5 {
			o.Kind, o.In = Write, Some(fmt.Sprint("v", i))
			if l.values > 0 {
				o.In = Some(fmt.Sprint("v", random.IntN(l.values)))
			}
			if kind == 0 && l.cas {
				o.Kind, o.Expected = CAS, Some(fmt.Sprint("v", random.IntN(max(l.values, 1))))
			}
		}
		history = append(history, o)
	}
	l.answer(history, random)
	return history
}

// answer lets every operation take effect at its instant.
func (l load) answer(history History, random *rand.Rand) {
	order := make([]int, len(history))
	instant := make([]int64, len(history))
	for i := range history {
		order[i] = i
		instant[i] = history[i].Invoke + random.Int64N(history[i].Return-history[i].Invoke+1)
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(instant[a], instant[b]) })
	state := make(map[string]Value)
	for _, i := range order {
		o := &history[i]
		switch {
		case o.Kind == Read:
			o.Out = state[o.Key]
		case o.Kind == Write:
			state[o.Key] = o.In
		case state[o.Key] == o.Expected:
			state[o.Key], o.Swapped = o.In, true
		}
		if o.Kind == Write && random.IntN(100) < l.lost {
			o.Outcome = Info
		}
	}
}

// spoil makes the last read that can be wrong return what its key held long ago.
func spoil(history History) History {
	first := make(map[string]Value)
	for i := range history {
		if history[i].Kind == Write && first[history[i].Key] == (Value{}) {
			first[history[i].Key] = history[i].In
		}
	}
	for i := len(history) - 1; i >= 0; i-- {
		if history[i].Kind == Read {
			history[i].Out = first[history[i].Key]
			break
		}
	}
	return history
}

func benchmarkCheck(b *testing.B, history History, want Verdict) {
	b.Helper()
	b.ReportAllocs()
	for b.Loop() {
		result, err := Check(context.Background(), history, KV(), Options{})
		if err != nil || result.Verdict != want {
			b.Fatalf("%v %s: %s", err, result.Verdict, result.Explanation)
		}
	}
	b.ReportMetric(float64(len(history)*b.N)/b.Elapsed().Seconds(), "operations/s")
}

// TestSteps bounds the work, without a clock: a thousand operations on a key, of
// ten clients, are decided in a few steps each.
func TestSteps(t *testing.T) {
	for _, lost := range []int{0, 10, 50} {
		history := load{10_000, 10, 10, 0, lost, false}.history()
		result, err := Check(context.Background(), history, KV(), Options{Steps: 20_000})
		if err != nil || result.Verdict != Holds {
			t.Errorf("lost %d%%: %v %s: %s", lost, err, result.Verdict, result.Explanation)
		}
	}
}

// BenchmarkCheck judges 10,000 operations on 10 keys.
func BenchmarkCheck(b *testing.B) {
	for _, c := range []struct {
		name string
		load load
	}{
		{"clients=10", load{10_000, 10, 10, 0, 0, false}},
		{"clients=100", load{10_000, 10, 100, 0, 0, false}},
		{"clients=10,lost=10%", load{10_000, 10, 10, 0, 10, false}},
		{"clients=100,lost=10%", load{10_000, 10, 100, 0, 10, false}},
		{"clients=10,values=5,cas", load{10_000, 10, 10, 5, 0, true}},
		{"clients=100,values=5,cas", load{10_000, 10, 100, 5, 0, true}},
	} {
		history := c.load.history()
		b.Run(c.name, func(b *testing.B) { benchmarkCheck(b, history, Holds) })
	}
	b.Run("clients=10,violated", func(b *testing.B) {
		benchmarkCheck(b, spoil(load{10_000, 10, 10, 0, 10, false}.history()), Violated)
	})
	b.Run("clients=100,violated", func(b *testing.B) {
		benchmarkCheck(b, spoil(load{10_000, 10, 100, 0, 10, false}.history()), Violated)
	})
}

func BenchmarkRecordedKV(b *testing.B) {
	for _, name := range []string{"c50-ok", "c50-bad"} {
		history, _ := decodeFile(b, filepath.Join(recorded(b), "kv", name+".txt"))
		want := Holds
		if name == "c50-bad" {
			want = Violated
		}
		b.Run(name, func(b *testing.B) { benchmarkCheck(b, history, want) })
	}
}

func BenchmarkDecodeJSONL(b *testing.B) {
	var file bytes.Buffer
	if err := Encode(&file, load{10_000, 10, 10, 0, 10, false}.history()); err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(file.Len()))
	for b.Loop() {
		if _, _, err := Decode(bytes.NewReader(file.Bytes()), Auto); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkEncode(b *testing.B) {
	history := load{10_000, 10, 10, 0, 10, false}.history()
	for b.Loop() {
		if err := Encode(io.Discard, history); err != nil {
			b.Fatal(err)
		}
	}
}
