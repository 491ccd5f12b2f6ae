package scenarios

import (
	"context"
	"slices"
	"strings"
	"testing"

	"quorumlab/checker/explore"
	"quorumlab/checker/explore/world"
	"quorumlab/checker/mutants"
)

// hard are the mutants that need more than a million states: `check --mutant all`
// has them.
var hard = []string{"zab-epoch-before-history", "threepc-obeys-deposed", "zab-commit-too-far"}

// TestWorldsShowMutants: each mutant that worlds can show is found, by a run of
// the recorded length that the simulator makes too, and as deep as that its twin
// breaks nothing.
func TestWorldsShowMutants(t *testing.T) {
	for _, m := range mutants.All() {
		switch {
		case m.World.Beyond != "":
			continue
		case slices.Contains(hard, m.Name):
			continue
		case m.World.Breaks == "":
			t.Errorf("%s: nothing tells which world shows it", m.Name)
			continue
		}
		model := mutantWorld(t, m, m.Name)
		r, err := explore.Run(context.Background(), model, explore.Options{Workers: 1, Stop: true, StatesMax: 2_000_000})
		if err != nil {
			t.Fatal(err)
		}
		at := slices.IndexFunc(r.Findings, func(f explore.Finding) bool { return f.Property.Name == m.World.Breaks })
		if at < 0 || r.Findings[at].Verdict != explore.Violated {
			t.Errorf("%s: %s is not broken in %d states", m.Name, m.World.Breaks, r.Distinct)
			continue
		}
		path := r.Findings[at].Path
		if len(path.Steps) != m.World.Steps {
			t.Errorf("%s: %d steps, recorded are %d", m.Name, len(path.Steps), m.World.Steps)
		}
		if err := model.Replay(path); err != nil {
			t.Errorf("%s: %v", m.Name, err)
		}
		twin := mutantWorld(t, m, "")
		r, err = explore.Run(context.Background(), twin, explore.Options{Workers: 1, DepthMax: m.World.Steps + 1})
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range r.Findings {
			if f.Verdict == explore.Violated {
				t.Errorf("%s: its twin breaks %s", m.Name, f.Property.Name)
			}
		}
	}
}

func mutantWorld(t *testing.T, m mutants.Mutant, name string) *world.Model {
	t.Helper()
	entries, err := newTestLab(t).Worlds(name)
	if err != nil {
		t.Fatal(err)
	}
	at := slices.IndexFunc(entries, func(e explore.Entry) bool { return e.Name == m.Protocol })
	model, _, err := entries[at].Make(m.World.Set)
	if err != nil {
		t.Fatalf("%s: %v", m.Name, err)
	}
	return model.(*world.Model)
}

// TestScripts: what leads to where exploration begins is refused, with the act
// that is wrong, if it names nobody or cannot happen.
func TestScripts(t *testing.T) {
	entries, err := newTestLab(t).Worlds("")
	if err != nil {
		t.Fatal(err)
	}
	at := slices.IndexFunc(entries, func(e explore.Entry) bool { return e.Name == "zab" })
	for script, want := range map[string]string{
		"ask c1, heal":                           "act 2 (heal): that cannot happen here",
		"crash n4":                               "act 1 (crash n4): no node n4",
		"ask c2":                                 "act 1 (ask c2): no client c2",
		"crash":                                  "act 1 (crash): expected: crash node",
		"ask c1,":                                "act 2 (): an act is missing",
		"pause n1":                               "act 1 (pause n1): use ask, expire",
		"ask c1, ask c1, ask c1":                 "act 3 (ask c1): that cannot happen here",
		"crash leader, crash n2, crash n1, lead": "comes to rest, and no leader is established",
		"crash n1, only deliver n1 n2":           "act 2 (only deliver n1 n2): that cannot happen here",
	} {
		_, _, err := entries[at].Make(map[string]string{"start": "leader", "before": script})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", script, err, want)
		}
	}
}

// TestWorldsAskResources: who has voted YES on a record that is not on its disk has
// no locks when it restarts.
func TestWorldsAskResources(t *testing.T) {
	for mutant, want := range map[string]explore.Verdict{"2pc-yes-before-prepared": explore.Violated, "": explore.Unknown} {
		entries, err := newTestLab(t).Worlds(mutant)
		if err != nil {
			t.Fatal(err)
		}
		at := slices.IndexFunc(entries, func(e explore.Entry) bool { return e.Name == "twopc" })
		model, _, err := entries[at].Make(nil)
		if err != nil {
			t.Fatal(err)
		}
		r, err := explore.Run(context.Background(), model, explore.Options{Workers: 1, DepthMax: 8})
		if err != nil {
			t.Fatal(err)
		}
		at = slices.IndexFunc(r.Findings, func(f explore.Finding) bool { return f.Property.Name == "in-doubt-locks" })
		if f := r.Findings[at]; f.Verdict != want {
			t.Errorf("%q: %s %s, want %s", mutant, f.Property.Name, f.Verdict, want)
		}
	}
}
