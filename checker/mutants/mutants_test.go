package mutants_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"quorumlab/checker"
	"quorumlab/checker/mutants"
	"quorumlab/protocols"
	"quorumlab/protocols/state"
)

// Scripted is a node that emits what it was told to, and writes down what it
// was given.
type Scripted struct {
	Script [][]protocols.Effect // one entry an event
	Seen   []protocols.Event
	Clocks []time.Duration
}

func (n *Scripted) Step(now time.Duration, event protocols.Event, out *protocols.Effects) {
	n.Seen, n.Clocks = append(n.Seen, event), append(n.Clocks, now)
	if len(n.Script) > 0 {
		*out = append(*out, n.Script[0]...)
		n.Script = n.Script[1:]
	}
}

func role(text string) protocols.Effect {
	return protocols.Note{Kind: protocols.Role, Text: text}
}

func logs(mark uint64) protocols.Effect {
	return protocols.Persist{Mark: mark, Writes: []protocols.Write{protocols.Append{Record: int(mark)}}}
}

func meta(mark uint64) protocols.Effect {
	return protocols.Persist{Mark: mark, Writes: []protocols.Write{
		protocols.Append{Record: int(mark)}, protocols.SetMeta{Meta: int(mark)},
	}}
}

// answer is what follows a Persist when the node takes it for durable.
func answer(to int) protocols.Effect {
	return protocols.Send{To: protocols.NodeID(to), Message: "ack"}
}

func persisted(mark uint64) protocols.Event { return protocols.Persisted{Mark: mark} }

var tick = protocols.TimerFired{Timer: protocols.Timer{Name: "tick"}}

// TestAckBeforeDurable tells what a node is told, and what comes out, in the
// cases that matter.
func TestAckBeforeDurable(t *testing.T) {
	tests := []struct {
		name   string
		script [][]protocols.Effect
		events []protocols.Event
		seen   []protocols.Event // by the inner node
		out    protocols.Effects
	}{
		{
			"a leader waits for its disk",
			[][]protocols.Effect{{role("leading"), logs(1)}, {answer(2)}},
			[]protocols.Event{tick, persisted(1)},
			[]protocols.Event{tick, persisted(1)},
			protocols.Effects{role("leading"), logs(1), answer(2)},
		},
		{
			"a follower does not, and hears of it once",
			[][]protocols.Effect{{role("following"), logs(1)}, {answer(2)}},
			[]protocols.Event{tick, persisted(1)},
			[]protocols.Event{tick, persisted(1)},
			protocols.Effects{role("following"), logs(1), answer(2)},
		},
		{
			"what it writes on hearing of it is forged, too",
			[][]protocols.Effect{{role("following"), logs(1), answer(3)}, {answer(2), logs(2)}, {logs(3)}, {answer(2)}},
			[]protocols.Event{tick},
			[]protocols.Event{tick, persisted(1), persisted(2), persisted(3)},
			protocols.Effects{role("following"), logs(1), answer(3), answer(2), logs(2), logs(3), answer(2)},
		},
		{
			"metadata is waited for, and so is what comes after it",
			[][]protocols.Effect{{role("following"), meta(1)}, {logs(2)}, {answer(2)}, {logs(3)}, {answer(3)}},
			[]protocols.Event{tick, tick, persisted(1), tick, persisted(2), persisted(3)},
			[]protocols.Event{tick, tick, persisted(1), tick, persisted(2), persisted(3)},
			protocols.Effects{role("following"), meta(1), logs(2), answer(2), logs(3), answer(3)},
		},
		{
			"who stops following stops lying",
			[][]protocols.Effect{{role("following")}, {role("looking"), logs(1)}, {answer(2)}},
			[]protocols.Event{tick, tick, persisted(1)},
			[]protocols.Event{tick, tick, persisted(1)},
			protocols.Effects{role("following"), role("looking"), logs(1), answer(2)},
		},
		{
			"a new life begins honest",
			[][]protocols.Effect{{role("following")}, {logs(1)}, {answer(2)}},
			[]protocols.Event{tick, protocols.Recovered{}, persisted(1)},
			[]protocols.Event{tick, protocols.Recovered{}, persisted(1)},
			protocols.Effects{role("following"), logs(1), answer(2)},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			inner := &Scripted{Script: test.script}
			node := wrap(t, "zab-ack-before-durable", inner)
			var out protocols.Effects
			for i, event := range test.events {
				node.Step(time.Duration(i), event, &out)
			}
			if !reflect.DeepEqual(inner.Seen, test.seen) {
				t.Errorf("the node was told %v, want %v", inner.Seen, test.seen)
			}
			if !reflect.DeepEqual(out, test.out) {
				t.Errorf("out came %v, want %v", out, test.out)
			}
		})
	}
}

