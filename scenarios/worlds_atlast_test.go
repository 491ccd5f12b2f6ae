package scenarios

import (
	"bytes"
	"context"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"quorumlab/checker/explore"
	"quorumlab/checker/explore/world"
	"quorumlab/checker/refine"
	"quorumlab/protocols"
	"quorumlab/protocols/catalog"
	"quorumlab/protocols/state"
	"quorumlab/sim"
)

// TestWorldsAtLast asks what comes at last: two-phase commit blocks when its
// coordinator stays down, three-phase commit and Paxos Commit do not; clients of a
// protocol that chooses a new leader are served, of one that does not they are not.
func TestWorldsAtLast(t *testing.T) {
	for _, test := range []struct {
		protocol string
		set      map[string]string
		property string
		verdict  explore.Verdict
	}{
		{"twopc", map[string]string{"contacts": "own", "restarts": "never"}, "ac5", explore.Violated},
		{"twopc", map[string]string{"contacts": "own", "restarts": "never", "eventually": "turns"}, "ac5", explore.Violated},
		{"twopc", map[string]string{"contacts": "own"}, "ac5", explore.Holds},
		{"twopc", map[string]string{"nodes": "2", "crashes": "0", "drops": "2"}, "ac5", explore.Holds},
		{"twopc", map[string]string{"nodes": "2", "crashes": "0", "cuts": "1"}, "ac5", explore.Holds},
		{"threepc", map[string]string{"cuts": "0", "crashes": "1", "restarts": "never", "eventually": "turns"}, "ac5", explore.Holds},
		{"threepc", map[string]string{"cuts": "0", "crashes": "1", "eventually": "turns"}, "ac5", explore.Holds},
		{"paxoscommit", map[string]string{"contacts": "own", "restarts": "never"}, "ac5", explore.Holds},
		{"paxos", map[string]string{"clients": "1", "contacts": "all", "proposers": "leader", "eventually": "turns"}, "served", explore.Holds},
		{"zab", map[string]string{"breaks": "0", "operations": "1", "eventually": "turns"}, "served", explore.Holds},
		{"primarybackup", map[string]string{"clients": "1", "operations": "1", "breaks": "0", "restarts": "never", "eventually": "turns"}, "served", explore.Violated},
	} {
		set := map[string]string{"eventually": "on"}
		maps.Copy(set, test.set)
		entries, err := newTestLab(t).Worlds("")
		if err != nil {
			t.Fatal(err)
		}
		at := slices.IndexFunc(entries, func(e explore.Entry) bool { return e.Name == test.protocol })
		model, values, err := entries[at].Make(set)
		if err != nil {
			t.Fatal(err)
		}
		r, err := explore.Run(context.Background(), model, explore.Options{Workers: 2, StatesMax: 300_000})
		if err != nil {
			t.Fatal(err)
		}
		f := r.Findings[explore.PropertyNamed(model, test.property)]
		t.Logf("%s %v: %s %s, %d states, %v", test.protocol, set, test.property, f.Verdict, r.Distinct, r.Elapsed)
		if f.Verdict != test.verdict {
			t.Errorf("%s %v: %s %s, want %s", test.protocol, set, test.property, f.Verdict, test.verdict)
		}
		if f.Path != nil {
			replayAtLast(t, test.protocol, model, values, f)
		}
		for _, other := range r.Findings {
			if other.Property.Expectation == explore.Never && other.Verdict != explore.Holds {
				t.Errorf("%s %v: %s %s", test.protocol, set, other.Property.Name, other.Verdict)
			}
		}
	}
}

