package network

import (
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"quorumlab/protocols"
)

func TestLogNormalQuantiles(t *testing.T) {
	// Draws at evenly spaced numbers are the distribution's quantiles.
	for _, sigma := range []uint32{1, 250, 500, 1000, 2000} {
		const median = 20 * time.Millisecond
		for _, p := range []float64{1e-6, 1e-4, 0.01, 0.1, 0.25, 0.4999, 0.5001, 0.75, 0.9, 0.99, 0.9999, 1 - 1e-6} {
			tail := math.Min(p, 1-p)
			u := uint64(math.Ldexp(tail, 65)) &^ 1
			if p < 0.5 {
				u |= 1
			}
			s := float64(sigma) / 1000
			want := float64(median) * math.Exp(s*math.Sqrt2*math.Erfinv(2*p-1))
			got := float64(logNormal(u, median, sigma))
			if math.Abs(math.Log(got/want)) > 0.0006*s+1e-6 {
				t.Errorf("sigma %d: quantile %g = %.0f, want %.0f", sigma, p, got, want)
			}
		}
	}
}

func TestLogNormalDraws(t *testing.T) {
	const draws = 100_000
	s := &splitMix{state: 5}
	d := LogNormalDelay(10*time.Millisecond, 700)
	sample := make([]time.Duration, draws)
	for i := range sample {
		sample[i] = d.Draw(s)
	}
	slices.Sort(sample)
	for _, p := range []float64{0.01, 0.1, 0.5, 0.9, 0.99} {
		z := math.Sqrt2 * math.Erfinv(2*p-1)
		want := 10e6 * math.Exp(0.7*z)
		got := float64(sample[int(p*draws)])
		// The standard error of a sample quantile, of the logarithm.
		density := math.Exp(-z*z/2) / math.Sqrt(2*math.Pi) / 0.7
		tolerance := 4 * math.Sqrt(p*(1-p)/draws) / density
		if math.Abs(math.Log(got/want)) > tolerance {
			t.Errorf("quantile %g = %.0f, want %.0f within %.2f %%", p, got, want, 100*tolerance)
		}
	}
}

func TestLogNormalIsMonotonous(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		u := rapid.Uint64().Draw(t, "number") &^ 1
		v := rapid.Uint64Min(u).Draw(t, "larger") &^ 1
		median := time.Duration(rapid.Int64Range(0, int64(DelayMax)).Draw(t, "median"))
		sigma := rapid.Uint32Range(0, SigmaMax).Draw(t, "sigma")
		upper, inner := logNormal(u, median, sigma), logNormal(v, median, sigma)
		lower, below := logNormal(u|1, median, sigma), logNormal(v|1, median, sigma)
		if upper < inner || inner < below || below < lower {
			t.Fatalf("out of order: %d %d %d %d", lower, below, inner, upper)
		}
		if lower < 0 || upper > DelayMax {
			t.Fatalf("out of bounds: %d %d", lower, upper)
		}
		if sigma == 0 && upper != median {
			t.Fatalf("without spread %d, want the median %d", upper, median)
		}
	})
}

// goldenDraws draws from every kind of distribution. The stored result is what
// every machine must get; it changes only with the format of traces.
func goldenDraws() string {
	var b strings.Builder
	spiked := LogNormalDelay(time.Millisecond, 500)
	spiked.Spike = Spike{Chance: 250_000, Min: time.Second, Max: 2 * time.Second}
	for _, d := range []Distribution{
		ConstantDelay(3 * time.Millisecond),
		UniformDelay(time.Millisecond, 5*time.Millisecond),
		LogNormalDelay(20*time.Millisecond, 400),
		LogNormalDelay(time.Hour, SigmaMax),
		spiked,
	} {
		fmt.Fprintf(&b, "%s min %d max %d median %d sigma %d spike %d\n",
			d.Kind, d.Min, d.Max, d.Median, d.Sigma, d.Spike.Chance)
		s := &splitMix{state: 42}
		for range 12 {
			fmt.Fprintf(&b, "  %d\n", d.Draw(s))
		}
		fmt.Fprintf(&b, "  next number %#x\n", s.Uint64())
	}
	return b.String()
}

func TestGoldenDraws(t *testing.T) {
	want, err := os.ReadFile("testdata/draws.golden")
	if err != nil {
		t.Fatal(err)
	}
	if got := goldenDraws(); got != string(want) {
		t.Errorf("draws differ from testdata/draws.golden, so old seeds mean something else now:\n%s", got)
	}
}

func TestDrawWithoutSpread(t *testing.T) {
	s := &scripted{}
	zero, second := Distribution{}, ConstantDelay(time.Second)
	if got := zero.Draw(s); got != 0 {
		t.Errorf("zero distribution drew %v", got)
	}
	if got := second.Draw(s); got != time.Second {
		t.Errorf("constant second drew %v", got)
	}
	d := ConstantDelay(DelayMax)
	d.Spike = Spike{Chance: Certain, Min: 1, Max: 2}
	if got := d.Draw(&splitMix{}); got != DelayMax {
		t.Errorf("spike beyond the bound drew %v, want %v", got, DelayMax)
	}
}

