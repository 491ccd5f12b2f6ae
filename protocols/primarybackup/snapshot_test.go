package primarybackup

import (
	"fmt"
	"strings"
	"testing"

	"quorumlab/protocols"
	"quorumlab/protocols/machine"
)

// A large snapshot is shipped in messages of bounded size, and a stream that breaks
// among them is made good.
func TestSnapshotIsShippedInParts(t *testing.T) {
	c := newCluster(t, 2, set{"replication": "async", "reads": "local", "snapshot_every": "20"})
	c.drain()
	c.crash(2, 0)
	for i := range uint64(40) {
		c.request(1, 1, i+1, machine.Command{
			Op: machine.Put, Key: fmt.Sprint("key ", i), Value: strings.Repeat("x", 10_000),
		})
		c.drain()
	}
	c.drain()
	c.start(2)
	for len(c.links[link{2, 1}]) > 0 {
		c.deliver(link{2, 1})
	}
	parts := 0
	for _, event := range c.links[link{1, 2}] {
		if received, ok := event.(protocols.Received); ok {
			if part, ok := received.Message.(Part); ok {
				parts++
				if size := len(c.codec.Canonical(part)); size > 2*chunkMax {
					t.Errorf("a part of %d bytes", size)
				}
			}
		}
	}
	if parts < 5 {
		t.Fatalf("%d parts", parts)
	}
	c.lose(link{1, 2}, parts/2)
	c.lose(link{2, 1}, 0)
	c.recover()
	c.wantNote(2, protocols.Synchronized, "SNAP")
	c.wantConverged()
}
