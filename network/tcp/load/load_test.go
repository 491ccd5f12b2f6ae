package load_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"quorumlab/network/tcp/load"
)

// service answers in a millisecond, but stands still from 1 s to 2 s.
type service struct{ began time.Time }

func (s *service) do(context.Context, int, uint64) error {
	if at := time.Since(s.began); at >= time.Second && at < 2*time.Second {
		<-time.After(2*time.Second - at)
	}
	<-time.After(time.Millisecond)
	return nil
}

// TestAStandstillIsSeen: in an open loop the percentiles show a standstill, though
// hardly anything was sent while it lasted.
func TestAStandstillIsSeen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := service{time.Now()}
		r := load.Run(t.Context(), load.Options{Clients: 4, Rate: 1000, Duration: 4 * time.Second, Do: s.do})
		// A quarter of the requests was due during the standstill.
		if r.Percentile(50) > 200*time.Millisecond || r.Percentile(90) < 400*time.Millisecond || r.Percentile(100) < 990*time.Millisecond {
			t.Errorf("percentiles 50: %v, 90: %v, 100: %v", r.Percentile(50), r.Percentile(90), r.Percentile(100))
		}
		if r.Done < 3900 || r.Failed != 0 {
			t.Errorf("%d done, %d failed", r.Done, r.Failed)
		}
	})
}

func TestWhatIsNotSentInTimeIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := load.Run(t.Context(), load.Options{
			Clients: 1, Rate: 1000, Duration: time.Second,
			Do: func(context.Context, int, uint64) error { <-time.After(10 * time.Millisecond); return nil },
		})
		if r.Done < 95 || r.Done > 100 || r.Late < 890 || r.Late > 910 {
			t.Errorf("%d done, %d late", r.Done, r.Late)
		}
	})
}

func TestClosedLoop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var most, under atomic.Int64
		var mu sync.Mutex
		seen := map[uint64]bool{}
		failed := errors.New("no")
		r := load.Run(t.Context(), load.Options{
			Clients: 8, Warmup: time.Second, Duration: 2 * time.Second,
			Do: func(_ context.Context, client int, n uint64) error {
				mu.Lock()
				if seen[n] || client < 0 || client > 7 {
					t.Errorf("request %d twice, or by client %d", n, client)
				}
				seen[n] = true
				mu.Unlock()
				most.Store(max(most.Load(), under.Add(1)))
				<-time.After(10 * time.Millisecond)
				under.Add(-1)
				if n%10 == 0 {
					return failed
				}
				return nil
			},
		})
		if r.Done < 1400 || r.Done > 1450 || r.Failed < 150 || r.Failed > 165 || !errors.Is(r.FirstError, failed) || most.Load() != 8 {
			t.Errorf("%d done, %d failed (%v), at most %d at once", r.Done, r.Failed, r.FirstError, most.Load())
		}
		if rate := r.PerSecond(); rate < 700 || rate > 730 || r.Percentile(99) != 10*time.Millisecond {
			t.Errorf("%.0f a second, p99 %v", rate, r.Percentile(99))
		}
		few := load.Run(t.Context(), load.Options{
			Clients: 3, Requests: 10, Duration: time.Hour, Do: func(context.Context, int, uint64) error { return nil },
		})
		if few.Done != 10 {
			t.Errorf("%d of 10 done", few.Done)
		}
	})
}

func TestPercentiles(t *testing.T) {
	r := &load.Result{}
	if r.Percentile(99) != 0 {
		t.Error("there is a percentile of nothing")
	}
	for n := range 1000 {
		r.Latencies = append(r.Latencies, time.Duration(n+1))
	}
	for percent, want := range map[float64]time.Duration{0: 1, 50: 500, 99: 990, 99.9: 999, 99.99: 1000, 100: 1000} {
		if got := r.Percentile(percent); got != want {
			t.Errorf("percentile %v is %d, want %d", percent, got, want)
		}
	}
}
