package paxos

import (
	"strings"
	"testing"

	"quorumlab/protocols"
	"quorumlab/protocols/machine"
)

// TestBatchesOfLargeValues: however large values are, what is put into one message
// does not grow beyond what a frame holds; small ones go together all the same.
func TestBatchesOfLargeValues(t *testing.T) {
	for _, c := range []struct {
		size, commands, batch int
	}{
		{100 << 10, 100, 3}, {1 << 20, 100, 1}, {10, 300, 64},
	} {
		cluster := newCluster(t, map[string]string{"alpha": "400"})
		for i := range c.commands {
			command := machine.Transaction{Commands: []machine.Command{{Op: machine.Put, Key: "k", Value: strings.Repeat("v", c.size)}}}
			cluster.step(1, protocols.Requested{Client: protocols.ClientID(i + 1), Request: 1, Command: command})
		}
		most := 0
		for at := 0; at < len(cluster.queue); at++ {
			received, _ := cluster.queue[at].event.(protocols.Received)
			if accept, ok := received.Message.(Accept); ok {
				most = max(most, len(accept.Values))
			}
			cluster.step(cluster.queue[at].to, cluster.queue[at].event)
		}
		if most != c.batch || int(cluster.nodes[1].Chosen) < c.commands {
			t.Errorf("%d values of %d bytes: up to %d a message, want %d; %d are chosen", c.commands, c.size, most, c.batch, cluster.nodes[1].Chosen)
		}
		learned := cluster.nodes[1].learn(cluster.nodes[1].Log.First)
		if len(learned.Values) > max(c.batch, learnLeast) || c.size >= 100<<10 && len(learned.Values) > c.batch {
			t.Errorf("%d values of %d bytes are told at once", len(learned.Values), c.size)
		}
	}
}
