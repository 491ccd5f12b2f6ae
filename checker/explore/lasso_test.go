package explore

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// places is a model of one word: steps lead from place to place. goal is
// what is to be reached at last.
type places struct {
	steps []road
	goal  uint32
	// unfair: no step is owed anything.
	unfair bool
	again  bool // the goal is to be reached again and again
}

// road is a step: where from, where to, and of which class; less than 0 for a
// fault.
type road struct{ from, to, class int }

func (m places) Width() int                   { return 1 }
func (m places) Expander() Expander           { return m }
func (m places) Kinds() []string              { return []string{"go"} }
func (m places) Bytes() uint64                { return 0 }
func (m places) Explain(l Label) string       { return fmt.Sprintf("step %d", l>>8) }
func (m places) Describe(s []uint32) []string { return []string{fmt.Sprint(s)} }

func (m places) Properties() []Property {
	at := Eventually
	if m.again {
		at = Again
	}
	return []Property{{Name: "goal", Expectation: at}, {Name: "goal seen", Expectation: Sometimes}}
}

func (m places) Hits(state []uint32) uint64 {
	if state[0] == m.goal {
		return 3
	}
	return 0
}

func (m places) Initial(b *Batch) {
	b.Next()[0] = 0
	b.Done(0)
}

func (m places) Expand(state []uint32, b *Batch) {
	for i, s := range m.steps {
		if s.from == int(state[0]) {
			b.Next()[0] = uint32(s.to)
			b.Done(Label(i) << 8)
		}
	}
}

func (m places) Fairness(l Label) int {
	if m.unfair {
		return -1
	}
	return m.steps[l>>8].class
}

// TestEventually: what is expected at last is missed by a run that ends, or by
// one that goes in a circle and is fair.
func TestEventually(t *testing.T) {
	for _, test := range []struct {
		name    string
		m       places
		verdict Verdict
		steps   int
		loop    int
	}{
		{"at once", places{steps: []road{{0, 1, 0}}}, Holds, 0, 0},
		{"in a line", places{steps: []road{{0, 1, 0}, {1, 2, 0}}, goal: 2}, Holds, 0, 0},
		{"a dead end", places{steps: []road{{0, 1, 0}, {0, 2, 0}}, goal: 2}, Violated, 1, 0},
		{"a dead end behind the goal", places{steps: []road{{0, 2, 0}, {2, 1, 0}}, goal: 2}, Holds, 0, 0},
		{"a circle behind the goal", places{steps: []road{{0, 2, 0}, {2, 1, 0}, {1, 2, 0}}, goal: 2}, Holds, 0, 0},
		{"the way out is always open", places{steps: []road{{0, 1, 0}, {1, 0, 0}, {0, 2, 1}, {1, 2, 1}}, goal: 2}, Holds, 0, 0},
		{"and may be put off", places{steps: []road{{0, 1, 0}, {1, 0, 0}, {0, 2, 1}, {1, 2, 1}}, goal: 2, unfair: true}, Violated, 2, 1},
		{"the way out is open now and then", places{steps: []road{{0, 1, 0}, {1, 0, 0}, {0, 2, 1}}, goal: 2}, Violated, 2, 1},
		{"the way out is a fault", places{steps: []road{{0, 0, 0}, {0, 2, -1}}, goal: 2}, Violated, 1, 1},
		{"a class is owed that stays inside", places{steps: []road{{0, 1, 0}, {1, 1, 0}, {1, 1, 1}, {1, 2, 2}, {2, 2, 2}, {1, 3, -1}}, goal: 3}, Violated, 3, 3},
		{"all classes have their turn", places{steps: []road{{0, 1, 0}, {1, 0, 1}, {0, 2, 2}, {2, 0, 3}, {0, 3, -1}}, goal: 3}, Violated, 2, 1},
	} {
		for _, run := range []string{"breadth", "depth"} {
			r := explored(t, test.m, Options{Workers: 1})
			if run == "depth" {
				var err error
				if r, err = RunDepthFirst(t.Context(), test.m, Options{}); err != nil {
					t.Fatal(err)
				}
			}
			f := r.Findings[0]
			if f.Verdict != test.verdict {
				t.Errorf("%s, %s first: %s, want %s", test.name, run, f.Verdict, test.verdict)
				continue
			}
			if f.Path == nil {
				continue
			}
			checkLasso(t, test.name, test.m, f.Path)
			if f.Path.Loop != test.loop || len(f.Path.Steps) != test.steps {
				t.Errorf("%s: %d steps, loop %d, want %d and %d", test.name, len(f.Path.Steps), f.Path.Loop, test.steps, test.loop)
			}
		}
	}
}

