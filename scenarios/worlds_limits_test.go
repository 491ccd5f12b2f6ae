package scenarios

import (
	"context"
	"maps"
	"slices"
	"testing"

	"quorumlab/checker/explore"
	"quorumlab/protocols"
	"quorumlab/protocols/catalog"
	"quorumlab/sim"
)

// TestLimitsHideNothing holds worlds with the limits that are said to hide
// nothing against those without: the verdicts are the same, and the states that
// nodes come to; but for prompt calls, which leave out the histories that are
// easier to explain.
func TestLimitsHideNothing(t *testing.T) {
	for _, test := range []struct {
		protocol string
		set      map[string]string
		limit    map[string]string
	}{
		{"primarybackup", map[string]string{"nodes": "2", "clients": "2", "operations": "2", "reads": "local", "replication": "async"}, map[string]string{"calls": "prompt"}},
		{"primarybackup", map[string]string{"nodes": "2", "clients": "2", "operations": "2"}, map[string]string{"calls": "prompt"}},
		{"primarybackup", map[string]string{"nodes": "2", "clients": "2", "crashes": "1", "breaks": "1"}, map[string]string{"calls": "prompt"}},
		{"zab", map[string]string{"nodes": "2", "timers": "1", "clients": "1"}, map[string]string{"calls": "prompt"}},
		{"zab", map[string]string{"clients": "2", "operations": "2", "start": "rest"}, map[string]string{"calls": "prompt"}},
		{"twopc", map[string]string{"nodes": "2", "crashes": "1", "drops": "1"}, map[string]string{"effectless": "skipped"}},
		{"twopc", map[string]string{"nodes": "2", "timers": "2", "drops": "1"}, map[string]string{"effectless": "skipped"}},
		{"twopc", map[string]string{"nodes": "3", "duplicates": "1"}, map[string]string{"effectless": "skipped"}},
		{"quorumstore", map[string]string{"clients": "1", "duplicates": "1"}, map[string]string{"effectless": "skipped", "calls": "prompt"}},
	} {
		nodes := 3
		if n, ok := test.set["nodes"]; ok {
			nodes = int(n[0] - '0')
		}
		limited := maps.Clone(test.set)
		maps.Copy(limited, test.limit)
		whole, parts := visit(t, worldOf(t, test.protocol, "", test.set), nodes, false, false)
		model := worldOf(t, test.protocol, "", limited)
		less, fewer := visit(t, model, nodes, false, false)
		if less.Distinct >= whole.Distinct {
			t.Errorf("%s %v %v: %d states, without limits %d", test.protocol, test.set, test.limit, less.Distinct, whole.Distinct)
		}
		// Numbers of one model are not those of another: how many there are must do.
		if count := countNodes(fewer); count != countNodes(parts) {
			t.Errorf("%s %v %v: %d states of nodes, without limits %d", test.protocol, test.set, test.limit, count, countNodes(parts))
		}
		for i, f := range whole.Findings {
			if f.Verdict != less.Findings[i].Verdict {
				t.Errorf("%s %v %v: %s %s, without limits %s", test.protocol, test.set, test.limit, f.Property.Name, less.Findings[i].Verdict, f.Verdict)
			}
			if path := less.Findings[i].Path; path != nil {
				if err := model.Replay(path); err != nil {
					t.Errorf("%s %v %v: %v", test.protocol, test.set, test.limit, err)
				}
			}
		}
		t.Logf("%s %v: %d, with %v %d", test.protocol, test.set, whole.Distinct, test.limit, less.Distinct)
	}
}

func countNodes(parts map[[2]int]bool) int {
	count := 0
	for part := range parts {
		if part[0] >= 0 {
			count++
		}
	}
	return count
}

// TestLimitedWorldsAreTheSimulators walks at random through worlds with all
// limits, and has the simulator make the same steps.
func TestLimitedWorldsAreTheSimulators(t *testing.T) {
	for _, protocol := range catalog.All() {
		for _, start := range []string{"boot", "rest", "leader"} {
			if start == "leader" && protocol.Name != "zab" && protocol.Name != "paxos" {
				continue
			}
			set := maps.Clone(worldLimits)
			maps.Copy(set, map[string]string{
				"clients": "2", "operations": "2", "timers": "3", "idle": "15", "crashes": "2", "cuts": "1", "start": start,
			})
			if protocol.Links == protocols.Stream {
				set["breaks"] = "2"
			} else {
				set["drops"], set["duplicates"] = "2", "2"
			}
			model := worldOf(t, protocol.Name, "", set)
			stepper := explore.NewStepper(model)
			for walk := range 20 {
				random := sim.Stream(uint64(walk), "limited walk", 0)
				path := &explore.Path{States: stepper.Initial()}
				for range 100 {
					states, labels := stepper.Next(path.States[len(path.States)-1])
					if len(states) == 0 {
						break
					}
					at := int(random.Uint64() % uint64(len(states)))
					path.States, path.Steps = append(path.States, states[at]), append(path.Steps, labels[at])
				}
				if err := model.Replay(path); err != nil {
					t.Fatalf("%s from %s, walk %d: %v", protocol.Name, start, walk, err)
				}
			}
		}
	}
}

// TestDefaultWorlds explores what `check` does unless it is told otherwise. What
// is violated is shown by a run that the simulator makes too.
func TestDefaultWorlds(t *testing.T) {
	for _, test := range []struct {
		protocol string
		set      map[string]string
		violated string
		steps    int
	}{
		{protocol: "twopc"},
		{protocol: "threepc", violated: "ac1", steps: 13},
		{protocol: "threepc", set: map[string]string{"cuts": "0", "crashes": "1", "idle": "3"}},
		{protocol: "paxoscommit"},
		{protocol: "quorumstore"},
		{protocol: "quorumstore", set: map[string]string{"writeback": "off"}, violated: "linearizable", steps: 9},
		{protocol: "primarybackup", set: map[string]string{"breaks": "0"}},
		{protocol: "zab", set: map[string]string{"breaks": "0"}},
		{protocol: "paxos", set: map[string]string{"crashes": "0"}},
	} {
		entries, err := newTestLab(t).Worlds("")
		if err != nil {
			t.Fatal(err)
		}
		at := slices.IndexFunc(entries, func(e explore.Entry) bool { return e.Name == test.protocol })
		model, _, err := entries[at].Make(test.set)
		if err != nil {
			t.Fatal(err)
		}
		r, err := explore.Run(context.Background(), model, explore.Options{Workers: 2})
		if err != nil {
			t.Fatal(err)
		}
		if !r.Complete() {
			t.Errorf("%s %v: not all was explored", test.protocol, test.set)
		}
		for _, f := range r.Findings {
			if (f.Verdict == explore.Violated) != (f.Property.Name == test.violated) || f.Verdict == explore.Missed {
				t.Errorf("%s %v: %s %s", test.protocol, test.set, f.Property.Name, f.Verdict)
			}
			if f.Property.Name == test.violated && len(f.Path.Steps) != test.steps {
				t.Errorf("%s %v: %s in %d steps, want %d", test.protocol, test.set, f.Property.Name, len(f.Path.Steps), test.steps)
			}
		}
		t.Logf("%s %v: %d distinct, %d generated in %v", test.protocol, test.set, r.Distinct, r.Generated, r.Elapsed)
	}
}
