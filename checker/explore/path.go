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
	r := replayer{Stepper: NewStepper(s.model), symmetric: s.options.Symmetry}
	return r.run(turns)
}

// replayer makes a run again.
type replayer struct {
	*Stepper
	symmetric bool
}

// run takes, of the initial states, that of turn turns[0], of its successors
// that of turns[1] and so on.
func (r *replayer) run(turns []int) *Path {
	real := r.Initial()[turns[0]]
	path := &Path{States: [][]uint32{real}}
	for _, turn := range turns[1:] {
		at := turn
		states, labels := r.Next(real)
		if r.symmetric || turn&reducedTurn != 0 {
			kept := r.canon(r.successor(r.canon(real), turn))
			at = slices.IndexFunc(states, func(state []uint32) bool { return slices.Equal(r.canon(state), kept) })
		}
		if at < 0 {
			panic("explore: a step of a run cannot be made again")
		}
		real = states[at]
		path.States, path.Steps = append(path.States, real), append(path.Steps, labels[at])
	}
	return path
}

// canon returns what stands for a state in the search.
func (r *replayer) canon(state []uint32) []uint32 {
	if r.symmetric {
		return r.Canonical(state)
	}
	return state
}

// successor returns the one of a turn.
func (r *replayer) successor(state []uint32, turn int) []uint32 {
	if turn&reducedTurn == 0 {
		next, _ := r.Next(state)
		return next[turn]
	}
	next, _, _ := r.Pending(state, turn&^reducedTurn>>reducedActor)
	return next[turn&(1<<reducedActor-1)]
}
