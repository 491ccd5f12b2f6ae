package zab

import (
	"testing"

	"quorumlab/protocols"
	"quorumlab/protocols/machine"
)

// ensemble is three nodes that serve, with links and disks that take no time.
type ensemble struct {
	nodes [4]*Node
	queue []letter
	out   protocols.Effects
	steps int
}

type letter struct {
	to    protocols.NodeID
	event protocols.Event
}

func newEnsemble(b testing.TB) *ensemble {
	b.Helper()
	e := &ensemble{}
	config := newWorld(1, 3, nil).config
	for id := protocols.NodeID(1); id <= 3; id++ {
		config.Self, config.Machine = id, machine.NewKV()
		node, err := Protocol().New(config)
		if err != nil {
			b.Fatal(err)
		}
		e.nodes[id] = node.(*Node)
	}
	for id := protocols.NodeID(1); id <= 3; id++ {
		e.step(id, protocols.Recovered{})
	}
	e.drain()
	for id := protocols.NodeID(1); id <= 3; id++ {
		if !e.nodes[id].serving() {
			b.Fatal("no epoch")
		}
	}
	return e
}

func (e *ensemble) step(id protocols.NodeID, event protocols.Event) {
	e.steps++
	e.out = e.out[:0]
	e.nodes[id].Step(0, event, &e.out)
	for _, effect := range e.out {
		switch x := effect.(type) {
		case protocols.Send:
			e.queue = append(e.queue, letter{x.To, protocols.Received{From: id, Message: x.Message}})
		case protocols.Persist:
			e.queue = append(e.queue, letter{id, protocols.Persisted{Mark: x.Mark}})
		}
	}
}

func (e *ensemble) drain() {
	for at := 0; at < len(e.queue); at++ {
		e.step(e.queue[at].to, e.queue[at].event)
	}
	e.queue = e.queue[:0]
}

// BenchmarkWrite is one write through three nodes, asked of a follower: every
// step from the request to the last delivery, and the driver above.
func BenchmarkWrite(b *testing.B) {
	e := newEnsemble(b)
	var command protocols.Command = machine.Command{Op: machine.Put, Key: "x", Value: "1"}
	b.ReportAllocs()
	e.steps = 0
	for i := 0; b.Loop(); i++ {
		if i%10_000 == 9_999 { // the log is as long as in a long run
			steps := e.steps
			e = newEnsemble(b)
			e.steps = steps
		}
		e.step(1, protocols.Requested{Client: 1, Request: uint64(i + 1), Command: command})
		e.drain()
	}
	perStep(b, e)
}

// BenchmarkRead is one linearizable read, asked of a follower.
func BenchmarkRead(b *testing.B) {
	e := newEnsemble(b)
	var command protocols.Command = machine.Command{Op: machine.Get, Key: "x"}
	b.ReportAllocs()
	e.steps = 0
	for i := 0; b.Loop(); i++ {
		e.step(1, protocols.Requested{Client: 1, Request: uint64(i + 1), Command: command})
		e.drain()
	}
	perStep(b, e)
}

func perStep(b *testing.B, e *ensemble) {
	b.Helper()
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(e.steps), "ns/step")
	b.ReportMetric(float64(e.steps)/float64(b.N), "steps/op")
}