// replayAtLast has the simulator make a run with a loop, and its trace be read again.
func replayAtLast(t *testing.T, protocol string, model explore.Model, values explore.Values, f explore.Finding) {
	t.Helper()
	if f.Path.Loop == 0 {
		t.Errorf("%s: the run has no loop", protocol)
	}
	if err := model.(interface{ Replay(*explore.Path) error }).Replay(f.Path); err != nil {
		t.Errorf("%s: %v", protocol, err)
	}
	var file bytes.Buffer
	if err := explore.NewTrace(protocol, model, values, "", f.Property.Name, f.Path).Write(&file); err != nil {
		t.Fatal(err)
	}
	kept, err := explore.ReadTrace(&file)
	if err != nil {
		t.Fatal(err)
	}
	path, err := explore.Retrace(model, kept)
	if err != nil {
		t.Fatalf("%s: %v", protocol, err)
	}
	number := explore.PropertyNamed(model, f.Property.Name)
	if !explore.Breaks(model, path, number) {
		t.Errorf("%s: the run that was kept does not break %s", protocol, f.Property.Name)
	}
	path.Loop = 0
	if explore.Breaks(model, path, number) {
		t.Errorf("%s: the run without its loop breaks %s", protocol, f.Property.Name)
	}
}

// Turncoat says that it aborts what it commits.
type Turncoat struct{ Inner protocols.Node }

// Step implements protocols.Node.
func (n *Turncoat) Step(now time.Duration, event protocols.Event, out *protocols.Effects) {
	n.Inner.Step(now, event, out)
	for i, effect := range *out {
		if note, ok := effect.(protocols.Note); ok && note.Kind == protocols.Decided && note.Text == protocols.Commit {
			note.Text = protocols.Abort
			(*out)[i] = note
		}
	}
}

// Resource implements protocols.Participant.
func (n *Turncoat) Resource() protocols.Resource {
	return n.Inner.(protocols.Participant).Resource()
}

// TestWorldsAskReasons: who aborts what all have voted for needs a fault or a time-out
// (ac4). Where something was wrong before exploration begins, that is not asked.
func TestWorldsAskReasons(t *testing.T) {
	codec, err := state.NewCodec(slices.Concat(catalog.Types(), sim.Types(), world.Types(), refine.Types(), []any{&Turncoat{}})...)
	if err != nil {
		t.Fatal(err)
	}
	entries, err := newTestLab(t).Worlds("")
	if err != nil {
		t.Fatal(err)
	}
	wrap := func(n protocols.Node) protocols.Node { return &Turncoat{n} }
	for _, test := range []struct {
		wrap    func(protocols.Node) protocols.Node
		set     map[string]string
		verdict explore.Verdict // "" if it is not asked
	}{
		{wrap, map[string]string{"crashes": "0", "idle": "0"}, explore.Violated},
		{wrap, map[string]string{"before": "crash n2, restart n2"}, ""},
		{nil, map[string]string{"contacts": "own"}, explore.Holds}, // with a crash and time-outs
		{nil, map[string]string{"nodes": "2", "crashes": "0", "drops": "1"}, explore.Holds},
	} {
		for _, protocol := range []string{"twopc", "paxoscommit", "threepc"} {
			if _, drops := test.set["drops"]; drops && protocol != "twopc" {
				continue
			}
			p, err := catalog.Lookup(protocol)
			if err != nil {
				t.Fatal(err)
			}
			at := slices.IndexFunc(entries, func(e explore.Entry) bool { return e.Name == protocol })
			_, values, err := entries[at].Make(test.set)
			if err != nil {
				t.Fatal(err)
			}
			model, err := newWorld(p, values, codec, test.wrap)
			if err != nil {
				t.Fatal(err)
			}
			number := explore.PropertyNamed(model, "ac4")
			if number < 0 || test.verdict == "" {
				if number >= 0 || test.verdict != "" {
					t.Errorf("%s %v: asked %t", protocol, test.set, number >= 0)
				}
				continue
			}
			r, err := explore.Run(context.Background(), model, explore.Options{Workers: 1})
			if err != nil {
				t.Fatal(err)
			}
			if f := r.Findings[number]; f.Verdict != test.verdict {
				t.Errorf("%s %v: ac4 %s, want %s", protocol, test.set, f.Verdict, test.verdict)
			}
		}
	}
}

// TestWorldsAtLastNeedClients: without clients nothing is to come.
func TestWorldsAtLastNeedClients(t *testing.T) {
	entries, err := newTestLab(t).Worlds("")
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		_, _, err := entry.Make(map[string]string{"eventually": "on", "clients": "0"})
		if err == nil || !strings.Contains(err.Error(), "without clients nothing is to come at last") {
			t.Errorf("%s: %v", entry.Name, err)
		}
	}
}
