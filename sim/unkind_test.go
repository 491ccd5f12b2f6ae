package sim_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"quorumlab/network"
	"quorumlab/protocols"
	"quorumlab/sim"
)

func certainly(s *scene) { s.config.ClientLoss = 1_000_000 }

// TestLostRequestsAreInfo: nothing tells the client, nor did the node.
func TestLostRequestsAreInfo(t *testing.T) {
	s := newClients(t)
	certainly(s)
	s.ask(0, 1, order{Word: "q"})
	s.boot()
	s.saw(time.Second, "0s c1 asks n1 q", "100ms c1 retries n2", "200ms c1 retries n3", "300ms c1 info timeout")
}

// TestSomeCallsAreLost: requests and answers both, and the draws are none of
// those that decide delays.
func TestSomeCallsAreLost(t *testing.T) {
	outcomes := map[string]int{}
	for seed := range uint64(200) {
		s := newClients(t)
		s.config.Seed, s.config.ClientLoss = seed, 300_000
		s.setup.Clients[0].Contacts = []protocols.NodeID{1}
		s.ask(0, 1, order{Word: "q", Do: protocols.Effects{write("r")}})
		s.boot()
		s.until(time.Second)
		executed := len(s.log(1)) == 1
		switch answered := slices.Contains(s.seen, "4ms c1 ok q"); {
		case answered && executed:
			outcomes["answered"]++
		case executed:
			outcomes["answer lost"]++
		case !answered:
			outcomes["request lost"]++
		default:
			t.Fatalf("seed %d: answered without being executed: %q", seed, s.seen)
		}
	}
	for _, outcome := range []string{"answered", "answer lost", "request lost"} {
		if outcomes[outcome] < 20 {
			t.Errorf("%s: %d of 200", outcome, outcomes[outcome])
		}
	}
}

func powerLoss(node protocols.NodeID) sim.Fault {
	return sim.Fault{Kind: sim.CrashNode, Node: node, Power: true}
}

// TestHalfOpenUntilThePeerSends: who lost its power tells nobody. The peer
// learns when what it sends is not answered.
func TestHalfOpenUntilThePeerSends(t *testing.T) {
	s := newScene(t, 2, protocols.Stream)
	s.do(0, 1, say(2, "a"))
	s.do(900*ms, 2, say(1, "b"))
	s.do(1000*ms, 2, say(1, "c"))
	s.boot()
	s.strike(50*ms, powerLoss(1))
	s.saw(899*ms, "10ms n2<n1 a", "50ms n1 stopped")
	s.saw(2*time.Second, "1.1s n2<n1 broken") // StreamTimeout after the first
}

// TestAMachineThatRunsAgainAnswers: it knows of no such connection, and says so
// in a round trip.
func TestAMachineThatRunsAgainAnswers(t *testing.T) {
	s := newScene(t, 2, protocols.Stream)
	s.do(0, 1, say(2, "a"))
	s.do(900*ms, 2, say(1, "b"))
	s.do(950*ms, 2, say(1, "c"))
	s.boot()
	s.strike(50*ms, powerLoss(1))
	s.strike(500*ms, sim.Fault{Kind: sim.RestartNode, Node: 1})
	s.saw(2*time.Second, "10ms n2<n1 a", "50ms n1 stopped", "920ms n2<n1 broken", "960ms n1<n2 c")
}

// TestANewConnectionEndsTheOld: the peer learns of the break before it gets
// anything of the new connection.
func TestANewConnectionEndsTheOld(t *testing.T) {
	for _, probed := range []bool{false, true} {
		s := newScene(t, 2, protocols.Stream)
		s.do(0, 1, say(2, "a"))
		if probed { // and waits for its time-out
			s.do(460*ms, 2, say(1, "lost"))
		}
		s.do(600*ms, 1, say(2, "new"))
		s.boot()
		s.strike(50*ms, powerLoss(1))
		s.strike(500*ms, sim.Fault{Kind: sim.RestartNode, Node: 1})
		s.saw(2*time.Second, "10ms n2<n1 a", "50ms n1 stopped", "600ms n2<n1 broken", "610ms n2<n1 new")
	}
}

