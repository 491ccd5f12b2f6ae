package resource_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"quorumlab/protocols"
	"quorumlab/protocols/machine"
	"quorumlab/protocols/resource"
)

var three = []protocols.NodeID{1, 2, 3}

func owns(t testing.TB, ranges string) resource.Ownership {
	t.Helper()
	o, err := resource.NewOwnership(ranges, three)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func TestRanges(t *testing.T) {
	o := owns(t, "h,p")
	for key, want := range map[string]protocols.NodeID{"": 1, "a": 1, "gz": 1, "h": 2, "h1": 2, "oz": 2, "p": 3, "z": 3} {
		if got := o.Owner(key); got != want {
			t.Errorf("%q belongs to node %d, want %d", key, got, want)
		}
	}
	owned := map[protocols.NodeID]int{}
	for i := range 300 {
		owned[owns(t, "hash").Owner(fmt.Sprint("k", i))]++
	}
	for _, node := range three {
		if owned[node] < 60 {
			t.Errorf("node %d owns %d of 300 keys", node, owned[node])
		}
	}
	for _, wrong := range []string{"", "h", "h,p,z", "p,h", "h,h", ",h"} {
		if _, err := resource.NewOwnership(wrong, three); err == nil || !strings.Contains(err.Error(), "ranges is") {
			t.Errorf("%q: %v", wrong, err)
		}
	}
	if one, err := resource.NewOwnership("", three[:1]); err != nil || one.Owner("x") != 1 {
		t.Error("one node owns all", err)
	}
}

func TestSplitAndJoin(t *testing.T) {
	o := owns(t, "h,p")
	parts, conditional, err := o.Split(machine.Transaction{Commands: []machine.Command{
		put("z", "1"), get("a"), put("q", "2"), get("b"),
	}})
	want := []resource.Part{
		{Node: 1, Commands: []machine.Command{get("a"), get("b")}, Places: []int{1, 3}},
		{Node: 3, Commands: []machine.Command{put("z", "1"), put("q", "2")}, Places: []int{0, 2}},
	}
	if err != nil || !conditional || !reflect.DeepEqual(parts, want) {
		t.Errorf("%+v, %v", parts, err)
	}
	if !parts[0].ReadsOnly() || parts[1].ReadsOnly() || !reflect.DeepEqual(resource.Nodes(parts), []protocols.NodeID{1, 3}) ||
		!reflect.DeepEqual(resource.Voters(parts), []protocols.NodeID{3}) {
		t.Error("who reads only, and who takes part")
	}
	parts, conditional, _ = o.Split(get("p"))
	joined := resource.Join(parts, conditional, [][]machine.Result{{{Value: "9", Found: true}}})
	if joined != (machine.Result{Value: "9", Found: true}) {
		t.Errorf("%+v", joined)
	}
	for _, wrong := range []protocols.Command{7, machine.Transaction{}} {
		if _, _, err := o.Split(wrong); err == nil {
			t.Errorf("%v was split", wrong)
		} else if fmt.Sprint(resource.Impossible(wrong, err)) == "" {
			t.Error("nothing to say")
		}
	}
}

// Executed part by part, a transaction gives what a KV that holds all gives.
func TestPartsGiveWhatTheWholeGives(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := map[string]string{"a": "5", "i": "5", "q": "x"}
		whole := &machine.KV{Values: map[string]string{"a": "5", "i": "5", "q": "x"}}
		o := resource.Ownership{Nodes: three, Bounds: []string{"h", "p"}}
		commands := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) machine.Command {
			return machine.Command{
				Op:     rapid.SampledFrom([]machine.Op{machine.Get, machine.Put, machine.CAS, machine.Delete, machine.Add}).Draw(t, "op"),
				Key:    rapid.SampledFrom([]string{"a", "b", "i", "j", "q", "r"}).Draw(t, "key"),
				Value:  rapid.SampledFrom([]string{"1", "-2", "x"}).Draw(t, "value"),
				Expect: rapid.SampledFrom([]string{"5", "1"}).Draw(t, "expect"),
				Absent: rapid.Bool().Draw(t, "absent"),
			}
		}), 1, 5).Draw(t, "commands")
		want := whole.Apply(machine.Transaction{Commands: commands}).(machine.TransactionResult)
		parts, conditional, err := o.Split(machine.Transaction{Commands: commands})
		if err != nil {
			t.Fatal(err)
		}
		union, refused, results := machine.NewKV(), false, [][]machine.Result{}
		for _, part := range parts {
			s, err := resource.NewStore(part.Node, o, &machine.KV{Values: values})
			if err != nil {
				t.Fatal(err)
			}
			r := resource.Request{
				Transaction: resource.NewID(1, 1), Participants: resource.Nodes(parts), Commands: part.Commands, Conditional: conditional,
			}
			outcome := s.Execute(r)
			refused = refused || outcome.Vote == resource.No
			results = append(results, outcome.Results)
			if outcome.Vote != resource.No {
				s.Resolve(r.Transaction, resource.Commit)
			}
			for _, key := range []string{"a", "b", "i", "j", "q", "r"} {
				if value, ok := s.Committed.Values[key]; ok {
					union.Values[key] = value
				}
			}
		}
		if refused != want.Aborted {
			t.Fatalf("refused %v, want %+v", refused, want)
		}
		if refused {
			return
		}
		for _, key := range []string{"a", "i", "q"} { // of nodes that take no part
			if _, ok := whole.Values[key]; ok && union.Values[key] == "" {
				union.Values[key] = whole.Values[key]
			}
		}
		if got := resource.Join(parts, conditional, results); !reflect.DeepEqual(got, want) || !reflect.DeepEqual(union.Values, whole.Values) {
			t.Fatalf("got %+v %v, want %+v %v", got, union.Values, want, whole.Values)
		}
	})
}
