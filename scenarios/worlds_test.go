package scenarios

import (
	"context"
	"maps"
	"slices"
	"testing"

	"quorumlab/checker/explore"
	"quorumlab/checker/explore/world"
	"quorumlab/protocols/catalog"
	"quorumlab/sim"
)

func worldOf(t *testing.T, protocol, mutant string, set map[string]string) *world.Model {
	t.Helper()
	entries, err := newTestLab(t).Worlds(mutant)
	if err != nil {
		t.Fatal(err)
	}
	at := slices.IndexFunc(entries, func(e explore.Entry) bool { return e.Name == protocol })
	all := map[string]string{} // not the defaults of check: nothing is limited
	p, err := catalog.Lookup(protocol)
	if err != nil {
		t.Fatal(err)
	}
	for _, parameter := range slices.Concat(worldParameters(p.Links), ownParameters(p)) {
		all[parameter.Name] = parameter.Default
	}
	maps.Copy(all, set)
	model, _, err := entries[at].Make(all)
	if err != nil {
		t.Fatal(err)
	}
	return model.(*world.Model)
}

// TestWorlds explores small worlds as a whole. What is violated is shown by a run
// that the simulator makes too.
func TestWorlds(t *testing.T) {
	for _, test := range []struct {
		protocol, mutant string
		set              map[string]string
		violated         string // "" if all holds
		steps            int    // of the shortest run
	}{
		{protocol: "primarybackup", set: map[string]string{"nodes": "2", "clients": "2", "operations": "2"}},
		{protocol: "primarybackup", set: map[string]string{"nodes": "2", "clients": "1", "operations": "2", "crashes": "1", "breaks": "1"}},
		{
			protocol: "primarybackup", violated: "linearizable", steps: 8,
			set: map[string]string{"nodes": "2", "clients": "2", "operations": "2", "reads": "local", "replication": "async"},
		},
		{protocol: "zab", set: map[string]string{"nodes": "2", "timers": "3", "clients": "1"}},
		{protocol: "zab", set: map[string]string{"nodes": "1", "timers": "3", "operations": "2", "crashes": "1"}},
		{protocol: "twopc", set: map[string]string{"nodes": "2", "crashes": "1"}},
		{protocol: "primarybackup", set: map[string]string{"nodes": "2", "clients": "2", "breaks": "1", "cuts": "1"}},
	} {
		model := worldOf(t, test.protocol, test.mutant, test.set)
		for workers := 1; workers <= 2; workers++ {
			r, err := explore.Run(context.Background(), model, explore.Options{Workers: workers, Audit: workers == 1})
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range r.Findings {
				want := explore.Holds
				switch {
				case f.Property.Name == test.violated:
					want = explore.Violated
					if len(f.Path.Steps) != test.steps {
						t.Errorf("%s %v: %s in %d steps, want %d", test.protocol, test.set, test.violated, len(f.Path.Steps), test.steps)
					}
				case f.Property.Expectation == explore.Sometimes:
					want = explore.Reached
				}
				if f.Verdict != want {
					t.Errorf("%s %v: %s %s, want %s", test.protocol, test.set, f.Property.Name, f.Verdict, want)
				}
				if f.Path != nil {
					if err := model.Replay(f.Path); err != nil {
						t.Errorf("%s %v: %v", test.protocol, test.set, err)
					}
				}
			}
		}
	}
}

// TestWorldsAreTheSimulators walks at random through the world of every
// protocol, and has the simulator make the same steps.
func TestWorldsAreTheSimulators(t *testing.T) {
	for _, protocol := range catalog.All() {
		set := map[string]string{
			"nodes": "3", "clients": "2", "operations": "2", "timers": "15", "crashes": "3", "expirations": "2", "cuts": "3",
		}
		budgets := []string{"drops", "duplicates"}
		if protocol.Links == "stream" {
			budgets = []string{"breaks"}
		}
		for _, budget := range budgets {
			set[budget] = "3"
		}
		model := worldOf(t, protocol.Name, "", set)
		stepper := explore.NewStepper(model)
		kinds := make([]int, len(model.Kinds()))
		for walk := range 30 {
			random := sim.Stream(uint64(walk), "walk", 0)
			path := &explore.Path{States: stepper.Initial()}
			for range 120 {
				states, labels := stepper.Next(path.States[len(path.States)-1])
				if len(states) == 0 {
					break
				}
				at := int(random.Uint64() % uint64(len(states)))
				path.States, path.Steps = append(path.States, states[at]), append(path.Steps, labels[at])
				kinds[labels[at].Kind()]++
			}
			if err := model.Replay(path); err != nil {
				t.Fatalf("%s, walk %d: %v", protocol.Name, walk, err)
			}
		}
		if at := slices.Index(model.Kinds(), "heal"); kinds[1] == 0 || kinds[3] == 0 || kinds[5] == 0 || kinds[at] == 0 {
			t.Errorf("%s: steps %d of kinds %v show little", protocol.Name, kinds, model.Kinds())
		}
	}
}

// TestLeadersAnswerAfterTheyLead: what is answered by the very step by which a leader
// is established is answered in its term; a leader of a lower one, who comes later, need
// not have delivered it.
func TestLeadersAnswerAfterTheyLead(t *testing.T) {
	entries, err := newTestLab(t).Worlds("")
	if err != nil {
		t.Fatal(err)
	}
	at := slices.IndexFunc(entries, func(e explore.Entry) bool { return e.Name == "paxos" })
	model, _, err := entries[at].Make(map[string]string{"contacts": "all"})
	if err != nil {
		t.Fatal(err)
	}
	r, err := explore.Run(context.Background(), model, explore.Options{Workers: 2, DepthMax: 22})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range r.Findings {
		if f.Verdict == explore.Violated {
			t.Errorf("%s is violated in %d steps", f.Property.Name, len(f.Path.Steps))
		}
	}
}
