package paxos

import (
	"testing"

	"quorumlab/protocols"
	"quorumlab/protocols/machine"
)

// cluster is three replicas of which node 1 leads, with links and disks that
// take no time.
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

func newCluster(b testing.TB, sets map[string]string) *cluster {
	b.Helper()
	c := &cluster{}
	config := protocols.Config{Nodes: []protocols.NodeID{1, 2, 3}, Tick: 100, Parameters: map[string]string{}}
	for _, p := range Protocol().Parameters {
		config.Parameters[p.Name] = p.Default
	}
	config.Parameters["blank"], config.Parameters["prevote"] = "first", "off"
	for name, value := range sets {
		config.Parameters[name] = value
	}
	for id := protocols.NodeID(1); id <= 3; id++ {
		config.Self, config.Machine = id, machine.NewKV()
		node, err := Protocol().New(config)
		if err != nil {
			b.Fatal(err)
		}
		c.nodes[id] = node.(*Node)
		c.step(id, protocols.Recovered{})
	}
	c.drain()
	c.step(1, protocols.TimerFired{Timer: protocols.Timer{Name: timerTick}})
	c.step(1, protocols.TimerFired{Timer: protocols.Timer{Name: timerElection}})
	c.drain()
	if !c.nodes[1].leads() {
		b.Fatal("no leader")
	}
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

// BenchmarkWrite is one command through three replicas, asked of one that does
// not lead: every step from the request to the last delivery, snapshots included.
func BenchmarkWrite(b *testing.B) {
	c := newCluster(b, nil)
	var command protocols.Command = machine.Command{Op: machine.Put, Key: "x", Value: "1"}
	b.ReportAllocs()
	c.steps = 0
	for i := 0; b.Loop(); i++ {
		c.step(2, protocols.Requested{Client: 1, Request: uint64(i + 1), Command: command})
		c.drain()
	}
	if c.nodes[3].Chosen < uint64(b.N) {
		b.Fatalf("%d slots of %d are chosen", c.nodes[3].Chosen, b.N)
	}
	perStep(b, c)
}

// BenchmarkBatch is 32 commands at a time, asked of the leader.
func BenchmarkBatch(b *testing.B) {
	c := newCluster(b, map[string]string{"pipeline": "1"})
	var command protocols.Command = machine.Command{Op: machine.Put, Key: "x", Value: "1"}
	b.ReportAllocs()
	c.steps = 0
	for i := 0; b.Loop(); i++ {
		for client := range protocols.ClientID(32) {
			c.step(1, protocols.Requested{Client: client + 1, Request: uint64(i + 1), Command: command})
		}
		c.drain()
	}
	perStep(b, c)
}

// BenchmarkRead is one linearizable read, asked of a replica that does not lead.
func BenchmarkRead(b *testing.B) {
	for _, mode := range []string{"index", "lease"} {
		b.Run(mode, func(b *testing.B) {
			c := newCluster(b, map[string]string{"reads": mode})
			var command protocols.Command = machine.Command{Op: machine.Get, Key: "x"}
			b.ReportAllocs()
			c.steps = 0
			for i := 0; b.Loop(); i++ {
				c.step(2, protocols.Requested{Client: 1, Request: uint64(i + 1), Command: command})
				c.drain()
			}
			perStep(b, c)
		})
	}
}

func perStep(b *testing.B, c *cluster) {
	b.Helper()
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(c.steps), "ns/step")
	b.ReportMetric(float64(c.steps)/float64(b.N), "steps/op")
}
