package explore

import (
	"context"
	"errors"
	"fmt"
	"math/bits"
	"slices"
	"sync/atomic"
	"time"
)

// search is one breadth-first search.
//
// It goes level by level. A level's states lie in blocks. In rounds, the workers
// first expand blocks, each into the block's own batch, and then insert what came
// out, group by group: those of one group in the order of the blocks, whoever
// works on it. So what is visited, in which order, from which parent, is the same
// for every number of workers. (One alone inserts after each block, while it is in
// the cache: the order is that again.) Bounds are looked at between rounds.
type search struct {
	model   Model
	options Options
	width   int

	groups  [groupCount]group
	workers []worker
	crew    crew
	batches [roundBlocks]*Batch // of the round's blocks
	level   []*block
	// few is what comes of a level of one block, and alone whether the last level is one:
	// that is for one worker, and needs no groups.
	few    []*block
	order  []int // of the states in few
	alone  bool
	depth  int
	before uint64 // distinct states when the level began
	// Blocks that have been expanded: those of one group, and mixed ones.
	spare, spareMixed []*block
	// What the blocks of the level take, and those that are spare.
	levelBytes, spareBytes uint64

	generated, terminal, frontier uint64
	bytesMax                      uint64
	bound                         Bound
	hits                          []hit  // of each property
	wanted                        uint64 // properties that no state has hit yet
	overflow                      atomic.Bool
	started                       time.Time
	kindsBefore                   []uint64 // steps of each kind before the search was continued
	failed                        error    // to write a checkpoint
	// sleepy: sleep sets are kept. parity is that of the level.
	sleepy bool
	parity int
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
	notes   origins // if sleep sets are kept, a note of each state
	// young has, with partial-order reduction, those that come next.
	young table
	_     Apart
}

// early is room for what comes first of all groups, in one piece: many searches are so
// small that they need no more.
type early struct {
	segments [groupCount]segment
	origins  [groupCount][originsFirst]uint64
	slots    [groupCount][earlySegments]*segment
	pieces   [groupCount][1][]uint64
}

const earlySegments = 2

func (e *early) give(g int, to *group) {
	to.table.begin(&e.segments[g], e.slots[g][:0])
	to.origins.begin(e.origins[g][:], e.pieces[g][:0])
}

// worker is what one goroutine works with.
type worker struct {
	expander Expander
	reducer  *reducer // nil without partial-order reduction
	// found has, of each property, the first state of this round's blocks
	// that hits it.
	found    []hit
	terminal uint64
	touched  uint64
	fresh    []uint32
	// batches are those that it can fill: they are in the cache of its core.
	batches []*Batch
	filled  int // of this round
	_       Apart
}

// hit is a state that hits a property.
type hit struct {
	found bool
	block int // in the level
	at    int // in the block
	place place
	words []uint32
}

func (h *hit) before(other *hit) bool {
	return h.block < other.block || h.block == other.block && h.at < other.at
}

// Run explores a model breadth first. It ends early, with what is known, when
// the context is done or a bound of the options is met; the error tells of a
// model or options that cannot be explored.
func Run(ctx context.Context, model Model, options Options) (*Result, error) {
	s, err := newSearch(model, options)
	if err != nil {
		return nil, err
	}
	defer s.crew.dismiss()
	s.begin()
	return s.run(ctx)
}

// run expands level by level, and sums up.
func (s *search) run(ctx context.Context) (*Result, error) {
	for s.bound == Unbounded && s.failed == nil && s.nextLevel() {
		s.expandLevel(ctx)
	}
	if s.overflow.Load() {
		return nil, fmt.Errorf("explore: a state has %d successors or more", 1<<reducedActor)
	}
	if s.failed != nil {
		return nil, fmt.Errorf("the checkpoint cannot be written: %w", s.failed)
	}
	result := s.result()
	result.judgeLast(ctx, s.model, &s.options)
	result.Elapsed = time.Since(s.started)
	return result, nil
}

func newSearch(model Model, options Options) (*search, error) {
	if options.Workers < 1 {
		return nil, errors.New("explore: no worker")
	}
	s := &search{model: model, options: options, width: model.Width(), started: time.Now()}
	if options.DepthMax < 0 {
		return nil, errors.New("explore: a negative depth")
	}
	s.hits = make([]hit, len(model.Properties()))
	for i, p := range model.Properties() {
		if !p.Expectation.AtLast() { // that is judged afterwards
			s.wanted |= 1 << i
		}
	}
	for range options.Workers {
		expander := model.Expander()
		if _, ok := expander.(Symmetric); options.Symmetry && !ok {
			return nil, ErrAsymmetric
		}
		w := worker{expander: expander, found: make([]hit, len(s.hits))}
		if options.PartialOrder {
			divided, ok := expander.(Divided)
			if !ok {
				return nil, ErrIndivisible
			}
			if divided.Actors() > reducedActorsMax {
				return nil, fmt.Errorf("explore: steps divided among more than %d actors", reducedActorsMax)
			}
			w.reducer = newReducer(divided, s.width)
			s.sleepy = s.options.sleepy(expander)
		}
		s.workers = append(s.workers, w)
	}
	if options.Checkpoint != nil {
		if err := s.keepable(); err != nil {
			return nil, err
		}
	}
	room := new(early)
	for g := range s.groups {
		group := &s.groups[g]
		group.table.wide, group.table.numbered = options.Wide, s.sleepy
		group.next.placed = s.sleepy
		room.give(g, group)
		if options.Audit {
			group.audit = newAudit(s.width)
		}
	}
	return s, nil
}

// ErrAsymmetric is returned when symmetry is asked of a model that has none.
var ErrAsymmetric = errors.New("explore: no parts of this model can be interchanged")

