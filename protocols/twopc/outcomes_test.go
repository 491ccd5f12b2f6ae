package twopc_test

import (
	"testing"
	"time"

	"quorumlab/protocols"
	"quorumlab/protocols/machine"
	"quorumlab/protocols/resource"
	"quorumlab/protocols/twopc"
)

// The coordinator remembers as many answers as there may be sessions, those given last;
// a snapshot and the records after it have as many.
func TestOutcomesAreBounded(t *testing.T) {
	made, err := twopc.Protocol().New(config(func(c *protocols.Config) { c.Parameters["snapshot_every"] = "0" }))
	if err != nil {
		t.Fatal(err)
	}
	node := made.(*twopc.Node)
	disk := protocols.Disk{First: 1}
	const clients = 3 * machine.SessionLimit
	for client := 1; client <= clients; client++ {
		disk.Log = append(disk.Log, twopc.Decision{
			Transaction: resource.NewID(1, uint64(client)), Decision: resource.Commit,
			Client: protocols.ClientID(client), Request: 1, Result: machine.Result{Value: "done"},
		}, twopc.End{Transaction: resource.NewID(1, uint64(client))})
	}
	var out protocols.Effects
	node.Step(0, protocols.Recovered{Disk: disk}, &out)
	if kept := len(node.Outcomes.Open); kept != machine.SessionLimit {
		t.Errorf("%d answers are remembered, want %d", kept, machine.SessionLimit)
	}
	ask := func(client protocols.ClientID) protocols.Effects {
		var out protocols.Effects
		node.Step(time.Second, protocols.Requested{
			Client: client, Request: 1, Command: machine.Transfer("a", "b", 1),
		}, &out)
		return out
	}
	if out := ask(clients); len(out) != 1 || out[0] != (protocols.Reply{Client: clients, Request: 1, Result: machine.Result{Value: "done"}}) {
		t.Errorf("the last one is told %v", out)
	}
	if table := node.Table().(twopc.Table); len(table.Outcomes) != machine.SessionLimit || len(table.Decisions) != 0 {
		t.Errorf("a snapshot has %d answers and %d decisions", len(table.Outcomes), len(table.Decisions))
	}
	for _, effect := range ask(1) {
		if _, ok := effect.(protocols.Reply); ok {
			t.Error("the first one is told what nobody remembers")
		}
	}
}
