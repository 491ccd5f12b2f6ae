package primarybackup

import (
	"testing"

	"quorumlab/protocols"
)

// The disk of the primary is wiped. It does not know that it ever led, but the others do:
// it neither fills its old term anew nor leads before it has their log.
func TestWipedPrimaryDoesNotUseItsTermAgain(t *testing.T) {
	for _, takeover := range []string{"off", "timeout"} {
		t.Run(takeover, func(t *testing.T) {
			c := newCluster(t, 3, set{"replication": "async", "takeover": takeover, "empty_disk": "ask"})
			c.drain()
			c.request(1, 1, 1, put("old"))
			c.drain()
			c.wipe(1)
			c.drain() // it would have led term 1 again
			c.request(1, 2, 1, put("new"))
			c.drain()
			for id := range c.ids {
				if log := c.nodes[c.ids[id]].Log; len(log) > 0 && log[0].Client != 1 {
					t.Errorf("node %d has %+v", c.ids[id], log)
				}
			}
			if takeover == "off" {
				if role := c.nodes[1].Role; role != RoleHalted {
					t.Errorf("it is a %s, and nobody takes over", role)
				}
				return
			}
			c.fire(timerTakeover)
			c.recover()
			c.recover()
			c.request(2, 1, 2, get())
			c.drain()
			c.wantRead(1, 2, "new") // what client 2 asked is done by the new primary, after the old
			c.wantConverged()
		})
	}
}

// A backup's disk is wiped while another is away that knows of a term which it led once.
// The primary, which leads on in an earlier one, has its log for it; but it must not take
// over before it has heard the other, or it would claim that term again.
func TestWipedBackupWaitsForAllBeforeItLeads(t *testing.T) {
	c := newCluster(t, 3, set{"replication": "async", "takeover": "timeout", "reads": "local", "empty_disk": "ask"})
	c.drain()
	c.cut(1, 2)
	c.cut(1, 3)
	c.drain()
	c.fireAt(2, protocols.Timer{Name: timerTakeover})
	c.drain()
	c.wantRole(2, RolePrimary, 2)
	c.request(2, 1, 1, put("of term 2"))
	c.drain()
	if c.nodes[3].last() != (End{Index: 1, Term: 2}) {
		t.Fatalf("node 3 has %+v", c.nodes[3].last())
	}
	c.heal()
	c.cut(3, 1)
	c.cut(3, 2)
	c.wipe(2)
	for range 3 {
		c.drain()
		c.fire(timerRetry)
		c.fire(timerInquire)
	}
	c.crash(1, 99)
	c.fireAt(2, protocols.Timer{Name: timerTakeover})
	c.drain()
	if role := c.nodes[2].Role; role != RoleBackup {
		t.Fatalf("node 2 is a %s of term %d", role, c.nodes[2].Term)
	}
	c.recover()
	c.recover()
	c.wantConverged()
}

// Until all nodes have been up nobody knows that they are new.
func TestClusterBeginsWhenAllHaveBeenUp(t *testing.T) {
	c := newCluster(t, 3, set{"empty_disk": "ask"})
	c.crash(3, 0)
	c.drain()
	c.wantRole(1, RoleBackup, 1)
	c.recover()
	c.wantRole(1, RolePrimary, 1)
}

// A primary whose disk was wiped takes it for new, answers a write, and then hears what
// its backups have. Wherever it crashes while it gives that up, it comes back as a backup
// and takes over their log.
func TestWipedPrimaryCrashesWhileItGivesUp(t *testing.T) {
	for keep := 1; keep <= 4; keep++ {
		c := newCluster(t, 3, set{"replication": "async", "takeover": "timeout", "snapshot_every": "2"})
		c.drain()
		c.request(1, 1, 1, put("old"))
		c.drain()
		c.cut(1, 2)
		c.cut(1, 3)
		c.wipe(1)
		made := c.broadcast
		c.broadcast = map[End]Entry{}    // it makes others in their place
		for request := range uint64(3) { // a snapshot, and an entry after it
			c.request(1, 2, request+1, put("of nobody"))
			for len(c.disks[1].pending) > 0 {
				c.sync(1)
			}
		}
		c.heal()
		for c.nodes[1].Lost == 0 {
			c.fire(timerRetry)
			for _, l := range c.busy() {
				c.deliver(l)
			}
		}
		c.crash(1, keep)
		c.broadcast = made
		c.recover()
		if c.nodes[1].leads() || c.nodes[1].last().Index > 1 {
			t.Errorf("after %d writes it is a %s with %+v", keep, c.nodes[1].Role, c.nodes[1].Log)
		}
		c.fireAt(2, protocols.Timer{Name: timerTakeover})
		c.recover()
		c.wantRole(2, RolePrimary, 2)
		c.request(1, 3, 1, get())
		c.recover()
		c.wantRead(3, 1, "old")
		c.wantConverged()
	}
}

// Without a take-over nobody can give it its log back: it stops.
func TestWipedPrimaryStopsIfNobodyTakesOver(t *testing.T) {
	c := newCluster(t, 3, set{})
	c.drain()
	c.request(1, 1, 1, put("old"))
	c.drain()
	c.wipe(1)
	c.recover()
	c.wantRole(1, RoleHalted, 1)
	if last := c.nodes[2].last().Index; last != 1 {
		t.Errorf("node 2 has %d entries", last)
	}
}
