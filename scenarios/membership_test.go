package scenarios

import (
	"bytes"
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"quorumlab/protocols"
	"quorumlab/protocols/catalog"
	"quorumlab/protocols/machine"
	"quorumlab/protocols/state"
	"quorumlab/scenarios/language"
	"quorumlab/sim"
)

// council is a protocol that is enough to change members with: node 1 decides
// all alone, tells the others, and answers. Others refuse.
type council struct {
	Self     protocols.NodeID
	Nodes    []protocols.NodeID
	Members  []protocols.NodeID
	Slot     uint64
	Store    machine.KV
	Stubborn bool // refuses all changes
}

type decree struct {
	Slot    uint64
	Members []protocols.NodeID
}

func (c *council) Replicated() protocols.StateMachine { return &c.Store }

func (c *council) Step(_ time.Duration, event protocols.Event, out *protocols.Effects) {
	switch e := event.(type) {
	case protocols.Recovered:
		if c.Self == 1 {
			out.Note(protocols.Note{Kind: protocols.Leading, Term: 1})
		}
	case protocols.Received:
		if d := e.Message.(decree); d.Slot > c.Slot {
			c.adopt(d, out)
		}
	case protocols.Requested:
		change, is := e.Command.(protocols.Reconfigure)
		switch {
		case c.Self != 1:
			out.Refuse(e.Client, e.Request, protocols.NotLeader)
		case is && c.Stubborn:
			out.Refuse(e.Client, e.Request, protocols.Conflict)
		case is:
			c.adopt(decree{c.Slot + 1, change.Members}, out)
			for _, id := range c.Nodes[1:] {
				out.Send(id, decree{c.Slot, c.Members})
			}
			out.Reply(e.Client, e.Request, nil)
		default:
			out.Reply(e.Client, e.Request, c.Store.Apply(e.Command))
		}
	}
}

func (c *council) adopt(d decree, out *protocols.Effects) {
	c.Slot, c.Members = d.Slot, d.Members
	out.Note(protocols.Note{Kind: protocols.Configured, Slot: d.Slot, Value: d.Members})
}

// councils returns a lab that knows this protocol too.
func councils(t testing.TB) *Lab {
	t.Helper()
	lab, err := NewLab()
	if err != nil {
		t.Fatal(err)
	}
	protocol := protocols.Protocol{
		Name: "council", Links: protocols.Datagram, Learners: true, Reconfigures: true,
		Parameters: []protocols.Parameter{{Name: "stubborn", Default: "no"}},
		Types:      append(machine.Types(), (*council)(nil), decree{}),
		New: func(c protocols.Config) (protocols.Node, error) {
			return &council{
				Self: c.Self, Nodes: c.Nodes, Members: c.Members, Store: *machine.NewKV(),
				Stubborn: c.Parameters["stubborn"] == "yes",
			}, nil
		},
	}
	lab.vocabulary.Protocols = append(slices.Clone(lab.vocabulary.Protocols), protocol)
	types := append(append(catalog.Types(), protocol.Types...), sim.Types()...)
	if lab.codec, err = state.NewCodec(types...); err != nil {
		t.Fatal(err)
	}
	return lab
}

