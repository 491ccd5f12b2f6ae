package explore

import "slices"

// path finds the run that led to a state. The origins name its parents; the
// run itself is made again from the initial state, with the labels. Under
// symmetry the parents stand for others: the run is one of the model as it is,
// so that it can be replayed by who knows nothing of symmetry.
func (s *search) path(h *hit) *Path {
	var turns []int
	at := h.place
	for {
		p, turn, inner := parent(s.groups[at.group].origins.at(at.number))
		turns = append(turns, turn)
		if !inner {
			break
		}
		at = p
	}
	slices.Reverse(turns)
	r := replayer{expander: s.workers[0].expander, batch: newBatch(s.width, &Options{}, nil)}
	r.batch.keepLabels = true
	if s.options.Symmetry {
		r.canonical = s.canonical(0)
	}
	return r.run(turns)
}

// replayer makes a run again.
type replayer struct {
	expander  Expander
	canonical func([]uint32) // nil without symmetry
	batch     *Batch
}

// run takes, of the initial states, that of turn turns[0], of its successors
// that of turns[1] and so on.
func (r *replayer) run(turns []int) *Path {
	r.batch.from(0)
	r.expander.Initial(r.batch)
	real := slices.Clone(r.batch.state(turns[0]))
	kept := r.canon(real)
	path := &Path{States: [][]uint32{real}}
	for _, turn := range turns[1:] {
		r.expand(kept)
		kept = r.canon(r.batch.state(turn))
		r.expand(real)
		for i := range r.batch.count {
			if next := r.batch.state(i); slices.Equal(r.canon(next), kept) {
				real = slices.Clone(next)
				path.Steps = append(path.Steps, r.batch.labels[i])
				break
			}
		}
		path.States = append(path.States, real)
	}
	if len(path.Steps) != len(path.States)-1 {
		panic("explore: a step of a run cannot be made again")
	}
	return path
}

func (r *replayer) expand(state []uint32) {
	r.batch.reset()
	r.batch.from(0)
	r.expander.Expand(state, r.batch)
}

// canon returns what stands for a state.
func (r *replayer) canon(state []uint32) []uint32 {
	state = slices.Clone(state)
	if r.canonical != nil {
		r.canonical(state)
	}
	return state
}
