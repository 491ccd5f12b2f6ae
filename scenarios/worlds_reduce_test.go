package scenarios

import (
	"context"
	"maps"
	"slices"
	"testing"

	"quorumlab/checker/explore"
	"quorumlab/checker/explore/world"
	"quorumlab/sim"
)

// visits is an expander that writes down what was visited: the states of each
// node, and what the clients saw. A state begins with a word a node; the third
// word from its end is the history.
type visits struct {
	explore.Attributed
	nodes int
	parts map[[2]int]bool
	// heedless: what one client sees is taken to be independent of what
	// another does, because they are not the same actor.
	heedless bool
}

// visited is a world for one worker that does so.
type visited struct {
	*world.Model
	visits
}

func (v *visited) Expander() explore.Expander {
	v.Attributed = v.Model.Expander().(explore.Attributed)
	return &v.visits
}

func (v *visits) Hits(words []uint32) uint64 {
	for i, word := range words[:v.nodes] {
		v.parts[[2]int{i, int(word)}] = true
	}
	v.parts[[2]int{-1, int(words[len(words)-3])}] = true
	return v.Attributed.Hits(words)
}

func (v *visits) Meanwhile(words []uint32, actor int, b *explore.Batch) bool {
	return (!v.heedless || actor < v.nodes) && v.Attributed.Meanwhile(words, actor, b)
}

func visit(t *testing.T, m *world.Model, nodes int, heedless, reduced bool) (*explore.Result, map[[2]int]bool) {
	t.Helper()
	v := &visited{m, visits{nodes: nodes, parts: map[[2]int]bool{}, heedless: heedless}}
	r, err := explore.Run(context.Background(), v, explore.Options{Workers: 1, PartialOrder: reduced, Audit: true})
	if err != nil {
		t.Fatal(err)
	}
	return r, v.parts
}

var reducedWorlds = []struct {
	protocol string
	set      map[string]string
}{
	{"primarybackup", map[string]string{"nodes": "2", "clients": "2", "operations": "2"}},
	{"primarybackup", map[string]string{"nodes": "2", "clients": "2", "operations": "2", "reads": "local", "replication": "async"}},
	{"primarybackup", map[string]string{"nodes": "3", "clients": "1", "operations": "2"}},
	{"primarybackup", map[string]string{"nodes": "2", "clients": "1", "operations": "2", "crashes": "1", "breaks": "1"}},
	{"primarybackup", map[string]string{"nodes": "2", "clients": "2", "cuts": "1", "expirations": "1"}},
	{"zab", map[string]string{"nodes": "2", "timers": "3", "clients": "1"}},
	{"zab", map[string]string{"nodes": "1", "timers": "3", "operations": "2", "crashes": "1"}},
	{"twopc", map[string]string{"nodes": "2", "crashes": "1"}},
	{"twopc", map[string]string{"nodes": "3", "drops": "1"}},
	{"primarybackup", map[string]string{"nodes": "2", "clients": "2", "operations": "2", "calls": "prompt", "disks": "prompt"}},
	{"primarybackup", map[string]string{"nodes": "3", "clients": "1", "operations": "2", "calls": "prompt", "crashes": "1", "disks": "prompt"}},
	{"zab", map[string]string{"nodes": "2", "timers": "3", "clients": "1", "calls": "prompt", "disks": "prompt"}},
	{"zab", map[string]string{"nodes": "3", "start": "rest", "clients": "2", "calls": "prompt", "disks": "prompt"}},
	{"twopc", map[string]string{"nodes": "3", "crashes": "1", "idle": "2", "disks": "prompt", "calls": "prompt", "effectless": "skipped"}},
}

