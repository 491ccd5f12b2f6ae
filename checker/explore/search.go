package explore

import (
	"context"
	"errors"
	"fmt"
	"math/bits"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// search is one breadth-first search.
//
// It goes level by level. A level's states lie in blocks. In rounds, the workers
// first expand blocks, each into the block's own batch, and then insert what came
// out, group by group: those of one group in the order of the blocks, whoever
// works on it. So what is visited, in which order, from which parent, is the same
// for every number of workers.
type search struct {
	model   Model
	options Options
	width   int

	groups  [groupCount]group
	workers []worker
	batches []*Batch // of the round's blocks
	level   []*block
	depth   int

	generated, terminal, frontier uint64
	bytesMax                      uint64
	bound                         Bound
	hits                          [64]hit
	wanted                        uint64 // properties that no state has hit yet
	overflow                      atomic.Bool
	// anew is what of this level is to be expanded once more, as a whole.
	anew anew
}

// group is the visited states whose fingerprints begin alike, and what comes
// next of them.
type group struct {
	table   table
	origins origins
	next    frontier
	audit   *audit
	// young has, with partial-order reduction, those that come next.
	young table
	_     [64]byte // no two groups in one cache line
}

// worker is what one goroutine works with.
type worker struct {
	expander Expander
	reducer  *reducer // nil without partial-order reduction
	// found has, of each property, the first state of this round's blocks
	// that hits it.
	found    [64]hit
	terminal uint64
	touched  uint64
}

// hit is a state that hits a property.
type hit struct {
	found bool
	block int // in the level
	place place
	words []uint32
}

func (h *hit) before(other *hit) bool {
	return h.block < other.block || h.block == other.block && h.place.number < other.place.number
}

// Run explores a model breadth first. It ends early, with what is known, when
// the context is done or a bound of the options is met; the error tells of a
// model or options that cannot be explored.
func Run(ctx context.Context, model Model, options Options) (*Result, error) {
	started := time.Now()
	s, err := newSearch(model, options)
	if err != nil {
		return nil, err
	}
	s.begin()
	for s.bound == Unbounded && s.nextLevel() {
		s.expandLevel(ctx)
	}
	if s.overflow.Load() {
		return nil, fmt.Errorf("explore: a state has %d successors or more", reducedTurn)
	}
	result := s.result()
	result.judgeLast(ctx, model, &options)
	result.Elapsed = time.Since(started)
	return result, nil
}

func newSearch(model Model, options Options) (*search, error) {
	if options.Workers < 1 {
		return nil, errors.New("explore: no worker")
	}
	s := &search{model: model, options: options, width: model.Width()}
	if options.DepthMax < 0 {
		return nil, errors.New("explore: a negative depth")
	}
	for i, p := range model.Properties() {
		if p.Expectation != Eventually { // that is judged afterwards
			s.wanted |= 1 << i
		}
	}
	for range options.Workers {
		expander := model.Expander()
		if _, ok := expander.(Symmetric); options.Symmetry && !ok {
			return nil, ErrAsymmetric
		}
		w := worker{expander: expander}
		if options.PartialOrder {
			divided, ok := expander.(Divided)
			if !ok {
				return nil, ErrIndivisible
			}
			w.reducer = newReducer(divided, s.width)
		}
		s.workers = append(s.workers, w)
	}
	for range rounds(options.Workers) {
		s.batches = append(s.batches, newBatch(s.width, &s.options, s.canonical(0)))
	}
	if options.Audit {
		for g := range s.groups {
			s.groups[g].audit = newAudit(s.width)
		}
	}
	return s, nil
}

// ErrAsymmetric is returned when symmetry is asked of a model that has none.
var ErrAsymmetric = errors.New("explore: no parts of this model can be interchanged")

// rounds returns how many blocks a round has: with one worker the successors
// of a block are inserted while they are in the cache.
func rounds(workers int) int {
	if workers == 1 {
		return 1
	}
	return 8 * workers
}

// canonical returns the function that a worker's batches apply to states.
func (s *search) canonical(worker int) func([]uint32) {
	if !s.options.Symmetry {
		return nil
	}
	return s.workers[worker].expander.(Symmetric).Canonical
}

// begin visits the initial states.
func (s *search) begin() {
	b := s.batches[0]
	s.workers[0].expander.Initial(b)
	s.insertAll(nil)
}

// nextLevel makes what was inserted the level to expand.
func (s *search) nextLevel() bool {
	s.level = s.level[:0]
	s.frontier = 0
	for g := range s.groups {
		f := &s.groups[g].next
		for _, b := range f.blocks {
			s.level = append(s.level, b)
			s.frontier += uint64(b.count)
		}
		f.blocks = f.blocks[:0]
		s.groups[g].young.clear()
	}
	if s.frontier == 0 {
		return false
	}
	s.depth++
	return true
}

// expandLevel expands the level, or as much of it as the bounds allow. Every
// state of it is judged in any case.
func (s *search) expandLevel(ctx context.Context) {
	s.expandBlocks(ctx, s.level, s.options.PartialOrder)
	if s.bound == Unbounded {
		s.expandBlocks(ctx, s.anew.blocks(s.width), false)
	}
	if s.bound == Unbounded && s.options.Stop && s.broken() {
		s.bound = Stopped
		s.nextFrontier()
	}
}

// expandBlocks expands blocks of the level, of their states only a part if that
// suffices.
func (s *search) expandBlocks(ctx context.Context, blocks []*block, reduce bool) {
	size := len(s.batches)
	for from := 0; from < len(blocks); from += size {
		round := blocks[from:min(from+size, len(blocks))]
		if s.bound == Unbounded {
			s.checkBounds(ctx)
		}
		for _, batch := range s.batches {
			batch.reducing(0)
		}
		s.each(len(round), func(w *worker, i, number int) {
			s.expand(w, number, from+i, s.batches[i], round[i], reduce)
		})
		s.insertAll(round)
		s.takeHits()
		for i, b := range round {
			s.anew.take(s.batches[i], b, s.width)
			if s.bound == Unbounded && b.places == nil {
				s.frontier -= uint64(b.count)
				s.groups[b.group].next.recycle(b)
				round[i] = nil
			}
		}
	}
}

// nextFrontier counts the states that were reached last.
func (s *search) nextFrontier() {
	s.frontier = 0
	for g := range s.groups {
		for _, b := range s.groups[g].next.blocks {
			s.frontier += uint64(b.count)
		}
	}
}

// checkBounds stops the expansion if a bound is met.
func (s *search) checkBounds(ctx context.Context) {
	o := &s.options
	distinct, bytes := s.size()
	s.bytesMax = max(s.bytesMax, bytes)
	switch {
	case ctx.Err() != nil:
		s.bound = Interrupted
	case o.DepthMax > 0 && s.depth >= o.DepthMax:
		s.bound = DepthBound
	case o.StatesMax > 0 && distinct >= o.StatesMax:
		s.bound = StatesBound
	case o.MemoryMax > 0 && bytes > o.MemoryMax:
		s.bound = MemoryBound
	}
	if o.Progress != nil {
		o.Progress(Progress{
			Generated: s.generated, Distinct: distinct, Depth: s.depth, Frontier: s.frontier, Bytes: bytes,
		})
	}
}

// size returns how many states are known, and the memory that they take.
func (s *search) size() (distinct, bytes uint64) {
	for g := range s.groups {
		group := &s.groups[g]
		distinct += uint64(group.origins.count)
		bytes += group.table.bytes() + group.young.bytes() + group.origins.bytes() + group.next.bytes()
		if group.audit != nil {
			bytes += group.audit.bytes()
		}
	}
	for _, b := range s.level {
		if b != nil {
			bytes += 4 * uint64(cap(b.words))
		}
	}
	for _, b := range s.batches {
		bytes += b.bytes()
	}
	for i := range s.workers {
		if r := s.workers[i].reducer; r != nil {
			bytes += r.size()
		}
	}
	return distinct, bytes + s.model.Bytes()
}

// each does so many jobs, in any order, with all workers.
func (s *search) each(jobs int, do func(w *worker, job, number int)) {
	if len(s.workers) == 1 || jobs == 1 {
		for job := range jobs {
			do(&s.workers[0], job, 0)
		}
		return
	}
	var next atomic.Int64
	var group sync.WaitGroup
	for number := range min(jobs, len(s.workers)) {
		group.Go(func() {
			for {
				job := int(next.Add(1)) - 1
				if job >= jobs {
					return
				}
				do(&s.workers[number], job, number)
			}
		})
	}
	group.Wait()
}

// expand judges the states of a block and, if no bound is met, puts their
// successors into the batch.
func (s *search) expand(w *worker, number, at int, batch *Batch, b *block, reduce bool) {
	batch.reset()
	if s.options.PartialOrder {
		batch.reducing(b.count)
	}
	batch.canonical = s.canonical(number)
	for i := range b.count {
		state := b.state(i, s.width)
		if hits := w.expander.Hits(state) & s.wanted; hits != 0 {
			w.record(hits, at, b.place(i), state)
		}
		if s.bound != Unbounded {
			continue
		}
		before := batch.count
		batch.from(i)
		if !reduce {
			w.expander.Expand(state, batch)
		} else if w.reducer.expand(state, batch) {
			batch.reduced = append(batch.reduced, uint32(i))
		}
		switch successors := batch.count - before; {
		case successors == 0:
			w.terminal++
		case successors >= reducedTurn:
			s.overflow.Store(true)
		}
	}
	batch.group()
}

func (w *worker) record(hits uint64, at int, p place, state []uint32) {
	for ; hits != 0; hits &= hits - 1 {
		h := hit{found: true, block: at, place: p}
		if known := &w.found[bits.TrailingZeros64(hits)]; !known.found || h.before(known) {
			h.words = slices.Clone(state)
			*known = h
		}
	}
}

// takeHits takes over the first state of the round that hits a property.
func (s *search) takeHits() {
	for i := range s.workers {
		w := &s.workers[i]
		s.terminal += w.terminal
		w.terminal = 0
		for p := range w.found {
			if h := &w.found[p]; h.found {
				if known := &s.hits[p]; !known.found || h.before(known) {
					*known = *h
				}
				*h = hit{}
			}
		}
	}
	for p := range s.hits {
		if s.hits[p].found {
			s.wanted &^= 1 << p
		}
	}
}

// broken reports whether a state was hit that may never be.
func (s *search) broken() bool {
	for i, p := range s.model.Properties() {
		if p.Expectation == Never && s.hits[i].found {
			return true
		}
	}
	return false
}

// insertAll visits the successors of a round of blocks; nil stands for the
// initial states.
func (s *search) insertAll(round []*block) {
	batches := s.batches[:max(1, len(round))]
	if round == nil {
		batches[0].group()
	}
	if len(s.workers) == 1 || sum(batches) < 4*blockStates {
		for g := range groupCount {
			s.insertGroup(&s.workers[0], g, batches, round)
		}
	} else {
		s.each(groupCount, func(w *worker, g, _ int) { s.insertGroup(w, g, batches, round) })
	}
	for _, b := range batches {
		s.generated += uint64(b.count)
	}
}

func sum(batches []*Batch) int {
	n := 0
	for _, b := range batches {
		n += b.count
	}
	return n
}

func (s *search) insertGroup(w *worker, number int, batches []*Batch, round []*block) {
	g := &s.groups[number]
	for i, batch := range batches {
		order := batch.order[batch.start[number]:batch.start[number+1]]
		w.touched += g.table.touch(batch.prints, order)
		for _, at := range order {
			var fresh bool
			if batch.wide {
				fresh = g.table.insertWide(batch.prints[at], batch.second[at])
			} else {
				fresh = g.table.insert(batch.prints[at])
			}
			if g.audit != nil {
				g.audit.check(batch.prints[at], batch.state(int(at)), fresh)
			}
			if s.options.PartialOrder {
				s.grow(g, batch, at, fresh, round != nil)
			}
			if !fresh {
				continue
			}
			origin := noOrigin | uint64(batch.turn[at])
			if round != nil {
				origin = round[i].place(int(batch.origin[at])).origin(batch.turn[at])
			}
			g.next.add(batch.state(int(at)), number, g.origins.count)
			g.origins.add(origin)
		}
	}
}
