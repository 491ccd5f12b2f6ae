package quorumstore

import (
	"testing"

	"quorumlab/protocols"
	"quorumlab/protocols/machine"
)

// cluster is three nodes with links and disks that take no time.
type cluster struct {
	nodes [4]*Node
	queue []letter
	out   protocols.Effects
	steps int
}

type letter struct {
	to    protocols.NodeID
	event protocols.Event
}

func newCluster(t testing.TB, given map[string]string) *cluster {
	t.Helper()
	c := &cluster{}
	for id := protocols.NodeID(1); id <= 3; id++ {
		node, err := Protocol().New(configOf(id, 3, given))
		if err != nil {
			t.Fatal(err)
		}
		c.nodes[id] = node.(*Node)
		c.step(id, protocols.Recovered{})
	}
	c.drain()
	return c
}

func (c *cluster) step(id protocols.NodeID, event protocols.Event) {
	c.steps++
	c.out = c.out[:0]
	c.nodes[id].Step(0, event, &c.out)
	for _, effect := range c.out {
		switch x := effect.(type) {
		case protocols.Send:
			c.queue = append(c.queue, letter{x.To, protocols.Received{From: id, Message: x.Message}})
		case protocols.Persist:
			c.queue = append(c.queue, letter{id, protocols.Persisted{Mark: x.Mark}})
		}
	}
}

func (c *cluster) drain() {
	for at := 0; at < len(c.queue); at++ {
		c.step(c.queue[at].to, c.queue[at].event)
	}
	c.queue = c.queue[:0]
}

func benchmark(b *testing.B, given map[string]string, command protocols.Command) {
	c := newCluster(b, given)
	b.ReportAllocs()
	c.steps = 0
	for i := 0; b.Loop(); i++ {
		c.step(1, protocols.Requested{Client: 1, Request: uint64(i + 1), Command: command})
		c.drain()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(c.steps), "ns/step")
	b.ReportMetric(float64(c.steps)/float64(b.N), "steps/op")
}

// The writes and reads of one client, every step from the request to the last
// answer of an owner.

func BenchmarkWriteABD(b *testing.B) {
	benchmark(b, nil, machine.Command{Op: machine.Put, Key: "x", Value: "1"})
}

func BenchmarkWriteLWW(b *testing.B) {
	benchmark(b, map[string]string{"conflicts": "lww"}, machine.Command{Op: machine.Put, Key: "x", Value: "1"})
}

func BenchmarkWriteSiblings(b *testing.B) {
	benchmark(b, map[string]string{"conflicts": "siblings"}, machine.Command{Op: machine.Put, Key: "x", Value: "1"})
}

func BenchmarkRead(b *testing.B) {
	benchmark(b, nil, machine.Command{Op: machine.Get, Key: "x"})
}
