package machine

import (
	"maps"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"quorumlab/protocols"
)

// pair is one key of the naive model, which keeps its keys in a list and never
// forgets one: as unlike KV's map as possible.
type pair struct {
	key, value string
	there      bool
}

type naive []pair

func (n *naive) at(key string) *pair {
	for i := range *n {
		if (*n)[i].key == key {
			return &(*n)[i]
		}
	}
	*n = append(*n, pair{key: key})
	return &(*n)[len(*n)-1]
}

func (n *naive) apply(c Command) Result {
	p := n.at(c.Key)
	before := *p
	switch c.Op {
	case Get:
		return Result{Value: p.value, Found: p.there}
	case Put:
		*p = pair{c.Key, c.Value, true}
		return Result{}
	case Delete:
		*p = pair{key: c.Key}
		return Result{Found: before.there}
	case Append:
		if before.there {
			c.Value = strings.Join([]string{before.value, c.Value}, Separator)
		}
		*p = pair{c.Key, c.Value, true}
		return Result{}
	}
	wanted := before.there && before.value == c.Expect
	if c.Absent {
		wanted = !before.there
	}
	if wanted {
		*p = pair{c.Key, c.Value, true}
	}
	return Result{Value: before.value, Found: before.there, Swapped: wanted}
}

func drawCommand(t *rapid.T) Command {
	return Command{
		Op:     rapid.SampledFrom([]Op{Get, Put, CAS, Delete, Append}).Draw(t, "op"),
		Key:    rapid.SampledFrom([]string{"", "x", "y"}).Draw(t, "key"),
		Value:  rapid.SampledFrom([]string{"", "1", "2"}).Draw(t, "value"),
		Expect: rapid.SampledFrom([]string{"", "1", "2"}).Draw(t, "expect"),
		Absent: rapid.Bool().Draw(t, "absent"),
	}
}

func TestKVAgreesWithNaiveModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		kv, model := &KV{}, &naive{} // the zero KV is usable
		for range rapid.IntRange(0, 30).Draw(t, "commands") {
			c := drawCommand(t)
			before := maps.Clone(kv.Values)
			answer, answered := kv.Query(c)
			if !maps.Equal(before, kv.Values) {
				t.Fatalf("Query(%+v) changed the state", c)
			}
			if answered != (c.Op == Get) {
				t.Fatalf("Query(%+v) answered: %v", c, answered)
			}
			want, got := model.apply(c), kv.Apply(c)
			if got != want {
				t.Fatalf("Apply(%+v) = %+v, the model says %+v", c, got, want)
			}
			if answered && answer != got {
				t.Fatalf("Query(%+v) = %+v, Apply says %+v", c, answer, got)
			}
		}
	})
}

// The states of a compare-and-swap, spelled out since people misremember them.
func TestCompareAndSwap(t *testing.T) {
	for _, test := range []struct {
		name    string
		before  map[string]string
		command Command
		want    Result
		after   map[string]string
	}{
		{
			"expected value",
			map[string]string{"x": "1"},
			Command{Op: CAS, Key: "x", Expect: "1", Value: "2"},
			Result{Value: "1", Found: true, Swapped: true},
			map[string]string{"x": "2"},
		},
		{
			"other value",
			map[string]string{"x": "3"},
			Command{Op: CAS, Key: "x", Expect: "1", Value: "2"},
			Result{Value: "3", Found: true},
			map[string]string{"x": "3"},
		},
		{
			"no value is not the empty value", nil,
			Command{Op: CAS, Key: "x", Expect: "", Value: "2"},
			Result{},
			map[string]string{},
		},
		{
			"absent wanted and absent", nil,
			Command{Op: CAS, Key: "x", Absent: true, Value: "2"},
			Result{Swapped: true},
			map[string]string{"x": "2"},
		},
		{
			"absent wanted but there",
			map[string]string{"x": ""},
			Command{Op: CAS, Key: "x", Absent: true, Value: "2"},
			Result{Found: true},
			map[string]string{"x": ""},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			kv := &KV{Values: test.before}
			if got := kv.Apply(test.command); got != test.want {
				t.Errorf("result %+v, want %+v", got, test.want)
			}
			if !maps.Equal(kv.Values, test.after) {
				t.Errorf("values %v, want %v", kv.Values, test.after)
			}
		})
	}
}

func TestUnknownCommandsAreErrorsNotPanics(t *testing.T) {
	kv := &KV{Values: map[string]string{"x": "1"}}
	for _, command := range []protocols.Command{nil, "put", 7, &Command{Op: Put}, Command{}, Command{Op: "PUT", Key: "x"}} {
		result, ok := kv.Apply(command).(Result)
		if !ok || result.Error == "" {
			t.Errorf("Apply(%#v) = %+v, want an error", command, result)
		}
		if result.Error = ""; result != (Result{}) {
			t.Errorf("Apply(%#v) has an error and also %+v", command, result)
		}
		if _, answered := kv.Query(command); answered {
			t.Errorf("Query(%#v) answered", command)
		}
	}
	if !reflect.DeepEqual(kv.Values, map[string]string{"x": "1"}) {
		t.Errorf("state is %v", kv.Values)
	}
}

func TestRestoreRejectsForeignRecords(t *testing.T) {
	for _, restore := range []func(protocols.Record){NewKV().Restore, New(NewKV()).Restore} {
		func() {
			defer func() {
				if text, _ := recover().(string); !strings.Contains(text, "int") {
					t.Errorf("panic %q does not name the type", text)
				}
			}()
			restore(7)
		}()
	}
}

func BenchmarkKV(b *testing.B) {
	for _, op := range []Op{Get, Put, CAS} {
		b.Run(string(op), func(b *testing.B) {
			kv := NewKV()
			var command protocols.Command = Command{Op: op, Key: "x", Value: "1", Expect: "1"}
			kv.Apply(Command{Op: Put, Key: "x", Value: "1"})
			b.ReportAllocs()
			for b.Loop() {
				kv.Apply(command)
			}
		})
	}
}