// The real end of a write whose forged one came first must be swallowed when
// the node is no follower any more, too, and later ones must come through.
func TestForgedMarksStaySwallowed(t *testing.T) {
	inner := &Scripted{Script: [][]protocols.Effect{{role("following"), logs(1)}, {role("leading"), logs(2)}}}
	node := wrap(t, "zab-ack-before-durable", inner)
	var out protocols.Effects
	node.Step(5, tick, &out) // is told of 1, and leads then
	node.Step(6, persisted(1), &out)
	node.Step(7, persisted(2), &out)
	if want := []protocols.Event{tick, persisted(1), persisted(2)}; !reflect.DeepEqual(inner.Seen, want) {
		t.Errorf("the node was told %v, want %v", inner.Seen, want)
	}
	if want := []time.Duration{5, 5, 7}; !slices.Equal(inner.Clocks, want) {
		t.Errorf("at %v, want %v", inner.Clocks, want)
	}
}

func wrap(t rapid.TB, name string, inner protocols.Node) protocols.Node {
	t.Helper()
	m, err := mutants.Lookup(name)
	if err != nil {
		t.Fatal(err)
	}
	return m.Wrap(inner)
}

// honest draws effects at which no mutant takes offence: no role of a
// follower, no results.
func honest(mark *uint64) *rapid.Generator[protocols.Effect] {
	return rapid.Custom(func(t *rapid.T) protocols.Effect {
		switch rapid.IntRange(0, 6).Draw(t, "effect") {
		case 0:
			return answer(rapid.IntRange(1, 3).Draw(t, "to"))
		case 1:
			return role(rapid.SampledFrom([]string{"leading", "looking"}).Draw(t, "role"))
		case 2:
			return protocols.SetTimer{Timer: tick.Timer, Min: 1, Max: 2}
		case 3:
			return protocols.CancelTimer(tick)
		case 4:
			*mark++
			return logs(*mark)
		case 5:
			return protocols.Reply{Client: 1, Request: 1, Refusal: protocols.NotLeader}
		default:
			return protocols.Note{Kind: protocols.Leading, Text: "following"}
		}
	})
}

// But for its one error a wrapper is not there.
func TestWrappersPassEverythingElse(t *testing.T) {
	events := rapid.SliceOf(rapid.SampledFrom([]protocols.Event{
		tick,
		protocols.Recovered{},
		protocols.Received{From: 2, Message: "hello"},
		protocols.Requested{Client: 1, Request: 1, Command: "x"},
		protocols.Persisted{Mark: 1},
		protocols.Disconnected{Peer: 3},
	}))
	for _, m := range mutants.All() {
		t.Run(m.Name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				var mark uint64
				script := rapid.SliceOf(rapid.SliceOf(honest(&mark))).Draw(t, "script")
				bare, inner := &Scripted{Script: script}, &Scripted{Script: script}
				node := m.Wrap(inner)
				want, got := protocols.Effects{answer(1)}, protocols.Effects{answer(1)}
				for i, event := range events.Draw(t, "events") {
					bare.Step(time.Duration(i), event, &want)
					node.Step(time.Duration(i), event, &got)
				}
				if !reflect.DeepEqual(got, want) || !reflect.DeepEqual(inner, bare) {
					t.Fatalf("effects %v, want %v; the node %+v, want %+v", got, want, inner, bare)
				}
			})
		})
	}
}

