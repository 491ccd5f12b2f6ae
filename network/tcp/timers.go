package tcp

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"quorumlab/protocols"
)

// armed is a timer that is set, and when it runs out on the node's clock.
type armed struct {
	timer protocols.Timer
	at    time.Duration
}

// timers are those of one node. They are few, so a slice is searched. Of two that
// are due the one that ran out first fires first.
type timers struct{ armed []armed }

// never is later than any instant.
const never = time.Duration(math.MaxInt64)

// set arms a timer. The instant is drawn from its range, both ends included.
func (t *timers) set(now time.Duration, effect protocols.SetTimer) {
	if effect.Min < 0 || effect.Max < effect.Min {
		panic(fmt.Sprintf("tcp: timer %q is to run out after %v to %v", effect.Timer.Name, effect.Min, effect.Max))
	}
	at := now + effect.Min
	if spread := effect.Max - effect.Min; spread > 0 {
		at += time.Duration(rand.Int64N(int64(spread) + 1))
	}
	if i := t.index(effect.Timer); i >= 0 {
		t.armed[i].at = at
		return
	}
	t.armed = append(t.armed, armed{effect.Timer, at})
}

func (t *timers) cancel(timer protocols.Timer) {
	if i := t.index(timer); i >= 0 {
		t.armed = slices.Delete(t.armed, i, i+1)
	}
}

func (t *timers) index(timer protocols.Timer) int {
	return slices.IndexFunc(t.armed, func(a armed) bool { return a.timer == timer })
}

// first returns the place of the timer that runs out first, and when; -1 and
// never if none is set.
func (t *timers) first() (at int, when time.Duration) {
	at, when = -1, never
	for i := range t.armed {
		if t.armed[i].at < when {
			at, when = i, t.armed[i].at
		}
	}
	return at, when
}

// due takes out a timer that has run out.
func (t *timers) due(now time.Duration) (protocols.Timer, bool) {
	at, when := t.first()
	if at < 0 || when > now {
		return protocols.Timer{}, false
	}
	timer := t.armed[at].timer
	t.armed = slices.Delete(t.armed, at, at+1)
	return timer, true
}
