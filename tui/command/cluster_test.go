package command

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// town is a real cluster, told what to do through the program's verbs.
type town struct {
	t   *testing.T
	dir string
}

func newTown(t *testing.T, arguments ...string) *town {
	t.Helper()
	c := &town{t: t, dir: t.TempDir()}
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	t.Cleanup(func() { c.run("cluster", "down", "--dir", c.dir) })
	c.must(append([]string{"cluster", "up", "--dir", c.dir}, arguments...)...)
	return c
}

// run runs the program, and returns its code and what it printed.
func (c *town) run(arguments ...string) (code int, out, said string) {
	c.t.Helper()
	command := exec.Command(programName, arguments...)
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	if err := command.Run(); err != nil {
		exit, ok := errors.AsType[*exec.ExitError](err)
		if !ok {
			c.t.Fatal(err)
		}
		code = exit.ExitCode()
	}
	return code, strings.TrimSpace(stdout.String()), stderr.String()
}

// must demands that a command succeeds, and returns what it printed.
func (c *town) must(arguments ...string) string {
	c.t.Helper()
	code, out, said := c.run(arguments...)
	if code != 0 {
		c.t.Fatalf("%v: code %d, %s%s", arguments, code, out, said)
	}
	return out
}

func (c *town) status() clusterStatus {
	c.t.Helper()
	var s clusterStatus
	if err := json.Unmarshal([]byte(c.must("cluster", "status", "--json")), &s); err != nil {
		c.t.Fatal(err)
	}
	return s
}

// leader waits until one node leads, and returns it.
func (c *town) leader() nodeStatus {
	c.t.Helper()
	for limit := time.Now().Add(30 * time.Second); time.Now().Before(limit); {
		for _, node := range c.status().Nodes {
			if node.Door != nil && node.Door.Leading {
				return node
			}
		}
	}
	c.t.Fatalf("nobody leads: %+v", c.status())
	return nodeStatus{}
}

// TestClusterLosesNothing goes through what `cluster up` proposes to try: the leader
// is killed, parted, restarted, and all together; what was written stays.
func TestClusterLosesNothing(t *testing.T) {
	for _, test := range []struct {
		name      string
		arguments []string
	}{
		{"zab", nil},
		{"paxos", []string{"--protocol", "paxos", "--tls"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := newTown(t, test.arguments...)
			c.must("kv", "put", "a", "1")
			first := c.leader()
			c.must("cluster", "kill", fmt.Sprint(first.ID))
			if got := c.must("kv", "get", "a"); got != "1" {
				t.Errorf("after the kill a is %q", got)
			}
			c.must("kv", "cas", "a", "1", "2")
			c.must("cluster", "restart", fmt.Sprint(first.ID))

			second := c.leader()
			c.must("cluster", "partition", fmt.Sprint(second.ID))
			if code, _, said := c.run("kv", "get", "a", "--nodes", second.Clients, "--timeout", "300ms"); code != exitInconclusive {
				t.Errorf("who is parted reads: code %d, %s", code, said)
			}
			if got := c.must("kv", "get", "a"); got != "2" {
				t.Errorf("in the majority a is %q", got)
			}
			c.must("kv", "txn", "cas a 2 3", "put b x")
			if len(c.status().Cuts) != 4 {
				t.Errorf("%+v", c.status().Cuts)
			}
			c.must("cluster", "heal")
			if got := c.must("kv", "get", "b", "--nodes", second.Clients); got != "x" {
				t.Errorf("healed, b is %q there", got)
			}

			c.must("cluster", "down")
			if code, _, said := c.run("cluster", "kill", "1"); code != exitUsage || !strings.Contains(said, "the cluster is down") {
				t.Errorf("code %d, %s", code, said)
			}
			c.must(append([]string{"cluster", "up", "--dir", c.dir}, test.arguments...)...)
			got := strings.Split(c.must("kv", "watch", "a", "--from", "1", "--count", "3"), "\n")
			for i := range got {
				if want := fmt.Sprintf(`"a" = "%d"`, i+1); len(got) != 3 || !strings.HasSuffix(got[i], want) {
					t.Errorf("the changes of a are %q", got)
				}
			}
			if got := c.must("kv", "get", "a"); got != "3" {
				t.Errorf("after a new start a is %q", got)
			}
		})
	}
}

func TestClusterUpIsIdempotent(t *testing.T) {
	c := newTown(t, "--nodes", "1")
	before := c.status().Nodes[0].PID
	_, _, said := c.run("cluster", "up", "--dir", c.dir, "--nodes", "1")
	if after := c.status().Nodes[0].PID; after != before || !strings.Contains(said, "is up already") {
		t.Errorf("process %d became %d; it said %s", before, after, said)
	}
	c.must("kv", "put", "a", "1")
	c.must("cluster", "stop", "1")
	if status := c.status().Nodes[0]; status.State != "exited" || status.Last != "exit status 0" {
		t.Errorf("stopped in good order, it is %+v", status)
	}
	c.must("cluster", "restart", "1")
	if got := c.must("kv", "get", "a"); got != "1" {
		t.Errorf("a is %q", got)
	}
	c.must("cluster", "down")
	c.must("cluster", "down")
	if code, _, said := c.run("cluster", "up", "--dir", c.dir, "--nodes", "3"); code == 0 || !strings.Contains(said, "holds a cluster of 1 nodes") {
		t.Errorf("code %d, %s", code, said)
	}
}

