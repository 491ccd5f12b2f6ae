package language

import (
	"errors"
	"strings"
	"testing"
	"time"
)

const twoRuns = `
name: two
protocol: zab
parameters: {reads: sync}
links: {delay: 1ms}
timeline: [{at: 1s, say: top}]
runs:
  plain: {}
  own:
    parameters: {reads: local}
    cluster: {tick: 1s}
    timeline: [{at: 2s, say: own}]
expect:
  all: {linearizable: holds}
  own: {linearizable: violated}
`

// TestOverrides checks what each --set does to the two runs.
func TestOverrides(t *testing.T) {
	plain := func(s *Scenario) *Run { return &s.Runs[0] }
	own := func(s *Scenario) *Run { return &s.Runs[1] }
	for set, holds := range map[string]func(*Scenario) bool{
		"parameters.reads=sync": func(s *Scenario) bool {
			return plain(s).Parameters["reads"] == "sync" && own(s).Parameters["reads"] == "sync"
		},
		"parameters.syncLimit=9": func(s *Scenario) bool {
			return plain(s).Parameters["syncLimit"] == "9" && own(s).Parameters["syncLimit"] == "9" && own(s).Parameters["reads"] == "local"
		},
		"runs.plain.parameters.reads=local": func(s *Scenario) bool {
			return plain(s).Parameters["reads"] == "local" && len(plain(s).Parameters) == 1
		},
		"cluster.nodes=5": func(s *Scenario) bool {
			return len(plain(s).Cluster.Nodes) == 5 && len(own(s).Cluster.Nodes) == 5 && own(s).Cluster.Tick == time.Second
		},
		"cluster.nodes=[a, b]": func(s *Scenario) bool { return own(s).Cluster.Nodes[1].Name == "b" },
		"timeline.0.at=3s": func(s *Scenario) bool {
			return plain(s).Timeline[0].At == 3*time.Second && own(s).Timeline[0].At == 3*time.Second &&
				own(s).Timeline[0].Action == Say{"own"}
		},
		"expect.own.linearizable=holds": func(s *Scenario) bool { return own(s).Expect.Properties["linearizable"] == Holds },
		"expect.all.linearizable=any": func(s *Scenario) bool {
			return plain(s).Expect.Properties["linearizable"] == Any && own(s).Expect.Properties["linearizable"] == Any
		},
		"expect.plain.availability.n2=>= 99%": func(s *Scenario) bool {
			return plain(s).Expect.Availability[0] == AvailabilityExpectation{Side: "n2", Bound: Bound{AtLeast, 990_000}}
		},
		"timeline=[]":                            func(s *Scenario) bool { return len(plain(s).Timeline)+len(own(s).Timeline) == 0 },
		`title="a: b"`:                           func(s *Scenario) bool { return s.Title == "a: b" },
		"links.delay={uniform: [1ms, 2ms]}":      func(s *Scenario) bool { return own(s).Links.Default.Delay.Max == 2*time.Millisecond },
		"runs.own.timeline.0.say=x=y, and more.": func(s *Scenario) bool { return own(s).Timeline[0].Action == Say{"x=y, and more."} },
	} {
		if s := parse(t, twoRuns, set); !holds(s) {
			t.Errorf("--set %s gave %+v", set, s)
		}
	}
}

// TestOverrideProblems checks that a wrong --set is told with a place in it.
func TestOverrideProblems(t *testing.T) {
	for set, want := range map[string]string{
		"cluster.nods=5":                    `unknown key "nods"`,
		"clster.nodes=5":                    `did you mean "cluster"?`,
		"parameters.raeds=local":            `did you mean "reads"?`,
		"parameters.reads=lokal":            `did you mean "local"?`,
		"runs.onw.until=3s":                 `did you mean "own"?`,
		"expect.plan.linearizable=holds":    `did you mean "plain"?`,
		"expect.own.linearisable=holds":     `did you mean "linearizable"?`,
		"expect.own.linearizable=hold":      `did you mean "holds"?`,
		"timeline.7.at=3s":                  "a number from 0 to 0",
		"timeline.x.at=3s":                  "a number from 0 to 0",
		"timeline.00.at=3s":                 "a number from 0 to 0",
		"timeline.0.at.x=3s":                "a path that ends there",
		"name.x=y":                          "a path that ends there",
		"cluster.nodes":                     "path=value",
		"=5":                                "joined by dots",
		"cluster..nodes=5":                  "joined by dots",
		"cluster nodes=5":                   "joined by dots",
		"a=b\nc":                            "path=value",
		"cluster.nodes=[a, b":               "broken YAML",
		"cluster.nodes=[a, a]":              "every name once",
		"until=-3s":                         "from 0 to 24h",
		strings.Repeat("a.", 40) + "b=1":    "more than 32 steps",
		"cluster.nodes=" + "\xff":           "UTF-8",
		"title=" + strings.Repeat("x", 2e6): "more than 1 MiB",
	} {
		_, err := Parse("two.yaml", []byte(twoRuns), words(), set)
		var problem *Problem
		if !errors.As(err, &problem) || !strings.Contains(err.Error(), want) {
			t.Errorf("--set %.60s: got %v, want %s", set, err, want)
			continue
		}
		if !strings.HasPrefix(problem.File, "--set ") || problem.Line != 1 || problem.Excerpt == "" {
			t.Errorf("--set %.60s: placed at %.60s:%d", set, problem.File, problem.Line)
		}
	}
	if _, err := Parse("x.yaml", []byte(smallest), words(), "runs.x.until=1s"); err == nil || !strings.Contains(err.Error(), "a scenario with runs") {
		t.Errorf("a run of a scenario without runs: %v", err)
	}
}