// TestWorldsPartialOrder holds worlds with partial-order reduction against
// those without.
func TestWorldsPartialOrder(t *testing.T) {
	for _, test := range reducedWorlds {
		model := worldOf(t, test.protocol, "", test.set)
		nodes := int(test.set["nodes"][0] - '0')
		whole, parts := visit(t, model, nodes, false, false)
		less, fewer := visit(t, model, nodes, false, true)
		if !maps.Equal(parts, fewer) {
			t.Errorf("%s %v: %d states of nodes and histories, reduced %d", test.protocol, test.set, len(parts), len(fewer))
		}
		for i, f := range whole.Findings {
			if f.Verdict != less.Findings[i].Verdict {
				t.Errorf("%s %v: %s %s, reduced %s", test.protocol, test.set, f.Property.Name, f.Verdict, less.Findings[i].Verdict)
			}
			if path := less.Findings[i].Path; path != nil {
				if err := model.Replay(path); err != nil {
					t.Errorf("%s %v: %v", test.protocol, test.set, err)
				}
			}
		}
		if whole.Terminal != less.Terminal || less.Distinct > whole.Distinct {
			t.Errorf("%s %v: %d states, %d final; reduced %d, %d final", test.protocol, test.set,
				whole.Distinct, whole.Terminal, less.Distinct, less.Terminal)
		}
		t.Logf("%s %v: %d/%d in %v, reduced %d/%d in %v", test.protocol, test.set, whole.Distinct, whole.Generated, whole.Elapsed,
			less.Distinct, less.Generated, less.Elapsed)
		again, err := explore.Run(context.Background(), model, explore.Options{Workers: 2, PartialOrder: true})
		if err != nil || again.Distinct != less.Distinct || again.Generated != less.Generated || again.Depth != less.Depth {
			t.Errorf("%s %v: two workers find %+v, one %+v", test.protocol, test.set, again, less)
		}
	}
}

// TestPartialOrderTrap: a write that was answered, and a read elsewhere after it
// that does not see it. If only steps at the same node depended on each other,
// the client that reads could always be taken to have begun before the other's
// answer came, and the violation would be missed.
func TestPartialOrderTrap(t *testing.T) {
	set := map[string]string{"nodes": "2", "clients": "2", "reads": "local", "replication": "async"}
	model := worldOf(t, "primarybackup", "", set)
	for heedless, want := range map[bool]explore.Verdict{false: explore.Violated, true: explore.Holds} {
		r, _ := visit(t, model, 2, heedless, true)
		for _, f := range r.Findings {
			if f.Property.Name == "linearizable" && f.Verdict != want {
				t.Errorf("heedless %t: %s, want %s", heedless, f.Verdict, want)
			}
		}
	}
}

// TestDiamonds: of the steps that are pending at two actors and may be explored
// ahead, neither disables the other, and both orders lead to the same state.
// Two clients are not asked: what they see depends on the order.
func TestDiamonds(t *testing.T) {
	for _, test := range reducedWorlds {
		model := worldOf(t, test.protocol, "", test.set)
		nodes := int(test.set["nodes"][0] - '0')
		actors := model.Expander().(explore.Attributed).Actors()
		stepper := explore.NewStepper(model)
		diamonds := 0
		for walk := range 20 {
			random := sim.Stream(uint64(walk), "diamonds", 0)
			state := stepper.Initial()[0]
			for range 60 {
				for a := range nodes {
					for b := a + 1; b < actors; b++ {
						diamonds += diamondsOf(t, stepper, state, a, b)
					}
				}
				states, _ := stepper.Next(state)
				if len(states) == 0 {
					break
				}
				state = states[random.Uint64()%uint64(len(states))]
			}
		}
		if diamonds == 0 {
			t.Errorf("%s %v has no diamonds", test.protocol, test.set)
		}
	}
}

func diamondsOf(t *testing.T, s *explore.Stepper, state []uint32, a, b int) int {
	t.Helper()
	first, byFirst, freeFirst := s.Pending(state, a)
	second, bySecond, freeSecond := s.Pending(state, b)
	if !freeFirst || !freeSecond {
		return 0
	}
	after := func(state []uint32, label explore.Label) []uint32 {
		states, labels := s.Next(state)
		at := slices.Index(labels, label)
		if at < 0 {
			t.Fatalf("step %#x of actor %d or %d is disabled by one of the other", label, a, b)
		}
		return states[at]
	}
	for i := range first {
		for j := range second {
			if !slices.Equal(after(first[i], bySecond[j]), after(second[j], byFirst[i])) {
				t.Fatalf("steps %#x of actor %d and %#x of actor %d do not commute", byFirst[i], a, bySecond[j], b)
			}
		}
	}
	return len(first) * len(second)
}
