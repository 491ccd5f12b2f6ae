package reference

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"

	"quorumlab/checker/explore"
)

// seen is an expander that writes down what was visited: the local states of
// each actor and the histories.
type seen struct {
	explore.Divided
	parts map[string]bool
	m     *Register
}

// watched is a model that does so. It is for one worker.
type watched struct {
	*Register
	parts map[string]bool
}

func (w watched) Expander() explore.Expander { return &seen{w.Register, w.parts, w.Register} }

func (s *seen) Hits(state []uint32) uint64 {
	actors := s.m.servers + s.m.clients
	for actor, id := range state[:actors] {
		cell, _ := s.m.lookAt(actor, id)
		s.parts[fmt.Sprint(actor, cell)] = true
	}
	s.parts[fmt.Sprint("history ", s.m.verdicts.At(state[actors]).content)] = true
	return s.m.Hits(state)
}

// TestPartialOrder holds every register model with partial-order reduction
// against the model without: the verdicts are equal, and so are the local states
// that actors reach, the histories and the number of final states.
func TestPartialOrder(t *testing.T) {
	for _, test := range []struct{ name, clients, servers, network string }{
		{"register-single", "2", "1", "nondup"},
		{"register-single", "2", "2", "nondup"},
		{"register-single", "2", "2", "ordered"},
		{"register-single", "2", "2", "dup"},
		{"register-single", "3", "2", "nondup"},
		{"register-abd", "2", "2", "nondup"},
		{"register-abd", "2", "2", "ordered"},
		{"register-paxos", "1", "3", "nondup"},
		{"register-paxos", "2", "3", "nondup"},
		{"register-paxos", "2", "2", "ordered"},
	} {
		at := slices.IndexFunc(All(), func(e explore.Entry) bool { return e.Name == test.name })
		model, _, err := All()[at].Make(map[string]string{"clients": test.clients, "servers": test.servers, "network": test.network})
		if err != nil {
			t.Fatal(err)
		}
		var results [2]*explore.Result
		var parts [2]map[string]bool
		for i, reduced := range []bool{false, true} {
			parts[i] = map[string]bool{}
			results[i], err = explore.Run(context.Background(), watched{model.(*Register), parts[i]},
				explore.Options{Workers: 1, PartialOrder: reduced, Audit: true})
			if err != nil {
				t.Fatal(err)
			}
		}
		whole, less := results[0], results[1]
		if !maps.Equal(parts[0], parts[1]) {
			t.Errorf("%v: %d local states and histories, reduced %d", test, len(parts[0]), len(parts[1]))
		}
		for i, f := range whole.Findings {
			if f.Verdict != less.Findings[i].Verdict {
				t.Errorf("%v: %s %s, reduced %s", test, f.Property.Name, f.Verdict, less.Findings[i].Verdict)
			}
		}
		if whole.Terminal != less.Terminal || less.Distinct > whole.Distinct || !less.Complete() {
			t.Errorf("%v: %d states, %d final, reduced %d, %d final", test, whole.Distinct, whole.Terminal, less.Distinct, less.Terminal)
		}
		t.Logf("%v: %d/%d, reduced %d/%d", test, whole.Distinct, whole.Generated, less.Distinct, less.Generated)
		again, err := explore.Run(context.Background(), model, explore.Options{Workers: 2, PartialOrder: true})
		if err != nil || again.Distinct != less.Distinct || again.Generated != less.Generated || again.Depth != less.Depth {
			t.Errorf("%v: two workers find %+v, one %+v", test, again, less)
		}
	}
}

func TestPartialOrderOfWhom(t *testing.T) {
	at := slices.IndexFunc(All(), func(e explore.Entry) bool { return e.Name == "twophase" })
	model, _, err := All()[at].Make(nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := explore.Run(context.Background(), model, explore.Options{Workers: 1, PartialOrder: true}); !errors.Is(err, explore.ErrIndivisible) {
		t.Errorf("the steps of an abstract specification are divided: %v", err)
	}
}
