package language

import (
	"errors"
	"io"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"quorumlab/network"
	"quorumlab/protocols"
)

// words is the vocabulary of the tests.
func words() Vocabulary {
	return Vocabulary{
		Protocols: []protocols.Protocol{
			{
				Name: "zab", Links: protocols.Stream, Invariants: []string{"prefix", "durability"},
				Parameters: []protocols.Parameter{{Name: "reads", Default: "sync", Choices: []string{"sync", "local"}}, {Name: "syncLimit"}},
			},
			{Name: "gossip", Links: protocols.Datagram, Learners: true, Reconfigures: true},
		},
		Properties: []string{"linearizable"},
	}
}

func parse(t testing.TB, text string, sets ...string) *Scenario {
	t.Helper()
	s, err := Parse("test.yaml", []byte(text), words(), sets...)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

const smallest = `
name: hello
protocol: zab
workload: {random: {rate: 20/s}}
timeline:
  - {at: 5s, partition: {isolate: leader}}
  - {at: 10s, heal: all}
`

// TestDefaults parses the smallest sensible scenario.
func TestDefaults(t *testing.T) {
	s := parse(t, smallest)
	if len(s.Runs) != 1 || s.Runs[0].Name != MainRun {
		t.Fatalf("runs: %+v", s.Runs)
	}
	disk := network.UniformDelay(200*time.Microsecond, 2*time.Millisecond)
	want := Run{
		Name: "main", Protocol: "zab", Parameters: map[string]string{}, Initial: map[string]string{},
		Cluster: Cluster{Tick: 200 * time.Millisecond, Nodes: []Node{
			{ID: 1, Name: "n1", DiskLatency: disk}, {ID: 2, Name: "n2", DiskLatency: disk}, {ID: 3, Name: "n3", DiskLatency: disk},
		}},
		Links: Links{
			Kind: protocols.Stream, StreamTimeout: time.Second, DialTimeout: 200 * time.Millisecond,
			Default: network.Conditions{
				Delay:        network.UniformDelay(time.Millisecond, 5*time.Millisecond),
				ReorderDelay: network.UniformDelay(time.Millisecond, 20*time.Millisecond),
			},
			ClientDelay: network.UniformDelay(100*time.Microsecond, 500*time.Microsecond),
		},
		Clients: []Client{
			{ID: 1, Name: "c1", Nodes: []protocols.NodeID{1}, Side: "n1", Timeout: 2 * time.Second},
			{ID: 2, Name: "c2", Nodes: []protocols.NodeID{2}, Side: "n2", Timeout: 2 * time.Second},
			{ID: 3, Name: "c3", Nodes: []protocols.NodeID{3}, Side: "n3", Timeout: 2 * time.Second},
		},
		Random: []Generator{{
			Until: 30 * time.Second, Gap: 50 * time.Millisecond, Keys: []string{"k1", "k2", "k3"},
			Mix: []Weight{{Read, 1}, {Write, 1}}, Clients: []protocols.ClientID{1, 2, 3},
		}},
		Timeline: []Entry{
			{5 * time.Second, Partition{Form: FormGroups, Groups: [][]Target{{{Role: Leader}}, {{Role: Rest}}}}},
			{10 * time.Second, Heal{All: true}},
		},
		Until: 30 * time.Second, Deadline: time.Second,
	}
	if !reflect.DeepEqual(s.Runs[0], want) {
		t.Errorf("got\n%+v\nwant\n%+v", s.Runs[0], want)
	}
	if s.Text != smallest {
		t.Errorf("the text is %q", s.Text)
	}
}

// everything uses every key of the language.
const everything = `
name: everything
title: All of it
about: |
  Two
  lines.
source: nowhere
protocol: gossip
cluster:
  nodes: [a, b, c, d, e]
  members: [c, a, b]
  tick: 100ms
  disk: {latency: {lognormal: {median: 1ms, sigma: 0.25}, spikes: {chance: 0.5%, delay: [10ms, 20ms]}}}
  clocks: {b: {skew: -50ms, drift: 100ppm}, c: {drift: -1%}}
links:
  delay: 5ms
  loss: 1%
  duplicate: 20ppm
  reorder: {chance: 5%, delay: 30ms}
  corrupt: 0.01%
  bandwidth: 10MB/s
  stream-timeout: 3s
  dial-timeout: 1s
  client-delay: 1ms
  client-loss: 0.5%
  between:
    - {from: b, to: a, delay: 50ms}
    - {from: a, to: b, loss: 0%, bandwidth: 0}
clients:
  - {name: x, at: c, side: left, timeout: 1s, retry: [a, b]}
  - {name: y, count: 2, side: right, retry: all}
  - {}
initial: {V: V0, W: 7}
workload:
  script:
    - {at: 2s, client: x, read: V}
    - {at: 1s, client: y2, write: V, value: 1}
    - {at: 1s, client: x, cas: V, from: V0, to: V1}
    - {at: 3s, client: c4, cas: W, to: V1}
    - {at: 3s, client: x, delete: W}
    - {at: 4s, client: x, transfer: {from: a, to: b, amount: 10}}
    - {at: 4s, client: x, transaction: [{append: l, element: one}, {read: l}, {append: m, element: one}]}
    - {at: 4s, client: x, transfer: {from: a, to: b, amount: 10, look: c}}
  random:
    - {from: 1s, until: 20s, rate: 5/m, keys: [V, W], mix: {read: 5, delete: 0, cas: 1}, clients: [x, y1]}
    - {rate: 1/50ms, keys: 1}
    - {rate: 1/50ms, keys: 2, mix: {transfer: 1}}
    - {rate: 1/50ms, keys: 3, mix: {transfer: 1}, look: 25%}
timeline:
  - {at: 10s, heal: all}
  - {at: 1s, say: "…"}
  - {at: 1s, ask: "Why?", answer: "So."}
  - {at: 2s, partition: [[a, b], [c], [rest]], for: 3s}
  - {at: 2s, partition: {minority: a}}
  - {at: 2s, partition: {majority: a-follower}}
  - {at: 2s, partition: {bridge: c}}
  - {at: 2s, partition: ring}
  - {at: 2s, partition: {groups: [[a, b, c], [d, e]]}}
  - {at: 2s, partition: {one-way: {from: leader, to: [a, b]}}}
  - {at: 2s, flap: {cut: [a -> b, c <-> d, a→e, b↔c]}, every: 100ms, for: 1s}
  - {at: 3s, heal: [a, b, c]}
  - {at: 3s, heal: [a -> b]}
  - {at: 4s, crash: [a, leader], keep: 2, torn: true, power: true}
  - {crash: any, on-fsync: 7, when: after}
  - {at: 4s, crash: b, on-fsync: 1, keep: none}
  - {at: 5s, restart: all}
  - {at: 5s, pause: a, for: 1s}
  - {at: 5s, slow: b, by: 10ms, for: 2s}
  - {at: 5s, clock: c, jump: -3s}
  - {at: 5s, clock: c, drift: 500ppm}
  - {at: 6s, disk: a, slow: 50ms, for: 3s}
  - {at: 6s, disk: a, full: true}
  - {at: 6s, disk: a, fail-fsync: true}
  - {at: 6s, disk: a, rot: 3}
  - {at: 6s, disk: b, rot: meta}
  - {at: 6s, disk: c, rot: snapshot}
  - {at: 6s, disk: c, lost: true}
  - {at: 7s, links: {loss: 30%, delay: {constant: 1s}}, between: [a -> b], for: 2s}
  - {at: 7s, links: {bandwidth: 1KiB/s, corrupt: 1%, duplicate: 1%, reorder: 2%}}
  - {at: 8s, reconfigure: {members: [a, b, d]}}
  - {at: 8s, reconfigure: {remove: leader, add: [a-spare, e], least: 3}}
  - {at: 9s, core: [e, d, c, b, a], size: 3}
  - {at: 9s, core: [a, b, c, d, e], outside: crash, keep: all}
until: 1m
deadline: 500ms
liveness: {within: 10s}
swarm: {faults: [partition, disk], from: 2s, until: 40s, every: 1s, last: [1s, 2s], down: 1}
runs:
  calm:
    title: nothing happens
    timeline: []
    links: {loss: 0%}
  wild: {}
expect:
  all:
    linearizable: any
    happens:
      - {operation: any}
  wild:
    linearizable: violated
    availability: {left: ">= 99.5%", right: {read: 100%, write: < 50%}}
    waits:
      - {side: left, operation: read, longest: ">= 4s"}
      - {longest: <= 1m}
    in-doubt: {longest: ">= 5s", lock-time: "> 1s", bystanders: 0}
    happens:
      - {note: leading, text: x, node: a, during: faults, count: ">= 2"}
      - {operation: read, client: x, side: left, during: partition, outcome: ok, value: V0, count: 3, phrase: it reads V0}
      - {fault: crash, count: "> 1"}
      - {lost: 0}
`

func TestEverything(t *testing.T) {
	s := parse(t, everything)
	calm, wild := &s.Runs[0], &s.Runs[1]
	if calm.Title != "nothing happens" || len(calm.Timeline) != 0 || calm.Links.Default.Loss != 0 || calm.Links.Default.Corrupt != 100 {
		t.Errorf("calm: %+v", calm)
	}
	if calm.Expect.Properties["linearizable"] != Any || len(calm.Expect.Happens) != 1 {
		t.Errorf("calm expects %+v", calm.Expect)
	}
	if wild.Expect.Properties["linearizable"] != Violated || len(wild.Expect.Happens) != 5 || wild.Links.Default.Loss != 10_000 {
		t.Errorf("wild: %+v", wild)
	}
	if of := wild.Links.Of(2, 1); of.Delay.Min != 50*time.Millisecond || of.Loss != 10_000 || of.Bandwidth != 10_000_000 {
		t.Errorf("b to a: %+v", of)
	}
	if of := wild.Links.Of(1, 2); of.Loss != 0 || of.Bandwidth != 0 || of.Delay.Min != 5*time.Millisecond {
		t.Errorf("a to b: %+v", of)
	}
	if wild.Links.Of(1, 3) != wild.Links.Default {
		t.Error("a to c is no default link")
	}
	names := ""
	for _, c := range wild.Clients {
		names += c.Name + " "
	}
	if names != "x y1 y2 c4 " || !reflect.DeepEqual(wild.Clients[2].Nodes, []protocols.NodeID{3, 4, 5, 1, 2}) {
		t.Errorf("clients %s: %+v", names, wild.Clients)
	}
	if len(wild.Timeline) != 39 || wild.Timeline[0].At != 0 || wild.Timeline[38].At != 10*time.Second {
		t.Errorf("timeline of %d: %+v", len(wild.Timeline), wild.Timeline)
	}
	if a := wild.Expect.Availability; len(a) != 3 || a[0].Bound != (Bound{AtLeast, 995_000}) || a[2].Kind != Write {
		t.Errorf("availability %+v", a)
	}
	lists := []ListStep{{"l", "one"}, {Key: "l"}, {"m", "one"}}
	if at := slices.IndexFunc(wild.Script, func(o Operation) bool { return o.Kind == Transaction }); at < 0 || !reflect.DeepEqual(wild.Script[at].Lists, lists) {
		t.Errorf("script %+v", wild.Script)
	}
	if wild.Script[0].Kind != Write || !wild.Script[3].Absent || wild.Random[0].Gap != 12*time.Second {
		t.Errorf("workload %+v %+v", wild.Script, wild.Random)
	}
}

// endless is a reader that counts what is read of it.
type endless struct{ read int }

func (e *endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = '#'
	}
	e.read += len(p)
	return len(p), nil
}

