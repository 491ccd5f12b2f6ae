package reports

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"sync"

	"quorumlab/scenarios"
)

// Collected is what was measured of the rows of a report.
type Collected struct {
	rows    []Row
	models  []Model
	seeds   []uint64
	samples [][][]sample // by row, phase and seed
	history bool         // it is recorded: there are no seeds
}

// Collect runs all rows with all seeds, on all cores. If the context ends early
// the first seeds that are whole are returned with its error. progress, if not nil, is
// told how many runs are done, by one goroutine at a time. Equal rows and seeds
// give the same, however many cores there are.
func Collect(ctx context.Context, lab *scenarios.Lab, rows []Row, seeds []uint64, progress func(done, of int)) (*Collected, error) {
	c := &Collected{rows: rows, models: Models(), seeds: seeds}
	if transact(rows) {
		c.models = append(c.models, isolationModels()...)
	}
	type job struct{ row, phase, seed int }
	var jobs []job
	for r := range rows {
		c.samples = append(c.samples, make([][]sample, len(rows[r].Phases)))
		for p := range rows[r].Phases {
			c.samples[r][p] = make([]sample, len(seeds))
		}
	}
	for s := range seeds { // seed by seed, so that who interrupts it has all rows
		for r := range rows {
			for p := range rows[r].Phases {
				jobs = append(jobs, job{r, p, s})
			}
		}
	}
	left := make([]int, len(seeds)) // runs to do of each seed
	for _, j := range jobs {
		left[j.seed]++
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var workers sync.WaitGroup
	var mutex sync.Mutex
	next, done := 0, 0
	take := func() (job, bool) {
		mutex.Lock()
		defer mutex.Unlock()
		if next == len(jobs) || ctx.Err() != nil {
			return job{}, false
		}
		next++
		return jobs[next-1], true
	}
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for j, more := take(); more; j, more = take() {
				s, err := c.one(ctx, lab, &rows[j.row], rows[j.row].Phases[j.phase], seeds[j.seed])
				if err != nil {
					cancel(err)
					return
				}
				if j.seed > 0 { // the plots show one run
					s.ops, s.levels = nil, nil
				}
				mutex.Lock()
				c.samples[j.row][j.phase][j.seed] = s
				left[j.seed]--
				done++
				if progress != nil {
					progress(done, len(jobs))
				}
				mutex.Unlock()
			}
		})
	}
	workers.Wait()
	c.truncate(left)
	return c, context.Cause(ctx)
}

// truncate keeps the first seeds up to one of which a run is left to do.
func (c *Collected) truncate(left []int) {
	whole := slices.IndexFunc(left, func(n int) bool { return n > 0 })
	if whole < 0 {
		return
	}
	c.seeds = c.seeds[:whole]
	for r := range c.samples {
		for p := range c.samples[r] {
			c.samples[r][p] = c.samples[r][p][:whole]
		}
	}
}

// Seeds returns the seeds with which all was run.
func (c *Collected) Seeds() []uint64 { return c.seeds }

func (c *Collected) one(ctx context.Context, lab *scenarios.Lab, row *Row, phase string, seed uint64) (sample, error) {
	options := scenarios.Options{Seed: seed, Hashless: true, Truth: true, Cost: row.costs(phase)}
	result, err := lab.Execute(ctx, row.Scenario, row.run(phase), options)
	if err != nil {
		return sample{}, fmt.Errorf("%s, %s, seed %d: %w", row.ID, phase, seed, err)
	}
	return measured(ctx, result, seed, c.models), ctx.Err()
}

// costs tells in which phase the costs of a row are counted.
func (r *Row) costs(phase string) bool { return phase == costAt || len(r.Phases) == 1 }
