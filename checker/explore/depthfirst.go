package explore

import (
	"context"
	"errors"
	"slices"
	"time"
)

// RunDepthFirst explores a model depth first: in the least memory, for it keeps
// of a state its fingerprint alone, and whole the states on the way from the
// initial one only. Counts and verdicts are those of Run, but the runs that it
// shows are not the shortest, and Depth is that of the deepest one that it
// followed. One worker works.
func RunDepthFirst(ctx context.Context, model Model, options Options) (*Result, error) {
	started := time.Now()
	options.Workers = 1
	if options.Audit || options.PartialOrder {
		return nil, errors.New("explore: depth first there is no audit and no partial-order reduction")
	}
	s, err := newSearch(model, options)
	if err != nil {
		return nil, err
	}
	d := depthFirst{search: s, expander: s.workers[0].expander, found: make([]*Path, len(model.Properties()))}
	d.descend(ctx)
	if d.cut && s.bound == Unbounded {
		s.bound = DepthBound
	}
	s.depth = d.deepest
	result := s.result()
	for _, f := range d.frames {
		for kind := range result.Kinds {
			result.Kinds[kind] += f.batch.kinds[kind]
		}
	}
	for i := range result.Findings {
		if path := d.found[i]; path != nil {
			f := &result.Findings[i]
			f.Path, f.Verdict = path, Violated
			if f.Property.Expectation == Sometimes {
				f.Verdict = Reached
			}
		}
	}
	result.Distinct, result.Bytes, result.Frontier = d.distinct, s.bytesMax, uint64(d.waiting())
	result.judgeLast(ctx, model, &options)
	result.CollisionBound = collisionBound(d.distinct, options.Wide, s.width)
	result.Elapsed = time.Since(started)
	return result, nil
}

// depthFirst is a search that has gone some way down.
type depthFirst struct {
	*search
	expander Expander
	frames   []*frame // on the way; those beyond depth are spare
	depth    int
	deepest  int
	distinct uint64
	found    []*Path
	cut      bool // a state was not expanded because it was too deep
}

// frame is the successors of a state on the way, of which those from next on are
// still to be followed.
type frame struct {
	batch *Batch
	next  int
}

// descend follows the successors until none is left or a bound is met.
func (d *depthFirst) descend(ctx context.Context) {
	d.expander.Initial(d.open().batch)
	d.generated += uint64(d.frames[0].batch.count)
	const pace = 1 << 12 // states between looks at the bounds
	for step := 1; d.depth > 0 && d.bound == Unbounded; step++ {
		top := d.frames[d.depth-1]
		if top.next == top.batch.count {
			d.depth--
			continue
		}
		at := top.next
		top.next++
		if !d.fresh(top.batch, at) {
			continue
		}
		d.distinct++
		d.deepest = max(d.deepest, d.depth)
		d.visit(top.batch.state(at))
		if step%pace == 1 || d.options.StatesMax > 0 && d.distinct >= d.options.StatesMax {
			d.look(ctx)
		}
	}
}

// fresh reports whether a successor was not visited before.
func (d *depthFirst) fresh(b *Batch, at int) bool {
	table := &d.groups[b.prints[at]>>groupShift].table
	var fresh bool
	if b.wide {
		_, fresh = table.insertWide(b.prints[at], b.second[at])
	} else {
		_, fresh = table.insert(b.prints[at])
	}
	return fresh
}

// open returns an empty frame, one deeper.
func (d *depthFirst) open() *frame {
	if d.depth == len(d.frames) {
		batch := newBatch(d.width, &d.options, d.canonical(0))
		batch.keepLabels = true
		d.frames = append(d.frames, &frame{batch: batch})
	}
	f := d.frames[d.depth]
	f.next = 0
	f.batch.reset()
	f.batch.from(0)
	d.depth++
	return f
}

// visit judges a state and goes on to its successors.
func (d *depthFirst) visit(state []uint32) {
	for i := range d.found {
		if d.found[i] == nil && d.wanted>>i&1 != 0 && d.expander.Hits(state)>>i&1 != 0 {
			d.found[i] = d.way()
			d.wanted &^= 1 << i
			if d.options.Stop && d.model.Properties()[i].Expectation == Never {
				d.bound = Stopped
			}
		}
	}
	if d.options.DepthMax > 0 && d.depth >= d.options.DepthMax {
		d.cut = true
		return
	}
	f := d.open()
	d.expander.Expand(state, f.batch)
	d.generated += uint64(f.batch.count)
	if f.batch.count == 0 {
		d.terminal++
	}
}

// way returns the run that led here. Under symmetry it is made again, of the
// model as it is.
func (d *depthFirst) way() *Path {
	turns := []int{}
	path := &Path{}
	for i, f := range d.frames[:d.depth] {
		at := f.next - 1
		turns = append(turns, at)
		path.States = append(path.States, slices.Clone(f.batch.state(at)))
		if i > 0 {
			path.Steps = append(path.Steps, f.batch.labels[at])
		}
	}
	if !d.options.Symmetry {
		return path
	}
	r := replayer{Stepper: NewStepper(d.model), symmetric: true}
	return r.run(turns)
}

// waiting returns how many successors are still to be followed.
func (d *depthFirst) waiting() int {
	n := 0
	for _, f := range d.frames[:d.depth] {
		n += f.batch.count - f.next
	}
	return n
}

// look stops the search if a bound is met.
func (d *depthFirst) look(ctx context.Context) {
	bytes := d.model.Bytes()
	for g := range d.groups {
		bytes += d.groups[g].table.bytes()
	}
	for _, f := range d.frames {
		bytes += f.batch.bytes()
	}
	d.bytesMax = max(d.bytesMax, bytes)
	switch o := &d.options; {
	case ctx.Err() != nil:
		d.bound = Interrupted
	case o.StatesMax > 0 && d.distinct >= o.StatesMax:
		d.bound = StatesBound
	case o.MemoryMax > 0 && bytes > o.MemoryMax:
		d.bound = MemoryBound
	}
	if d.options.Progress != nil {
		d.options.Progress(Progress{
			Generated: d.generated, Distinct: d.distinct, Depth: d.depth, Frontier: uint64(d.waiting()), Bytes: bytes,
		})
	}
}