// What makes no sense is told, with a hint, and changes nothing.
func TestOrdersThatMakeNoSense(t *testing.T) {
	c := newTown(t, "--nodes", "1")
	for _, test := range []struct{ order, want, hint string }{
		{"cluster partition 1|9", "no node 9", "there are 1 to 1"},
		{"cluster cut 1-9", "no node 9", "there are 1 to 1"},
		{"cluster cut 1", `"1" is no direction`, "cluster cut 1-2"},
		{"cluster kill 9", "no node 9", "there are 1 to 1"},
		{"cluster up --nodes 3 --dir " + c.dir, "has a cluster of 1 nodes of zab, and it is up", "another folder"},
		{"cluster up --protocol paxos --dir " + c.dir, "has a cluster of 1 nodes of zab, and it is up", "another folder"},
		{"cluster up --dir /dev/null/x", "/dev/null", "a folder that can be written to"},
		{"kv get a --nodes 127.0.0.1:1 --timeout 100ms", "no node answers", "quorumlab cluster status"},
	} {
		code, _, said := c.run(strings.Fields(test.order)...)
		if code == 0 || !strings.Contains(said, test.want) || !strings.Contains(said, test.hint) {
			t.Errorf("%s: code %d, %s", test.order, code, said)
		}
	}
	c.must("cluster", "up", "--dir", c.dir) // is up already
	if cuts := c.status().Cuts; len(cuts) > 0 {
		t.Errorf("cut: %v", cuts)
	}
	c.must("cluster", "down")
	if err := os.Remove(filepath.Join(c.dir, "cluster.json")); err != nil {
		t.Fatal(err)
	}
	if code, _, said := c.run("kv", "get", "a"); code != exitUsage || !strings.Contains(said, "is gone; use --dir DIR") {
		t.Errorf("without a cluster: code %d, %s", code, said)
	}
}

// A hangup, which asks daemons to read their files again, does not end a node.
func TestANodePassesOverAHangup(t *testing.T) {
	c := newTown(t, "--nodes", "1")
	pid := c.status().Nodes[0].PID
	if err := syscall.Kill(pid, syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	for limit := time.Now().Add(20 * time.Second); !strings.Contains(tail(filepath.Join(c.dir, "n1", "log")), "hangup"); {
		if time.Now().After(limit) {
			t.Fatal("nothing is said of it")
		}
	}
	c.must("kv", "put", "a", "1")
	if now := c.status().Nodes[0].PID; now != pid {
		t.Errorf("node %d is now %d", pid, now)
	}
}

// Without a proxy between the nodes nothing can be cut, and whoever tries is told.
func TestDirectCluster(t *testing.T) {
	c := newTown(t, "--direct")
	c.must("kv", "put", "a", "1")
	for _, order := range [][]string{{"partition", "1"}, {"cut", "1-2"}, {"heal"}} {
		if code, _, said := c.run(append([]string{"cluster"}, order...)...); code == 0 || !strings.Contains(said, "without --direct") {
			t.Errorf("%v: code %d, %s", order, code, said)
		}
	}
	c.must("cluster", "kill", fmt.Sprint(c.leader().ID))
	if got := c.must("kv", "get", "a"); got != "1" {
		t.Errorf("a is %q", got)
	}
}

// The nodes do not outlive their supervisor, however it ends.
func TestNodesEndWithTheirSupervisor(t *testing.T) {
	c := newTown(t, "--nodes", "1")
	node := c.status().Nodes[0].PID
	supervisor := parentOf(t, node)
	if err := syscall.Kill(supervisor, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	for limit := time.Now().Add(20 * time.Second); syscall.Kill(node, 0) == nil; {
		if time.Now().After(limit) {
			t.Fatalf("node %d still runs", node)
		}
	}
	c.must("cluster", "up", "--dir", c.dir, "--nodes", "1")
}

func parentOf(t *testing.T, pid int) int {
	t.Helper()
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		t.Skipf("no /proc: %v", err)
	}
	var parent int
	var state string
	rest := string(stat[bytes.LastIndexByte(stat, ')')+1:])
	if _, err := fmt.Sscan(rest, &state, &parent); err != nil {
		t.Fatal(err)
	}
	return parent
}

// A node whose disk belongs to somebody else says so and ends.
func TestServeRefusesTheDiskOfAnother(t *testing.T) {
	c := newTown(t, "--nodes", "1")
	c.must("cluster", "down")
	config := filepath.Join(c.dir, "n1", "node.yaml")
	text, err := os.ReadFile(config)
	if err != nil {
		t.Fatal(err)
	}
	other := filepath.Join(t.TempDir(), "node.yaml")
	if err := os.WriteFile(other, bytes.Replace(text, []byte("id: 1"), []byte("id: 2"), 1), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, _, said := c.run("serve", "--config", other); code != exitViolated || !strings.Contains(said, "the disk cannot be used") {
		t.Errorf("code %d, %s", code, said)
	}
}
