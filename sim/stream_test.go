package sim_test

import (
	"fmt"
	"testing"
	"time"

	"quorumlab/network"
	"quorumlab/protocols"
	"quorumlab/sim"
)

func cut(name string, pairs []network.Pair) sim.Fault {
	return sim.Fault{Kind: sim.CutLinks, Cut: name, Pairs: pairs}
}

func heal(name string) sim.Fault { return sim.Fault{Kind: sim.HealLinks, Cut: name} }

func TestCutHoldsThenBreaks(t *testing.T) {
	s := newScene(t, 2, protocols.Stream)
	s.do(0, 1, say(2, "a"))
	s.do(5*ms, 1, say(2, "b"))
	s.do(30*ms, 2, say(1, "x"))
	s.do(300*ms, 1, say(2, "c"))
	s.do(400*ms, 1, say(2, "d"))
	s.boot()
	s.strike(8*ms, cut("cut", network.Split([]protocols.NodeID{1}, []protocols.NodeID{2})))
	// "a" is held at 10 ms; 200 ms later the stream breaks, and 5 ms later both
	// ends know. What is sent then is refused.
	s.saw(250*ms, "215ms n2<n1 broken", "215ms n1<n2 broken")
	s.saw(350*ms, "305ms n1<n2 broken")
	s.strike(350*ms, heal("cut"))
	s.saw(time.Second, "410ms n2<n1 d")
}

func TestHealInTimeLosesNothing(t *testing.T) {
	s := newScene(t, 2, protocols.Stream)
	for i, word := range []string{"a", "b", "c", "d", "e"} {
		s.do(time.Duration(i)*30*ms, 1, say(2, word))
	}
	s.boot()
	s.strike(5*ms, cut("cut", network.Isolate(2, 1)))
	s.strike(125*ms, heal("cut")) // "e" is under way, the others are held
	s.saw(time.Second, "135ms n2<n1 a", "135ms n2<n1 b", "135ms n2<n1 c", "135ms n2<n1 d", "135ms n2<n1 e")
}

// TestFlappingCut: a stream breaks by the stall that lasts too long, not by
// the sum of short ones.
func TestFlappingCut(t *testing.T) {
	s := newScene(t, 2, protocols.Stream)
	s.do(0, 1, say(2, "a"))
	s.do(140*ms, 1, say(2, "b"))
	s.boot()
	for i := range time.Duration(2) {
		s.strike(5*ms+i*140*ms, cut("cut", network.Isolate(2, 1)))
		s.strike(105*ms+i*140*ms, heal("cut"))
	}
	// The second stall begins at 150 ms; that of the first would break the
	// stream at 210.
	s.strike(245*ms, cut("cut", network.Isolate(2, 1)))
	s.saw(400*ms, "115ms n2<n1 a")
	s.strike(400*ms, heal("cut"))
	s.saw(time.Second, "410ms n2<n1 b")
}

func TestCutReplacedByAnother(t *testing.T) {
	s := newScene(t, 3, protocols.Stream)
	s.do(0, 1, say(2, "a"))
	s.boot()
	s.strike(5*ms, cut("cut", network.Partial(1, 2)))
	s.strike(50*ms, cut("cut", network.Partial(1, 3)))
	s.saw(time.Second, "60ms n2<n1 a")
}

func TestOneWayCut(t *testing.T) {
	s := newScene(t, 2, protocols.Stream)
	s.do(0, 1, say(2, "a"))
	s.do(20*ms, 1, say(2, "b"))
	s.do(20*ms, 2, say(1, "x"))
	s.boot()
	s.strike(15*ms, cut("cut", network.OneWay(1, 2)))
	s.saw(150*ms, "10ms n2<n1 a", "30ms n1<n2 x")
	s.saw(time.Second, "235ms n2<n1 broken", "235ms n1<n2 broken")
}

func TestHealOfSomePairs(t *testing.T) {
	s := newScene(t, 3, protocols.Stream)
	s.do(0, 1, say(2, "a"), say(3, "a"))
	s.boot()
	s.strike(5*ms, cut("cut", network.Isolate(3, 1)))
	s.strike(50*ms, sim.Fault{Kind: sim.HealLinks, Pairs: network.Partial(1, 3)})
	s.saw(150*ms, "60ms n3<n1 a")
	s.strike(150*ms, sim.Fault{Kind: sim.HealLinks})
	s.saw(time.Second, "160ms n2<n1 a")
}

func TestCrashOfAPeer(t *testing.T) {
	s := newScene(t, 2, protocols.Stream)
	s.do(0, 1, say(2, "a"))
	s.do(20*ms, 1, say(2, "b"))
	s.do(20*ms, 2, say(1, "x"))
	s.do(40*ms, 1, say(2, "c"))
	s.do(60*ms, 1, say(2, "d"))
	s.boot()
	// At 25 ms "b" has not reached n2, and is lost; "x" has left it.
	s.strike(25*ms, sim.Fault{Kind: sim.CrashNode, Node: 2})
	s.saw(35*ms, "10ms n2<n1 a", "25ms n2 stopped", "30ms n1<n2 x", "30ms n1<n2 broken")
	s.saw(50*ms, "45ms n1<n2 broken") // the dial was refused
	s.strike(50*ms, sim.Fault{Kind: sim.RestartNode, Node: 2})
	s.saw(time.Second, "70ms n2<n1 d")
}

