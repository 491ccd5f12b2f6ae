//go:build failover

package command

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"quorumlab/network/tcp/cluster"
	"quorumlab/network/tcp/door"
	"quorumlab/protocols/machine"
)

// TestFailover measures how long a cluster with default timing does not answer after
// its leader was killed: the median of 20, which must be under a second.
func TestFailover(t *testing.T) {
	for _, protocol := range []string{"zab", "paxos"} {
		t.Run(protocol, func(t *testing.T) {
			c := newTown(t, "--protocol", protocol)
			layout, err := cluster.ReadLayout(c.dir)
			if err != nil {
				t.Fatal(err)
			}
			client := door.NewClient(layout.Doors(), door.ClientOptions{Attempt: 300 * time.Millisecond})
			put := func(value string) {
				if _, err := client.Do(t.Context(), machine.Command{Op: machine.Put, Key: "k", Value: value}); err != nil {
					t.Fatal(err)
				}
			}
			var took []time.Duration
			for i := range 20 {
				leader := c.leader()
				put(fmt.Sprint(i))
				c.must("cluster", "kill", fmt.Sprint(leader.ID))
				begin := time.Now()
				put("after")
				took = append(took, time.Since(begin))
				c.must("cluster", "restart", fmt.Sprint(leader.ID))
				for limit := time.Now().Add(30 * time.Second); allReady(t.Context(), c.dir) != nil; {
					if time.Now().After(limit) {
						t.Fatal("the cluster does not become whole")
					}
				}
			}
			slices.Sort(took)
			median := took[len(took)/2]
			t.Logf("fail-over: median %v, least %v, most %v", median, took[0], took[len(took)-1])
			if median > time.Second {
				t.Errorf("the median is %v", median)
			}
		})
	}
}
