package quorumstore

import (
	"fmt"
	"testing"

	"quorumlab/protocols"
	"quorumlab/protocols/machine"
)

// Two replicas of a thousand keys differ in two: of the tree four levels cross
// the link, and of the keys those in the leaves that differ.
func TestOnlyWhatDiffersIsShipped(t *testing.T) {
	c := newCluster(t, nil)
	hold := func(node protocols.NodeID, key string, request uint64) {
		stamp := Stamp{Time: int64(request), Node: 1, Client: 1, Request: request}
		c.nodes[node].Cells[key] = Cell{Versions: []Version{{Stamp: stamp, Value: key}}}
	}
	for i := range uint64(1000) {
		for node := range protocols.NodeID(3) {
			hold(node+1, fmt.Sprint("key ", i), i+1)
		}
	}
	hold(1, "key 7", 5000) // newer at 1
	hold(2, "only at 2", 6000)
	c.nodes[1].Peer = 1 // the next is 2
	c.step(1, protocols.TimerFired{Timer: protocols.Timer{Name: timerSync}})
	var messages, ranges, entries int
	for at := 0; at < len(c.queue); at++ {
		if received, is := c.queue[at].event.(protocols.Received); is {
			messages++
			switch m := received.Message.(type) {
			case Digest:
				ranges += len(m.Ranges)
			case Contents:
				entries += len(m.Entries)
			}
		}
		c.step(c.queue[at].to, c.queue[at].event)
	}
	c.queue = c.queue[:0]
	for _, node := range []protocols.NodeID{1, 2} {
		n := c.nodes[node]
		if got := n.Cells["key 7"].Versions[0].Stamp.Time; got != 5000 {
			t.Errorf("node %d holds key 7 of %d", node, got)
		}
		if len(n.Cells["only at 2"].Versions) == 0 {
			t.Errorf("node %d lacks a key", node)
		}
	}
	// The root, and for each of two keys eight ranges on each of three levels.
	if messages > 6 || ranges > 1+2*3*treeFan || entries > 20 {
		t.Errorf("%d messages, %d hashes, %d entries", messages, ranges, entries)
	}
	if len(c.nodes[3].Cells) != 1000 {
		t.Error("a third node took part")
	}
}

// Equal replicas cost one hash each way.
func TestEqualReplicasAgreeAtTheRoot(t *testing.T) {
	c := newCluster(t, nil)
	c.step(1, protocols.Requested{Client: 1, Request: 1, Command: machine.Command{Op: machine.Put, Key: "x", Value: "1"}})
	c.drain()
	c.steps = 0
	c.step(1, protocols.TimerFired{Timer: protocols.Timer{Name: timerSync}})
	c.drain()
	if c.steps != 3 { // the timer, Digest, Agreed
		t.Errorf("%d steps", c.steps)
	}
}

// Replicas that differ in more than a message may hold become equal in rounds.
func TestManyDifferencesAreShippedInRounds(t *testing.T) {
	c := newCluster(t, nil)
	for i := range uint64(3000) {
		stamp := Stamp{Time: 1, Node: 1, Client: 1, Request: i + 1}
		c.nodes[1].Cells[fmt.Sprint("key ", i)] = Cell{Versions: []Version{{Stamp: stamp}}}
	}
	rounds := 0
	for len(c.nodes[2].Cells) < 3000 && rounds < 100 {
		c.nodes[1].Peer = 1
		c.step(1, protocols.TimerFired{Timer: protocols.Timer{Name: timerSync}})
		before := len(c.nodes[2].Cells)
		c.drain()
		if got := len(c.nodes[2].Cells) - before; got > 2*contentsMax {
			t.Fatalf("%d keys in one round", got)
		}
		rounds++
	}
	if rounds < 10 || rounds >= 100 {
		t.Errorf("%d rounds", rounds)
	}
}