// TestAgain: what is to come again and again is missed by a run that comes there, and
// then goes in a circle elsewhere, or ends there.
func TestAgain(t *testing.T) {
	for _, test := range []struct {
		name    string
		m       places
		verdict Verdict
		steps   int
		loop    int
	}{
		{"it ends there", places{steps: []road{{0, 1, 0}}, goal: 1}, Holds, 0, 0},
		{"it ends behind it", places{steps: []road{{0, 1, 0}, {1, 2, 0}}, goal: 1}, Violated, 2, 0},
		{"it comes back", places{steps: []road{{0, 1, 0}, {1, 2, 0}, {2, 1, 0}}, goal: 1}, Holds, 0, 0},
		{"a circle behind it", places{steps: []road{{0, 1, 0}, {1, 2, 0}, {2, 3, 0}, {3, 2, 0}}, goal: 1}, Violated, 4, 3},
		{"a circle that is not fair", places{steps: []road{{0, 1, 0}, {1, 2, 0}, {2, 2, 0}, {2, 1, 1}}, goal: 1}, Holds, 0, 0},
	} {
		test.m.again = true
		f := explored(t, test.m, Options{Workers: 1}).Findings[0]
		if f.Verdict != test.verdict {
			t.Errorf("%s: %s, want %s", test.name, f.Verdict, test.verdict)
			continue
		}
		if f.Path == nil {
			continue
		}
		if len(f.Path.Steps) != test.steps || f.Path.Loop != test.loop || !Breaks(test.m, f.Path, 0) {
			t.Errorf("%s: %d steps, loop %d, want %d and %d", test.name, len(f.Path.Steps), f.Path.Loop, test.steps, test.loop)
		}
	}
}

// owing is places that all owe class 0; a step serves what is said.
type owing struct {
	places
	serves map[int]uint64 // by step
}

func (m owing) Expander() Expander { return m }

func (m owing) Owes(state []uint32) uint64 { return 1 }

func (m owing) Expand(state []uint32, b *Batch) {
	for i, s := range m.steps {
		if s.from == int(state[0]) {
			b.Next()[0] = uint32(s.to)
			b.Serves(m.serves[i])
			b.Done(Label(i) << 8)
		}
	}
}

// TestOwing: a circle in which something is owed and never served is not fair, though
// nowhere in it a step serves it; one in which a step does is.
func TestOwing(t *testing.T) {
	m := owing{places{steps: []road{{0, 1, 0}, {1, 0, 0}, {1, 2, 0}}, goal: 2}, map[int]uint64{2: 1}}
	if f := explored(t, m, Options{Workers: 1}).Findings[0]; f.Verdict != Holds {
		t.Errorf("what is owed is put off for ever: %s", f.Verdict)
	}
	m.serves[0] = 1 // set anew each time round
	if f := explored(t, m, Options{Workers: 1}).Findings[0]; f.Verdict != Violated || f.Path.Loop != 1 {
		t.Errorf("what is owed is served: %s", f.Verdict)
	}
}

// checkLasso holds that a run is one, misses the goal, and is fair if it goes on
// for ever.
func checkLasso(t *testing.T, name string, m places, path *Path) {
	t.Helper()
	for i, label := range path.Steps {
		s := m.steps[label>>8]
		if s.from != int(path.States[i][0]) || s.to != int(path.States[i+1][0]) || uint32(s.to) == m.goal {
			t.Fatalf("%s: step %d of the run is none", name, i+1)
		}
	}
	last := path.States[len(path.States)-1]
	if path.Loop == 0 {
		if slices.ContainsFunc(m.steps, func(s road) bool { return s.from == int(last[0]) }) {
			t.Errorf("%s: the run could go on", name)
		}
		return
	}
	if !slices.Equal(last, path.States[path.Loop-1]) {
		t.Fatalf("%s: the circle is not closed", name)
	}
	for class := range 8 {
		done, barred := false, false
		for i := path.Loop - 1; i < len(path.Steps); i++ {
			done = done || m.Fairness(path.Steps[i]) == class
			barred = barred || !slices.ContainsFunc(m.steps, func(s road) bool {
				return s.from == int(path.States[i][0]) && s.class == class && !m.unfair
			})
		}
		if !done && !barred {
			t.Errorf("%s: the circle is not fair to class %d", name, class)
		}
	}
}

// TestEventuallyBounds: a bound gives no verdict.
func TestEventuallyBounds(t *testing.T) {
	m := places{goal: 99}
	for i := range 50 {
		m.steps = append(m.steps, road{i, (i + 1) % 50, 0})
	}
	for _, o := range []Options{{Workers: 1, StatesMax: 10}, {Workers: 1, DepthMax: 10}, {Workers: 1, MemoryMax: 100}} {
		r := explored(t, m, o)
		if r.Findings[0].Verdict != Unknown || r.Complete() {
			t.Errorf("%+v: %s", o, r.Findings[0].Verdict)
		}
	}
	r := explored(t, m, Options{Workers: 2})
	if f := r.Findings[0]; f.Verdict != Violated || f.Path.Loop != 1 || len(f.Path.Steps) != 50 {
		t.Errorf("a long circle: %s, %+v", f.Verdict, f.Path)
	}
	if !strings.Contains(string(r.Findings[1].Verdict), "missed") {
		t.Errorf("the goal is %s", r.Findings[1].Verdict)
	}
}
