package command

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// A node that lost its disk gets a state of more than the 64 MiB that may wait for a
// peer. It takes a while: .ci/run has it in its phase memory.
func TestLargeStateReachesANodeWithoutADisk(t *testing.T) {
	if os.Getenv("QUORUMLAB_LARGE") == "" {
		t.Skip("set QUORUMLAB_LARGE=1")
	}
	for protocol, sets := range map[string][]string{
		"zab":   {"--set", "snapCount=200", "--set", "commitLogCount=5"},
		"paxos": {"--set", "snapshot=200", "--set", "retain=5"},
	} {
		t.Run(protocol, func(t *testing.T) {
			c := newTown(t, append(sets, "--protocol", protocol)...)
			const keys, bytes = 800, 100_000
			c.must("cluster", "kill", "1")
			c.must("bench", "kv", "--clients", "4", "--keys", fmt.Sprint(keys), "--requests", fmt.Sprint(keys+40),
				"--bytes", fmt.Sprint(bytes), "--warmup", "0s", "--duration", "5m")
			if err := os.RemoveAll(filepath.Join(c.dir, "n1", "data")); err != nil {
				t.Fatal(err)
			}
			c.must("cluster", "restart", "1")
			for limit := time.Now().Add(2 * time.Minute); ; {
				if node := c.status().Nodes[0]; node.Door != nil && node.Door.Revision >= keys {
					return
				}
				if time.Now().After(limit) {
					t.Fatalf("it does not come: %+v", c.status())
				}
			}
		})
	}
}
