package trace_test

import (
	"encoding/json"
	"reflect"
	"testing"
	"time"

	"quorumlab/network"
	"quorumlab/sim"
	"quorumlab/sim/trace"
)

// TestDeedsAreReadBack: as they stand in a header.
func TestDeedsAreReadBack(t *testing.T) {
	deeds := []trace.Deed{
		{After: 3, Choose: &sim.Choice{Kind: sim.Deliver, Node: 1, Peer: 2, ID: 7}},
		{After: 3, Inflict: &sim.Fault{Kind: sim.CutLinks, Cut: "by hand", Pairs: []network.Pair{{From: 1, To: 2}}}},
		{After: 9, Delay: &trace.Delay{Choice: sim.Choice{Kind: sim.Fire, Node: 2, ID: 4}, By: time.Second}},
		{After: 9, Cancel: 2},
	}
	text, err := json.Marshal(deeds)
	if err != nil {
		t.Fatal(err)
	}
	const first = `[{"after":3,"choose":{"kind":"deliver","node":1,"peer":2,"id":7}},{"after":3,"inflict":{"kind":"cut",`
	if string(text[:len(first)]) != first {
		t.Errorf("found %s", text)
	}
	var read []trace.Deed
	if err := json.Unmarshal(text, &read); err != nil || !reflect.DeepEqual(read, deeds) {
		t.Errorf("%s is read back as %+v, %v", text, read, err)
	}
	if err := json.Unmarshal([]byte(`{"choose":{"kind":"shrug"}}`), &trace.Deed{}); err == nil {
		t.Error("a choice that there is not is read")
	}
}
