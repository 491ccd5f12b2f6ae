package sim_test

import (
	"fmt"
	"testing"
	"time"

	"quorumlab/network"
	"quorumlab/protocols"
	"quorumlab/sim"
)

func pause(node protocols.NodeID) sim.Fault  { return sim.Fault{Kind: sim.PauseNode, Node: node} }
func resume(node protocols.NodeID) sim.Fault { return sim.Fault{Kind: sim.ResumeNode, Node: node} }

func TestPausedNodeHandlesAllLater(t *testing.T) {
	s := newScene(t, 3, protocols.Stream)
	s.do(0, 2, protocols.SetTimer{Timer: protocols.Timer{Name: "tick"}, Min: 25 * ms, Max: 25 * ms}, write("w"))
	s.do(10*ms, 1, say(2, "a"), say(2, "b"))
	s.do(10*ms, 3, say(2, "x"))
	s.ask(30*ms, 2, order{Word: "q"})
	s.do(35*ms, 1, say(2, "c"))
	s.boot()
	s.strike(5*ms, pause(2))
	s.saw(100*ms, "30ms c2 asks n2 q")
	s.strike(100*ms, resume(2))
	// In the order in which it came.
	s.saw(time.Second, "100ms n2 persisted 1", "100ms n2<n1 a", "100ms n2<n1 b", "100ms n2<n3 x",
		"100ms n2 tick fired", "100ms n2<n1 c", "100ms c2 ok q")
}

// TestResumeKeepsStreamsInOrder: even if more arrives at the very instant.
func TestResumeKeepsStreamsInOrder(t *testing.T) {
	for name, kinds := range map[string][2]sim.Fault{
		"pause": {pause(2), resume(2)},
		"cut":   {cut("c", network.OneWay(1, 2)), heal("c")},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t, 2, protocols.Stream)
			for i := range 20 {
				s.do(time.Duration(i)*10*ms, 1, say(2, fmt.Sprint(i)))
			}
			s.boot()
			s.strike(5*ms, kinds[0])
			s.strike(100*ms, kinds[1])
			ordered(t, s, 20)
		})
	}
}

// TestSlowNodeKeepsStreamsInOrder: a node that takes as long for an event as
// the next takes to come, longer, and shorter.
func TestSlowNodeKeepsStreamsInOrder(t *testing.T) {
	for _, by := range []time.Duration{9 * ms, 10 * ms, 11 * ms, 35 * ms} {
		s := newScene(t, 2, protocols.Stream)
		for i := range 40 {
			s.do(time.Duration(i/2)*10*ms, 1, say(2, fmt.Sprint(i)))
		}
		s.boot()
		s.strike(0, sim.Fault{Kind: sim.SlowNode, Node: 2, By: by})
		last := time.Duration(-1)
		s.Watch(observer(func(step *sim.Step) {
			if step.Node != 2 {
				return
			}
			if last >= 0 && step.Time < last+by {
				t.Errorf("slow by %v: an event at %v, the one before at %v", by, step.Time, last)
			}
			last = step.Time
		}))
		ordered(t, s, 40)
	}
}

// ordered checks that node 2 receives so many messages, numbered in order.
func ordered(t *testing.T, s *scene, want int) {
	t.Helper()
	next := 0
	s.Watch(observer(func(step *sim.Step) {
		if e, ok := step.Event.(protocols.Received); ok {
			if word := e.Message.(order).Word; word != fmt.Sprint(next) {
				t.Errorf("message %d is %s", next, word)
			}
			next++
		}
	}))
	s.until(time.Minute)
	if next != want {
		t.Errorf("%d messages arrived, want %d", next, want)
	}
}

func TestSlowNode(t *testing.T) {
	s := newScene(t, 2, protocols.Stream)
	s.do(0, 1, say(2, "a"), say(2, "b"), say(2, "c"))
	s.do(60*ms, 1, say(2, "d"), say(2, "e"))
	s.boot()
	s.strike(0, sim.Fault{Kind: sim.SlowNode, Node: 2, By: 15 * ms})
	s.saw(50*ms, "10ms n2<n1 a", "25ms n2<n1 b", "40ms n2<n1 c")
	s.strike(60*ms, sim.Fault{Kind: sim.SlowNode, Node: 2})
	s.saw(time.Second, "70ms n2<n1 d", "70ms n2<n1 e")
}

func TestCrashWhilePaused(t *testing.T) {
	for _, kind := range []protocols.LinkKind{protocols.Stream, protocols.Datagram} {
		s := newScene(t, 2, kind)
		s.do(0, 2, protocols.SetTimer{Timer: protocols.Timer{Name: "tick"}, Min: 20 * ms, Max: 20 * ms}, write("w"))
		s.do(5*ms, 1, say(2, "a"))
		s.ask(10*ms, 2, order{Word: "q"})
		s.do(50*ms, 1, say(2, "b"))
		s.boot()
		lost := 0
		s.Watch(observer(func(step *sim.Step) { lost += step.Lost }))
		s.strike(ms, pause(2))
		s.strike(30*ms, sim.Fault{Kind: sim.CrashNode, Node: 2})
		want := []string{"10ms c2 asks n2 q", "30ms n2 stopped", "30ms c2 fail crashed"}
		if kind == protocols.Stream {
			want = append(want, "35ms n1<n2 broken")
		}
		s.saw(40*ms, want...)
		s.strike(40*ms, sim.Fault{Kind: sim.RestartNode, Node: 2})
		s.saw(time.Second, "60ms n2<n1 b")
		if len(s.World.Calls) > 0 || len(s.World.Network.Link(1, 2).Queue) > 0 {
			t.Errorf("%s: calls %+v and packets %+v are left", kind, s.World.Calls, s.World.Network.Link(1, 2).Queue)
		}
		if wantLost := map[protocols.LinkKind]int{protocols.Stream: 0, protocols.Datagram: 1}[kind]; lost != wantLost {
			t.Errorf("%s: %d messages lost, want %d", kind, lost, wantLost)
		}
	}
}

func TestPauseAndResumeOfOthersChangeNothing(t *testing.T) {
	s := newScene(t, 1, protocols.Stream)
	s.do(10*ms, 1, protocols.SetTimer{Timer: protocols.Timer{Name: "tick"}, Min: ms, Max: ms})
	s.boot()
	steps := s.Steps
	s.strike(0, resume(1))
	s.strike(ms, sim.Fault{Kind: sim.CrashNode, Node: 1})
	s.strike(2*ms, pause(1))
	s.strike(3*ms, sim.Fault{Kind: sim.CrashNode, Node: 1})
	s.strike(4*ms, sim.Fault{Kind: sim.RestartNode, Node: 1})
	s.strike(5*ms, sim.Fault{Kind: sim.RestartNode, Node: 1})
	if got := s.Steps - steps; got != 2 {
		t.Errorf("%d of these were steps, want the first crash and the first restart", got)
	}
	s.saw(time.Second, "1ms n1 stopped", "11ms n1 tick fired")
}
