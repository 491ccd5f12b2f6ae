package network

import (
	"fmt"
	"math/bits"
	"time"
)

// Source is a stream of uniformly distributed 64-bit numbers. Whoever drives a
// network brings it; equal streams give equal draws on every machine.
type Source interface{ Uint64() uint64 }

// Probability is a chance in parts per million; an integer, so that a
// comparison comes out the same everywhere.
type Probability uint32

// Certain is the chance of what always happens.
const Certain Probability = 1_000_000

// Validate reports a chance above Certain.
func (p Probability) Validate() error {
	if p > Certain {
		return fmt.Errorf("probability of %d parts per million is above %d", p, Certain)
	}
	return nil
}

// Below draws a number from 0 to n-1, each equally likely, with Lemire's
// multiply-and-reject method (Fast Random Integer Generation in an Interval,
// 2019). It takes one draw, and another with a chance below n/2^64. n is
// positive.
func Below(s Source, n uint64) uint64 {
	if n == 0 {
		panic("network: Below needs a positive bound")
	}
	high, low := bits.Mul64(s.Uint64(), n)
	if low < n {
		unfair := -n % n
		for low < unfair {
			high, low = bits.Mul64(s.Uint64(), n)
		}
	}
	return high
}

// Chance reports true with the given chance. It always takes exactly one draw,
// even if the outcome is certain: changing a chance does not shift the draws
// that follow. (It errs by less than 2^-44, the price of never rejecting.)
func Chance(s Source, c Probability) bool {
	high, _ := bits.Mul64(s.Uint64(), uint64(Certain))
	return high < uint64(c)
}

// Between draws a duration from lo to hi, both included, each nanosecond
// equally likely. hi is at least lo.
func Between(s Source, lo, hi time.Duration) time.Duration {
	if hi < lo {
		panic(fmt.Sprintf("network: Between needs lo <= hi, got %d and %d", lo, hi))
	}
	span := uint64(hi) - uint64(lo) + 1
	if span == 0 { // all 2^64 values
		return time.Duration(s.Uint64())
	}
	return time.Duration(uint64(lo) + Below(s, span))
}
