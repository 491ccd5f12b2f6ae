package scenarios

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"quorumlab/network"
	"quorumlab/protocols"
	"quorumlab/sim"
)

// What TestTimeline looks at, in words.

func (s *scene) disk() string {
	d := &s.sim.World.Nodes[1].Disk
	return fmt.Sprintf("full %t failing %t rotten %d", d.Full, d.Failing, len(d.Durable.Damaged))
}

func (s *scene) up() string {
	var words string
	for i := range s.sim.World.Nodes {
		cell := &s.sim.World.Nodes[i]
		words += map[bool]string{true: "u", false: "-"}[cell.Up] + map[bool]string{true: "p", false: ""}[cell.Paused]
	}
	return words
}

func (s *scene) clock() string {
	c := s.sim.World.Nodes[1].Clock
	return fmt.Sprintf("%v %d", c.Read(6*time.Second), c.Drift)
}

func (s *scene) links() string {
	c, back := s.sim.Conditions(1, 2), s.sim.Conditions(2, 1)
	return fmt.Sprintf("%v %v %d", c.Delay.Min, back.Delay.Min, c.Bandwidth)
}

// TestTimeline: each action does to the world what it says, at the instant it
// says, and ends when it says.
func TestTimeline(t *testing.T) {
	const all = "12 13 14 15 21 23 24 25 31 32 34 35 41 42 43 45 51 52 53 54"
	tests := []struct {
		timeline string
		look     func(*scene) string
		want     []string // at 5s less a nanosecond, at 5s, then …
		at       []time.Duration
	}{
		{
			"{at: 5s, partition: [[n1, n2], [rest]], for: 2s}", (*scene).unreachable,
			[]string{"", "13 14 15 23 24 25 31 32 41 42 51 52", "13 14 15 23 24 25 31 32 41 42 51 52", ""},
			[]time.Duration{7*time.Second - 1, 7 * time.Second},
		},
		{
			"{at: 5s, partition: {minority: n4}}", (*scene).unreachable,
			[]string{"", "14 15 24 25 34 35 41 42 43 51 52 53"},
			nil,
		},
		{
			"{at: 5s, partition: {majority: n4}}", (*scene).unreachable,
			[]string{"", "12 13 21 24 25 31 34 35 42 43 52 53"},
			nil,
		},
		{"{at: 5s, partition: {bridge: n3}}", (*scene).unreachable, []string{"", "14 15 24 25 41 42 51 52"}, nil},
		{"{at: 5s, partition: ring}", (*scene).unreachable, []string{"", "13 14 24 25 31 35 41 42 52 53"}, nil},
		{"{at: 5s, partition: {one-way: {from: n1, to: [n2, n3]}}}", (*scene).unreachable, []string{"", "12 13"}, nil},
		{"{at: 5s, partition: {cut: [n1 <-> n2, n3 -> n4]}}", (*scene).unreachable, []string{"", "12 21 34"}, nil},
		{
			"{at: 5s, partition: {isolate: n2}}, {at: 6s, heal: [n1, n2]}, {at: 7s, heal: [n3 -> n2]}, {at: 8s, heal: all}",
			(*scene).unreachable,
			[]string{"", "12 21 23 24 25 32 42 52", "23 24 25 32 42 52", "23 24 25 42 52", ""},
			[]time.Duration{6 * time.Second, 7 * time.Second, 8 * time.Second},
		},
		{
			"{at: 5s, flap: {isolate: n1}, every: 100ms, for: 450ms}", (*scene).unreachable,
			[]string{"", all[:11] + " 21 31 41 51", "", all[:11] + " 21 31 41 51", "", all[:11] + " 21 31 41 51", "", ""},
			[]time.Duration{
				5100 * time.Millisecond, 5201 * time.Millisecond, 5300 * time.Millisecond, 5401 * time.Millisecond,
				5450 * time.Millisecond, 5600 * time.Millisecond,
			},
		},
		{
			"{at: 5s, flap: {cut: [n1 -> n2, n3 -> n4]}, every: 100ms, for: 1s}, {at: 5150ms, heal: [n1 -> n2]}, {at: 5350ms, heal: all}",
			(*scene).unreachable,
			[]string{"", "12 34", "", "34", ""},
			[]time.Duration{5150 * time.Millisecond, 5250 * time.Millisecond, 5450 * time.Millisecond},
		},
		{
			"{at: 5s, crash: [n1, n2]}, {at: 6s, restart: n2}, {at: 7s, restart: all}", (*scene).up,
			[]string{"uuuuu", "--uuu", "-uuuu", "uuuuu"},
			[]time.Duration{6 * time.Second, 7 * time.Second},
		},
		{
			"{at: 5s, pause: n2, for: 1s}, {at: 5500ms, pause: n2, for: 2s}", (*scene).up,
			[]string{"uuuuu", "uupuuu", "uupuuu", "uuuuu"},
			[]time.Duration{6500 * time.Millisecond, 7500 * time.Millisecond},
		},
		{
			"{at: 5s, pause: n2, for: 2s}, {at: 5500ms, pause: n2, for: 500ms}", (*scene).up,
			[]string{"uuuuu", "uupuuu", "uupuuu", "uuuuu"},
			[]time.Duration{6500 * time.Millisecond, 7 * time.Second},
		},
		{
			"{at: 5s, pause: n2, for: 1s}, {at: 6s, pause: n2, for: 1s}", (*scene).up,
			[]string{"uuuuu", "uupuuu", "uupuuu", "uuuuu"},
			[]time.Duration{6500 * time.Millisecond, 7 * time.Second},
		},
		{"{at: 5s, clock: n2, jump: -2s}", (*scene).clock, []string{"6s 0", "4s 0"}, nil},
		{"{at: 5s, clock: n2, drift: 1%}", (*scene).clock, []string{"6s 0", "6.01s 10000"}, nil},
		{
			"{at: 5s, disk: n2, full: true, for: 2s}", (*scene).disk,
			[]string{"full false failing false rotten 0", "full true failing false rotten 0", "full false failing false rotten 0"},
			[]time.Duration{7 * time.Second},
		},
		{
			"{at: 5s, disk: n2, fail-fsync: true}", (*scene).disk,
			[]string{"full false failing false rotten 0", "full false failing true rotten 0"},
			nil,
		},
		{
			"{at: 5s, disk: n2, rot: 1}", (*scene).disk,
			[]string{"full false failing false rotten 0", "full false failing false rotten 1"},
			nil,
		},
		{
			"{at: 5s, links: {delay: 70ms}, for: 2s}", (*scene).links,
			[]string{"1ms 1ms 0", "70ms 70ms 0", "1ms 1ms 0"},
			[]time.Duration{7 * time.Second},
		},
		// The second change ends first; the third never does.
		{
			"{at: 5s, links: {delay: 70ms}, for: 2s}, {at: 5500ms, links: {delay: 90ms}, between: [n1 -> n2], for: 500ms}, " +
				"{at: 6500ms, links: {bandwidth: 9kB/s}, between: [n1 -> n2]}", (*scene).links,
			[]string{"1ms 1ms 0", "70ms 70ms 0", "90ms 70ms 0", "70ms 70ms 0", "70ms 70ms 9000", "1ms 1ms 9000"},
			[]time.Duration{5500 * time.Millisecond, 6 * time.Second, 6500 * time.Millisecond, 7 * time.Second},
		},
	}
	for _, test := range tests {
		t.Run(test.timeline, func(t *testing.T) {
			s := newScene(t, head("zab", 5)+"workload: {random: {from: 1s, until: 4s, rate: 10/s}}, timeline: ["+test.timeline+"]}", Options{Seed: 1})
			var got []string
			for _, at := range append([]time.Duration{5*time.Second - 1, 5 * time.Second}, test.at...) {
				s.at(at, func() { got = append(got, test.look(s)) })
			}
			s.play()
			if !slices.Equal(got, test.want) {
				t.Errorf("seen %q,\nwant %q", got, test.want)
			}
		})
	}
}

