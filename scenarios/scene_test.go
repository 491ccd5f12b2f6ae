package scenarios

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"quorumlab/scenarios/language"
	"quorumlab/sim"
)

// scene is one run of a tiny scenario that a test looks into.
type scene struct {
	testing.TB
	lab      *Lab
	scenario *language.Scenario
	*execution
}

// head is the top of a tiny scenario: some lines of YAML follow it.
func head(protocol string, nodes int) string {
	return fmt.Sprintf("{name: tiny, title: tiny, protocol: %s, cluster: {nodes: %d, tick: 100ms}, until: 12s, ", protocol, nodes)
}

// newScene prepares the first run of a scenario, written in flow style.
func newScene(t testing.TB, text string, options Options) *scene {
	t.Helper()
	lab, err := NewLab()
	if err != nil {
		t.Fatal(err)
	}
	s := &scene{TB: t, lab: lab}
	if s.scenario, err = lab.Parse("tiny.yaml", strings.NewReader(text)); err != nil {
		t.Fatal(err)
	}
	run := Concrete(s.scenario.Runs[0], options.Seed)
	if s.execution, err = lab.prepare(s.scenario, &run, options); err != nil {
		t.Fatal(err)
	}
	return s
}

// at lets a test look at the world at an instant: after what the timeline does
// then.
func (s *scene) at(instant time.Duration, look func()) {
	s.agenda.add(item{at: instant, do: func() error { look(); return nil }})
}

// play runs to the end.
func (s *scene) play() {
	s.Helper()
	if err := s.agenda.carryOut(context.Background(), s.run.Until); err != nil {
		s.Fatal(err)
	}
}

// judged plays a scenario as Execute does and returns what it showed.
func judged(t testing.TB, text string, options Options) *Result {
	t.Helper()
	s := newScene(t, text, options)
	result, err := s.lab.Execute(context.Background(), s.scenario, &s.scenario.Runs[0], options)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

// verdict returns the verdict on a property and subject; "" is the first.
func verdict(t testing.TB, result *Result, property, subject string) Verdict {
	t.Helper()
	for _, v := range result.Verdicts {
		if v.Property == property && (subject == "" || v.Subject == subject) {
			return v
		}
	}
	t.Fatalf("no verdict on %s %q in %+v", property, subject, result.Verdicts)
	return Verdict{}
}

// unreachable lists the ordered pairs that are cut.
func (s *scene) unreachable() string {
	var cut []string
	for _, p := range pairsAmong(s.agenda.nodes()) {
		if !s.sim.World.Network.Reachable(p.From, p.To) {
			cut = append(cut, fmt.Sprintf("%d%d", p.From, p.To))
		}
	}
	return strings.Join(cut, " ")
}

// steps is an observer made of a function.
type steps func(w *sim.World, step *sim.Step)

func (f steps) Observe(w *sim.World, step *sim.Step) { f(w, step) }