func TestDistributionValidate(t *testing.T) {
	spiked := func(s Spike) Distribution { return Distribution{Spike: s} }
	for _, test := range []struct {
		d    Distribution
		want string // part of the error, "" for none
	}{
		{Distribution{}, ""},
		{ConstantDelay(DelayMax), ""},
		{UniformDelay(1, 1), ""},
		{LogNormalDelay(time.Second, SigmaMax), ""},
		{spiked(Spike{Chance: Certain, Min: 1, Max: 2}), ""},
		{Distribution{Kind: "normal"}, `unknown distribution "normal"`},
		{Distribution{Max: 1}, "constant distribution: min or max"},
		{Distribution{Kind: Constant, Sigma: 1}, "median or sigma"},
		{Distribution{Kind: Uniform, Max: 2, Median: 1}, "median or sigma"},
		{Distribution{Kind: LogNormal, Median: 2, Min: 1}, "min or max"},
		{UniformDelay(2, 1), "max 1ns is below min 2ns"},
		{UniformDelay(-1, 1), "min -1ns is not between"},
		{UniformDelay(1, DelayMax+1), "max 24h0m0.000000001s is not between"},
		{LogNormalDelay(DelayMax+1, 1), "median"},
		{LogNormalDelay(1, SigmaMax+1), "sigma 10001 is above"},
		{spiked(Spike{Chance: Certain + 1}), "parts per million"},
		{spiked(Spike{Min: 2, Max: 1}), "spike: max 1ns is below min 2ns"},
		{spiked(Spike{Min: -1, Max: 1}), "spike min"},
	} {
		expectError(t, fmt.Sprintf("%+v", test.d), test.d.Validate(), test.want)
		c := Conditions{ReorderDelay: test.d}
		if test.want != "" {
			test.want = "reorder delay: "
		}
		expectError(t, fmt.Sprintf("%+v", c), c.Validate(), test.want)
	}
	expectError(t, "loss", Conditions{Loss: Certain + 1}.Validate(), "loss: probability of 1000001")
}

func expectError(t *testing.T, what string, err error, want string) {
	t.Helper()
	switch {
	case want == "" && err != nil:
		t.Errorf("%s: unexpected error %v", what, err)
	case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
		t.Errorf("%s: error %v, want one with %q", what, err, want)
	}
}

func TestFateOfStream(t *testing.T) {
	c := Conditions{
		Delay: ConstantDelay(7), ReorderDelay: ConstantDelay(100),
		Loss: Certain, Duplicate: Certain, Corrupt: Certain, Reorder: Certain,
	}
	if got, want := c.Fate(&splitMix{}, protocols.Stream), (Fate{Delay: 7, Corrupted: true}); got != want {
		t.Errorf("stream: %+v, want %+v", got, want)
	}
	want := Fate{Delay: 107, Lost: true, Corrupted: true, Duplicated: true, DuplicateDelay: 7}
	if got := c.Fate(&splitMix{}, protocols.Datagram); got != want {
		t.Errorf("datagram: %+v, want %+v", got, want)
	}
}

func TestFateDrawsAlike(t *testing.T) {
	// Taking away the losses of a fault plan changes nothing else.
	rapid.Check(t, func(t *rapid.T) {
		seed := rapid.Uint64().Draw(t, "seed")
		c := Conditions{
			Delay:     LogNormalDelay(time.Millisecond, 500),
			Duplicate: 300_000, Corrupt: 300_000, Reorder: 300_000,
			ReorderDelay: UniformDelay(1, time.Second),
		}
		calm := c.Fate(&splitMix{state: seed}, protocols.Datagram)
		c.Loss = Certain
		lossy := c.Fate(&splitMix{state: seed}, protocols.Datagram)
		if calm.Lost || !lossy.Lost {
			t.Fatalf("lost: %v without, %v with loss", calm.Lost, lossy.Lost)
		}
		lossy.Lost = false
		if calm != lossy {
			t.Fatalf("loss changed the rest: %+v, %+v", calm, lossy)
		}
	})
}

func TestTransmission(t *testing.T) {
	for _, test := range []struct {
		bandwidth, bytes uint64
		want             time.Duration
	}{
		{0, math.MaxUint64, 0},
		{1000, 1500, 1500 * time.Millisecond},
		{3, 1, 333_333_334},
		{1, 0, 0},
		{1, math.MaxUint64, DelayMax},
		{math.MaxUint64, 1, 1},
		{math.MaxUint64, math.MaxUint64, time.Second},
	} {
		if got := (Conditions{Bandwidth: test.bandwidth}).Transmission(test.bytes); got != test.want {
			t.Errorf("%d bytes at %d bytes/s take %v, want %v", test.bytes, test.bandwidth, got, test.want)
		}
	}
}