// TestSlowNode: no two steps of a slow node are nearer to each other than that.
func TestSlowNode(t *testing.T) {
	const text = "workload: {random: {from: 1s, rate: 100/s}}, timeline: [{at: 5s, slow: n2, by: 30ms, for: 2s}, {at: 6s, slow: n2, by: 9ms, for: 500ms}]}"
	s := newScene(t, head("zab", 3)+text, Options{Seed: 1})
	nearest := map[int]time.Duration{} // by half seconds
	last := time.Duration(0)
	s.sim.Watch(steps(func(_ *sim.World, step *sim.Step) {
		if step.Node == 2 {
			half := int(last / (500 * time.Millisecond))
			if near, seen := nearest[half]; !seen || step.Time-last < near {
				nearest[half] = step.Time - last
			}
			last = step.Time
		}
	}))
	s.play()
	for half, atLeast := range map[int]time.Duration{10: 30, 11: 30, 12: 9, 13: 30} {
		if near := nearest[half]; near < atLeast*time.Millisecond || near > 2*atLeast*time.Millisecond {
			t.Errorf("from %dms: two steps %v apart, want about %dms", half*500, near, atLeast)
		}
	}
	if nearest[9] > time.Millisecond || nearest[14] > time.Millisecond {
		t.Errorf("before and after it is slow too: %v %v", nearest[9], nearest[14])
	}
}