// TestLoadIsBounded reads a file without end.
func TestLoadIsBounded(t *testing.T) {
	var file endless
	_, err := Load("big.yaml", &file, words())
	var problem *Problem
	if !errors.As(err, &problem) || !strings.Contains(problem.Found, "more than 1 MiB") {
		t.Errorf("got %v", err)
	}
	if file.read > 4*MaxFileSize {
		t.Errorf("read %d bytes of it", file.read)
	}
	failing := io.MultiReader(strings.NewReader("name: x"), iotestError{})
	if _, err := Load("x.yaml", failing, words()); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("a failing reader gives %v", err)
	}
	if _, err := Load("x.yaml", strings.NewReader(smallest), words()); err != nil {
		t.Error(err)
	}
}

type iotestError struct{}

func (iotestError) Read([]byte) (int, error) { return 0, io.ErrClosedPipe }

// TestBound checks every relation.
func TestBound(t *testing.T) {
	for relation, met := range map[Relation][3]bool{ // for 1, 2 and 3 against 2
		Equal: {false, true, false}, AtLeast: {false, true, true}, AtMost: {true, true, false},
		Above: {false, false, true}, Below: {true, false, false},
	} {
		for i, want := range met {
			if got := (Bound{relation, 2}).Met(int64(i + 1)); got != want {
				t.Errorf("%d %s 2 is %v", i+1, relation, got)
			}
		}
	}
}
