package state_test

import (
	"reflect"
	"testing"

	"quorumlab/protocols/state"
)

// boxed holds what only its value tells to be comparable.
type boxed struct {
	Name string
	What any
}

type many struct{ All []any }

// TestDiffOfBoxes: values that == cannot compare, because of what an interface in them
// holds, differ where they do, and nowhere else, however often they come.
func TestDiffOfBoxes(t *testing.T) {
	list := func(last int) many {
		return many{[]any{
			boxed{"a", 1},
			boxed{"b", many{[]any{2}}},
			boxed{"c", boxed{"d", many{[]any{3}}}},
			boxed{"e", nil},
			boxed{"f", boxed{"g", many{[]any{last}}}},
			boxed{"h", last},
		}}
	}
	if changes := state.Diff(list(4), list(4)); len(changes) != 0 {
		t.Errorf("equal values differ: %+v", changes)
	}
	changes := state.Diff(list(4), list(5))
	if len(changes) != 2 || changes[0].Path != "All[4].What.What.All[0]" || changes[1].Path != "All[5].What" {
		t.Errorf("found %+v", changes)
	}
}

// TestCloneShares: what cannot change is shared, what can is not.
func TestCloneShares(t *testing.T) {
	codec, err := state.NewCodec(boxed{}, many{})
	if err != nil {
		t.Fatal(err)
	}
	deep := many{[]any{boxed{"a", boxed{"b", many{[]any{1}}}}, boxed{"c", boxed{"d", 2}}, boxed{"e", many{}}}}
	clone := codec.Clone(deep).(many)
	if !reflect.DeepEqual(clone, deep) {
		t.Fatalf("the clone is %+v", clone)
	}
	clone.All[0].(boxed).What.(boxed).What.(many).All[0] = 9
	if deep.All[0].(boxed).What.(boxed).What.(many).All[0] != 1 {
		t.Error("the clone shares what can change")
	}
}