// TestCrashKeeps: what a crash keeps and tears, and at which fsync it comes.
func TestCrashKeeps(t *testing.T) {
	tests := []struct {
		crash      string
		keep, torn string // of what was unforced
	}{
		{"keep: none", "none", "no"},
		{"keep: 1", "1", "no"},
		{"keep: all, torn: true", "all", "no"}, // nothing is left to be torn
		{"keep: none, torn: true", "none", "yes"},
		{"keep: 1, on-fsync: 1", "1", "no"},
		{"keep: none, on-fsync: 2, when: after", "forced", "no"},
	}
	for _, test := range tests {
		t.Run(test.crash, func(t *testing.T) {
			// The disk is so slow that there is always something unforced.
			s := newScene(t, head("zab", 3)+"workload: {random: {from: 1s, rate: 50/s, mix: {write: 1}}}, timeline: "+
				"[{at: 4s, disk: leader, slow: 200ms}, {at: 6s, crash: leader, "+test.crash+"}]}", Options{Seed: 1})
			crashes, syncs, unforced, forced := 0, 0, 0, 0
			s.sim.Watch(steps(func(w *sim.World, step *sim.Step) {
				switch {
				case step.Stopped != 0:
					crashes++
					keep := map[string]int{"none": 0, "1": 1, "all": unforced, "forced": forced}[test.keep]
					if torn := step.Choice.ID == 1; int(step.Choice.Keep) != keep || torn != (test.torn == "yes") {
						t.Errorf("%+v of %d unforced and %d forced", step.Choice, unforced, forced)
					}
					if unforced < 2 {
						t.Errorf("only %d writes are unforced: this shows little", unforced)
					}
				case step.Choice.Kind == sim.Sync && step.Node == s.leaders.current() && step.Time >= 6*time.Second:
					syncs++
				}
				if leader := s.leaders.current(); leader != 0 && crashes == 0 {
					unforced, forced = w.Nodes[leader-1].Disk.Unforced(), w.Nodes[leader-1].Disk.Forced()
				}
			}))
			s.at(10*time.Second, func() {
				if crashes != 1 {
					t.Errorf("%d crashes", crashes)
				}
			})
			s.play()
		})
	}
}

// TestRandomKeepVaries: `keep: random` draws, and draws the same again.
func TestRandomKeepVaries(t *testing.T) {
	for _, crash := range []string{"{at: 6s, crash: n1}", "{at: 6s, crash: n1, on-fsync: 1}"} {
		seen := map[uint32]bool{}
		for seed := range uint64(20) {
			s := newScene(t, head("zab", 3)+"workload: {random: {from: 1s, rate: 50/s, mix: {write: 1}}}, timeline: "+
				"[{at: 4s, disk: n1, slow: 200ms}, "+crash+"]}", Options{Seed: seed})
			s.sim.Watch(steps(func(_ *sim.World, step *sim.Step) {
				if step.Stopped != 0 {
					seen[step.Choice.Keep] = true
				}
			}))
			s.play()
		}
		if len(seen) < 3 {
			t.Errorf("%s: only %v were kept", crash, seen)
		}
	}
}

