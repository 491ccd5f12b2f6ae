package sim_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"quorumlab/protocols"
	"quorumlab/sim"
)

// whim is what a deterministic node must not look at.
var whim int

// fickle is a node that is not deterministic: in its effects, or in its state
// alone.
type fickle struct {
	Silent bool
	Mood   int
}

func (f *fickle) Step(_ time.Duration, event protocols.Event, out *protocols.Effects) {
	if _, ok := event.(protocols.TimerFired); !ok {
		out.SetTimer(protocols.Timer{Name: "tick"}, ms, ms)
		return
	}
	whim++
	if f.Silent {
		f.Mood = whim
	} else {
		out.Note(protocols.Note{Kind: "mood", Slot: uint64(whim)})
	}
}

func failure(t *testing.T, err error) *sim.Failure {
	t.Helper()
	var f *sim.Failure
	if !errors.As(err, &f) {
		t.Fatalf("got error %v, want a Failure", err)
	}
	return f
}

func TestAuditFindsWhatIsNotDeterministic(t *testing.T) {
	for _, silent := range []bool{false, true} {
		s := newScene(t, 1, protocols.Datagram)
		s.config.AuditEvery = 1
		s.setup.Protocol.New = func(protocols.Config) (protocols.Node, error) { return &fickle{Silent: silent}, nil }
		s.boot()
		_, err := s.RunUntil(time.Second, nil)
		f := failure(t, err)
		if f.Deterministic || f.Step != 2 || f.Node != "n1" || f.Time != ms {
			t.Errorf("silent %v: %+v", silent, f)
		}
		if silent != strings.Contains(f.What, "different states") || !strings.Contains(f.Error(), "is not deterministic") {
			t.Errorf("silent %v: %v", silent, f)
		}
	}
}

func TestAuditFindsNothingInZab(t *testing.T) {
	s := newZabWith(t, 3, 3, 20, sim.Config{Seed: 1, AuditEvery: 1})
	if _, err := s.RunUntil(5*time.Second, nil); err != nil {
		t.Error(err)
	}
}

func TestPanicOfANodeNamesTheStep(t *testing.T) {
	s := newScene(t, 2, protocols.Stream)
	s.do(5*ms, 1, say(2, "fine"), say(2, "panic"))
	s.boot()
	_, err := s.RunUntil(time.Second, nil)
	f := failure(t, err)
	// Two boots, invoke, request, answer and the first message come before.
	if !f.Deterministic || f.Step != 7 || f.Time != 15*ms || f.Node != "n2" || f.What != "told to" {
		t.Errorf("got %+v", f)
	}
	if got := f.Error(); got != "step 7 at 15ms: node n2 panics: told to" {
		t.Errorf("Error() = %q", got)
	}
}

func TestPanicOverADiskNamesTheNode(t *testing.T) {
	s := newScene(t, 2, protocols.Stream)
	s.do(0, 2, protocols.Persist{Writes: []protocols.Write{protocols.CutTail{From: 7}}})
	s.boot()
	_, err := s.RunUntil(time.Second, nil)
	if f := failure(t, err); f.Node != "n2" || f.What != "protocols: CutTail outside the log" {
		t.Errorf("got %+v", f)
	}
}

// bomb is an observer that panics.
type bomb struct{}

func (bomb) Observe(*sim.World, *sim.Step) { panic("an observer's fault") }

func TestPanicOfAnObserverIsNoNodesFault(t *testing.T) {
	for name, use := range map[string]func(*scene) error{
		"observer": func(s *scene) error {
			s.Watch(bomb{})
			_, err := s.RunUntil(time.Second, nil)
			return err
		},
		"stop": func(s *scene) error {
			_, err := s.RunUntil(time.Second, func() bool { panic("an observer's fault") })
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t, 1, protocols.Stream)
			s.do(0, 1)
			s.boot()
			defer func() {
				if r := recover(); r != "an observer's fault" {
					t.Errorf("recovered %v", r)
				}
			}()
			err := use(s)
			t.Errorf("no panic, error %v", err)
		})
	}
}

func TestTimersMustLieAhead(t *testing.T) {
	for _, timer := range []protocols.SetTimer{{Min: -1, Max: 1}, {Min: 2, Max: 1}} {
		s := newScene(t, 1, protocols.Stream)
		s.do(0, 1, timer)
		s.boot()
		_, err := s.RunUntil(time.Second, nil)
		failure(t, err)
	}
}
