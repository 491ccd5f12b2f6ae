package explore

import "slices"

// Stepper makes single steps of a model: for who wants to look at states
// without searching.
type Stepper struct {
	expander Expander
	batch    *Batch
}

// NewStepper returns a stepper of a model.
func NewStepper(model Model) *Stepper {
	s := &Stepper{expander: model.Expander(), batch: newBatch(model.Width(), &Options{}, nil)}
	s.batch.keepLabels, s.batch.attributing = true, true
	return s
}

// Initial returns the initial states.
func (s *Stepper) Initial() [][]uint32 {
	s.batch.reset()
	s.batch.from(0)
	s.expander.Initial(s.batch)
	return s.states()
}

// Next returns the successors of a state, with the labels of the steps.
func (s *Stepper) Next(state []uint32) ([][]uint32, []Label) {
	s.batch.reset()
	s.batch.from(0)
	s.expander.Expand(state, s.batch)
	return s.states(), slices.Clone(s.batch.labels)
}

// serving is Next with the classes of what is owed that each step serves.
func (s *Stepper) serving(state []uint32) ([][]uint32, []Label, []uint64) {
	states, labels := s.Next(state)
	return states, labels, slices.Clone(s.batch.served)
}

// Owners tells whose the steps are that Next has returned last.
func (s *Stepper) Owners() []Owner { return slices.Clone(s.batch.owners) }

// Pending returns the successors by what is pending at one actor, with the
// labels; ok is false if that may not be explored ahead of what others do, or
// the model is not divided.
func (s *Stepper) Pending(state []uint32, actor int) (states [][]uint32, labels []Label, ok bool) {
	divided, ok := s.expander.(Divided)
	if !ok {
		return nil, nil, false
	}
	s.batch.reset()
	s.batch.from(0)
	ok = divided.Pending(state, actor, s.batch)
	return s.states(), slices.Clone(s.batch.labels), ok
}

// Canonical returns the state that stands for a state, which is itself if the
// model is not symmetric.
func (s *Stepper) Canonical(state []uint32) []uint32 {
	state = slices.Clone(state)
	if symmetric, ok := s.expander.(Symmetric); ok {
		symmetric.Canonical(state)
	}
	return state
}

func (s *Stepper) states() [][]uint32 {
	states := make([][]uint32, s.batch.count)
	words, width := slices.Clone(s.batch.words), s.batch.width
	for i := range states {
		states[i] = words[i*width : (i+1)*width : (i+1)*width]
	}
	return states
}
