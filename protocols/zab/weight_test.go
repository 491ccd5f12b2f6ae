package zab

import (
	"strings"
	"testing"

	"quorumlab/protocols"
	"quorumlab/protocols/machine"
)

// TestLogOfLargeValuesIsCut: the log in memory, and what of it is kept for those who
// lag, is bounded by bytes, too.
func TestLogOfLargeValuesIsCut(t *testing.T) {
	e := newEnsemble(t)
	value := strings.Repeat("v", 1<<20)
	most := 0
	for i := range 100 {
		e.step(2, protocols.Requested{
			Client: protocols.ClientID(i + 1), Request: 1, Command: machine.Command{Op: machine.Put, Key: "k", Value: value},
		})
		e.drain()
		most = max(most, len(e.nodes[2].History.Entries))
	}
	if h := &e.nodes[2].History; most > 48 || h.First < 50 || h.next() < 101 {
		t.Errorf("up to %d MiB were in the log, which goes from %d to %d", most, h.First, h.next())
	}
}