// TestPowerLossLosesWhatWasSent: any suffix of it; a crash of the process alone
// loses none.
func TestPowerLossLosesWhatWasSent(t *testing.T) {
	arrived := map[int]int{}
	for seed := range uint64(60) {
		for _, power := range []bool{false, true} {
			s := newScene(t, 2, protocols.Stream)
			s.config.Seed = seed
			for i, word := range []string{"a", "b", "c"} {
				s.do(time.Duration(i)*ms, 1, say(2, word))
			}
			s.boot()
			s.strike(5*ms, sim.Fault{Kind: sim.CrashNode, Node: 1, Power: power})
			s.until(time.Second)
			got := ""
			for _, line := range s.seen {
				if _, word, is := strings.Cut(line, "n2<n1 "); is {
					got += word
				}
			}
			if !power && got != "abcbroken" || power && !strings.HasPrefix("abc", got) {
				t.Fatalf("seed %d, power %t: %q", seed, power, got)
			}
			if power {
				arrived[len(got)]++
			}
		}
	}
	if len(arrived) != 4 {
		t.Errorf("of three messages arrive, so often: %v", arrived)
	}
}

// TestATimerHeedsLaterDrift: what is left of it is left on the node's own clock.
func TestATimerHeedsLaterDrift(t *testing.T) {
	for drift, want := range map[int64]string{
		0:        "1s n1 bell fired",
		-500_000: "1.6s n1 bell fired", // 600 ms are left when the clock slows down to half
		500_000:  "800ms n1 bell fired",
	} {
		s := newScene(t, 2, protocols.Stream)
		bell := protocols.SetTimer{Timer: protocols.Timer{Name: "bell"}, Min: time.Second, Max: time.Second}
		s.do(0, 1, bell)
		s.do(0, 2, bell)
		s.boot()
		s.strike(400*ms, sim.Fault{Kind: sim.DriftClock, Node: 1, Drift: drift})
		s.until(5 * time.Second)
		if !slices.Contains(s.seen, want) || !slices.Contains(s.seen, "1s n2 bell fired") {
			t.Errorf("drift %d: %q, want %q", drift, s.seen, want)
		}
	}
}

func TestRottenMetaAndSnapshot(t *testing.T) {
	var d sim.Disk
	if d.RotMeta() || d.RotSnapshot() {
		t.Error("what was never written rots")
	}
	store := func(writes ...protocols.Write) {
		d.Pending = append(d.Pending, protocols.Persist{Mark: 1, Writes: writes})
		d.Start()
		d.Complete()
	}
	store(protocols.SetMeta{Meta: "m"}, protocols.SaveSnapshot{Snapshot: "s"})
	if image := d.Image(); image.Unreadable() != "" || image.Meta != "m" || image.Snapshot != "s" {
		t.Errorf("%+v", image)
	}
	if !d.RotMeta() || d.RotMeta() {
		t.Error("the metadata does not rot, or twice")
	}
	if image := d.Image(); !image.MetaDamaged || image.Meta != nil || image.Unreadable() != "the metadata is damaged" {
		t.Errorf("%+v", image)
	}
	store(protocols.SetMeta{Meta: "n"})
	if image := d.Image(); image.MetaDamaged || image.Meta != "n" {
		t.Errorf("what is written anew is still damaged: %+v", image)
	}
	if !d.RotSnapshot() || d.RotSnapshot() {
		t.Error("the snapshot does not rot, or twice")
	}
	if image := d.Image(); !image.SnapshotDamaged || image.Snapshot != nil || image.Unreadable() != "the snapshot is damaged" {
		t.Errorf("%+v", image)
	}
	store(protocols.SaveSnapshot{Snapshot: "t"})
	if image := d.Image(); image.SnapshotDamaged || image.Snapshot != "t" {
		t.Errorf("what is written anew is still damaged: %+v", image)
	}
}

// TestHeldLinks: time moves nothing there, and nothing is lost.
func TestHeldLinks(t *testing.T) {
	for _, kind := range []protocols.LinkKind{protocols.Stream, protocols.Datagram} {
		s := newScene(t, 2, kind)
		pair := []network.Pair{{From: 1, To: 2}}
		s.do(0, 1, say(2, "a"))
		s.do(ms, 2, say(1, "x"))
		s.do(500*ms, 1, say(2, "b"))
		s.boot()
		s.Hold(pair)
		s.saw(time.Second, "11ms n1<n2 x")
		if !s.Held(1, 2) || s.Held(2, 1) {
			t.Error("other links are held")
		}
		if done, err := s.Choose(sim.Choice{Kind: sim.Deliver, Node: 1, Peer: 2, ID: 1}); !done || err != nil {
			t.Errorf("by hand it does not move: %t, %v", done, err)
		}
		s.Release(pair)
		s.saw(2*time.Second, "1s n2<n1 a", "1s n2<n1 b")
	}
}
