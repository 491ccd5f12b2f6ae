package sim_test

import (
	"math/big"
	"testing"
	"time"

	"pgregory.net/rapid"

	"quorumlab/protocols"
	"quorumlab/sim"
)

// century bounds the instants that are tried.
const century = 100 * 365 * 24 * time.Hour

func drift() *rapid.Generator[int64] { return rapid.Int64Range(-500_000, 500_000) }

func instant(t *rapid.T, name string, latest time.Duration) time.Duration {
	return time.Duration(rapid.Int64Range(0, int64(latest)).Draw(t, name))
}

// own returns by how much a clock advances in a true time, exactly, and then
// rounded towards the true time.
func own(passed time.Duration, drift int64) time.Duration {
	extra := new(big.Int).Mul(big.NewInt(int64(passed)), big.NewInt(drift))
	extra.Quo(extra, big.NewInt(1_000_000))
	return passed + time.Duration(extra.Int64())
}

func TestClockReadsExactly(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := sim.Clock{
			Base:    instant(t, "base", century/4),
			Reading: instant(t, "reading", century/4) - century/8,
			Drift:   drift().Draw(t, "drift"),
		}
		passed := instant(t, "passed", century)
		if got, want := c.Read(c.Base+passed), c.Reading+own(passed, c.Drift); got != want {
			t.Fatalf("after %d it reads %d, want %d", passed, got, want)
		}
	})
}

func TestClockIsMonotoneBetweenJumps(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := sim.Clock{Drift: drift().Draw(t, "drift")}
		now := instant(t, "now", century/4)
		for range 20 {
			before := c.Read(now)
			switch rapid.IntRange(0, 2).Draw(t, "what") {
			case 0:
				c.SetDrift(now, drift().Draw(t, "drift"))
				if c.Read(now) != before {
					t.Fatalf("a change of drift moved the reading from %d to %d", before, c.Read(now))
				}
			case 1:
				by := time.Duration(rapid.Int64Range(-1e18, 1e18).Draw(t, "by"))
				c.Jump(now, by)
				if c.Read(now) != before+by {
					t.Fatalf("a jump by %d moved the reading from %d to %d", by, before, c.Read(now))
				}
				c.Jump(now, -by)
			case 2:
				now += time.Duration(rapid.Int64Range(0, 5).Draw(t, "step"))
				if c.Read(now) < before {
					t.Fatalf("it went back from %d to %d", before, c.Read(now))
				}
			}
		}
	})
}

// TestClockLasts: the true time is the shortest in which the clock surely
// advances by d, and by no more than it does in a nanosecond of true time.
func TestClockLasts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := sim.Clock{Drift: drift().Draw(t, "drift")}
		d := instant(t, "d", century/4)
		got := c.Lasts(d)
		exact := new(big.Int).Mul(big.NewInt(int64(d)), big.NewInt(1_000_000))
		rate := big.NewInt(1_000_000 + c.Drift)
		exact.Add(exact, rate).Sub(exact, big.NewInt(1)).Quo(exact, rate)
		if int64(got) != exact.Int64() {
			t.Fatalf("Lasts(%d) = %d, want %v", d, got, exact)
		}
		now := instant(t, "now", century/4)
		if advanced := c.Read(now+got) - c.Read(now); advanced < d || advanced > d+2 {
			t.Fatalf("%d later it has advanced by %d, not %d", got, advanced, d)
		}
	})
}

// TestTimersRunOnTheOwnClock: with whatever drift, timers run out between Min
// and Max (and the nanosecond of true time that cannot be split) on the own
// clock, and use the whole range.
func TestTimersRunOnTheOwnClock(t *testing.T) {
	for _, ppm := range []int64{-500_000, -100, 0, 100, 500_000} {
		const timers = 200
		s := newScene(t, 1, protocols.Stream)
		timer := protocols.Timer{Name: "tick"}
		again := protocols.SetTimer{Timer: timer, Min: 10 * ms, Max: 20 * ms}
		s.ask(ms, 1, order{Do: protocols.Effects{again}, Timers: map[string]protocols.Effects{"tick": {again}}})
		s.boot()
		s.strike(0, sim.Fault{Kind: sim.DriftClock, Node: 1, Drift: ppm})
		var set []time.Duration
		s.watched = func(step *sim.Step) bool {
			if step.Node == 1 {
				set = append(set, step.Clock)
			}
			return false
		}
		s.until(timers * 40 * ms)
		if len(set) < timers {
			t.Fatalf("drift %d: %d timers ran out", ppm, len(set))
		}
		low, high := time.Hour, time.Duration(0)
		for i := range len(set) - 1 {
			low, high = min(low, set[i+1]-set[i]), max(high, set[i+1]-set[i])
		}
		if low < 10*ms || low > 11*ms || high > 20*ms+2 || high < 19*ms {
			t.Errorf("drift %d: timers ran for %v to %v", ppm, low, high)
		}
	}
}

func TestDriftMovesTheInstant(t *testing.T) {
	for ppm, want := range map[int64]string{
		0: "100ms n1 tick fired", 250_000: "80ms n1 tick fired", -500_000: "200ms n1 tick fired",
	} {
		s := newScene(t, 1, protocols.Stream)
		s.do(0, 1, protocols.SetTimer{Timer: protocols.Timer{Name: "tick"}, Min: 100 * ms, Max: 100 * ms})
		s.boot()
		s.strike(0, sim.Fault{Kind: sim.DriftClock, Node: 1, Drift: ppm})
		s.saw(time.Second, want)
	}
}

func TestJumpShowsInReadings(t *testing.T) {
	s := newScene(t, 1, protocols.Stream)
	for _, at := range []time.Duration{10 * ms, 20 * ms, 30 * ms} {
		s.do(at, 1)
	}
	s.boot()
	var clocks []time.Duration
	s.watched = func(step *sim.Step) bool {
		if step.Node != 0 {
			clocks = append(clocks, step.Clock)
		}
		return false
	}
	s.strike(15*ms, sim.Fault{Kind: sim.JumpClock, Node: 1, By: time.Hour})
	s.strike(25*ms, sim.Fault{Kind: sim.JumpClock, Node: 1, By: -2 * time.Hour})
	s.until(time.Second)
	if want := []time.Duration{10 * ms, time.Hour + 20*ms, 30*ms - time.Hour}; len(clocks) != 3 ||
		clocks[0] != want[0] || clocks[1] != want[1] || clocks[2] != want[2] {
		t.Errorf("the node read %v, want %v", clocks, want)
	}
}
