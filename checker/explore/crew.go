package explore

import (
	"runtime"
	"sync/atomic"
)

// crew is the goroutines that work for a search, beside the one that called it.
// Between two pieces of work, which is for microseconds, they wait without
// sleeping: to be woken takes longer. Its zero value has nobody.
type crew struct {
	helpers []*helper

	number func(worker, job int) // the work of a turn: job by job
	jobs   int
	shares []share // of each worker
	turn   atomic.Uint64
	busy   atomic.Int64 // helpers that have not finished the turn
	owner  sleeper
}

// share is how many of a worker's own jobs have been begun. Its own are the same ones
// in every turn, so that what they are about stays in the cache of its core.
type share struct {
	begun atomic.Int64
	_     Apart
}

// helper is one of the goroutines.
type helper struct{ sleeper }

// sleeper waits for something: awake for a while, then asleep.
type sleeper struct {
	asleep atomic.Bool
	wake   chan struct{}
	_      [64]byte // no two in one cache line
}

// patience is how often a sleeper lets others run before it goes to sleep, and
// attention how often it looks in between.
const (
	patience  = 200
	attention = 100
)

// await returns when come does. Whoever makes it come calls rouse afterwards.
func (s *sleeper) await(come func() bool) {
	for range patience {
		for range attention {
			if come() {
				return
			}
		}
		runtime.Gosched()
	}
	for !come() {
		s.asleep.Store(true)
		if come() && s.asleep.CompareAndSwap(true, false) {
			return
		}
		<-s.wake
	}
}

func (s *sleeper) rouse() {
	if s.asleep.CompareAndSwap(true, false) {
		s.wake <- struct{}{}
	}
}

// hire starts the helpers.
func (c *crew) hire(helpers int) {
	c.owner.wake = make(chan struct{}, 1)
	c.shares = make([]share, 1+helpers)
	for i := range helpers {
		h := &helper{sleeper{wake: make(chan struct{}, 1)}}
		c.helpers = append(c.helpers, h)
		go func() {
			for turn := uint64(1); ; turn++ {
				h.await(func() bool { return c.turn.Load() >= turn })
				if c.number == nil {
					return
				}
				c.work(1 + i)
				if c.busy.Add(-1) == 0 {
					c.owner.rouse()
				}
			}
		}()
	}
}

// work does jobs until none is left: the worker's own first, then those of others who
// are late.
func (c *crew) work(worker int) {
	for i := range c.shares {
		whose := (worker + i) % len(c.shares)
		for {
			job := (int(c.shares[whose].begun.Add(1))-1)*len(c.shares) + whose
			if job >= c.jobs {
				break
			}
			c.number(worker, job)
		}
	}
}

// do has all do so many jobs, in any order, and returns when they are done.
func (c *crew) do(jobs int, number func(worker, job int)) {
	c.number, c.jobs = number, jobs
	for i := range c.shares {
		c.shares[i].begun.Store(0)
	}
	c.busy.Store(int64(len(c.helpers)))
	c.start()
	c.work(0)
	c.owner.await(func() bool { return c.busy.Load() == 0 })
}

func (c *crew) start() {
	c.turn.Add(1)
	for _, h := range c.helpers {
		h.rouse()
	}
}

// dismiss ends the helpers.
func (c *crew) dismiss() {
	c.number = nil
	c.start()
	c.helpers = nil
}