// TestRoles: a role is resolved when its entry is due, and a leader waited for.
func TestRoles(t *testing.T) {
	var led []protocols.NodeID
	struckAs := func(role string, want func(apart protocols.NodeID) bool) {
		for seed := range uint64(8) {
			first := []string{"", "{at: 0s, crash: n3}, {at: 4s, restart: n3}, "}[seed%2] // n3 would lead
			s := newScene(t, head("zab", 3)+"timeline: ["+first+"{at: 5s, crash: "+role+"}]}", Options{Seed: seed})
			leader := protocols.NodeID(0)
			s.at(5*time.Second-1, func() { leader = s.leaders.current() })
			struck := protocols.NodeID(0)
			s.sim.Watch(steps(func(_ *sim.World, step *sim.Step) {
				if step.Time == 5*time.Second {
					struck = max(struck, step.Stopped)
				}
			}))
			s.play()
			if led = append(led, leader); struck == 0 || leader == 0 || !want(struck-leader) {
				t.Errorf("seed %d: %s is %d while %d leads", seed, role, struck, leader)
			}
		}
	}
	struckAs("leader", func(apart protocols.NodeID) bool { return apart == 0 })
	struckAs("a-follower", func(apart protocols.NodeID) bool { return apart != 0 })
	struckAs("any", func(protocols.NodeID) bool { return true })
	if slices.Max(led) == slices.Min(led) {
		t.Error("one node leads in all runs: this shows little")
	}

	s := newScene(t, head("zab", 3)+"timeline: [{at: 0s, pause: leader, for: 1s}, {at: 1ms, clock: n1, jump: 1s}]}", Options{Seed: 1})
	var events []string
	s.sim.Watch(steps(func(w *sim.World, step *sim.Step) {
		switch {
		case step.Choice.Kind == sim.Pause:
			events = append(events, fmt.Sprintf("pause, leader %t", step.Time > 0 && step.Choice.Node == s.leaders.current()))
		case step.Choice.Kind == sim.Resume:
			events = append(events, "resume")
		case step.Fault != nil:
			events = append(events, string(step.Fault.Kind))
		}
	}))
	s.play()
	if want := []string{"clock-jump", "pause, leader true", "resume"}; !slices.Equal(events, want) {
		t.Errorf("%q, want %q: the pause waits for a leader, the rest does not", events, want)
	}
}

// TestNobodyIsStruck: a role that nobody has leaves the world as it is.
func TestNobodyIsStruck(t *testing.T) {
	const text = "timeline: [{at: 1s, crash: all}, {at: 2s, pause: any}, {at: 2s, disk: any, rot: 3}, {at: 2s, crash: a-follower}, " +
		"{at: 2s, links: {delay: 1ms}, between: [any -> a-follower], for: 1s}, {at: 2s, partition: {isolate: any}}]}"
	s := newScene(t, head("zab", 3)+text, Options{Seed: 1})
	s.sim.Watch(steps(func(_ *sim.World, step *sim.Step) {
		if step.Fault != nil || step.Choice.Kind == sim.Pause {
			t.Errorf("%+v at %v", step.Fault, step.Time)
		}
	}))
	s.play()
}

func TestEndOfTheContextEndsARun(t *testing.T) {
	s := newScene(t, head("zab", 3)+"workload: {random: {rate: 100/s}}}", Options{Seed: 1})
	ctx, cancel := context.WithCancel(context.Background())
	s.at(5*time.Second, cancel)
	if err := s.agenda.carryOut(ctx, s.run.Until); !errors.Is(err, context.Canceled) {
		t.Errorf("the error is %v", err)
	}
	if now := s.sim.World.Now; now < 5*time.Second || now > 7*time.Second {
		t.Errorf("the run ended at %v", now)
	}
	if _, err := s.lab.Execute(ctx, s.scenario, &s.scenario.Runs[0], Options{Seed: 1}); !errors.Is(err, context.Canceled) {
		t.Errorf("Execute returns %v", err)
	}
}

// TestChangedLinksComeBack: whatever overlaps, in the end all is as it was.
func TestChangedLinksComeBack(t *testing.T) {
	s := newScene(t, head("zab", 3)+"links: {between: [{from: n1, to: n2, delay: 3ms}]}, timeline: ["+
		"{at: 1s, links: {delay: 9ms}, for: 3s}, {at: 2s, links: {bandwidth: 9kB/s}, for: 5s}, "+
		"{at: 3s, links: {delay: 1ms, corrupt: 1%}, between: [n1 <-> n2, n2 -> n3], for: 2s}]}", Options{Seed: 1})
	s.play()
	for _, p := range pairsAmong(s.agenda.nodes()) {
		if got, want := s.sim.Conditions(p.From, p.To), s.run.Links.Of(p.From, p.To); got != want {
			t.Errorf("%v: %+v, want %+v", p, got, want)
		}
	}
	if s.run.Links.Of(1, 2).Delay != network.ConstantDelay(3*time.Millisecond) {
		t.Error("the links are all alike: this shows little")
	}
	if from, to, _ := s.phases.faults(); from != time.Second || to != 7*time.Second || s.phases.count("links") != 1 {
		t.Errorf("faults from %v to %v, %d of links", from, to, s.phases.count("links"))
	}
}
