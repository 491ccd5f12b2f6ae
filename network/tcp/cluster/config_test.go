package cluster_test

import (
	"errors"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"quorumlab/network/tcp"
	"quorumlab/network/tcp/cluster"
	"quorumlab/protocols"
)

const good = `id: 1
cluster: demo
protocol: zab
parameters: {syncLimit: 7, reads: local}
tick: 200ms
data: /tmp/data
peers:
  2: 127.0.0.1:4202
  3: "[::1]:4203"
listen: {peers: 127.0.0.1:4201, clients: 127.0.0.1:4101, admin: 127.0.0.1:4301}
`

func TestConfigIsReadAndWritten(t *testing.T) {
	c, err := cluster.Parse("node.yaml", []byte(good))
	if err != nil {
		t.Fatal(err)
	}
	if c.ID != 1 || c.Tick != 200*time.Millisecond || c.Parameters["syncLimit"] != "7" ||
		!reflect.DeepEqual(c.Nodes(), []protocols.NodeID{1, 2, 3}) || c.Listen.Admin != "127.0.0.1:4301" {
		t.Errorf("%+v", c)
	}
	name := filepath.Join(t.TempDir(), "node.yaml")
	if err := c.Write(name); err != nil {
		t.Fatal(err)
	}
	again, err := cluster.Read(name)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(again.Peers, c.Peers) || !reflect.DeepEqual(again.Parameters, c.Parameters) || again.Tick != c.Tick {
		t.Errorf("%+v", again)
	}
}

func TestLimitsAreRead(t *testing.T) {
	c, err := cluster.Parse("node.yaml", []byte(good+"limits: {frame: 12MiB, queue: 33554432, mailbox: 2048KiB, requests: 7, requestBytes: 1GiB, strangers: 3}\n"))
	if err != nil {
		t.Fatal(err)
	}
	want := tcp.Limits{Frame: 12 << 20, Queue: 32 << 20, Mailbox: 2 << 20, Requests: 7, RequestBytes: 1 << 30, Strangers: 3}
	if got := c.DriverLimits(); got != want {
		t.Errorf("%+v", got)
	}
	name := filepath.Join(t.TempDir(), "node.yaml")
	if err := c.Write(name); err != nil {
		t.Fatal(err)
	}
	if again, err := cluster.Read(name); err != nil || again.DriverLimits() != want {
		t.Errorf("written and read again: %+v, %v", again, err)
	}
}

// Whatever is wrong is told with its place and a hint.
func TestBadConfigs(t *testing.T) {
	for name, test := range map[string]struct{ old, new, place, message, hint string }{
		"an unknown key":    {"protocol: zab", "protocoll: zab", ":3:1", "unknown field", `did you mean "protocol"?`},
		"a wrong type":      {"id: 1", "id: one", ":1:5", "", ""},
		"no YAML":           {"id: 1", "id: [1", "", "", ""},
		"no id":             {"id: 1\n", "", "", "needs an id", "id: 1"},
		"a cluster's name":  {"demo", "De Mo", ":2:10", "lower-case", "my-cluster"},
		"no protocol":       {"protocol: zab\n", "", "", "needs a protocol", "zab"},
		"a tick too short":  {"200ms", "2us", ":5:7", "use 1ms to 1m", "100ms"},
		"no data":           {"/tmp/data", `""`, ":6:7", "folder", "data:"},
		"itself as a peer":  {"  2: 127", "  1: 127", ":8:6", "no peer of node 1", "others only"},
		"a peer nowhere":    {"127.0.0.1:4202", "here", ":8:6", `"here" is no address`, "2: 127.0.0.1:4100"},
		"a door nowhere":    {"127.0.0.1:4101", "4101", ":10:42", "no address", "clients: 127.0.0.1:4100"},
		"half of TLS":       {"id: 1", "tls: {key: a}\nid: 1", ":1:6", "certificate", "authority"},
		"a log level":       {"id: 1", "log: {level: warning}\nid: 1", ":1:14", `no log level "warning"`, "there are: debug, info, warn, error"},
		"a log format":      {"id: 1", "log: {format: xml}\nid: 1", ":1:15", "no log format", "there are: text, json"},
		"a small frame":     {"id: 1", "limits: {frame: 1MiB}\nid: 1", ":1:17", `limits.frame is "1MiB"`, "frame: use 9MiB to 1024MiB"},
		"no bytes":          {"id: 1", "limits:\n  requestBytes: much\nid: 1", ":2:17", `"much"`, "requestBytes: use 1MiB to"},
		"a negative limit":  {"id: 1", "limits: {requests: -1}\nid: 1", ":1:20", `"-1"`, "requests: use 1 to"},
		"too much":          {"id: 1", "limits: {queue: 9999999999GiB}\nid: 1", ":1:17", "limits.queue", "to 1024MiB"},
		"an unknown limit":  {"id: 1", "limits: {request: 1}\nid: 1", ":1:10", "unknown field", `did you mean "requests"?`},
		"a port of nothing": {"127.0.0.1:4301", "127.0.0.1:", ":10:65", "no address", "admin:"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := cluster.Parse("node.yaml", []byte(strings.Replace(good, test.old, test.new, 1)))
			problem, ok := errors.AsType[*cluster.Problem](err)
			if !ok {
				t.Fatalf("no problem, but %v", err)
			}
			for _, want := range []string{"node.yaml" + test.place, test.message, test.hint} {
				if !strings.Contains(problem.Error(), want) {
					t.Errorf("%v\ndoes not say %q", problem, want)
				}
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(good))
	f.Add([]byte("id: 1\ncluster: a\n"))
	f.Fuzz(func(t *testing.T, source []byte) {
		c, err := cluster.Parse("node.yaml", source)
		if err != nil && err.Error() == "" || err == nil && c.ID == 0 {
			t.Fatalf("%v, %+v", err, c)
		}
	})
}
