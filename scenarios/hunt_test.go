package scenarios

import (
	"context"
	"slices"
	"strings"
	"testing"

	"quorumlab/checker/mutants"
	"quorumlab/protocols"
)

// TestMutantsAtTheirSeeds: what is recorded of a mutant is still so, and without
// it nothing breaks there. The whole search is `quorumlab sweep --mutants all`.
func TestMutantsAtTheirSeeds(t *testing.T) {
	lab, err := NewLab()
	if err != nil {
		t.Fatal(err)
	}
	recorded := 0
	for _, m := range mutants.All() {
		if m.Seed == 0 {
			continue
		}
		recorded++
		t.Run(m.Name, func(t *testing.T) {
			if m.Seed > uint64(m.Seeds) || m.Seeds > 2000 {
				t.Errorf("seed %d, of a budget of %d: want at most 2000", m.Seed, m.Seeds)
			}
			scenario, err := lab.Shipped(m.Scenario)
			if err != nil {
				t.Fatal(err)
			}
			found, err := lab.failures(context.Background(), scenario, Options{Seed: m.Seed, Mutant: m.Name, Hashless: true})
			if err != nil {
				t.Fatal(err)
			}
			if !slices.ContainsFunc(found, func(f Failure) bool { return f.Property == m.Property }) {
				t.Errorf("seed %d of %s does not break %s any more (but %d others); quorumlab sweep --mutants %s finds another seed",
					m.Seed, m.Scenario, m.Property, len(found), m.Name)
			}
			if twin, err := lab.failures(context.Background(), scenario, Options{Seed: m.Seed, Hashless: true}); err != nil || len(twin) > 0 {
				t.Errorf("without the mutant: %v, %+v", err, twin)
			}
		})
	}
	if recorded < 2 {
		t.Errorf("of %d mutants a seed is recorded", recorded)
	}
}

// huntOf hunts variants of a known mutant.
func huntOf(t *testing.T, jobs int, change ...func(*mutants.Mutant)) []Catch {
	t.Helper()
	lab, err := NewLab()
	if err != nil {
		t.Fatal(err)
	}
	var wanted []mutants.Mutant
	for _, change := range change {
		m, err := mutants.Lookup("zab-ack-before-durable")
		if err != nil {
			t.Fatal(err)
		}
		m.Seeds = 4
		change(&m)
		wanted = append(wanted, m)
	}
	lab.mutant = func(name string) (mutants.Mutant, error) {
		at := slices.IndexFunc(wanted, func(m mutants.Mutant) bool { return m.Name == name })
		return wanted[at], nil
	}
	report, err := lab.Hunt(context.Background(), Hunt{Mutants: wanted, Jobs: jobs, Progress: func(string) {}})
	if err != nil {
		t.Fatal(err)
	}
	return report.Mutants
}

func TestHunt(t *testing.T) {
	for _, jobs := range []int{1, 2} {
		caught := huntOf(t, jobs,
			func(m *mutants.Mutant) { m.Name, m.Property = "vow", "force-order" },
			func(m *mutants.Mutant) { m.Name, m.Property = "another", "total-order" },
			func(m *mutants.Mutant) {
				m.Name, m.Wrap = "none", func(n protocols.Node) protocols.Node { return n }
			})
		vow, another, none := caught[0], caught[1], caught[2]
		if !vow.Good() || vow.Seed != 1 || vow.By != "force-order" || vow.Witness == "" || vow.Steps() > StepsMax || !vow.Minimal {
			t.Errorf("a mutant that shows at once: %+v", vow)
		}
		if !another.Good() || another.By == "total-order" || another.By == "" || another.Seed != 1 {
			t.Errorf("a mutant that breaks something else: %+v", another)
		}
		if none.Good() || none.Found || none.Seed != 4 || none.Twin != "" {
			t.Errorf("a mutant that errs in nothing: %+v", none)
		}
		if (&HuntReport{Mutants: caught}).Good() || !(&HuntReport{Mutants: caught[:2]}).Good() {
			t.Error("the report is not what its mutants are")
		}
	}
}

// TestHuntSeesAnUnsoundTwin: what breaks without the mutant proves nothing of it.
func TestHuntSeesAnUnsoundTwin(t *testing.T) {
	lab, err := NewLab()
	if err != nil {
		t.Fatal(err)
	}
	scenario, err := lab.Parse("tiny.yaml", strings.NewReader(head("zab", 3)+"expect: {all: {happens: [{note: leading, count: \"> 9\"}]}}}"))
	if err != nil {
		t.Fatal(err)
	}
	h := &hunting{lab: lab, twins: map[string]*twin{}}
	for range 2 { // the second time it is known
		text, err := h.twin(context.Background(), scenario, 3)
		if err != nil || !strings.Contains(text, "tiny/main, seed 1, scripted, happens") {
			t.Errorf("%q, %v", text, err)
		}
	}
}
