package sim_test

import (
	"fmt"
	"testing"
	"time"

	"quorumlab/network"
	"quorumlab/protocols"
	"quorumlab/sim"
)

// volley is what became of many datagrams from node 1 to node 2.
type volley struct {
	sent, got, lost, twice, overtook int
	least, most, sum                 time.Duration
}

func fire(t *testing.T, c network.Conditions) volley {
	t.Helper()
	const messages = 4000
	s := newScene(t, 2, protocols.Datagram)
	s.config.Conditions = func(_, _ protocols.NodeID) network.Conditions { return c }
	for i := range messages {
		s.do(time.Duration(i)*ms, 1, say(2, fmt.Sprint(i)))
	}
	s.boot()
	v := volley{sent: messages, least: time.Hour}
	seen := make([]int, messages)
	latest := -1
	s.Watch(observer(func(step *sim.Step) {
		v.lost += step.Lost
		e, ok := step.Event.(protocols.Received)
		if !ok {
			return
		}
		var i int
		if _, err := fmt.Sscan(e.Message.(order).Word, &i); err != nil {
			t.Fatal(err)
		}
		delay := step.Time - time.Duration(i)*ms
		v.least, v.most, v.sum = min(v.least, delay), max(v.most, delay), v.sum+delay
		if v.got++; i < latest && seen[i] == 0 {
			v.overtook++
		}
		latest = max(latest, i)
		if seen[i]++; seen[i] == 2 {
			v.twice++
		} else if seen[i] > 2 {
			t.Errorf("message %d came %d times", i, seen[i])
		}
	}))
	s.until(time.Minute)
	for i := range s.World.Network.Links {
		if left := s.World.Network.Links[i].Queue; len(left) > 0 {
			t.Errorf("still under way at the end: %+v", left)
		}
	}
	return v
}

// about reports whether n of the messages have the chance p, within four
// standard deviations at most.
func (v volley) about(n int, p network.Probability) bool {
	want := v.sent * int(p) / 1_000_000
	return n > want-130 && n < want+130
}

func TestDatagramsArePlainByDefault(t *testing.T) {
	v := fire(t, network.Conditions{Delay: network.ConstantDelay(3 * ms)})
	if v.got != v.sent || v.lost+v.twice+v.overtook != 0 || v.least != 3*ms || v.most != 3*ms {
		t.Errorf("%+v", v)
	}
}

func TestLoss(t *testing.T) {
	v := fire(t, network.Conditions{Loss: 200_000})
	if !v.about(v.lost, 200_000) || v.got != v.sent-v.lost || v.twice != 0 {
		t.Errorf("%+v", v)
	}
}

func TestCorruptDatagramsAreLost(t *testing.T) {
	v := fire(t, network.Conditions{Corrupt: 300_000})
	if !v.about(v.lost, 300_000) || v.got != v.sent-v.lost {
		t.Errorf("%+v", v)
	}
}

func TestDuplicates(t *testing.T) {
	for _, p := range []network.Probability{250_000, network.Certain} {
		v := fire(t, network.Conditions{Duplicate: p, Delay: network.UniformDelay(0, ms/2)})
		if !v.about(v.twice, p) || v.got != v.sent+v.twice || v.lost != 0 || v.most > ms/2 {
			t.Errorf("%d: %+v", p, v)
		}
	}
}

// TestDuplicatesOutliveTheirOriginal: one that is lost may come all the same.
func TestDuplicatesOutliveTheirOriginal(t *testing.T) {
	v := fire(t, network.Conditions{Duplicate: 500_000, Loss: network.Certain})
	if v.lost != v.sent || v.twice != 0 || !v.about(v.got, 500_000) {
		t.Errorf("%+v", v)
	}
}

func TestReordering(t *testing.T) {
	v := fire(t, network.Conditions{
		Delay: network.ConstantDelay(ms), Reorder: 100_000, ReorderDelay: network.ConstantDelay(1500 * time.Microsecond),
	})
	// One that follows at once and is late as well is not overtaken by it.
	if !v.about(v.overtook, 95_000) || v.got != v.sent || v.most != 2500*time.Microsecond {
		t.Errorf("%+v", v)
	}
}

func TestDelaysAreDistributed(t *testing.T) {
	v := fire(t, network.Conditions{Delay: network.UniformDelay(2*ms, 6*ms)})
	if mean := v.sum / time.Duration(v.got); v.got != v.sent || v.least < 2*ms || v.most > 6*ms ||
		mean < 3900*time.Microsecond || mean > 4100*time.Microsecond {
		t.Errorf("%+v", v)
	}
}

func TestDatagramsMeetCutsAndCrashes(t *testing.T) {
	s := newScene(t, 2, protocols.Datagram)
	for i, word := range []string{"a", "b", "c", "d", "e"} {
		s.do(time.Duration(i)*20*ms, 1, say(2, word))
	}
	s.boot()
	s.strike(25*ms, cut("cut", network.OneWay(1, 2))) // "b" is under way
	s.strike(35*ms, heal("cut"))
	s.strike(45*ms, sim.Fault{Kind: sim.CrashNode, Node: 2}) // "c" is under way
	s.strike(65*ms, sim.Fault{Kind: sim.RestartNode, Node: 2})
	s.saw(time.Second, "10ms n2<n1 a", "45ms n2 stopped", "70ms n2<n1 d", "90ms n2<n1 e")
}
