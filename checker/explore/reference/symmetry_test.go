package reference

import (
	"fmt"
	"slices"
	"testing"

	"quorumlab/checker/explore"
)

// TestCanonical visits every state of small models and holds the symmetry
// against the model without it: what stands for a state stands for itself; a
// state and what stands for it have the same successors, up to symmetry, the
// same number of them, and hit the same properties; and the explorer under
// symmetry finds as many states as there are that stand for others.
func TestCanonical(t *testing.T) {
	for _, test := range []struct {
		name string
		set  map[string]string
	}{
		{"twophase", map[string]string{"rms": "4"}},
		{"tcommit", map[string]string{"rms": "5"}},
		{"paxos-spec", nil},
		{"paxos-spec", map[string]string{"values": "3", "ballots": "1", "quorums": "minimal"}},
		{"paxoscommit-spec", map[string]string{"acceptors": "2", "ballots": "1"}},
		{"paxoscommit-spec", map[string]string{"rms": "1"}},
		{"zab-spec", nil},
		{"zab-spec", map[string]string{"servers": "2", "txns": "2", "timeouts": "1", "restarts": "1"}},
	} {
		at := slices.IndexFunc(All(), func(e explore.Entry) bool { return e.Name == test.name })
		model, _, err := All()[at].Make(test.set)
		if err != nil {
			t.Fatal(err)
		}
		orbits := visitOrbits(t, test.name, model)
		r := explored(t, test.name, test.set, explore.Options{Workers: 2, Symmetry: true})
		if r.Distinct != uint64(orbits) || orbits < 5 {
			t.Errorf("%s %v: %d orbits explored, %d found", test.name, test.set, r.Distinct, orbits)
		}
	}
}

func visitOrbits(t *testing.T, name string, model explore.Model) int {
	s, hits := explore.NewStepper(model), model.Expander()
	known, orbits := map[string]bool{}, map[string]bool{}
	todo := s.Initial()
	for len(todo) > 0 {
		state := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if known[fmt.Sprint(state)] {
			continue
		}
		known[fmt.Sprint(state)] = true
		stands := s.Canonical(state)
		orbits[fmt.Sprint(stands)] = true
		if again := s.Canonical(stands); !slices.Equal(again, stands) {
			t.Fatalf("%s: for %v stands %v, but for that %v", name, state, stands, again)
		}
		if hits.Hits(state) != hits.Hits(stands) {
			t.Fatalf("%s: %v hits other properties than what stands for it", name, state)
		}
		next, _ := s.Next(state)
		if a, b := standing(s, next), standing(s, second(s.Next(stands))); !slices.Equal(a, b) {
			t.Fatalf("%s: %v leads to %v, what stands for it to %v", name, state, a, b)
		}
		todo = append(todo, next...)
	}
	return len(orbits)
}

func second(states [][]uint32, _ []explore.Label) [][]uint32 { return states }

// standing returns what stands for states, sorted.
func standing(s *explore.Stepper, states [][]uint32) []string {
	var all []string
	for _, state := range states {
		all = append(all, fmt.Sprint(s.Canonical(state)))
	}
	slices.Sort(all)
	return all
}