// roundBlocks is the number of blocks of a round. What comes of them stays in the
// caches of two cores.
const roundBlocks = 12

// canonical returns the function that a worker's batches apply to states.
func (s *search) canonical(worker int) func([]uint32) {
	if !s.options.Symmetry {
		return nil
	}
	return s.workers[worker].expander.(Symmetric).Canonical
}

// batch returns an empty batch of a worker.
func (s *search) batch(number int) *Batch {
	w := &s.workers[number]
	if w.filled == len(w.batches) {
		b := newBatch(s.width, &s.options, s.canonical(number))
		b.sleepy, b.attributing = s.sleepy, s.sleepy
		w.batches = append(w.batches, b)
	}
	b := w.batches[w.filled]
	w.filled++
	b.reset()
	return b
}

// begin visits the initial states.
func (s *search) begin() {
	s.batches[0] = s.batch(0)
	s.workers[0].expander.Initial(s.batches[0])
	s.insertAll(nil)
	s.workers[0].filled = 0
}

// expandLevel expands the level, or as much of it as the bounds allow. Every
// state of it is judged in any case.
func (s *search) expandLevel(ctx context.Context) {
	s.alone = len(s.level) == 1 && !s.options.PartialOrder
	s.expandBlocks(ctx, s.level, s.options.PartialOrder && !s.options.Insistent)
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
	for from := 0; from < len(blocks); from += roundBlocks {
		round := blocks[from:min(from+roundBlocks, len(blocks))]
		if s.bound == Unbounded {
			s.checkBounds(ctx)
			s.checkpoint(blocks[from:])
		}
		if s.failed != nil {
			return
		}
		if len(s.workers) == 1 {
			for i := range round {
				s.expandRound(from+i, round[i:i+1], reduce)
			}
		} else {
			s.expandRound(from, round, reduce)
		}
	}
}

// expandRound expands blocks together, of which the first is number from of the
// level.
func (s *search) expandRound(from int, round []*block, reduce bool) {
	s.each(len(round), func(number, i int) {
		s.batches[i] = s.batch(number)
		s.expand(number, from+i, s.batches[i], round[i], reduce)
	})
	if !s.alone {
		s.handOut()
	}
	s.insertAll(round)
	s.takeHits()
	for i := range s.workers {
		s.workers[i].filled = 0
	}
	for i, b := range round {
		s.anew.take(s.batches[i], b, s.width)
		if s.bound == Unbounded && b.group != again {
			s.frontier -= uint64(b.count)
			s.levelBytes -= b.bytes()
			s.recycle(b)
			round[i] = nil
		}
	}
}

// nextFrontier counts the states that were reached last.
func (s *search) nextFrontier() {
	s.frontier = 0
	for _, b := range s.few {
		s.frontier += uint64(b.count)
	}
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

// distinct returns how many states are known.
func (s *search) distinct() (n uint64) {
	for g := range s.groups {
		n += uint64(s.groups[g].origins.count)
	}
	return n
}

// size returns how many states are known, and the memory that they take.
func (s *search) size() (distinct, bytes uint64) {
	distinct = s.distinct()
	for g := range s.groups {
		group := &s.groups[g]
		bytes += group.notes.bytes() + group.table.bytes() + group.young.bytes() + group.origins.bytes() + group.next.bytes()
		if group.audit != nil {
			bytes += group.audit.bytes()
		}
	}
	for _, b := range s.few {
		bytes += b.bytes()
	}
	bytes += s.levelBytes + s.spareBytes
	for i := range s.workers {
		for _, b := range s.workers[i].batches {
			bytes += b.bytes()
		}
		if r := s.workers[i].reducer; r != nil {
			bytes += r.size()
		}
	}
	return distinct, bytes + s.model.Bytes()
}

// each does so many jobs, in any order, with all workers.
func (s *search) each(jobs int, do func(number, job int)) {
	if len(s.workers) == 1 || jobs == 1 {
		for job := range jobs {
			do(0, job)
		}
		return
	}
	if s.crew.helpers == nil {
		s.crew.hire(len(s.workers) - 1)
	}
	s.crew.do(jobs, do)
}

// expand judges the states of a block and, if no bound is met, puts their
// successors into the batch.
func (s *search) expand(number, at int, batch *Batch, b *block, reduce bool) {
	w := &s.workers[number]
	if s.options.PartialOrder {
		batch.reducing(b.count)
	}
	for i := range b.count {
		state := b.state(i, s.width)
		if s.options.Visit != nil {
			s.options.Visit(state)
		}
		if hits := w.expander.Hits(state) & s.wanted; hits != 0 {
			w.record(hits, hit{found: true, block: at, at: i, place: b.place(i)}, state)
		}
		if s.bound != Unbounded {
			continue
		}
		before := batch.count
		batch.from(i)
		var reduced, terminal bool
		switch {
		case s.sleepy:
			reduced, terminal = s.expandAwake(w, state, b.place(i), batch, reduce, b.group == again)
		case reduce:
			reduced = w.reducer.expand(state, batch)
			terminal = batch.count == before
		default:
			w.expander.Expand(state, batch)
			terminal = batch.count == before
		}
		if reduced {
			batch.reduced = append(batch.reduced, uint32(i))
		}
		if terminal {
			w.terminal++
		}
		if batch.count-before >= 1<<reducedActor {
			s.overflow.Store(true)
		}
	}
	if batch.count >= groupCount && !s.alone {
		batch.group()
	}
}

func (w *worker) record(hits uint64, h hit, state []uint32) {
	for ; hits != 0; hits &= hits - 1 {
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
