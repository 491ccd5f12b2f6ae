package network

import (
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// splitMix is Steele, Lea and Flood's SplitMix64, a source for tests.
type splitMix struct{ state uint64 }

func (s *splitMix) Uint64() uint64 {
	s.state += 0x9e3779b97f4a7c15
	z := s.state
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// scripted is a source of given numbers, which counts what was taken.
type scripted struct {
	numbers []uint64
	taken   int
}

func (s *scripted) Uint64() uint64 {
	s.taken++
	return s.numbers[s.taken-1]
}

func TestBelowRejectsWhatWouldBeUnfair(t *testing.T) {
	// Of the 2^64 numbers one too many would fall on 0, 1 or 2: the number 0
	// is the one that Lemire's method throws away for n = 3.
	s := &scripted{numbers: []uint64{0, math.MaxUint64}}
	if got := Below(s, 3); got != 2 || s.taken != 2 {
		t.Errorf("Below(3) = %d after %d draws, want 2 after 2", got, s.taken)
	}
	s = &scripted{numbers: []uint64{0}}
	if got := Below(s, 4); got != 0 || s.taken != 1 {
		t.Errorf("Below(4) = %d after %d draws, want 0 after 1", got, s.taken)
	}
}

func TestBelowIsUnbiased(t *testing.T) {
	// With n = 3 * 2^62, taking numbers modulo n would give the first third
	// twice as often as each of the others.
	const n, draws = 3 << 62, 60_000
	s := &splitMix{state: 1}
	var thirds [3]int
	for range draws {
		x := Below(s, n)
		if x >= n {
			t.Fatalf("%d is not below %d", x, uint64(n))
		}
		thirds[x>>62]++
	}
	for i, count := range thirds {
		if deviation := math.Abs(float64(count) - draws/3); deviation > 5*math.Sqrt(draws*2/9.) {
			t.Errorf("third %d was drawn %d times of %d", i, count, draws)
		}
	}
}

func TestChance(t *testing.T) {
	for _, test := range []struct {
		chance Probability
		number uint64
		want   bool
	}{
		{0, 0, false},
		{1, 0, true},
		{Certain, math.MaxUint64, true},
		{Certain - 1, math.MaxUint64, false},
		{500_000, 1<<63 - 1, true},
		{500_000, 1 << 63, false},
	} {
		s := &scripted{numbers: []uint64{test.number}}
		if got := Chance(s, test.chance); got != test.want || s.taken != 1 {
			t.Errorf("Chance(%d) of %#x = %v after %d draws, want %v after 1",
				test.chance, test.number, got, s.taken, test.want)
		}
	}
}

func TestBetween(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lo := rapid.Int64().Draw(t, "lo")
		hi := rapid.Int64Min(lo).Draw(t, "hi")
		number := rapid.Uint64().Draw(t, "number")
		s := &scripted{numbers: []uint64{number, number, 1 << 63, 1 << 62, 1<<63 + 1}}
		got := Between(s, time.Duration(lo), time.Duration(hi))
		if int64(got) < lo || int64(got) > hi {
			t.Fatalf("Between(%d, %d) = %d", lo, hi, got)
		}
	})
	ends := &scripted{numbers: []uint64{1, math.MaxUint64, 7}}
	if got := Between(ends, -3, 4); got != -3 {
		t.Errorf("lowest draw = %d, want -3", got)
	}
	if got := Between(ends, -3, 4); got != 4 {
		t.Errorf("highest draw = %d, want 4", got)
	}
	if got := Between(ends, math.MinInt64, math.MaxInt64); got != 7 {
		t.Errorf("full range = %d, want the number itself, 7", got)
	}
}

func TestPanicsOnImpossibleBounds(t *testing.T) {
	expectPanic(t, "Below(0)", func() { Below(&splitMix{}, 0) })
	expectPanic(t, "Between(2, 1)", func() { Between(&splitMix{}, 2, 1) })
}

func expectPanic(t *testing.T, what string, f func()) {
	t.Helper()
	defer func() {
		if recover() == nil {
			t.Errorf("%s does not panic", what)
		}
	}()
	f()
}

func TestPowerIsExactEnough(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		fraction := rapid.Uint32().Draw(t, "fraction")
		want := math.Exp2(float64(fraction) / (1 << 32))
		got := float64(power(fraction)) / (1 << 63)
		if math.Abs(got/want-1) > 1./(1<<25) {
			t.Fatalf("2^(%d/2^32) = %.12f, want %.12f", fraction, got, want)
		}
	})
}

func TestNormalTableIsTheInverseDistributionFunction(t *testing.T) {
	for i, got := range normalTail {
		octave := (i + 15) / 16 // the tail shrinks to half in each
		t0 := math.Exp2(-float64(octave + 1))
		tail := t0 * (1 + float64(16*octave-i)/16)
		want := math.Sqrt2 * math.Erfcinv(2*tail) * (1 << 28)
		if math.Abs(float64(got)-want) > 1 {
			t.Errorf("entry %d = %d, want %.2f (tail %g)", i, got, want, tail)
		}
	}
}

func TestNormalInterpolatesWell(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		octave := rapid.IntRange(0, normalOctaves-1).Draw(t, "octave")
		u := rapid.Uint64().Draw(t, "number")
		u = (u | 1<<63) >> octave // any tail of this octave, any sign
		magnitude, negative := normal(u)
		tail := (float64(u>>1) + 0.5) / math.Exp2(64)
		want := math.Sqrt2 * math.Erfcinv(2*tail)
		if got := float64(magnitude) / (1 << 28); math.Abs(got-want) > 0.0006 {
			t.Fatalf("normal(%#x) = %.6f, want %.6f", u, got, want)
		}
		if negative != (u&1 == 1) {
			t.Fatalf("normal(%#x): negative = %v", u, negative)
		}
	})
}

func TestNormalAtItsEnds(t *testing.T) {
	last := uint64(normalTail[len(normalTail)-1])
	for _, u := range []uint64{0, 1, 2, 1 << (63 - normalOctaves) >> 1} {
		if got, _ := normal(u); got != last {
			t.Errorf("normal(%#x) = %d, want the last entry %d", u, got, last)
		}
	}
	if got, _ := normal(math.MaxUint64); got > 1 {
		t.Errorf("the number nearest to the middle gives %d, want 0 or 1", got)
	}
}

func TestShifted(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		high := rapid.Uint64().Draw(t, "high")
		low := rapid.Uint64Min(1<<63).Draw(t, "low")
		by := rapid.IntRange(-100, 140).Draw(t, "by")
		want := math.Ldexp(float64(high), 64-by) + math.Ldexp(float64(low), -by)
		want = math.Min(math.Floor(want), float64(DelayMax))
		got := float64(shifted(high, low, by))
		if math.Abs(got-want) > 1+want/(1<<50) {
			t.Fatalf("%#x:%#x >> %d = %.0f, want %.0f", high, low, by, got, want)
		}
	})
}