func TestCorruptionBreaksAStream(t *testing.T) {
	s := newScene(t, 2, protocols.Stream)
	s.config.Conditions = func(from, _ protocols.NodeID) network.Conditions {
		c := network.Conditions{Delay: network.ConstantDelay(10 * ms)}
		if from == 1 {
			c.Corrupt = network.Certain
		}
		return c
	}
	s.do(0, 2, say(1, "x"))
	s.do(0, 1, say(2, "a"), say(2, "b"))
	s.boot()
	lost := 0
	s.Watch(observer(func(step *sim.Step) { lost += step.Lost }))
	s.saw(time.Second, "10ms n1<n2 x", "15ms n2<n1 broken", "15ms n1<n2 broken")
	if lost != 1 {
		t.Errorf("%d messages were found corrupted, want the first", lost)
	}
}

type observer func(*sim.Step)

func (o observer) Observe(_ *sim.World, step *sim.Step) { o(step) }

func TestBreakByFault(t *testing.T) {
	s := newScene(t, 3, protocols.Stream)
	s.do(0, 1, say(2, "a"), say(3, "a"))
	s.do(0, 2, say(1, "x"))
	s.boot()
	s.strike(5*ms, sim.Fault{Kind: sim.BreakStream, Pairs: network.Partial(1, 2)})
	s.saw(time.Second, "10ms n3<n1 a", "10ms n2<n1 broken", "10ms n1<n2 broken")
}

// TestBandwidthSerializes: n messages of one size take n times as long as one,
// whatever else is under way on other links.
func TestBandwidthSerializes(t *testing.T) {
	for _, kind := range []protocols.LinkKind{protocols.Stream, protocols.Datagram} {
		s := newScene(t, 3, kind)
		size := 48 + len(s.setup.Codec.Canonical(order{Word: "abc"}))
		c := network.Conditions{Delay: network.ConstantDelay(ms), Bandwidth: uint64(1000 * size)} // a message a millisecond
		s.config.Conditions = func(_, _ protocols.NodeID) network.Conditions { return c }
		s.do(0, 1, say(2, "abc"), say(2, "abd"), say(3, "abc"), say(2, "abe"))
		s.do(10*ms, 1, say(2, "abc"))
		s.boot()
		s.saw(time.Second,
			"2ms n2<n1 abc", "2ms n3<n1 abc", "3ms n2<n1 abd", "4ms n2<n1 abe", // the link was idle in between
			"12ms n2<n1 abc")
	}
}

func TestConditionsCanChange(t *testing.T) {
	s := newScene(t, 3, protocols.Stream)
	s.do(0, 1, say(2, "a"), say(3, "a"))
	s.do(50*ms, 1, say(2, "b"), say(3, "b"))
	s.do(100*ms, 1, say(2, "c"), say(3, "c"))
	s.boot()
	slow := network.Conditions{Delay: network.ConstantDelay(30 * ms)}
	s.strike(20*ms, sim.Fault{Kind: sim.SetLinks, Pairs: network.OneWay(1, 2), Conditions: slow})
	if s.Conditions(1, 2) != slow || s.Conditions(2, 1) == slow {
		t.Error("the conditions of 1 to 2 alone should have changed")
	}
	s.saw(90*ms, "10ms n2<n1 a", "10ms n3<n1 a", "60ms n3<n1 b", "80ms n2<n1 b")
	s.strike(90*ms, sim.Fault{Kind: sim.SetLinks, Conditions: slow})
	s.saw(time.Second, "130ms n2<n1 c", "130ms n3<n1 c")
}

// TestStreamsKeepTheirOrder: whatever delays are drawn.
func TestStreamsKeepTheirOrder(t *testing.T) {
	s := newScene(t, 2, protocols.Stream)
	delay := network.LogNormalDelay(10*ms, 1500)
	s.config.Conditions = func(_, _ protocols.NodeID) network.Conditions { return network.Conditions{Delay: delay} }
	const messages = 500
	for i := range messages {
		s.do(time.Duration(i)*ms, 1, say(2, fmt.Sprint(i)))
	}
	s.boot()
	var got []string
	s.Watch(observer(func(step *sim.Step) {
		if e, ok := step.Event.(protocols.Received); ok {
			got = append(got, e.Message.(order).Word)
		}
	}))
	s.until(time.Minute)
	if len(got) != messages {
		t.Fatalf("%d messages arrived", len(got))
	}
	for i, word := range got {
		if word != fmt.Sprint(i) {
			t.Fatalf("message %d is %s", i, word)
		}
	}
}
