package state_test

import (
	"fmt"

	"quorumlab/protocols/state"
)

type Write struct {
	Key   string
	Value int
}

type Register struct {
	Epoch uint32
	Log   []any
}

func Example() {
	codec, err := state.NewCodec((*Register)(nil), Write{})
	if err != nil {
		fmt.Println(err)
		return
	}
	before := &Register{Epoch: 1, Log: []any{Write{"x", 1}, Write{"y", 2}}}
	after := codec.Clone(before).(*Register)
	after.Epoch++
	after.Log[1] = Write{"y", 3}

	fmt.Printf("%s\n", codec.AppendJSON(nil, before.Log[0]))
	for _, change := range state.Diff(before, after) {
		fmt.Printf("%s %s: %s -> %s\n", change.Kind, change.Path, change.Before, change.After)
	}
	decoded, err := codec.Decode(codec.Canonical(after))
	fmt.Println(len(state.Diff(after, decoded)), err)
	// Output:
	// {"type":"state_test.Write","key":"x","value":1}
	// ~ Epoch: 1 -> 2
	// ~ Log[1].Value: 2 -> 3
	// 0 <nil>
}