func TestCrossedAnswers(t *testing.T) {
	reply := func(request uint64, result protocols.Result, refusal string) protocols.Effect {
		return protocols.Reply{Client: 1, Request: request, Result: result, Refusal: refusal}
	}
	script := [][]protocols.Effect{
		{reply(1, "a", "")},
		{reply(2, nil, protocols.NoQuorum), reply(3, "c", ""), answer(2), reply(4, "d", "")},
	}
	first := protocols.Requested{Client: 1, Request: 1}
	crossed := 0
	const runs = 20_000
	for now := range time.Duration(runs) {
		node := wrap(t, "canary-1-percent", &Scripted{Script: script})
		var out protocols.Effects
		node.Step(now*time.Microsecond, first, &out)
		node.Step(now, tick, &out)
		want := protocols.Effects{script[0][0], script[1][0], script[1][1], answer(2), script[1][3]}
		if node.(*mutants.CrossedAnswers).Crossed {
			crossed++
			want[2], want[4] = reply(3, "a", ""), reply(4, "c", "")
		}
		if !reflect.DeepEqual(out, want) {
			t.Fatalf("out came %v, want %v", out, want)
		}
	}
	if crossed < runs/100*8/10 || crossed > runs/100*12/10 {
		t.Errorf("%d of %d runs are crossed, want about one of a hundred", crossed, runs)
	}
	for request := range uint64(5_000) { // no other request draws the lot
		node := wrap(t, "canary-1-percent", &Scripted{})
		var out protocols.Effects
		node.Step(time.Duration(request), protocols.Requested{Client: 1, Request: request + 2}, &out)
		node.Step(time.Duration(request), protocols.Requested{Client: 2, Request: 1}, &out)
		if node.(*mutants.CrossedAnswers).Crossed {
			t.Fatal("crossed by a request that is not the first of client 1")
		}
	}
}

// A clone goes on like the original, and does not share its state.
func TestWrappersCanBeCloned(t *testing.T) {
	codec, err := state.NewCodec(append(mutants.Types(), (*Scripted)(nil), protocols.Note{}, protocols.Persist{},
		protocols.Append{}, protocols.Send{}, protocols.Reply{}, protocols.TimerFired{},
		protocols.Requested{}, protocols.Persisted{})...)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range mutants.All() {
		node := m.Wrap(&Scripted{Script: [][]protocols.Effect{{role("following"), logs(1)}, {answer(2)}, {logs(2)}, {answer(3)}}})
		var out protocols.Effects
		node.Step(0, tick, &out)
		before := codec.Canonical(node)
		clone := codec.Clone(node).(protocols.Node)
		if !slices.Equal(codec.Canonical(clone), before) {
			t.Fatalf("%s: a clone differs", m.Name)
		}
		var own, its protocols.Effects
		clone.Step(1, tick, &its)
		if !slices.Equal(codec.Canonical(node), before) {
			t.Errorf("%s: a step of the clone changed the original", m.Name)
		}
		node.Step(1, tick, &own)
		if !reflect.DeepEqual(own, its) || len(own) == 0 || !slices.Equal(codec.Canonical(node), codec.Canonical(clone)) {
			t.Errorf("%s: the clone goes on with %v, the original with %v", m.Name, its, own)
		}
	}
}

func TestZoo(t *testing.T) {
	invariants := map[string]bool{"linearizable": true, "termination": true} // judged by scenarios
	for _, d := range checker.All() {
		invariants[d.Name] = true
	}
	seen := map[string]bool{}
	for _, m := range mutants.All() {
		if m.Error == "" || m.Source == "" || m.Scenario == "" || m.Seeds <= 0 || m.Wrap == nil || seen[m.Name] {
			t.Errorf("%+v", m)
		}
		if !invariants[m.Property] {
			t.Errorf("%s breaks %q, which nobody checks", m.Name, m.Property)
		}
		seen[m.Name] = true
		if found, err := mutants.Lookup(m.Name); err != nil || found.Name != m.Name {
			t.Error(found, err)
		}
	}
	_, err := mutants.Lookup("zab-ack-before-durabel")
	if err == nil || !strings.HasSuffix(err.Error(), `"zab-ack-before-durabel"; did you mean "zab-ack-before-durable"?`) {
		t.Error(err)
	}
}