// council plays a scenario of councils of five, the first three members.
func playCouncil(t *testing.T, text string) *Result {
	t.Helper()
	lab := councils(t)
	scenario, err := lab.Parse("council.yaml", strings.NewReader(
		"{name: council, protocol: council, cluster: {nodes: 5, members: 3, tick: 100ms}, until: 10s, "+text+"}"))
	if err != nil {
		t.Fatal(err)
	}
	result, err := lab.Execute(context.Background(), scenario, &scenario.Runs[0], Options{Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	return result
}

// told returns what a story says of members.
func told(result *Result) string {
	var lines []string
	for _, line := range result.Story {
		if strings.Contains(line.Text, "operator") {
			lines = append(lines, fmt.Sprintf("%v %s", line.At.Truncate(100*time.Millisecond), line.Text))
		}
	}
	return strings.Join(lines, "\n")
}

func TestReconfigureIsCarriedOut(t *testing.T) {
	result := playCouncil(t, `workload: {script: [{at: 5s, client: c1, read: x}]}, clients: [{at: n1}], timeline: [
		{at: 1s, reconfigure: {members: [n4, n1, n2]}},
		{at: 2s, reconfigure: {remove: leader, add: a-spare}},
		{at: 3s, reconfigure: {remove: [n2, n4], least: 2}},
		{at: 4s, reconfigure: {add: [n1, n2]}}],
		expect: {all: {happens: [
			{note: configured, node: n5, count: 3}, {fault: membership, count: 3}, {operation: any, count: 1}]}}`)
	got := told(result)
	for _, want := range []string{ // that fewer than two be left is not even asked
		"1s the operator wants as members: n1 n2 n4", "1s the operator is answered: the members are n1 n2 n4",
		"2s the operator wants as members: n2", "4s the operator wants as members: n1 n2",
	} {
		if strings.Count(got, want) != 1 {
			t.Errorf("the story does not tell once %q:\n%s", want, got)
		}
	}
	if strings.Count(got, "wants") != 3 || strings.Count(got, "is answered") != 3 {
		t.Errorf("the story tells\n%s", got)
	}
	for _, v := range result.Verdicts {
		if !v.AsExpected {
			t.Errorf("%+v", v)
		}
	}
	if len(result.History) != 1 || result.History[0].Client != "c1" {
		t.Errorf("the operator is in the history: %+v", result.History)
	}
}

// TestTheOperatorInsists: until it is answered, or wants something newer.
func TestTheOperatorInsists(t *testing.T) {
	result := playCouncil(t, `timeline: [
		{at: 1s, crash: n1}, {at: 1500ms, reconfigure: {members: [n1, n2]}}, {at: 3s, restart: n1}]`)
	got := told(result)
	for _, want := range []string{"1.5s the operator wants as members: n1 n2", "gets no answer", "is answered: the members are n1 n2"} {
		if strings.Count(got, want) != 1 {
			t.Errorf("the story does not tell once %q:\n%s", want, got)
		}
	}
	result = playCouncil(t, `parameters: {stubborn: "yes"}, timeline: [
		{at: 1s, reconfigure: {members: [n1, n2]}}, {at: 2s, reconfigure: {members: [n3]}}]`)
	if got := told(result); strings.Count(got, "gets no answer") != 2 || strings.Contains(got, "is answered") {
		t.Errorf("the story tells\n%s", got)
	}
}

func TestMembersInForce(t *testing.T) {
	id := func(ids ...protocols.NodeID) []protocols.NodeID { return ids }
	var m members
	m.begin(&language.Run{Cluster: language.Cluster{Nodes: make([]language.Node, 5), Members: id(1, 2, 3)}})
	if got := m.inForce(); !reflect.DeepEqual(got, [][]protocols.NodeID{id(1, 2, 3)}) {
		t.Errorf("at the start %v", got)
	}
	note := func(node protocols.NodeID, slot uint64, who ...protocols.NodeID) {
		m.heard(nil, &sim.Step{Node: node}, &protocols.Note{Kind: protocols.Configured, Slot: slot, Value: who})
	}
	note(3, 7, 3, 4, 5)
	if got := m.inForce(); !reflect.DeepEqual(got, [][]protocols.NodeID{id(3, 4, 5), id(1, 2, 3)}) {
		t.Errorf("while only one node knows of the new: %v", got)
	}
	note(4, 7, 3, 4, 5)
	note(5, 7, 3, 4, 5)
	if got := m.inForce(); !reflect.DeepEqual(got, [][]protocols.NodeID{id(3, 4, 5)}) {
		t.Errorf("nodes that left count: %v", got)
	}
	if quorums(id(1, 2, 3), m.inForce()) || !quorums(id(3, 5), m.inForce()) || quorums(id(3, 5), [][]protocols.NodeID{id(3, 5), id(1, 2, 3)}) {
		t.Error("quorums are counted wrongly")
	}
}

// TestCoreFollowsTheMembers: the core is found when it is needed, among those
// who are members by then, may become some, and are sound.
func TestCoreFollowsTheMembers(t *testing.T) {
	lab := councils(t)
	for _, c := range []struct{ before, core, want string }{
		{"", "core: [n4, n5, n1, n2, n3], size: 1", "1245 | 3"},
		{"{at: 2s, reconfigure: {members: [n4, n5, n1]}},", "core: [n4, n5, n1, n2, n3], size: 1", "45 | 123"},
		{"{at: 2s, reconfigure: {members: [n4, n5, n1]}},", "core: [n4, n5, n1, n2, n3], size: 3", "145 | 23"},
		{"{at: 1s, crash: n1}, {at: 2s, reconfigure: {members: [n4]}},", "core: [n5, n1, n2, n3, n4]", "12345 | "},
	} {
		scenario, err := lab.Parse("council.yaml", strings.NewReader("{name: council, protocol: council, "+
			"cluster: {nodes: 5, members: 3, tick: 100ms}, until: 10s, timeline: ["+c.before+" {at: 5s, "+c.core+"}]}"))
		if err != nil {
			t.Fatal(err)
		}
		x, err := lab.prepare(scenario, &scenario.Runs[0], Options{Seed: 1})
		if err != nil {
			t.Fatal(err)
		}
		if err := x.agenda.carryOut(context.Background(), 10*time.Second); err != nil {
			t.Fatal(err)
		}
		in, out := "", ""
		first := scenario.Runs[0].Timeline[len(scenario.Runs[0].Timeline)-1].Action.(language.Core).Order[0].Node
		for id := protocols.NodeID(1); id <= 5; id++ {
			if id == first || x.sim.World.Network.Reachable(first, id) {
				in += fmt.Sprint(id)
			} else {
				out += fmt.Sprint(id)
			}
		}
		if got := in + " | " + out; got != c.want {
			t.Errorf("%s %s: %s, want %s", c.before, c.core, got, c.want)
		}
	}
}

// TestSwarmsChangeMembers: they replace, add and remove, never below three, and
// what they draw can be written out and read again.
func TestSwarmsChangeMembers(t *testing.T) {
	lab := councils(t)
	scenario, err := lab.Parse("council.yaml", strings.NewReader("{name: council, title: t, protocol: council, "+
		"cluster: {nodes: 5, members: 3, tick: 100ms}, until: 10s, swarm: {faults: [membership, crash, partition], from: 1s, until: 7s}}"))
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]int{}
	for seed := range uint64(200) {
		run := Swarm(scenario.Runs[0], seed)
		document := alone(scenario, run)
		again, err := lab.Parse("drawn.yaml", strings.NewReader(document.Canonical))
		if err != nil {
			t.Fatalf("%v\n%s", err, document.Canonical)
		}
		if !reflect.DeepEqual(plain(again.Runs[0]), plain(run)) {
			t.Fatalf("read again it is\n%+v\nnot\n%+v", again.Runs[0], run)
		}
		for _, entry := range run.Timeline {
			if r, is := entry.Action.(language.Reconfigure); is {
				seen[fmt.Sprintf("remove %d add %d least %d", len(r.Remove), len(r.Add), r.Least)]++
			}
		}
		if seed >= 20 {
			continue
		}
		result, err := lab.Execute(context.Background(), scenario, &run, Options{Seed: seed, Hashless: true})
		if err != nil {
			t.Fatal(err)
		}
		seen["answers"] += strings.Count(told(result), "is answered")
	}
	for _, want := range []string{"remove 0 add 1 least 3", "remove 1 add 0 least 3", "remove 1 add 1 least 3", "answers"} {
		if seen[want] == 0 {
			t.Errorf("never %s: %v", want, seen)
		}
	}
}

// TestATraceWithAnOperatorReplays: what the operator does follows from scenario
// and seed, too.
func TestATraceWithAnOperatorReplays(t *testing.T) {
	lab := councils(t)
	scenario, err := lab.Parse("council.yaml", strings.NewReader("{name: council, title: t, protocol: council, "+
		"cluster: {nodes: 5, members: 3, tick: 100ms}, until: 10s, workload: {random: {rate: 5/s}}, timeline: ["+
		"{at: 2s, crash: n1}, {at: 3s, reconfigure: {remove: a-follower, add: a-spare}}, {at: 4s, restart: n1}]}"))
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	report, err := lab.Run(context.Background(), scenario, Options{Seed: 7, Trace: &b})
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(b.String(), `"clients":["c1","c2","c3","c4","c5","operator"]`) {
		t.Errorf("the trace does not name the operator: %.300s", b.String())
	}
	again, err := lab.Replay(context.Background(), &b)
	if err != nil || again.Hash != report.Hash {
		t.Errorf("replayed: %v, %+v", err, again)
	}
}
