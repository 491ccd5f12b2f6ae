package load

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Options is what to ask, and how.
type Options struct {
	// Clients is how many requests can be under way at once.
	Clients int
	// Rate is how many requests a second are due in all; 0 is a closed loop.
	Rate float64
	// Warmup is not measured, Duration is.
	Warmup, Duration time.Duration
	// Requests ends the run after so many, if it is not 0.
	Requests uint64
	// Processes are those of the service, if they run on this machine.
	Processes []int
	// Do carries out request number n (from 0) of all as one of the clients.
	Do func(ctx context.Context, client int, n uint64) error
}

// Result is what was measured.
type Result struct {
	// Done is how many were answered in time, Failed how many were not.
	Done, Failed uint64
	Elapsed      time.Duration
	// FirstError is that of the first that failed, nil if none did.
	FirstError error
	// Latencies are those of the ones that were answered, growing.
	Latencies []time.Duration
	// Late is how many requests, in an open loop, were due and not yet sent when
	// the time was up.
	Late uint64
	// Service and Own are the processor time of the service's processes and of this
	// one, while it was measured; 0 if it is not known. Resident is the memory of
	// the largest of the service's processes afterwards, in bytes.
	Service, Own time.Duration
	Resident     int64
}

// Each returns a processor time's share of one request.
func (r *Result) Each(processor time.Duration) time.Duration {
	return processor / time.Duration(max(r.Done+r.Failed, 1))
}

// PerSecond returns how many were done in a second.
func (r *Result) PerSecond() float64 { return float64(r.Done) / r.Elapsed.Seconds() }

// Percentile returns the latency that so many percent of the requests did not
// exceed; 0 if there was none.
func (r *Result) Percentile(percent float64) time.Duration {
	n := len(r.Latencies)
	if n == 0 {
		return 0
	}
	// The smallest that is not below the wanted share.
	at := int(float64(n)*percent/100 + 0.999999)
	return r.Latencies[min(max(at, 1), n)-1]
}

// run is one run under way.
type run struct {
	Options
	begin, measured, end time.Time
	next                 atomic.Uint64
}

// clientResult is what one client measured.
type clientResult struct {
	latencies []time.Duration
	failed    uint64
	err       error
	last      time.Time
}

// Run puts the load on. The context's end ends it early; what was measured until
// then is returned.
func Run(ctx context.Context, options Options) *Result {
	r := &run{Options: options, begin: time.Now()}
	r.measured = r.begin.Add(options.Warmup)
	r.end = r.measured.Add(options.Duration)
	ctx, stop := context.WithDeadline(ctx, r.end)
	defer stop()
	results := make([]clientResult, options.Clients)
	var all sync.WaitGroup
	for client := range results {
		all.Go(func() { r.work(ctx, client, &results[client]) })
	}
	var service, own time.Duration
	all.Go(func() {
		if rest(ctx, options.Warmup) {
			service, own = r.processor()
		}
	})
	all.Wait()
	total := r.sum(results)
	if after, ownAfter := r.processor(); own > 0 {
		total.Service, total.Own = after-service, ownAfter-own
	}
	for _, pid := range options.Processes {
		total.Resident = max(total.Resident, Resident(pid))
	}
	return total
}

// rest waits, and reports false if the context ends before.
func rest(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// work is what one client does.
func (r *run) work(ctx context.Context, client int, result *clientResult) {
	for {
		n := r.next.Add(1) - 1
		if r.Requests > 0 && n >= r.Requests {
			return
		}
		due, ok := r.due(ctx, n)
		if !ok {
			return
		}
		err := r.Do(ctx, client, n)
		now := time.Now()
		switch {
		case now.After(r.end) || ctx.Err() != nil: // nobody waits for it any more
			return
		case now.Before(r.measured):
			continue
		case err != nil:
			result.failed++
			if result.err == nil {
				result.err = err
			}
		default:
			result.latencies = append(result.latencies, now.Sub(due))
		}
		result.last = now
	}
}

// due waits until request n is due, and returns when that was. In a closed loop it
// is at once.
func (r *run) due(ctx context.Context, n uint64) (time.Time, bool) {
	now := time.Now()
	if r.Rate == 0 {
		return now, now.Before(r.end) && ctx.Err() == nil
	}
	due := r.begin.Add(time.Duration(float64(n) / r.Rate * float64(time.Second)))
	if !due.Before(r.end) {
		return due, false
	}
	if wait := due.Sub(now); wait > 0 && !rest(ctx, wait) {
		return due, false
	}
	return due, ctx.Err() == nil
}

// sum puts together what the clients measured.
func (r *run) sum(results []clientResult) *Result {
	total := &Result{}
	last := r.measured
	for i := range results {
		c := &results[i]
		total.Latencies = append(total.Latencies, c.latencies...)
		total.Failed += c.failed
		if total.FirstError == nil {
			total.FirstError = c.err
		}
		if c.last.After(last) {
			last = c.last
		}
	}
	slices.Sort(total.Latencies)
	total.Done = uint64(len(total.Latencies))
	total.Elapsed = max(last.Sub(r.measured), time.Nanosecond)
	if r.Rate > 0 {
		if ended := time.Now(); ended.After(r.end) {
			last = r.end
		}
		wanted := uint64(last.Sub(r.begin).Seconds() * r.Rate)
		if r.Requests > 0 {
			wanted = min(wanted, r.Requests)
		}
		if sent := r.next.Load(); wanted > sent {
			total.Late = wanted - sent
		}
	}
	return total
}
